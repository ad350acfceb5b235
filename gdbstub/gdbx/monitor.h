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

/* What vCPUs read was changed while @held were stopped for it. */
void gdbx_points_changed(const GPtrArray *held);

/* doctor.c */
void gdbx_mon_doctor(Monitor *mon, const char *args);

/* main.c */
typedef struct GdbxOption {
    const char *key;        /* ",NAME=" */
    const char *params, *doc;
    bool (*set)(const char *value, Error **errp);
} GdbxOption;
const GdbxOption *gdbx_options(size_t *n);

/* monitor-os.c */
void gdbx_mon_os(Monitor *mon, const char *args);
/* monitor-os-show.c; false: @verb with these @args is no such command. */
bool gdbx_mon_os_show(Monitor *mon, const char *verb, const char *args);
/* The client is gone: nobody reads events any more. */
void gdbx_mon_os_reset(void);

/* kernel-files.c */
void gdbx_mon_kernel_symbols(Monitor *mon, const char *args);

/* views.c */
void gdbx_mon_views(Monitor *mon, const char *args);

/* tasks.c */
void gdbx_mon_threads(Monitor *mon, const char *args);
/* follow.c */
void gdbx_mon_follow(Monitor *mon, const char *args);

/* monitor-time.c, monitor-when.c */
void gdbx_mon_time(Monitor *mon, const char *args);
void gdbx_mon_when(Monitor *mon, const char *args);

/* monitor-index.c */
void gdbx_mon_index(Monitor *mon, const char *args);
void gdbx_mon_last(Monitor *mon, const char *args);
void gdbx_mon_next(Monitor *mon, const char *args);
void gdbx_mon_first(Monitor *mon, const char *args);
void gdbx_mon_when_did(Monitor *mon, const char *args);

/* monitor-seek.c */
void gdbx_mon_seek(Monitor *mon, const char *args);
void gdbx_mon_tfind(Monitor *mon, const char *args);
void gdbx_mon_bookmark(Monitor *mon, const char *args);
void gdbx_mon_bookmarks(Monitor *mon, const char *args);
/* Arms a seek, or says why not. True: it is armed. */
bool gdbx_mon_seek_to(Monitor *mon, uint64_t icount);

/* monitor-watches.c */
void gdbx_mon_watch(Monitor *mon, const char *args);
void gdbx_mon_unwatch(Monitor *mon, const char *args);
/* False, and nothing said, when there are none. */
bool gdbx_mon_show_watches(Monitor *mon);

/* monitor-calls.c */
void gdbx_mon_callstack(Monitor *mon, const char *args);
void gdbx_mon_bt(Monitor *mon, const char *args);

/* host-files.c */
void gdbx_mon_sysroot(Monitor *mon, const char *args);

/* monitor-events.c */
void gdbx_mon_log(Monitor *mon, const char *args);
void gdbx_mon_count(Monitor *mon, const char *args);

/* monitor-trace.c */
void gdbx_mon_trace(Monitor *mon, const char *args);

/* monitor-points.c */
/* One that no point of the monitor has; not given twice while any is there. */
unsigned gdbx_next_point_number(void);
void gdbx_mon_break(Monitor *mon, const char *args);
void gdbx_mon_delete(Monitor *mon, const char *args);
void gdbx_mon_points(Monitor *mon, const char *args);

#endif
