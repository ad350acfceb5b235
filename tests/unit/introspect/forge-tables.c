/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forged BTF and kallsyms; see forge.h. */
#include "forge.h"

/* ---- BTF: Documentation/bpf/btf.rst ---- */

static uint32_t btf_string(ForgeBtf *b, const char *s)
{
    uint32_t at = b->strs->len;

    if (!*s) {
        return 0;
    }
    g_byte_array_append(b->strs, (const guint8 *)s, strlen(s) + 1);
    return at;
}

ForgeBtf *forge_btf_new(void)
{
    ForgeBtf *b = g_new0(ForgeBtf, 1);

    b->types = g_byte_array_new();
    b->strs = g_byte_array_new();
    g_byte_array_append(b->strs, (const guint8 *)"", 1);
    return b;
}

uint32_t forge_btf_type(ForgeBtf *b, const char *name, uint32_t kind,
                        uint32_t vlen, uint32_t size_or_type)
{
    blob32(b->types, btf_string(b, name));
    blob32(b->types, kind << 24 | vlen);
    blob32(b->types, size_or_type);
    return ++b->n;
}

uint32_t forge_btf_int(ForgeBtf *b, const char *name, uint32_t size)
{
    uint32_t id = forge_btf_type(b, name, BTF_INT, 0, size);

    blob32(b->types, size * 8);
    return id;
}

uint32_t forge_btf_array(ForgeBtf *b, uint32_t of, uint32_t n)
{
    uint32_t id = forge_btf_type(b, "", BTF_ARRAY, 0, 0);

    blob32(b->types, of);
    blob32(b->types, of);
    blob32(b->types, n);
    return id;
}

uint32_t forge_btf_struct(ForgeBtf *b, uint32_t kind, const char *name,
                          uint32_t size, const ForgeMember *m, size_t n)
{
    uint32_t id = forge_btf_type(b, name, kind, n, size);

    for (size_t i = 0; i < n; i++) {
        blob32(b->types, btf_string(b, m[i].name));
        blob32(b->types, m[i].type);
        blob32(b->types, m[i].offset * 8);
    }
    return id;
}

GByteArray *forge_btf_finish(ForgeBtf *b)
{
    GByteArray *out = g_byte_array_new();

    blob32(out, 0x0001eb9f);
    blob32(out, 24);
    blob32(out, 0);
    blob32(out, b->types->len);
    blob32(out, b->types->len);
    blob32(out, b->strs->len);
    g_byte_array_append(out, b->types->data, b->types->len);
    g_byte_array_append(out, b->strs->data, b->strs->len);
    g_byte_array_unref(b->types);
    g_byte_array_unref(b->strs);
    g_free(b);
    return out;
}

/* ---- kallsyms: scripts/kallsyms.c of Linux ---- */

#define TOKEN_SYS 0x80      /* stands for "sys_" */

static char *token(int i)
{
    if (i == TOKEN_SYS) {
        return g_strdup("sys_");
    }
    /* Printable characters stand for themselves, the rest for nothing used. */
    return g_ascii_isprint(i) ? g_strdup_printf("%c", i)
                              : g_strdup_printf("%%%02x", i);
}

static void put_name(GByteArray *out, const ForgeSym *s)
{
    g_autoptr(GByteArray) code = g_byte_array_new();
    uint8_t len[2];

    g_byte_array_append(code, (const guint8 *)&s->type, 1);
    for (const char *p = s->name; *p;) {
        bool sys = g_str_has_prefix(p, "sys_");
        guint8 c = sys ? TOKEN_SYS : *p;

        g_byte_array_append(code, &c, 1);
        p += sys ? 4 : 1;
    }
    len[0] = code->len | (code->len > 127 ? 0x80 : 0);
    len[1] = code->len >> 7;
    g_byte_array_append(out, len, code->len > 127 ? 2 : 1);
    g_byte_array_append(out, code->data, code->len);
}

static void put_names(GByteArray *out, const ForgeSym *syms, uint32_t n,
                      guint align)
{
    g_autoptr(GArray) markers = g_array_new(false, false, sizeof(uint32_t));
    uint32_t start;

    blob_align(out, align);
    blob32(out, n);
    if (align == 8) {
        blob32(out, 0);
    }
    start = out->len;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = out->len - start;

        if (i % 256 == 0) {
            g_array_append_val(markers, at);
        }
        put_name(out, &syms[i]);
    }
    blob_align(out, align);
    for (guint i = 0; i < markers->len; i++) {
        blob32(out, g_array_index(markers, uint32_t, i));
    }
}

static void put_tokens(GByteArray *out, guint align)
{
    uint16_t index[256];
    uint32_t start;

    blob_align(out, align);
    start = out->len;
    for (int i = 0; i < 256; i++) {
        g_autofree char *t = token(i);

        index[i] = out->len - start;
        g_byte_array_append(out, (const guint8 *)t, strlen(t) + 1);
    }
    blob_align(out, align);
    for (int i = 0; i < 256; i++) {
        uint8_t raw[2];

        put16(raw, index[i]);
        g_byte_array_append(out, raw, 2);
    }
}

static void put_offsets(GByteArray *out, ForgeLayout layout, uint64_t base,
                        const ForgeSym *syms, uint32_t n)
{
    bool percpu = layout != FORGE_AFTER && layout != FORGE_PCREL;

    blob_align(out, layout == FORGE_PCREL ? 4 : 8);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t v = syms[i].value;

        if (layout == FORGE_PCREL) {
            blob32(out, v - (base + out->len));
        } else if (percpu) {
            blob32(out, v < base ? v : base - 1 - v);
        } else {
            blob32(out, v - base);
        }
    }
    if (layout != FORGE_PCREL) {
        blob_align(out, 8);
        blob64(out, base);
    }
}

void forge_kallsyms(GByteArray *image, ForgeLayout layout, uint64_t base,
                    const ForgeSym *syms, uint32_t n)
{
    guint align = layout == FORGE_PCREL ? 4 : 8;

    if (layout == FORGE_BEFORE_PERCPU) {
        put_offsets(image, layout, base, syms, n);
    }
    put_names(image, syms, n, align);
    put_tokens(image, align);
    if (layout != FORGE_BEFORE_PERCPU) {
        put_offsets(image, layout, base, syms, n);
    }
}
