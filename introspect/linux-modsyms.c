/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols of a module: the part of its ELF symbol table that the kernel keeps
 * (struct mod_kallsyms). Layout of the entries: the ELF specification.
 */
#include "linux-threads.h"

#define SYMBOLS_MAX     (1u << 20)
#define STRINGS_MAX     (32u << 20)
#define EXPORTS_MAX     65536

/* Offsets in Elf64_Sym and Elf32_Sym. */
typedef struct ElfSym {
    uint8_t size, value, shndx;
} ElfSym;

static ElfSym elf_sym(const Linux *lx)
{
    return lx->word == 8 ? (ElfSym) { 24, 8, 6 } : (ElfSym) { 16, 4, 14 };
}

void linux_modsyms_free(LinuxModSyms *s)
{
    if (s) {
        g_free(s->strings);
        g_free(s->sym);
        g_free(s->order);
        g_free(s);
    }
}

/* From @va to the end of the part that it is in. */
static uint64_t rest_of_part(const LinuxModule *m, uint64_t va)
{
    for (int i = 0; i < m->n_parts; i++) {
        if (va - m->part[i].base < m->part[i].size) {
            return m->part[i].base + m->part[i].size - va;
        }
    }
    return 0;
}

typedef struct Tables {
    uint64_t symtab, strtab, typetab, n;
} Tables;

static bool find_tables(Linux *lx, const LinuxModule *m, Tables *t,
                        OsiError *err)
{
    const LinuxFields *f = &lx->f;
    uint64_t ks;

    if (!f->mod_kallsyms.size || !f->ks_symtab.size || !f->ks_num.size ||
        !f->ks_strtab.size) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "no struct mod_kallsyms: the"
                        " kernel keeps no symbols of modules");
    }
    if (!linux_ptr(lx, m->m.object, &f->mod_kallsyms, &ks, err)) {
        return false;
    }
    t->typetab = 0;
    if (!linux_member(lx, ks, &f->ks_symtab, &t->symtab, "symbol table",
                      err) ||
        !linux_field(lx, ks, &f->ks_num, &t->n, err) ||
        !linux_ptr(lx, ks, &f->ks_strtab, &t->strtab, err)) {
        return false;
    }
    if (f->ks_typetab.size) {
        linux_ptr(lx, ks, &f->ks_typetab, &t->typetab, NULL);
    }
    if (!t->n || t->n > SYMBOLS_MAX) {
        return osi_fail(err, OSI_ERR_BAD_DATA, ks, "%s has %" PRIu64
                        " symbols", m->m.name, t->n);
    }
    return true;
}

/* Names are NUL-terminated inside what was copied: its last byte is 0. */
static bool read_strings(Linux *lx, const LinuxModule *m, const Tables *t,
                         LinuxModSyms *s, uint64_t *len, OsiError *err)
{
    *len = MIN(rest_of_part(m, t->strtab), STRINGS_MAX);
    if (!*len) {
        return osi_fail(err, OSI_ERR_BAD_DATA, t->strtab, "the strings of %s"
                        " lie outside it", m->m.name);
    }
    s->strings = g_malloc(*len + 1);
    s->strings[*len] = 0;
    return osi_reader_read(&lx->kernel, t->strtab, s->strings, *len, err);
}

static bool read_symbols(Linux *lx, const LinuxModule *m, const Tables *t,
                         LinuxModSyms *s, OsiError *err)
{
    ElfSym e = elf_sym(lx);
    g_autofree uint8_t *tab = NULL, *types = NULL;
    uint64_t len;

    if (!linux_keep(lx, t->n * (sizeof(LinuxModSym) + 4) +
                    MIN(rest_of_part(m, t->strtab), STRINGS_MAX), err)) {
        return false;
    }
    tab = g_malloc(t->n * e.size);
    types = g_malloc0(t->n);
    if (!read_strings(lx, m, t, s, &len, err) ||
        !osi_reader_read(&lx->kernel, t->symtab, tab, t->n * e.size, err)) {
        return false;
    }
    if (!t->typetab || !osi_reader_read(&lx->kernel, t->typetab, types, t->n,
                                        NULL)) {
        memset(types, '?', t->n);
    }
    s->n = t->n;
    s->sym = g_new0(LinuxModSym, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        const uint8_t *at = tab + (size_t)i * e.size;
        uint32_t name = osi_le32(at);

        s->sym[i] = (LinuxModSym) {
            .value = linux_word(lx, at + e.value),
            .name = name < len ? s->strings + name : "",
            .type = g_ascii_isgraph(types[i]) ? types[i] : '?',
            .defined = osi_le16(at + e.shndx) != 0,
        };
    }
    return true;
}

/* ---- exported ones have a capital letter ---- */

/* Name of the @at-th struct kernel_symbol: relative to itself, or a pointer. */
static bool export_name(Linux *lx, uint64_t ksym, char *name, size_t max)
{
    const LinuxFields *f = &lx->f;
    uint64_t v;

    if (f->ksym_name_offset.size) {
        uint64_t at = ksym + f->ksym_name_offset.offset;

        if (!osi_reader_uint(&lx->kernel, at, 4, &v, NULL)) {
            return false;
        }
        v = at + (int32_t)v;
    } else if (!f->ksym_name.size ||
               !linux_ptr(lx, ksym, &f->ksym_name, &v, NULL)) {
        return false;
    }
    return osi_reader_string(&lx->kernel, v, name, max, NULL);
}

static GHashTable *read_exports(Linux *lx, const LinuxModule *m)
{
    GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            NULL);
    const LinuxFields *f = &lx->f;
    uint64_t at, n;
    char name[512];

    if (!f->mod_syms.size || !f->mod_num_syms.size || !f->ksym_bytes ||
        !linux_ptr(lx, m->m.object, &f->mod_syms, &at, NULL) ||
        !linux_field(lx, m->m.object, &f->mod_num_syms, &n, NULL)) {
        return set;
    }
    for (uint64_t i = 0; i < MIN(n, EXPORTS_MAX); i++) {
        if (!export_name(lx, at + i * f->ksym_bytes, name, sizeof(name))) {
            break;
        }
        g_hash_table_add(set, g_strdup(name));
    }
    return set;
}

static void set_case(Linux *lx, const LinuxModule *m, LinuxModSyms *s)
{
    g_autoptr(GHashTable) exports = read_exports(lx, m);

    for (uint32_t i = 0; i < s->n; i++) {
        LinuxModSym *sym = &s->sym[i];

        sym->type = g_hash_table_contains(exports, sym->name)
                    ? g_ascii_toupper(sym->type) : g_ascii_tolower(sym->type);
    }
}

/* ---- by address ---- */

/* Local labels of the assembler say nothing. */
static bool names_something(const LinuxModSym *s)
{
    return s->defined && *s->name && *s->name != '$' &&
           strncmp(s->name, ".L", 2) && strncmp(s->name, "L0", 2);
}

static int compare(const void *a, const void *b, void *opaque)
{
    const LinuxModSym *sym = opaque;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

    if (sym[i].value != sym[j].value) {
        return sym[i].value < sym[j].value ? -1 : 1;
    }
    return i < j ? -1 : i > j;
}

static void build_order(LinuxModSyms *s)
{
    s->order = g_new(uint32_t, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        if (names_something(&s->sym[i])) {
            s->order[s->n_order++] = i;
        }
    }
    g_qsort_with_data(s->order, s->n_order, sizeof(uint32_t), compare, s->sym);
}

const LinuxModSyms *linux_modsyms(Linux *lx, LinuxModule *m, OsiError *err)
{
    LinuxModSyms *s;
    Tables t;

    if (m->syms) {
        return m->syms;
    }
    if (!m->no_syms.kind) {
        s = g_new0(LinuxModSyms, 1);
        if (find_tables(lx, m, &t, &m->no_syms) &&
            read_symbols(lx, m, &t, s, &m->no_syms)) {
            set_case(lx, m, s);
            build_order(s);
            return m->syms = s;
        }
        linux_modsyms_free(s);
    }
    osi_fail(err, m->no_syms.kind, m->no_syms.address, "%s",
             m->no_syms.message);
    return NULL;
}

static const LinuxModSym *nearest(const LinuxModSyms *s, uint64_t addr)
{
    uint32_t lo = 0, hi = s->n_order;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (s->sym[s->order[mid]].value <= addr) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    if (!lo) {
        return NULL;
    }
    lo--;
    while (lo && s->sym[s->order[lo - 1]].value ==
           s->sym[s->order[lo]].value) {
        lo--;
    }
    return &s->sym[s->order[lo]];
}

const char *linux_module_symbol(Linux *lx, uint64_t addr, uint64_t *offset,
                                const char **module)
{
    LinuxModule *m = linux_module_at(lx, addr);
    const LinuxModSyms *s = m ? linux_modsyms(lx, m, NULL) : NULL;
    const LinuxModSym *sym = s ? nearest(s, addr) : NULL;
    uint64_t from = m ? m->m.base : 0;

    if (!m) {
        return NULL;
    }
    *module = m->m.name;
    /* A symbol of another part is not what lies here. */
    if (sym && rest_of_part(m, sym->value) < addr - sym->value) {
        sym = NULL;
    }
    if (sym) {
        from = sym->value;
    }
    if (offset) {
        *offset = addr - from;
    }
    return sym ? sym->name : NULL;
}
