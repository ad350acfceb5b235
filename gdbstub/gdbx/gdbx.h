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
/*
 * The machine once more, for code that is not 64-bit (views.c): its CPUs with
 * linear program counters and 16-bit or 32-bit registers.
 */
#define GDBX_REAL_PID (GDBX_MACHINE_PID + 16)
#define GDBX_PROTECTED_PID (GDBX_MACHINE_PID + 32)
/* Owner of the points that os-events.c has; no inferior. */
#define GDBX_EVENTS_PID (GDBX_MACHINE_PID + 1)

/* A guest process that gdb knows as an inferior. */
typedef struct GdbxInferior {
    int32_t pid;
    OsiRoot root;        /* its page tables at the last stop */
    uint64_t object;     /* OS object of the leader: tells pid reuse */
    uint64_t started;    /* its start time, ns, 0 unknown: so does this */
    bool compat32;       /* 32-bit program */
    bool gone;           /* exited; gdb has not been told yet */
    bool has_code;       /* gone, and it is known how */
    int32_t code;        /* as wait(2) gives it */
    bool renewed;        /* has another program; gdb has not been told yet */
} GdbxInferior;

typedef struct GdbxState {
    bool on;                 /* option gdbx=on|off and an arch is there */
    bool client;             /* a client is connected and multiprocess */
    const GdbxArch *arch;
    GPtrArray *inferiors;    /* GdbxInferior, owned */
    bool begins_with_none;   /* option machine=off */
    bool found_running;      /* the guest, when the client came */
    bool machine_detached;   /* gdb has let go of the machine inferior */
    bool machine_quiet;      /* gdb would swallow its stops: gdbx_pkt_vcont() */
    GdbxTid general;         /* thread of Hg; tid > 0, pid > 0 */
    GdbxTid control;         /* thread of Hc; pid -1: all */
    GdbxTid stopped;         /* thread of the last stop reply */
} GdbxState;

extern GdbxState gdbx;

/* An inferior whose threads are CPUs: the machine itself, or a view of it. */
static inline bool gdbx_is_machine(int64_t pid)
{
    return pid == GDBX_MACHINE_PID || pid == GDBX_REAL_PID ||
           pid == GDBX_PROTECTED_PID;
}

/* Gives the machine the pid that the client expects (main.c). */
void gdbx_name_machine(void);

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
/* Another number, never 0, whenever the guest may have changed. */
uint64_t gdbx_guest_age(void);
/*
 * One that knows nothing yet, to see what finding out costs; osi_guest_free()
 * it. @cpus receives its register sets: unref them.
 */
OsiGuest *gdbx_guest_anew(GArray **cpus);
/* Task on @cs, or NULL with @err filled (may be NULL). */
const OsiTask *gdbx_current(CPUState *cs, OsiError *err);
/* CPU on which @tid is now in user mode, else NULL. */
CPUState *gdbx_live_cpu(int32_t tid);
/* What the guest's kernel saved of a thread. */
typedef struct GdbxSaved {
    OsiUserRegs regs;
    OsiFpu fpu;
} GdbxSaved;
/* Fills @out for thread @tid of @inf; @saved is storage that it points to. */
/* The same, general registers only; of a thread that is not live. */
bool gdbx_user_regs(const OsiTask *t, OsiUserRegs *regs, OsiError *err);
bool gdbx_user_thread(const GdbxInferior *inf, int32_t tid,
                      GdbxThread *out, GdbxSaved *saved, OsiError *err);

/* --- the task of a CPU that runs (current.c) --- */
/* Before the guest runs: makes ready for the conditions that are armed. */
void gdbx_current_prepare(void);
/* The machine is reset: until the next start no task can be told. */
void gdbx_current_forget(void);
/* vCPU thread of @cs. Both 0 when the CPU idles, or it cannot be told. */
OsiIds gdbx_current_ids(CPUState *cs);
/* The same; false, and not counted, when it cannot be told. */
bool gdbx_current_known(CPUState *cs, OsiIds *ids);
/* Its OsiTask.object; false where it cannot be told. vCPU thread of @cs. */
bool gdbx_current_object(CPUState *cs, uint64_t *object);
/* Can it be told, as far as is known? */
bool gdbx_current_is_ready(void);
/* How often it could not be told. Any thread. */
uint64_t gdbx_current_unknown(void);

/* --- events of the guest OS (os-events.c; see gdbstub/os-events.h) --- */
/* Before the guest runs: points where the kernel is now. */
void gdbx_os_events_prepare(void);
/* The machine is reset, and may run on with another kernel. */
void gdbx_os_events_reset(void);
/*
 * Are they seen, and in a kernel that has come so far that it stays the same?
 * No vCPU runs.
 */
bool gdbx_os_events_settled(void);
/* How many events could not be read. Any thread. */
uint64_t gdbx_os_events_unread(void);

/* --- inferiors (inferior.c) ----------------------------------------------- */
GdbxInferior *gdbx_inferior(int64_t pid);
void gdbx_inferiors_reset(void);
/* Re-reads each followed process after the guest has run. */
void gdbx_inferiors_refresh(void);
/* The followed process gdb has selected, NULL when it is the machine. */
GdbxInferior *gdbx_selected(void);
CPUState *gdbx_machine_cpu(int64_t tid);
/*
 * Is @t a thread of @inf that gdb may know? One that has exited is in the OS's lists
 * for a while, or for good if it leads, but has no memory and no registers any more;
 * and gdb, told that it is gone, waits for it as long as it is listed.
 */
bool gdbx_is_thread(const GdbxInferior *inf, const OsiTask *t);
/* Any thread of @inf: one on a CPU rather than a sleeping one; 0 if none. */
int32_t gdbx_some_thread(const GdbxInferior *inf);
bool gdbx_has_thread(const GdbxInferior *inf, int32_t tid);
/*
 * Makes @pid an inferior (or finds it). @must: although it may be gone already.
 * NULL: there are too many, or it has no user memory; @why (160 bytes) says.
 */
GdbxInferior *gdbx_inferior_add(int32_t pid, bool must, char *why);
/* Lets go of @inf and of all that belongs to it. */
void gdbx_inferior_drop(GdbxInferior *inf);
/* The task that stands for a process: one that has memory. NULL: gone. */
const OsiTask *gdbx_process_task(int32_t pid, OsiError *err);

/* --- registers (regs.c) --- */
/* Whose register numbers are meant by the inferior @pid. */
GdbxView gdbx_view(int64_t pid);

/* --- functions called in threads that are in system calls (call.c) --- */
/* gdb moves the thread @tid, which was in the kernel with @was, to @pc. */
void gdbx_call_moved(int32_t tid, const OsiUserRegs *was, uint64_t pc);
/* gdb writes its result register; the same otherwise. */
void gdbx_call_argument(int32_t tid, const OsiUserRegs *was);
/* The thread whose way to that place is to be seen; 0: none. */
int32_t gdbx_call_waits(void);
/* @tid is in user mode on @cs. */
void gdbx_call_arrived(CPUState *cs, int32_t tid);
/* gdb has written the program counter of @tid on @cs: is that the way back? */
void gdbx_call_over(CPUState *cs, int32_t tid);
void gdbx_call_forget(void);

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
    unsigned number;           /* of `monitor gdbx break`; 0: gdb's own */
    int cpl;                   /* matches at this privilege level; -1: any */
    GPtrArray *conditions;     /* GdbxAx, owned; NULL or empty: always true */
    GPtrArray *commands;       /* GdbxAx, owned; not empty: run, do not stop */
    uint64_t hits, misses;     /* condition true / false; atomic, relaxed */
    GdbxCompiled *compiled;    /* points.c owns it; outlives the point */
    bool complained;           /* of its commands or their condition; atomic */
    /* Of the emulator itself: called, and the CPU goes on. vCPU thread. */
    void (*passed)(CPUState *cs, const struct GdbxPoint *p, uintptr_t ra);
    const OsiEventSite *site;  /* for @passed; its owner's */
} GdbxPoint;

/* What a vCPU stopped for. Written by its thread, read when it is stopped. */
typedef struct GdbxHit {
    bool valid;
    bool hardware;
    bool step;                 /* no point's: the stepped thread has arrived */
    int64_t machine;           /* the machine, or a view of it, that has a point
                                  there too; 0 none */
    bool told;                 /* gdb has heard of it */
    bool raised;               /* its debug exception is on the way */
    bool asked;                /* gdbx_stop_here() */
    bool event;                /* ... and no point of anybody else is there */
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
    /* As in GdbxPoint. */
    void (*passed)(CPUState *cs, const GdbxPoint *p, uintptr_t ra);
    const OsiEventSite *site;
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
void gdbx_points_forget(int64_t pid);      /* all of an inferior's */
/* Those of os-events.c whose site is none of these. */
void gdbx_points_keep_sites(const OsiEventSite *sites, size_t n);
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

/* Register @n of it; false: there is none, or it has no value. vCPU thread. */
bool gdbx_evaluation_reg(const GdbxEvaluation *e, unsigned n, uint64_t *value);
GdbxAxEnv gdbx_evaluation(GdbxEvaluation *e, CPUState *cs, const GdbxPoint *p,
                          uintptr_t ra);
GdbxHit *gdbx_hit(CPUState *cs);
/* Has gdbx_hit() been called? vCPU threads may then, too. */
bool gdbx_hits_any(void);
/*
 * For @passed of a point: the machine shall stop with @cs in front of it. It
 * passes at the next resume and calls nobody again.
 */
void gdbx_stop_here(CPUState *cs);
/*
 * vCPU thread of @cs, in the midst of an instruction that ends its block: @cs
 * stops behind it. With or without the BQL.
 */
void gdbx_interrupt_behind(CPUState *cs);
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
/* Is there a point that may stop @cs at @pc? Its thread, or stopped. */
bool gdbx_point_here(CPUState *cs, uint64_t pc);
/* A step of @cs has ended: commands of points at its place run now. */
void gdbx_step_landed(CPUState *cs);

/* --- running and stopping (resume.c, step.c, stop.c) --- */
#define GDBX_PASSED_SAID 4
typedef struct GdbxRun {
    int64_t scope;             /* pid that was resumed, or -1: all */
    bool stepping;             /* a thread of a followed process steps */
    bool begun;                /* ... and @from is known */
    int64_t pid;
    int32_t tid;
    uint64_t start, end;       /* in here it goes on; both 0: one instruction */
    uint64_t from;             /* PC of the instruction to be executed */
    CPUState *cs;              /* CPU being single-stepped */
    uint64_t before[GDBX_TRACE_WORDS];  /* of @cs, where the step began */
    int again;                 /* times the step was begun anew */
    bool in_call;              /* a system call's end at @from is the end */
    bool passing;              /* no step: it goes on from there (call.c) */
    bool alone;                /* only @tid was resumed, to step or not (R6) */
    bool exited;               /* the stepped thread has; atomic */
    /* gdb waits for a stop reply; QEMU's own flag is lost at any byte. */
    bool reply_due;
    bool unseen;               /* stopped for a moment gdb does not see */
    bool interrupted;          /* Ctrl-C came while the guest was stopped */
    /* Breakpoints that others pass meanwhile: where it has been said. */
    uint64_t passed[GDBX_PASSED_SAID];
    unsigned n_passed;
} GdbxRun;

extern GdbxRun gdbx_run;

/* May a stop be told in the name of @pid now? Any thread. */
bool gdbx_in_scope(int64_t pid);
/* Has gdb not resumed another thread than @tid alone (R6)? */
bool gdbx_may_hear_of(GdbxTid tid);

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
/* The step of gdbx_run is over, or given up. */
void gdbx_step_end(void);
/*
 * A vCPU thread's: @cs was to be single-stepped, did that, and may do it again at
 * once.
 */
bool gdbx_step_again(CPUState *cs);
/* Is a vCPU thread going to ask which task it runs (step.h)? */
bool gdbx_step_knows(void);
/* Makes what is wanted what vCPUs heed. None runs; the guest is not stale. */
void gdbx_prepare_run(void);
void gdbx_vm_state_change(void *opaque, bool running, RunState state);
/* Answers a resume with the exit of a process that is gone, if there is one. */
bool gdbx_report_gone(void);    /* os-stops-tell.c */
/* Answers a resume with the Ctrl-C of gdbx_run.interrupted. */
void gdbx_stop_interrupted(void);
/* A stop reply with @sig in the name of a thread that gdb resumed. */
void gdbx_stop_in_scope(int sig);
/* A hit whose owner gdb did not resume: told in words, stopped in scope. */
void gdbx_report_elsewhere(CPUState *cs, const char *what, uint64_t pc);
/* The thread in whose name a stop of @cs may be told to gdb (R5). */
GdbxTid gdbx_scope_thread(CPUState *cs);
void gdbx_stop_reply(int sig, int64_t pid, int64_t tid, const char *more);

/* --- backwards (time.c) --- */
/*
 * While a replay looks back: @hit is one, in front of instruction @icount. vCPU
 * thread of @cs.
 */
struct GdbxInstant;
void gdbx_back_point(CPUState *cs, const GdbxHit *hit,
                     const struct GdbxInstant *at);
/*
 * time-thread.c: the step back that begins now, at instruction @now, is one of
 * this thread. False: there is none. Main thread, machine stopped.
 */
bool gdbx_back_thread_begin(GdbxTid tid, uint64_t now);
/* The thread is in front of a user instruction. vCPU thread, looking back. */
void gdbx_back_thread_insn(uint64_t pc, uint64_t icount);
/* All of history was looked through. False: the thread did nothing earlier. */
bool gdbx_back_thread_first(uint64_t *icount);
/* The machine has stopped in a journey. False: not for its sake, tell it. */
bool gdbx_back_stopped(RunState state);
/* Instructions executed before the one that @ra is in, exactly (hit.c). */
uint64_t gdbx_icount_at(CPUState *cs, uintptr_t ra);
/* The next resume, whichever way, goes to that instruction. */
void gdbx_seek_arm(uint64_t icount);
void gdbx_seek_forget(void);
/* A resume: has it been a seek? Then it will be answered. */
bool gdbx_seek_performed(void);
/* A hit of a vCPU is told, if there is one (stop.c). */
bool gdbx_report_hit(void);

/* --- objects (xfer.c, osdata.c, threads.c) --- */
bool gdbx_xfer(const char *object, const char *args,
               bool (*make)(const char *annex, GString *out));
bool gdbx_make_threads(const char *annex, GString *out);
bool gdbx_make_osdata(const char *annex, GString *out);
/* Path of its program without " (deleted)"; NULL unknown; g_free(). */
char *gdbx_exe_path(int32_t pid);

/* Appends one thread to a list; @core -1, @name NULL: unknown. */
void gdbx_append_thread(GString *out, int64_t pid, int64_t tid, int core,
                        const char *name, const char *text);

/* --- views of the machine (views.c) --- */
void gdbx_views_reset(void);
bool gdbx_views_any(void);
/* Has gdb attached to the view @pid? */
bool gdbx_view_attached(int64_t pid);
void gdbx_view_attach(int64_t pid);
void gdbx_view_detach(int64_t pid);
/* The inferior in whose name a stop of a CPU is told: what was resumed. */
int64_t gdbx_cpu_pid(void);

/* --- tasks as threads of the machine (tasks.c) --- */
/* Only CPUs are threads again: a new client. */
void gdbx_tasks_reset(void);
/* The task that is the machine's thread @tid; NULL: it is none, or a CPU. */
const OsiTask *gdbx_task_thread(int64_t tid);
/* What its last switch left; @regs is storage that @out points to. */
bool gdbx_task_registers(const OsiTask *t, GdbxThread *out, OsiUserRegs *regs);
/*
 * Memory as the kernel sees it whatever a CPU has loaded: of the selected task,
 * then the kernel's own page tables.
 */
bool gdbx_kernel_read(uint64_t addr, void *buf, size_t len);
/*
 * All or nothing of the machine's memory (memory.c): of the selected task, else
 * through the selected CPU; what that has loaded may lack the kernel (page-table
 * isolation).
 */
bool gdbx_machine_read(uint64_t addr, void *buf, size_t len);
/* Those that no CPU runs, if they are to be shown. */
void gdbx_append_tasks(GString *out);

/* --- the kernel's file (kernel-files.c) --- */
/* Its path for gdb; NULL: no kernel is known, or it has no symbols. */
const char *gdbx_kernel_path(void);
/*
 * gdb asks for the machine's file once, when it connects. Where there was none
 * yet, the first stop at which there is says so, on the console.
 */
void gdbx_kernel_asked(bool found);
void gdbx_kernel_offer(void);
/* Has gdb read the list of modules, and is to hear when it changes? */
bool gdbx_modules_told(void);
void gdbx_modules_forget(void);     /* the client is gone, or begins anew */

/* --- what has stopped a thread, as a signal (siginfo.c) --- */
void gdbx_siginfo_note(int sig, int64_t pid, int64_t tid, const char *more);
/* Of the next note, if it is @sig: Linux's number, si_code and si_addr. */
void gdbx_siginfo_fault(int sig, int code, uint64_t addr);

/* --- faults that become signals (faults.c) --- */
/* Is @cs, stopped, about to force a signal on its task? */
bool gdbx_fault_here(CPUState *cs);

/* --- what is noticed of gdb's settings (doctor.c) --- */
/* A new client, with the features of its qSupported. */
void gdbx_doctor_client(const char *features);
void gdbx_doctor_packet(const char *line);
void gdbx_doctor_stop(const char *more);
/* Memory of a process, a part of a file was not there. */
void gdbx_doctor_unread(void);
void gdbx_doctor_hole(void);

/* --- console (monitor.c) ---------------------------------------------------- */

const char *gdbx_hook_name(GdbxHookId id);

#endif
