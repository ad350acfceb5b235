/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `monitor gdbx when': where in the guest's time this is, for a person. */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "replay/bookmarks.h"
#include "replay/recording.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/place.h"

/* The last stop that gdb was told of. */
static struct {
    int sig;                    /* 0: none */
    char more[96];
    char event[200];            /* in its own words; "" */
    bool fresh;                 /* @event is of the stop that is told next */
} stop;

void gdbx_when_event(const char *text)
{
    g_strlcpy(stop.event, text, sizeof(stop.event));
    stop.event[strcspn(stop.event, "\n")] = '\0';
    stop.fresh = true;
}

void gdbx_when_stopped(int sig, const char *more)
{
    if (!stop.fresh) {
        stop.event[0] = '\0';
    }
    stop.fresh = false;
    stop.sig = sig;
    g_strlcpy(stop.more, more, sizeof(stop.more));
}

/* What the pairs of a stop reply mean. */
static const struct {
    const char *key, *text;
    bool value;                 /* an address follows */
} reasons[] = {
    { "swbreak:", "a breakpoint", false },
    { "hwbreak:", "a hardware breakpoint", false },
    { "watch:", "a write to 0x", true },
    { "rwatch:", "a read of 0x", true },
    { "awatch:", "an access to 0x", true },
    { "exec:", "a process that begins a program", false },
    { "fork:", "a fork", false },
    { "vfork:", "a vfork", false },
    { "vforkdone:", "the end of a vfork", false },
    { "syscall_entry:", "the beginning of system call 0x", true },
    { "syscall_return:", "the end of system call 0x", true },
    { "replaylog:begin", "the beginning of what is recorded", false },
    { "replaylog:end", "the end of the recording", false },
    { "library:", "a change of libraries", false },
};

static char *why_stopped(void)
{
    if (stop.event[0]) {
        return g_strdup(stop.event);
    }
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        const char *at = stop.more;

        if (g_str_has_prefix(at, reasons[i].key)) {
            at += strlen(reasons[i].key);
            return g_strdup_printf("%s%.*s", reasons[i].text,
                                   reasons[i].value ? (int)strcspn(at, ";") : 0,
                                   at);
        }
    }
    return g_strdup(stop.sig == GDB_SIGNAL_INT ? "an interruption (Ctrl-C)"
                    : stop.sig == GDB_SIGNAL_TRAP ? "a step, or a seek"
                    : "a signal");
}

static void show_place(Monitor *mon, const TimelineMark *now)
{
    const RecordingInfo *all = recording_info();

    if (now->mode == TIMELINE_LIVE) {
        monitor_printf(mon, "instructions are not counted (-icount shift=auto "
                       "counts them)\n");
        return;
    }
    monitor_printf(mon, "instruction %" PRIu64, now->icount);
    if (all && all->instructions) {
        monitor_printf(mon, " of %" PRIu64 " (%.2f %%)", all->instructions,
                       100.0 * now->icount / all->instructions);
    }
    monitor_printf(mon, ", %s%s%s\n", timeline_mode_name(now->mode),
                   now->file ? " of " : "", now->file ?: "");
}

/* The machine's clock: the virtual one, which only runs with the guest. */
static void show_clock(Monitor *mon)
{
    uint64_t ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), s = 1000000000;

    monitor_printf(mon, "%" PRIu64 ".%09" PRIu64 " s of the machine's time\n",
                   ns / s, ns % s);
}

static void show_cpu(Monitor *mon, CPUState *cs)
{
    OsiError err = { 0 };
    const OsiTask *t = gdbx_current(cs, &err);

    monitor_printf(mon, "CPU#%d at 0x%" PRIx64 ", privilege level %d",
                   cs->cpu_index, gdbx.arch->pc(cs), gdbx.arch->privilege(cs));
    if (t && t->tgid) {
        monitor_printf(mon, ", process %d \"%s\" thread %d", (int)t->tgid,
                       t->comm, (int)t->pid);
    } else {
        monitor_printf(mon, t ? ", idle" : ", no process is known");
    }
    monitor_printf(mon, "%s\n", cs->halted ? ", halted" : "");
}

static void show_bookmark(Monitor *mon, uint64_t now)
{
    const Bookmark *m = bookmark_before(now);

    if (m && m->icount == now) {
        monitor_printf(mon, "this is %s\n", m->name);
    } else if (m) {
        monitor_printf(mon, "%" PRIu64 " instructions behind %s\n",
                       now - m->icount, m->name);
    }
}

void gdbx_mon_when(Monitor *mon, const char *args)
{
    TimelineMark now = timeline_now();
    CPUState *cs;
    GdbxWord word;

    if (gdbx_next_word(&args, word)) {
        if (!strcmp(word, "did")) {
            gdbx_mon_when_did(mon, args);
        } else {
            gdbx_usage(mon, "when");
        }
        return;
    }
    show_place(mon, &now);
    show_clock(mon);
    if (runstate_is_running()) {
        monitor_printf(mon, "the machine runs\n");
        return;
    }
    CPU_FOREACH(cs) {
        show_cpu(mon, cs);
    }
    if (stop.sig) {
        g_autofree char *why = why_stopped();

        monitor_printf(mon, "stopped by %s\n", why);
    }
    if (now.mode != TIMELINE_LIVE) {
        show_bookmark(mon, now.icount);
    }
}
