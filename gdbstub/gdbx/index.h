/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event index (include/replay/index.h): what is told to it, and questions.
 *
 * index-gather.c   vCPU threads: events become records
 * index-build.c    on, off, as the machine starts and stops; `index build'
 * index-query.c    words into a question, a record into words
 * monitor-index.c  `monitor gdbx index', `last', `next', `first', `when did'
 */
#ifndef GDBX_INDEX_H
#define GDBX_INDEX_H

#include "replay/index.h"
#include "gdbstub/gdbx/event-points.h"

typedef enum GdbxIndexKind {
    GDBX_INDEX_SYSCALL,     /* what: number; value: first argument */
    GDBX_INDEX_RETURN,      /* what: number; value: result */
    GDBX_INDEX_EXCEPTION,   /* what: vector; value: address */
    GDBX_INDEX_SWITCH,      /* what: tid that comes; value: its pid */
    GDBX_INDEX_EXEC,        /* value: entry point */
    GDBX_INDEX_FORK,        /* what: new tid; value: its pid */
    GDBX_INDEX_EXIT,        /* what: code as of wait(2); value: last one? */
    GDBX_INDEX_KINDS
} GdbxIndexKind;

/* IndexRecord.flags */
#define GDBX_INDEX_COMPAT32 1   /* of system calls */
#define GDBX_INDEX_CPL 3        /* of exceptions: the privilege level... */
#define GDBX_INDEX_TRAP 2       /* ... and, shifted by this, the class */

/* --- index-gather.c --- */
extern const GdbxEventAction gdbx_action_index;

/* --- index-build.c: main thread --- */
bool gdbx_index_is_on(void);
/* NULL: done. Else why not; g_free(). */
char *gdbx_index_on(void);
void gdbx_index_off(void);
/* What was kept earlier is read, once; it is said where that fails. */
void gdbx_index_load(Monitor *mon);
/* The guest is about to run; runs from now on; has stopped. */
void gdbx_index_prepare(void);
void gdbx_index_started(void);
void gdbx_index_stopped(void);
/* The client is gone. */
void gdbx_index_reset(void);
/* The next resume replays all of it and comes back. NULL: it will. */
const char *gdbx_index_build_arm(void);
/*
 * A resume: is it to do that? Then *@from and *@to say from where to where the
 * machine goes first; both are the same: from here.
 */
bool gdbx_index_build_begin(uint64_t *from, uint64_t *to);
/* It has got there: where next? False: that was the last. */
bool gdbx_index_build_next(uint64_t *from, uint64_t *to);
/* It has ended elsewhere. */
void gdbx_index_build_broken(void);

/* --- index-query.c --- */
typedef struct GdbxIndexQuery {
    uint32_t kinds;             /* bits of GdbxIndexKind */
    const GdbxEventType *type;  /* whose @filter is; or NULL */
    void *filter;
    int64_t pid;                /* or tid; -1: any */
    char name[INDEX_NAME];      /* of the thread or its process; "": any */
    GHashTable *called;         /* index_called() of it */
} GdbxIndexQuery;

/*
 * Takes "KIND [its words] [of PID|NAME]" off *@args. False: *@why (g_free). Else
 * gdbx_index_query_free() it.
 */
bool gdbx_index_parse(const char **args, GdbxIndexQuery *q, char **why);
void gdbx_index_query_free(GdbxIndexQuery *q);
bool gdbx_index_ask(GdbxIndexQuery *q, uint64_t icount, bool back,
                    IndexRecord *found);
/* "syscall write(1, ...) in process 137 "busy" thread 137"; g_free(). */
char *gdbx_index_text(const IndexRecord *r);
/* Words that begin a question, for usage lines. */
#define GDBX_INDEX_PARAMS "syscall|return [NAME...]|exception [NAME...]|" \
                          "switch|exec|fork|exit [of PID|NAME]"

#endif
