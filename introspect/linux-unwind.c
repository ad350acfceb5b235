/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwind tables of the kernel and its modules, read once: 3 to 6 MiB of the
 * image, kept because a stop asks for many stacks and each frame for a search.
 */
#include "linux-threads.h"

#define ORCS_MIN        1000
#define ORCS_MAX        (4u << 20)
#define MODULE_ORCS_MAX (1u << 20)
#define HASH_BYTES      20

/* Two tables of @n in one piece of memory. */
static bool read_tables(Linux *lx, uint64_t ip, uint64_t entries, uint64_t n,
                        uint32_t size, uint8_t **bytes, OsiOrcTable *t,
                        OsiError *err)
{
    uint8_t *b = g_malloc(n * (4 + size));

    if (!osi_reader_read(&lx->kernel, ip, b, 4 * n, err) ||
        !osi_reader_read(&lx->kernel, entries, b + 4 * n, size * n, err)) {
        g_free(b);
        return false;
    }
    *bytes = b;
    *t = (OsiOrcTable) { b, b + 4 * n, n, ip };
    return true;
}

typedef struct Bounds {
    uint64_t ip, ip_end, entries, entries_end;
} Bounds;

static bool find_bounds(Linux *lx, Bounds *b, OsiError *err)
{
    if (!linux_sym(lx, "__start_orc_unwind_ip", &b->ip) ||
        !linux_sym(lx, "__stop_orc_unwind_ip", &b->ip_end) ||
        !linux_sym(lx, "__start_orc_unwind", &b->entries)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, lx->no_syms.address, "no symbol"
                        " __start_orc_unwind_ip: %.100s", lx->syms
                        ? "a kernel without ORC tables"
                        : lx->no_syms.message);
    }
    if (!linux_sym(lx, "__stop_orc_unwind", &b->entries_end)) {
        b->entries_end = 0;
    }
    if (b->ip_end <= b->ip || (b->ip_end - b->ip) % 4 ||
        (b->ip_end - b->ip) / 4 < ORCS_MIN ||
        (b->ip_end - b->ip) / 4 > ORCS_MAX) {
        return osi_fail(err, OSI_ERR_BAD_DATA, b->ip, "ORC addresses from 0x%"
                        PRIx64 " to 0x%" PRIx64, b->ip, b->ip_end);
    }
    return true;
}

/* With this layout: are there as many entries, and do they make sense? */
static bool try_layout(Linux *lx, LinuxUnwind *u, const Bounds *b,
                       const OsiOrcLayout *l)
{
    uint64_t n = (b->ip_end - b->ip) / 4;
    OsiOrcTable t;
    uint8_t *bytes;

    if (b->entries_end && b->entries_end - b->entries != n * l->size) {
        return osi_fail(&u->why, OSI_ERR_BAD_DATA, b->entries,
                        "%" PRIu64 " ORC entries of %u bytes in %" PRIu64, n,
                        l->size, b->entries_end - b->entries);
    }
    if (!read_tables(lx, b->ip, b->entries, n, l->size, &bytes, &t,
                     &u->why)) {
        return false;
    }
    if (!osi_orc_coding(&t, l, &u->coding, &u->why)) {
        g_free(bytes);
        return false;
    }
    u->why.kind = OSI_OK;
    u->bytes = bytes;
    u->orc = t;
    u->layout = *l;
    return true;
}

/* What else the kernel says of its tables: evidence only. */
static void ask_witnesses(Linux *lx, LinuxUnwind *u)
{
    uint8_t entry[64];
    uint64_t at;

    u->has_hash = linux_sym(lx, "__start_orc_header", &at) &&
                  osi_reader_read(&lx->kernel, at, u->hash, HASH_BYTES, NULL);
    u->agrees = -1;
    if (linux_sym(lx, "orc_fp_entry", &at) &&
        osi_reader_read(&lx->kernel, at, entry, u->layout.size, NULL)) {
        u->agrees = osi_orc_agrees(&u->layout, &u->coding, entry);
    }
}

/* Is frame-pointer data at hand instead? Tables are kept, a refusal too. */
const LinuxUnwind *linux_unwind(Linux *lx)
{
    LinuxUnwind *u = lx->unwind;
    OsiOrcLayout l;
    Bounds b;

    if (u && (u->bytes || lx->unwind_tried)) {
        return u;
    }
    if (!u) {
        u = lx->unwind = g_new0(LinuxUnwind, 1);
    }
    lx->unwind_tried = true;
    if (!find_bounds(lx, &b, &u->why)) {
        return u;
    }
    if (lx->btf && osi_orc_layout(lx->btf, &l, &u->why)) {
        u->from_types = try_layout(lx, u, &b, &l);
    }
    for (unsigned i = 0; !u->bytes && osi_orc_known_layout(i, &l); i++) {
        try_layout(lx, u, &b, &l);
    }
    if (u->bytes) {
        ask_witnesses(lx, u);
    }
    return u;
}

/* struct mod_arch_specific: the same pair of tables, sorted when loaded. */
static const OsiOrcTable *module_orc(Linux *lx, LinuxModule *m)
{
    const LinuxFields *f = &lx->f;
    uint64_t n, ip, entries;

    if (!m->orc_tried && f->mod_num_orcs.size && f->mod_orc_ip.size &&
        f->mod_orc.size) {
        m->orc_tried = true;
        if (linux_field(lx, m->m.object, &f->mod_num_orcs, &n, NULL) && n &&
            n <= MODULE_ORCS_MAX &&
            linux_keep(lx, n * (4 + lx->unwind->layout.size), NULL) &&
            linux_ptr(lx, m->m.object, &f->mod_orc_ip, &ip, NULL) &&
            linux_ptr(lx, m->m.object, &f->mod_orc, &entries, NULL)) {
            read_tables(lx, ip, entries, n, lx->unwind->layout.size,
                        &m->orc_bytes, &m->orc, NULL);
        }
    }
    return m->orc_bytes ? &m->orc : NULL;
}

const OsiOrcTable *linux_orc_of(Linux *lx, uint64_t pc)
{
    const LinuxUnwind *u = linux_unwind(lx);
    LinuxModule *m;

    if (!u->bytes) {
        return NULL;
    }
    if (linux_is_text(lx, pc)) {
        return &u->orc;
    }
    m = linux_module_at(lx, pc);
    return m ? module_orc(lx, m) : NULL;
}
