/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent expressions: from text. See ax-parse.h for the language.
 *
 * One pass by recursive descent: each function appends the code of what it has
 * read, which leaves one value on the stack, and says whether that is unsigned.
 * The verifier (ax.c) has the last word.
 */
#include <errno.h>
#include <string.h>

#include "ax-parse-internal.h"

/* Of parentheses, unary operators and branches of ?: in each other. */
#define MAX_DEPTH 40

static bool parse_unary(GdbxAxParser *s, bool *is_unsigned);

/* The value on the stack as one of @type; its promotion's sign. */
static void convert(GdbxAxParser *s, GdbxAxType type, bool *is_unsigned)
{
    if (type.bytes < 8) {
        gdbx_ax_emit(s, type.is_unsigned ? AX_ZERO_EXT : AX_EXT);
        gdbx_ax_emit(s, 8 * type.bytes);
    }
    *is_unsigned = type.is_unsigned && type.bytes == 8;
}

/* The value that the address on the stack points to. */
static void load(GdbxAxParser *s, GdbxAxType type, bool *is_unsigned)
{
    gdbx_ax_emit(s, type.bytes == 1 ? AX_REF8 : type.bytes == 2 ? AX_REF16
            : type.bytes == 4 ? AX_REF32 : AX_REF64);
    convert(s, type, is_unsigned);
}

/* ---- operands ---- */

static bool parse_number(GdbxAxParser *s, bool *is_unsigned)
{
    const char *begin = s->p;
    char *end;
    uint64_t v;

    errno = 0;
    v = g_ascii_strtoull(begin, &end, 0);
    if (errno) {
        return gdbx_ax_refuse(s, "the number has more than 64 bits");
    }
    while (*end && strchr("uUlL", *end)) {
        *is_unsigned |= *end == 'u' || *end == 'U';
        end++;
    }
    if (gdbx_ax_is_name_char(*end)) {
        return gdbx_ax_refuse(s, "not a number");
    }
    s->p = end;
    *is_unsigned |= v > INT64_MAX;
    gdbx_ax_emit_const(s, v);
    return true;
}

static bool parse_char(GdbxAxParser *s)
{
    if (!g_ascii_isprint(s->p[1]) || s->p[1] == '\\' || s->p[2] != '\'') {
        return gdbx_ax_refuse(s, "not a character that can be written so");
    }
    gdbx_ax_emit_const(s, (uint8_t)s->p[1]);
    s->p += 3;
    return true;
}

static bool parse_name(GdbxAxParser *s, bool *is_unsigned)
{
    size_t n = 0;
    char name[GDBX_AX_MAX_NAME];
    unsigned number;

    while (gdbx_ax_is_name_char(s->p[1 + n])) {
        n++;
    }
    g_strlcpy(name, s->p + 1, MIN(n + 1, sizeof(name)));
    if (n >= sizeof(name) || !s->names->find ||
        !s->names->find(s->names->opaque, name, &number) ||
        number > UINT16_MAX) {
        return gdbx_ax_refuse(s, "there is no $%s", name);
    }
    s->p += 1 + n;
    gdbx_ax_emit(s, AX_REG);
    gdbx_ax_emit_number(s, number, 2);
    *is_unsigned = true;
    return true;
}

/* "(TYPE)": behind it is what is cast; else the parenthesis is not taken. */
static bool take_cast(GdbxAxParser *s, GdbxAxType *type, bool *pointer)
{
    const char *before = s->p;

    if (gdbx_ax_take(s, '(') && gdbx_ax_take_type(s, type)) {
        *pointer = gdbx_ax_take(s, '*');
        if (gdbx_ax_take(s, ')')) {
            return true;
        }
    }
    s->p = before;
    return false;
}

/* "u32[EXPR]" */
static bool parse_indexed(GdbxAxParser *s, bool *is_unsigned)
{
    const char *before = s->p;
    bool ignored = false;
    GdbxAxType type;

    if (!gdbx_ax_take_type(s, &type) || !gdbx_ax_take(s, '[')) {
        s->p = before;
        return gdbx_ax_refuse(s, *before ? "a value is missing"
                                 : "it ends where a value is missing");
    }
    if (!gdbx_ax_parse_choice(s, &ignored) || !gdbx_ax_expect(s, ']')) {
        return false;
    }
    load(s, type, is_unsigned);
    return true;
}

static bool parse_operand(GdbxAxParser *s, bool *is_unsigned)
{
    *is_unsigned = false;
    gdbx_ax_skip_blanks(s);
    if (g_ascii_isdigit(*s->p)) {
        return parse_number(s, is_unsigned);
    }
    switch (*s->p) {
    case '\'':
        return parse_char(s);
    case '$':
        return parse_name(s, is_unsigned);
    case '(':
        s->p++;
        return gdbx_ax_parse_choice(s, is_unsigned) && gdbx_ax_expect(s, ')');
    default:
        return parse_indexed(s, is_unsigned);
    }
}

/* Behind a '*': what is read is said by a cast. */
static bool parse_load(GdbxAxParser *s, bool *is_unsigned)
{
    bool pointer = false, ignored;
    GdbxAxType type = { 8, true };

    gdbx_ax_skip_blanks(s);
    if (!take_cast(s, &type, &pointer) || !pointer) {
        return gdbx_ax_refuse(s, "'*' has to know what to read: *(u32 *)ADDR");
    }
    if (!parse_unary(s, &ignored)) {
        return false;
    }
    load(s, type, is_unsigned);
    return true;
}

static bool parse_prefix(GdbxAxParser *s, bool *is_unsigned)
{
    char op = *s->p;
    bool pointer = false;
    GdbxAxType type;

    if (take_cast(s, &type, &pointer)) {
        if (!parse_unary(s, is_unsigned)) {
            return false;
        }
        convert(s, pointer ? (GdbxAxType) { 8, true } : type, is_unsigned);
        return true;
    }
    if (!op || !strchr("!~-+*", op)) {
        return parse_operand(s, is_unsigned);
    }
    s->p++;
    if (op == '*') {
        return parse_load(s, is_unsigned);
    }
    if (op == '-') {
        gdbx_ax_emit_const(s, 0);
    }
    if (!parse_unary(s, is_unsigned)) {
        return false;
    }
    if (op == '!') {
        gdbx_ax_emit(s, AX_LOG_NOT);
        *is_unsigned = false;
    } else if (op != '+') {
        gdbx_ax_emit(s, op == '-' ? AX_SUB : AX_BIT_NOT);
    }
    return true;
}

static bool parse_unary(GdbxAxParser *s, bool *is_unsigned)
{
    bool good;

    if (s->depth == MAX_DEPTH || s->code->len > GDBX_AX_PARSE_CODE) {
        return gdbx_ax_refuse(s, "the expression is too long or too deep");
    }
    s->depth++;
    gdbx_ax_skip_blanks(s);
    good = parse_prefix(s, is_unsigned);
    s->depth--;
    return good;
}

/* ---- operators ---- */

enum { SWAP = 1, NOT = 2, TRUTH = 4, SHIFT = 8 };

static const struct Operator {
    const char *text;
    uint8_t level;          /* a higher one binds more */
    uint8_t op, op_unsigned;
    uint8_t flags;          /* SWAP before, NOT behind, TRUTH: 0 or 1 */
} operators[] = {
    /* Longer ones first where one begins with another. */
    { "<<", 7, AX_LSH, AX_LSH, SHIFT },
    { ">>", 7, AX_RSH_SIGNED, AX_RSH_UNSIGNED, SHIFT },
    { "==", 5, AX_EQUAL, AX_EQUAL, TRUTH },
    { "!=", 5, AX_EQUAL, AX_EQUAL, NOT | TRUTH },
    { "<=", 6, AX_LESS_SIGNED, AX_LESS_UNSIGNED, SWAP | NOT | TRUTH },
    { ">=", 6, AX_LESS_SIGNED, AX_LESS_UNSIGNED, NOT | TRUTH },
    { "<", 6, AX_LESS_SIGNED, AX_LESS_UNSIGNED, TRUTH },
    { ">", 6, AX_LESS_SIGNED, AX_LESS_UNSIGNED, SWAP | TRUTH },
    { "&&", 0, 0, 0, 0 },
    { "||", 0, 0, 0, 0 },
    { "&", 4, AX_BIT_AND, AX_BIT_AND, 0 },
    { "^", 3, AX_BIT_XOR, AX_BIT_XOR, 0 },
    { "|", 2, AX_BIT_OR, AX_BIT_OR, 0 },
    { "+", 8, AX_ADD, AX_ADD, 0 },
    { "-", 8, AX_SUB, AX_SUB, 0 },
    { "*", 9, AX_MUL, AX_MUL, 0 },
    { "/", 9, AX_DIV_SIGNED, AX_DIV_UNSIGNED, 0 },
    { "%", 9, AX_REM_SIGNED, AX_REM_UNSIGNED, 0 },
};

/* The binary operator here, if it is one of at least @level. */
static const struct Operator *peek_operator(GdbxAxParser *s, unsigned level)
{
    gdbx_ax_skip_blanks(s);
    for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
        if (g_str_has_prefix(s->p, operators[i].text)) {
            return operators[i].level >= level ? &operators[i] : NULL;
        }
    }
    return NULL;
}

static void apply(GdbxAxParser *s, const struct Operator *o, bool *left,
                  bool right)
{
    bool is_unsigned = *left || (right && !(o->flags & SHIFT));

    if (o->flags & SWAP) {
        gdbx_ax_emit(s, AX_SWAP);
    }
    gdbx_ax_emit(s, is_unsigned ? o->op_unsigned : o->op);
    if (o->flags & NOT) {
        gdbx_ax_emit(s, AX_LOG_NOT);
    }
    *left = is_unsigned && !(o->flags & TRUTH);
}

static bool parse_binary(GdbxAxParser *s, unsigned level, bool *is_unsigned)
{
    const struct Operator *o;
    bool right;

    if (!parse_unary(s, is_unsigned)) {
        return false;
    }
    while ((o = peek_operator(s, level))) {
        s->p += strlen(o->text);
        if (!parse_binary(s, o->level + 1, &right)) {
            return false;
        }
        apply(s, o, is_unsigned, right);
    }
    return true;
}

/* The right side is not looked at when the left one decides. */
static bool parse_logical(GdbxAxParser *s, bool is_or, bool *is_unsigned)
{
    const char *text = is_or ? "||" : "&&";
    unsigned decided, end;

    if (!(is_or ? parse_logical(s, false, is_unsigned)
                : parse_binary(s, 1, is_unsigned))) {
        return false;
    }
    gdbx_ax_skip_blanks(s);
    while (g_str_has_prefix(s->p, text)) {
        s->p += 2;
        if (!is_or) {
            gdbx_ax_emit(s, AX_LOG_NOT);
        }
        decided = gdbx_ax_emit_jump(s, AX_IF_GOTO);
        if (!(is_or ? parse_logical(s, false, is_unsigned)
                    : parse_binary(s, 1, is_unsigned))) {
            return false;
        }
        gdbx_ax_emit(s, AX_LOG_NOT);
        gdbx_ax_emit(s, AX_LOG_NOT);
        end = gdbx_ax_emit_jump(s, AX_GOTO);
        gdbx_ax_land(s, decided);
        gdbx_ax_emit_const(s, is_or);
        gdbx_ax_land(s, end);
        *is_unsigned = false;
        gdbx_ax_skip_blanks(s);
    }
    return true;
}

static bool parse_branches(GdbxAxParser *s, bool *is_unsigned)
{
    unsigned no, end;
    bool other;

    gdbx_ax_emit(s, AX_LOG_NOT);
    no = gdbx_ax_emit_jump(s, AX_IF_GOTO);
    if (!gdbx_ax_parse_choice(s, is_unsigned) || !gdbx_ax_expect(s, ':')) {
        return false;
    }
    end = gdbx_ax_emit_jump(s, AX_GOTO);
    gdbx_ax_land(s, no);
    if (!gdbx_ax_parse_choice(s, &other)) {
        return false;
    }
    gdbx_ax_land(s, end);
    *is_unsigned |= other;
    return true;
}

bool gdbx_ax_parse_choice(GdbxAxParser *s, bool *is_unsigned)
{
    bool good;

    if (s->depth == MAX_DEPTH) {
        return gdbx_ax_refuse(s, "the expression is too deep");
    }
    s->depth++;
    good = parse_logical(s, true, is_unsigned) &&
           (!gdbx_ax_take(s, '?') || parse_branches(s, is_unsigned));
    s->depth--;
    return good;
}
