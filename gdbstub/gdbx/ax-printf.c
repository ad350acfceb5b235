/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent expressions: the printf opcode, which is what a dprintf in agent
 * style becomes.
 *
 * The format comes from the client, the strings from the guest.  The format is
 * cut into pieces once; a conversion keeps a specification that we wrote
 * ourselves, so that no byte of foreign text ever reaches snprintf's format.
 */
#include <stdio.h>
#include <string.h>

#include "ax-internal.h"

#define MAX_FIELD 999   /* width or precision: three digits */
#define CHUNK     64    /* bytes of a string read at once; divides a page */

typedef struct Piece {
    char conv;          /* 'i' signed, 'u' unsigned, c, p, s; 0: literal */
    uint8_t size;       /* bytes of the argument that count */
    int precision;      /* of s; -1: none */
    char spec[24];      /* for snprintf: of an int64_t, uint64_t or char * */
    size_t start, len;  /* literal: where in the text */
} Piece;

struct GdbxAxFormat {
    unsigned nargs;
    GString *text;      /* all literal text, escapes resolved */
    GArray *pieces;     /* of Piece */
};

/* Parsing */

typedef struct Parse {
    const char *p;
    GdbxAxFormat *format;
    char *why;
} Parse;

static bool G_GNUC_PRINTF(2, 3) refuse(Parse *parse, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    parse->why = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return false;
}

/* Extend the literal piece at the end, or begin one. */
static void add_literal(Parse *parse, char c)
{
    GArray *pieces = parse->format->pieces;
    GString *text = parse->format->text;
    Piece piece = { .start = text->len };

    if (!pieces->len ||
        g_array_index(pieces, Piece, pieces->len - 1).conv) {
        g_array_append_val(pieces, piece);
    }
    g_array_index(pieces, Piece, pieces->len - 1).len++;
    g_string_append_c(text, c);
}

/*
 * gdb sends the format as the user typed it, backslashes and all.  These are
 * the escapes that it knows; octal ones it refuses itself.
 */
static bool parse_escape(Parse *parse)
{
    static const char from[] = "\\abefnrtv\"'";
    static const char to[] = "\\\a\b\033\f\n\r\t\v\"'";
    const char *found = *parse->p ? strchr(from, *parse->p) : NULL;

    if (!found) {
        return refuse(parse, "unknown escape in the format");
    }
    parse->p++;
    add_literal(parse, to[found - from]);
    return true;
}

/* Digits of a width or precision; none is 0. */
static bool parse_field(Parse *parse, int *value)
{
    *value = 0;
    while (g_ascii_isdigit(*parse->p)) {
        *value = *value * 10 + (*parse->p++ - '0');
        if (*value > MAX_FIELD) {
            return refuse(parse, "width or precision exceeds %d", MAX_FIELD);
        }
    }
    return true;
}

/* Bytes of the integer that a length modifier names. */
static unsigned parse_length(Parse *parse)
{
    static const struct {
        const char *text;
        unsigned size;
    } lengths[] = {
        { "hh", 1 }, { "h", 2 }, { "ll", 8 }, { "l", 8 },
        { "j", 8 }, { "z", 8 }, { "t", 8 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        if (g_str_has_prefix(parse->p, lengths[i].text)) {
            parse->p += strlen(lengths[i].text);
            return lengths[i].size;
        }
    }
    return 4;
}

/* What the conversion character means, and the end of the specification. */
static bool parse_conversion(Parse *parse, Piece *piece, GString *spec)
{
    bool length = g_ascii_isalpha(*parse->p) && strchr("hljzt", *parse->p);
    char conv;

    piece->size = parse_length(parse);
    conv = *parse->p;
    if (!conv || !strchr("diuoxXcsp", conv) ||
        (length && strchr("csp", conv))) {
        return refuse(parse, "format uses a conversion other than "
                      "%%d %%i %%u %%o %%x %%X %%c %%s %%p");
    }
    parse->p++;
    if (conv == 's' || conv == 'c' || conv == 'p') {
        /* C leaves these undefined, so do we. */
        if (strpbrk(spec->str, "+ #") || spec->str[1] == '0' ||
            (conv != 's' && piece->precision >= 0)) {
            return refuse(parse, "format has a flag or precision that %%%c "
                          "does not take", conv);
        }
        piece->conv = conv;
        g_string_append(spec, "s");
        return true;
    }
    piece->conv = strchr("di", conv) ? 'i' : 'u';
    g_string_append_printf(spec, "ll%c", conv);
    return true;
}

/* Behind the '%'. */
static bool parse_directive(Parse *parse)
{
    g_autoptr(GString) spec = g_string_new("%");
    Piece piece = { .precision = -1 };
    int width;

    while (*parse->p && strchr("-+ #0", *parse->p)) {
        if (!strchr(spec->str, *parse->p)) {
            /* The '0' in front, where it can be told from the width. */
            g_string_insert_c(spec, *parse->p == '0' ? 1 : -1, *parse->p);
        }
        parse->p++;
    }
    if (!parse_field(parse, &width)) {
        return false;
    }
    if (width) {
        g_string_append_printf(spec, "%d", width);
    }
    if (*parse->p == '.') {
        parse->p++;
        if (!parse_field(parse, &piece.precision)) {
            return false;
        }
        g_string_append_printf(spec, ".%d", piece.precision);
    }
    if (!parse_conversion(parse, &piece, spec)) {
        return false;
    }
    g_assert(spec->len < sizeof(piece.spec));
    memcpy(piece.spec, spec->str, spec->len + 1);
    g_array_append_val(parse->format->pieces, piece);
    parse->format->nargs++;
    return true;
}

static bool parse_format(Parse *parse)
{
    while (*parse->p) {
        char c = *parse->p++;

        if (c == '\\') {
            if (!parse_escape(parse)) {
                return false;
            }
        } else if (c != '%') {
            add_literal(parse, c);
        } else if (*parse->p == '%') {
            add_literal(parse, *parse->p++);
        } else if (!parse_directive(parse)) {
            return false;
        }
    }
    return true;
}

GdbxAxFormat *gdbx_ax_format_new(const char *text, unsigned nargs,
                                 char **reason)
{
    Parse parse = { .p = text, .format = g_new0(GdbxAxFormat, 1) };
    bool good;

    parse.format->text = g_string_new(NULL);
    parse.format->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    good = parse_format(&parse);
    if (good && parse.format->nargs != nargs) {
        good = refuse(&parse, "format wants %u arguments, there are %u",
                      parse.format->nargs, nargs);
    }
    if (!good) {
        gdbx_ax_format_free(parse.format);
        *reason = parse.why;
        return NULL;
    }
    return parse.format;
}

void gdbx_ax_format_free(GdbxAxFormat *format)
{
    g_string_free(format->text, TRUE);
    g_array_unref(format->pieces);
    g_free(format);
}

/* Printing */

typedef struct Out {
    char text[GDBX_AX_MAX_PRINT];
    size_t len;
} Out;

static void put(Out *out, const char *text, size_t len)
{
    len = MIN(len, sizeof(out->text) - out->len);
    memcpy(out->text + out->len, text, len);
    out->len += len;
}

/*
 * Read at most SIZE bytes of a guest string, up to and without its NUL.
 * Aligned chunks: what lies on the page behind the NUL is never asked for.
 */
static bool read_string(const GdbxAxEnv *env, uint64_t addr, char *buf,
                        size_t size, size_t *len)
{
    *len = 0;
    while (*len < size) {
        size_t n = MIN(CHUNK - addr % CHUNK, size - *len);
        const char *end;

        if (!env->mem || !env->mem(env->opaque, addr, buf + *len, n)) {
            return false;
        }
        end = memchr(buf + *len, 0, n);
        if (end) {
            *len = end - buf;
            return true;
        }
        *len += n;
        addr += n;
    }
    return true;
}

/*
 * Through the field: only strings without a NUL come here.  The precision is
 * in the specification too and cuts once more, harmlessly.
 */
static void put_padded(Out *out, const Piece *piece, const char *text)
{
    char field[MAX(GDBX_AX_MAX_STRING, MAX_FIELD) + 1];

    snprintf(field, sizeof(field), piece->spec, text);
    put(out, field, strlen(field));
}

static void put_string(Out *out, const Piece *piece, uint64_t addr,
                       const GdbxAxEnv *env)
{
    char text[GDBX_AX_MAX_STRING + 1];
    size_t size = GDBX_AX_MAX_STRING, len;

    if (piece->precision >= 0) {
        size = MIN(size, (size_t)piece->precision);
    }
    if (!addr) {
        put_padded(out, piece, "(null)");
    } else if (read_string(env, addr, text, size, &len)) {
        text[len] = '\0';
        put_padded(out, piece, text);
    } else {
        g_snprintf(text, sizeof(text),
                   "<error: address 0x%" G_GINT64_MODIFIER "x>", addr);
        put(out, text, strlen(text));
    }
}

/* A NUL is a character too: it must not vanish in the field's string. */
static void put_char(Out *out, const Piece *piece, uint64_t value)
{
    char text[2] = { (char)value, '\0' };

    if (text[0]) {
        put_padded(out, piece, text);
    } else {
        put(out, text, 1);
    }
}

static void put_pointer(Out *out, const Piece *piece, uint64_t value)
{
    char text[24] = "(nil)";

    if (value) {
        g_snprintf(text, sizeof(text), "0x%" G_GINT64_MODIFIER "x", value);
    }
    put_padded(out, piece, text);
}

static void put_number(Out *out, const Piece *piece, uint64_t value)
{
    unsigned unused = 64 - 8 * piece->size;
    char field[MAX_FIELD * 2 + 32];

    if (piece->conv == 'i') {
        snprintf(field, sizeof(field), piece->spec,
                 (long long)((int64_t)(value << unused) >> unused));
    } else {
        snprintf(field, sizeof(field), piece->spec,
                 (unsigned long long)(value << unused >> unused));
    }
    put(out, field, strlen(field));
}

static void put_piece(Out *out, const GdbxAxFormat *format, const Piece *piece,
                      uint64_t value, const GdbxAxEnv *env)
{
    switch (piece->conv) {
    case 0:
        put(out, format->text->str + piece->start, piece->len);
        break;
    case 's':
        put_string(out, piece, value, env);
        break;
    case 'c':
        put_char(out, piece, value);
        break;
    case 'p':
        put_pointer(out, piece, value);
        break;
    default:
        put_number(out, piece, value);
        break;
    }
}

void gdbx_ax_print(const GdbxAxFormat *format, const uint64_t *top,
                   const GdbxAxEnv *env)
{
    Out out = { .len = 0 };

    for (unsigned i = 0; i < format->pieces->len; i++) {
        const Piece *piece = &g_array_index(format->pieces, Piece, i);

        put_piece(&out, format, piece, piece->conv ? *top : 0, env);
        top -= piece->conv != 0;
    }
    if (env->print && out.len) {
        env->print(env->opaque, out.text, out.len);
    }
}
