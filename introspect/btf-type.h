/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A parsed BTF blob as btf.c and btf-member.c share it. */
#ifndef INTROSPECT_BTF_TYPE_H
#define INTROSPECT_BTF_TYPE_H

#include "btf.h"
#include "bytes.h"

enum {
    KIND_INT = 1, KIND_PTR, KIND_ARRAY, KIND_STRUCT, KIND_UNION, KIND_ENUM,
    KIND_FWD, KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT,
    KIND_FUNC, KIND_FUNC_PROTO, KIND_VAR, KIND_DATASEC, KIND_FLOAT,
    KIND_DECL_TAG, KIND_TYPE_TAG, KIND_ENUM64, KIND_COUNT
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
    uint8_t ptr_bytes;      /* of a pointer: as many as of a long */
};

typedef struct OsiBtfType {
    const char *name;
    uint32_t kind, vlen, size_or_type;
    bool bitfields;
    const uint8_t *more;    /* vlen entries, inside the blob */
} OsiBtfType;

/* "" when @off is outside. */
const char *osi_btf_string(const OsiBtf *b, uint32_t off);

/* By id; false when there is none. Id 0 is void and none. */
bool osi_btf_get(const OsiBtf *b, uint32_t id, OsiBtfType *t);

static inline bool osi_btf_is_aggregate(uint32_t kind)
{
    return kind == KIND_STRUCT || kind == KIND_UNION;
}

#endif
