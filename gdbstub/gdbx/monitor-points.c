/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx break|delete|points': points by number, without gdb's
 * book-keeping and without a guest OS. Those at events are in monitor-events.c.
 *
 * They belong to the machine's inferior and to the client: both take them
 * along when they go.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "system/cpus.h"
#include "system/runstate.h"
#include "gdbstub/gdbx/ax-names.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/monitor.h"

#define MAX_BREAKS 10000

/*
 * Points may change only while no vCPU reads them. gdb has stopped them all;
 * on QEMU's own console they may run, and not all of them: those that did are
 * started again, but for one that came to a point meanwhile and has asked for
 * a stop.
 */
GPtrArray *gdbx_hold_vcpus(void)
{
    GPtrArray *running = g_ptr_array_new();
    CPUState *cs;

    if (runstate_is_running()) {
        CPU_FOREACH(cs) {
            if (!cs->stop && !cs->stopped) {
                g_ptr_array_add(running, cs);
            }
        }
        pause_all_vcpus();
    }
    return running;
}

void gdbx_let_go(GPtrArray *running)
{
    if (running->len && runstate_is_running()) {
        qemu_clock_enable(QEMU_CLOCK_VIRTUAL, true);
        for (guint i = 0; i < running->len; i++) {
            CPUState *cs = g_ptr_array_index(running, i);

            if (!gdbx_hit(cs)->valid && !gdbx_event_waits(cs)) {
                cpu_resume(cs);
            }
        }
    }
    g_ptr_array_unref(running);
}

void gdbx_points_changed(const GPtrArray *held)
{
    if (held->len) {
        gdbx_guest_stale();
        gdbx_prepare_run();
        gdbx_guest_stale();
    }
}

typedef struct Numbers {
    unsigned count, highest;
    uint64_t wanted;            /* delete: 0 means all */
    bool found;
} Numbers;

static void look(const GdbxPoint *p, void *opaque)
{
    Numbers *n = opaque;

    n->count += p->number != 0;
    n->highest = MAX(n->highest, p->number);
    n->found |= p->number && (!n->wanted || p->number == n->wanted);
}

static void look_at_event(GdbxCatch *c, void *opaque)
{
    Numbers *n = opaque;
    unsigned number = c->spec.number;

    n->count += number != 0;
    n->highest = MAX(n->highest, number);
    n->found |= number && (!n->wanted || number == n->wanted);
}

static void look_at_all(Numbers *n)
{
    gdbx_points_each(look, n);
    gdbx_catches_each(look_at_event, n);
}

unsigned gdbx_next_point_number(void)
{
    static unsigned last;
    Numbers n = { 0 };

    look_at_all(&n);
    last = n.count ? MAX(last, n.highest) + 1 : 1;
    return last;
}

static bool parse_if(Monitor *mon, const char **args, GdbxPointSpec *spec)
{
    const GdbxNames names = { GDBX_VIEW_MACHINE, NULL };
    g_autofree char *why = NULL;
    GdbxAx *ax;

    *args += strspn(*args, " \t");
    ax = gdbx_parse_condition(args, &names, &why);
    if (!ax) {
        monitor_printf(mon, "gdbx: if: %s\n", why);
        return false;
    }
    spec->conditions = spec->conditions ?:
        g_ptr_array_new_with_free_func((GDestroyNotify)gdbx_ax_free);
    g_ptr_array_add(spec->conditions, ax);
    return true;
}

static bool parse_filters(Monitor *mon, const char *args, GdbxPointSpec *spec)
{
    GdbxWord key, word;
    uint64_t value;

    while (gdbx_next_word(&args, key)) {
        bool cr3 = !strcmp(key, "cr3"), cpl = !strcmp(key, "cpl");

        if (!strcmp(key, "if") && !spec->conditions) {
            if (!parse_if(mon, &args, spec)) {
                return false;
            }
            continue;
        }
        if ((!cr3 && !cpl) || !gdbx_next_word(&args, word)) {
            gdbx_usage(mon, "break");
            return false;
        }
        if (!gdbx_word_number(word, &value) || (cpl && value > 3)) {
            monitor_printf(mon, "gdbx: no value of %s: '%s'\n", key, word);
            return false;
        }
        if (cr3) {
            spec->has_space = true;
            spec->space = value;
        } else {
            spec->cpl = value;
        }
    }
    return true;
}

void gdbx_mon_break(Monitor *mon, const char *args)
{
    GdbxPointSpec spec = { .pid = GDBX_MACHINE_PID, .cpl = -1 };
    Numbers n = { 0 };
    GPtrArray *held;
    GdbxPoint *p;
    GdbxWord word;

    if (gdbx_mon_event(mon, &gdbx_action_break, &args)) {
        return;
    }
    if (!gdbx_next_word(&args, word)) {
        gdbx_usage(mon, "break");
        return;
    }
    if (!gdbx_word_number(word, &spec.addr)) {
        monitor_printf(mon, "gdbx: not a number: '%s', and no kind of event "
                       "(gdbx help lists them). Let gdb write it out: "
                       "eval \"monitor gdbx break %%#lx\", &f\n", word);
        return;
    }
    if (!parse_filters(mon, args, &spec)) {
        g_clear_pointer(&spec.conditions, g_ptr_array_unref);
        return;
    }
    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected that could be told\n");
        g_clear_pointer(&spec.conditions, g_ptr_array_unref);
        return;
    }
    gdbx_points_each(look, &n);
    if (n.count >= MAX_BREAKS) {
        monitor_printf(mon, "gdbx: there are %u points already; see "
                       "gdbx delete\n", n.count);
        g_clear_pointer(&spec.conditions, g_ptr_array_unref);
        return;
    }
    spec.number = gdbx_next_point_number();
    held = gdbx_hold_vcpus();
    p = gdbx_point_insert(&spec);
    gdbx_points_changed(held);
    gdbx_let_go(held);
    if (p) {
        monitor_printf(mon, "point %u at 0x%" PRIx64 "\n", spec.number,
                       spec.addr);
    } else {
        monitor_printf(mon, "gdbx: there are %d points already\n",
                       GDBX_MAX_POINTS);
    }
}

void gdbx_mon_delete(Monitor *mon, const char *args)
{
    Numbers n = { 0 };
    GPtrArray *held;
    GdbxWord word, more;

    if (!gdbx_next_word(&args, word) || gdbx_next_word(&args, more) ||
        (strcmp(word, "all") && (!gdbx_word_number(word, &n.wanted) ||
                                 !n.wanted))) {
        gdbx_usage(mon, "delete");
        return;
    }
    look_at_all(&n);
    if (!n.found) {
        monitor_printf(mon, n.wanted ? "gdbx: no point %s; see gdbx points\n"
                                     : "gdbx: there are none\n", word);
        return;
    }
    held = gdbx_hold_vcpus();
    gdbx_points_delete(n.wanted);
    gdbx_catches_delete(n.wanted);
    gdbx_let_go(held);
}

static void collect(const GdbxPoint *p, void *opaque)
{
    if (!p->passed) {
        g_ptr_array_add(opaque, (void *)p);
    }
}

/* A person's own by number, then gdb's by address. */
static int by_number(const void *a, const void *b)
{
    const GdbxPoint *x = *(GdbxPoint **)a, *y = *(GdbxPoint **)b;

    if (x->number != y->number) {
        return x->number - 1u < y->number - 1u ? -1 : 1;
    }
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void show(Monitor *mon, const GdbxPoint *p)
{
    g_autofree char *number = p->number ? g_strdup_printf("%u", p->number)
                                        : g_strdup("gdb");
    g_autofree char *owner = gdbx_is_machine(p->pid)
        ? g_strdup("machine") : g_strdup_printf("process %d", (int)p->pid);

    monitor_printf(mon, "  %4s 0x%016" PRIx64 " %-15s %s true %" PRIu64
                   " false %" PRIu64 " conditions %u", number, p->addr, owner,
                   p->armed ? "armed  " : "removed", qatomic_read(&p->hits),
                   gdbx_point_misses(p),
                   p->conditions ? p->conditions->len : 0);
    if (p->commands && p->commands->len) {
        monitor_printf(mon, " commands %u", p->commands->len);
    }
    if (p->number && p->mask) {
        monitor_printf(mon, " cr3 0x%" PRIx64, p->space);
    }
    if (p->cpl >= 0) {
        monitor_printf(mon, " cpl %d", p->cpl);
    }
    monitor_printf(mon, "\n");
}

void gdbx_mon_points(Monitor *mon, const char *args)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    gdbx_points_each(collect, all);
    if (all->len) {
        g_ptr_array_sort(all, by_number);
        monitor_printf(mon, "points (gdb removes its own while it is "
                       "stopped):\n");
    }
    for (guint i = 0; i < all->len; i++) {
        show(mon, g_ptr_array_index(all, i));
    }
    if (!(gdbx_mon_show_events(mon) | gdbx_mon_show_watches(mon)) &&
        !all->len) {
        monitor_printf(mon, "no points\n");
    }
    if (gdbx_current_unknown()) {
        monitor_printf(mon, "  $ospid, $ostid were 0 because no task could be "
                       "told: %" PRIu64 " times\n", gdbx_current_unknown());
    }
}
