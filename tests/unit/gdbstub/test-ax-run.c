/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent expressions: failures and bounds when they run, and printf. */
#include <string.h>

#include "ax-guest.h"

/* Failures when it runs */

typedef struct Failure {
    const char *program;
    GdbxAxStatus status;
    uint64_t bad;           /* 0xbad: untouched */
} Failure;

static const Failure err_evaluations[] = {
    { "const8 1; const8 0; div_signed; end", GDBX_AX_DIV_ZERO, 0xbad },
    { "const8 1; const8 0; div_unsigned; end", GDBX_AX_DIV_ZERO, 0xbad },
    { "const8 1; const8 0; rem_signed; end", GDBX_AX_DIV_ZERO, 0xbad },
    { "const8 1; const8 0; rem_unsigned; end", GDBX_AX_DIV_ZERO, 0xbad },
    { "const16 0xfff; ref8; end", GDBX_AX_BAD_MEMORY, 0xfff },
    { "const16 0x2000; ref8; end", GDBX_AX_BAD_MEMORY, 0x2000 },
    { "const16 0x1ff9; ref64; end", GDBX_AX_BAD_MEMORY, 0x1ff9 },
    { "reg 3; ref32; end", GDBX_AX_BAD_MEMORY, UINT64_MAX },
    { "reg 4; end", GDBX_AX_BAD_REGISTER, 4 },
    { "reg 0xffff; end", GDBX_AX_BAD_REGISTER, 0xffff },
    { "getv 2; end", GDBX_AX_NO_VARIABLE, 0xbad },
    { "const8 1; setv 2; end", GDBX_AX_NO_VARIABLE, 0xbad },
    { "loop: goto loop", GDBX_AX_TOO_LONG, 0xbad },
    { "loop: const8 1; if_goto loop; end", GDBX_AX_TOO_LONG, 0xbad },
    { "loop: const8 0; dup; printf 0 'x'; goto loop", GDBX_AX_TOO_LONG, 0xbad },
};

static void check_failure(const Failure *t, const GdbxAxEnv *env)
{
    g_autoptr(GdbxAx) ax = build(t->program, NULL);
    uint64_t value = 0xdead, bad = 0xbad;
    GdbxAxStatus status;

    g_assert_nonnull(ax);
    status = gdbx_ax_eval(ax, env, &value, &bad);
    if (status != t->status || value != 0xdead || bad != t->bad) {
        g_error("%s: %s at 0x%" G_GINT64_MODIFIER "x", t->program,
                gdbx_ax_status_text(status), bad);
    }
    g_assert_cmpint(gdbx_ax_eval(ax, env, NULL, NULL), ==, t->status);
}

static void test_failures(void)
{
    g_autoptr(Guest) g = guest_new();
    GdbxAxEnv env = guest_env(g);

    for (unsigned i = 0; i < G_N_ELEMENTS(err_evaluations); i++) {
        check_failure(&err_evaluations[i], &env);
    }
}

static void test_no_callbacks(void)
{
    static const Failure none[] = {
        { "const16 0x1000; ref8; end", GDBX_AX_BAD_MEMORY, 0x1000 },
        { "reg 0; end", GDBX_AX_BAD_REGISTER, 0 },
        { "getv 1; end", GDBX_AX_NO_VARIABLE, 0xbad },
        { "const8 1; setv 1; end", GDBX_AX_NO_VARIABLE, 0xbad },
    };
    GdbxAxEnv env = { NULL };
    g_autoptr(GdbxAx) print = build("const16 0x1000; const8 0; const8 0;"
                                    "printf 1 '%s'; end", NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(none); i++) {
        check_failure(&none[i], &env);
    }
    g_assert_cmpint(gdbx_ax_eval(print, &env, NULL, NULL), ==, GDBX_AX_OK);
}

/* A loop of six instructions, TURNS times: all but the last jump back. */
static GdbxAxStatus loop_of(int turns)
{
    g_autofree char *program = g_strdup_printf(
        "const16 %d; loop: const8 1; sub; dup; pop; dup; if_goto loop; end",
        turns);
    g_autoptr(GdbxAx) ax = build(program, NULL);
    GdbxAxEnv env = { NULL };

    return gdbx_ax_eval(ax, &env, NULL, NULL);
}

/* The bound is the documented one, to the instruction. */
static void test_loop_bound(void)
{
    int back = GDBX_AX_MAX_LOOP / 6;

    g_assert_cmpint(loop_of(back + 1), ==, GDBX_AX_OK);
    g_assert_cmpint(loop_of(back + 2), ==, GDBX_AX_TOO_LONG);
}

/* printf */

typedef struct Print {
    const char *args;       /* pushed, last first, as gdb does */
    const char *call;
    const char *text;
} Print;

static const Print ok_prints[] = {
    { "", "printf 0 'plain'", "plain" },
    { "", "printf 0 ''", "" },
    { "", "printf 0 '100%%'", "100%" },
    { "", "printf 0 'a\\nb\\t\\\\\\\"\\e[m\\a'", "a\nb\t\\\"\033[m\a" },
    { "const8 2; const8 1;", "printf 2 '%d %d'", "1 2" },
    { "const32 0xfffffffd;", "printf 1 '%d'", "-3" },
    { "const64 0x1fffffffd;", "printf 1 '%i'", "-3" },
    { "const64 0x1fffffffd;", "printf 1 '%u'", "4294967293" },
    { "const64 0x1fffffffd;", "printf 1 '%ld'", "8589934589" },
    { "const64 0x1fffffffd;", "printf 1 '%lld'", "8589934589" },
    { "const64 0x1fffffffd;", "printf 1 '%hd'", "-3" },
    { "const64 0x1fffffffd;", "printf 1 '%hhu'", "253" },
    { "const64 0xffffffffffffffff;", "printf 1 '%zu'", "18446744073709551615" },
    { "const64 0xffffffffffffffff;", "printf 1 '%jx'", "ffffffffffffffff" },
    { "const64 0x8000000000000000;", "printf 1 '%ld'", "-9223372036854775808" },
    { "const8 10;", "printf 1 '[%5d|'", "[   10|" },
    { "const8 10;", "printf 1 '[%-5d|'", "[10   |" },
    { "const8 10;", "printf 1 '[%05d|'", "[00010|" },
    { "const8 10;", "printf 1 '[%+.4d|'", "[+0010|" },
    { "const8 10;", "printf 1 '[% d|'", "[ 10|" },
    { "const8 10;", "printf 1 '%#x %%'", "0xa %" },
    { "const8 10;", "printf 1 '%X'", "A" },
    { "const8 10;", "printf 1 '%o'", "12" },
    { "const8 65;", "printf 1 '%c'", "A" },
    { "const8 65;", "printf 1 '[%3c]'", "[  A]" },
    { "const16 0x1234;", "printf 1 '%p'", "0x1234" },
    { "const8 0;", "printf 1 '%p'", "(nil)" },
    { "const16 0x1100;", "printf 1 '<%s>'", "<hello, guest>" },
    { "const16 0x1100;", "printf 1 '<%.5s>'", "<hello>" },
    { "const16 0x1100;", "printf 1 '<%15s>'", "<   hello, guest>" },
    { "const16 0x1100;", "printf 1 '<%-15s>'", "<hello, guest   >" },
    { "const16 0x1100;", "printf 1 '<%.0s>'", "<>" },
    { "const16 0x110c;", "printf 1 '<%s>'", "<>" },
    { "const8 0;", "printf 1 '<%s>'", "<(null)>" },
    { "const8 16;", "printf 1 '<%s>'", "<<error: address 0x10>>" },
    { "const16 0x1ff8;", "printf 1 '<%s>'", "<<error: address 0x1ff8>>" },
    { "const16 0x1ff8;", "printf 1 '<%.8s>'", "<zzzzzzzz>" },
    { "const8 3; const16 0x1100; const8 1;", "printf 3 '%d %s %d'",
      "1 hello, guest 3" },
};

/* Run PROGRAM for its output. */
static GString *printed(const char *program)
{
    g_autoptr(Guest) g = guest_new();
    GdbxAxEnv env = guest_env(g);
    g_autofree char *reason = NULL;
    g_autoptr(GdbxAx) ax = build(program, &reason);
    uint64_t value;
    GdbxAxStatus status;

    if (!ax) {
        g_error("%s: %s", program, reason);
    }
    status = gdbx_ax_eval(ax, &env, &value, NULL);
    g_assert_cmpint(status, ==, GDBX_AX_OK);
    g_assert_cmpint(value, ==, 0);
    return g_string_new_len(g->printed->str, g->printed->len);
}

static void test_printf(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ok_prints); i++) {
        const Print *t = &ok_prints[i];
        g_autofree char *program = g_strdup_printf(
            "%s const8 0; const8 0; %s; end", t->args, t->call);
        g_autoptr(GString) text = printed(program);

        g_assert_cmpstr(text->str, ==, t->text);
    }
}

static void test_printf_bytes(void)
{
    g_autoptr(GString) nul = printed("const8 0; const8 0; const8 0;"
                                     "printf 1 'a%cb'; end");
    g_autoptr(GString) lots = printed(
        "const8 1; dup; dup; const8 0; const8 0;"
        "printf 3 '%999d%999d%999d'; end");

    g_assert_cmpmem(nul->str, nul->len, "a\0b", 3);
    g_assert_cmpuint(lots->len, ==, GDBX_AX_MAX_PRINT);
}

/* N times "printf": the last status. */
static GdbxAxStatus prints_of(unsigned n)
{
    g_autoptr(GByteArray) code = g_byte_array_new();
    g_autoptr(GdbxAx) ax = NULL;
    GdbxAxEnv env = { NULL };

    append_times(code, "const8 0; const8 0; printf 0 'x'", n);
    append_times(code, "end", 1);
    ax = gdbx_ax_new(code->data, code->len, NULL);
    return gdbx_ax_eval(ax, &env, NULL, NULL);
}

static void test_printf_bound(void)
{
    g_assert_cmpint(prints_of(GDBX_AX_MAX_PRINTS), ==, GDBX_AX_OK);
    g_assert_cmpint(prints_of(GDBX_AX_MAX_PRINTS + 1), ==, GDBX_AX_TOO_LONG);
}

/* Strings over many chunks, at all alignments, and without an end. */
static void test_printf_long_string(void)
{
    g_autoptr(Guest) g = guest_new();
    GdbxAxEnv env = guest_env(g);
    g_autoptr(GdbxAx) ax = build("reg 0; const8 0; const8 0;"
                                 "printf 1 '%s'; end", NULL);
    const char *text = (const char *)g->page + 0x200;

    for (unsigned i = 0; i < 2000; i++) {
        g->page[0x200 + i] = 'a' + i % 26;
    }
    for (unsigned i = 1930; i < 2000; i++) {
        g->regs[0] = BASE + 0x200 + i;
        g_string_truncate(g->printed, 0);
        g_assert_cmpint(gdbx_ax_eval(ax, &env, NULL, NULL), ==, GDBX_AX_OK);
        g_assert_cmpstr(g->printed->str, ==, text + i);
    }
    g->regs[0] = BASE + 0x20b;
    g_string_truncate(g->printed, 0);
    g_assert_cmpint(gdbx_ax_eval(ax, &env, NULL, NULL), ==, GDBX_AX_OK);
    g_assert_cmpmem(g->printed->str, g->printed->len, text + 11,
                    GDBX_AX_MAX_STRING);
}

/* A string is read up to its end, never the page behind. */
static void test_printf_stops_at_nul(void)
{
    g_autoptr(Guest) g = guest_new();
    GdbxAxEnv env = guest_env(g);
    g_autoptr(GdbxAx) ax = build("const16 0x1ff8; const8 0; const8 0;"
                                 "printf 1 '%s'; end", NULL);

    g->page[0xfff] = 0;
    g_assert_cmpint(gdbx_ax_eval(ax, &env, NULL, NULL), ==, GDBX_AX_OK);
    g_assert_cmpstr(g->printed->str, ==, "zzzzzzz");
    g_assert_cmpuint(g->reads, ==, 1);
}

/* Negative control: a status that is not the right one must not pass. */
static void test_control(void)
{
    if (g_test_subprocess()) {
        const Failure wrong = { "const8 1; end", GDBX_AX_DIV_ZERO, 0xbad };
        const GdbxAxEnv env = { NULL };

        check_failure(&wrong, &env);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*const8 1; end: no error*");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ax-run/failures", test_failures);
    g_test_add_func("/ax-run/no-callbacks", test_no_callbacks);
    g_test_add_func("/ax-run/loop-bound", test_loop_bound);
    g_test_add_func("/ax-run/printf", test_printf);
    g_test_add_func("/ax-run/printf-bytes", test_printf_bytes);
    g_test_add_func("/ax-run/printf-bound", test_printf_bound);
    g_test_add_func("/ax-run/printf-long-string", test_printf_long_string);
    g_test_add_func("/ax-run/printf-stops-at-nul", test_printf_stops_at_nul);
    g_test_add_func("/ax-run/control", test_control);
    return g_test_run();
}
