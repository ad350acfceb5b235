/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "ax-guest.h"

static bool guest_reg(void *opaque, unsigned regno, uint64_t *value)
{
    Guest *g = opaque;

    if (regno >= G_N_ELEMENTS(g->regs)) {
        return false;
    }
    *value = g->regs[regno];
    return true;
}

static bool guest_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
    Guest *g = opaque;

    g->reads++;
    if (addr < BASE || addr - BASE > sizeof(g->page) ||
        len > sizeof(g->page) - (addr - BASE)) {
        return false;
    }
    memcpy(buf, g->page + (addr - BASE), len);
    return true;
}

static void guest_print(void *opaque, const char *text, size_t len)
{
    g_string_append_len(((Guest *)opaque)->printed, text, len);
}

static bool guest_getv(void *opaque, unsigned number, int64_t *value)
{
    if (number == 1) {
        *value = ((Guest *)opaque)->variable;
    }
    return number == 1;
}

static bool guest_setv(void *opaque, unsigned number, int64_t value)
{
    if (number == 1) {
        ((Guest *)opaque)->variable = value;
    }
    return number == 1;
}

Guest *guest_new(void)
{
    static const uint8_t bytes[] = {
        0xfd, 0xff, 0xff, 0xff, 0x44, 0x33, 0x22, 0x11, 0x80,
    };
    Guest *g = g_new0(Guest, 1);

    memcpy(g->page, bytes, sizeof(bytes));
    strcpy((char *)g->page + 0x100, "hello, guest");
    memset(g->page + 0xff0, 'z', 16);
    g->regs[2] = 0x1008;
    g->regs[3] = UINT64_MAX;
    g->variable = -5;
    g->printed = g_string_new(NULL);
    return g;
}

void guest_free(Guest *g)
{
    g_string_free(g->printed, TRUE);
    g_free(g);
}

GdbxAxEnv guest_env(Guest *g)
{
    return (GdbxAxEnv) {
        guest_reg, guest_mem, guest_print, guest_getv, guest_setv, g
    };
}

GdbxAx *build(const char *program, char **reason)
{
    g_autoptr(GByteArray) code = ax_asm(program);

    return gdbx_ax_new(code->data, code->len, reason);
}

void append_times(GByteArray *code, const char *program, unsigned times)
{
    g_autoptr(GByteArray) part = ax_asm(program);

    while (times--) {
        g_byte_array_append(code, part->data, part->len);
    }
}
