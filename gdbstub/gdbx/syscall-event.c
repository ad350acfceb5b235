/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `monitor gdbx break|log|count syscall': the kind of event, and its filter. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "introspect/syscall.h"
#include "gdbstub/event.h"
#include "gdbstub/gdbx/args.h"
#include "gdbstub/gdbx/syscall.h"
#include "gdbstub/gdbx/uninit.h"

enum {
    NUMBER = GDBX_CALL_NUMBER, ENTRY = GDBX_CALL_ENTRY,
    RESULT = GDBX_CALL_RESULT, ARG0 = GDBX_CALL_ARG0,
    COMPAT32 = GDBX_CALL_COMPAT32, FIELDS = GDBX_CALL_FIELDS
};

static const GdbxEventField fields[] = {
    { "number", true }, { "entry", true }, { "result", true },
    { "arg0" }, { "arg1" }, { "arg2" }, { "arg3" }, { "arg4" }, { "arg5" },
    { "compat32", true },
    { NULL }
};

QEMU_BUILD_BUG_ON(ARRAY_SIZE(fields) != FIELDS + 1);

/* A call by its number in each of the two tables; -1: it is not in there. */
typedef struct Wanted {
    int64_t number[2];
} Wanted;

typedef struct Filter {
    GArray *calls;              /* Wanted; empty: all */
    GString *words;             /* as they were given */
    bool entry, end;
} Filter;

static void release(void *opaque)
{
    Filter *f = opaque;

    g_array_unref(f->calls);
    g_string_free(f->words, true);
    g_free(f);
}

/* False: @word is nothing of ours. */
static bool take_word(Filter *f, const char *word)
{
    Wanted w;
    uint64_t n;

    if (!strcmp(word, "entry") || !strcmp(word, "return")) {
        *(*word == 'e' ? &f->entry : &f->end) = true;
    } else if (gdbx_word_number(word, &n)) {
        w = (Wanted) { { n, n } };
        g_array_append_val(f->calls, w);
    } else {
        w = (Wanted) { { osi_call_number(word, false),
                         osi_call_number(word, true) } };
        if (w.number[0] < 0 && w.number[1] < 0) {
            return false;
        }
        g_array_append_val(f->calls, w);
    }
    g_string_append_printf(f->words, "%s%s", f->words->len ? " " : "", word);
    return true;
}

static void *parse(const char **args, char **why)
{
    Filter *f = g_new0(Filter, 1);
    const char *at = *args;
    GdbxWord word;

    f->calls = g_array_new(false, false, sizeof(Wanted));
    f->words = g_string_new(NULL);
    while (gdbx_next_word(&at, word) && take_word(f, word)) {
        *args = at;
    }
    if (!f->entry && !f->end) {
        f->entry = f->end = true;
    }
    return f;
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;

    if (!(ev->field[ENTRY] ? f->entry : f->end)) {
        return false;
    }
    for (guint i = 0; i < f->calls->len; i++) {
        const Wanted *w = &g_array_index(f->calls, Wanted, i);

        if (w->number[!!ev->field[COMPAT32]] == (int64_t)ev->field[NUMBER]) {
            return true;
        }
    }
    return !f->calls->len;
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;

    if (f->words->len) {
        g_string_append_printf(out, " %s", f->words->str);
    }
}

/* ---- as strace would write it ---- */

/* Small numbers, of either sign, are none that anybody wants in hex. */
static void append_value(GString *s, uint64_t v)
{
    int64_t small = v >> 32 ? (int64_t)v : (int32_t)v;

    if (v < 0x10000 || (small < 0 && small > -4096)) {
        g_string_append_printf(s, "%" PRId64, v < 0x10000 ? (int64_t)v : small);
    } else {
        g_string_append_printf(s, "0x%" PRIx64, v);
    }
}

static void append_result(GString *s, int64_t result)
{
    const char *name = NULL;

    if (result == OSI_CALL_RESTARTS || result == OSI_CALL_CONTINUES) {
        g_string_append(s, " = ? (interrupted, will be made again)");
        return;
    }
#ifdef __GLIBC__
    name = result < 0 && result > -4096 ? strerrorname_np(-result) : NULL;
#endif
    g_string_append(s, " = ");
    append_value(s, result);
    if (name) {
        g_string_append_printf(s, " %s", name);
    }
}

static void make_text(CPUState *cs, GdbxEvent *ev)
{
    g_autoptr(GString) s = g_string_new(NULL);
    bool compat32 = ev->field[COMPAT32];
    const char *name = osi_call_name(ev->field[NUMBER], compat32);
    unsigned n = osi_call_args(ev->field[NUMBER], compat32);

    if (name) {
        g_string_append(s, name);
    } else {
        g_string_append_printf(s, "syscall_%" PRIu64, ev->field[NUMBER]);
    }
    for (unsigned i = 0; i < n; i++) {
        g_string_append(s, i ? ", " : "(");
        if (ev->known & (1u << (ARG0 + i))) {
            append_value(s, ev->field[ARG0 + i]);
        } else {
            g_string_append_c(s, '?');
        }
    }
    g_string_append(s, n ? ")" : "()");
    if (!ev->field[ENTRY]) {
        append_result(s, ev->field[RESULT]);
    }
    g_strlcpy(ev->text, s->str, sizeof(ev->text));
}

bool gdbx_syscall_event(CPUState *cs, const GdbxCall *call,
                        const int64_t *result)
{
    GDBX_UNINIT GdbxEvent ev;

    ev.kind = GDBX_EVENT_SYSCALL;
    ev.behind = true;
    ev.pc = result ? gdbx.arch->pc(cs) : call->pc;
    ev.ra = 0;
    ev.stops_behind = false;
    /* Its arguments may be gone for one who looks back from its midst. */
    ev.id = (call->made.number << 8 | (uint64_t)!result << 4) + 64;
    ev.known = MAKE_64BIT_MASK(0, FIELDS);
    ev.text[0] = 0;
    ev.field[NUMBER] = call->made.number;
    ev.field[ENTRY] = !result;
    ev.field[COMPAT32] = call->made.compat32;
    memcpy(&ev.field[ARG0], call->arg, sizeof(call->arg));
    if (result) {
        ev.field[RESULT] = *result;
    } else {
        ev.known &= ~(1u << RESULT);
    }
    if (call->no_args) {
        ev.known &= ~MAKE_64BIT_MASK(ARG0, ARRAY_SIZE(call->arg));
    }
    return gdbx_event(cs, &ev);
}

typedef struct Ask {
    GdbxEvent ev;
    bool wanted;
} Ask;

static void ask(const GdbxEventPoint *p, void *opaque)
{
    Ask *a = opaque;

    a->wanted = a->wanted || match(p->filter, &a->ev);
}

bool gdbx_syscall_end_wanted(const GdbxCall *call)
{
    GDBX_UNINIT Ask a;

    a.wanted = false;
    a.ev.field[NUMBER] = call->made.number;
    a.ev.field[COMPAT32] = call->made.compat32;
    a.ev.field[ENTRY] = false;
    gdbx_event_points_each(GDBX_EVENT_SYSCALL, ask, &a);
    return a.wanted;
}

static const GdbxEventType syscall_type = {
    .kind = GDBX_EVENT_SYSCALL,
    .name = "syscall",
    .params = "[NAME|NUMBER...] [entry|return]",
    .doc = "system calls of all programs, where they begin and where they end",
    .more = "Names are Linux's, in the table that the call goes by (64-bit or "
            "32-bit). Without\nentry or return: both. A result is there at the "
            "return only.\n",
    .fields = fields,
    .parse = parse, .release = release, .match = match, .describe = describe,
    .text = make_text, .changed = gdbx_syscalls_prepare,
};

static void register_kind(void)
{
    gdbx_register_event(&syscall_type);
}

type_init(register_kind);
