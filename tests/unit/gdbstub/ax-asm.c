/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "ax-asm.h"

static const struct {
    const char *name;
    uint8_t number;
    uint8_t operand;
} ops[] = {
    { "float", 0x01, 0 }, { "add", 0x02, 0 }, { "sub", 0x03, 0 },
    { "mul", 0x04, 0 }, { "div_signed", 0x05, 0 }, { "div_unsigned", 0x06, 0 },
    { "rem_signed", 0x07, 0 }, { "rem_unsigned", 0x08, 0 }, { "lsh", 0x09, 0 },
    { "rsh_signed", 0x0a, 0 }, { "rsh_unsigned", 0x0b, 0 },
    { "trace", 0x0c, 0 }, { "trace_quick", 0x0d, 1 }, { "log_not", 0x0e, 0 },
    { "bit_and", 0x0f, 0 }, { "bit_or", 0x10, 0 }, { "bit_xor", 0x11, 0 },
    { "bit_not", 0x12, 0 }, { "equal", 0x13, 0 }, { "less_signed", 0x14, 0 },
    { "less_unsigned", 0x15, 0 }, { "ext", 0x16, 1 }, { "ref8", 0x17, 0 },
    { "ref16", 0x18, 0 }, { "ref32", 0x19, 0 }, { "ref64", 0x1a, 0 },
    { "ref_float", 0x1b, 0 }, { "ref_double", 0x1c, 0 },
    { "ref_long_double", 0x1d, 0 }, { "l_to_d", 0x1e, 0 },
    { "d_to_l", 0x1f, 0 }, { "if_goto", 0x20, 2 }, { "goto", 0x21, 2 },
    { "const8", 0x22, 1 }, { "const16", 0x23, 2 }, { "const32", 0x24, 4 },
    { "const64", 0x25, 8 }, { "reg", 0x26, 2 }, { "end", 0x27, 0 },
    { "dup", 0x28, 0 }, { "pop", 0x29, 0 }, { "zero_ext", 0x2a, 1 },
    { "swap", 0x2b, 0 }, { "getv", 0x2c, 2 }, { "setv", 0x2d, 2 },
    { "tracev", 0x2e, 2 }, { "tracenz", 0x2f, 0 }, { "trace16", 0x30, 2 },
    { "pick", 0x32, 1 }, { "rot", 0x33, 0 }, { "printf", 0x34, 3 },
};

typedef struct Asm {
    GByteArray *code;
    GHashTable *labels;     /* name -> offset */
    GHashTable *fixups;     /* offset of an operand -> name */
} Asm;

static void emit(Asm *a, uint64_t v, unsigned size)
{
    while (size--) {
        uint8_t byte = v >> 8 * size;

        g_byte_array_append(a->code, &byte, 1);
    }
}

/* "printf 2 'format'" */
static void emit_printf(Asm *a, const char *operand)
{
    const char *quote = strchr(operand, '\'');
    const char *end = strrchr(operand, '\'');

    g_assert(quote && end > quote);
    emit(a, g_ascii_strtoull(operand, NULL, 0), 1);
    emit(a, end - quote, 2);
    g_byte_array_append(a->code, (const uint8_t *)quote + 1, end - quote - 1);
    emit(a, 0, 1);
}

static void emit_operand(Asm *a, const char *operand, unsigned size)
{
    char *end;
    uint64_t v;

    if (g_ascii_isalpha(*operand)) {
        g_hash_table_insert(a->fixups, GUINT_TO_POINTER(a->code->len),
                            g_strdup(operand));
        emit(a, 0, size);
        return;
    }
    v = g_ascii_strtoull(operand, &end, 0);
    g_assert(end != operand && !*end);
    emit(a, v, size);
}

static void statement(Asm *a, char *text)
{
    char *operand = strchr(text, ' ');

    operand = operand ? (*operand = '\0', g_strstrip(operand + 1)) : text;
    if (!strcmp(text, "byte")) {
        emit_operand(a, operand, 1);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(ops); i++) {
        if (strcmp(text, ops[i].name)) {
            continue;
        }
        emit(a, ops[i].number, 1);
        if (ops[i].number == 0x34) {
            emit_printf(a, operand);
        } else if (ops[i].operand) {
            emit_operand(a, operand, ops[i].operand);
        }
        return;
    }
    g_error("no instruction \"%s\"", text);
}

static void labels_and_statement(Asm *a, char *text)
{
    size_t name;

    g_strstrip(text);
    while (name = strspn(text, "abcdefghijklmnopqrstuvwxyz"),
           text[name] == ':') {
        text[name] = '\0';
        g_hash_table_insert(a->labels, g_strdup(text),
                            GUINT_TO_POINTER(a->code->len));
        text = g_strstrip(text + name + 1);
    }
    if (*text) {
        statement(a, text);
    }
}

GByteArray *ax_asm(const char *program)
{
    g_auto(GStrv) parts = g_strsplit(program, ";", -1);
    Asm a = {
        .code = g_byte_array_new(),
        .labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
        .fixups = g_hash_table_new_full(NULL, NULL, NULL, g_free),
    };
    GHashTableIter iter;
    gpointer at, name, target;

    for (char **p = parts; *p; p++) {
        labels_and_statement(&a, *p);
    }
    g_hash_table_iter_init(&iter, a.fixups);
    while (g_hash_table_iter_next(&iter, &at, &name)) {
        gboolean found = g_hash_table_lookup_extended(a.labels, name, NULL,
                                                      &target);

        g_assert(found);
        a.code->data[GPOINTER_TO_UINT(at)] = GPOINTER_TO_UINT(target) >> 8;
        a.code->data[GPOINTER_TO_UINT(at) + 1] = GPOINTER_TO_UINT(target);
    }
    g_hash_table_unref(a.labels);
    g_hash_table_unref(a.fixups);
    return a.code;
}
