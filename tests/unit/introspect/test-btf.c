/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF: lookup by name, and blobs that lie. */
#include "btf.h"
#include "forge.h"

static GByteArray *sample(void)
{
    ForgeBtf *b = forge_btf_new();
    uint32_t u32 = forge_btf_int(b, "unsigned int", 4);
    uint32_t u8 = forge_btf_int(b, "char", 1);
    uint32_t ptr = forge_btf_type(b, "", BTF_PTR, 0, 0);
    uint32_t comm = forge_btf_array(b, u8, 16);
    uint32_t vol = forge_btf_type(b, "", BTF_VOLATILE, 0, u32);
    uint32_t td = forge_btf_type(b, "state_t", BTF_TYPEDEF, 0, vol);
    const ForgeMember deep[] = { { "hash", u32, 0 }, { "len", td, 4 } };
    uint32_t anon = forge_btf_struct(b, BTF_STRUCT, "", 8, deep, 2);
    const ForgeMember either[] = { { "", anon, 0 }, { "both", ptr, 0 } };
    uint32_t un = forge_btf_struct(b, BTF_UNION, "", 8, either, 2);
    const ForgeMember qstr[] = { { "", un, 8 }, { "name", ptr, 16 } };
    uint32_t q = forge_btf_struct(b, BTF_STRUCT, "qstr", 24, qstr, 2);
    uint32_t tag = forge_btf_type(b, "rcu", BTF_TYPE_TAG, 0, q);
    uint32_t cq = forge_btf_type(b, "", BTF_CONST, 0, tag);
    const ForgeMember small[] = { { "other", u8, 3 } };
    const ForgeMember task[] = {
        { "pad", u8, 0 }, { "comm", comm, 32 }, { "d_name", cq, 64 },
    };

    forge_btf_struct(b, BTF_STRUCT, "task", 4, small, 1);
    forge_btf_struct(b, BTF_STRUCT, "task", 128, task, 3);
    return forge_btf_finish(b);
}

static OsiField must(OsiBtf *b, const char *name, const char *path)
{
    OsiField f = { 0 };
    OsiError err;

    if (!osi_btf_member(b, name, path, &f, &err)) {
        g_error("%s", err.message);
    }
    return f;
}

static void test_members(void)
{
    g_autoptr(GByteArray) blob = sample();
    OsiBtf *b = osi_btf_parse(blob->data, blob->len, NULL);
    OsiField f = { .offset = 77 };
    OsiError err;

    g_assert_nonnull(b);
    f = must(b, "task", "comm");
    g_assert_cmpuint(f.offset, ==, 32);
    g_assert_cmpuint(f.size, ==, 16);
    /* Through const, a tag, a union and a struct without names, a typedef. */
    f = must(b, "task", "d_name.len");
    g_assert_cmpuint(f.offset, ==, 64 + 8 + 4);
    g_assert_cmpuint(f.size, ==, 4);
    g_assert_cmpuint(must(b, "task", "d_name.both").size, ==, 8);
    /* Alternatives, and the struct of that name which has the member. */
    g_assert_cmpuint(must(b, "task", "__gone|other").offset, ==, 3);
    g_assert_cmpuint(must(b, "task", "d_name.x|comm").offset, ==, 32);
    f.offset = 77;
    g_assert_false(osi_btf_member(b, "task", "com", &f, &err));
    g_assert_false(osi_btf_member(b, "task", "comm.x", &f, &err));
    g_assert_false(osi_btf_member(b, "task", "d_name.", &f, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_false(osi_btf_member(b, "tasks", "comm", &f, NULL));
    g_assert_cmpuint(f.offset, ==, 77);
    g_assert_cmpuint(osi_btf_struct_size(b, "qstr"), ==, 24);
    g_assert_cmpuint(osi_btf_struct_size(b, "none"), ==, 0);
    osi_btf_free(b);
}

static void test_bitfield(void)
{
    ForgeBtf *f = forge_btf_new();
    uint32_t u32 = forge_btf_int(f, "unsigned int", 4);
    g_autoptr(GByteArray) blob = NULL;
    const ForgeMember m[] = { { "flags", u32, 0 } };
    OsiField field;
    OsiBtf *b;

    forge_btf_struct(f, BTF_STRUCT, "s", 8, m, 1);
    /* kind_flag; the member: 3 bits at bit 37. */
    f->types->data[f->types->len - 12 - 5] |= 0x80;
    put32(f->types->data + f->types->len - 4, 3 << 24 | 37);
    blob = forge_btf_finish(f);
    b = osi_btf_parse(blob->data, blob->len, NULL);
    field = must(b, "s", "flags");
    g_assert_cmpuint(field.offset, ==, 4);
    g_assert_cmpuint(field.bit_offset, ==, 5);
    g_assert_cmpuint(field.bit_size, ==, 3);
    osi_btf_free(b);
}

static void test_scan(void)
{
    g_autoptr(GByteArray) blob = sample(), image = g_byte_array_new();
    OsiError err = { 0 };
    size_t at = 0;
    OsiBtf *b;

    /* A raw hit that is not BTF, one at an odd address, then the real one. */
    blob32(image, 0x0001eb9f);
    g_byte_array_append(image, (const guint8 *)"x", 1);
    g_byte_array_append(image, blob->data, blob->len);
    blob_align(image, 4);
    g_assert_null(osi_btf_scan(image->data, image->len, 5, &at, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    at = image->len;
    g_byte_array_append(image, blob->data, blob->len);
    b = osi_btf_scan(image->data, image->len, 5, &at, NULL);
    g_assert_nonnull(b);
    g_assert_cmpuint(at, ==, image->len - blob->len);
    osi_btf_free(b);
    g_assert_null(osi_btf_scan(image->data, image->len, 5000, &at, NULL));
}

/* Header words set to @value one at a time: refused, or parsed in bounds. */
static void test_bad_header(void)
{
    static const uint32_t values[] = { 0, 1, 23, 28, 0x7fffffff, 0xfffffff0,
                                       0xffffffff };

    for (int word = 1; word < 6; word++) {
        for (int i = 0; i < G_N_ELEMENTS(values); i++) {
            g_autoptr(GByteArray) blob = sample();
            OsiField f;
            OsiBtf *b;

            put32(blob->data + 4 * word, values[i]);
            b = osi_btf_parse(blob->data, blob->len, NULL);
            if (b) {
                osi_btf_member(b, "task", "d_name.len", &f, NULL);
            }
            osi_btf_free(b);
        }
    }
}

static void test_strings_unterminated(void)
{
    g_autoptr(GByteArray) blob = sample();
    OsiError err;

    blob->data[blob->len - 1] = 'x';
    g_assert_null(osi_btf_parse(blob->data, blob->len, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
}

static void test_truncated(void)
{
    g_autoptr(GByteArray) blob = sample();

    for (guint len = 0; len < blob->len; len++) {
        g_autofree uint8_t *exact = g_memdup2(blob->data, len);

        g_assert_null(osi_btf_parse(exact, len, NULL));
    }
}

/* A kind from the future cannot be skipped; what came before still counts. */
static void test_unknown_kind(void)
{
    ForgeBtf *f = forge_btf_new();
    uint32_t u32 = forge_btf_int(f, "int", 4);
    const ForgeMember m[] = { { "x", u32, 4 } };
    g_autoptr(GByteArray) blob = NULL;
    OsiField field;
    OsiBtf *b;

    forge_btf_struct(f, BTF_STRUCT, "early", 8, m, 1);
    forge_btf_type(f, "new", 30, 0, 0);
    forge_btf_struct(f, BTF_STRUCT, "late", 8, m, 1);
    blob = forge_btf_finish(f);
    b = osi_btf_parse(blob->data, blob->len, NULL);
    g_assert_true(osi_btf_truncated(b));
    g_assert_cmpuint(must(b, "early", "x").offset, ==, 4);
    g_assert_false(osi_btf_member(b, "late", "x", &field, NULL));
    osi_btf_free(b);
}

static void test_cycles(void)
{
    ForgeBtf *f = forge_btf_new();
    /* 1 -> 2 -> 1, and a struct whose unnamed members are all itself (3). */
    ForgeMember self[200];
    g_autoptr(GByteArray) blob = NULL;
    OsiField field;
    OsiBtf *b;

    forge_btf_type(f, "a", BTF_TYPEDEF, 0, 2);
    forge_btf_type(f, "b", BTF_TYPEDEF, 0, 1);
    for (int i = 0; i < 200; i++) {
        self[i] = (ForgeMember) { i ? "" : "loop", i ? 3 : 1, 0 };
    }
    forge_btf_struct(f, BTF_STRUCT, "self", 8, self, 200);
    forge_btf_array(f, 4, 0xffff);
    blob = forge_btf_finish(f);
    b = osi_btf_parse(blob->data, blob->len, NULL);
    g_assert_false(osi_btf_member(b, "self", "nothing", &field, NULL));
    g_assert_false(osi_btf_member(b, "self", "loop.x", &field, NULL));
    g_assert_cmpuint(must(b, "self", "loop").size, ==, 0);
    osi_btf_free(b);
}

/* Every byte in turn, three values each. */
static void test_mutations(void)
{
    g_autoptr(GByteArray) good = sample();

    for (guint i = 0; i < good->len * 3; i++) {
        static const uint8_t with[] = { 0x00, 0xff, 0x80 };
        g_autofree uint8_t *blob = g_memdup2(good->data, good->len);
        OsiField f;
        OsiBtf *b;

        blob[i / 3] ^= with[i % 3] ? with[i % 3] : blob[i / 3];
        b = osi_btf_parse(blob, good->len, NULL);
        if (b) {
            osi_btf_member(b, "task", "d_name.len", &f, NULL);
            osi_btf_member(b, "task", "comm", &f, NULL);
        }
        osi_btf_free(b);
    }
}

/* A DATASEC, as the kernel's last types are, and what may be wrong with one. */
static void test_variables(void)
{
    ForgeBtf *b = forge_btf_new();
    uint32_t u32 = forge_btf_int(b, "int", 4), v[2], at = 7;
    g_autoptr(GByteArray) blob = NULL;
    OsiBtf *btf;

    for (int i = 0; i < 2; i++) {
        v[i] = forge_btf_type(b, i ? "runqueues" : "current_task", 14, 0, u32);
        blob32(b->types, 1);
    }
    forge_btf_type(b, ".data..percpu", 15, 4, 0);
    for (uint32_t i = 0; i < 4; i++) {
        /* A variable, no variable, another one, no type at all. */
        blob32(b->types, i == 0 ? v[0] : i == 1 ? u32 : i == 2 ? v[1] : 999);
        blob32(b->types, 0x100 * i);
        blob32(b->types, 4);
    }
    blob = forge_btf_finish(b);
    btf = osi_btf_parse(blob->data, blob->len, NULL);
    g_assert_true(osi_btf_variable(btf, ".data..percpu", "runqueues", &at));
    g_assert_cmphex(at, ==, 0x200);
    g_assert_true(osi_btf_variable(btf, ".data..percpu", "current_task", &at));
    g_assert_cmphex(at, ==, 0);
    g_assert_false(osi_btf_variable(btf, ".data..percpu", "int", &at));
    g_assert_false(osi_btf_variable(btf, ".data", "runqueues", &at));
    g_assert_cmpuint(osi_btf_pointer_bytes(btf), ==, 8);
    g_assert_true(osi_btf_equal(btf, btf));
    osi_btf_free(btf);
}

/* A pointer is as wide as a long. */
static void test_narrow(void)
{
    ForgeBtf *b = forge_btf_new();
    uint32_t ptr = forge_btf_type(b, "", BTF_PTR, 0, 0);
    ForgeMember m = { "p", ptr, 4 };
    g_autoptr(GByteArray) blob = NULL;
    OsiField f;
    OsiBtf *btf;

    forge_btf_int(b, "long unsigned int", 4);
    forge_btf_struct(b, BTF_STRUCT, "s", 8, &m, 1);
    blob = forge_btf_finish(b);
    btf = osi_btf_parse(blob->data, blob->len, NULL);
    g_assert_cmpuint(osi_btf_pointer_bytes(btf), ==, 4);
    g_assert_true(osi_btf_member(btf, "s", "p", &f, NULL));
    g_assert_cmpuint(f.size, ==, 4);
    osi_btf_free(btf);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/btf/members", test_members);
    g_test_add_func("/btf/bitfield", test_bitfield);
    g_test_add_func("/btf/scan", test_scan);
    g_test_add_func("/btf/bad-header", test_bad_header);
    g_test_add_func("/btf/strings-unterminated", test_strings_unterminated);
    g_test_add_func("/btf/truncated", test_truncated);
    g_test_add_func("/btf/unknown-kind", test_unknown_kind);
    g_test_add_func("/btf/cycles", test_cycles);
    g_test_add_func("/btf/variables", test_variables);
    g_test_add_func("/btf/narrow", test_narrow);
    g_test_add_func("/btf/mutations", test_mutations);
    return g_test_run();
}
