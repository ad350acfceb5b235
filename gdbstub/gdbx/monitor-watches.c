/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx watch|unwatch', and the watches in `monitor gdbx points'.
 *
 * For what gdb's own watchpoints cannot be asked: gdb's `watch' reads the value
 * at each stop, and a client that is no gdb has no window on physical memory. A
 * stop for one of these is a plain trap, said on the console before: gdb resumes
 * from a `watch' reply that it has no watchpoint for.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/watch.h"

static void highest(const GdbxWatch *w, void *opaque)
{
    unsigned *number = opaque;

    *number = MAX(*number, w->number);
}

/* "phys ADDR LEN [read|write|access]", "phys" may be left out. */
static bool parse(const char *args, GdbxWatchSpec *spec)
{
    static const char *const kinds[] = { "write", "read", "access" };
    GdbxWord word;
    bool phys;

    if (!gdbx_next_word(&args, word)) {
        return false;
    }
    phys = !strcmp(word, "phys");
    if ((phys && !gdbx_next_word(&args, word)) ||
        !gdbx_word_number(word, &spec->addr) ||
        !gdbx_next_word(&args, word) ||
        !gdbx_word_number(word, &spec->len)) {
        return false;
    }
    if (phys) {
        if (spec->addr >> GDBX_WINDOW_BITS) {
            return false;
        }
        spec->addr += GDBX_WINDOW_PHYS;
    }
    spec->type = 2;
    if (!gdbx_next_word(&args, word)) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (!strcmp(word, kinds[i])) {
            spec->type = 2 + i;
            return !gdbx_next_word(&args, word);
        }
    }
    return false;
}

void gdbx_mon_watch(Monitor *mon, const char *args)
{
    GdbxWatchSpec spec = { .pid = GDBX_MACHINE_PID };
    g_autofree char *why = NULL;
    GPtrArray *held;
    GdbxWatch *w;

    if (!parse(args, &spec)) {
        gdbx_usage(mon, "watch");
        return;
    }
    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected that could be told\n");
        return;
    }
    gdbx_watches_each(highest, &spec.number);
    spec.number++;
    held = gdbx_hold_vcpus();
    w = gdbx_watch_insert(&spec, &why);
    if (held->len) {
        gdbx_watches_commit();
    }
    gdbx_let_go(held);
    if (w) {
        monitor_printf(mon, "watch %u\n", spec.number);
    } else {
        monitor_printf(mon, "gdbx: refused: %s\n", why);
    }
}

void gdbx_mon_unwatch(Monitor *mon, const char *args)
{
    uint64_t number = 0;
    GPtrArray *held;
    GdbxWord word, more;
    bool found;

    if (!gdbx_next_word(&args, word) || gdbx_next_word(&args, more) ||
        (strcmp(word, "all") && (!gdbx_word_number(word, &number) ||
                                 !number))) {
        gdbx_usage(mon, "unwatch");
        return;
    }
    held = gdbx_hold_vcpus();
    found = gdbx_watches_delete(number);
    gdbx_let_go(held);
    if (!found) {
        monitor_printf(mon, number ? "gdbx: no watch %s; see gdbx points\n"
                                   : "gdbx: there are none\n", word);
    }
}

static void collect(const GdbxWatch *w, void *opaque)
{
    g_ptr_array_add(opaque, (void *)w);
}

/* A person's own by number, then gdb's by address. */
static int by_number(const void *a, const void *b)
{
    const GdbxWatch *x = *(GdbxWatch **)a, *y = *(GdbxWatch **)b;

    if (x->number != y->number) {
        return x->number - 1u < y->number - 1u ? -1 : 1;
    }
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static void show(Monitor *mon, const GdbxWatch *w)
{
    static const char *const kinds[] = { "write", "read", "access" };
    g_autofree char *number = w->number ? g_strdup_printf("%u", w->number)
                                        : g_strdup("gdb");
    g_autofree char *owner = gdbx_is_machine(w->pid)
        ? g_strdup("machine") : g_strdup_printf("process %d", (int)w->pid);
    uint64_t addr = w->physical ? w->addr - GDBX_WINDOW_PHYS : w->addr;

    monitor_printf(mon, "  %4s %s 0x%" PRIx64 "..0x%" PRIx64 " %s %s %s hits %"
                   PRIu64 " unchanged %" PRIu64 "\n", number,
                   w->physical ? "physical" : "linear", addr, addr + w->len - 1,
                   kinds[w->type - 2], owner, w->armed ? "armed" : "removed",
                   qatomic_read(&w->hits), qatomic_read(&w->skipped));
}

bool gdbx_mon_show_watches(Monitor *mon)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();

    gdbx_watches_each(collect, all);
    if (!all->len) {
        return false;
    }
    g_ptr_array_sort(all, by_number);
    monitor_printf(mon, "watches (gdb removes its own while it is stopped):\n");
    for (guint i = 0; i < all->len; i++) {
        show(mon, g_ptr_array_index(all, i));
    }
    return true;
}
