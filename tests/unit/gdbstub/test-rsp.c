/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet pieces: what is understood, and what is refused without a trace. */
#include <string.h>

#include "gdbstub/gdbx/rsp.h"

/* Numbers */

static void test_hex(void)
{
    static const struct {
        const char *text;
        uint64_t value;
        const char *rest;
    } ok[] = {
        { "0", 0, "" }, { "1f", 0x1f, "" }, { "aBcD,", 0xabcd, "," },
        { "ffffffffffffffff;", UINT64_MAX, ";" },
        { "0000000000000000000012", 0x12, "" }, { "12g", 0x12, "g" },
    };
    static const char *const err[] = {
        "", "g", "-1", " 1", "+1", "10000000000000000", "x10", ",",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ok); i++) {
        const char *p = ok[i].text;
        uint64_t v;

        g_assert_true(gdbx_parse_hex(&p, &v));
        g_assert_cmpuint(v, ==, ok[i].value);
        g_assert_cmpstr(p, ==, ok[i].rest);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(err); i++) {
        const char *p = err[i];
        uint64_t v = 0xdead;

        g_assert_false(gdbx_parse_hex(&p, &v));
        g_assert_true(p == err[i] && v == 0xdead);
    }
}

static void test_hex_bytes(void)
{
    static const char *const err[] = {
        "", "0", "0g", "g0", "00 0", "-1", "0x",
    };
    g_autoptr(GString) text = g_string_new("<");
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    gdbx_append_hex(text, "\x00\x7f\xff", 3);
    gdbx_append_hex(text, "", 0);
    g_assert_cmpstr(text->str, ==, "<007fff");

    g_assert_true(gdbx_unhex("41", 1, bytes));
    g_assert_true(gdbx_unhex("", 0, bytes));
    g_assert_true(gdbx_unhex("fF00;rest", 2, bytes));
    g_assert_cmpmem(bytes->data, bytes->len, "A\xff\0", 3);
    for (unsigned i = 0; i < G_N_ELEMENTS(err); i++) {
        g_assert_false(gdbx_unhex(err[i], 1 + (i == 4), bytes));
        g_assert_cmpuint(bytes->len, ==, 3);
    }
    /* A count that promises more than there is must not be believed. */
    g_assert_false(gdbx_unhex("4142", G_MAXSIZE / 2, bytes));
}

/* Thread ids */

static void test_tid(void)
{
    static const struct {
        const char *text;
        int64_t pid, tid;
        const char *rest;
    } ok[] = {
        { "p1.2", 1, 2, "" }, { "pc8.c9;c", 0xc8, 0xc9, ";c" },
        { "p1", 1, -1, "" }, { "p1.-1", 1, -1, "" }, { "p-1", -1, -1, "" },
        { "p-1.-1,", -1, -1, "," }, { "p0.0", 0, 0, "" }, { "p1.0", 1, 0, "" },
        { "-1", -1, -1, "" }, { "0", 0, 0, "" }, { "1f:", 0, 0x1f, ":" },
        { "p7fffffffffffffff.7fffffffffffffff", INT64_MAX, INT64_MAX, "" },
    };
    static const char *const err[] = {
        "", "p", "p.", "p1.", "p.1", "p1.p2", "px", "-", "-2", "-11", "p-2",
        "p1.-2", "p-1.5", "p-1.0", "8000000000000000", "p8000000000000000.1",
        "p1.ffffffffffffffff", "p11111111111111111", " 1", "p 1",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ok); i++) {
        const char *p = ok[i].text;
        GdbxTid id;

        g_assert_true(gdbx_parse_tid(&p, &id));
        g_assert_cmpint(id.pid, ==, ok[i].pid);
        g_assert_cmpint(id.tid, ==, ok[i].tid);
        g_assert_cmpstr(p, ==, ok[i].rest);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(err); i++) {
        const char *p = err[i];
        GdbxTid id = { 77, 88 };

        if (gdbx_parse_tid(&p, &id)) {
            g_error("accepted thread id \"%s\"", err[i]);
        }
        g_assert_true(p == err[i] && id.pid == 77 && id.tid == 88);
    }
}

static void test_append_tid(void)
{
    g_autoptr(GString) s = g_string_new(NULL);

    gdbx_append_tid(s, 0xc8, 0xc9);
    gdbx_append_tid(s, -1, -1);
    gdbx_append_tid(s, 1, -1);
    gdbx_append_tid(s, 0, 0);
    g_assert_cmpstr(s->str, ==, "pc8.c9p-1.-1p1.-1p0.0");
}

/* Binary replies */

static void test_escaped(void)
{
    g_autoptr(GString) s = g_string_new(NULL);

    gdbx_append_escaped(s, "a}b#c$d*e\0f", 11);
    g_assert_cmpmem(s->str, s->len, "a}]b}\x03" "c}\x04" "d}\ne\0f", 15);
}

static void test_parse_xfer(void)
{
    static const struct {
        const char *args, *annex;
        uint64_t offset, length;
    } ok[] = {
        { ":0,1000", "", 0, 0x1000 },
        { "target.xml:ff,fff", "target.xml", 0xff, 0xfff },
        { "page tables: of 7:10,20", "page tables: of 7", 0x10, 0x20 },
        { "::1,2", ":", 1, 2 },
        { "x:ffffffffffffffff,ffffffffffffffff", "x", UINT64_MAX, UINT64_MAX },
    };
    static const char *const err[] = {
        "", ":", ":0", ":0,", ":,0", ":0,1,", ":0,1 ", "0,1", ":-1,1",
        ":0,10000000000000000", "annex:0;1", ":0,1:", ":g,1",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ok); i++) {
        g_autofree char *annex = NULL;
        uint64_t offset, length;

        g_assert_true(gdbx_parse_xfer(ok[i].args, &annex, &offset, &length));
        g_assert_cmpstr(annex, ==, ok[i].annex);
        g_assert_cmpuint(offset, ==, ok[i].offset);
        g_assert_cmpuint(length, ==, ok[i].length);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(err); i++) {
        char *annex = NULL;
        uint64_t offset = 1, length = 2;

        g_assert_false(gdbx_parse_xfer(err[i], &annex, &offset, &length));
        g_assert_true(!annex && offset == 1 && length == 2);
    }
}

static void test_xfer_reply(void)
{
    static const struct {
        uint64_t offset, length;
        size_t max;
        const char *reply;      /* NULL: refused */
    } t[] = {
        { 0, 100, 100, "l01#34" },
        { 0, 5, 100, "l01#34" },
        { 0, 4, 100, "m01#3" },
        { 1, 2, 100, "m1#" },
        { 4, 1, 100, "l4" },
        { 5, 1, 100, "l" },
        { 0, 0, 100, "m" },
        { 6, 1, 100, NULL },
        { UINT64_MAX, UINT64_MAX, 100, NULL },
        { 1, UINT64_MAX, 100, "l1#34" },
        /* '#' becomes two bytes and must not be cut in half */
        { 0, 100, 4, "m01" },
        { 0, 100, 5, "m01#" },
        { 2, 100, 3, "m#" },
        { 2, 100, 5, "l#34" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(t); i++) {
        g_autoptr(GString) out = g_string_new(">");
        g_autoptr(GString) want = g_string_new(">");
        bool good = gdbx_xfer_reply(out, "01#34", 5, t[i].offset, t[i].length,
                                    t[i].max);

        g_assert_true(good == (t[i].reply != NULL));
        if (t[i].reply) {
            g_string_append(want, t[i].reply);
            g_string_replace(want, "#", "}\x03", 0);
        }
        g_assert_cmpstr(out->str, ==, want->str);
        g_assert_cmpuint(out->len - 1, <=, t[i].max);
    }
}

/* Whatever the window, the pieces make up the object. */
static void test_xfer_walk(void)
{
    const char object[] = "}}}}}abc$$$$$def####ghi****jkl";
    const size_t size = sizeof(object) - 1;

    for (size_t max = 3; max < 40; max++) {
        g_autoptr(GString) whole = g_string_new(NULL);
        char more = 'm';

        while (more == 'm') {
            g_autoptr(GString) out = g_string_new(NULL);

            g_assert_true(gdbx_xfer_reply(out, object, size, whole->len, 7,
                                          max));
            g_assert_cmpuint(out->len, <=, max);
            more = out->str[0];
            for (size_t i = 1; i < out->len; i++) {
                bool escape = out->str[i] == '}';

                i += escape;
                g_string_append_c(whole, out->str[i] ^ (escape ? 0x20 : 0));
            }
        }
        g_assert_cmpstr(whole->str, ==, object);
    }
}

static void test_xml(void)
{
    static const struct {
        const char *text, *xml;
    } t[] = {
        { "plain", "plain" },
        { "a<b>&\"'", "a&lt;b&gt;&amp;&quot;&apos;" },
        { "a\n\t\x1b[31m\x7f", "a???[31m?" },
        { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
        { "\xff\xfe" "a\xc3", "??a?" },             /* not UTF-8, cut off */
        { "\xed\xa0\x80|", "???|" },                /* a surrogate */
        { "\xc0\xaf|", "??|" },                     /* overlong '/' */
        { "\xef\xbf\xbe|\xef\xbf\xbf", "?|?" },     /* U+FFFE, U+FFFF */
        { "\xc2\x9b|", "?|" },                      /* C1: CSI */
        { "\xc2\x9f|\xc2\xa0~", "?|\xc2\xa0~" },
        { "\xf0\x9f\x90\x9b", "\xf0\x9f\x90\x9b" },
        { "\xf5\x80\x80\x80", "????" },             /* behind U+10FFFF */
        { "", "" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(t); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        gdbx_append_xml(out, t[i].text);
        g_assert_cmpstr(out->str, ==, t[i].xml);
    }
}

/* Z packets */

/* "%d,%x,%x persist conditions:lengths commands:lengths" in short. */
static char *z_text(const GdbxZ *z)
{
    g_autoptr(GString) s = g_string_new(NULL);

    g_string_printf(s, "%d %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER
                    "x %u %u%s", z->type, z->addr, z->kind,
                    z->conditions->len, z->commands->len,
                    z->persist ? " persist" : "");
    return g_strdup(s->str);
}

#define ONE  "X3,220127"                /* const8 1; end */
#define TWO  "X4,22020e27"              /* const8 2; log_not; end */
#define CALL "Xc,220022003400000468690027"

static void test_z(void)
{
    static const struct {
        const char *args, *text;
    } ok[] = {
        { "0,401180,1", "0 401180 1 0 0" },
        { "4,ffffffffffffffff,8", "4 ffffffffffffffff 8 0 0" },
        { "0,1,1;" ONE, "0 1 1 1 0" },
        { "1,1,1;" ONE TWO, "1 1 1 2 0" },
        { "0,1,1;" ONE ";" TWO, "0 1 1 2 0" },
        { "0,1,1;cmds:0,X3,220127", "0 1 1 0 1" },
        { "0,1,1;" ONE ";cmds:1," TWO ONE, "0 1 1 1 2 persist" },
        /* captured from gdb: "a == 3", and a dprintf */
        { "0,401180,1;X12,26000622100222dc16080219162022031327",
          "0 401180 1 1 0" },
    };
    static const char *const err[] = {
        "", "0", "0,", "0,1", "0,1,", "5,1,1", "g,1,1", "0,1,1x", "0,1,1;",
        "0,1,1;Y3,220127", "0,1,1;X", "0,1,1;X3", "0,1,1;X3,",
        "0,1,1;X3,2201", "0,1,1;X3,22012", "0,1,1;X3,22012g",
        "0,1,1;X3,2201277", "0,1,1;X2,220127", "0,1,1;X0,",
        "0,1,1;X3,220101", "0,1,1;X10000,22", "0,1,1;Xffffffffffffffff,22",
        "0,1,1;" ONE ";", "0,1,1;" ONE ",", "0,1,1;cmds:", "0,1,1;cmds:1",
        "0,1,1;cmds:1,", "0,1,1;cmds:1;" ONE, "0,1,1;" ONE "X3,220101",
        "0,1,1 ;" ONE, "0,10000000000000000,1",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ok); i++) {
        g_auto(GdbxZ) z = { 0 };
        g_autofree char *text = NULL;

        g_assert_true(gdbx_parse_z(ok[i].args, &z, NULL));
        text = z_text(&z);
        g_assert_cmpstr(text, ==, ok[i].text);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(err); i++) {
        GdbxZ z = { .type = 77 };
        g_autofree char *reason = NULL;

        if (gdbx_parse_z(err[i], &z, &reason)) {
            g_error("accepted Z%s", err[i]);
        }
        g_assert_true(z.type == 77 && !z.conditions && !z.commands);
        g_assert_true(reason && *reason && !strchr(reason, '\n'));
        g_assert_false(gdbx_parse_z(err[i], &z, NULL));
    }
}

/* The expressions arrive in order and are the ones that were sent. */
static void test_z_expressions(void)
{
    g_auto(GdbxZ) z = { 0 };
    GdbxAxEnv env = { NULL };
    uint64_t v;

    g_assert_true(gdbx_parse_z("0,1,1;" TWO ONE ";cmds:0," ONE, &z, NULL));
    gdbx_ax_eval(g_ptr_array_index(z.conditions, 0), &env, &v, NULL);
    g_assert_cmpuint(v, ==, 0);
    gdbx_ax_eval(g_ptr_array_index(z.conditions, 1), &env, &v, NULL);
    g_assert_cmpuint(v, ==, 1);
    g_assert_true(gdbx_ax_equal(g_ptr_array_index(z.conditions, 1),
                                g_ptr_array_index(z.commands, 0)));
    gdbx_z_clear(&z);
    gdbx_z_clear(&z);
    g_assert_true(!z.conditions && !z.commands && !z.addr);
}

static void test_z_bound(void)
{
    g_autoptr(GString) args = g_string_new("0,1,1;");
    g_auto(GdbxZ) z = { 0 };

    for (int i = 0; i < GDBX_RSP_MAX_EXPRS; i++) {
        g_string_append(args, ONE);
    }
    g_assert_true(gdbx_parse_z(args->str, &z, NULL));
    gdbx_z_clear(&z);
    g_string_append(args, ONE);
    g_assert_false(gdbx_parse_z(args->str, &z, NULL));
}

/* vCont */

/* All fields of all actions, in one line. */
static char *actions_text(GArray *actions)
{
    g_autoptr(GString) s = g_string_new(NULL);

    for (unsigned i = 0; i < actions->len; i++) {
        const GdbxAction *a = &g_array_index(actions, GdbxAction, i);

        g_string_append_printf(s, "%c %d", a->kind, a->sig);
        if (a->kind == 'r') {
            g_string_append_printf(s, " %" G_GINT64_MODIFIER "x-%"
                                   G_GINT64_MODIFIER "x", a->start, a->end);
        }
        if (a->has_tid) {
            g_string_append_c(s, ' ');
            gdbx_append_tid(s, a->tid.pid, a->tid.tid);
        }
        g_string_append_c(s, ';');
    }
    return g_strdup(s->str);
}

static void test_vcont(void)
{
    static const struct {
        const char *args, *text;
    } ok[] = {
        { ";c", "c 0;" },
        { ";c:p1.-1", "c 0 p1.-1;" },
        { ";s:pc8.c8;c", "s 0 pc8.c8;c 0;" },
        { ";r401000,401010:p1.1;c", "r 0 401000-401010 p1.1;c 0;" },
        { ";C0b:p1.2;c", "c 11 p1.2;c 0;" },
        { ";S05:-1", "s 5 p-1.-1;" },
        { ";t:p1.2;t", "t 0 p1.2;t 0;" },
        { ";c:0", "c 0 p0.0;" },
        { ";Cff", "c 255;" },
    };
    static const char *const err[] = {
        "", "?", "c", ";", ";;c", ";c;", ";x", ";C", ";C100", ";Cg", ";c:",
        ";c:p", ";c:p1.2.3", ";c:p1.2 ", ";c1", ";s;c:", ";r", ";r1", ";r1,",
        ";r,1", ";r1-2", ";t1", ";R1,2", ";T", ";c:p-1.5", ";c\xff",
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(ok); i++) {
        g_autoptr(GArray) actions = gdbx_parse_vcont(ok[i].args, NULL);
        g_autofree char *text = NULL;

        g_assert_nonnull(actions);
        text = actions_text(actions);
        g_assert_cmpstr(text, ==, ok[i].text);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(err); i++) {
        g_autofree char *reason = NULL;

        if (gdbx_parse_vcont(err[i], &reason)) {
            g_error("accepted vCont%s", err[i]);
        }
        g_assert_true(reason && *reason && !strchr(reason, '\n'));
        g_assert_null(gdbx_parse_vcont(err[i], NULL));
    }
}

static void test_vcont_bound(void)
{
    g_autoptr(GString) args = g_string_new(NULL);
    GArray *actions;

    for (int i = 0; i < GDBX_RSP_MAX_ACTIONS; i++) {
        g_string_append(args, ";c");
    }
    actions = gdbx_parse_vcont(args->str, NULL);
    g_assert_cmpuint(actions->len, ==, GDBX_RSP_MAX_ACTIONS);
    g_array_unref(actions);
    g_string_append(args, ";c");
    g_assert_null(gdbx_parse_vcont(args->str, NULL));
}

/* Negative control: a packet that is well formed is not "refused". */
static void test_control(void)
{
    if (g_test_subprocess()) {
        g_assert_null(gdbx_parse_vcont(";c", NULL));
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_failed();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rsp/hex", test_hex);
    g_test_add_func("/rsp/hex-bytes", test_hex_bytes);
    g_test_add_func("/rsp/tid", test_tid);
    g_test_add_func("/rsp/append-tid", test_append_tid);
    g_test_add_func("/rsp/escaped", test_escaped);
    g_test_add_func("/rsp/parse-xfer", test_parse_xfer);
    g_test_add_func("/rsp/xfer-reply", test_xfer_reply);
    g_test_add_func("/rsp/xfer-walk", test_xfer_walk);
    g_test_add_func("/rsp/xml", test_xml);
    g_test_add_func("/rsp/z", test_z);
    g_test_add_func("/rsp/z-expressions", test_z_expressions);
    g_test_add_func("/rsp/z-bound", test_z_bound);
    g_test_add_func("/rsp/vcont", test_vcont);
    g_test_add_func("/rsp/vcont-bound", test_vcont_bound);
    g_test_add_func("/rsp/control", test_control);
    return g_test_run();
}
