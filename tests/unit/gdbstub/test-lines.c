/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded text for a slow reader, and the words of a monitor line. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "gdbstub/gdbx/args.h"
#include "gdbstub/gdbx/lines.h"

#define SIZE 256

static void put(GdbxLines *l, const char *text)
{
    gdbx_lines_put(l, text, strlen(text));
}

/* All that is there, @max bytes at a time. */
static char *all(GdbxLines *l, size_t max)
{
    GString *s = g_string_new(NULL);
    char buf[512];
    size_t n;

    while ((n = gdbx_lines_take(l, buf, max))) {
        g_assert_cmpuint(n, <=, max);
        g_string_append_len(s, buf, n);
    }
    g_assert_false(gdbx_lines_any(l));
    return g_string_free(s, FALSE);
}

static void is(GdbxLines *l, const char *want)
{
    g_autofree char *got = all(l, 64);

    g_assert_cmpstr(got, ==, want);
}

static void test_order(void)
{
    GdbxLines l;

    gdbx_lines_init(&l, SIZE);
    g_assert_false(gdbx_lines_any(&l));
    for (int i = 0; i < 1000; i++) {
        /* The ring turns; no length divides it. */
        put(&l, "one\n");
        put(&l, "");
        put(&l, "and two\n");
        g_assert_true(gdbx_lines_any(&l));
        is(&l, "one\nand two\n");
    }
    gdbx_lines_deinit(&l);
}

static void test_whole_lines(void)
{
    GdbxLines l;
    char buf[65];
    size_t n;

    gdbx_lines_init(&l, SIZE);
    for (int i = 0; i < 20; i++) {
        put(&l, "0123456\n");
    }
    put(&l, "x");
    n = gdbx_lines_take(&l, buf, 65);
    g_assert_cmpuint(n, ==, 64);        /* not the beginning of the ninth */
    g_assert_cmpint(buf[63], ==, '\n');
    gdbx_lines_clear(&l);
    g_assert_false(gdbx_lines_any(&l));
    for (int i = 0; i < 200; i++) {
        put(&l, "y");
    }
    g_assert_cmpuint(gdbx_lines_take(&l, buf, 64), ==, 64);
    gdbx_lines_deinit(&l);
}

static void test_full(void)
{
    GdbxLines l;
    g_autoptr(GString) want = g_string_new(NULL);
    int kept = SIZE / 8;

    gdbx_lines_init(&l, SIZE);
    for (int i = 0; i < 100; i++) {
        put(&l, "0123456\n");
        if (i < kept) {
            g_string_append(want, "0123456\n");
        }
    }
    g_string_append_printf(want, "gdbx: %d lines dropped\n", 100 - kept);
    is(&l, want->str);
    put(&l, "again\n");
    is(&l, "again\n");
    gdbx_lines_deinit(&l);
}

/* Nothing is taken in until half is free; the gap is where it belongs. */
static void test_half(void)
{
    GdbxLines l;
    char buf[64];
    g_autofree char *rest = NULL;

    gdbx_lines_init(&l, SIZE);
    for (int i = 0; i < SIZE / 8; i++) {
        put(&l, "0123456\n");
    }
    put(&l, "lost\n");
    gdbx_lines_take(&l, buf, 64);
    put(&l, "lost too\nand this\n");
    gdbx_lines_take(&l, buf, 64);
    put(&l, "kept\n");
    rest = all(&l, 64);
    g_assert_true(g_str_has_suffix(rest, "0123456\ngdbx: 3 lines dropped\n"
                                         "kept\n"));
    gdbx_lines_deinit(&l);
}

static void test_drop(void)
{
    GdbxLines l;
    char buf[64];

    gdbx_lines_init(&l, SIZE);
    gdbx_lines_drop(&l);
    g_assert_false(gdbx_lines_any(&l));
    put(&l, "a\nb\nc");
    gdbx_lines_drop(&l);
    is(&l, "gdbx: 3 lines dropped\n");
    put(&l, "open");
    is(&l, "open");
    put(&l, "a\n");
    gdbx_lines_drop(&l);
    is(&l, "\ngdbx: 1 line dropped\n");
    /* Dropped before and behind: one sum. */
    put(&l, "a\n");
    gdbx_lines_drop(&l);
    put(&l, "b\n");
    gdbx_lines_take(&l, buf, 64);
    g_assert_true(g_str_has_prefix(buf, "gdbx: 1 line dropped\nb\n"));
    gdbx_lines_deinit(&l);
}

static void test_too_long(void)
{
    GdbxLines l;
    g_autofree char *text = g_strnfill(10 * SIZE, 'x');

    gdbx_lines_init(&l, SIZE);
    put(&l, text);
    put(&l, "b\n");
    is(&l, "gdbx: 1 line dropped\nb\n");
    gdbx_lines_deinit(&l);
}

/* Random traffic: what comes out and what is said to be lost is all. */
static void test_sum(void)
{
    GRand *rand = g_rand_new_with_seed(7);
    g_autoptr(GString) got = g_string_new(NULL);
    guint64 wanted = 0, lost;
    GdbxLines l;
    char buf[512];

    gdbx_lines_init(&l, SIZE + 13);
    for (int i = 0; i < 20000; i++) {
        if (g_rand_int_range(rand, 0, 5)) {
            g_snprintf(buf, sizeof(buf), "%d\n", i);
            put(&l, buf);
        } else if (g_rand_int_range(rand, 0, 50)) {
            g_string_append_len(got, buf, gdbx_lines_take(&l, buf,
                                g_rand_int_range(rand, 64, 200)));
            wanted++;
        } else {
            gdbx_lines_drop(&l);
            wanted++;
        }
    }
    wanted = 20000 - wanted;
    {
        g_autofree char *rest = all(&l, 64);
        g_auto(GStrv) rows = NULL;
        gint64 last = -1;

        g_string_append(got, rest);
        rows = g_strsplit(got->str, "\n", -1);
        for (char **r = rows; *r && **r; r++) {
            if (sscanf(*r, "gdbx: %" G_GUINT64_FORMAT " line", &lost) == 1) {
                wanted -= lost;
            } else {
                gint64 n = g_ascii_strtoll(*r, NULL, 10);

                g_assert_cmpint(n, >, last);
                last = n;
                wanted--;
            }
        }
    }
    g_assert_cmpuint(wanted, ==, 0);
    g_rand_free(rand);
    gdbx_lines_deinit(&l);
}

static void test_words(void)
{
    const char *p = "  one \t two\r\n";
    g_autofree char *endless = g_strnfill(1000, '7');
    const char *q = endless;
    GdbxWord word;
    uint64_t v;

    g_assert_true(gdbx_next_word(&p, word));
    g_assert_cmpstr(word, ==, "one");
    g_assert_true(gdbx_next_word(&p, word));
    g_assert_cmpstr(word, ==, "two");
    g_assert_false(gdbx_next_word(&p, word));
    g_assert_true(gdbx_next_word(&q, word));
    g_assert_cmpuint(strlen(word), ==, GDBX_WORD_MAX - 1);
    g_assert_false(gdbx_word_number(word, &v));
    g_assert_false(gdbx_next_word(&q, word));
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        uint64_t value;
    } ok[] = {
        { "0", 0 }, { "18", 18 }, { "0x1f", 31 }, { "0XFf", 255 },
        { "007", 7 }, { "18446744073709551615", UINT64_MAX },
        { "0xffffffffffffffff", UINT64_MAX },
    };
    static const char *const err[] = {
        "", "0x", "x", "1f", "-1", "+1", " 1", "1 ", "0x0x1",
        "18446744073709551616", "0x10000000000000000",
        "99999999999999999999999999",
    };
    uint64_t v;

    for (unsigned i = 0; i < G_N_ELEMENTS(ok); i++) {
        g_assert_true(gdbx_word_number(ok[i].text, &v));
        g_assert_cmpuint(v, ==, ok[i].value);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(err); i++) {
        v = 0xdead;
        g_assert_false(gdbx_word_number(err[i], &v));
        g_assert_cmpuint(v, ==, 0xdead);
    }
}

static void test_control(void)
{
    GdbxLines l;

    if (g_test_subprocess()) {
        gdbx_lines_init(&l, SIZE);
        put(&l, "a\n");
        is(&l, "b\n");
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lines/order", test_order);
    g_test_add_func("/lines/whole-lines", test_whole_lines);
    g_test_add_func("/lines/full", test_full);
    g_test_add_func("/lines/half", test_half);
    g_test_add_func("/lines/drop", test_drop);
    g_test_add_func("/lines/too-long", test_too_long);
    g_test_add_func("/lines/sum", test_sum);
    g_test_add_func("/args/words", test_words);
    g_test_add_func("/args/numbers", test_numbers);
    g_test_add_func("/lines/control", test_control);
    return g_test_run();
}
