/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kallsyms: the kernel's compressed symbol table, found in its image by
 * content. Written by scripts/kallsyms.c of Linux; the order of its tables
 * changed three times since 5.10 and stable kernels get back-ports, so the
 * layout is decided by what is found, never by a version.
 */
#ifndef INTROSPECT_KALLSYMS_H
#define INTROSPECT_KALLSYMS_H

#include "introspect/memory.h"

typedef struct OsiKallsyms OsiKallsyms;

typedef struct OsiSymbol {
    const char *name;       /* owned by the table */
    char type;              /* as nm(1) */
    uint64_t value;         /* as /proc/kallsyms shows it to root */
} OsiSymbol;

/*
 * Decode the tables in @image, the kernel's bytes starting at virtual address
 * @base, of a 32-bit kernel when @base has 32 bits. Nothing of @image is kept.
 */
OsiKallsyms *osi_kallsyms_decode(const uint8_t *image, size_t len,
                                 uint64_t base, OsiError *err);
void osi_kallsyms_free(OsiKallsyms *ks);

/* The text of a System.map, for a kernel as it was linked. */
OsiKallsyms *osi_kallsyms_from_map(const char *text, size_t len, OsiError *err);

/* Add @by to all values of @from and more, within @mask: KASLR. */
void osi_kallsyms_move(OsiKallsyms *ks, uint64_t from, uint64_t by,
                       uint64_t mask);

size_t osi_kallsyms_count(const OsiKallsyms *ks);

/* "offsets before names, percpu absolute", for evidence. */
const char *osi_kallsyms_layout(const OsiKallsyms *ks);

/* @i in the kernel's own order, which is by address. */
OsiSymbol osi_kallsyms_get(const OsiKallsyms *ks, size_t i);

/* First symbol called @name. */
bool osi_kallsyms_find(const OsiKallsyms *ks, const char *name,
                       uint64_t *value);

/* Nearest symbol at or below @addr, the first of several; false when none. */
bool osi_kallsyms_at(const OsiKallsyms *ks, uint64_t addr, OsiSymbol *sym);

#endif
