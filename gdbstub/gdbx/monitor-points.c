/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx break|delete|points': points by number, without gdb's
 * book-keeping and without a guest OS.
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
#include "gdbstub/gdbx/gdbx.h"
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

            if (!gdbx_hit(cs)->valid) {
                cpu_resume(cs);
            }
        }
    }
    g_ptr_array_unref(running);
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

/* A number is not given twice while any point of ours is there. */
static unsigned next_number(const Numbers *n)
{
    static unsigned last;

    last = n->count ? MAX(last, n->highest) + 1 : 1;
    return last;
}

static bool parse_filters(Monitor *mon, const char *args, GdbxPointSpec *spec)
{
    GdbxWord key, word;
    uint64_t value;

    while (gdbx_next_word(&args, key)) {
        bool cr3 = !strcmp(key, "cr3"), cpl = !strcmp(key, "cpl");

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

    if (!gdbx_next_word(&args, word)) {
        gdbx_usage(mon, "break");
        return;
    }
    if (!gdbx_word_number(word, &spec.addr)) {
        monitor_printf(mon, "gdbx: not a number: '%s'. Let gdb write it out: "
                       "eval \"monitor gdbx break %%#lx\", &f\n", word);
        return;
    }
    if (!parse_filters(mon, args, &spec)) {
        return;
    }
    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected that could be told\n");
        return;
    }
    gdbx_points_each(look, &n);
    if (n.count >= MAX_BREAKS) {
        monitor_printf(mon, "gdbx: there are %u points already; see "
                       "gdbx delete\n", n.count);
        return;
    }
    spec.number = next_number(&n);
    held = gdbx_hold_vcpus();
    p = gdbx_point_insert(&spec);
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
    gdbx_points_each(look, &n);
    if (!n.found) {
        monitor_printf(mon, n.wanted ? "gdbx: no point %s; see gdbx points\n"
                                     : "gdbx: there are none\n", word);
        return;
    }
    held = gdbx_hold_vcpus();
    gdbx_points_delete(n.wanted);
    gdbx_let_go(held);
}

static void collect(const GdbxPoint *p, void *opaque)
{
    if (!p->transient) {
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
    if (!gdbx_mon_show_watches(mon) && !all->len) {
        monitor_printf(mon, "no points\n");
    }
    if (gdbx_current_unknown()) {
        monitor_printf(mon, "  $ospid, $ostid were 0 because no task could be "
                       "told: %" PRIu64 " times\n", gdbx_current_unknown());
    }
}
