/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events on their way from vCPU threads to the thread that writes them to a
 * file: a ring of bytes for each vCPU, without a lock. A ring has one writer and
 * one reader.
 *
 * All events of a trace are numbered without gaps, in the order in which their
 * places in the rings were taken; the reader gives them out in this order.
 *
 * Pure: GLib and libc only.
 */
#ifndef GDBX_TRACE_RING_H
#define GDBX_TRACE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDBX_TRACE_FIELDS 12
#define GDBX_TRACE_TEXT 160

typedef struct GdbxTraceEvent {
    uint64_t seq;           /* of the trace, from 1; the ring gives it */
    uint64_t lost;          /* of this CPU, in front of this one: too many */
    int64_t time;           /* virtual clock, ns */
    uint64_t icount;        /* instructions executed; 0: not counted */
    uint64_t pc;
    int64_t pid, tid;       /* of the guest; 0: idle, or not known */
    uint32_t known;         /* bit n: field[n] has a value */
    uint32_t cpu;
    uint32_t kind;          /* index of the trace's table of kinds */
    bool behind;            /* the instruction has been executed */
    uint64_t field[GDBX_TRACE_FIELDS];
    char text[GDBX_TRACE_TEXT];     /* ends with NUL; may be "" */
} GdbxTraceEvent;

typedef struct GdbxTraceRings GdbxTraceRings;

/* @size: bytes of each, a power of 2, at least 4096. */
GdbxTraceRings *gdbx_trace_rings_new(unsigned cpus, size_t size);
void gdbx_trace_rings_free(GdbxTraceRings *r);

/*
 * Thread of @ev->cpu. False when there is no room: nothing was put, and if it is
 * not put @again the event counts as lost.
 */
bool gdbx_trace_put(GdbxTraceRings *r, const GdbxTraceEvent *ev, bool again);

/* The reader's. False: the next one is not there yet. */
bool gdbx_trace_take(GdbxTraceRings *r, GdbxTraceEvent *ev);

/* Any thread: put so far; lost. */
uint64_t gdbx_trace_count(const GdbxTraceRings *r);
uint64_t gdbx_trace_lost(const GdbxTraceRings *r);

#endif
