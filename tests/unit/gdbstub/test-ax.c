/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent expressions: what they are worth, and which ones are refused. */
#include <string.h>

#include "ax-guest.h"

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
    BIN("less_unsigned", 2, 2, 0),
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
    { "const8 3; const8 6; dup; add; add; end", 15 },
    { "const8 1; const8 2; swap; sub; end", 1 },
    { "const8 1; const8 2; const8 3; pick 0; end", 3 },
    { "const8 1; const8 2; const8 3; pick 2; end", 1 },
    { "const8 1; const8 2; const8 3; pick 2; add; end", 4 },
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
    { "const8 0; const8 0; printf 0 '%-05s'; end", "flag" },
    { "const8 0; const8 0; printf 0 '%.3c'; end", "flag" },
    { "const8 0; const8 0; printf 0 '%.0p'; end", "flag" },
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

/*
 * What each instruction does to the stack, as the manual draws it.  With one
 * value less it is refused; behind it there is what it leaves and no more.
 */
static const struct {
    const char *insn;
    unsigned pops, pushes;
} stack_effects[] = {
    { "add", 2, 1 }, { "sub", 2, 1 }, { "mul", 2, 1 }, { "div_signed", 2, 1 },
    { "div_unsigned", 2, 1 }, { "rem_signed", 2, 1 }, { "rem_unsigned", 2, 1 },
    { "lsh", 2, 1 }, { "rsh_signed", 2, 1 }, { "rsh_unsigned", 2, 1 },
    { "trace", 2, 0 }, { "trace_quick 1", 1, 1 }, { "log_not", 1, 1 },
    { "bit_and", 2, 1 }, { "bit_or", 2, 1 }, { "bit_xor", 2, 1 },
    { "bit_not", 1, 1 }, { "equal", 2, 1 }, { "less_signed", 2, 1 },
    { "less_unsigned", 2, 1 }, { "ext 1", 1, 1 }, { "ref8", 1, 1 },
    { "ref16", 1, 1 }, { "ref32", 1, 1 }, { "ref64", 1, 1 },
    { "if_goto x; x:", 1, 0 }, { "goto x; x:", 0, 0 }, { "const8 1", 0, 1 },
    { "const16 1", 0, 1 }, { "const32 1", 0, 1 }, { "const64 1", 0, 1 },
    { "reg 1", 0, 1 }, { "dup", 1, 2 }, { "pop", 1, 0 },
    { "zero_ext 1", 1, 1 }, { "swap", 2, 2 }, { "getv 1", 0, 1 },
    { "setv 1", 1, 1 }, { "tracev 1", 0, 0 }, { "tracenz", 2, 0 },
    { "trace16 1", 1, 1 }, { "pick 0", 1, 2 }, { "pick 2", 3, 4 },
    { "rot", 3, 3 }, { "printf 0 'x'", 2, 0 }, { "printf 2 '%d%d'", 4, 0 },
};

/* BEFORE values, INSN, AFTER pops: verified? */
static bool fits(unsigned before, const char *insn, unsigned after)
{
    g_autoptr(GString) program = g_string_new(NULL);
    g_autoptr(GdbxAx) ax = NULL;

    while (before--) {
        g_string_append(program, "const8 1;");
    }
    g_string_append_printf(program, "%s;", insn);
    while (after--) {
        g_string_append(program, "pop;");
    }
    g_string_append(program, "end");
    ax = build(program->str, NULL);
    return ax;
}

static void test_stack_effects(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(stack_effects); i++) {
        const char *insn = stack_effects[i].insn;
        unsigned pops = stack_effects[i].pops;
        unsigned pushes = stack_effects[i].pushes;

        if (!fits(pops, insn, pushes) || fits(pops, insn, pushes + 1) ||
            (pops && fits(pops - 1, insn, 0)) ||
            !fits(GDBX_AX_MAX_STACK - pushes, insn, 0) ||
            (pushes > pops && fits(GDBX_AX_MAX_STACK, insn, 0))) {
            g_error("wrong effect on the stack: %s", insn);
        }
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
    g_test_add_func("/ax/stack-effects", test_stack_effects);
    g_test_add_func("/ax/stack-bound", test_stack_bound);
    g_test_add_func("/ax/length-bound", test_length_bound);
    g_test_add_func("/ax/equal", test_equal);
    g_test_add_func("/ax/disassemble", test_disassemble);
    g_test_add_func("/ax/status-text", test_status_text);
    g_test_add_func("/ax/control", test_control);
    return g_test_run();
}
