/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client sends, at random, into the codec.  One libFuzzer binary for
 * all targets; the environment variable FUZZ names the one to run:
 *
 *     FUZZ=z ./fuzz CORPUS-DIRECTORY
 *
 * Beside crashes and what the sanitizers see, each target checks what the
 * headers promise: outputs untouched on refusal, bounds, equal results for
 * equal input.
 *
 * FUZZ_COVER=1 says what was covered, FUZZ_CONTROL=1 plants a fault, for the test of the tests: see control().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/gdbx/ax-parse.h"
#include "gdbstub/gdbx/rsp.h"

#define PROMISE(condition)                                              \
    do {                                                                \
        if (!(condition)) {                                             \
            g_printerr("broken promise: %s:%d: %s\n",                   \
                       __FILE__, __LINE__, #condition);                 \
            abort();                                                    \
        }                                                               \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The planted fault: aborts where input was understood to the end. */
static void control(void)
{
    PROMISE(!g_getenv("FUZZ_CONTROL"));
}

/* A guest whose memory is a function of the address, with holes. */

static size_t printed;

static bool hole_reg(void *opaque, unsigned regno, uint64_t *value)
{
    *value = regno * 0x9e3779b97f4a7c15;
    return regno < 64;
}

static bool hole_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
    PROMISE(len >= 1 && len <= 64);
    memset(buf, (int)(addr >> 3 | 1), len);
    ((uint8_t *)buf)[len - 1] = (uint8_t)(addr >> 5);
    return addr % 11 != 0;
}

static void hole_print(void *opaque, const char *text, size_t len)
{
    PROMISE(len >= 1 && len <= GDBX_AX_MAX_PRINT);
    printed += text[0] != text[len - 1];
}

static bool hole_getv(void *opaque, unsigned number, int64_t *value)
{
    *value = number;
    return number < 4;
}

static bool hole_setv(void *opaque, unsigned number, int64_t value)
{
    return number < 4;
}

static void evaluate(const GdbxAx *ax)
{
    const GdbxAxEnv env = {
        hole_reg, hole_mem, hole_print, hole_getv, hole_setv, NULL
    };
    uint64_t value[2] = { 77, 77 }, bad[2] = { 88, 88 };
    GdbxAxStatus status[2];

    for (int i = 0; i < 2; i++) {
        status[i] = gdbx_ax_eval(ax, &env, &value[i], &bad[i]);
        PROMISE(status[i] == GDBX_AX_OK || value[i] == 77);
        PROMISE(strcmp(gdbx_ax_status_text(status[i]), "unknown"));
    }
    PROMISE(status[0] == status[1] && value[0] == value[1] &&
            bad[0] == bad[1]);
}

/* Targets */

/*
 * FUZZ_COVER=1: at the end, the operations that were in accepted code, a line
 * each. What no input ever had was not tested.
 */
static GHashTable *covered;

static void show_covered(void)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, covered);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        g_printerr("covered %s\n", (char *)name);
    }
}

static void cover(const char *text)
{
    g_auto(GStrv) lines = NULL;

    if (!g_getenv("FUZZ_COVER")) {
        return;
    }
    if (!covered) {
        covered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        atexit(show_covered);
    }
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        char name[32];

        if (sscanf(lines[i], "%*d %31s", name) == 1) {
            g_hash_table_add(covered, g_strdup(name));
        }
    }
}

static void fuzz_ax(const uint8_t *data, size_t size)
{
    g_autofree char *reason = NULL;
    g_autoptr(GdbxAx) ax = gdbx_ax_new(data, size, &reason);
    g_autoptr(GdbxAx) again = gdbx_ax_new(data, size, NULL);
    g_autoptr(GString) text = g_string_new(NULL);

    PROMISE(!ax == !!reason && !ax == !again);
    PROMISE(gdbx_ax_equal(ax, again));
    if (ax) {
        gdbx_ax_disassemble(ax, text);
        PROMISE(text->len);
        cover(text->str);
        evaluate(ax);
        if (strstr(text->str, "printf")) {
            control();
        }
    }
}

static void evaluate_all(const GPtrArray *list)
{
    PROMISE(list->len <= GDBX_RSP_MAX_EXPRS);
    for (unsigned i = 0; i < list->len; i++) {
        evaluate(g_ptr_array_index(list, i));
    }
}

static void fuzz_z(const char *text)
{
    g_auto(GdbxZ) z = { .type = 77 };
    g_autofree char *reason = NULL;

    if (gdbx_parse_z(text, &z, &reason)) {
        PROMISE(!reason && z.type >= 0 && z.type <= 4);
        evaluate_all(z.conditions);
        evaluate_all(z.commands);
        if (z.conditions->len) {
            control();
        }
    } else {
        PROMISE(reason && z.type == 77 && !z.conditions && !z.commands);
    }
}

static void fuzz_vcont(const char *text)
{
    g_autofree char *reason = NULL;
    g_autoptr(GArray) actions = gdbx_parse_vcont(text, &reason);

    PROMISE(!actions == !!reason);
    if (!actions) {
        return;
    }
    PROMISE(actions->len >= 1 && actions->len <= GDBX_RSP_MAX_ACTIONS);
    for (unsigned i = 0; i < actions->len; i++) {
        const GdbxAction *a = &g_array_index(actions, GdbxAction, i);

        PROMISE(strchr("csrt", a->kind) && a->sig >= 0 && a->sig <= 255);
        PROMISE(a->has_tid || (!a->tid.pid && !a->tid.tid));
        if (a->kind == 'r' && a->has_tid) {
            control();
        }
    }
}

/* Read TEXT back as a client does, in windows of LENGTH. */
static void walk(const char *text, size_t size, uint64_t length, size_t max)
{
    size_t at = 0;
    char more = 'm';

    while (more == 'm' && length) {
        g_autoptr(GString) out = g_string_new(NULL);

        PROMISE(gdbx_xfer_reply(out, text, size, at, length, max));
        PROMISE(out->len >= 1 && out->len <= max);
        more = out->str[0];
        PROMISE(more == 'l' || out->len > 1);
        for (size_t i = 1; i < out->len; i++) {
            char c = out->str[i] == '}' ? out->str[++i] ^ 0x20 : out->str[i];

            PROMISE(i < out->len && at < size && c == text[at]);
            at++;
        }
    }
    PROMISE(at == size || !length);
}

static void fuzz_xfer(const char *text)
{
    char *annex = NULL;
    uint64_t offset = 77, length = 88;
    size_t size = strlen(text);

    if (gdbx_parse_xfer(text, &annex, &offset, &length)) {
        g_autoptr(GString) out = g_string_new(NULL);

        PROMISE(annex && g_str_has_prefix(text, annex));
        PROMISE(gdbx_xfer_reply(out, text, size, offset, length, 100) ==
                (offset <= size));
        PROMISE(out->len <= 100);
        walk(text, size, length, 3 + offset % 64);
        g_free(annex);
        control();
    } else {
        PROMISE(!annex && offset == 77 && length == 88);
    }
}

/* Numbers, ids, hex and XML. */
static void fuzz_text(const char *text)
{
    g_autoptr(GString) xml = g_string_new(NULL);
    g_autoptr(GString) id = g_string_new(NULL);
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    GdbxTid tid = { 77, 88 }, same;
    const char *p = text;

    gdbx_append_xml(xml, text);
    PROMISE(g_utf8_validate(xml->str, -1, NULL));
    PROMISE(!strpbrk(xml->str, "<>\"'\n\033"));
    if (gdbx_unhex(text, strlen(text) / 2, bytes)) {
        g_autoptr(GString) hex = g_string_new(NULL);

        gdbx_append_hex(hex, bytes->data, bytes->len);
        PROMISE(!g_ascii_strncasecmp(hex->str, text, hex->len));
    }
    if (!gdbx_parse_tid(&p, &tid)) {
        PROMISE(p == text && tid.pid == 77 && tid.tid == 88);
        return;
    }
    gdbx_append_tid(id, tid.pid, tid.tid);
    p = id->str;
    PROMISE(gdbx_parse_tid(&p, &same) && !*p);
    PROMISE(same.pid == tid.pid && same.tid == tid.tid);
    if (strchr(text, '.')) {
        control();
    }
}

static bool find_name(void *opaque, const char *name, unsigned *number)
{
    *number = name[0] - 'a';
    return *name && !name[1] && *number < 26;
}

/* What a person types behind `if' and `say'. */
static void fuzz_expression(const char *text)
{
    const GdbxAxNames names = { find_name, NULL };

    for (int print = 0; print < 2; print++) {
        g_autofree char *why = NULL;
        const char *rest = text;
        g_autoptr(GdbxAx) ax = print
            ? gdbx_ax_parse_printf(&rest, &names, &why)
            : gdbx_ax_parse(&rest, &names, &why);

        PROMISE(!ax == !!why);
        PROMISE(ax ? rest > text && rest <= text + strlen(text)
                   : rest == text && *why);
        if (ax) {
            evaluate(ax);
            control();
        }
    }
}

static const struct {
    const char *name;
    void (*bytes)(const uint8_t *data, size_t size);
    void (*text)(const char *text);
} targets[] = {
    { "ax", fuzz_ax, NULL },
    { "z", NULL, fuzz_z },
    { "vcont", NULL, fuzz_vcont },
    { "xfer", NULL, fuzz_xfer },
    { "text", NULL, fuzz_text },
    { "expression", NULL, fuzz_expression },
};

static unsigned target;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = g_getenv("FUZZ");

    while (target < G_N_ELEMENTS(targets) &&
           g_strcmp0(name, targets[target].name)) {
        target++;
    }
    if (target == G_N_ELEMENTS(targets)) {
        g_printerr("set FUZZ to ax, z, vcont, xfer, text or expression\n");
        exit(2);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (targets[target].bytes) {
        /* Exactly as large as it is, so that a read behind it is seen. */
        g_autofree uint8_t *copy = g_malloc(size + !size);

        memcpy(copy, data, size);
        targets[target].bytes(copy, size);
    } else {
        g_autofree char *text = g_strndup((const char *)data, size);
        g_autofree char *exact = g_strdup(text);

        targets[target].text(exact);
    }
    return 0;
}
