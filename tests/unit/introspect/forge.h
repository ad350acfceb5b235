/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Forged guests: physical memory, page tables, BTF and kallsyms made of bytes
 * by the tests themselves, with an allocator for each. Everything is freed by
 * forge_free(). Nothing here shares code with what it tests.
 */
#ifndef FORGE_H
#define FORGE_H

#include <glib.h>
#include <string.h>
#include "introspect/event.h"
#include "introspect/process.h"
#include "introspect/symbol.h"
#include "introspect/thread.h"

#define FORGE_P     1ull
#define FORGE_RW    2ull
#define FORGE_US    4ull
#define FORGE_PS    0x80ull
#define FORGE_NX    (1ull << 63)

#define FORGE_UP(x, a) (((x) + (a) - 1) / (a) * (a))

typedef struct Forge {
    uint8_t *ram;
    uint64_t size;          /* bytes of RAM from physical 0 */
    uint64_t next;          /* first free physical page */
    uint64_t reads;         /* how often memory was read */
    OsiMemory mem;
} Forge;

Forge *forge_new(uint64_t size);
void forge_free(Forge *f);

/* A zeroed physical page. */
uint64_t forge_page(Forge *f);

void put16(uint8_t *p, uint16_t v);
void put32(uint8_t *p, uint32_t v);
void put64(uint8_t *p, uint64_t v);

/*
 * Map [va, va + 2^shift) by one entry of that size, making the tables above
 * it. @flags are those of the leaf; tables get P|RW|US.
 */
void forge_map(Forge *f, OsiRoot root, uint64_t va, uint64_t pa, int shift,
               uint64_t flags);

/* A growing buffer that is padded to @align. */
void blob_align(GByteArray *b, guint align);
void blob32(GByteArray *b, uint32_t v);
void blob64(GByteArray *b, uint64_t v);

/* ---- BTF ---- */

typedef struct ForgeBtf {
    GByteArray *types, *strs;
    uint32_t n;
} ForgeBtf;

typedef struct ForgeMember {
    const char *name;       /* "" = anonymous */
    uint32_t type;
    uint32_t offset;        /* bytes */
} ForgeMember;

enum { BTF_INT = 1, BTF_PTR, BTF_ARRAY, BTF_STRUCT, BTF_UNION, BTF_ENUM,
       BTF_FWD, BTF_TYPEDEF, BTF_VOLATILE, BTF_CONST, BTF_TYPE_TAG = 18 };

ForgeBtf *forge_btf_new(void);

/* Each returns the id of the new type. */
uint32_t forge_btf_type(ForgeBtf *b, const char *name, uint32_t kind,
                        uint32_t vlen, uint32_t size_or_type);
uint32_t forge_btf_int(ForgeBtf *b, const char *name, uint32_t size);
uint32_t forge_btf_array(ForgeBtf *b, uint32_t of, uint32_t n);
uint32_t forge_btf_struct(ForgeBtf *b, uint32_t kind, const char *name,
                          uint32_t size, const ForgeMember *m, size_t n);

/* Header, types, strings. Frees @b. */
GByteArray *forge_btf_finish(ForgeBtf *b);

/* ---- kallsyms ---- */

typedef enum ForgeLayout {
    FORGE_BEFORE_PERCPU,    /* 5.10, 6.1 */
    FORGE_AFTER_PERCPU,     /* 6.12 */
    FORGE_AFTER,            /* 6.16 */
    FORGE_PCREL,            /* 7.0 */
    FORGE_LAYOUTS
} ForgeLayout;

typedef struct ForgeSym {
    const char *name;
    char type;
    uint64_t value;         /* ascending over the array */
} ForgeSym;

/*
 * Append the tables to @image, whose byte 0 has address @base. In the PERCPU
 * layouts values below @base are per-CPU offsets.
 */
void forge_kallsyms(GByteArray *image, ForgeLayout layout, uint64_t base,
                    const ForgeSym *syms, uint32_t n);

#endif
