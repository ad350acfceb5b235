/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points at events and their kinds, as `gdbx points' and `gdbx help' show them. */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/monitor.h"

void gdbx_mon_event_usage(Monitor *mon, const GdbxEventAction *action,
                          const GdbxEventType *t)
{
    monitor_printf(mon, "usage: gdbx %s %s%s%s [process PID] [thread TID] "
                   "[cr3 X] [cpl N] [if EXPR] [after N] [once]%s%s\n",
                   action->name, t->name, t->params ? " " : "",
                   t->params ?: "", action->params ? " " : "",
                   action->params ?: "");
}

/* ---- `gdbx points' ---- */

static void describe(const GdbxCatch *c, GString *out)
{
    const GdbxCatchSpec *s = &c->spec;
    const GdbxEventPoint *p = &s->point;
    const char *before;

    g_string_append_printf(out, "%s %s", s->action->name, p->type->name);
    if (p->type->describe) {
        size_t at = out->len;

        p->type->describe(p->filter, out);
        before = out->str + at;
        if (*before && *before != ' ') {
            g_string_insert_c(out, at, ' ');
        }
    }
    if (p->pid) {
        g_string_append_printf(out, " process %" PRId64, p->pid);
    }
    if (p->tid) {
        g_string_append_printf(out, " thread %" PRId64, p->tid);
    }
    if (c->own_space) {
        g_string_append_printf(out, " cr3 0x%" PRIx64, p->space);
    }
    if (p->cpl >= 0) {
        g_string_append_printf(out, " cpl %d", p->cpl);
    }
    if (s->condition) {
        g_string_append_printf(out, " if %s", s->condition_text);
    }
    if (s->after) {
        g_string_append_printf(out, " after %" PRIu64, s->after);
    }
    g_string_append(out, s->once ? " once" : "");
    if (s->action->describe) {
        s->action->describe(s->state, out);
    }
}

static void show(Monitor *mon, const GdbxCatch *c)
{
    g_autofree char *number = c->spec.number
        ? g_strdup_printf("%u", c->spec.number) : g_strdup("gdb");
    g_autoptr(GString) what = g_string_new(NULL);
    uint64_t unknown = qatomic_read(&c->unknown);

    describe(c, what);
    monitor_printf(mon, "  %4s %s: true %" PRIu64 " false %" PRIu64, number,
                   what->str, qatomic_read(&c->hits),
                   qatomic_read(&c->misses));
    if (unknown) {
        monitor_printf(mon, " of an unknown task %" PRIu64, unknown);
    }
    monitor_printf(mon, "%s\n", qatomic_read(&c->done) ? " done"
                                : c->armed ? "" : " removed");
}

static void collect(GdbxCatch *c, void *opaque)
{
    g_ptr_array_add(opaque, c);
}

/* A person's own by number, then gdb's. */
static int by_number(const void *a, const void *b)
{
    const GdbxCatch *x = *(GdbxCatch **)a, *y = *(GdbxCatch **)b;

    return x->spec.number - 1u < y->spec.number - 1u ? -1
           : x->spec.number != y->spec.number;
}

bool gdbx_mon_show_events(Monitor *mon)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    gdbx_catches_each(collect, all);
    if (!all->len) {
        return false;
    }
    g_ptr_array_sort(all, by_number);
    monitor_printf(mon, "events:\n");
    for (guint i = 0; i < all->len; i++) {
        show(mon, g_ptr_array_index(all, i));
    }
    return true;
}

/* ---- `gdbx help' ---- */

typedef struct Help {
    Monitor *mon;
    const char *name;           /* of one kind, or NULL: all */
    bool found;
} Help;

static void help(const GdbxEventType *t, void *opaque)
{
    Help *h = opaque;
    g_autofree char *left = NULL;

    if (h->name && strcmp(t->name, h->name)) {
        return;
    }
    if (!h->name) {
        left = g_strdup_printf("%s %s", t->name, t->params ?: "");
        monitor_printf(h->mon, "%s  %-38s %s\n",
                       h->found ? "" : "kinds of events:\n", left, t->doc);
        h->found = true;
        return;
    }
    h->found = true;
    gdbx_mon_event_usage(h->mon, &gdbx_action_break, t);
    monitor_printf(h->mon, "%s.\n%s", t->doc, t->more ?: "");
    monitor_printf(h->mon, "In conditions:");
    for (int i = 0; t->fields && t->fields[i].name; i++) {
        monitor_printf(h->mon, " $_%s", t->fields[i].name);
    }
    monitor_printf(h->mon, ", and registers ($rax...).\n");
}

bool gdbx_mon_help_events(Monitor *mon, const char *name)
{
    Help h = { mon, name };

    gdbx_event_types_each(help, &h);
    return h.found;
}
