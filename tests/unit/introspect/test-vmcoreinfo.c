/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMCOREINFO as text: what is taken, what is refused. */
#include <glib.h>
#include <string.h>
#include "vmcoreinfo.h"

static const char text[] =
    "OSRELEASE=9.9.9-forged\n"
    "BUILD-ID=0123456789abcdef\n"
    "SYMBOL(one)=ffffffff81000000\n"
    "SYMBOL(bad)=ffffffff8100000x\n"
    "SYMBOL(none)=\n"
    "SYMBOL(open=12\n"
    "NUMBER(phys_base)=-16777216\n"
    "KERNELOFFSET=1a000000\n"
    "SYMBOL(two)=c1000000";
#define LEN (sizeof(text) - 1)

static void test_values(void)
{
    char s[64] = "kept";
    uint64_t v = 7;
    int64_t n;

    g_assert_true(osi_vmcoreinfo_string(text, LEN, "OSRELEASE", s, sizeof(s)));
    g_assert_cmpstr(s, ==, "9.9.9-forged");
    g_assert_true(osi_vmcoreinfo_string(text, LEN, "OSRELEASE", s, 6));
    g_assert_cmpstr(s, ==, "9.9.9");
    g_assert_false(osi_vmcoreinfo_string(text, LEN, "RELEASE", s, sizeof(s)));
    g_assert_false(osi_vmcoreinfo_string(text, LEN, "OSRELEAS", s, sizeof(s)));
    g_assert_cmpstr(s, ==, "9.9.9");
    g_assert_false(osi_vmcoreinfo_hex(text, LEN, "SYMBOL(bad)", &v));
    g_assert_false(osi_vmcoreinfo_hex(text, LEN, "SYMBOL(none)", &v));
    g_assert_cmphex(v, ==, 7);
    g_assert_true(osi_vmcoreinfo_hex(text, LEN, "KERNELOFFSET", &v));
    g_assert_cmphex(v, ==, 0x1a000000);
    g_assert_true(osi_vmcoreinfo_hex(text, LEN, "SYMBOL(two)", &v));
    g_assert_cmphex(v, ==, 0xc1000000);
    g_assert_true(osi_vmcoreinfo_number(text, LEN, "NUMBER(phys_base)", &n));
    g_assert_cmpint(n, ==, -16777216);
}

static bool collect(void *opaque, const char *name, uint64_t address)
{
    g_string_append_printf(opaque, "%s=%" G_GINT64_MODIFIER "x ", name,
                           address);
    return true;
}

static bool first(void *opaque, const char *name, uint64_t address)
{
    collect(opaque, name, address);
    return false;
}

static void test_symbols(void)
{
    g_autoptr(GString) s = g_string_new(NULL);

    osi_vmcoreinfo_symbols(text, LEN, collect, s);
    g_assert_cmpstr(s->str, ==, "one=ffffffff81000000 two=c1000000 ");
    g_string_set_size(s, 0);
    osi_vmcoreinfo_symbols(text, LEN, first, s);
    g_assert_cmpstr(s->str, ==, "one=ffffffff81000000 ");
}

static void test_length(void)
{
    static const char page[64] = "OSRELEASE=x\nA=1\n";

    g_assert_cmpuint(osi_vmcoreinfo_length(page, sizeof(page)), ==, 16);
    g_assert_cmpuint(osi_vmcoreinfo_length(page, 5), ==, 5);
    g_assert_cmpuint(osi_vmcoreinfo_length("\xff", 1), ==, 0);
}

/* Cut anywhere, nothing behind the cut is read (the copy has no more room). */
static void test_cut(void)
{
    for (size_t n = 0; n <= LEN; n++) {
        g_autofree char *copy = g_memdup2(text, MAX(n, 1));
        g_autoptr(GString) s = g_string_new(NULL);
        char value[16];
        uint64_t v;

        osi_vmcoreinfo_symbols(copy, n, collect, s);
        osi_vmcoreinfo_string(copy, n, "BUILD-ID", value, sizeof(value));
        osi_vmcoreinfo_hex(copy, n, "SYMBOL(two)", &v);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmcoreinfo/values", test_values);
    g_test_add_func("/vmcoreinfo/symbols", test_symbols);
    g_test_add_func("/vmcoreinfo/length", test_length);
    g_test_add_func("/vmcoreinfo/cut", test_cut);
    return g_test_run();
}
