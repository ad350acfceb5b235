/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace: events on their way to a file, by a thread of its own. There is one
 * at a time; points that write to it share it.
 */
#ifndef GDBX_TRACE_H
#define GDBX_TRACE_H

#include "hw/core/cpu.h"
#include "gdbstub/event.h"
#include "gdbstub/gdbx/trace-format.h"

typedef struct GdbxTrace GdbxTrace;

typedef struct GdbxTraceOptions {
    const char *path;           /* absolute */
    const GdbxTraceFormat *format;
    bool lossless;              /* a full ring makes the vCPU wait */
    bool force;                 /* overwrites a file that is no trace */
} GdbxTraceOptions;

/* Main thread, all of these. The one that is open, or NULL. */
GdbxTrace *gdbx_trace_now(void);
/*
 * Opens one, with one reference; none may be open. NULL with *@why (g_free).
 * The file must not be there, or be a trace, or be a regular file with @force.
 */
GdbxTrace *gdbx_trace_open(const GdbxTraceOptions *options, char **why);
void gdbx_trace_ref(GdbxTrace *t);
/* The last one ends it: what is in the rings is written. No vCPU runs. */
void gdbx_trace_unref(GdbxTrace *t);
/* What is in the rings is in the file when it returns. No vCPU runs. */
void gdbx_trace_drain(GdbxTrace *t);
/* Number of @type in @t, made if need be; -1: there are too many kinds. */
int gdbx_trace_kind_of(GdbxTrace *t, const GdbxEventType *type);
const GdbxTraceOptions *gdbx_trace_options(const GdbxTrace *t);
/* Bytes in the file, events, lost ones; @error: as errno, 0 none. */
typedef struct GdbxTraceState {
    uint64_t bytes, events, written, lost;
    int error;
} GdbxTraceState;
GdbxTraceState gdbx_trace_state(GdbxTrace *t);

/* Thread of vCPU ev->cpu. */
void gdbx_trace_event(GdbxTrace *t, const GdbxTraceEvent *ev);

#endif
