/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF: members of structs by name; see btf.h. */
#include <string.h>
#include "btf-type.h"

#define CHAIN_MAX       64      /* typedefs, qualifiers, arrays of arrays */
#define ANON_MAX        16      /* nested anonymous structs */
#define WORK_MAX        200000  /* members looked at for one question: forged
                                   structs that contain themselves fan out */

static bool is_alias(uint32_t kind)
{
    return kind == KIND_TYPEDEF || kind == KIND_VOLATILE ||
           kind == KIND_CONST || kind == KIND_RESTRICT ||
           kind == KIND_TYPE_TAG;
}

/* Strip typedefs and qualifiers; the chain may be a cycle. */
static bool resolve(const OsiBtf *b, uint32_t id, OsiBtfType *t)
{
    for (int i = 0; i < CHAIN_MAX; i++) {
        if (!osi_btf_get(b, id, t)) {
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
    OsiBtfType t;

    for (int i = 0; i < CHAIN_MAX && resolve(b, id, &t); i++) {
        switch (t.kind) {
        case KIND_INT: case KIND_STRUCT: case KIND_UNION: case KIND_ENUM:
        case KIND_FLOAT: case KIND_ENUM64:
            return count * t.size_or_type;
        case KIND_PTR:
            return count * b->ptr_bytes;
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
    uint32_t *work;         /* done so far, of all structs of this name */
} Found;

static bool find_member(const OsiBtf *b, const OsiBtfType *s, const char *name,
                        size_t len, int depth, Found *f)
{
    for (uint32_t i = 0; i < s->vlen; i++) {
        const uint8_t *m = s->more + 12 * i;
        const char *n = osi_btf_string(b, osi_le32(m));
        uint32_t off = osi_le32(m + 8);
        uint64_t bits = s->bitfields ? off & 0xffffff : off;
        OsiBtfType inner;

        if (++*f->work > WORK_MAX) {
            return false;
        }
        if (*n && !strncmp(n, name, len) && !n[len]) {
            f->bits += bits;
            f->type = osi_le32(m + 4);
            f->bit_size = s->bitfields ? off >> 24 : 0;
            return true;
        }
        if (!*n && depth < ANON_MAX && resolve(b, osi_le32(m + 4), &inner) &&
            osi_btf_is_aggregate(inner.kind) &&
            find_member(b, &inner, name, len, depth + 1, f)) {
            f->bits += bits;
            return true;
        }
    }
    return false;
}

/* One path without alternatives, "a.b.c" of @len characters. */
static bool find_path(const OsiBtf *b, const OsiBtfType *s, const char *path,
                      size_t len, uint32_t *work, OsiField *field)
{
    Found f = { .work = work };
    OsiBtfType t = *s;
    uint64_t size;

    for (;;) {
        const char *dot = memchr(path, '.', len);
        size_t part = dot ? (size_t)(dot - path) : len;

        if (!osi_btf_is_aggregate(t.kind) ||
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

static bool find_any_path(const OsiBtf *b, const OsiBtfType *s, const char *path,
                          uint32_t *work, OsiField *field)
{
    for (;;) {
        size_t len = strcspn(path, "|");

        if (find_path(b, s, path, len, work, field)) {
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
    uint32_t work = 0;
    OsiBtfType t;

    for (guint i = 0; i < b->aggregates->len; i++) {
        if (!osi_btf_get(b, g_array_index(b->aggregates, uint32_t, i), &t) ||
            strcmp(t.name, name)) {
            continue;
        }
        seen = true;
        if (find_any_path(b, &t, path, &work, field)) {
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, 0, seen
                    ? "BTF: struct %s has no member %s"
                    : "BTF: no struct %s (wanted its %s)", name, path);
}

uint64_t osi_btf_struct_size(const OsiBtf *b, const char *name)
{
    OsiBtfType t;

    for (guint i = 0; i < b->aggregates->len; i++) {
        if (osi_btf_get(b, g_array_index(b->aggregates, uint32_t, i), &t) &&
            !strcmp(t.name, name)) {
            return t.size_or_type;
        }
    }
    return 0;
}

/* DATASEC: {u32 id of a VAR, u32 offset, u32 size} each. They come last. */
bool osi_btf_variable(const OsiBtf *b, const char *section, const char *name,
                      uint32_t *offset)
{
    for (uint32_t id = b->offset->len; id > 0; id--) {
        OsiBtfType t, var;

        if (!osi_btf_get(b, id, &t) || t.kind != KIND_DATASEC ||
            strcmp(t.name, section)) {
            continue;
        }
        for (uint32_t i = 0; i < t.vlen; i++) {
            if (osi_btf_get(b, osi_le32(t.more + 12 * i), &var) &&
                var.kind == KIND_VAR && !strcmp(var.name, name)) {
                *offset = osi_le32(t.more + 12 * i + 4);
                return true;
            }
        }
        return false;
    }
    return false;
}
