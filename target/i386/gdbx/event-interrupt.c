/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kind of event `interrupt': external ones, NMI, SMI. trap.c sees them. The
 * window $irq has 8 bytes for each vector: how often it came while a point of
 * this kind was there.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/module.h"
#include "exec/cpu-common.h"
#include "gdbstub/gdbx/args.h"
#include "gdbx/trap.h"

#define NMI 2

static uint64_t times[GDBX_VECTORS];

void gdbx_i386_interrupt_seen(int vector)
{
    qatomic_inc(&times[vector]);
}

static int vector_of(const char *word)
{
    uint64_t n;

    if (gdbx_word_number(word, &n)) {
        return n < 256 ? n : -1;
    }
    return !strcmp(word, "nmi") ? NMI :
           !strcmp(word, "smi") ? GDBX_VECTOR_SMI : -1;
}

static void *parse(const char **args, char **why)
{
    GdbxVectors *v = g_new0(GdbxVectors, 1);
    const char *rest = *args;
    GdbxWord word;

    while (gdbx_next_word(&rest, word)) {
        int n = vector_of(word);

        if (n >= 0) {
            gdbx_vectors_add(v, n);
        } else if (g_ascii_isdigit(*word)) {
            *why = g_strdup_printf("there is no interrupt %s", word);
            g_free(v);
            return NULL;
        } else if (strcmp(word, "all")) {
            break;
        }
        *args = rest;
    }
    return v;
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    return gdbx_vectors_have(filter, ev->field[GDBX_IRQ_VECTOR]);
}

static void put_vector(GString *out, int n)
{
    if (n == NMI || n == GDBX_VECTOR_SMI) {
        g_string_append(out, n == NMI ? "nmi" : "smi");
    } else {
        g_string_append_printf(out, "%d", n);
    }
}

static void describe(const void *filter, GString *out)
{
    const GdbxVectors *v = filter;
    const char *blank = "";

    for (int i = 0; v->some && i < GDBX_VECTORS; i++) {
        if (gdbx_vectors_have(v, i)) {
            g_string_append(out, blank);
            put_vector(out, i);
            blank = " ";
        }
    }
    if (!v->some) {
        g_string_append(out, "all");
    }
}

static void text(CPUState *cs, GdbxEvent *ev)
{
    int n = ev->field[GDBX_IRQ_VECTOR];

    if (n == NMI || n == GDBX_VECTOR_SMI) {
        g_strlcpy(ev->text, n == NMI ? "NMI" : "SMI", sizeof(ev->text));
    } else {
        g_snprintf(ev->text, sizeof(ev->text), "%d", n);
    }
}

/* ---- the window ---- */

static void *window_filter(uint64_t offset, uint64_t len, int access,
                           char **why)
{
    GdbxVectors *v;

    if (!(access & BP_MEM_READ)) {
        *why = g_strdup("an interrupt is no write: use rwatch or awatch");
        return NULL;
    }
    v = g_new0(GdbxVectors, 1);
    for (uint64_t at = offset; at < offset + len; at++) {
        gdbx_vectors_add(v, at / 8);
    }
    return v;
}

static void window_read(uint64_t offset, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++, offset++) {
        buf[i] = offset / 8 < GDBX_VECTORS
            ? qatomic_read(&times[offset / 8]) >> (offset % 8 * 8) : 0;
    }
}

static const GdbxWindow window = {
    .base = GDBX_WINDOW_IRQ, .size = 256 * 8, .name = "$irq",
    .filter = window_filter, .read = window_read,
};

static const GdbxEventField fields[] = {
    [GDBX_IRQ_VECTOR] = { "vector", true },
    [GDBX_IRQ_CPL] = { "cpl", true },
    [GDBX_IRQ_HW] = { "hw", true },
    { NULL }
};

static const GdbxEventType type = {
    .kind = GDBX_EVENT_INTERRUPT,
    .name = "interrupt",
    .params = "[VECTOR|nmi|smi|all ...]",
    .doc = "a CPU is in front of the handler of an external interrupt",
    .more =
    "Registers are those of the code that is interrupted. The interrupt is "
    "acknowledged\n"
    "already; it is delivered at the next resume, once, wherever gdb has moved "
    "the CPU.\n"
    "Window $irq + 8 * VECTOR: how often it came while it was looked for; "
    "rwatch.\n",
    .fields = fields,
    .parse = parse, .match = match, .describe = describe, .text = text,
    .changed = gdbx_i386_traps_changed,
    .window = &window,
};

static void register_type(void)
{
    gdbx_register_event(&type);
}

type_init(register_type);
