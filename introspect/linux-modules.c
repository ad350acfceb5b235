/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules of Linux: the list, where each lies, its sections. */
#include "linux-threads.h"

#define SECTIONS_MAX    1024

static void free_module(gpointer p)
{
    LinuxModule *m = p;

    linux_modsyms_free(m->syms);
    g_free(m->orc_bytes);
    g_free(m);
}

static void add_part(LinuxModule *m, uint64_t base, uint64_t size)
{
    /* Empty ones are not there; a part that wraps around is none. */
    if (base && size && base + size > base && m->n_parts < LINUX_PARTS_MAX) {
        m->part[m->n_parts++] = (LinuxPart) { base, size };
        m->m.size += size;
    }
}

/* An array of memory types since 6.4. */
static bool read_parts(Linux *lx, LinuxModule *m, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    uint64_t base, size;

    for (uint32_t at = 0; f->mod_mem.size && at + f->mem_stride <=
         f->mod_mem.size; at += f->mem_stride) {
        uint64_t mem = m->m.object + f->mod_mem.offset + at;

        if (!linux_ptr(lx, mem, &f->mem_base, &base, err) ||
            !linux_field(lx, mem, &f->mem_size, &size, err)) {
            return false;
        }
        m->m.base = at ? m->m.base : base;
        add_part(m, base, size);
    }
    return true;
}

/* Two layouts before. */
static bool read_layouts(Linux *lx, LinuxModule *m, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    uint64_t base, size, init = 0, init_size = 0;

    if (!linux_ptr(lx, m->m.object, &f->mod_core_base, &base, err) ||
        !linux_field(lx, m->m.object, &f->mod_core_size, &size, err)) {
        return false;
    }
    if (f->mod_init_base.size && f->mod_init_size.size &&
        (!linux_ptr(lx, m->m.object, &f->mod_init_base, &init, err) ||
         !linux_field(lx, m->m.object, &f->mod_init_size, &init_size, err))) {
        return false;
    }
    m->m.base = base;
    add_part(m, base, size);
    add_part(m, init, init_size);
    return true;
}

/* enum module_state, include/linux/module.h */
static char state_letter(uint64_t state)
{
    return state < 4 ? "LCGU"[state] : '?';
}

static bool read_module(Linux *lx, LinuxModule *m, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    uint64_t v;

    if (!osi_reader_string(&lx->kernel, m->m.object + f->mod_name.offset,
                           m->m.name, MIN(sizeof(m->m.name),
                                          f->mod_name.size + 1u), err)) {
        return false;
    }
    for (char *c = m->m.name; *c; c++) {
        if (!g_ascii_isgraph(*c)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, m->m.object,
                            "a module whose name is not text");
        }
    }
    m->m.state = '?';
    if (f->mod_state.size && linux_field(lx, m->m.object, &f->mod_state, &v,
                                         NULL)) {
        m->m.state = state_letter((uint32_t)v);
    }
    /* The kernel holds one itself: MODULE_REF_BASE. */
    m->m.users = -1;
    if (f->mod_refcnt.size && linux_field(lx, m->m.object, &f->mod_refcnt, &v,
                                          NULL)) {
        m->m.users = MAX((int32_t)v - 1, 0);
    }
    return f->mod_mem.size ? read_parts(lx, m, err) : read_layouts(lx, m, err);
}

static bool can_list(Linux *lx, uint64_t *head, OsiError *err)
{
    const LinuxFields *f = &lx->f;

    if (!linux_can(lx, LINUX_MODULES, err)) {
        return false;
    }
    if (!(f->mod_mem.size && f->mem_base.size && f->mem_size.size &&
          f->mem_stride) && !(f->mod_core_base.size && f->mod_core_size.size)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "struct module has neither"
                        " mem[] nor core_layout");
    }
    if (!linux_sym(lx, "modules", head)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, lx->no_syms.address,
                        "no symbol modules%s%.100s", lx->syms ? "" : ": ",
                        lx->syms ? "" : lx->no_syms.message);
    }
    return true;
}

/* What was found before a break stays; the reason is kept for features. */
static bool walk(Linux *lx, GPtrArray *list, uint64_t head, OsiError *err)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash,
                                                       g_int64_equal, g_free,
                                                       NULL);
    uint64_t node, from = head;

    for (;;) {
        LinuxModule *m;

        if (!osi_reader_uint(&lx->kernel, from, lx->word, &node, err)) {
            return false;
        }
        if (node == head) {
            return true;
        }
        if (!linux_is_object(lx, node)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, from, "0x%" PRIx64 " is no"
                            " module in the list", node);
        }
        if (list->len >= LINUX_MODULES_MAX ||
            !g_hash_table_add(seen, g_memdup2(&node, sizeof(node)))) {
            return osi_fail(err, OSI_ERR_BAD_DATA, node, "the list of modules"
                            " does not end");
        }
        m = g_new0(LinuxModule, 1);
        m->m.object = node - lx->f.mod_list.offset;
        g_ptr_array_add(list, m);
        if (!read_module(lx, m, err)) {
            g_ptr_array_set_size(list, list->len - 1);
            return false;
        }
        from = node;
    }
}

GPtrArray *linux_modules(Linux *lx, OsiError *err)
{
    uint64_t head;

    if (lx->modules) {
        return lx->modules;
    }
    if (!can_list(lx, &head, err)) {
        return NULL;
    }
    lx->modules = g_ptr_array_new_with_free_func(free_module);
    lx->modules_note.kind = OSI_OK;
    walk(lx, lx->modules, head, &lx->modules_note);
    if (lx->modules_note.kind && !lx->modules->len) {
        g_clear_pointer(&lx->modules, g_ptr_array_unref);
        return osi_fail(err, lx->modules_note.kind, lx->modules_note.address,
                        "%s", lx->modules_note.message), NULL;
    }
    return lx->modules;
}

LinuxModule *linux_module_at(Linux *lx, uint64_t va)
{
    GPtrArray *all = linux_modules(lx, NULL);

    for (guint i = 0; all && i < all->len; i++) {
        LinuxModule *m = all->pdata[i];

        for (int j = 0; j < m->n_parts; j++) {
            if (va - m->part[j].base < m->part[j].size) {
                return m;
            }
        }
    }
    return NULL;
}

bool linux_list_modules(void *os, GArray *out, OsiError *err)
{
    GPtrArray *all = linux_modules(os, err);

    for (guint i = 0; all && i < all->len; i++) {
        g_array_append_val(out, ((LinuxModule *)all->pdata[i])->m);
    }
    return all != NULL;
}

/* ---- sections ---- */

static LinuxModule *same_module(Linux *lx, const OsiModule *m, OsiError *err)
{
    GPtrArray *all = linux_modules(lx, err);

    for (guint i = 0; all && i < all->len; i++) {
        LinuxModule *have = all->pdata[i];

        if (have->m.object == m->object) {
            return have;
        }
    }
    if (all) {
        osi_fail(err, OSI_ERR_NO_SUCH, m->object, "no such module now");
    }
    return NULL;
}

/*
 * An attribute in /sys/module/NAME/sections. The address was a member beside
 * it, then (6.14) the attribute's own private pointer.
 */
static bool read_section(Linux *lx, uint64_t attr, OsiSection *s,
                         OsiError *err)
{
    const LinuxFields *f = &lx->f;
    uint64_t name;

    if (!linux_member(lx, attr, &f->bin_attr_name, &name, "section", err) ||
        !osi_reader_string(&lx->kernel, name, s->name, sizeof(s->name), err)) {
        return false;
    }
    if (f->sect_address.size) {
        attr -= f->sect_battr.offset;
        return linux_ptr(lx, attr, &f->sect_address, &s->address, err);
    }
    return linux_ptr(lx, attr, &f->bin_attr_private, &s->address, err);
}

static bool read_sections(Linux *lx, uint64_t attrs, GArray *out, OsiError *err)
{
    uint64_t array, attr;

    if (!linux_member(lx, attrs, &lx->f.sect_bin_attrs, &array,
                      "list of sections", err)) {
        return false;
    }
    for (int i = 0; i < SECTIONS_MAX; i++) {
        OsiSection s = { 0 };

        if (!osi_reader_uint(&lx->kernel, array + (uint64_t)i * lx->word,
                             lx->word, &attr, err)) {
            return false;
        }
        if (!attr) {
            return true;
        }
        if (!read_section(lx, attr, &s, err)) {
            return false;
        }
        g_array_append_val(out, s);
    }
    return osi_fail(err, OSI_ERR_LIMIT, array, "more than %d sections",
                    SECTIONS_MAX);
}

/* The kernel keeps no sizes: up to the next one, or to the end of the part. */
static void fill_sizes(const LinuxModule *m, GArray *sections)
{
    for (guint i = 0; i < sections->len; i++) {
        OsiSection *s = &g_array_index(sections, OsiSection, i);
        uint64_t end = 0;

        for (int j = 0; j < m->n_parts; j++) {
            if (s->address - m->part[j].base < m->part[j].size) {
                end = m->part[j].base + m->part[j].size;
            }
        }
        for (guint j = 0; end && j < sections->len; j++) {
            uint64_t at = g_array_index(sections, OsiSection, j).address;

            if (at > s->address && at < end) {
                end = at;
            }
        }
        s->size = end ? end - s->address : 0;
    }
}

bool linux_module_sections(void *os, const OsiModule *m, GArray *out,
                           OsiError *err)
{
    Linux *lx = os;
    const LinuxModule *mod = same_module(lx, m, err);
    const LinuxFields *f = &lx->f;
    uint64_t attrs;

    if (!mod) {
        return false;
    }
    if (!f->mod_sect_attrs.size || !f->sect_bin_attrs.size ||
        !f->bin_attr_name.size ||
        !(f->sect_address.size || f->bin_attr_private.size)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "the kernel keeps no list of"
                        " a module's sections (no /sys/module sections)");
    }
    if (!linux_ptr(lx, m->object, &f->mod_sect_attrs, &attrs, err)) {
        return false;
    }
    if (!attrs) {
        return osi_fail(err, OSI_ERR_NO_SUCH, m->object, "%s has no list of"
                        " sections now", m->name);
    }
    if (!read_sections(lx, attrs, out, err)) {
        return false;
    }
    fill_sizes(mod, out);
    return true;
}

bool linux_module_symbols(void *os, const OsiModule *m, OsiSymbolFn fn,
                          void *opaque, OsiError *err)
{
    LinuxModule *mod = same_module(os, m, err);
    const LinuxModSyms *s = mod ? linux_modsyms(os, mod, err) : NULL;

    for (uint32_t i = 0; s && i < s->n; i++) {
        if (*s->sym[i].name && !fn(opaque, s->sym[i].name, s->sym[i].type,
                                   s->sym[i].value)) {
            break;
        }
    }
    return s != NULL;
}
