/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent expressions: what runs, what is refused, what fails when it runs. */
#include <string.h>

#include "ax-asm.h"
#include "gdbstub/gdbx/ax.h"

/* A guest of one page, four registers and one trace state variable. */
#define BASE 0x1000

typedef struct Guest {
    uint8_t page[4096];
    uint64_t regs[4];
    int64_t variable;
    GString *printed;
    unsigned reads;
} Guest;

static bool guest_reg(void *opaque, unsigned regno, uint64_t *value)
{
    Guest *g = opaque;

    if (regno >= G_N_ELEMENTS(g->regs)) {
        return false;
    }
    *value = g->regs[regno];
    return true;
}

static bool guest_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
    Guest *g = opaque;

    g->reads++;
    if (addr < BASE || addr - BASE > sizeof(g->page) ||
        len > sizeof(g->page) - (addr - BASE)) {
        return false;
    }
    memcpy(buf, g->page + (addr - BASE), len);
    return true;
}

static void guest_print(void *opaque, const char *text, size_t len)
{
    g_string_append_len(((Guest *)opaque)->printed, text, len);
}

static bool guest_getv(void *opaque, unsigned number, int64_t *value)
{
    if (number == 1) {
        *value = ((Guest *)opaque)->variable;
    }
    return number == 1;
}

static bool guest_setv(void *opaque, unsigned number, int64_t value)
{
    if (number == 1) {
        ((Guest *)opaque)->variable = value;
    }
    return number == 1;
}

static Guest *guest_new(void)
{
    static const uint8_t bytes[] = {
        0xfd, 0xff, 0xff, 0xff, 0x44, 0x33, 0x22, 0x11, 0x80,
    };
    Guest *g = g_new0(Guest, 1);

    memcpy(g->page, bytes, sizeof(bytes));
    strcpy((char *)g->page + 0x100, "hello, guest");
    memset(g->page + 0xff0, 'z', 16);
    g->regs[2] = 0x1008;
    g->regs[3] = UINT64_MAX;
    g->variable = -5;
    g->printed = g_string_new(NULL);
    return g;
}

static void guest_free(Guest *g)
{
    g_string_free(g->printed, TRUE);
    g_free(g);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)

static GdbxAxEnv guest_env(Guest *g)
{
    return (GdbxAxEnv) {
        guest_reg, guest_mem, guest_print, guest_getv, guest_setv, g
    };
}

static GdbxAx *build(const char *program, char **reason)
{
    g_autoptr(GByteArray) code = ax_asm(program);

    return gdbx_ax_new(code->data, code->len, reason);
}

/* Values */

typedef struct Value {
    const char *program;
    uint64_t value;
} Value;

#define BIN(op, a, b, v) { "const64 " #a "; const64 " #b "; " op "; end", v }
#define MIN64 0x8000000000000000

static const Value ok_values[] = {
    BIN("add", 5, 3, 8),
    BIN("add", 0xffffffffffffffff, 2, 1),
    BIN("sub", 3, 5, -2),
    BIN("mul", 0xffffffffffffffff, 7, -7),
    BIN("div_signed", 0xfffffffffffffff9, 2, -3),
    BIN("div_signed", 0x8000000000000000, 0xffffffffffffffff, MIN64),
    BIN("div_unsigned", 0xfffffffffffffff9, 2, 0x7ffffffffffffffc),
    BIN("rem_signed", 0xfffffffffffffff9, 2, -1),
    BIN("rem_signed", 0x8000000000000000, 0xffffffffffffffff, 0),
    BIN("rem_unsigned", 0xfffffffffffffff9, 10, 9),
    BIN("lsh", 1, 63, MIN64),
    BIN("lsh", 1, 64, 0),
    BIN("lsh", 1, 0xffffffffffffffff, 0),
    BIN("rsh_signed", 0x8000000000000000, 63, -1),
    BIN("rsh_signed", 0x8000000000000000, 200, -1),
    BIN("rsh_unsigned", 0x8000000000000000, 63, 1),
    BIN("rsh_unsigned", 0x8000000000000000, 64, 0),
    BIN("bit_and", 0xf0f0, 0xff00, 0xf000),
    BIN("bit_or", 0xf0f0, 0xff00, 0xfff0),
    BIN("bit_xor", 0xf0f0, 0xff00, 0x0ff0),
    BIN("equal", 7, 7, 1),
    BIN("equal", 7, 8, 0),
    BIN("less_signed", 0xffffffffffffffff, 0, 1),
    BIN("less_signed", 0, 0, 0),
    BIN("less_unsigned", 0xffffffffffffffff, 0, 0),
    BIN("less_unsigned", 1, 2, 1),
    { "const8 0; log_not; end", 1 },
    { "const64 0x100000000; log_not; end", 0 },
    { "const8 0; bit_not; end", UINT64_MAX },
    { "const8 0xff; end", 0xff },
    { "const16 0xfffe; end", 0xfffe },
    { "const32 0xfffffffd; end", 0xfffffffd },
    { "const8 0x80; ext 8; end", -128 },
    { "const8 0x7f; ext 8; end", 127 },
    { "const8 0x04; ext 3; end", -4 },
    { "const8 5; ext 64; end", 5 },
    { "const8 1; ext 1; end", -1 },
    { "const64 0xffffffffffffffff; zero_ext 1; end", 1 },
    { "const64 0xffffffffffffffff; zero_ext 64; end", -1 },
    { "const64 0x123456789; zero_ext 32; end", 0x23456789 },
    { "const16 0x1000; ref8; end", 0xfd },
    { "const16 0x1000; ref16; end", 0xfffd },
    { "const16 0x1000; ref32; ext 32; end", -3 },
    { "const16 0x1000; ref64; end", 0x11223344fffffffd },
    { "const16 0x1ff8; ref64; end", 0x7a7a7a7a7a7a7a7a },
    { "reg 2; ref8; ext 8; end", -128 },
    { "reg 3; end", UINT64_MAX },
    { "end", 0 },
    { "const8 9; pop; end", 0 },
    { "const8 1; const8 2; end", 2 },
    { "const8 6; dup; mul; end", 36 },
    { "const8 1; const8 2; swap; sub; end", 1 },
    { "const8 1; const8 2; const8 3; pick 0; end", 3 },
    { "const8 1; const8 2; const8 3; pick 2; end", 1 },
    { "const8 1; const8 2; const8 3; rot; end", 2 },
    { "const8 1; const8 2; const8 3; rot; pop; end", 1 },
    { "const8 1; const8 2; const8 3; rot; pop; pop; end", 3 },
    { "getv 1; end", -5 },
    { "getv 1; tracev 1; const8 3; add; setv 1; getv 1; equal; end", 1 },
    { "const8 7; const16 0x1000; const8 4; trace; end", 7 },
    { "const8 7; const16 0x1000; const8 4; tracenz; end", 7 },
    { "const8 7; trace_quick 4; end", 7 },
    { "const8 7; trace16 4; end", 7 },
    { "const8 1; if_goto yes; const8 2; goto out; yes: const8 3; out: end", 3 },
    { "const8 0; if_goto yes; const8 2; goto out; yes: const8 3; out: end", 2 },
    /* 100 + 99 + ... + 1 */
    { "const8 0; const8 100; loop: dup; rot; add; swap; const8 1; sub;"
      "dup; if_goto loop; pop; end", 5050 },
    { "goto out; pop; pop; out: const8 4; end", 4 },
    { "const64 0x1000; ref32; ext 32; const8 5; equal; end", 0 },
};

static void check_value(const Value *t)
{
    g_autoptr(Guest) g = guest_new();
    GdbxAxEnv env = guest_env(g);
    g_autofree char *reason = NULL;
    g_autoptr(GdbxAx) ax = build(t->program, &reason);
    GdbxAxStatus status;
    uint64_t value = 0xdead;

    if (!ax) {
        g_error("%s: refused: %s", t->program, reason);
    }
    status = gdbx_ax_eval(ax, &env, &value, NULL);
    if (status != GDBX_AX_OK || value != t->value) {
        g_error("%s: %s, 0x%" G_GINT64_MODIFIER "x, not 0x%"
                G_GINT64_MODIFIER "x", t->program,
                gdbx_ax_status_text(status), value, t->value);
    }
}

static void test_values(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(ok_values); i++) {
        check_value(&ok_values[i]);
    }
}

/* Every instruction of the manual's integer set occurs in the table above. */
static void test_values_cover(void)
{
    static const char *const names[] = {
        "add", "sub", "mul", "div_signed", "div_unsigned", "rem_signed",
        "rem_unsigned", "lsh", "rsh_signed", "rsh_unsigned", "trace",
        "trace_quick", "log_not", "bit_and", "bit_or", "bit_xor", "bit_not",
        "equal", "less_signed", "less_unsigned", "ext", "ref8", "ref16",
        "ref32", "ref64", "if_goto", "goto", "const8", "const16", "const32",
        "const64", "reg", "end", "dup", "pop", "zero_ext", "swap", "getv",
        "setv", "tracev", "tracenz", "trace16", "pick", "rot",
    };
    g_autoptr(GString) all = g_string_new(" ");

    for (unsigned i = 0; i < G_N_ELEMENTS(ok_values); i++) {
        g_string_append_printf(all, "%s ; ", ok_values[i].program);
    }
    g_string_replace(all, ";", " ; ", 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *word = g_strdup_printf(" %s ", names[i]);

        if (!strstr(all->str, word)) {
            g_error("no test of %s", names[i]);
        }
    }
}

/* Refusals */

typedef struct Refusal {
    const char *program;
    const char *reason;     /* part of it */
} Refusal;

static const Refusal err_programs[] = {
    { "", "0 bytes" },
    { "float; end", "0x01" },
    { "const8 0; ref_float; end", "0x1b" },
    { "const8 0; ref_double; end", "0x1c" },
    { "const8 0; ref_long_double; end", "0x1d" },
    { "const8 0; l_to_d; end", "0x1e" },
    { "const8 0; d_to_l; end", "0x1f" },
    { "byte 0; end", "0x00" },
    { "byte 0x31; end", "0x31" },
    { "byte 0x35; end", "0x35" },
    { "byte 0xff; end", "0xff" },
    { "byte 0x22", "cut off" },
    { "byte 0x25; byte 1; byte 2; byte 3; byte 4; byte 5; byte 6; byte 7",
      "cut off" },
    { "byte 0x34; byte 0; byte 0", "cut off" },
    { "const8 5", "without \"end\"" },
    { "const8 5; if_goto out; out: const8 1", "without \"end\"" },
    { "add; end", "stack holds only 0" },
    { "const8 1; add; end", "stack holds only 1" },
    { "pop; end", "stack holds only 0" },
    { "const8 1; swap; end", "stack holds only 1" },
    { "const8 1; const8 2; rot; end", "stack holds only 2" },
    { "const8 1; pick 1; end", "stack holds only 1" },
    { "const8 1; pick 255; end", "stack holds only 1" },
    { "trace; end", "stack holds only 0" },
    { "if_goto out; out: end", "stack holds only 0" },
    { "ext 8; end", "stack holds only 0" },
    { "const8 0; ext 0; end", "0 bits" },
    { "const8 0; ext 65; end", "65 bits" },
    { "const8 0; zero_ext 0; end", "0 bits" },
    { "const8 0; zero_ext 255; end", "255 bits" },
    { "goto 1; end", "no instruction starts at 1" },
    { "goto 9; end", "no instruction starts at 9" },
    { "goto 0xffff; end", "no instruction starts at 65535" },
    { "const8 1; if_goto 1; end", "no instruction starts at 1" },
    { "const8 1; if_goto x; const8 1; x: end", "stack of" },
    { "loop: const8 1; goto loop; end", "stack of" },
    { "const8 0; const8 0; printf 1 '%d'; end", "stack holds only 2" },
    { "const8 0; const8 0; printf 1 'none'; end", "wants 0 arguments" },
    { "const8 0; const8 0; printf 0 '%d'; end", "wants 1 arguments" },
    { "const8 0; const8 0; printf 0 '%f'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%n'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%*d'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%1$d'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%ls'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%Ld'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%-'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%l'; end", "conversion" },
    { "const8 0; const8 0; printf 0 '%05s'; end", "flag" },
    { "const8 0; const8 0; printf 0 '%.3c'; end", "flag" },
    { "const8 0; const8 0; printf 0 '%#p'; end", "flag" },
    { "const8 0; const8 0; printf 0 '%1000d'; end", "exceeds" },
    { "const8 0; const8 0; printf 0 '%.99999999999d'; end", "exceeds" },
    { "const8 0; const8 0; printf 0 '\\q'; end", "escape" },
    { "const8 0; const8 0; printf 0 '\\101'; end", "escape" },
    { "const8 0; const8 0; printf 0 '\\'; end", "escape" },
    /* Length 0, longer than the code, no NUL, NUL inside. */
    { "const8 0; const8 0; byte 0x34; byte 0; byte 0; byte 0; end",
      "not terminated" },
    { "const8 0; const8 0; byte 0x34; byte 0; byte 0; byte 9; byte 0; end",
      "not terminated" },
    { "const8 0; const8 0; byte 0x34; byte 0; byte 0; byte 1; byte 65; end",
      "not terminated" },
    { "const8 0; const8 0; byte 0x34; byte 0; byte 0; byte 3; byte 65; byte 0;"
      "byte 0; end", "not terminated" },
};

static void test_refusals(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(err_programs); i++) {
        const Refusal *t = &err_programs[i];
        g_autofree char *reason = NULL;
        g_autoptr(GdbxAx) ax = build(t->program, &reason);

        if (ax || !reason || !strstr(reason, t->reason) ||
            strchr(reason, '\n')) {
            g_error("%s: %s, not %s", t->program,
                    ax ? "accepted" : reason, t->reason);
        }
        ax = build(t->program, NULL);
        g_assert_null(ax);
    }
}

static void append_times(GByteArray *code, const char *program, unsigned times)
{
    g_autoptr(GByteArray) part = ax_asm(program);

    while (times--) {
        g_byte_array_append(code, part->data, part->len);
    }
}

/* "const8 1" N times, then "end": is it verified? */
static bool stack_of(unsigned n)
{
    g_autoptr(GByteArray) code = g_byte_array_new();
    g_autoptr(GdbxAx) ax = NULL;

    append_times(code, "const8 1", n);
    append_times(code, "end", 1);
    ax = gdbx_ax_new(code->data, code->len, NULL);
    return ax;
}

static void test_stack_bound(void)
{
    g_assert_true(stack_of(GDBX_AX_MAX_STACK));
    g_assert_false(stack_of(GDBX_AX_MAX_STACK + 1));
}

static void test_length_bound(void)
{
    g_autoptr(GByteArray) code = g_byte_array_new();
    g_autoptr(GdbxAx) longest = NULL;
    g_autoptr(GdbxAx) longer = NULL;

    append_times(code, "end", GDBX_AX_MAX_CODE);
    longest = gdbx_ax_new(code->data, code->len, NULL);
    g_assert_nonnull(longest);
    append_times(code, "end", 1);
    longer = gdbx_ax_new(code->data, code->len, NULL);
    g_assert_null(longer);
}

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

/* The rest */

static void test_equal(void)
{
    g_autoptr(GdbxAx) a = build("const8 1; end", NULL);
    g_autoptr(GdbxAx) b = build("const8 1; end", NULL);
    g_autoptr(GdbxAx) c = build("const8 2; end", NULL);
    g_autoptr(GdbxAx) d = build("const8 1; end; end", NULL);

    g_assert_true(gdbx_ax_equal(a, a));
    g_assert_true(gdbx_ax_equal(a, b));
    g_assert_false(gdbx_ax_equal(a, c));
    g_assert_false(gdbx_ax_equal(a, d));
    g_assert_false(gdbx_ax_equal(a, NULL));
    g_assert_true(gdbx_ax_equal(NULL, NULL));
    gdbx_ax_free(NULL);
}

static void test_disassemble(void)
{
    g_autoptr(GdbxAx) ax = build(
        "const64 93824992247824; ref32; ext 32; dup; const8 0; const8 0;"
        "printf 1 'i=%d\\n'; if_goto 30; end", NULL);
    g_autoptr(GString) text = g_string_new(NULL);

    g_assert_null(ax);      /* 30 is inside: the line below is the right one */
    ax = build("const64 93824992247824; ref32; ext 32; dup; const8 0; const8 0;"
               "printf 1 'i=%d\\n'; if_goto out; out: end", NULL);
    gdbx_ax_disassemble(ax, text);
    g_assert_cmpstr(text->str, ==,
                    "  0  const64 93824992247824\n"
                    "  9  ref32\n"
                    " 10  ext 32\n"
                    " 12  dup\n"
                    " 13  const8 0\n"
                    " 15  const8 0\n"
                    " 17  printf \"i=%d\\n\", 1 args\n"
                    " 28  if_goto 31\n"
                    " 31  end\n");
}

static void test_status_text(void)
{
    for (int i = GDBX_AX_OK; i <= GDBX_AX_NO_VARIABLE; i++) {
        g_assert_cmpstr(gdbx_ax_status_text(i), !=, "unknown");
    }
    g_assert_cmpstr(gdbx_ax_status_text(GDBX_AX_NO_VARIABLE + 1), ==,
                    "unknown");
}

/* Negative control: a table row with a wrong value must not pass. */
static void test_control(void)
{
    if (g_test_subprocess()) {
        const Value wrong = { "const8 5; const8 3; sub; end", 3 };

        check_value(&wrong);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
    g_test_trap_assert_stderr("*const8 5; const8 3; sub; end: no error*");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ax/values", test_values);
    g_test_add_func("/ax/values-cover-every-opcode", test_values_cover);
    g_test_add_func("/ax/refusals", test_refusals);
    g_test_add_func("/ax/stack-bound", test_stack_bound);
    g_test_add_func("/ax/length-bound", test_length_bound);
    g_test_add_func("/ax/failures", test_failures);
    g_test_add_func("/ax/no-callbacks", test_no_callbacks);
    g_test_add_func("/ax/loop-bound", test_loop_bound);
    g_test_add_func("/ax/printf", test_printf);
    g_test_add_func("/ax/printf-bytes", test_printf_bytes);
    g_test_add_func("/ax/printf-stops-at-nul", test_printf_stops_at_nul);
    g_test_add_func("/ax/equal", test_equal);
    g_test_add_func("/ax/disassemble", test_disassemble);
    g_test_add_func("/ax/status-text", test_status_text);
    g_test_add_func("/ax/control", test_control);
    return g_test_run();
}
