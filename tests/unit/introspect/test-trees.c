/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes of maple trees and XArrays, forged byte by byte. */
#include "bytes.h"
#include "linux-maple.h"
#include "linux-xarray.h"

static void put(uint8_t *at, unsigned word, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    memcpy(at, &value, word);
}

/* ---- maple trees ---- */

typedef struct Maple {
    OsiMapleShape s;
    uint8_t bytes[OSI_MAPLE_NODE];
    OsiMapleEntry out[OSI_MAPLE_SLOTS];
    size_t n;
    OsiError err;
} Maple;

static const unsigned words[] = { 8, 4 };

static Maple maple(unsigned word)
{
    Maple m = { .s = osi_maple_shape(word) };

    g_assert_true(osi_maple_shape_ok(&m.s));
    return m;
}

static void set(Maple *m, const OsiMaplePart *p, unsigned i, uint64_t pivot,
                uint64_t slot)
{
    if (i < p->pivots) {
        put(m->bytes + p->pivot + i * m->s.word, m->s.word, pivot);
    }
    put(m->bytes + p->slot + i * m->s.word, m->s.word, slot);
}

static bool parse(Maple *m, unsigned type, uint64_t min, uint64_t max)
{
    m->n = 77;
    return osi_maple_entries(&m->s, type, m->bytes, min, max, m->out, &m->n,
                             &m->err);
}

static void expect(const Maple *m, size_t i, uint64_t min, uint64_t max,
                   uint64_t value)
{
    g_assert_cmpuint(i, <, m->n);
    g_assert_cmphex(m->out[i].min, ==, min);
    g_assert_cmphex(m->out[i].max, ==, max);
    g_assert_cmphex(m->out[i].value, ==, value);
}

/* The last slots serve for something else where the node ends before. */
static void test_leaf(void)
{
    for (size_t w = 0; w < G_N_ELEMENTS(words); w++) {
        Maple m = maple(words[w]);
        uint64_t max = words[w] == 8 ? UINT64_MAX : UINT32_MAX;

        memset(m.bytes, 0xa5, sizeof(m.bytes));
        set(&m, &m.s.range, 0, 0x3fff, 0);
        set(&m, &m.s.range, 1, 0x4fff, 0x80001000);
        set(&m, &m.s.range, 2, 0x5fff, 0x80002000);
        set(&m, &m.s.range, 3, 0x7fff, 1026);       /* a mark */
        set(&m, &m.s.range, 4, 0x8fff, 0x80003000);
        set(&m, &m.s.range, 5, max, 0);
        g_assert_true(parse(&m, OSI_MAPLE_LEAF, 0, max));
        g_assert_cmpuint(m.n, ==, 3);
        expect(&m, 0, 0x4000, 0x4fff, 0x80001000);
        expect(&m, 1, 0x5000, 0x5fff, 0x80002000);
        expect(&m, 2, 0x8000, 0x8fff, 0x80003000);
    }
}

/* A pivot of zero says: up to the end. */
static void test_open_end(void)
{
    Maple m = maple(8);

    set(&m, &m.s.range, 0, 0x1fff, 0x80001000);
    set(&m, &m.s.range, 1, 0, 0x80002000);
    set(&m, &m.s.range, 2, 0, 0x80003000);
    g_assert_true(parse(&m, OSI_MAPLE_LEAF, 0x1000, 0xffff));
    g_assert_cmpuint(m.n, ==, 2);
    expect(&m, 1, 0x2000, 0xffff, 0x80002000);
}

static void fill(Maple *m, const OsiMaplePart *p)
{
    for (unsigned i = 0; i < p->slots; i++) {
        set(m, p, i, (i + 1) * 0x1000 - 1, 0x80000100 + i * 0x100);
    }
}

/* All slots in use: the last has no pivot. */
static void test_full(void)
{
    for (size_t w = 0; w < G_N_ELEMENTS(words); w++) {
        Maple m = maple(words[w]);
        const OsiMaplePart *p[] = { &m.s.range, &m.s.arange };
        const unsigned type[] = { OSI_MAPLE_RANGE, OSI_MAPLE_ARANGE };

        for (size_t k = 0; k < 2; k++) {
            fill(&m, p[k]);
            g_assert_true(parse(&m, type[k], 0, 0xfffff));
            g_assert_cmpuint(m.n, ==, p[k]->slots);
            expect(&m, m.n - 1, (m.n - 1) * 0x1000, 0xfffff,
                   0x80000100 + (m.n - 1) * 0x100);
        }
    }
}

static void test_dense(void)
{
    Maple m = maple(8);

    put(m.bytes, 8, 0xdeadbeef);
    put(m.bytes + 8, 8, 0x80001000);
    put(m.bytes + 24, 8, 0x80002000);
    put(m.bytes + 32, 8, 0x80003000);
    g_assert_true(parse(&m, OSI_MAPLE_DENSE, 10, 12));
    g_assert_cmpuint(m.n, ==, 2);
    expect(&m, 0, 10, 10, 0x80001000);
    expect(&m, 1, 12, 12, 0x80002000);
}

static void test_maple_bad(void)
{
    Maple m = maple(8);

    set(&m, &m.s.range, 0, 0x2fff, 0x80001000);
    set(&m, &m.s.range, 1, 0x1fff, 0x80002000);
    g_assert_false(parse(&m, OSI_MAPLE_LEAF, 0, UINT64_MAX));
    g_assert_cmpint(m.err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmpuint(m.err.address, ==, m.s.range.pivot + 8);
    g_assert_cmpuint(m.n, ==, 77);
    g_assert_false(parse(&m, OSI_MAPLE_LEAF, 0, 0x1000));
    g_assert_false(parse(&m, OSI_MAPLE_LEAF, 2, 1));
    g_assert_false(parse(&m, 4, 0, UINT64_MAX));
    g_assert_cmpint(m.err.kind, ==, OSI_ERR_UNSUPPORTED);
    m.s.range.slot += 8;
    g_assert_false(osi_maple_shape_ok(&m.s));
    m.s = osi_maple_shape(8);
    m.s.arange.pivots = m.s.arange.slots;
    g_assert_false(osi_maple_shape_ok(&m.s));
}

static void expect_part(OsiMaplePart p, unsigned pivot, unsigned pivots,
                        unsigned slot, unsigned slots)
{
    g_assert_cmpuint(p.pivot, ==, pivot);
    g_assert_cmpuint(p.pivots, ==, pivots);
    g_assert_cmpuint(p.slot, ==, slot);
    g_assert_cmpuint(p.slots, ==, slots);
}

/* As the compiler lays out maple_range_64 and maple_arange_64. */
static void test_shapes(void)
{
    expect_part(osi_maple_shape(8).range, 8, 15, 128, 16);
    expect_part(osi_maple_shape(8).arange, 8, 9, 80, 10);
    expect_part(osi_maple_shape(4).range, 4, 31, 128, 32);
    expect_part(osi_maple_shape(4).arange, 4, 20, 84, 21);
}

static void test_root(void)
{
    uint64_t e = 0xffff888012345600ull | 3 << 3 | 2;

    g_assert_true(osi_maple_is_node(e));
    g_assert_false(osi_maple_is_node(e & ~3ull));
    g_assert_false(osi_maple_is_node(1026));
    g_assert_cmphex(osi_maple_node(e), ==, 0xffff888012345600ull);
    g_assert_cmpuint(osi_maple_type(e), ==, OSI_MAPLE_ARANGE);
    g_assert_false(osi_maple_is_leaf(e));
    g_assert_true(osi_maple_is_leaf(e & ~0x10ull));
}

/* ---- XArrays ---- */

static const OsiXaShape xa64 = { 8, 0, 40, 64 }, xa32 = { 4, 0, 20, 64 },
                        xa_small = { 4, 0, 20, 16 };

typedef struct Xa {
    OsiXaShape s;
    uint8_t bytes[OSI_XA_NODE_MAX];
    OsiXaSlot slot;
    OsiError err;
} Xa;

static Xa xa(OsiXaShape s, unsigned shift)
{
    Xa x = { .s = s };

    g_assert_true(osi_xa_shape_ok(&s));
    x.bytes[s.shift] = shift;
    return x;
}

static void xa_set(Xa *x, unsigned i, uint64_t entry)
{
    put(x->bytes + x->s.slots + i * x->s.word, x->s.word, entry);
}

static bool find(Xa *x, uint64_t index, unsigned above)
{
    x->slot = (OsiXaSlot) { 0x77, 77 };
    return osi_xa_slot(&x->s, x->bytes, index, above, &x->slot, &x->err);
}

static void expect_slot(Xa *x, uint64_t index, unsigned above, uint64_t entry)
{
    g_assert_true(find(x, index, above));
    g_assert_cmphex(x->slot.entry, ==, entry);
}

static void test_slots(void)
{
    const OsiXaShape shapes[] = { xa64, xa32, xa_small };

    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        unsigned bits = shapes[i].n_slots == 64 ? 6 : 4;
        unsigned last = shapes[i].n_slots - 1;
        Xa x = xa(shapes[i], 0), y = xa(shapes[i], bits);

        xa_set(&x, 3, 0x80001000);
        xa_set(&x, last, 0x80002000);
        expect_slot(&x, 3, 64, 0x80001000);
        expect_slot(&x, last, 64, 0x80002000);
        expect_slot(&x, 4, 64, 0);
        /* The topmost node holds no index that is too large for it. */
        expect_slot(&x, shapes[i].n_slots + 3, 64, 0);
        /* Below another one the rest of the index counts. */
        expect_slot(&x, shapes[i].n_slots + 3, bits, 0x80001000);
        xa_set(&y, 2, 0x80003002);
        expect_slot(&y, (2u << bits) + 5, 64, 0x80003002);
        g_assert_true(osi_xa_is_node(y.slot.entry));
        g_assert_cmpuint(y.slot.shift, ==, bits);
    }
}

static uint64_t sibling(unsigned of)
{
    return of << 2 | 2;
}

static void test_siblings(void)
{
    Xa x = xa(xa64, 0);

    xa_set(&x, 8, 0xffffea0000100000ull);
    for (unsigned i = 9; i < 16; i++) {
        xa_set(&x, i, sibling(8));
    }
    expect_slot(&x, 13, 64, 0xffffea0000100000ull);
    xa_set(&x, 20, sibling(21));
    g_assert_false(find(&x, 20, 64));
    g_assert_cmpint(x.err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmpuint(x.err.address, ==, 40 + 20 * 8);
    g_assert_cmpuint(x.slot.shift, ==, 77);
    xa_set(&x, 21, sibling(20));
    g_assert_false(find(&x, 21, 64));
}

static void test_kinds(void)
{
    g_assert_true(osi_xa_is_value(0x4001));
    g_assert_true(osi_xa_is_mark(257 << 2 | 2));
    g_assert_false(osi_xa_is_node(257 << 2 | 2));
    g_assert_false(osi_xa_is_mark(0xffff888000001002ull));
    g_assert_cmphex(osi_xa_node(0xffff888000001002ull), ==,
                    0xffff888000001000ull);
}

static void test_xarray_bad(void)
{
    Xa x = xa(xa64, 5), y = xa(xa64, 6), z = xa(xa64, 66);

    g_assert_false(find(&x, 0, 64));
    /* A node must be one level below the one above it. */
    g_assert_false(find(&y, 0, 6));
    g_assert_false(find(&y, 0, 18));
    g_assert_true(find(&y, 0, 12));
    g_assert_false(find(&z, 0, 64));
    y.s.n_slots = 32;
    g_assert_false(osi_xa_shape_ok(&y.s));
    y.s = xa64;
    y.s.slots = OSI_XA_NODE_MAX - 64 * 8 + 8;
    g_assert_false(osi_xa_shape_ok(&y.s));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/maple/shapes", test_shapes);
    g_test_add_func("/maple/leaf", test_leaf);
    g_test_add_func("/maple/open-end", test_open_end);
    g_test_add_func("/maple/full", test_full);
    g_test_add_func("/maple/dense", test_dense);
    g_test_add_func("/maple/bad", test_maple_bad);
    g_test_add_func("/maple/root", test_root);
    g_test_add_func("/xarray/slots", test_slots);
    g_test_add_func("/xarray/siblings", test_siblings);
    g_test_add_func("/xarray/kinds", test_kinds);
    g_test_add_func("/xarray/bad", test_xarray_bad);
    return g_test_run();
}
