/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent expressions from text: values, refusals with their columns, printf, and
 * random expressions whose value C itself has worked out.
 */
#include <string.h>

#include "ax-guest.h"
#include "gdbstub/gdbx/ax-parse.h"

/* $r0 to $r3, of the guest in ax-guest.h. */
static bool find(void *opaque, const char *name, unsigned *number)
{
    if (name[0] != 'r' || name[1] < '0' || name[1] > '3' || name[2]) {
        return false;
    }
    *number = name[1] - '0';
    return true;
}

static const GdbxAxNames names = { find, NULL };

typedef struct Value {
    const char *text;
    uint64_t value;
} Value;

static const Value values[] = {
    { "10", 10 }, { "0x1F", 31 }, { "017", 15 }, { "'A'", 65 },
    { "18446744073709551615", UINT64_MAX },
    { "1 + 2 * 3", 7 }, { "(1 + 2) * 3", 9 }, { "10 - 3 - 2", 5 },
    { "100 / 7 % 4", 2 }, { "-7 / 2", -3 }, { "-7 % 3", -1 },
    { "1 << 4 + 1", 32 }, { "-8 >> 1", -4 }, { "1 | 6 & 3 ^ 1", 3 },
    { "~0", UINT64_MAX }, { "!5", 0 }, { "!!5", 1 }, { "- -3", 3 }, { "+3", 3 },
    { "1 < 2", 1 }, { "2 <= 2", 1 }, { "3 > 4", 0 }, { "4 >= 5", 0 },
    { "1 == 1 != 0", 1 }, { "-1 < 1", 1 }, { "-1 < 1u", 0 },
    { "-1 == 18446744073709551615", 1 }, { "-1 > 9223372036854775808", 1 },
    { "1 && 2", 1 }, { "0 && 1 / 0", 0 }, { "2 || 1 / 0", 1 }, { "0 || 0", 0 },
    { "0 || 2 && 3", 1 }, { "1 || 0 && 0", 1 },
    { "1 ? 2 : 3", 2 }, { "0 ? 2 : 0 ? 3 : 4", 4 }, { "0 ? 1 / 0 : 5", 5 },
    { "(u8)0x1ff", 255 }, { "(s8)0xff", -1 }, { "(s8)0xff < 0", 1 },
    { "(u8)0xff < 0", 0 }, { "(unsigned char)256", 0 }, { "(int)-1", -1 },
    { "(unsigned)-1", UINT32_MAX }, { "(unsigned int)-1 > 0", 1 },
    { "(uint64_t)-1 > 0", 1 }, { "(unsigned long long)-1 > 5", 1 },
    { "(long)-1 > 5", 0 }, { "(signed char)200", -56 },
    { "(u8)300 - 45 < 0", 1 },      /* promoted, as in C */
    { "*(s32 *)0x1000", -3 }, { "*(u32 *)0x1000", (uint32_t)-3 },
    { "*(int *)0x1000 < 0", 1 }, { "*(u32*)(0x1000 + 4)", 0x11223344 },
    { "u8[0x1004]", 0x44 }, { "u16 [ 0x1004 ]", 0x3344 },
    { "s8[0x1008]", -128 }, { "u8[0x1000 + 8] == 0x80", 1 },
    { "u8[u16[0x1004] * 0 + 0x1004]", 0x44 }, { "(u64 *)5", 5 },
    { "$r3", UINT64_MAX }, { "$r3 < 0", 0 }, { "(s64)$r3 < 0", 1 },
    { "$r3 == -1", 1 }, { "$r3 >> 63", 1 }, { "(s64)$r3 >> 63", -1 },
};

static GdbxAx *parse(const char *text, const char **rest)
{
    g_autofree char *why = NULL;
    GdbxAx *ax;

    *rest = text;
    ax = gdbx_ax_parse(rest, &names, &why);
    if (!ax) {
        g_error("%s: %s", text, why);
    }
    return ax;
}

static uint64_t value_of(const char *text, const GdbxAxEnv *env)
{
    const char *rest;
    g_autoptr(GdbxAx) ax = parse(text, &rest);
    uint64_t value = 0;

    g_assert_cmpint(gdbx_ax_eval(ax, env, &value, NULL), ==, GDBX_AX_OK);
    g_assert_cmpstr(rest, ==, "");
    return value;
}

static void test_values(void)
{
    g_autoptr(Guest) g = guest_new();
    GdbxAxEnv env = guest_env(g);

    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        uint64_t value = value_of(values[i].text, &env);

        if (value != values[i].value) {
            g_error("%s: 0x%" G_GINT64_MODIFIER "x", values[i].text, value);
        }
    }
}

/* What follows is left to the caller. */
static void test_rest(void)
{
    static const struct {
        const char *text, *rest;
    } table[] = {
        { "1 after 2", "after 2" }, { "$r0 == 1 once", "once" },
        { "(1) say \"x\"", "say \"x\"" }, { "1, 2", ", 2" }, { " 1  ", "" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *rest;
        g_autoptr(GdbxAx) ax = parse(table[i].text, &rest);

        g_assert_cmpstr(rest, ==, table[i].rest);
    }
}

static const struct {
    const char *text, *why;
} refusals[] = {
    { "", "column 1: it ends where a value is missing" },
    { "1 +", "column 4: it ends where a value is missing" },
    { "1 + )", "column 5: a value is missing" },
    { "(1", "column 3: ')' is missing" },
    { "$r4 == 1", "column 1: there is no $r4" },
    { "1 == $", "column 6: there is no $" },
    { "$r0 = 1", "column 5: '=' sets nothing here; equal is '=='" },
    { "1 ? 2", "column 6: ':' is missing" },
    { "12x", "column 1: not a number" },
    { "99999999999999999999", "column 1: the number has more than 64 bits" },
    { "*5", "column 2: '*' has to know what to read: *(u32 *)ADDR" },
    { "*(u32)5", "'*' has to know" },
    { "u32[1", "column 6: ']' is missing" },
    { "foo", "column 1: a value is missing" },
    { "1 @", "column 3: '@' is not understood here" },
    { "1 \"x\"", "column 3: '\"' is not understood here" },
    { "'", "column 1: not a character" },
    { "'\\n'", "column 1: not a character" },
    { "1 2", "column 3: '2' is not understood here" },
};

static void refuse(const char *text, const char *want)
{
    g_autofree char *why = NULL;
    const char *p = text;

    g_assert_null(gdbx_ax_parse(&p, &names, &why));
    if (!strstr(why, want)) {
        g_error("%s: %s, want %s", text, why, want);
    }
    g_assert_true(p == text);
}

static void test_refusals(void)
{
    g_autofree char *deep = g_strnfill(100, '(');
    g_autofree char *many = g_strnfill(100, '-');
    GString *wide = g_string_new("1");
    GString *name = g_string_new("$");

    for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++) {
        refuse(refusals[i].text, refusals[i].why);
    }
    refuse(deep, "too deep");
    refuse(many, "too deep");
    for (int i = 0; i < 20000; i++) {
        g_string_append(wide, "+1");
        g_string_append_c(name, 'r');
    }
    refuse(wide->str, "too long");
    refuse(name->str, "there is no $r");
    g_string_free(wide, true);
    g_string_free(name, true);
}

static void test_printf(void)
{
    static const struct {
        const char *text, *printed;
    } table[] = {
        { "\"hello\"", "hello\n" }, { "\"hello\\n\"", "hello\n" },
        { "\"%d %d %d\", 1, 2 + 3, 0 || 7", "1 5 1\n" },
        { "\"%lx %d %d\", $r3, 1 ? 8 : 9, 0 && 1 / 0",
          "ffffffffffffffff 8 0\n" },
        { "\"say \\\"%c\\\"\", 'x'", "say \"x\"\n" },
    };
    static const struct {
        const char *text, *why;
    } bad[] = {
        { "hello", "column 1: a format" }, { "\"hello", "'\"' is missing" },
        { "\"%d\"", "wants 1 arguments" }, { "\"x\", 1", "wants 0" },
        { "\"%d\", $nix", "column 7: there is no $nix" },
        { "\"%f\", 1", "conversion" }, { "\"x\" 1", "column 5: '1'" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(Guest) g = guest_new();
        GdbxAxEnv env = guest_env(g);
        g_autofree char *why = NULL;
        const char *p = table[i].text;
        g_autoptr(GdbxAx) ax = gdbx_ax_parse_printf(&p, &names, &why);

        if (!ax) {
            g_error("%s: %s", table[i].text, why);
        }
        g_assert_cmpint(gdbx_ax_eval(ax, &env, NULL, NULL), ==, GDBX_AX_OK);
        g_assert_cmpstr(g->printed->str, ==, table[i].printed);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *why = NULL;
        const char *p = bad[i].text;

        g_assert_null(gdbx_ax_parse_printf(&p, &names, &why));
        if (!strstr(why, bad[i].why)) {
            g_error("%s: %s, want %s", bad[i].text, why, bad[i].why);
        }
    }
}

/* ---- random ones ---- */

/* A value and whether C would have it unsigned; @bad: a division by 0. */
typedef struct Result {
    uint64_t v;
    bool is_unsigned, bad;
} Result;

static const struct {
    const char *text;
    int level;
} binaries[] = {
    { "*", 9 }, { "/", 9 }, { "%", 9 }, { "+", 8 }, { "-", 8 }, { "<<", 7 },
    { ">>", 7 }, { "<", 6 }, { "<=", 6 }, { ">", 6 }, { ">=", 6 }, { "==", 5 },
    { "!=", 5 }, { "&", 4 }, { "^", 3 }, { "|", 2 }, { "&&", 1 }, { "||", 0 },
};

static Result binary(unsigned op, Result a, Result b)
{
    bool u = a.is_unsigned || b.is_unsigned;
    int64_t x = a.v, y = b.v;
    Result r = { 0, u, a.bad || b.bad };

    switch (op) {
    case 0: r.v = a.v * b.v; break;
    case 1:
    case 2:
        if (!b.v) {
            r.bad = true;
        } else if (u) {
            r.v = op == 1 ? a.v / b.v : a.v % b.v;
        } else if (y == -1) {
            r.v = op == 1 ? -a.v : 0;
        } else {
            r.v = op == 1 ? x / y : x % y;
        }
        break;
    case 3: r.v = a.v + b.v; break;
    case 4: r.v = a.v - b.v; break;
    case 5: r = (Result) { a.v << (b.v & 63), a.is_unsigned, r.bad }; break;
    case 6:
        r = (Result) { a.is_unsigned ? a.v >> (b.v & 63)
                       : (uint64_t)(x >> (b.v & 63)), a.is_unsigned, r.bad };
        break;
    case 7: r = (Result) { u ? a.v < b.v : x < y, false, r.bad }; break;
    case 8: r = (Result) { u ? a.v <= b.v : x <= y, false, r.bad }; break;
    case 9: r = (Result) { u ? a.v > b.v : x > y, false, r.bad }; break;
    case 10: r = (Result) { u ? a.v >= b.v : x >= y, false, r.bad }; break;
    case 11: r = (Result) { a.v == b.v, false, r.bad }; break;
    case 12: r = (Result) { a.v != b.v, false, r.bad }; break;
    case 13: r.v = a.v & b.v; break;
    case 14: r.v = a.v ^ b.v; break;
    case 15: r.v = a.v | b.v; break;
    case 16:
        r = (Result) { a.v && b.v, false, a.bad || (a.v && b.bad) };
        break;
    default:
        r = (Result) { a.v || b.v, false, a.bad || (!a.v && b.bad) };
        break;
    }
    return r;
}

static Result leaf(GRand *rand, GString *text)
{
    static const struct {
        const char *text;
        Result r;
    } leaves[] = {
        { "0", { 0, false, false } }, { "1", { 1, false, false } },
        { "-5", { -5, false, false } }, { "7u", { 7, true, false } },
        { "1000", { 1000, false, false } },
        { "$r3", { UINT64_MAX, true, false } },
        { "*(s32 *)0x1000", { -3, false, false } },
        { "u16[0x1004]", { 0x3344, false, false } },
        { "0x8000000000000000", { 1ull << 63, true, false } },
    };
    unsigned i = g_rand_int_range(rand, 0, G_N_ELEMENTS(leaves));

    g_string_append(text, leaves[i].text);
    return leaves[i].r;
}

static Result tree(GRand *rand, GString *text, int depth, int level, int lie);

static Result unary(GRand *rand, GString *text, int depth, int lie)
{
    static const char *const ops[] = { "!", "~", "- ", "(u8)", "(s16)",
                                       "(u64)" };
    unsigned i = g_rand_int_range(rand, 0, G_N_ELEMENTS(ops));
    Result r;

    g_string_append(text, ops[i]);
    r = tree(rand, text, depth - 1, 10, lie);
    switch (i) {
    case 0: return (Result) { !r.v, false, r.bad };
    case 1: r.v = ~r.v; break;
    case 2: r.v = -r.v; break;
    case 3: return (Result) { (uint8_t)r.v, false, r.bad };
    case 4: return (Result) { (int16_t)r.v, false, r.bad };
    default: r.is_unsigned = true; break;
    }
    return r;
}

/*
 * Appends an expression that binds at least as @level does, with parentheses
 * where it has to have them. @lie: the operator that is written as the next one.
 */
static Result tree(GRand *rand, GString *text, int depth, int level, int lie)
{
    int op = g_rand_int_range(rand, 0, G_N_ELEMENTS(binaries) + 4);
    bool inside;
    Result a, b;

    if (depth <= 0) {
        return leaf(rand, text);
    }
    if (op >= (int)G_N_ELEMENTS(binaries)) {
        return unary(rand, text, depth, lie);
    }
    inside = binaries[op].level < level;
    g_string_append(text, inside ? "(" : "");
    a = tree(rand, text, depth - 1, binaries[op].level, lie);
    g_string_append_printf(text, " %s ", binaries[op == lie
        ? (op + 1) % (int)G_N_ELEMENTS(binaries) : op].text);
    if (op == 5 || op == 6) {
        b = (Result) { g_rand_int_range(rand, 0, 64), false, false };
        g_string_append_printf(text, "%d", (int)b.v);
    } else {
        b = tree(rand, text, depth - 1, binaries[op].level + 1, lie);
    }
    g_string_append(text, inside ? ")" : "");
    return binary(op, a, b);
}

/* True when C and we agree. */
static bool agree(uint32_t seed, int lie, bool show)
{
    g_autoptr(Guest) g = guest_new();
    GdbxAxEnv env = guest_env(g);
    g_autoptr(GString) text = g_string_new(NULL);
    GRand *rand = g_rand_new_with_seed(seed);
    Result r = tree(rand, text, g_rand_int_range(rand, 1, 6), 0, lie);
    const char *rest;
    g_autoptr(GdbxAx) ax = parse(text->str, &rest);
    uint64_t value = 0;
    GdbxAxStatus st = gdbx_ax_eval(ax, &env, &value, NULL);
    bool good = r.bad ? st == GDBX_AX_DIV_ZERO
                      : st == GDBX_AX_OK && value == r.v;

    g_rand_free(rand);
    if (!good && show) {
        g_error("%s: 0x%" G_GINT64_MODIFIER "x (%s), want 0x%"
                G_GINT64_MODIFIER "x%s", text->str, value,
                gdbx_ax_status_text(st), r.v, r.bad ? " bad" : "");
    }
    return good;
}

static void test_random(void)
{
    for (unsigned seed = 0; seed < 20000; seed++) {
        agree(seed, -1, true);
    }
}

/* The control: an operator taken for another one must be noticed. */
static void test_random_notices(void)
{
    for (int op = 0; op < (int)G_N_ELEMENTS(binaries); op++) {
        unsigned seed = 0;

        while (seed < 2000 && agree(seed, op, false)) {
            seed++;
        }
        g_assert_cmpuint(seed, <, 2000);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ax-parse/values", test_values);
    g_test_add_func("/ax-parse/rest", test_rest);
    g_test_add_func("/ax-parse/refusals", test_refusals);
    g_test_add_func("/ax-parse/printf", test_printf);
    g_test_add_func("/ax-parse/random", test_random);
    g_test_add_func("/ax-parse/random-notices", test_random_notices);
    return g_test_run();
}
