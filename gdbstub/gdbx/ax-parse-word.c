/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent expressions from text: what the parser reads and what it writes. */
#include <string.h>

#include "ax-parse-internal.h"

bool gdbx_ax_refuse(GdbxAxParser *s, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    if (!s->why) {
        va_start(ap, fmt);
        text = g_strdup_vprintf(fmt, ap);
        va_end(ap);
        s->why = g_strdup_printf("column %d: %s", (int)(s->p - s->start) + 1,
                                 text);
    }
    return false;
}

/* ---- code ---- */

void gdbx_ax_emit(GdbxAxParser *s, uint8_t op)
{
    g_byte_array_append(s->code, &op, 1);
}

void gdbx_ax_emit_number(GdbxAxParser *s, uint64_t v, unsigned bytes)
{
    while (bytes-- > 0) {
        gdbx_ax_emit(s, v >> (8 * bytes));
    }
}

void gdbx_ax_emit_const(GdbxAxParser *s, uint64_t v)
{
    unsigned size = v < 0x100 ? 0 : v < 0x10000 ? 1 : v >> 32 ? 3 : 2;

    gdbx_ax_emit(s, AX_CONST8 + size);
    gdbx_ax_emit_number(s, v, 1u << size);
}

/* Returns where the target stands; gdbx_ax_land() fills it in. */
unsigned gdbx_ax_emit_jump(GdbxAxParser *s, uint8_t op)
{
    unsigned at;

    gdbx_ax_emit(s, op);
    at = s->code->len;
    gdbx_ax_emit_number(s, 0, 2);
    g_array_append_val(s->jumps, at);
    return at;
}

void gdbx_ax_land(GdbxAxParser *s, unsigned jump)
{
    s->code->data[jump] = s->code->len >> 8;
    s->code->data[jump + 1] = s->code->len;
}

/* ---- words ---- */

void gdbx_ax_skip_blanks(GdbxAxParser *s)
{
    while (g_ascii_isspace(*s->p)) {
        s->p++;
    }
}

bool gdbx_ax_is_name_char(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

size_t gdbx_ax_word_length(const char *p)
{
    size_t n = 0;

    while (!g_ascii_isdigit(*p) && gdbx_ax_is_name_char(p[n])) {
        n++;
    }
    return n;
}

static bool take_word(GdbxAxParser *s, const char *word)
{
    size_t n = strlen(word);

    gdbx_ax_skip_blanks(s);
    if (gdbx_ax_word_length(s->p) != n || strncmp(s->p, word, n)) {
        return false;
    }
    s->p += n;
    return true;
}

bool gdbx_ax_take(GdbxAxParser *s, char c)
{
    gdbx_ax_skip_blanks(s);
    if (*s->p != c) {
        return false;
    }
    s->p++;
    return true;
}

bool gdbx_ax_expect(GdbxAxParser *s, char c)
{
    return gdbx_ax_take(s, c) || gdbx_ax_refuse(s, "'%c' is missing", c);
}

/* ---- types ---- */

static const struct {
    const char *name;
    GdbxAxType type;
} type_names[] = {
    { "u8", { 1, true } }, { "u16", { 2, true } }, { "u32", { 4, true } },
    { "u64", { 8, true } }, { "s8", { 1, false } }, { "s16", { 2, false } },
    { "s32", { 4, false } }, { "s64", { 8, false } },
    { "uint8_t", { 1, true } }, { "uint16_t", { 2, true } },
    { "uint32_t", { 4, true } }, { "uint64_t", { 8, true } },
    { "int8_t", { 1, false } }, { "int16_t", { 2, false } },
    { "int32_t", { 4, false } }, { "int64_t", { 8, false } },
    { "char", { 1, false } }, { "short", { 2, false } },
    { "int", { 4, false } }, { "long", { 8, false } },
    { "size_t", { 8, true } }, { "uintptr_t", { 8, true } },
};

bool gdbx_ax_take_type(GdbxAxParser *s, GdbxAxType *type)
{
    bool sign = take_word(s, "signed");
    bool plus = !sign && take_word(s, "unsigned");

    for (size_t i = 0; i < G_N_ELEMENTS(type_names); i++) {
        if (take_word(s, type_names[i].name)) {
            *type = type_names[i].type;
            type->is_unsigned |= plus;
            /* long long, long int, short int */
            if (type->bytes == 8) {
                take_word(s, "long");
            }
            take_word(s, "int");
            return true;
        }
    }
    *type = (GdbxAxType) { 4, plus };
    return sign || plus;
}
