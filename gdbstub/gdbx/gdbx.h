/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gdb stub extension: what its files share with each other.
 *
 * The extension stands in front of QEMU's stub: it sees every packet first
 * (packets.c) and either answers it or leaves it to QEMU, whose process table
 * it renames only. What gdb calls an inferior is here either *the machine*
 * (QEMU's own view: one thread per vCPU) or a *followed process* of the guest.
 *
 * Everything here belongs to the main thread under the BQL, except
 * gdbx_point_hit() (hit.c), which runs in vCPU threads while nobody may
 * change the points.
 */
#ifndef GDBX_H
#define GDBX_H

#include "exec/gdbstub.h"
#include "gdbstub/internals.h"
#include "gdbstub/commands.h"
#include "gdbstub/hooks.h"
#include "gdbstub/gdbx-arch.h"
#include "gdbstub/gdbx/ax.h"
#include "gdbstub/gdbx/rsp.h"

/*
 * The machine inferior's pid. More than any guest pid can be (Linux:
 * PID_MAX_LIMIT = 4194304, include/linux/threads.h), positive as an int.
 */
#define GDBX_MACHINE_PID 10000000

/* A guest process that gdb knows as an inferior. */
typedef struct GdbxInferior {
    int32_t pid;
    OsiRoot root;        /* its page tables at the last stop */
    uint64_t object;     /* OS object of the leader: tells pid reuse */
    bool compat32;       /* 32-bit program */
    bool gone;           /* exited; gdb has not been told yet */
} GdbxInferior;

typedef struct GdbxState {
    bool on;                 /* option gdbx=on|off and an arch is there */
    bool client;             /* a client is connected and multiprocess */
    const GdbxArch *arch;
    GPtrArray *inferiors;    /* GdbxInferior, owned */
    bool machine_detached;   /* gdb has let go of the machine inferior */
    bool machine_quiet;      /* gdb would swallow its stops: gdbx_pkt_vcont() */
    GdbxTid general;         /* thread of Hg; tid > 0, pid > 0 */
    GdbxTid stopped;         /* thread of the last stop reply */
} GdbxState;

extern GdbxState gdbx;

static inline bool gdbx_is_machine(int64_t pid)
{
    return pid == GDBX_MACHINE_PID;
}

/* --- replies (packets.c) ------------------------------------------------- */
void gdbx_ok(void);
/* "E.text": gdb shows the text where it can (16 and later), else "failed". */
G_GNUC_PRINTF(1, 2) void gdbx_error(const char *fmt, ...);
void gdbx_reply(const GString *s);
/* A line on gdb's console, in order with all other output (output.h). */
G_GNUC_PRINTF(1, 2) void gdbx_console(const char *fmt, ...);

/* --- the guest (guest.c) -------------------------------------------------- */
/* Introspection of the stopped guest, refreshed if it has run. Never NULL. */
OsiGuest *gdbx_guest(void);
void gdbx_guest_stale(void);
/* Task on @cs, or NULL with @err filled (may be NULL). */
const OsiTask *gdbx_current(CPUState *cs, OsiError *err);
/* CPU on which @tid is now in user mode, else NULL. */
CPUState *gdbx_live_cpu(int32_t tid);
/* Fills @out for thread @tid of @inf; @regs is storage for saved registers. */
bool gdbx_user_thread(const GdbxInferior *inf, int32_t tid,
                      GdbxThread *out, OsiUserRegs *regs, OsiError *err);

/* --- the task of a CPU that runs (current.c) --- */
/* Before the guest runs: makes ready for the conditions that are armed. */
void gdbx_current_prepare(void);
/* vCPU thread of @cs. Both 0 when the CPU idles, or it cannot be told. */
OsiIds gdbx_current_ids(CPUState *cs);
/* How often it could not be told. Any thread. */
uint64_t gdbx_current_unknown(void);

/* --- inferiors (inferior.c) ----------------------------------------------- */
GdbxInferior *gdbx_inferior(int64_t pid);
void gdbx_inferiors_reset(void);
/* Re-reads each followed process after the guest has run. */
void gdbx_inferiors_refresh(void);
/* The followed process gdb has selected, NULL when it is the machine. */
GdbxInferior *gdbx_selected(void);
CPUState *gdbx_machine_cpu(int64_t tid);
/* Any thread of @inf: one on a CPU rather than a sleeping one; 0 if none. */
int32_t gdbx_some_thread(const GdbxInferior *inf);
bool gdbx_has_thread(const GdbxInferior *inf, int32_t tid);

/* --- registers (regs.c) --- */
/* Whose register numbers are meant by the inferior @pid. */
GdbxView gdbx_view(int64_t pid);

/* --- points (points.c, hit.c) --- */
/* What compiled code (emit.c) shares with a point. */
typedef struct GdbxCompiled {
    uint64_t armed;            /* as in GdbxPoint */
    uint64_t missed[];         /* false conditions, a number per gdbx_slot() */
} GdbxCompiled;

typedef struct GdbxPoint {
    struct GdbxPoint *next;    /* next with the same page offset */
    uint64_t addr;             /* linear address of the instruction */
    int64_t pid;               /* owner: followed process or the machine */
    uint64_t space, mask;      /* matches when (loaded & mask) == space */
    GdbxView view;             /* whose register numbers conditions use */
    bool armed;                /* gdb wants it now */
    bool hardware;             /* Z1: reported as hwbreak */
    bool transient;            /* ours, for a step that goes through the OS */
    unsigned number;           /* of `monitor gdbx break`; 0: gdb's own */
    int cpl;                   /* matches at this privilege level; -1: any */
    GPtrArray *conditions;     /* GdbxAx, owned; NULL or empty: always true */
    GPtrArray *commands;       /* GdbxAx, owned; not empty: run, do not stop */
    uint64_t hits, misses;     /* condition true / false; atomic, relaxed */
    GdbxCompiled *compiled;    /* points.c owns it; outlives the point */
    bool complained;           /* of its commands or their condition; atomic */
} GdbxPoint;

/* What a vCPU stopped for. Written by its thread, read when it is stopped. */
typedef struct GdbxHit {
    bool valid;
    bool hardware, transient;
    bool machine;              /* a point of the machine is there too */
    bool told;                 /* gdb has heard of it */
    bool raised;               /* its debug exception is on the way */
    unsigned number;           /* of `monitor gdbx break'; 0: gdb's own */
    uint64_t pc;
    int64_t pid;               /* owner of the point */
    char note[160];            /* why a condition could not be evaluated */
} GdbxHit;

/*
 * What to insert. Zeroed but for what is said; cpl 0 is kernel mode, so a
 * point for any mode says -1.
 */
typedef struct GdbxPointSpec {
    int64_t pid;
    uint64_t addr;
    bool hardware;
    unsigned number;
    int cpl;
    bool has_space;            /* a monitor's: only with this CR3 loaded */
    uint64_t space;
    GPtrArray *conditions, *commands;   /* taken over; may be NULL */
} GdbxPointSpec;

/*
 * Replaces one with the same pid, address, kind and number (R12). NULL when
 * there are too many (GDBX_MAX_POINTS).
 */
#define GDBX_MAX_POINTS 20000
GdbxPoint *gdbx_point_insert(GdbxPointSpec *spec);
bool gdbx_point_remove(int64_t pid, uint64_t addr, bool hardware,
                       unsigned number);
/* Those of `monitor gdbx break': one, or all when @number is 0. */
void gdbx_points_delete(unsigned number);
GdbxPoint *gdbx_point_transient(const GdbxInferior *inf, uint64_t addr);
void gdbx_points_drop_transient(void);
void gdbx_points_forget(int64_t pid);      /* all of an inferior's */
void gdbx_points_reset(void);              /* all, and the instrumentation */
void gdbx_points_respace(const GdbxInferior *inf);
void gdbx_points_each(void (*fn)(const GdbxPoint *p, void *opaque),
                      void *opaque);
/* Those with the page offset of @addr, armed or not; for hit.c and emit.c. */
GdbxPoint *gdbx_points_at(uint64_t addr);
/* How often the condition was false. */
uint64_t gdbx_point_misses(const GdbxPoint *p);
/* What an expression of @p sees of @cs, which is at the point's place. */
typedef struct GdbxEvaluation {
    CPUState *cs;
    GdbxView view;
    uint64_t pc;
    uintptr_t ra;              /* in translated code; 0: the CPU is stopped */
} GdbxEvaluation;

GdbxAxEnv gdbx_evaluation(GdbxEvaluation *e, CPUState *cs, const GdbxPoint *p,
                          uintptr_t ra);
GdbxHit *gdbx_hit(CPUState *cs);
void gdbx_hits_clear(void);
/*
 * What gdb knows nothing of (a point of `monitor gdbx break', commands) it does
 * not step over either. The stub lets the CPU pass what it has told there: for
 * as long as the CPU has neither moved nor another content of its registers.
 */
typedef enum GdbxTold {
    GDBX_TOLD_POINT = 1, GDBX_TOLD_COMMANDS = 2,
    GDBX_TOLD_ALL = 4,      /* a stop that gdb does not see: all points there */
    GDBX_TOLD_PASSED = 8,   /* commands, if the instruction faults now */
    GDBX_TOLD_COUNTED = 16, /* a hit that another one has outdone at a stop */
} GdbxTold;
/* @what was told of @cs at @pc. Its thread, or stopped. */
void gdbx_told(CPUState *cs, uint64_t pc, unsigned what);
/*
 * @cs is about to execute at @pc: what of it was told already? Once, and once
 * more each time that the same instruction is begun @again.
 */
unsigned gdbx_take_told(CPUState *cs, uint64_t pc, bool again);
/* Before a resume: a CPU that was moved is told again, changed registers not. */
void gdbx_told_check(void);
void gdbx_told_init(void);
/* @cs, or all vCPUs (NULL), need not pass @what any more. */
void gdbx_told_clear(CPUState *cs, unsigned what);
/* Runs the commands of @p, for which @cs came by; see commands.c. */
void gdbx_run_commands(CPUState *cs, GdbxPoint *p, uintptr_t ra,
                       const char *note);
/* A step of @cs has ended: commands of points at its place run now. */
void gdbx_step_landed(CPUState *cs);

/* --- running and stopping (resume.c, step.c, stop.c) --- */
typedef struct GdbxRun {
    int64_t scope;             /* pid that was resumed, or -1: all */
    bool stepping;             /* a thread of a followed process steps */
    bool waiting;              /* ... and has not got to user mode yet */
    int64_t pid;
    int32_t tid;
    uint64_t from;             /* PC the step began at */
    CPUState *cs;              /* CPU being single-stepped */
    uint64_t before[GDBX_TRACE_WORDS];  /* of @cs, where the step began */
    int again;                 /* times the step was begun anew */
    uint64_t arrive;           /* reaching this in user mode completes it */
    bool alone;                /* only that thread was resumed (R6) */
    /* gdb waits for a stop reply; QEMU's own flag is lost at any byte. */
    bool reply_due;
    bool unseen;               /* stopped for a moment gdb does not see */
    bool interrupted;          /* Ctrl-C came while the guest was stopped */
} GdbxRun;

extern GdbxRun gdbx_run;

/* May a stop be told in the name of @pid now? Any thread. */
bool gdbx_in_scope(int64_t pid);

bool gdbx_pkt_vcont(const char *args);
/* Starts the guest again after a stop that gdb must not see. */
void gdbx_resume_quietly(void);
/* The same, from inside a state-change handler: when it is through. */
void gdbx_go_on_quietly(void);
/* One action character per vCPU, 0: stays stopped; g_free() it. */
char *gdbx_all_states(char action);
/* Starts vCPUs by these; a stop reply is due from then on. */
void gdbx_start(const char *states);
/* The step of gdbx_run goes on: single step, or wait for user mode. */
void gdbx_step_go_on(void);
/* The machine has stopped in a step: it is done and told, or goes on. */
void gdbx_step_stopped(void);
void gdbx_vm_state_change(void *opaque, bool running, RunState state);
/* Answers a resume with the exit of a process that is gone, if there is one. */
bool gdbx_report_gone(void);
/* Answers a resume with the Ctrl-C of gdbx_run.interrupted. */
void gdbx_stop_interrupted(void);
/* A stop reply with @sig in the name of a thread that gdb resumed. */
void gdbx_stop_in_scope(int sig);
/* A hit whose owner gdb did not resume: told in words, stopped in scope. */
void gdbx_report_elsewhere(CPUState *cs, const char *what, uint64_t pc);
void gdbx_stop_reply(int sig, int64_t pid, int64_t tid, const char *more);

/* --- objects (xfer.c, osdata.c, threads.c) --- */
bool gdbx_xfer(const char *object, const char *args,
               bool (*make)(const char *annex, GString *out));
bool gdbx_make_threads(const char *annex, GString *out);
bool gdbx_make_osdata(const char *annex, GString *out);

/* --- console (monitor.c) ---------------------------------------------------- */

const char *gdbx_hook_name(GdbxHookId id);

#endif
