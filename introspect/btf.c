/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF: finding it, its header, the index of its types; see btf.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "btf-type.h"

#define BTF_MAGIC_V1    "\x9f\xeb\x01\x00"
#define BTF_HDR_MIN     24
#define BTF_BYTES_MAX   (64u << 20)

/* Bytes behind the 12 of struct btf_type: fixed, and for each of vlen. */
static const struct { uint8_t fixed, each; } extra[KIND_COUNT] = {
    [KIND_INT] = { 4, 0 }, [KIND_ARRAY] = { 12, 0 },
    [KIND_STRUCT] = { 0, 12 }, [KIND_UNION] = { 0, 12 },
    [KIND_ENUM] = { 0, 8 }, [KIND_FUNC_PROTO] = { 0, 8 },
    [KIND_VAR] = { 4, 0 }, [KIND_DATASEC] = { 0, 12 },
    [KIND_DECL_TAG] = { 4, 0 }, [KIND_ENUM64] = { 0, 12 },
};

const char *osi_btf_string(const OsiBtf *b, uint32_t off)
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

bool osi_btf_get(const OsiBtf *b, uint32_t id, OsiBtfType *t)
{
    const uint8_t *p;
    uint32_t info;

    if (id == 0 || id > b->offset->len) {
        return false;
    }
    p = b->types + g_array_index(b->offset, uint32_t, id - 1);
    info = osi_le32(p + 4);
    t->name = osi_btf_string(b, osi_le32(p));
    t->kind = info >> 24 & 31;
    t->vlen = info & 0xffff;
    t->bitfields = info >> 31;
    t->size_or_type = osi_le32(p + 8);
    t->more = p + 12;
    return true;
}

/* BTF does not say how wide a pointer is, but Linux makes a long as wide. */
static void note_long(OsiBtf *b, const uint8_t *p)
{
    const char *name = osi_btf_string(b, osi_le32(p));
    uint32_t size = osi_le32(p + 8);

    if ((!strcmp(name, "long unsigned int") || !strcmp(name, "unsigned long")) &&
        (size == 4 || size == 8)) {
        b->ptr_bytes = size;
    }
}

static void index_types(OsiBtf *b)
{
    uint32_t at = 0;

    b->ptr_bytes = 8;

    while (b->types_len - at >= 12) {
        const uint8_t *p = b->types + at;
        size_t n = type_bytes(p);
        uint32_t id;

        if (!n || n > b->types_len - at) {
            break;
        }
        g_array_append_val(b->offset, at);
        id = b->offset->len;
        if (osi_btf_is_aggregate(osi_le32(p + 4) >> 24 & 31) && osi_le32(p)) {
            g_array_append_val(b->aggregates, id);
        }
        if ((osi_le32(p + 4) >> 24 & 31) == KIND_INT) {
            note_long(b, p);
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

unsigned osi_btf_pointer_bytes(const OsiBtf *b)
{
    return b->ptr_bytes;
}

bool osi_btf_equal(const OsiBtf *a, const OsiBtf *b)
{
    return a->len == b->len && !memcmp(a->blob, b->blob, a->len);
}
