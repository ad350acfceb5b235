/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points at events (include/gdbstub/event.h): what the files event*.c and
 * monitor-events.c share, and what others of the stub may call.
 *
 * event.c         kinds, points, what vCPUs heed of them
 * event-hit.c     vCPU threads: is it a hit, what is done
 * event-told.c    what of an instruction that begins anew was told already
 * event-stop.c    hits on their way to gdb
 * event-window.c  gdb's watchpoints on the windows of kinds
 *
 * Locking: points come and go in the main thread; vCPU threads read those that
 * are live, which change only while no vCPU runs.
 */
#ifndef GDBX_EVENT_POINTS_H
#define GDBX_EVENT_POINTS_H

#include "gdbstub/event.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/gdbx.h"

#define GDBX_MAX_CATCHES 10000

/* Whose an event is. */
typedef struct GdbxEventWho {
    bool known;             /* false: it cannot be told */
    OsiIds ids;             /* both 0: the CPU idles */
} GdbxEventWho;

typedef struct GdbxCatch GdbxCatch;

/* What is done when a point is hit: a row of the table in event-action.c. */
typedef struct GdbxEventAction {
    const char *name;       /* `monitor gdbx NAME KIND ...' */
    const char *params;     /* what it takes behind everything else, or NULL */
    bool stops;             /* the machine */
    bool names_task;        /* @run wants to know whose the event is */
    bool backwards;         /* @run only prints: also when going back (back.h) */
    /*
     * Not NULL: it does something only while this is true, and then on journeys
     * of a replay, too (replay/timeline.h).
     */
    const bool *journeys;
    /*
     * Takes what is its own off *@args, which may be nothing. The result is
     * @run's; false with *@why set (g_free). Main thread. NULL: takes nothing.
     */
    bool (*parse)(const GdbxEventType *type, const char **args, void **state,
                  char **why);
    /* vCPU thread, for each hit; several at a time. NULL: nothing. */
    void (*run)(CPUState *cs, GdbxCatch *c, GdbxEvent *ev,
                const GdbxEventWho *who);
    void (*release)(void *state);               /* no vCPU runs; or NULL */
    /* Appends what parse() would take; or NULL. */
    void (*describe)(const void *state, GString *out);
} GdbxEventAction;

extern const GdbxEventAction gdbx_action_break, gdbx_action_log,
                             gdbx_action_count, gdbx_action_trace;

/* What to insert. Zeroed but for what is said; a cpl of -1 is any. */
typedef struct GdbxCatchSpec {
    GdbxEventPoint point;   /* its filter is taken over; has_space: a person's */
    unsigned number;        /* of the monitor; 0: gdb's own */
    /*
     * The inferior it goes with, and in whose name gdb is told where that is a
     * process. Not a filter: point.pid is.
     */
    int64_t owner;
    const GdbxEventAction *action;
    void *state;            /* of @action; taken over */
    GdbxAx *condition;      /* taken over; NULL: always */
    const char *condition_text;
    uint64_t after;         /* that many hits do nothing but count */
    bool once;              /* then it does what it does once, and goes */
    GdbxEventReply reply;
    uint64_t addr, len;     /* GDBX_REPLY_WATCH: as gdb asked for it */
    int type;               /* the same: of the Z packet, 2 to 4 */
    /*
     * GDBX_REPLY_OWN: gdb's number of the signal that the stop is told as. vCPUs
     * stopped. NULL: SIGTRAP.
     */
    int (*signal)(const GdbxEvent *ev);
} GdbxCatchSpec;

struct GdbxCatch {
    GdbxCatchSpec spec;     /* point.has_space: of the person or the owner */
    bool own_space;         /* the person's: stays as it is */
    GdbxView view;          /* whose register numbers the condition uses */
    char *condition_text;   /* owned, may be NULL */
    bool armed;             /* it is wanted */
    bool live;              /* vCPUs heed it */
    bool done;              /* `once', and it was; atomic */
    bool complained;        /* of its condition; atomic */
    uint64_t hits, misses;  /* condition true, false; atomic */
    uint64_t unknown;       /* of the hits: whose it was could not be told */
};

/* --- event.c --- */
/* By name; NULL. */
const GdbxEventType *gdbx_event_type(const char *name);
void gdbx_event_types_each(void (*fn)(const GdbxEventType *t, void *opaque),
                           void *opaque);
/*
 * Takes over what @spec says it does. From the next start of the guest on, or
 * gdbx_catches_commit(). NULL when there are too many; all of it is freed then.
 */
GdbxCatch *gdbx_catch_insert(const GdbxCatchSpec *spec);
/* A later commit frees it, if it is gdb's own. */
void gdbx_catch_disarm(GdbxCatch *c);
/* By number of the monitor; 0: all of those. False: none is there. */
bool gdbx_catches_delete(unsigned number);
void gdbx_catches_forget(int64_t owner);
void gdbx_catches_reset(void);
/* Makes what is wanted what vCPUs heed. No vCPU runs. */
void gdbx_catches_commit(void);
/* Says whose page tables are wanted (roots.h). */
void gdbx_catches_roots(void);
/* All of them, armed or not. */
void gdbx_catches_each(void (*fn)(GdbxCatch *c, void *opaque), void *opaque);
/* Does any of them ask which task a CPU runs? */
bool gdbx_catches_want_task(void);
/* Those of @kind that are live. vCPU thread. */
GdbxCatch **gdbx_catches_live(GdbxEventKind kind, unsigned *n);

/* --- time.c --- */
/* While a replay looks back: @c is hit by @ev. vCPU thread of @cs. */
void gdbx_back_event(CPUState *cs, const GdbxEvent *ev, GdbxCatch *c,
                     const GdbxEventWho *who, GdbxInstant at);
/* @c (NULL: any) is deleted: a journey under way does not tell of it. */
void gdbx_back_forget_catch(const GdbxCatch *c);

/* --- event-hit.c --- */
/* Number of the first field in expressions; registers are below. */
#define GDBX_FIELD_REGS 0x1000
/*
 * Runs @ax, which may read the fields of @ev. @print: as in GdbxAxEnv. vCPU
 * thread.
 */
GdbxAxStatus gdbx_event_eval(CPUState *cs, const GdbxEvent *ev, GdbxView view,
                             const GdbxAx *ax, uint64_t *value,
                             void (*print)(void *opaque, const char *text,
                                           size_t len), uint64_t *bad);
/* Fills ev->text if nobody has. vCPU thread. */
const char *gdbx_event_text(CPUState *cs, const GdbxEventType *type,
                            GdbxEvent *ev);

/* --- event-told.c --- */
/* @cs announces @ev, in front of its instruction. True: it was told already. */
bool gdbx_event_was_told(CPUState *cs, const GdbxEvent *ev);
/* Of its instant (back.h); any thread. */
uint64_t gdbx_event_id(const GdbxEvent *ev);
/* When, and as what, it stops the machine. */
GdbxInstant gdbx_event_instant(CPUState *cs, const GdbxEvent *ev);
/* What @cs has announced of this instruction has been told. */
void gdbx_event_told(CPUState *cs);
/* Before a resume: registers may be others; a CPU that was moved forgets. */
void gdbx_event_told_check(void);
void gdbx_event_told_reset(void);

/* --- event-stop.c --- */
/* vCPU thread: the machine is going to stop for @ev, because of @c. */
void gdbx_event_push(CPUState *cs, const GdbxEvent *ev, GdbxCatch *c,
                     const GdbxEventWho *who);
/* Has @cs got something to tell? vCPUs stopped. */
bool gdbx_event_waits(CPUState *cs);
/* Has @c one that gdb has not been told? */
bool gdbx_event_has_hit(const GdbxCatch *c);
void gdbx_event_hits_drop(const GdbxCatch *c);      /* NULL: all */
bool gdbx_event_pending(void);
/* Tells one hit that may be told now; false when there is none. */
bool gdbx_event_report(void);

/* --- event-window.c --- */
/* Is @addr in the window of a kind that is there? */
bool gdbx_event_in_window(uint64_t addr);
/* A watchpoint of gdb's. NULL with *@why (g_free) when it cannot be had. */
GdbxCatch *gdbx_event_window_insert(int64_t owner, uint64_t addr, uint64_t len,
                                    int type, char **why);
bool gdbx_event_window_remove(int64_t owner, uint64_t addr, uint64_t len,
                              int type);
/* How much of [addr, addr+len) could be read: what passed there last. */
size_t gdbx_event_window_read(uint64_t addr, uint8_t *buf, size_t len);

/* --- monitor-events.c --- */
/*
 * `monitor gdbx break|log|count KIND ...': *@args begins with the kind. False,
 * nothing said and *@args as it was, when there is no such kind.
 */
bool gdbx_mon_event(Monitor *mon, const GdbxEventAction *action,
                    const char **args);

/* --- monitor-events-show.c --- */
/* The line that says how @action is asked for. */
void gdbx_mon_event_usage(Monitor *mon, const GdbxEventAction *action,
                          const GdbxEventType *t);
/* False, and nothing said, when there are none. */
bool gdbx_mon_show_events(Monitor *mon);
/* One kind, or all of them (NULL); false, and nothing said, if there is none. */
bool gdbx_mon_help_events(Monitor *mon, const char *name);

#endif
