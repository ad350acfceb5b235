/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What processes do that gdb follows, told as gdb's own events: fork, vfork,
 * its end, exec, exit; and processes that gdb is to know from now on, which it
 * learns by an exec event too (R4).
 *
 * os-stops.c      what vCPUs see, on its way to gdb
 * os-stops-tell.c the main thread: births, what gdb is told
 * follow.c        which processes are to be shown: `monitor gdbx follow'
 *
 * A vCPU that passes a kernel function of os-events.c puts down a deed and
 * stops there if gdb may be told at once. What gdb may not hear now (R5, R6)
 * waits for a resume that allows it; the guest goes on meanwhile. Deeds of a
 * process are told in their order, one as the answer to each resume.
 *
 * Nobody followed and no rule: nothing in the guest is instrumented.
 */
#ifndef GDBX_OS_STOPS_H
#define GDBX_OS_STOPS_H

#include "introspect/event.h"
#include "gdbstub/gdbx/gdbx.h"

typedef enum GdbxDeedKind {
    GDBX_DEED_FORK, GDBX_DEED_VFORK,
    GDBX_DEED_VFORK_DONE,       /* the child has memory of its own, or none */
    GDBX_DEED_EXEC,
    GDBX_DEED_EXIT,
    GDBX_DEED_SHOW,             /* gdb shall know this process */
    GDBX_DEED_CALL,             /* a system call begins: @code its number */
    GDBX_DEED_CALL_ENDS,        /* it has ended */
    GDBX_DEED_MODULES,          /* a module of the kernel came or goes */
} GdbxDeedKind;

typedef struct GdbxDeed {
    GdbxDeedKind kind;
    int32_t pid, tid;           /* of the one who did it */
    int32_t child;              /* FORK, VFORK */
    int32_t code;               /* EXIT: as wait(2) gives it; CALL: number */
    uint64_t entry;             /* EXEC: where its code begins; 0 unknown */
    bool begun;                 /* EXEC: the birth is under way */
    bool waits;                 /* EXEC: not at its entry yet */
} GdbxDeed;

/* What the client said that it understands. */
typedef struct GdbxEventsAsked {
    bool fork, vfork, exec;
} GdbxEventsAsked;

extern GdbxEventsAsked gdbx_events_asked;

/* --- os-stops.c: queue; main thread but where said --- */
/* May be told in the present resume. Any thread. */
bool gdbx_deed_fits(const GdbxDeed *d);
void gdbx_deed_push(const GdbxDeed *d);
/*
 * Any thread. Pushes @d if it may be told: *@now at once, else behind the exec
 * that waits for its program. False: it may not, and is not pushed.
 */
bool gdbx_deed_try(const GdbxDeed *d, bool *now);
/* Takes the first out for which @fits says so; false: none. */
bool gdbx_deed_take(bool (*fits)(const GdbxDeed *d), GdbxDeed *d);
/* Calls @fn with the queue locked. It may change a deed; false: remove it. */
void gdbx_deeds_each(bool (*fn)(GdbxDeed *d, void *opaque), void *opaque);

/* Is one a child of the other by vfork(), in its memory still? */
bool gdbx_is_vfork(int32_t a, int32_t b);

/* --- os-stops-tell.c --- */
/* Offers of qSupported, for what the client's @args ask. Starts with ";". */
void gdbx_events_supported(const char *args, GString *out);
/* The client is gone, or begins anew. */
void gdbx_events_reset(void);
/* Inferiors or rules have changed: listens to what is needed. */
void gdbx_events_update(void);
/* The machine has stopped: what is to be done before anybody is told. */
void gdbx_events_stopped(void);
bool gdbx_events_pending(void);
/* Tells one deed as the stop reply that is due; false: none may be told. */
bool gdbx_events_report(void);
/* Is the exit of @pid known, and waits to be told? */
bool gdbx_events_exit_known(int32_t pid);
/* @inf has another address space than at the last look (R12). */
void gdbx_events_space_changed(GdbxInferior *inf);

/* --- follow.c --- */
bool gdbx_follow_any(void);
/* A process was told by its fork: are its children to be shown as well? */
bool gdbx_follow_children(void);
/* False: gdb is not stopped for exits; `follow exits off'. */
bool gdbx_follow_exits(void);
/* Might a process with this name be meant? vCPU thread. */
bool gdbx_follow_may_want(const char *comm);
/* Is it meant? Machine stopped. */
bool gdbx_follow_wants(const OsiTask *t);
void gdbx_follow_reset(void);

#endif
