/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the tables of kallsyms lie in an image; private to kallsyms*.c. */
#ifndef INTROSPECT_KALLSYMS_SCAN_H
#define INTROSPECT_KALLSYMS_SCAN_H

#include "bytes.h"
#include "kallsyms.h"

#define OSI_TOKENS 256

/* Offsets are from the start of the image. */
typedef struct OsiScan {
    const uint8_t *img;
    size_t len;
    uint64_t base;                      /* address of img[0] */
    unsigned word;                      /* bytes of a pointer: 8 or 4 */
    uint64_t mask;                      /* of an address */
    size_t tokens;                      /* the token table */
    uint32_t token_off[OSI_TOKENS];     /* each token */
    uint16_t token_len[OSI_TOKENS];
    bool starts_name[OSI_TOKENS];       /* its first character is a type */
    size_t index_end;                   /* behind the token index */
    size_t num_at;                      /* num_syms */
    size_t names;                       /* the first name */
    uint32_t n;
    uint32_t work;
} OsiScan;

/* Fill all of @s but what comes before @tokens. */
bool osi_scan_tables(OsiScan *s, OsiError *err);

/*
 * The length in front of the name at *@at, which moves behind it; false when
 * the name does not end before @end.
 */
bool osi_scan_length(const OsiScan *s, size_t *at, size_t end, size_t *n);

#endif
