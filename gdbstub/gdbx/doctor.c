/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx doctor': which settings of gdb would help, as far as the
 * packets of this session tell. What was not noticed is not said: no line means
 * nothing was seen, not that a setting is right.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/wire.h"

/* So many stops that nobody was shown are conditions in gdb, or a hot loop. */
#define SILENT_MANY 100

static struct {
    bool extended;          /* "!": target extended-remote */
    bool narrow;            /* the last resume meant one inferior of several */
    bool hit;               /* stopped at a breakpoint, nothing shown since */
    unsigned silent;        /* such stops that gdb passed by itself */
    unsigned unread;        /* memory of processes that was not there */
    unsigned holes;         /* parts of files that were not there */
    char features[1024];    /* of the client's qSupported */
} seen;

void gdbx_doctor_client(const char *features)
{
    memset(&seen, 0, sizeof(seen));
    g_strlcpy(seen.features, features, sizeof(seen.features));
}

/* One inferior alone, while gdb knows another: schedule-multiple is off. */
static bool narrow(const char *actions)
{
    const char *c = strstr(actions, ";c:p");
    unsigned known = gdbx.inferiors->len + !gdbx.machine_detached;

    return c && g_str_has_suffix(c, ".-1") && known > 1;
}

void gdbx_doctor_packet(const char *line)
{
    if (!strcmp(line, "!")) {
        seen.extended = true;
    } else if (g_str_has_prefix(line, "qXfer:threads:read:")) {
        seen.hit = false;   /* gdb asks once for each stop that it shows */
    } else if (g_str_has_prefix(line, "vCont;")) {
        if (strstr(line, ";c")) {
            seen.narrow = narrow(line);
        }
        seen.silent += seen.hit;
        seen.hit = false;
    }
}

void gdbx_doctor_stop(const char *more)
{
    seen.hit = strstr(more, "break:") != NULL;
}

void gdbx_doctor_unread(void)
{
    seen.unread++;
}

void gdbx_doctor_hole(void)
{
    seen.holes++;
}

G_GNUC_PRINTF(3, 4)
static void advise(Monitor *mon, unsigned *n, const char *fmt, ...)
{
    va_list ap;

    monitor_printf(mon, "  - ");
    va_start(ap, fmt);
    monitor_vprintf(mon, fmt, ap);
    va_end(ap);
    monitor_printf(mon, "\n");
    ++*n;
}

/* What any gdb since 13 says of itself. */
static void show_client(Monitor *mon, unsigned *n)
{
    static const char *const wanted[] = {
        "swbreak+", "hwbreak+", "vContSupported+", "exec-events+",
        "fork-events+",
    };

    if (!gdbx.client) {
        advise(mon, n, "no client with `multiprocess' is connected: processes "
               "cannot be shown; use gdb 13 or later");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        if (!strstr(seen.features, wanted[i])) {
            advise(mon, n, "the client does not know `%.*s'; gdb 13 and later "
                   "do", (int)strlen(wanted[i]) - 1, wanted[i]);
        }
    }
    if (!seen.extended) {
        advise(mon, n, "`target extended-remote' instead of `target remote': "
               "attach needs it");
    }
    if (!gdbx_no_ack()) {
        advise(mon, n, "each packet is acknowledged, which costs time: `set "
               "remote noack-packet on' before connecting");
    }
}

static void show_running(Monitor *mon, unsigned *n)
{
    if (seen.narrow) {
        advise(mon, n, "`set schedule-multiple on': one inferior was resumed "
               "while others are known; stops in those are told late");
    }
    if (seen.silent >= SILENT_MANY) {
        advise(mon, n, "gdb went on by itself after %u breakpoints: where they "
               "have conditions, write them with full registers ($rip, not "
               "$pc) and without convenience variables, and `set breakpoint "
               "condition-evaluation auto', so that the emulator decides",
               seen.silent);
    }
}

static void show_memory(Monitor *mon, unsigned *n)
{
    if (seen.holes) {
        advise(mon, n, "%u reads of files met parts that the guest does not "
               "have in memory: `monitor gdbx sysroot DIRECTORY' (or option "
               "sysroot=) fills them in", seen.holes);
    }
    if (seen.unread) {
        advise(mon, n, "%u reads of process memory met pages that are not "
               "there: `set trust-readonly-sections on' reads code from the "
               "file", seen.unread);
    }
}

void gdbx_mon_doctor(Monitor *mon, const char *args)
{
    unsigned n = 0;

    monitor_printf(mon, "gdb:\n");
    show_client(mon, &n);
    show_running(mon, &n);
    show_memory(mon, &n);
    if (!n) {
        monitor_printf(mon, "  nothing was seen that a setting would mend\n");
    }
    monitor_printf(mon, "guest OS:\n");
    gdbx_mon_os(mon, "doctor");
}
