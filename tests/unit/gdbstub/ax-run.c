/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evaluate what a client sent, for tests: reads lines, answers one line each.
 *
 *     m ADDR HEX      memory at ADDR is HEX from now on
 *     r NUMBER VALUE  so is a register
 *     Z ARGS          evaluate the first condition, else run all commands
 *
 * Answers: "ok", "value HEX", "print HEX", "status TEXT", "refused REASON",
 * "none" when the packet holds no expression.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/gdbx/rsp.h"

typedef struct Block {
    uint64_t addr;
    GByteArray *bytes;
} Block;

typedef struct World {
    GPtrArray *blocks;
    GHashTable *regs;       /* number -> uint64_t */
    GString *printed;
} World;

static bool world_reg(void *opaque, unsigned regno, uint64_t *value)
{
    World *w = opaque;
    const uint64_t *v = g_hash_table_lookup(w->regs, GUINT_TO_POINTER(regno));

    if (v) {
        *value = *v;
    }
    return v;
}

static bool world_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
    World *w = opaque;

    for (unsigned i = 0; i < w->blocks->len; i++) {
        const Block *b = g_ptr_array_index(w->blocks, i);

        if (addr >= b->addr && addr - b->addr <= b->bytes->len &&
            len <= b->bytes->len - (addr - b->addr)) {
            memcpy(buf, b->bytes->data + (addr - b->addr), len);
            return true;
        }
    }
    return false;
}

static void world_print(void *opaque, const char *text, size_t len)
{
    g_string_append_len(((World *)opaque)->printed, text, len);
}

static void add_memory(World *w, const char *args)
{
    Block *b = g_new(Block, 1);

    b->bytes = g_byte_array_new();
    if (!gdbx_parse_hex(&args, &b->addr) || *args++ != ' ' ||
        !gdbx_unhex(args, strlen(args) / 2, b->bytes)) {
        g_error("malformed m line");
    }
    g_ptr_array_add(w->blocks, b);
    puts("ok");
}

static void set_register(World *w, const char *args)
{
    uint64_t *value = g_new(uint64_t, 1);
    uint64_t number;

    if (!gdbx_parse_hex(&args, &number) || *args++ != ' ' ||
        !gdbx_parse_hex(&args, value)) {
        g_error("malformed r line");
    }
    g_hash_table_insert(w->regs, GUINT_TO_POINTER(number), value);
    puts("ok");
}

static void show_condition(const GdbxAxEnv *env, const GdbxAx *ax)
{
    uint64_t value;
    GdbxAxStatus status = gdbx_ax_eval(ax, env, &value, NULL);

    if (status == GDBX_AX_OK) {
        printf("value %" G_GINT64_MODIFIER "x\n", value);
    } else {
        printf("status %s\n", gdbx_ax_status_text(status));
    }
}

static void show_commands(World *w, const GdbxAxEnv *env, const GPtrArray *list)
{
    g_autoptr(GString) hex = g_string_new(NULL);

    g_string_truncate(w->printed, 0);
    for (unsigned i = 0; i < list->len; i++) {
        gdbx_ax_eval(g_ptr_array_index(list, i), env, NULL, NULL);
    }
    gdbx_append_hex(hex, w->printed->str, w->printed->len);
    printf("print %s\n", hex->str);
}

static void evaluate(World *w, const char *args)
{
    const GdbxAxEnv env = {
        .reg = world_reg, .mem = world_mem, .print = world_print, .opaque = w
    };
    g_auto(GdbxZ) z = { 0 };
    g_autofree char *reason = NULL;

    if (!gdbx_parse_z(args, &z, &reason)) {
        printf("refused %s\n", reason);
    } else if (z.conditions->len) {
        show_condition(&env, g_ptr_array_index(z.conditions, 0));
    } else if (z.commands->len) {
        show_commands(w, &env, z.commands);
    } else {
        puts("none");
    }
}

int main(void)
{
    World w = {
        g_ptr_array_new(), g_hash_table_new(NULL, NULL), g_string_new(NULL)
    };
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 2) {
        line[strcspn(line, "\n")] = '\0';
        switch (line[0]) {
        case 'm':
            add_memory(&w, line + 2);
            break;
        case 'r':
            set_register(&w, line + 2);
            break;
        case 'Z':
            evaluate(&w, line + 2);
            break;
        default:
            g_error("unknown line");
        }
    }
    return 0;
}
