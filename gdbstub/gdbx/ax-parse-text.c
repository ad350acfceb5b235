/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Agent expressions from text: one expression, or what printf takes. */
#include <string.h>

#include "ax-parse-internal.h"

/* Behind an expression comes the end, or a word; not half an operator. */
static bool ends(GdbxAxParser *s)
{
    gdbx_ax_skip_blanks(s);
    if (*s->p == '=') {
        return gdbx_ax_refuse(s, "'=' sets nothing here; equal is '=='");
    }
    return !*s->p || gdbx_ax_word_length(s->p) || *s->p == ',' ||
           gdbx_ax_refuse(s, "'%.1s' is not understood here",
                  g_ascii_isprint(*s->p) ? s->p : "?");
}

static void begin(GdbxAxParser *s, const char *text, const GdbxAxNames *names)
{
    *s = (GdbxAxParser) {
        .start = text, .p = text, .names = names,
        .code = g_byte_array_new(),
        .jumps = g_array_new(false, false, sizeof(unsigned)),
    };
}

static GdbxAx *finish(GdbxAxParser *s, bool good, const char **text,
                      char **reason)
{
    g_autofree char *why = NULL;
    GdbxAx *ax = NULL;

    if (good) {
        gdbx_ax_emit(s, AX_END);
        ax = gdbx_ax_new(s->code->data, s->code->len, &why);
    }
    if (ax) {
        *text = s->p;
    } else if (reason) {
        *reason = g_strdup(s->why ? s->why : why);
    }
    g_free(s->why);
    g_byte_array_unref(s->code);
    g_array_unref(s->jumps);
    return ax;
}

GdbxAx *gdbx_ax_parse(const char **text, const GdbxAxNames *names,
                      char **reason)
{
    bool ignored;
    GdbxAxParser s;

    begin(&s, *text, names);
    return finish(&s, gdbx_ax_parse_choice(&s, &ignored) && ends(&s), text,
                  reason);
}

/* The text between quotation marks, its escapes left as they are. */
static bool parse_format(GdbxAxParser *s, GString *format)
{
    gdbx_ax_skip_blanks(s);
    if (*s->p != '"') {
        return gdbx_ax_refuse(s, "a format in \" is missing");
    }
    for (s->p++; *s->p && *s->p != '"'; s->p++) {
        if (*s->p == '\\' && s->p[1]) {
            g_string_append_c(format, *s->p++);
        }
        g_string_append_c(format, *s->p);
    }
    if (!gdbx_ax_expect(s, '"')) {
        return false;
    }
    if (!g_str_has_suffix(format->str, "\\n")) {
        g_string_append(format, "\\n");
    }
    return format->len < GDBX_AX_MAX_PRINT ||
           gdbx_ax_refuse(s, "the format is too long");
}

/* Appends code that was made on its own; its jumps move along. */
static void append_code(GdbxAxParser *s, const GByteArray *code,
                        const GArray *jumps)
{
    unsigned base = s->code->len;

    g_byte_array_append(s->code, code->data, code->len);
    for (guint i = 0; i < jumps->len; i++) {
        uint8_t *p = s->code->data + base +
                     g_array_index(jumps, unsigned, i);
        unsigned target = gdbx_ax_operand(p, 2) + base;

        p[0] = target >> 8;
        p[1] = target;
    }
}

/* The last argument is pushed first: each in front of those before it. */
static bool parse_arguments(GdbxAxParser *s, unsigned *n)
{
    bool ignored;

    for (*n = 0; gdbx_ax_take(s, ','); ++*n) {
        GByteArray *before = s->code;
        GArray *before_jumps = s->jumps;
        bool good;

        if (*n == 32) {
            return gdbx_ax_refuse(s, "too many arguments");
        }
        s->code = g_byte_array_new();
        s->jumps = g_array_new(false, false, sizeof(unsigned));
        good = gdbx_ax_parse_choice(s, &ignored) && ends(s);
        append_code(s, before, before_jumps);
        for (guint i = 0; i < before_jumps->len; i++) {
            unsigned at = g_array_index(before_jumps, unsigned, i) +
                          s->code->len - before->len;
            g_array_append_val(s->jumps, at);
        }
        g_byte_array_unref(before);
        g_array_unref(before_jumps);
        if (!good || s->code->len > GDBX_AX_PARSE_CODE) {
            return gdbx_ax_refuse(s, "the arguments are too long");
        }
    }
    return true;
}

GdbxAx *gdbx_ax_parse_printf(const char **text, const GdbxAxNames *names,
                             char **reason)
{
    g_autoptr(GString) format = g_string_new(NULL);
    unsigned n = 0;
    bool good;
    GdbxAxParser s;

    begin(&s, *text, names);
    good = parse_format(&s, format) && parse_arguments(&s, &n) && ends(&s);
    if (good) {
        gdbx_ax_emit_const(&s, 0);      /* channel */
        gdbx_ax_emit_const(&s, 0);      /* function */
        gdbx_ax_emit(&s, AX_PRINTF);
        gdbx_ax_emit(&s, n);
        gdbx_ax_emit_number(&s, format->len + 1, 2);
        g_byte_array_append(s.code, (const uint8_t *)format->str,
                            format->len + 1);
    }
    return finish(&s, good, text, reason);
}
