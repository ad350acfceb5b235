/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx NOUN [arguments]': a noun is a row of the table in monitor.c.
 * From the same rows come the dispatch, the usage lines and `gdbx help'.
 *
 * Main thread, BQL. The guest may be running: from QEMU's own monitor, never
 * from gdb's.
 */
#ifndef GDBX_MONITOR_H
#define GDBX_MONITOR_H

#include "gdbstub/gdbx/args.h"

typedef struct GdbxCommand {
    const char *name;
    const char *params;     /* as the usage line has them; NULL: none */
    const char *doc;        /* one line */
    /* @args: what follows the noun, "" if nothing. Says what is wrong. */
    void (*run)(Monitor *mon, const char *args);
    const char *more;       /* for `gdbx help NOUN', or NULL; ends in \n */
} GdbxCommand;

/* Says how the command whose arguments were not understood is used. */
void gdbx_usage(Monitor *mon, const char *name);

/*
 * For a command that changes what vCPUs read: stops those that run, starts the
 * same ones again. Empty when the machine is stopped. let_go takes it over.
 */
GPtrArray *gdbx_hold_vcpus(void);
void gdbx_let_go(GPtrArray *running);

/* monitor-watches.c */
void gdbx_mon_watch(Monitor *mon, const char *args);
void gdbx_mon_unwatch(Monitor *mon, const char *args);
/* False, and nothing said, when there are none. */
bool gdbx_mon_show_watches(Monitor *mon);

/* monitor-points.c */
void gdbx_mon_break(Monitor *mon, const char *args);
void gdbx_mon_delete(Monitor *mon, const char *args);
void gdbx_mon_points(Monitor *mon, const char *args);

#endif
