/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kind of event `exception': what a filter of it means and how one reads.
 * trap.c sees them. The window $exc has 8 bytes for each vector: the last error
 * code.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/module.h"
#include "exec/cpu-common.h"
#include "gdbstub/fault.h"
#include "gdbstub/gdbx/args.h"
#include "gdbx/trap.h"

#define KERNEL 1
#define USER 2

typedef struct Filter {
    GdbxVectors vectors;
    unsigned kinds;         /* bit per GdbxTrapKind; 0: all */
    unsigned modes;         /* KERNEL, USER; 0: both */
    bool deliver;           /* only when the guest OS makes a signal of it */
} Filter;

static const char *const kinds[GDBX_TRAP_KINDS] = {
    [GDBX_TRAP_FAULT] = "fault", [GDBX_TRAP_TRAP] = "trap",
    [GDBX_TRAP_ABORT] = "abort", [GDBX_TRAP_INT] = "int",
};

/* Mnemonics of Intel SDM vol. 3, table 7-1, and AMD APM vol. 2, 8.2. */
static const char *const names[] = {
    [0] = "DE", [1] = "DB", [3] = "BP", [4] = "OF", [5] = "BR", [6] = "UD",
    [7] = "NM", [8] = "DF", [10] = "TS", [11] = "NP", [12] = "SS", [13] = "GP",
    [14] = "PF", [16] = "MF", [17] = "AC", [18] = "MC", [19] = "XM",
    [20] = "VE", [21] = "CP", [28] = "HV", [29] = "VC", [30] = "SX",
};

/* Error code of the last one of each vector. */
static uint64_t last[GDBX_VECTORS];

void gdbx_i386_exception_seen(int vector, uint64_t error)
{
    qatomic_set(&last[vector], error);
}

static int vector_of(const char *word)
{
    uint64_t n;

    if (gdbx_word_number(word, &n)) {
        return n < 256 ? n : -1;
    }
    if (!strcmp(word, "triple")) {
        return GDBX_VECTOR_TRIPLE;
    }
    word += *word == '#';
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i] && !g_ascii_strcasecmp(word, names[i])) {
            return i;
        }
    }
    return -1;
}

/* False: the word is none of ours. */
static bool take(Filter *f, const char *word)
{
    int n = vector_of(word);

    if (n >= 0) {
        gdbx_vectors_add(&f->vectors, n);
        return true;
    }
    for (int i = 0; i < GDBX_TRAP_KINDS; i++) {
        if (!strcmp(word, kinds[i])) {
            f->kinds |= 1u << i;
            return true;
        }
    }
    if (!strcmp(word, "kernel")) {
        f->modes |= KERNEL;
    } else if (!strcmp(word, "user")) {
        f->modes |= USER;
    } else if (!strcmp(word, "deliver")) {
        f->deliver = true;
    } else {
        return !strcmp(word, "all");
    }
    return true;
}

static void *parse(const char **args, char **why)
{
    Filter *f = g_new0(Filter, 1);
    const char *rest = *args;
    GdbxWord word;

    while (gdbx_next_word(&rest, word)) {
        if (!take(f, word)) {
            if (*word == '#' || g_ascii_isdigit(*word)) {
                *why = g_strdup_printf("there is no exception %s", word);
                g_free(f);
                return NULL;
            }
            break;
        }
        *args = rest;
    }
    *why = f->deliver ? gdbx_faults_why() : NULL;
    if (*why) {
        g_free(f);
        return NULL;
    }
    return f;
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;
    unsigned mode = ev->field[GDBX_EXC_CPL] == 3 ? USER : KERNEL;
    bool known = ev->known >> GDBX_EXC_VECTOR & 1;

    if (f->deliver != gdbx_exception_is_signal(ev)) {
        return false;
    }
    /* A signal whose exception is not known counts: nothing is missed. */
    return !known || (
           gdbx_vectors_have(&f->vectors, ev->field[GDBX_EXC_VECTOR]) &&
           (!f->kinds || f->kinds >> ev->field[GDBX_EXC_KIND] & 1) &&
           (!f->modes || (f->modes & mode)));
}

static void put_vector(GString *out, int n)
{
    if (n == GDBX_VECTOR_TRIPLE) {
        g_string_append(out, "triple");
    } else if (n < ARRAY_SIZE(names) && names[n]) {
        g_string_append_printf(out, "#%s", names[n]);
    } else {
        g_string_append_printf(out, "%d", n);
    }
}

static void put_word(GString *out, const char *word)
{
    g_string_append_printf(out, "%s%s", out->len ? " " : "", word);
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;
    g_autoptr(GString) s = g_string_new(NULL);

    for (int i = 0; f->vectors.some && i < GDBX_VECTORS; i++) {
        if (gdbx_vectors_have(&f->vectors, i)) {
            put_word(s, "");
            put_vector(s, i);
        }
    }
    if (!f->vectors.some) {
        put_word(s, "all");
    }
    for (int i = 0; i < GDBX_TRAP_KINDS; i++) {
        if (f->kinds >> i & 1) {
            put_word(s, kinds[i]);
        }
    }
    if (f->modes & KERNEL) {
        put_word(s, "kernel");
    }
    if (f->modes & USER) {
        put_word(s, "user");
    }
    if (f->deliver) {
        put_word(s, "deliver");
    }
    g_string_append_len(out, s->str, s->len);
}

static void text(CPUState *cs, GdbxEvent *ev)
{
    g_autoptr(GString) s = g_string_new(NULL);
    int vector = ev->field[GDBX_EXC_VECTOR];

    if (!(ev->known >> GDBX_EXC_VECTOR & 1)) {
        g_string_append(s, "unknown");
        vector = ARRAY_SIZE(names);
    } else if (vector == GDBX_VECTOR_TRIPLE) {
        g_string_assign(s, "triple fault");
    } else {
        g_string_append_printf(s, "%d", vector);
    }
    if (vector < ARRAY_SIZE(names) && names[vector]) {
        g_string_append_printf(s, " #%s", names[vector]);
    }
    if (ev->field[GDBX_EXC_SOFT]) {
        g_string_append(s, " by an instruction");
    }
    if (ev->known >> GDBX_EXC_ERROR & 1) {
        g_string_append_printf(s, " error 0x%" PRIx64,
                               ev->field[GDBX_EXC_ERROR]);
    }
    if (ev->known >> GDBX_EXC_ADDRESS & 1) {
        g_string_append_printf(s, " address 0x%" PRIx64,
                               ev->field[GDBX_EXC_ADDRESS]);
    }
    if (gdbx_exception_is_signal(ev)) {
        const char *name = gdbx_signal_name(ev->field[GDBX_EXC_SIGNAL]);

        g_string_append_printf(s, " to be %s", name ? name : "a signal");
    }
    g_strlcpy(ev->text, s->str, sizeof(ev->text));
}

/* ---- the window ---- */

static void *window_filter(uint64_t offset, uint64_t len, int access,
                           char **why)
{
    Filter *f;

    if (!(access & BP_MEM_READ)) {
        *why = g_strdup("an exception is no write: use rwatch or awatch");
        return NULL;
    }
    f = g_new0(Filter, 1);
    for (uint64_t at = offset; at < offset + len; at++) {
        gdbx_vectors_add(&f->vectors, at / 8);
    }
    return f;
}

static void window_read(uint64_t offset, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++, offset++) {
        buf[i] = offset / 8 < GDBX_VECTORS
            ? qatomic_read(&last[offset / 8]) >> (offset % 8 * 8) : 0;
    }
}

static const GdbxWindow window = {
    .base = GDBX_WINDOW_EXC, .size = 256 * 8, .name = "$exc",
    .filter = window_filter, .read = window_read,
};

static void changed(void);

static const GdbxEventType type = {
    .kind = GDBX_EVENT_EXCEPTION,
    .name = "exception",
    .params = "[VECTOR|NAME|triple|all ...] [fault|trap|abort|int] "
              "[user|kernel] [deliver]",
    .doc = "a CPU is in front of an exception's handler, or of `int n'",
    .more =
    "  NAME       pf, #GP, ud ...; triple: before the reset that follows it\n"
    "  fault ...  the class; `int' is software's `int n' (int3 is a trap)\n"
    "  user       raised in user mode (CPL 3); kernel: in any other\n"
    "  deliver    only those of user mode of which the guest's kernel makes a "
    "signal,\n"
    "             when it has decided to: the CPU is in the kernel, the user "
    "registers\n"
    "             of its process are those of the fault. $_signal, $_code "
    "(si_code)\n"
    "Registers are those of the instruction that has raised it, or of the next "
    "one of a\n"
    "trap. The exception is delivered at the next resume, once; if gdb has "
    "changed the\n"
    "program counter or a general register, a fault is dropped and the "
    "instruction\n"
    "begins anew. $_kind: 0 fault, 1 trap, 2 abort, 3 int. Window $exc + 8 * "
    "VECTOR:\n"
    "the last error code; rwatch.\n",
    .fields = gdbx_exception_fields,
    .parse = parse, .match = match, .describe = describe, .text = text,
    .changed = changed,
    .window = &window,
};

static void look(const GdbxEventPoint *p, void *opaque)
{
    bool *any = opaque;

    *any |= p->type == &type && ((const Filter *)p->filter)->deliver;
}

static void changed(void)
{
    bool any = false;

    gdbx_i386_traps_changed();
    gdbx_event_points_each(GDBX_EVENT_EXCEPTION, look, &any);
    gdbx_faults_want(GDBX_FAULTS_EXCEPTION, any);
}

static void register_type(void)
{
    gdbx_register_event(&type);
}

type_init(register_type);
