/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A decoded table of symbols, for those who make one; private to kallsyms*.c. */
#ifndef INTROSPECT_KALLSYMS_TABLE_H
#define INTROSPECT_KALLSYMS_TABLE_H

#include "kallsyms.h"

#define OSI_SYMBOL_NAME_MAX 512
#define OSI_SYMBOL_POOL_MAX (96u << 20)     /* bytes of all names */

struct OsiKallsyms {
    uint32_t n;
    uint64_t *value;        /* n */
    uint32_t *name;         /* n: offset in pool of type letter, name, NUL */
    GByteArray *pool;
    uint32_t *bucket;       /* buckets: symbol index + 1, 0 = empty */
    uint32_t *chain;        /* n: the next symbol + 1 in the same bucket */
    uint32_t buckets;       /* a power of two */
    uint32_t *order;        /* by value, or NULL when already sorted */
    const char *layout;
};

/* Room for @n symbols. */
OsiKallsyms *osi_kallsyms_new(uint32_t n);

/* Names are all there: make osi_kallsyms_find() work. */
void osi_kallsyms_index_names(OsiKallsyms *ks);

/* Values are: make osi_kallsyms_at() work. */
void osi_kallsyms_index_values(OsiKallsyms *ks);

#endif
