/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kallsyms in each layout Linux has had since 5.10, and tables that lie. */
#include "forge.h"
#include "kallsyms.h"

#define BASE    0xffffffff81000000ull
#define N       1500
#define SIZE    (2u << 20)

typedef struct Table {
    ForgeSym sym[N];
    GPtrArray *names;
} Table;

static const char *add_name(Table *t, char *name)
{
    g_ptr_array_add(t->names, name);
    return name;
}

/* 20 per-CPU symbols, then text; one name longer than 127 tokens. */
static Table *new_table(bool percpu)
{
    Table *t = g_new0(Table, 1);

    t->names = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < N; i++) {
        uint64_t v = BASE + 64 * (i - (percpu ? 20 : 0));

        t->sym[i] = (ForgeSym) {
            add_name(t, i == 700 ? g_strnfill(200, 'q')
                                 : g_strdup_printf("sys_call%d", i)),
            i % 7 ? 'T' : 'd',
            percpu && i < 20 ? 8 * (uint64_t)i : v,
        };
    }
    t->sym[percpu ? 20 : 0].name = "_text";
    t->sym[31].value = t->sym[30].value;
    t->sym[32].name = t->sym[40].name = "twin";
    return t;
}

static void free_table(Table *t)
{
    g_ptr_array_unref(t->names);
    g_free(t);
}

/* The tables in the middle of an image, with noise before and after. */
static GByteArray *new_image(const Table *t, ForgeLayout layout)
{
    GByteArray *image = g_byte_array_new();

    for (int i = 0; i < 5000; i++) {
        blob32(image, i * 2654435761u);
    }
    g_byte_array_append(image, (const guint8 *)"0\0001\0002\0003\000", 8);
    forge_kallsyms(image, layout, BASE, t->sym, N);
    while (image->len < SIZE) {
        blob32(image, 0x01010101);
    }
    return image;
}

static void test_layout(gconstpointer data)
{
    ForgeLayout layout = GPOINTER_TO_INT(data);
    Table *t = new_table(layout <= FORGE_AFTER_PERCPU);
    g_autoptr(GByteArray) image = new_image(t, layout);
    OsiError err = { 0 };
    OsiKallsyms *ks = osi_kallsyms_decode(image->data, image->len, BASE, &err);
    uint64_t v;

    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(osi_kallsyms_count(ks), ==, N);
    for (int i = 0; i < N; i++) {
        OsiSymbol s = osi_kallsyms_get(ks, i);

        g_assert_cmpstr(s.name, ==, t->sym[i].name);
        g_assert_cmphex(s.value, ==, t->sym[i].value);
        g_assert_cmpint(s.type, ==, t->sym[i].type);
    }
    g_assert_true(osi_kallsyms_find(ks, "sys_call100", &v));
    g_assert_cmphex(v, ==, t->sym[100].value);
    g_assert_true(osi_kallsyms_find(ks, "twin", &v));
    g_assert_cmphex(v, ==, t->sym[32].value);
    g_assert_false(osi_kallsyms_find(ks, "sys_call", &v));
    osi_kallsyms_free(ks);
    free_table(t);
}

static void test_nearest(void)
{
    Table *t = new_table(false);
    g_autoptr(GByteArray) image = new_image(t, FORGE_AFTER);
    OsiKallsyms *ks = osi_kallsyms_decode(image->data, image->len, BASE, NULL);
    OsiSymbol s;

    g_assert_true(osi_kallsyms_at(ks, BASE + 64 * 50 + 63, &s));
    g_assert_cmpstr(s.name, ==, "sys_call50");
    g_assert_true(osi_kallsyms_at(ks, BASE + 64 * 30, &s));
    g_assert_cmpstr(s.name, ==, "sys_call30");
    g_assert_true(osi_kallsyms_at(ks, BASE, &s));
    g_assert_true(osi_kallsyms_at(ks, UINT64_MAX, &s));
    g_assert_cmpstr(s.name, ==, t->sym[N - 1].name);
    g_assert_false(osi_kallsyms_at(ks, BASE - 1, &s));
    osi_kallsyms_free(ks);
    free_table(t);
}

static void refuse(const GByteArray *image, OsiErrorKind kind)
{
    OsiError err = { 0 };

    g_assert_null(osi_kallsyms_decode(image->data, image->len, BASE, &err));
    g_assert_cmpint(err.kind, ==, kind);
    g_assert_cmpstr(err.message, !=, "");
}

/* Offset of @what in the image. */
static uint8_t *spot(GByteArray *image, const void *what, size_t len)
{
    for (guint i = 0; i + len <= image->len; i++) {
        if (!memcmp(image->data + i, what, len)) {
            return image->data + i;
        }
    }
    g_assert_not_reached();
}

static const char digits[20] =
    "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

static void test_no_tokens(void)
{
    Table *t = new_table(false);
    g_autoptr(GByteArray) image = new_image(t, FORGE_AFTER);

    *spot(image, digits, sizeof(digits)) = 'x';
    refuse(image, OSI_ERR_NO_SUCH);
    free_table(t);
}

/* The index behind the tokens must agree with them exactly. */
static void test_bad_index(void)
{
    Table *t = new_table(false);
    g_autoptr(GByteArray) image = new_image(t, FORGE_AFTER);
    uint8_t *p = spot(image, "~\0%7f\0", 6);

    while (p[0] || p[1] || p[2] != 4) {
        p++;
    }
    p[2 * 200] ^= 1;
    refuse(image, OSI_ERR_NO_SUCH);
    free_table(t);
}

static void test_bad_names(void)
{
    Table *t = new_table(false);
    g_autoptr(GByteArray) image = new_image(t, FORGE_AFTER);
    uint8_t *name = spot(image, "T\200call50", 8);

    *name = '!';            /* no type letter */
    refuse(image, OSI_ERR_BAD_DATA);
    free_table(t);
}

static void test_bad_addresses(void)
{
    Table *t = new_table(false);
    g_autoptr(GByteArray) image = new_image(t, FORGE_AFTER);
    uint8_t base[8];

    put64(base, BASE);
    memset(spot(image, base, 8), 0, 8);     /* relative_base */
    refuse(image, OSI_ERR_BAD_DATA);
    free_table(t);
}

/* The image ends anywhere inside the tables. */
static void test_cut(void)
{
    Table *t = new_table(true);

    for (int layout = 0; layout < FORGE_LAYOUTS; layout++) {
        g_autoptr(GByteArray) image = new_image(t, layout);

        for (guint len = 20000; len < 80000; len += 997) {
            g_autofree uint8_t *exact = g_memdup2(image->data, len);

            osi_kallsyms_free(osi_kallsyms_decode(exact, len, BASE, NULL));
        }
    }
    free_table(t);
}

static void test_mutations(void)
{
    Table *t = new_table(true);
    g_autoptr(GRand) rand = g_rand_new_with_seed(4711);

    for (int layout = 0; layout < FORGE_LAYOUTS; layout++) {
        g_autoptr(GByteArray) image = new_image(t, layout);

        for (int i = 0; i < 500; i++) {
            g_autofree uint8_t *copy = g_memdup2(image->data, 80000);
            OsiKallsyms *ks;
            uint64_t v;

            for (int k = 0; k < 4; k++) {
                copy[g_rand_int_range(rand, 20000, 80000)] =
                    g_rand_int(rand);
            }
            ks = osi_kallsyms_decode(copy, 80000, BASE, NULL);
            if (ks) {
                osi_kallsyms_find(ks, "sys_call100", &v);
            }
            osi_kallsyms_free(ks);
        }
    }
    free_table(t);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/kallsyms/before-percpu",
                         GINT_TO_POINTER(FORGE_BEFORE_PERCPU), test_layout);
    g_test_add_data_func("/kallsyms/after-percpu",
                         GINT_TO_POINTER(FORGE_AFTER_PERCPU), test_layout);
    g_test_add_data_func("/kallsyms/after", GINT_TO_POINTER(FORGE_AFTER),
                         test_layout);
    g_test_add_data_func("/kallsyms/pcrel", GINT_TO_POINTER(FORGE_PCREL),
                         test_layout);
    g_test_add_func("/kallsyms/nearest", test_nearest);
    g_test_add_func("/kallsyms/no-tokens", test_no_tokens);
    g_test_add_func("/kallsyms/bad-index", test_bad_index);
    g_test_add_func("/kallsyms/bad-names", test_bad_names);
    g_test_add_func("/kallsyms/bad-addresses", test_bad_addresses);
    g_test_add_func("/kallsyms/cut", test_cut);
    g_test_add_func("/kallsyms/mutations", test_mutations);
    return g_test_run();
}
