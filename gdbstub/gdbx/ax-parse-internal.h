/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the ax-parse*.c files only; ax-parse.h is the contract. */
#ifndef GDBX_AX_PARSE_INTERNAL_H
#define GDBX_AX_PARSE_INTERNAL_H

#include "ax-internal.h"
#include "ax-parse.h"

/* Bytes; jumps have 16 bits, and nobody types that much. */
#define GDBX_AX_PARSE_CODE 32768

typedef struct GdbxAxParser {
    const char *start, *p;
    const GdbxAxNames *names;
    GByteArray *code;
    GArray *jumps;          /* unsigned: where in code targets stand */
    unsigned depth;
    char *why;              /* set once, by the first refusal */
} GdbxAxParser;

typedef struct GdbxAxType {
    uint8_t bytes;
    bool is_unsigned;
} GdbxAxType;

/* --- ax-parse-word.c --- */
/* False; keeps the first reason, with the column. */
bool gdbx_ax_refuse(GdbxAxParser *s, const char *fmt, ...)
    G_GNUC_PRINTF(2, 3);
void gdbx_ax_emit(GdbxAxParser *s, uint8_t byte);
/* Big-endian. */
void gdbx_ax_emit_number(GdbxAxParser *s, uint64_t v, unsigned bytes);
void gdbx_ax_emit_const(GdbxAxParser *s, uint64_t v);
/* Returns where the target stands; gdbx_ax_land() fills it in. */
unsigned gdbx_ax_emit_jump(GdbxAxParser *s, uint8_t op);
void gdbx_ax_land(GdbxAxParser *s, unsigned jump);
void gdbx_ax_skip_blanks(GdbxAxParser *s);
bool gdbx_ax_is_name_char(char c);
/* Bytes of the word at @p that letters begin; 0: none. */
size_t gdbx_ax_word_length(const char *p);
/* The character, if it is the next one. */
bool gdbx_ax_take(GdbxAxParser *s, char c);
bool gdbx_ax_expect(GdbxAxParser *s, char c);
/* A type's name, if there is one. */
bool gdbx_ax_take_type(GdbxAxParser *s, GdbxAxType *type);

/* --- ax-parse.c --- */
/* An expression: appends its code, which leaves one value. */
bool gdbx_ax_parse_choice(GdbxAxParser *s, bool *is_unsigned);

#endif
