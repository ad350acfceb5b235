/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that a process runs, as its own memory describes it: ELF program
 * headers, the dynamic linker's struct r_debug (<link.h> of any libc). Where
 * the headers are, the auxiliary vector says, or the executable's own header.
 */
#include "linux-program.h"

#define HEADERS_MAX 64
#define DYNAMIC_MAX 512

enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5 };
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_PHDR = 6, PT_TLS = 7 };
enum { DT_DEBUG = 21 };

bool linux_program_word(LinuxProgram *p, uint64_t va, uint64_t *value, OsiError *err)
{
    uint8_t b[8];

    if (!linux_user_read(&p->u, va, b, p->word, err)) {
        return false;
    }
    *value = osi_le(b, p->word);
    return true;
}

/* ---- where the program headers are ---- */

/* As pairs of words of @word bytes; the entry size tells whether they are. */
static bool from_auxv(LinuxProgram *p, const GByteArray *v, unsigned word)
{
    uint64_t phdr = 0, phent = 0, phnum = 0;

    for (guint at = 0; at + 2 * word <= v->len; at += 2 * word) {
        uint64_t value = osi_le(v->data + at + word, word);

        switch (osi_le(v->data + at, word)) {
        case AT_PHDR:
            phdr = value;
            break;
        case AT_PHENT:
            phent = value;
            break;
        case AT_PHNUM:
            phnum = value;
            break;
        }
    }
    if (!phdr || !phnum || phent != (word == 8 ? 56 : 32)) {
        return false;
    }
    p->word = word;
    p->phdr = phdr;
    p->phnum = phnum;
    return true;
}

/* The ELF header lies where the executable's first page is mapped. */
static bool from_header(LinuxProgram *p, OsiError *err)
{
    const GArray *list = linux_user_vmas(&p->u, err);
    uint64_t exe = linux_exe_file(p->u.lx, p->u.t, err);
    uint8_t h[64];

    for (guint i = 0; list && exe && i < list->len; i++) {
        const LinuxVma *v = &g_array_index(list, LinuxVma, i);

        if (v->file != exe || v->pgoff) {
            continue;
        }
        if (!linux_user_read(&p->u, v->start, h, sizeof(h), err)) {
            return false;
        }
        if (memcmp(h, "\177ELF", 4) || (h[4] != 1 && h[4] != 2)) {
            continue;
        }
        p->word = h[4] == 2 ? 8 : 4;
        p->phdr = v->start + osi_le(h + (h[4] == 2 ? 32 : 28), p->word);
        p->phnum = osi_le16(h + (h[4] == 2 ? 56 : 44));
        return true;
    }
    return list && exe &&
           osi_fail(err, OSI_ERR_NO_SUCH, exe, "%d (%s) has not mapped the"
                    " beginning of its executable", p->u.t->pid, p->u.t->comm);
}

static bool find_headers(LinuxProgram *p, OsiError *err)
{
    g_autoptr(GByteArray) v = linux_auxv(p->u.lx, p->u.t, NULL);

    return (v && ((p->u.lx->word == 8 && from_auxv(p, v, 8)) ||
                  from_auxv(p, v, 4))) || from_header(p, err);
}

/* ---- what they say ---- */

static void note_header(LinuxProgram *p, const uint8_t *h)
{
    bool wide = p->word == 8;
    uint64_t vaddr = osi_le(h + (wide ? 16 : 8), p->word);
    uint64_t memsz = osi_le(h + (wide ? 40 : 20), p->word);

    switch (osi_le32(h)) {
    case PT_PHDR:
        p->bias = p->phdr - vaddr;
        p->biased = true;
        break;
    case PT_LOAD:
        /* Without PT_PHDR (static-pie): headers are in the first segment. */
        if (!p->biased && !osi_le(h + (wide ? 8 : 4), p->word)) {
            p->bias = p->phdr - (wide ? 64 : 52) - vaddr;
        }
        break;
    case PT_DYNAMIC:
        p->dynamic = vaddr;
        p->dynamic_size = memsz;
        break;
    case PT_INTERP:
        p->interp = true;
        break;
    case PT_TLS:
        p->tls = true;
        p->tls_size = memsz;
        p->tls_align = osi_le(h + (wide ? 48 : 28), p->word);
        break;
    }
}

static bool read_headers(LinuxProgram *p, OsiError *err)
{
    size_t each = p->word == 8 ? 56 : 32;
    uint8_t raw[HEADERS_MAX * 56];

    if (!p->phnum || p->phnum > HEADERS_MAX) {
        return osi_fail(err, OSI_ERR_BAD_DATA, p->phdr,
                        "%" PRIu64 " program headers", p->phnum);
    }
    if (!linux_user_read(&p->u, p->phdr, raw, p->phnum * each, err)) {
        return false;
    }
    for (uint64_t i = 0; i < p->phnum; i++) {
        note_header(p, raw + i * each);
    }
    if (p->dynamic) {
        p->dynamic += p->bias;
    }
    if (p->word == 4) {
        p->dynamic = (uint32_t)p->dynamic;
    }
    return true;
}

bool linux_program_read(LinuxProgram *p, Linux *lx, const OsiTask *t,
                        OsiError *err)
{
    *p = (LinuxProgram) { 0 };
    linux_user_init(&p->u, lx, t);
    return find_headers(p, err) && read_headers(p, err);
}

bool linux_program_debug(LinuxProgram *p, uint64_t *debug, OsiError *err)
{
    uint64_t n = MIN(p->dynamic_size / (2 * p->word), DYNAMIC_MAX);

    if (!p->dynamic) {
        return osi_fail(err, OSI_ERR_NO_SUCH, p->phdr,
                        "%d (%s) is a static program", p->u.t->pid,
                        p->u.t->comm);
    }
    *debug = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t tag, at = p->dynamic + i * 2 * p->word;

        if (!linux_program_word(p, at, &tag, err)) {
            return false;
        }
        if (!tag) {
            break;
        }
        if (tag == DT_DEBUG && !linux_program_word(p, at + p->word, debug, err)) {
            return false;
        }
    }
    return *debug ||
           osi_fail(err, OSI_ERR_NO_SUCH, p->dynamic, p->interp
                    ? "the dynamic linker of %d (%s) has not run yet"
                    : "%d (%s) is a static program (position independent)",
                    p->u.t->pid, p->u.t->comm);
}
