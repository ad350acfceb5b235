/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gdb is told of the kernel and its modules, as ELF files; see
 * kernel-elf.h for the format. Pure: introspection in, bytes out.
 */
#include <string.h>
#include "kernel-file.h"

static bool add_symbol(void *opaque, const char *name, char type,
                       uint64_t value)
{
    gdbx_elf_symbol(opaque, name, type, value);
    return true;
}

/* Entries of the linker script (vmlinux.lds) that sections are known by. */
static const struct {
    const char *name, *from, *to;
    bool code;
} parts[] = {
    { ".text", "_text", "_etext", true },
    { ".rodata", "__start_rodata", "__end_rodata", false },
    { ".data", "_sdata", "_edata", false },
    { ".init.text", "_sinittext", "_einittext", true },
    { ".bss", "__bss_start", "__bss_stop", false },
    { ".brk", "__brk_base", "__brk_limit", false },
};

typedef struct Marks {
    uint64_t from[G_N_ELEMENTS(parts)], to[G_N_ELEMENTS(parts)];
    uint64_t text, end, top;
} Marks;

static bool mark(void *opaque, const char *name, char type, uint64_t value)
{
    Marks *m = opaque;

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (!strcmp(name, parts[i].from)) {
            m->from[i] = value;
        }
        if (!strcmp(name, parts[i].to)) {
            m->to[i] = value;
        }
    }
    if (!strcmp(name, "_text")) {
        m->text = value;
    } else if (!strcmp(name, "_end")) {
        m->end = value;
    }
    m->top = MAX(m->top, value);
    return true;
}

/* ---- sections of the kernel proper ---- */

/* What no section's name is known of lies in sections called .kernel.N. */
static void gap(GdbxElf *e, uint64_t from, uint64_t to, unsigned *n)
{
    if (from < to) {
        g_autofree char *name = g_strdup_printf(".kernel.%u", ++*n);

        /* Code of a few special purposes (.exit.text) is in such a one. */
        gdbx_elf_section(e, name, from, to - from, true);
    }
}

static bool usable(const Marks *m, size_t i, uint64_t after)
{
    return m->from[i] >= after && m->to[i] > m->from[i] &&
           m->to[i] <= m->end;
}

static void add_sections(GdbxElf *e, Marks *m)
{
    uint64_t at = m->text;
    unsigned gaps = 0;

    if (m->end <= m->text) {
        m->end = m->top + 4096;
    }
    for (;;) {
        int next = -1;

        for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
            if (usable(m, i, at) &&
                (next < 0 || m->from[i] < m->from[next])) {
                next = i;
            }
        }
        if (next < 0) {
            break;
        }
        gap(e, at, m->from[next], &gaps);
        gdbx_elf_section(e, parts[next].name, m->from[next],
                         m->to[next] - m->from[next], parts[next].code);
        at = m->to[next];
    }
    gap(e, at, m->end, &gaps);
}

/* ---- frames ---- */

/*
 * Where the kernel is entered by a call, so to say: the user's program counter
 * is behind the instruction. One more than that is harmless: see kernel-cfi.c.
 */
static const char *const called[] = {
    "entry_SYSCALL", "entry_SYSENTER", "entry_INT80", "asm_int80_emulation",
    "ret_from_fork",
};

typedef struct Range {
    uint64_t from, to;
} Range;

typedef struct Frames {
    GdbxCfi *cfi;
    const GArray *calls;        /* Range */
    uint64_t last;
} Frames;

static bool find_calls(void *opaque, const char *name, char type,
                       uint64_t value)
{
    GArray *calls = opaque;

    for (size_t i = 0; i < G_N_ELEMENTS(called); i++) {
        if (strchr("tT", type) && g_str_has_prefix(name, called[i])) {
            Range r = { value, UINT64_MAX };

            g_array_append_val(calls, r);
            break;
        }
    }
    return true;
}

/* Up to the next symbol. */
static bool bound_calls(void *opaque, const char *name, char type,
                        uint64_t value)
{
    GArray *calls = opaque;

    for (guint i = 0; i < calls->len; i++) {
        Range *r = &g_array_index(calls, Range, i);

        if (value > r->from && value < r->to) {
            r->to = value;
        }
    }
    return true;
}

static bool add_row(void *opaque, const OsiUnwindRow *row)
{
    Frames *f = opaque;
    bool call = false;

    for (guint i = 0; i < f->calls->len; i++) {
        const Range *r = &g_array_index(f->calls, Range, i);

        call |= row->address >= r->from && row->address < r->to;
    }
    gdbx_cfi_row(f->cfi, row, call);
    f->last = row->address;
    return true;
}

/*
 * In user mode the machine's stack ends: what is there is not the kernel's, and
 * gdb's guesses would be shown as frames.
 */
#define USER_FROM   0x1000ull
#define USER_TO     0x00fffffffffff000ull

/* NULL: the kernel has no such tables. */
static GByteArray *kernel_frames(OsiGuest *g, uint64_t end)
{
    g_autoptr(GArray) calls = g_array_new(false, false, sizeof(Range));
    Frames f = { gdbx_cfi_new(8, 0), calls, 0 };

    osi_each_symbol(g, find_calls, calls, NULL);
    osi_each_symbol(g, bound_calls, calls, NULL);
    if (!osi_each_unwind(g, NULL, add_row, &f, NULL)) {
        g_byte_array_unref(gdbx_cfi_finish(f.cfi, 0));
        return NULL;
    }
    gdbx_cfi_end_in(f.cfi, MAX(end, f.last + 1), MAX(end, f.last + 1));
    gdbx_cfi_end_in(f.cfi, USER_FROM, USER_TO);
    return gdbx_cfi_finish(f.cfi, 0);
}

GBytes *gdbx_kernel_file(OsiGuest *g, OsiError *err)
{
    unsigned word = osi_word(g);
    g_autoptr(GByteArray) frames = NULL;
    GdbxElf *e;
    Marks m = { 0 };
    GBytes *file;

    if (!osi_each_symbol(g, mark, &m, err)) {
        return NULL;
    }
    if (!m.text) {
        osi_fail(err, OSI_ERR_NO_SUCH, 0, "no symbol _text");
        return NULL;
    }
    e = gdbx_elf_new(word, false);
    add_sections(e, &m);
    osi_each_symbol(g, add_symbol, e, NULL);
    frames = word == 8 ? kernel_frames(g, m.to[0]) : NULL;
    file = gdbx_elf_finish(e, frames, osi_build_id(g));
    gdbx_elf_free(e);
    return file;
}

/* ---- modules ---- */

bool gdbx_section_there(const OsiSection *s)
{
    return s->size > 0;
}

static uint64_t text_of(const OsiSection *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (gdbx_section_there(&s[i]) && !strcmp(s[i].name, ".text")) {
            return s[i].address;
        }
    }
    return 0;
}

typedef struct ModuleFrames {
    GdbxCfi *cfi;
    const OsiSection *sections;
    size_t n;
    uint64_t end;               /* of the section that the last row is in */
} ModuleFrames;

/* The rows of code that has been freed (.init.text) may be others' by now. */
static bool add_module_row(void *opaque, const OsiUnwindRow *row)
{
    ModuleFrames *f = opaque;

    if (f->end && row->address >= f->end) {
        gdbx_cfi_end_in(f->cfi, f->end, f->end);
        f->end = 0;
    }
    for (size_t i = 0; !f->end && i < f->n; i++) {
        const OsiSection *s = &f->sections[i];

        if (row->address - s->address < s->size) {
            f->end = s->address + s->size;
        }
    }
    if (f->end) {
        gdbx_cfi_row(f->cfi, row, false);
    }
    return true;
}

GBytes *gdbx_module_file(OsiGuest *g, const OsiModule *m, OsiError *err)
{
    unsigned word = osi_word(g);
    g_autoptr(GByteArray) frames = NULL;
    size_t n = 0;
    const OsiSection *s = osi_module_sections(g, m, &n, err);
    ModuleFrames f = { NULL, s, n, 0 };
    GdbxElf *e;
    GBytes *file;

    if (!s) {
        return NULL;
    }
    e = gdbx_elf_new(word, true);
    for (size_t i = 0; i < n; i++) {
        if (gdbx_section_there(&s[i])) {
            gdbx_elf_section(e, s[i].name, s[i].address, s[i].size,
                             strstr(s[i].name, "text") != NULL);
        }
    }
    osi_module_symbols(g, m, add_symbol, e, NULL);
    f.cfi = gdbx_cfi_new(word, text_of(s, n));
    if (word == 8 && osi_each_unwind(g, m, add_module_row, &f, NULL)) {
        frames = gdbx_cfi_finish(f.cfi, f.end);
    } else {
        g_byte_array_unref(gdbx_cfi_finish(f.cfi, 0));
    }
    file = gdbx_elf_finish(e, frames, NULL);
    gdbx_elf_free(e);
    return file;
}
