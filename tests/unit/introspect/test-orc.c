/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ORC tables: layouts, codings, rules, damage. */
#include "forge.h"
#include "orc.h"

#define BASE    0xffffffff81000000ull
#define N       64

/* Numbers of the two codings, in this order. */
enum { UNDEF, PREV_SP, DX, DI, BP, SP, R10, R13, BP_IND, SP_IND };
static const uint8_t first[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const uint8_t second[] = { 0, 8, 15, 15, 4, 3, 6, 7, 10, 9 };

typedef struct Table {
    uint8_t ip[4 * N], entry[6 * N];
    OsiOrcTable t;
    OsiOrcLayout l;
    OsiOrcCoding c;
} Table;

static void put_entry(uint8_t *e, int sp_off, int bp_off, unsigned sp,
                      unsigned bp, unsigned high)
{
    put16(e, sp_off);
    put16(e + 2, bp_off);
    e[4] = sp | bp << 4;
    e[5] = high;
}

/* Entry i is for code from BASE + 16 * i on. */
static Table *make(const uint8_t *num, unsigned call, unsigned known)
{
    Table *t = g_new0(Table, 1);

    for (int i = 0; i < N; i++) {
        put32(t->ip + 4 * i, 16 * i - (0x1000 + 4 * i));
        put_entry(t->entry + 6 * i, 8 * (i + 1), -16, num[SP],
                  i % 2 ? num[PREV_SP] : 0, call);
    }
    t->t = (OsiOrcTable) { t->ip, t->entry, N, BASE + 0x1000 };
    g_assert_true(osi_orc_known_layout(known, &t->l));
    return t;
}

static void coded(Table *t)
{
    OsiError err = { 0 };

    osi_orc_coding(&t->t, &t->l, &t->c, &err);
    g_assert_cmpstr(err.message, ==, "");
}

static OsiOrcRule rule(Table *t, uint64_t pc)
{
    OsiOrcRule r = { 0 };

    g_assert_true(osi_orc_find(&t->t, &t->l, &t->c, pc, &r));
    return r;
}

static void check_find(Table *t)
{
    OsiOrcRule r = { 0 };

    g_assert_false(osi_orc_find(&t->t, &t->l, &t->c, BASE - 1, &r));
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < 16; k += 5) {
            r = rule(t, BASE + 16 * i + k);
            g_assert_cmpint(r.kind, ==, OSI_ORC_CALL);
            g_assert_cmpint(r.sp, ==, OSI_ORC_SP);
            g_assert_cmpint(r.sp_offset, ==, 8 * (i + 1));
            g_assert_cmpint(r.bp, ==, i % 2 ? OSI_ORC_PREV_SP
                                            : OSI_ORC_UNDEFINED);
            g_assert_cmpint(r.bp_offset, ==, -16);
            g_assert_false(r.exact);
        }
    }
}

static void check_bases(Table *t, const uint8_t *num)
{
    static const OsiOrcBase want[] = {
        [BP] = OSI_ORC_BP, [R10] = OSI_ORC_R10, [R13] = OSI_ORC_R13,
        [BP_IND] = OSI_ORC_BP_INDIRECT, [SP_IND] = OSI_ORC_SP_INDIRECT,
        [SP] = OSI_ORC_SP,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
        if (want[i]) {
            put_entry(t->entry, 8, 0, num[i], 0, t->c.call);
            g_assert_cmpint(rule(t, BASE).sp, ==, want[i]);
        }
    }
}

/* Before 6.4: call 0, a bit for the end. */
static void test_first(void)
{
    Table *t = make(first, 0, 1);

    coded(t);
    check_find(t);
    check_bases(t, first);
    put_entry(t->entry, 0, 0, first[SP], 0, 1);
    g_assert_cmpint(rule(t, BASE).kind, ==, OSI_ORC_REGS);
    g_assert_true(rule(t, BASE).exact);
    put_entry(t->entry, 0, 0, first[SP], 0, 2);
    g_assert_cmpint(rule(t, BASE).kind, ==, OSI_ORC_PARTIAL);
    put_entry(t->entry, 0, 0, 0, 0, 4);
    g_assert_cmpint(rule(t, BASE).kind, ==, OSI_ORC_END);
    put_entry(t->entry, 0, 0, 0, 0, 0);
    g_assert_cmpint(rule(t, BASE).kind, ==, OSI_ORC_NOTHING);
    g_free(t);
}

/* Since 6.4: kinds for nothing and the end, a bit for interrupted code. */
static void test_second(void)
{
    static const OsiOrcKind kinds[] = {
        OSI_ORC_NOTHING, OSI_ORC_END, OSI_ORC_CALL, OSI_ORC_REGS,
        OSI_ORC_PARTIAL, OSI_ORC_NOTHING, OSI_ORC_NOTHING, OSI_ORC_NOTHING,
    };

    for (int k = 0; k < 2; k++) {
        const uint8_t *num = k ? second : first;
        Table *t = make(num, 2, 0);

        coded(t);
        check_find(t);
        check_bases(t, num);
        for (int i = 0; i < 8; i++) {
            put_entry(t->entry, 0, 0, num[SP], 0, i);
            g_assert_cmpint(rule(t, BASE).kind, ==, kinds[i]);
            g_assert_false(rule(t, BASE).exact);
            put_entry(t->entry, 0, 0, num[SP], 0, i | 8);
            g_assert_true(rule(t, BASE).exact);
        }
        g_free(t);
    }
}

static void test_new_numbers(void)
{
    static const uint8_t strange[] = { 0, 11, 2, 3, 4, 12, 6, 7, 8, 9 };
    Table *t = make(strange, 2, 0);

    coded(t);
    check_find(t);
    put_entry(t->entry, 8, 0, strange[BP], 0, 2);
    g_assert_cmpint(rule(t, BASE).sp, ==, OSI_ORC_UNKNOWN);
    g_assert_cmpint(rule(t, BASE).sp_number, ==, 4);
    g_free(t);
}

/* The entry for code with a frame pointer is told from all others. */
static void test_witness(void)
{
    Table *t = make(second, 2, 0);
    uint8_t e[6];

    coded(t);
    put_entry(e, 16, -16, second[BP], second[PREV_SP], 2);
    g_assert_true(osi_orc_agrees(&t->l, &t->c, e));
    put_entry(e, 16, -16, first[BP], first[PREV_SP], 2);
    g_assert_false(osi_orc_agrees(&t->l, &t->c, e));
    put_entry(e, 8, -16, second[BP], second[PREV_SP], 2);
    g_assert_false(osi_orc_agrees(&t->l, &t->c, e));
    g_free(t);
}

static void test_damaged(void)
{
    Table *t = make(first, 0, 1);
    OsiError err;

    put32(t->ip + 4 * 5, 0x7000);
    g_assert_false(osi_orc_coding(&t->t, &t->l, &t->c, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmphex(err.address, ==, BASE + 0x1000);
    g_free(t);

    t = make(first, 0, 1);
    for (int i = 0; i < N; i++) {
        t->entry[6 * i + 4] = i % 16;
    }
    g_assert_false(osi_orc_coding(&t->t, &t->l, &t->c, &err));
    g_free(t);

    /* A member that the types put behind the entry: nothing is there. */
    t = make(first, 2, 0);
    coded(t);
    t->l.signal = (OsiField) { t->l.size, 1, 0, 8 };
    g_assert_false(rule(t, BASE).exact);
    g_free(t);

    t = make(first, 1, 1);
    g_assert_false(osi_orc_coding(&t->t, &t->l, &t->c, &err));
    g_free(t);
}

/* Whatever the bytes are, a rule comes out. */
static void test_noise(void)
{
    for (int round = 0; round < 2000; round++) {
        Table *t = make(round % 2 ? first : second, 2, round % 3 != 0);
        OsiOrcRule r;

        for (size_t i = 0; i < sizeof(t->entry); i++) {
            t->entry[i] = g_test_rand_int();
        }
        if (osi_orc_coding(&t->t, &t->l, &t->c, NULL)) {
            osi_orc_find(&t->t, &t->l, &t->c, g_test_rand_int(), &r);
        }
        for (int i = 0; i < N; i++) {
            t->c.call = round & 2;
            osi_orc_rule(&t->l, &t->c, t->entry + 6 * i, &r);
            g_assert_cmpint(r.kind, <=, OSI_ORC_PARTIAL);
        }
        g_free(t);
    }
}

static void add_member(ForgeBtf *b, const char *member, bool has)
{
    uint32_t s16 = forge_btf_int(b, "s16", 2), u8 = forge_btf_int(b, "u8", 1);
    ForgeMember m[] = {
        { "bp_offset", s16, 0 }, { "sp_offset", s16, 2 },
        { "sp_reg", u8, 4 }, { "bp_reg", u8, 5 }, { "type", u8, 6 },
        { has ? member : "other", u8, 7 },
    };

    forge_btf_struct(b, BTF_STRUCT, "orc_entry", 8, m, G_N_ELEMENTS(m));
}

/* The layout of the types' is gone by, however strange. */
static void test_types(void)
{
    for (int has = 0; has < 2; has++) {
        ForgeBtf *b = forge_btf_new();
        g_autoptr(GByteArray) blob = NULL;
        OsiOrcLayout l = { 0 };
        OsiError err = { 0 };
        OsiBtf *btf;

        add_member(b, "signal", has);
        blob = forge_btf_finish(b);
        btf = osi_btf_parse(blob->data, blob->len, &err);
        g_assert_cmpstr(err.message, ==, "");
        g_assert_true(osi_orc_layout(btf, &l, &err));
        g_assert_cmpuint(l.size, ==, 8);
        g_assert_cmpuint(l.sp_offset.offset, ==, 2);
        g_assert_cmpuint(l.signal.size, ==, has);
        g_assert_cmpuint(l.end.size, ==, 0);
        osi_btf_free(btf);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/orc/first", test_first);
    g_test_add_func("/orc/second", test_second);
    g_test_add_func("/orc/new-numbers", test_new_numbers);
    g_test_add_func("/orc/witness", test_witness);
    g_test_add_func("/orc/damaged", test_damaged);
    g_test_add_func("/orc/noise", test_noise);
    g_test_add_func("/orc/types", test_types);
    return g_test_run();
}
