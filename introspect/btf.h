/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BTF: the kernel's own description of its types, as it lies in its image.
 * Format: Documentation/bpf/btf.rst of Linux. All input is hostile.
 */
#ifndef INTROSPECT_BTF_H
#define INTROSPECT_BTF_H

#include "introspect/memory.h"

typedef struct OsiBtf OsiBtf;

/* Where a member lies. @size 0 = absent. */
typedef struct OsiField {
    uint32_t offset, size;          /* bytes from the start of the struct */
    uint8_t bit_offset, bit_size;   /* a bit field when bit_size != 0 */
} OsiField;

/*
 * Parse @blob (copied). Needs a sane header; an unknown kind of type ends the
 * index there, since its length is unknown, and keeps what came before.
 */
OsiBtf *osi_btf_parse(const uint8_t *blob, size_t len, OsiError *err);

/*
 * First valid BTF blob of at least @min_types types in @image; @offset (may be
 * NULL) receives where. It lies at any multiple of 4.
 */
OsiBtf *osi_btf_scan(const uint8_t *image, size_t len, size_t min_types,
                     size_t *offset, OsiError *err);
void osi_btf_free(OsiBtf *btf);

size_t osi_btf_types(const OsiBtf *btf);
size_t osi_btf_bytes(const OsiBtf *btf);

/* Of a pointer, as wide as a long; 8 when BTF has no long. */
unsigned osi_btf_pointer_bytes(const OsiBtf *btf);

/* Byte for byte. */
bool osi_btf_equal(const OsiBtf *a, const OsiBtf *b);

/* Did an unknown kind of type cut the index short? */
bool osi_btf_truncated(const OsiBtf *btf);

/*
 * @path is "member", "member.member" or several of these separated by '|',
 * tried in order; members of anonymous structs and unions are found as in C.
 * When several structs share the name, the first that has the path wins.
 */
bool osi_btf_member(const OsiBtf *btf, const char *name, const char *path,
                    OsiField *field, OsiError *err);

/* Value of enumerator @name of enum @type (of at most 32 bits). */
bool osi_btf_enumerator(const OsiBtf *btf, const char *type, const char *name,
                        uint32_t *value, OsiError *err);

/* Offset of variable @name in section @section (".data..percpu"). */
bool osi_btf_variable(const OsiBtf *btf, const char *section, const char *name,
                      uint32_t *offset);

/* Size in bytes of the first struct or union called @name; 0 when absent. */
uint64_t osi_btf_struct_size(const OsiBtf *btf, const char *name);

#endif
