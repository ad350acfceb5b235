/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF: header, index of types, members; see btf.h. */
#define _GNU_SOURCE
#include <string.h>
#include "btf.h"
#include "bytes.h"

#define BTF_MAGIC_V1    "\x9f\xeb\x01\x00"
#define BTF_HDR_MIN     24
#define BTF_BYTES_MAX   (64u << 20)
#define CHAIN_MAX       64      /* typedefs, qualifiers, arrays of arrays */
#define ANON_MAX        16      /* nested anonymous structs */
#define WORK_MAX        200000  /* members looked at for one path: forged
                                   structs that contain themselves fan out */

enum {
    KIND_INT = 1, KIND_PTR, KIND_ARRAY, KIND_STRUCT, KIND_UNION, KIND_ENUM,
    KIND_FWD, KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT,
    KIND_FUNC, KIND_FUNC_PROTO, KIND_VAR, KIND_DATASEC, KIND_FLOAT,
    KIND_DECL_TAG, KIND_TYPE_TAG, KIND_ENUM64, KIND_COUNT
};

/* Bytes behind the 12 of struct btf_type: fixed, and for each of vlen. */
static const struct { uint8_t fixed, each; } extra[KIND_COUNT] = {
    [KIND_INT] = { 4, 0 }, [KIND_ARRAY] = { 12, 0 },
    [KIND_STRUCT] = { 0, 12 }, [KIND_UNION] = { 0, 12 },
    [KIND_ENUM] = { 0, 8 }, [KIND_FUNC_PROTO] = { 0, 8 },
    [KIND_VAR] = { 4, 0 }, [KIND_DATASEC] = { 0, 12 },
    [KIND_DECL_TAG] = { 4, 0 }, [KIND_ENUM64] = { 0, 12 },
};

struct OsiBtf {
    uint8_t *blob;
    size_t len;
    const uint8_t *types;
    const char *strs;       /* ends with NUL: checked */
    uint32_t types_len, strs_len;
    GArray *offset;         /* uint32_t: type id - 1 -> offset in @types */
    GArray *aggregates;     /* uint32_t: ids of named structs and unions */
    bool truncated;
};

typedef struct Type {
    const char *name;
    uint32_t kind, vlen, size_or_type;
    bool bitfields;
    const uint8_t *more;    /* vlen entries, inside the blob */
} Type;

static const char *string_at(const OsiBtf *b, uint32_t off)
{
    return off < b->strs_len ? b->strs + off : "";
}

static size_t type_bytes(const uint8_t *t)
{
    uint32_t info = osi_le32(t + 4);
    unsigned kind = info >> 24 & 31;

    if (kind == 0 || kind >= KIND_COUNT) {
        return 0;
    }
    return 12 + extra[kind].fixed + extra[kind].each * (info & 0xffff);
}

static bool get_type(const OsiBtf *b, uint32_t id, Type *t)
{
    const uint8_t *p;
    uint32_t info;

    if (id == 0 || id > b->offset->len) {
        return false;
    }
    p = b->types + g_array_index(b->offset, uint32_t, id - 1);
    info = osi_le32(p + 4);
    t->name = string_at(b, osi_le32(p));
    t->kind = info >> 24 & 31;
    t->vlen = info & 0xffff;
    t->bitfields = info >> 31;
    t->size_or_type = osi_le32(p + 8);
    t->more = p + 12;
    return true;
}

static bool is_aggregate(uint32_t kind)
{
    return kind == KIND_STRUCT || kind == KIND_UNION;
}

static void index_types(OsiBtf *b)
{
    uint32_t at = 0;

    while (b->types_len - at >= 12) {
        const uint8_t *p = b->types + at;
        size_t n = type_bytes(p);
        uint32_t id;

        if (!n || n > b->types_len - at) {
            break;
        }
        g_array_append_val(b->offset, at);
        id = b->offset->len;
        if (is_aggregate(osi_le32(p + 4) >> 24 & 31) && osi_le32(p)) {
            g_array_append_val(b->aggregates, id);
        }
        at += n;
    }
    b->truncated = at != b->types_len;
}

/* Sections: {u32 off, u32 len} for types at +8 and strings at +16. */
static bool check_header(const uint8_t *p, size_t len, size_t *total,
                         OsiError *err)
{
    uint64_t hdr, type_off, type_len, str_off, str_len, end;

    if (len < BTF_HDR_MIN || memcmp(p, BTF_MAGIC_V1, 4)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, 0, "not BTF version 1");
    }
    hdr = osi_le32(p + 4);
    type_off = osi_le32(p + 8);
    type_len = osi_le32(p + 12);
    str_off = osi_le32(p + 16);
    str_len = osi_le32(p + 20);
    end = hdr + MAX(type_off + type_len, str_off + str_len);
    if (hdr < BTF_HDR_MIN || hdr % 4 || type_off % 4 || !str_len ||
        end > MIN(len, BTF_BYTES_MAX)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, 0, "BTF header out of bounds");
    }
    if (p[hdr + str_off] || p[hdr + str_off + str_len - 1]) {
        return osi_fail(err, OSI_ERR_BAD_DATA, 0,
                        "BTF strings not delimited by NUL");
    }
    *total = end;
    return true;
}

OsiBtf *osi_btf_parse(const uint8_t *blob, size_t len, OsiError *err)
{
    size_t total;
    OsiBtf *b;
    uint32_t hdr;

    if (!check_header(blob, len, &total, err)) {
        return NULL;
    }
    b = g_new0(OsiBtf, 1);
    b->blob = g_memdup2(blob, total);
    b->len = total;
    hdr = osi_le32(blob + 4);
    b->types = b->blob + hdr + osi_le32(blob + 8);
    b->types_len = osi_le32(blob + 12);
    b->strs = (const char *)b->blob + hdr + osi_le32(blob + 16);
    b->strs_len = osi_le32(blob + 20);
    b->offset = g_array_sized_new(false, false, sizeof(uint32_t),
                                  b->types_len / 24);
    b->aggregates = g_array_new(false, false, sizeof(uint32_t));
    index_types(b);
    return b;
}

OsiBtf *osi_btf_scan(const uint8_t *image, size_t len, size_t min_types,
                     size_t *offset, OsiError *err)
{
    const uint8_t *p = image, *end = image + len;
    size_t total;

    while ((p = memmem(p, end - p, BTF_MAGIC_V1, 4))) {
        if ((p - image) % 4 == 0 && check_header(p, end - p, &total, NULL) &&
            osi_le32(p + 12) / 12 >= min_types) {
            OsiBtf *b = osi_btf_parse(p, end - p, err);

            if (b && b->offset->len >= min_types) {
                if (offset) {
                    *offset = p - image;
                }
                return b;
            }
            osi_btf_free(b);
        }
        p++;
    }
    osi_fail(err, OSI_ERR_NO_SUCH, 0,
             "no BTF in %zu MiB of kernel image (CONFIG_DEBUG_INFO_BTF off?)",
             len >> 20);
    return NULL;
}

void osi_btf_free(OsiBtf *b)
{
    if (b) {
        g_array_unref(b->offset);
        g_array_unref(b->aggregates);
        g_free(b->blob);
        g_free(b);
    }
}

size_t osi_btf_types(const OsiBtf *b)
{
    return b->offset->len;
}

size_t osi_btf_bytes(const OsiBtf *b)
{
    return b->len;
}

bool osi_btf_truncated(const OsiBtf *b)
{
    return b->truncated;
}

static bool is_alias(uint32_t kind)
{
    return kind == KIND_TYPEDEF || kind == KIND_VOLATILE ||
           kind == KIND_CONST || kind == KIND_RESTRICT ||
           kind == KIND_TYPE_TAG;
}

/* Strip typedefs and qualifiers; the chain may be a cycle. */
static bool resolve(const OsiBtf *b, uint32_t id, Type *t)
{
    for (int i = 0; i < CHAIN_MAX; i++) {
        if (!get_type(b, id, t)) {
            return false;
        }
        if (!is_alias(t->kind)) {
            return true;
        }
        id = t->size_or_type;
    }
    return false;
}

/* Size of a type in bytes, 0 = unknown. */
static uint64_t size_of(const OsiBtf *b, uint32_t id)
{
    uint64_t count = 1;
    Type t;

    for (int i = 0; i < CHAIN_MAX && resolve(b, id, &t); i++) {
        switch (t.kind) {
        case KIND_INT: case KIND_STRUCT: case KIND_UNION: case KIND_ENUM:
        case KIND_FLOAT: case KIND_ENUM64:
            return count * t.size_or_type;
        case KIND_PTR:
            return count * 8;
        case KIND_ARRAY:
            count *= osi_le32(t.more + 8);
            id = osi_le32(t.more);
            if (count > UINT32_MAX) {
                return 0;
            }
            break;
        default:
            return 0;
        }
    }
    return 0;
}

typedef struct Found {
    uint64_t bits;          /* offset from the outermost struct */
    uint32_t type, bit_size;
    uint32_t work;
} Found;

static bool find_member(const OsiBtf *b, const Type *s, const char *name,
                        size_t len, int depth, Found *f)
{
    for (uint32_t i = 0; i < s->vlen; i++) {
        const uint8_t *m = s->more + 12 * i;
        const char *n = string_at(b, osi_le32(m));
        uint32_t off = osi_le32(m + 8);
        uint64_t bits = s->bitfields ? off & 0xffffff : off;
        Type inner;

        if (++f->work > WORK_MAX) {
            return false;
        }
        if (*n && !strncmp(n, name, len) && !n[len]) {
            f->bits += bits;
            f->type = osi_le32(m + 4);
            f->bit_size = s->bitfields ? off >> 24 : 0;
            return true;
        }
        if (!*n && depth < ANON_MAX && resolve(b, osi_le32(m + 4), &inner) &&
            is_aggregate(inner.kind) &&
            find_member(b, &inner, name, len, depth + 1, f)) {
            f->bits += bits;
            return true;
        }
    }
    return false;
}

/* One path without alternatives, "a.b.c" of @len characters. */
static bool find_path(const OsiBtf *b, const Type *s, const char *path,
                      size_t len, OsiField *field)
{
    Found f = { 0 };
    Type t = *s;
    uint64_t size;

    for (;;) {
        const char *dot = memchr(path, '.', len);
        size_t part = dot ? (size_t)(dot - path) : len;

        if (!is_aggregate(t.kind) ||
            !find_member(b, &t, path, part, 0, &f)) {
            return false;
        }
        if (!dot) {
            break;
        }
        path += part + 1;
        len -= part + 1;
        if (!resolve(b, f.type, &t)) {
            return false;
        }
    }
    size = size_of(b, f.type);
    if (f.bits / 8 > UINT32_MAX || size > UINT32_MAX) {
        return false;
    }
    field->offset = f.bits / 8;
    field->size = size;
    field->bit_offset = f.bits % 8;
    field->bit_size = f.bit_size;
    return true;
}

static bool find_any_path(const OsiBtf *b, const Type *s, const char *path,
                          OsiField *field)
{
    for (;;) {
        size_t len = strcspn(path, "|");

        if (find_path(b, s, path, len, field)) {
            return true;
        }
        if (!path[len]) {
            return false;
        }
        path += len + 1;
    }
}

bool osi_btf_member(const OsiBtf *b, const char *name, const char *path,
                    OsiField *field, OsiError *err)
{
    bool seen = false;
    Type t;

    for (guint i = 0; i < b->aggregates->len; i++) {
        if (!get_type(b, g_array_index(b->aggregates, uint32_t, i), &t) ||
            strcmp(t.name, name)) {
            continue;
        }
        seen = true;
        if (find_any_path(b, &t, path, field)) {
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, 0, seen
                    ? "BTF: struct %s has no member %s"
                    : "BTF: no struct %s (wanted its %s)", name, path);
}

uint64_t osi_btf_struct_size(const OsiBtf *b, const char *name)
{
    Type t;

    for (guint i = 0; i < b->aggregates->len; i++) {
        if (get_type(b, g_array_index(b->aggregates, uint32_t, i), &t) &&
            !strcmp(t.name, name)) {
            return t.size_or_type;
        }
    }
    return 0;
}
