/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx NOUN`: what the stub knows and does, for a person. The same
 * from gdb's `monitor` and from QEMU's own console.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/module.h"
#include "monitor/monitor.h"
#include "monitor/hmp.h"
#include "qobject/qdict.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

static void show_os(Monitor *mon)
{
    OsiGuest *g;
    const OsiFeature *f;
    const char *name;
    size_t n = 0;

    if (runstate_is_running()) {
        monitor_printf(mon, "the guest is running; stop it first\n");
        return;
    }
    g = gdbx_guest();
    f = osi_guest_features(g, &n);
    name = osi_guest_name(g);
    monitor_printf(mon, "guest OS: %s\n", name ? name : "none recognised");
    for (size_t i = 0; i < n; i++) {
        monitor_printf(mon, "  %-12s %-3s %s\n", f[i].name,
                       f[i].ok ? "ok" : "no", f[i].text);
    }
}

static void show_point(const GdbxPoint *p, void *opaque)
{
    g_autofree char *owner = gdbx_is_machine(p->pid)
        ? g_strdup("machine") : g_strdup_printf("process %d", (int)p->pid);

    monitor_printf(opaque, "  0x%016" PRIx64 " %-16s %s true %" PRIu64
                   " false %" PRIu64 " conditions %u\n",
                   p->addr, owner, p->armed ? "armed  " : "removed",
                   qatomic_read(&p->hits), qatomic_read(&p->misses),
                   p->conditions ? p->conditions->len : 0);
}

static void show_points(Monitor *mon)
{
    monitor_printf(mon, "points (gdb removes them while it is stopped):\n");
    gdbx_points_each(show_point, mon);
}

static void show_time(Monitor *mon)
{
    TimelineMark now = timeline_now();

    monitor_printf(mon, "%s", timeline_mode_name(now.mode));
    if (now.mode == TIMELINE_LIVE) {
        monitor_printf(mon, ": instructions are not counted (-icount "
                       "shift=auto counts them)\n");
        return;
    }
    monitor_printf(mon, ": instruction %" PRIu64 "%s%s\n", now.icount,
                   now.file ? " of " : "", now.file ? now.file : "");
}

static void show_hooks(Monitor *mon)
{
    for (int i = 0; i < GDBX_HOOK__COUNT; i++) {
        monitor_printf(mon, "  %-24s %" PRIu64 "\n", gdbx_hook_name(i),
                       gdbx_hook_calls[i]);
    }
}

static void show_packets(Monitor *mon)
{
    size_t n;
    const GdbxRow *r = gdbx_rows(&n);

    for (size_t i = 0; i < n; i++) {
        monitor_printf(mon, "  %-26s %s\n", r[i].prefix, r[i].doc);
    }
}

static void show_help(Monitor *mon);

static const struct {
    const char *name, *doc;
    void (*run)(Monitor *mon);
} commands[] = {
    { "help", "this list", show_help },
    { "os", "what was found of the guest OS, with evidence", show_os },
    { "points", "breakpoints in the emulator, with true and false hits",
      show_points },
    { "time", "position in the guest's time", show_time },
    { "packets", "packets the extension handles", show_packets },
    { "hooks", "how often QEMU called each hook", show_hooks },
};

static void show_help(Monitor *mon)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        monitor_printf(mon, "  gdbx %-8s %s\n", commands[i].name,
                       commands[i].doc);
    }
}

static void hmp_gdbx(Monitor *mon, const QDict *qdict)
{
    const char *name = qdict_get_try_str(qdict, "noun");

    if (!gdbx.on) {
        monitor_printf(mon, "gdbx is off: start the stub (-s or -gdb) without "
                       "gdbx=off, with TCG, on a supported target\n");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(name ? name : "help", commands[i].name)) {
            commands[i].run(mon);
            return;
        }
    }
    monitor_printf(mon, "gdbx: no command '%s'; try: gdbx help\n", name);
}

static void register_command(void)
{
    monitor_register_hmp("gdbx", false, hmp_gdbx);
}

type_init(register_command);
