/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a thread has its copy of a module's thread-local variables.
 *
 * Of the executable the ABI says it (Drepper, "ELF Handling For Thread-Local
 * Storage", variant II): its block ends at the thread pointer. That is compiled
 * into its code and holds for any libc.
 *
 * Of a library only its libc knows. glibc describes itself for the debugger
 * library libthread_db (nptl_db/structs.def): a constant _thread_db_X of three
 * 32-bit words (bits of an element, number of elements, offset in bytes) tells
 * where member X is. They are found by name among the libc's dynamic symbols
 * (of libpthread's before 2.34), so nothing is known by version here.
 */
#include <string.h>
#include "linux-program.h"

#define LIBS_MAX  4096
#define SLOTS_MAX 65536         /* modules with thread-local storage */
#define LISTS_MAX 1024
#define CHAIN_MAX 65536         /* symbols with one hash */

enum { DT_STRTAB = 5, DT_SYMTAB = 6, DT_GNU_HASH = 0x6ffffef5 };
#define DYNAMIC_MAX 512

/* ---- a dynamic symbol of a library, as its own hash table finds it ---- */

typedef struct Symbols {
    LinuxProgram *p;
    uint64_t base, strings, symbols, hash;
} Symbols;

static bool u32_at(LinuxProgram *p, uint64_t va, uint32_t *value)
{
    uint8_t b[4];

    if (!linux_user_read(&p->u, va, b, 4, NULL)) {
        return false;
    }
    *value = osi_le32(b);
    return true;
}

static bool open_symbols(Symbols *s, LinuxProgram *p, const OsiLibrary *lib)
{
    *s = (Symbols) { .p = p, .base = lib->base };
    for (unsigned i = 0; i < DYNAMIC_MAX; i++) {
        uint64_t tag, value, at = lib->dynamic + i * 2 * p->word;

        if (!linux_program_word(p, at, &tag, NULL) ||
            !linux_program_word(p, at + p->word, &value, NULL) || !tag) {
            break;
        }
        /* glibc has relocated the addresses in place, others have not. */
        if (value < lib->base) {
            value += lib->base;
        }
        if (tag == DT_STRTAB) {
            s->strings = value;
        } else if (tag == DT_SYMTAB) {
            s->symbols = value;
        } else if (tag == DT_GNU_HASH) {
            s->hash = value;
        }
    }
    return s->strings && s->symbols && s->hash;
}

static bool named(Symbols *s, uint32_t at, const char *name)
{
    char buf[64];
    size_t len = strlen(name) + 1;

    return len <= sizeof(buf) &&
           linux_user_read(&s->p->u, s->strings + at, buf, len, NULL) &&
           !memcmp(buf, name, len);
}

/* Address of symbol @i if it is called @name. */
static bool symbol_is(Symbols *s, uint64_t i, const char *name, uint64_t *va)
{
    bool wide = s->p->word == 8;
    uint8_t b[24];

    if (!linux_user_read(&s->p->u, s->symbols + i * (wide ? 24 : 16), b,
                         wide ? 24 : 16, NULL) ||
        !named(s, osi_le32(b), name)) {
        return false;
    }
    *va = s->base + osi_le(b + (wide ? 8 : 4), s->p->word);
    return true;
}

/* DT_GNU_HASH: buckets, first symbol, words and shift of a Bloom filter. */
static bool find_symbol(Symbols *s, const char *name, uint64_t *va)
{
    uint32_t h = 5381, n, first, words, i, e;
    uint64_t buckets;

    for (const char *c = name; *c; c++) {
        h = h * 33 + (uint8_t)*c;
    }
    if (!u32_at(s->p, s->hash, &n) || !n ||
        !u32_at(s->p, s->hash + 4, &first) ||
        !u32_at(s->p, s->hash + 8, &words)) {
        return false;
    }
    buckets = s->hash + 16 + (uint64_t)words * s->p->word;
    if (!u32_at(s->p, buckets + 4 * (h % n), &i) || i < first) {
        return false;
    }
    for (unsigned k = 0; k < CHAIN_MAX; k++, i++) {
        if (!u32_at(s->p, buckets + 4 * ((uint64_t)n + i - first), &e)) {
            return false;
        }
        if ((e | 1) == (h | 1) && symbol_is(s, i, name, va)) {
            return true;
        }
        if (e & 1) {
            break;
        }
    }
    return false;
}

/* ---- what libc says of itself ---- */

typedef struct Member {
    uint32_t bits, elements, offset;
} Member;

typedef struct Libc {
    Symbols symbols;
    Member modid, tls_offset, dtvp, dtv, pointer, counter;
} Libc;

static bool member(Symbols *s, const char *name, Member *m)
{
    g_autofree char *full = g_strconcat("_thread_db_", name, NULL);
    uint64_t va;
    uint8_t b[12];

    if (!find_symbol(s, full, &va) ||
        !linux_user_read(&s->p->u, va, b, sizeof(b), NULL)) {
        return false;
    }
    *m = (Member) { osi_le32(b), osi_le32(b + 4), osi_le32(b + 8) };
    return m->bits && m->bits <= 4096 * 8 && m->offset < 65536;
}

static bool read_libc(Libc *c, LinuxProgram *p, const OsiLibrary *lib)
{
    Symbols *s = &c->symbols;

    if (!open_symbols(s, p, lib) ||
        !member(s, "link_map_l_tls_modid", &c->modid) ||
        !member(s, "pthread_dtvp", &c->dtvp) ||
        !member(s, "dtv_dtv", &c->dtv) ||
        !member(s, "dtv_t_pointer_val", &c->pointer) ||
        !member(s, "dtv_t_counter", &c->counter)) {
        return false;
    }
    if (!member(s, "link_map_l_tls_offset", &c->tls_offset)) {
        c->tls_offset.bits = 0;     /* not told before glibc 2.21 */
    }
    return true;
}

/* Names of libraries are the guest's: what counts is what is in them. */
static bool find_libc(Libc *c, LinuxProgram *p, const OsiLibrary *libs,
                      size_t n)
{
    static const char *const likely[] = { "libc.so", "libpthread" };

    for (size_t l = 0; l < G_N_ELEMENTS(likely); l++) {
        for (size_t i = 0; i < n; i++) {
            if (strstr(libs[i].name, likely[l]) && read_libc(c, p, &libs[i])) {
                return true;
            }
        }
    }
    return false;
}

/* ---- the dynamic thread vector ---- */

typedef struct Block {
    LinuxProgram *p;
    Libc *c;
    const OsiLibrary *libs;
    size_t n;
    uint64_t tp, map, modid, dtv;
} Block;

static bool read_member(Block *b, const Member *m, uint64_t object,
                        uint64_t *value)
{
    uint8_t raw[8];
    unsigned bytes = m->bits / 8;

    if (bytes != 4 && bytes != 8) {
        return false;
    }
    if (!linux_user_read(&b->p->u, object + m->offset, raw, bytes, NULL)) {
        return false;
    }
    *value = osi_le(raw, bytes);
    return true;
}

/* Struct rtld_global of ld.so, which libc says the members of. */
static bool find_rtld(Block *b, uint64_t *va)
{
    for (size_t i = 0; i < b->n; i++) {
        Symbols s;

        if (strstr(b->libs[i].name, "ld") &&
            open_symbols(&s, b->p, &b->libs[i]) &&
            find_symbol(&s, "_rtld_global", va)) {
            return true;
        }
    }
    return false;
}

/*
 * Generation in which the module got its number; 0 where it cannot be told. A
 * thread's vector that is older may have another module's block there: one that
 * was closed.
 */
static uint64_t generation(Block *b)
{
    Symbols *s = &b->c->symbols;
    Member head, next, slots, gen, len;
    uint64_t list, at = b->modid, n;

    if (!member(s, "rtld_global__dl_tls_dtv_slotinfo_list", &head) ||
        !member(s, "dtv_slotinfo_list_next", &next) ||
        !member(s, "dtv_slotinfo_list_slotinfo", &slots) ||
        !member(s, "dtv_slotinfo_list_len", &len) ||
        !member(s, "dtv_slotinfo_gen", &gen) ||
        !find_rtld(b, &list) ||
        !read_member(b, &head, list, &list)) {
        return 0;
    }
    for (int i = 0; list && i < LISTS_MAX; i++) {
        uint64_t value;

        if (!read_member(b, &len, list, &n)) {
            return 0;
        }
        if (at < n) {
            return read_member(b, &gen, list + slots.offset +
                               at * (slots.bits / 8), &value) ? value : 0;
        }
        at -= n;
        if (!read_member(b, &next, list, &list)) {
            return 0;
        }
    }
    return 0;
}

static uint64_t entry(Block *b, uint64_t i)
{
    return b->dtv + b->c->dtv.offset + i * (b->c->dtv.bits / 8);
}

/* The block that the vector has for the module; false: none yet. */
static bool from_vector(Block *b, uint64_t *block)
{
    uint64_t slots, current;

    return read_member(b, &b->c->counter, entry(b, -1), &slots) &&
           b->modid <= slots &&
           read_member(b, &b->c->counter, entry(b, 0), &current) &&
           current >= generation(b) &&
           read_member(b, &b->c->pointer, entry(b, b->modid), block) &&
           *block && *block != (b->p->word == 8 ? UINT64_MAX : UINT32_MAX);
}

/* Loaded at start, or small: every thread has its block at the same place. */
static bool from_offset(Block *b, uint64_t *block)
{
    uint64_t offset;

    if (!b->c->tls_offset.bits ||
        !read_member(b, &b->c->tls_offset, b->map, &offset) || !offset ||
        offset >= UINT32_MAX - 1 || offset > b->tp) {
        return false;
    }
    *block = b->tp - offset;
    return true;
}

static bool library_block(Block *b, const OsiLibrary *lib, uint64_t *block,
                          OsiError *err)
{
    const OsiTask *t = b->p->u.t;

    if (!read_member(b, &b->c->modid, b->map, &b->modid)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, b->map, "the link map of %s"
                        " cannot be read", lib->name);
    }
    if (!b->modid || b->modid > SLOTS_MAX) {
        return osi_fail(err, OSI_ERR_NO_SUCH, b->map, "%s has no thread-local"
                        " storage", lib->name);
    }
    if ((read_member(b, &b->c->dtvp, b->tp, &b->dtv) &&
         from_vector(b, block)) || from_offset(b, block)) {
        return true;
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, b->tp, "thread %d (%s) has not used"
                    " the thread-local storage of %s yet", t->pid, t->comm,
                    lib->name);
}

static bool executable_block(LinuxProgram *p, uint64_t tp, uint64_t *block,
                             OsiError *err)
{
    uint64_t align = MAX(p->tls_align, 1);

    if (!p->tls || align > (1u << 30) || p->tls_size > (1u << 30)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, p->phdr, "the executable of %d"
                        " (%s) has no thread-local storage", p->u.t->pid,
                        p->u.t->comm);
    }
    *block = tp - (p->tls_size + align - 1) / align * align;
    return true;
}

static bool in_library(LinuxProgram *p, const OsiLibrary *libs, size_t n,
                       uint64_t tp, uint64_t map, uint64_t *block,
                       OsiError *err)
{
    Libc c = { 0 };
    Block b = { .p = p, .c = &c, .libs = libs, .n = n, .tp = tp, .map = map };

    for (size_t i = 0; i < n; i++) {
        if (libs[i].link_map != map) {
            continue;
        }
        if (!find_libc(&c, p, libs, n)) {
            return osi_fail(err, OSI_ERR_UNSUPPORTED, map, "no library of %d"
                            " (%s) says where threads keep the storage of %s"
                            " (glibc does)", p->u.t->pid, p->u.t->comm,
                            libs[i].name);
        }
        return library_block(&b, &libs[i], block, err);
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, map, "0x%" PRIx64 " is no library of"
                    " %d (%s)", map, p->u.t->pid, p->u.t->comm);
}

static bool find_block(LinuxProgram *p, uint64_t tp, uint64_t map,
                       uint64_t *block, OsiError *err)
{
    g_autoptr(GArray) libs = g_array_new(false, false, sizeof(OsiLibrary));
    bool ok;

    if (!map) {
        return executable_block(p, tp, block, err);
    }
    ok = linux_libraries(p->u.lx, p->u.t, libs, err);
    if (ok && g_array_index(libs, OsiLibrary, 0).link_map == map) {
        ok = executable_block(p, tp, block, err);
    } else if (ok) {
        ok = in_library(p, (OsiLibrary *)libs->data, libs->len, tp, map, block,
                        err);
    }
    for (guint i = 0; i < libs->len; i++) {
        g_free(g_array_index(libs, OsiLibrary, i).name);
    }
    return ok;
}

bool linux_tls_block(void *os, const OsiTask *t, uint64_t tp, uint64_t link_map,
                     uint64_t *block, OsiError *err)
{
    LinuxProgram p;
    uint64_t found = 0;
    bool ok = linux_program_read(&p, os, t, err) &&
              find_block(&p, tp, link_map, &found, err);

    linux_user_clear(&p.u);
    if (ok) {
        *block = p.word == 4 ? (uint32_t)found : found;
    }
    return ok;
}
