/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table walks of each kind, on tables made of bytes. */
#include "forge.h"

#define RAM     (8u << 20)
#define HIGH    0xffffffff81000000ull

static OsiRoot new_root(Forge *f, OsiPaging paging)
{
    return (OsiRoot) { paging, forge_page(f) };
}

static void check(Forge *f, OsiRoot root, uint64_t va, uint64_t pa,
                  uint64_t size)
{
    OsiError err = { 0 };
    OsiLeaf leaf;

    if (!osi_translate(&f->mem, root, va, &leaf, &err)) {
        g_error("0x%" G_GINT64_MODIFIER "x: %s", va, err.message);
    }
    g_assert_cmphex(leaf.pa, ==, pa);
    g_assert_cmphex(leaf.size, ==, size);
}

static void refuse(Forge *f, OsiRoot root, uint64_t va, OsiErrorKind kind)
{
    OsiLeaf leaf = { .pa = 0x1234 };
    OsiError err = { 0 };

    g_assert_false(osi_translate(&f->mem, root, va, &leaf, &err));
    g_assert_cmpint(err.kind, ==, kind);
    g_assert_cmphex(err.address, ==, va);
    g_assert_cmphex(leaf.pa, ==, 0x1234);
    g_assert_nonnull(err.message[0] ? err.message : NULL);
}

static void test_none(void)
{
    Forge *f = forge_new(RAM);

    check(f, (OsiRoot) { OSI_PAGING_NONE, 0 }, 0x12345, 0x12345, 4096);
    forge_free(f);
}

static void test_32bit(void)
{
    Forge *f = forge_new(RAM);
    OsiRoot r = new_root(f, OSI_PAGING_32BIT);

    forge_map(f, r, 0xc0100000, 0x5000, 12, FORGE_P);
    forge_map(f, r, 0xc0400000, 0x400000, 22, FORGE_P | FORGE_RW);
    check(f, r, 0xc0100abc, 0x5abc, 1 << 12);
    check(f, r, 0xc0412345, 0x412345, 1 << 22);
    /* PSE-36: bits 13..20 of the entry are bits 32..39 of the address. */
    put32(f->ram + r.table + 4 * 0x301, 0x00400083 | 5 << 13);
    check(f, r, 0xc0412345, 0x500412345ull, 1 << 22);
    refuse(f, r, 0xc0101000, OSI_ERR_UNMAPPED);
    refuse(f, r, 0x1c0100abcull, OSI_ERR_UNMAPPED);
    forge_free(f);
}

static void test_pae(void)
{
    Forge *f = forge_new(RAM);
    OsiRoot r = { OSI_PAGING_PAE, forge_page(f) + 0x20 };
    OsiLeaf leaf;

    /* Bit 5 of a directory pointer is set by some hypervisors. */
    forge_map(f, r, 0xc0100000, 0x5000, 12, FORGE_P | FORGE_RW);
    f->ram[r.table + 3 * 8] |= 0x20;
    forge_map(f, r, 0xc0400000, 0x200000, 21, FORGE_P | FORGE_NX);
    check(f, r, 0xc0100abc, 0x5abc, 1 << 12);
    check(f, r, 0xc0412345, 0x212345, 1 << 21);
    osi_translate(&f->mem, r, 0xc0100abc, &leaf, NULL);
    g_assert_true(leaf.writable && leaf.executable && !leaf.user);
    osi_translate(&f->mem, r, 0xc0412345, &leaf, NULL);
    g_assert_true(!leaf.writable && !leaf.executable);
    refuse(f, r, 0x100000, OSI_ERR_UNMAPPED);
    forge_free(f);
}

static void long_mode(OsiPaging paging, uint64_t below)
{
    Forge *f = forge_new(RAM);
    OsiRoot r = new_root(f, paging);

    forge_map(f, r, 0x400000, 0x6000, 12, FORGE_P | FORGE_US);
    forge_map(f, r, HIGH, 0x200000, 21, FORGE_P);
    forge_map(f, r, below, 1ull << 30, 30, FORGE_P | FORGE_RW | FORGE_NX);
    check(f, r, 0x400fff, 0x6fff, 1 << 12);
    check(f, r, HIGH + 0x1ffff7, 0x3ffff7, 1 << 21);
    check(f, r, below + 0x2345678, (1ull << 30) + 0x2345678, 1 << 30);
    /* CR3 carries a PCID and LAM bits beside the table. */
    r.table |= 0x6000000000000123ull;
    check(f, r, 0x400fff, 0x6fff, 1 << 12);
    refuse(f, r, 0x401000, OSI_ERR_UNMAPPED);
    refuse(f, r, 0x0100000000000000ull | 0x400000, OSI_ERR_UNMAPPED);
    refuse(f, r, HIGH & 0x00ffffffffffffffull, OSI_ERR_UNMAPPED);
    /* A table outside RAM. */
    put64(f->ram + (r.table & 0xff000) + 8, 0x7ffffff000ull | FORGE_P);
    refuse(f, r, paging == OSI_PAGING_5LEVEL ? 1ull << 48 : 1ull << 39,
           OSI_ERR_NOT_RAM);
    forge_free(f);
}

static void test_4level(void)
{
    long_mode(OSI_PAGING_4LEVEL, 0xffff888000000000ull);
}

static void test_5level(void)
{
    long_mode(OSI_PAGING_5LEVEL, 0xff11000000000000ull);
}

static void test_large_pat(void)
{
    Forge *f = forge_new(RAM);
    OsiRoot r = new_root(f, OSI_PAGING_4LEVEL);

    /* Bit 12 of a large page is PAT, bits 59..62 are protection keys. */
    forge_map(f, r, HIGH, 0x200000, 21, FORGE_P | 0x1000 | 5ull << 59);
    check(f, r, HIGH + 5, 0x200005, 1 << 21);
    forge_free(f);
}

static void test_read(void)
{
    Forge *f = forge_new(RAM);
    OsiRoot r = new_root(f, OSI_PAGING_4LEVEL);
    OsiError err;
    char buf[8];

    forge_map(f, r, 0x1000, 0x9000, 12, FORGE_P);
    forge_map(f, r, 0x2000, 0x7000, 12, FORGE_P);
    memcpy(f->ram + 0x9ffc, "abcd", 4);
    memcpy(f->ram + 0x7000, "efgh", 4);
    g_assert_true(osi_read(&f->mem, r, 0x1ffc, buf, 8, &err));
    g_assert_cmpmem(buf, 8, "abcdefgh", 8);
    g_assert_false(osi_read(&f->mem, r, 0x2ffc, buf, 8, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_UNMAPPED);
    g_assert_cmphex(err.address, ==, 0x3000);
    g_assert_false(osi_read(&f->mem, r, UINT64_MAX - 2, buf, 8, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_true(osi_read(&f->mem, r, 0x3000, buf, 0, &err));
    forge_free(f);
}

static bool collect(void *opaque, uint64_t va, const OsiLeaf *leaf)
{
    GString *s = opaque;

    g_string_append_printf(s, "%" G_GINT64_MODIFIER "x>%" G_GINT64_MODIFIER
                           "x/%" G_GINT64_MODIFIER "x ", va, leaf->pa,
                           leaf->size);
    return s->len < 60;
}

static void test_each_leaf(void)
{
    Forge *f = forge_new(RAM);
    OsiRoot r = new_root(f, OSI_PAGING_4LEVEL);
    g_autoptr(GString) s = g_string_new(NULL);
    OsiError err;

    forge_map(f, r, HIGH + 0x200000, 0x3000, 12, FORGE_P);
    forge_map(f, r, HIGH, 0x400000, 21, FORGE_P);
    forge_map(f, r, 0x400000, 0x6000, 12, FORGE_P);
    g_assert_true(osi_each_leaf(&f->mem, r, HIGH, 0xffffffffc0000000ull, 10,
                                collect, s, &err));
    g_assert_cmpstr(s->str, ==, "ffffffff81000000>400000/200000 "
                    "ffffffff81200000>3000/1000 ");
    /* To the very top: an end of 0 is 2^64. */
    g_string_truncate(s, 0);
    g_assert_true(osi_each_leaf(&f->mem, r, 0, 0, 10, collect, s, &err));
    g_assert_true(g_str_has_prefix(s->str, "400000>6000/1000 ffffffff81"));
    g_string_truncate(s, 0);
    g_assert_false(osi_each_leaf(&f->mem, r, 0, 0, 1, collect, s, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_LIMIT);
    forge_free(f);
}

static bool count(void *opaque, uint64_t va, const OsiLeaf *leaf)
{
    ++*(int *)opaque;
    return true;
}

/* Tables that point at each other, and 512^2 paths to one without a leaf. */
static void test_self_map_bounded(void)
{
    Forge *f = forge_new(RAM);
    OsiRoot r = new_root(f, OSI_PAGING_4LEVEL);
    uint64_t pml4 = r.table, pdpt = forge_page(f), empty = forge_page(f);
    OsiError err;
    int leaves = 0;

    for (int i = 0; i < 512; i++) {
        put64(f->ram + pml4 + 8 * i, pdpt | FORGE_P);
        put64(f->ram + pdpt + 8 * i, pml4 | FORGE_P);
    }
    g_assert_false(osi_each_leaf(&f->mem, r, 0, 0, 1000, count, &leaves,
                                 &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_LIMIT);
    g_assert_cmpint(leaves, ==, 1000);
    for (int i = 0; i < 512; i++) {
        put64(f->ram + pdpt + 8 * i, empty | FORGE_P);
    }
    f->reads = 0;
    g_assert_false(osi_each_leaf(&f->mem, r, 0, 0, 1000, count, &leaves,
                                 &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_LIMIT);
    g_assert_cmpuint(f->reads, <, 3000);
    forge_free(f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/paging/none", test_none);
    g_test_add_func("/paging/32bit", test_32bit);
    g_test_add_func("/paging/pae", test_pae);
    g_test_add_func("/paging/4level", test_4level);
    g_test_add_func("/paging/5level", test_5level);
    g_test_add_func("/paging/large-pat", test_large_pat);
    g_test_add_func("/paging/read", test_read);
    g_test_add_func("/paging/each-leaf", test_each_leaf);
    g_test_add_func("/paging/self-map-bounded", test_self_map_bounded);
    return g_test_run();
}
