/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page-table walks from a root. Layouts: Intel SDM vol. 3A chapter 4, AMD APM
 * vol. 2 chapter 5. The vCPU's own registers play no part here: the debugger
 * asks about address spaces that are not loaded anywhere.
 */
#include "bytes.h"
#include "paging.h"

#define PTE_P       (1u << 0)
#define PTE_RW      (1u << 1)
#define PTE_US      (1u << 2)
#define PTE_PS      (1u << 7)
#define PTE_NX      (1ull << 63)
#define PTE_ADDR    0x000ffffffffff000ull

/* Level 0 is the top table, levels - 1 holds the 4 KiB entries. */
typedef struct Shape {
    uint8_t levels, entry_bytes, va_bits;
    uint8_t first_large;        /* first level whose PS bit means "leaf" */
    uint8_t shift[5];
    uint8_t index_bits[5];
    uint64_t root_mask;
} Shape;

static const Shape shapes[] = {
    [OSI_PAGING_32BIT] = { 2, 4, 32, 0, { 22, 12 }, { 10, 10 },
                           0xfffff000ull },
    [OSI_PAGING_PAE] = { 3, 8, 32, 1, { 30, 21, 12 }, { 2, 9, 9 },
                         0xffffffe0ull },
    [OSI_PAGING_4LEVEL] = { 4, 8, 48, 1, { 39, 30, 21, 12 }, { 9, 9, 9, 9 },
                            PTE_ADDR },
    [OSI_PAGING_5LEVEL] = { 5, 8, 57, 2, { 48, 39, 30, 21, 12 },
                            { 9, 9, 9, 9, 9 }, PTE_ADDR },
};

static const Shape *shape_of(OsiPaging paging)
{
    return paging > OSI_PAGING_NONE && paging < G_N_ELEMENTS(shapes)
        ? &shapes[paging] : NULL;
}

static uint64_t sign_extend(const Shape *s, uint64_t va)
{
    if (s->va_bits == 32) {
        return va;
    }
    return (uint64_t)((int64_t)(va << (64 - s->va_bits)) >> (64 - s->va_bits));
}

static bool is_leaf(const Shape *s, int level, uint64_t e)
{
    return level == s->levels - 1 || (level >= s->first_large && (e & PTE_PS));
}

static uint64_t leaf_base(const Shape *s, int level, uint64_t e)
{
    uint64_t size = 1ull << s->shift[level];

    if (s->entry_bytes == 8) {
        return e & PTE_ADDR & ~(size - 1);
    }
    if (level == 0) {
        /* PSE-36: bits 13..20 of a 4 MiB entry are physical bits 32..39. */
        return (e & 0xffc00000ull) | (e >> 13 & 0xff) << 32;
    }
    return e & 0xfffff000ull;
}

static void add_rights(const Shape *s, int level, uint64_t e, OsiLeaf *leaf)
{
    if (s->levels == 3 && level == 0) {
        return;             /* a PAE directory pointer carries no rights */
    }
    leaf->writable &= !!(e & PTE_RW);
    leaf->user &= !!(e & PTE_US);
    leaf->executable &= s->entry_bytes == 4 || !(e & PTE_NX);
}

static bool read_entry(const OsiMemory *mem, const Shape *s, int level,
                       uint64_t table, uint64_t va, uint64_t *e)
{
    uint64_t index = va >> s->shift[level] & ((1u << s->index_bits[level]) - 1);
    uint8_t b[8];

    if (!mem->read(mem->opaque, table + index * s->entry_bytes, b,
                   s->entry_bytes)) {
        return false;
    }
    *e = osi_le(b, s->entry_bytes);
    return true;
}

static bool translate_paged(const OsiMemory *mem, const Shape *s,
                            uint64_t table, uint64_t va, OsiLeaf *out,
                            OsiError *err)
{
    OsiLeaf leaf = { .writable = true, .user = true, .executable = true };
    uint64_t e;

    for (int level = 0; level < s->levels; level++) {
        if (!read_entry(mem, s, level, table, va, &e)) {
            return osi_fail(err, OSI_ERR_NOT_RAM, va,
                            "page table at physical 0x%" PRIx64
                            " is not RAM", table);
        }
        if (!(e & PTE_P)) {
            return osi_fail(err, OSI_ERR_UNMAPPED, va,
                            "0x%" PRIx64 " is not mapped (level %d)", va,
                            s->levels - level);
        }
        add_rights(s, level, e, &leaf);
        if (is_leaf(s, level, e)) {
            leaf.size = 1ull << s->shift[level];
            leaf.pa = leaf_base(s, level, e) + (va & (leaf.size - 1));
            *out = leaf;
            return true;
        }
        table = e & PTE_ADDR;
    }
    g_assert_not_reached();     /* the last level always is a leaf */
}

bool osi_translate(const OsiMemory *mem, OsiRoot root, uint64_t va,
                   OsiLeaf *leaf, OsiError *err)
{
    const Shape *s = shape_of(root.paging);

    if (root.paging == OSI_PAGING_NONE) {
        *leaf = (OsiLeaf) { va, 4096, true, true, true };
        return true;
    }
    if (!s) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, va, "unknown paging mode %d",
                        root.paging);
    }
    if (sign_extend(s, va) != va || (s->va_bits == 32 && va >> 32)) {
        return osi_fail(err, OSI_ERR_UNMAPPED, va,
                        "0x%" PRIx64 " is not canonical", va);
    }
    return translate_paged(mem, s, root.table & s->root_mask, va, leaf, err);
}

bool osi_entry(const OsiMemory *mem, OsiRoot root, uint64_t va,
               uint64_t *entry, uint64_t *size)
{
    const Shape *s = shape_of(root.paging);
    uint64_t table, e;

    if (!s) {
        return false;
    }
    table = root.table & s->root_mask;
    for (int level = 0; level < s->levels; level++) {
        if (!read_entry(mem, s, level, table, va, &e)) {
            return false;
        }
        if (!(e & PTE_P) || is_leaf(s, level, e)) {
            *entry = e;
            *size = 1ull << s->shift[level];
            return true;
        }
        table = e & PTE_ADDR;
    }
    return false;
}

bool osi_each_level(const OsiMemory *mem, OsiRoot root, uint64_t va,
                    OsiLevelFn fn, void *opaque, OsiError *err)
{
    const Shape *s = shape_of(root.paging);
    uint64_t table;

    if (!s) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, va, "paging is off");
    }
    if (sign_extend(s, va) != va || (s->va_bits == 32 && va >> 32)) {
        return osi_fail(err, OSI_ERR_UNMAPPED, va, "0x%" PRIx64
                        " is not canonical", va);
    }
    table = root.table & s->root_mask;
    for (int level = 0; level < s->levels; level++) {
        uint64_t i = va >> s->shift[level] & ((1u << s->index_bits[level]) - 1);
        OsiLevel l = { .level = s->levels - level,
                       .address = table + i * s->entry_bytes };

        if (!read_entry(mem, s, level, table, va, &l.entry)) {
            return osi_fail(err, OSI_ERR_NOT_RAM, va, "page table at physical "
                            "0x%" PRIx64 " is not RAM", table);
        }
        l.present = l.entry & PTE_P;
        l.leaf = l.present && is_leaf(s, level, l.entry);
        table = l.entry & PTE_ADDR;
        l.next = !l.leaf ? table : leaf_base(s, level, l.entry) +
                                   (va & ((1ull << s->shift[level]) - 1));
        if (!fn(opaque, &l) || !l.present || l.leaf) {
            break;
        }
    }
    return true;
}

typedef struct Walk {
    const OsiMemory *mem;
    const Shape *s;
    uint64_t lo, last;          /* inclusive: the top of memory has no end */
    size_t leaves, tables;      /* what may still be visited */
    OsiLeafFn fn;
    void *opaque;
    bool stop;                  /* the visitor has enough */
} Walk;

static bool walk_table(Walk *w, int level, uint64_t table, uint64_t base,
                       OsiLeaf rights);

/* False when a bound was reached. */
static bool walk_entry(Walk *w, int level, uint64_t e, uint64_t va,
                       OsiLeaf rights)
{
    add_rights(w->s, level, e, &rights);
    if (!is_leaf(w->s, level, e)) {
        return walk_table(w, level + 1, e & PTE_ADDR, va, rights);
    }
    if (!w->leaves) {
        return false;
    }
    w->leaves--;
    rights.size = 1ull << w->s->shift[level];
    rights.pa = leaf_base(w->s, level, e);
    w->stop = !w->fn(w->opaque, va, &rights);
    return true;
}

/* Depth is bounded by the shape, work by w->tables and w->leaves. */
static bool walk_table(Walk *w, int level, uint64_t table, uint64_t base,
                       OsiLeaf rights)
{
    const Shape *s = w->s;
    unsigned n = 1u << s->index_bits[level];
    uint8_t raw[4096];

    if (!w->tables) {
        return false;
    }
    w->tables--;
    if (!w->mem->read(w->mem->opaque, table, raw, n * s->entry_bytes)) {
        return true;            /* a table outside RAM maps nothing */
    }
    for (unsigned i = 0; i < n && !w->stop; i++) {
        uint64_t e = osi_le(raw + i * s->entry_bytes, s->entry_bytes);
        uint64_t va = base | (uint64_t)i << s->shift[level];

        va = sign_extend(s, va);
        if (!(e & PTE_P) || va > w->last ||
            va + ((1ull << s->shift[level]) - 1) < w->lo) {
            continue;
        }
        if (!walk_entry(w, level, e, va, rights)) {
            return false;
        }
    }
    return true;
}

bool osi_each_leaf(const OsiMemory *mem, OsiRoot root, uint64_t lo, uint64_t hi,
                   size_t max_leaves, OsiLeafFn fn, void *opaque,
                   OsiError *err)
{
    OsiLeaf all = { .writable = true, .user = true, .executable = true };
    Walk w = {
        .mem = mem, .s = shape_of(root.paging), .lo = lo, .last = hi - 1,
        /*
         * Tables that point at themselves make up to 512^4 visits without a
         * leaf; an honest guest has no more tables than leaves and holes.
         */
        .leaves = max_leaves, .tables = max_leaves + 1024,
        .fn = fn, .opaque = opaque,
    };

    if (!w.s) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "no page tables to enumerate");
    }
    if (!walk_table(&w, 0, root.table & w.s->root_mask, 0, all)) {
        return osi_fail(err, OSI_ERR_LIMIT, lo,
                        "more than %zu leaves in the range", max_leaves);
    }
    return true;
}
