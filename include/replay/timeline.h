/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's time: where in it the machine is, and going somewhere else.
 *
 * In a replay the machine is kept as it was at some instruction counts
 * (checkpoint.h). So it is while a recording is made; a first journey ends that,
 * and it is replayed from then on (timeline_now() says so behind it). A *journey*
 * goes to an instruction count, or looks for the last hit before one: the machine
 * becomes what it was at a checkpoint, and executes from there. It needs the
 * machine to run: it is begun with the machine stopped, then the guest is started,
 * and the machine stops (RUN_STATE_DEBUG) where the journey ends.
 *
 * A position is an instruction count: the machine stands in front of that
 * instruction, with all that the log has before it done (interrupts, timers).
 */
#ifndef REPLAY_TIMELINE_H
#define REPLAY_TIMELINE_H

typedef enum TimelineMode {
    TIMELINE_LIVE,      /* instructions are not counted */
    TIMELINE_COUNTED,   /* -icount: counted, not recorded */
    TIMELINE_RECORD,    /* rr=record */
    TIMELINE_REPLAY,    /* rr=replay */
} TimelineMode;

/* A position; what is not known is 0. */
typedef struct TimelineMark {
    TimelineMode mode;
    uint64_t icount;        /* instructions executed since the machine began */
    const char *file;       /* the recording, owned by QEMU; NULL: none */
} TimelineMark;

/* Main thread, guest stopped (exact) or running (as of some moment). */
TimelineMark timeline_now(void);

/*
 * Instructions executed, as @cs sees it in the midst of running: for its own
 * thread, where timeline_now() may not be asked. @left: instructions of the
 * block of translated code that are counted already, but have not been
 * executed. 0 where they are not counted.
 */
uint64_t timeline_icount_at(CPUState *cs, unsigned left);

/* The virtual clock in ns, in the same way: qemu_clock_get_ns() may not be asked. */
int64_t timeline_ns_at(CPUState *cs, unsigned left);
/*
 * From now on checkpoints are made while the machine replays or is recorded.
 * @budget: memory for them, in bytes; 0: a quarter of what the host has free.
 * Main thread.
 */
void timeline_begin(uint64_t budget);

typedef struct TimelineStatus {
    bool on;                    /* checkpoints are made */
    unsigned checkpoints;
    uint64_t first, last;       /* instruction counts of them */
    uint64_t bytes, budget;     /* memory of all of them */
    uint64_t taken;             /* so far */
    uint64_t take_us;           /* what the last one took */
} TimelineStatus;

TimelineStatus timeline_status(void);

/*
 * NULL: there is a past to go to; else why there is none, valid until the next
 * call. Main thread.
 */
const char *timeline_why_not(void);

/* How a journey has ended. */
typedef enum TimelineEnd {
    TIMELINE_NONE,              /* no journey, or it is under way */
    TIMELINE_THERE,             /* at the instruction count, in front of the hit */
    TIMELINE_BEGIN,             /* nothing was found: the beginning of history */
    TIMELINE_END,               /* the end of the recording, journey or not */
    TIMELINE_BROKEN,            /* interrupted, wherever it was */
    TIMELINE_FAILED,            /* a checkpoint could not be restored */
    TIMELINE_MISSED,            /* behind a hit that was not met again */
} TimelineEnd;

/*
 * Goes to instruction @icount, before or after the present. Main thread, machine
 * stopped; the caller starts it then. False: nothing is that early.
 */
bool timeline_seek(uint64_t icount);
/*
 * Goes back to the last checkpoint up to instruction @from, wherever the machine
 * is, and from there to @to. The same otherwise.
 */
bool timeline_sweep(uint64_t from, uint64_t to);
/*
 * Looks for the last hit in front of instruction @before: hits come by
 * timeline_hit(). The same otherwise.
 */
bool timeline_find_back(uint64_t before);
/*
 * Looks for a hit forwards, from the last checkpoint up to instruction @from on, as
 * far as @end: the first one that is told wins. TIMELINE_END: none was. The same
 * otherwise.
 */
bool timeline_find_first(uint64_t from, uint64_t end);
/*
 * Shall the machine stop in front of the recording's last instruction? Else the
 * emulator ends with the recording. Main thread, no vCPU runs.
 */
void timeline_hold_end(bool hold);
/* A journey is under way: nothing that is hit stops the machine. Any thread. */
bool timeline_busy(void);
/* ... and hits have to be told. vCPU thread. */
bool timeline_looking(void);
/*
 * The journey goes to a hit of TIMELINE_STOPS. Who told it stops the machine when
 * it comes by again. Any thread.
 */
bool timeline_landing(void);
/* ... and has been met: the machine is going to stop. vCPU thread. */
void timeline_landed(void);
/* Grows with each interval that is looked through, the latest first. */
unsigned timeline_interval(void);
/*
 * In front of instruction @icount is one. vCPU thread; the last one told while an
 * interval is looked through wins. It may be behind that interval, not behind the
 * journey's begin. @pc: where it is, for the CPUClass's get_pc(), if an exception
 * of it may not have been taken; TIMELINE_STOPS: the machine is stopped for it
 * (timeline_landing()).
 */
#define TIMELINE_ANY_PC UINT64_MAX
#define TIMELINE_STOPS (UINT64_MAX - 1)
void timeline_hit(uint64_t icount, uint64_t pc);
/*
 * The hit just told may be none, by what happened before the interval: the same is
 * looked through with more in front of it, unless a later one is told, or history
 * has no more. vCPU thread.
 */
void timeline_unsure(void);
/* Is this interval the last one, with more in front of it? vCPU thread. */
bool timeline_wider(void);
/* @fn is called when the machine has become what it was. vCPU thread, BQL. */
void timeline_on_restore(void (*fn)(void));
/*
 * Ends the journey soon, wherever it is; if it was at its end, the next one, unless
 * that is taken back. Where the log has something that the machine does not do, that
 * takes 100 ms, and it is no position. Main thread.
 */
void timeline_interrupt(void);
/* Was there an interrupt that has ended nothing? Then no more. Any thread. */
bool timeline_take_interrupt(void);
/* The machine has stopped: has the journey ended, and how? Then it is over. */
TimelineEnd timeline_take_end(void);
/* The machine has stopped for another reason: so the journey is over. */
void timeline_give_up(void);

/* "replay" etc.; a constant. */
const char *timeline_mode_name(TimelineMode mode);

#endif
