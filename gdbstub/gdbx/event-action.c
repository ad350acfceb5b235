/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What points at events do: stop, say a line, count. */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/args.h"
#include "gdbstub/gdbx/ax-names.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/output.h"

const GdbxEventAction gdbx_action_break = {
    .name = "break", .stops = true,
};

const GdbxEventAction gdbx_action_count = {
    .name = "count",
};

/* `say "FORMAT", EXPR...' */
typedef struct Say {
    GdbxAx *ax;             /* NULL: the event's own words */
    char *text;
} Say;

static void say_free(void *state)
{
    Say *say = state;

    if (say) {
        gdbx_ax_free(say->ax);
        g_free(say->text);
        g_free(say);
    }
}

static bool log_parse(const GdbxEventType *type, const char **args,
                      void **state, char **why)
{
    const char *p = *args, *text;
    GdbxNames names = { GDBX_VIEW_MACHINE, type };
    GdbxWord word;
    GdbxAx *ax;
    Say *say;

    if (!gdbx_next_word(&p, word) || strcmp(word, "say")) {
        return true;
    }
    p += strspn(p, " \t");
    text = p;
    ax = gdbx_parse_printf(&p, &names, why);
    if (!ax) {
        return false;
    }
    say = g_new0(Say, 1);
    say->ax = ax;
    say->text = g_strstrip(g_strndup(text, p - text));
    *state = say;
    *args = p;
    return true;
}

static void log_describe(const void *state, GString *out)
{
    const Say *say = state;

    if (say) {
        g_string_append_printf(out, " say %s", say->text);
    }
}

static void print(void *opaque, const char *text, size_t len)
{
    gdbx_output(text, len);
}

static void log_said(CPUState *cs, GdbxCatch *c, const Say *say, GdbxEvent *ev)
{
    uint64_t bad = 0;
    GdbxAxStatus st = gdbx_event_eval(cs, ev, c->view, say->ax, NULL, print,
                                      &bad);

    if (st != GDBX_AX_OK && !qatomic_xchg(&c->complained, true)) {
        gdbx_console("gdbx: what point %u says ended early: %s (0x%" PRIx64
                     ") (said once)\n", c->spec.number,
                     gdbx_ax_status_text(st), bad);
    }
}

static void log_run(CPUState *cs, GdbxCatch *c, GdbxEvent *ev,
                    const GdbxEventWho *who)
{
    g_autofree char *whose = NULL;

    if (c->spec.state) {
        log_said(cs, c, c->spec.state, ev);
        return;
    }
    if (who->known && who->ids.tgid) {
        whose = g_strdup_printf(" in process %d thread %d",
                                (int)who->ids.tgid, (int)who->ids.pid);
    }
    gdbx_console("gdbx: point %u: %s %s at 0x%" PRIx64 "%s (CPU#%d)\n",
                 c->spec.number, c->spec.point.type->name,
                 gdbx_event_text(cs, c->spec.point.type, ev), ev->pc,
                 whose ?: who->known ? " in no process" : "", cs->cpu_index);
}

const GdbxEventAction gdbx_action_log = {
    .name = "log", .params = "[say \"FORMAT\", EXPR...]", .names_task = true,
    .backwards = true,
    .parse = log_parse, .run = log_run, .release = say_free,
    .describe = log_describe,
};
