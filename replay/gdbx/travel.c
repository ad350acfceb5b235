/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Journeys in the guest's time. See include/replay/timeline.h.
 *
 * All of a journey but its beginning happens in the vCPU thread, between two
 * slices of execution (gdbx_hook_turn()): that is where a budget of instructions
 * ends, and the machine need not be stopped and started again for it.
 *
 * Arrival at an instruction count is not yet the place: the log may have
 * interrupts and timers in front of the instruction. When it has the instruction
 * next, all of that is done. QEMU's own break of a replay does not wait for it,
 * so what has been done by then depends on which thread was faster.
 *
 * An instruction that faults is not counted: with the same count there are the
 * place in front of it and the one behind the exception. The first is where the
 * log has the exception next; a goal that is meant to be there has the address.
 *
 * While looking back, an interval that has no hit is left for the one before it.
 * On the way to the goal checkpoints are made that are the denser the nearer they
 * are to it: the next step back is from the nearest of them.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "hw/core/cpu.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "gdbstub/hooks.h"
#include "hw/gdbx/unkept.h"
#include "replay/replay-internal.h"
#include "replay/checkpoint.h"
#include "replay/index.h"
#include "replay/recording.h"
#include "replay/timeline.h"
#include "replay/gdbx/disks.h"
#include "replay/gdbx/live.h"
#include "replay/gdbx/store.h"

typedef enum Phase {
    IDLE,
    SETTING_OUT,    /* the machine has to become what it was first */
    LOOKING,        /* on the way to @goal hits count */
    FOUND,          /* the first hit, which is the goal */
    GOING,          /* to @goal */
    ENDED,          /* the machine is going to stop */
} Phase;

/* Instructions that are looked through at once, at no loss. */
#define NEAR 2000
/* An interrupted journey waits so long for an entry of the log to be met. */
#define PATIENCE_MS 100

static struct {
    bool on;
    Phase phase;
    TimelineEnd end;
    bool asked;         /* ... and has been asked to */
    bool hold_end;
    bool interrupted;
    bool insisted;      /* ... PATIENCE_MS ago */
    QEMUTimer *patience;
    bool hit;
    bool unsure;        /* ... perhaps none: an earlier interval may tell */
    bool wider;         /* the interval has the last one in it */
    bool first;         /* the first hit is looked for, not the last */
    bool landing;       /* on the way to one of TIMELINE_STOPS */
    bool landed;        /* ... which has been met */
    unsigned interval;
    void (*restored)(void);
    uint64_t hit_at, hit_pc;
    Phase then;         /* the one behind SETTING_OUT */
    bool look_there;    /* at the goal, back from it */
    uint64_t back_to;   /* ... the checkpoint up to here */
    uint64_t goal;
    uint64_t goal_pc;   /* TIMELINE_ANY_PC, or there even if it will fault */
    uint64_t before;    /* hits count in front of this one */
    uint64_t from;      /* the checkpoint that the interval begins with */
} tl;

/* Where the execution has to end at the next; all ones: nowhere. */
static uint64_t limit = UINT64_MAX;

void timeline_begin(uint64_t budget)
{
    if (replay_mode != REPLAY_MODE_NONE) {
        store_budget(budget);
        disks_begin();
        tl.on = true;
    }
}

const char *timeline_why_not(void)
{
    static char why[160];

    if (replay_mode == REPLAY_MODE_NONE) {
        return "there is no recording to go back in (-icount ...,rr=replay)";
    }
    if (!tl.on) {
        return "no checkpoints are made (gdbx=off)";
    }
    if (gdbx_unkept()) {
        snprintf(why, sizeof(why), "there is a device of type %.60s, whose "
                 "state cannot be kept while the machine runs", gdbx_unkept());
        return why;
    }
    return disks_why_not();
}

TimelineStatus timeline_status(void)
{
    TimelineStatus s = { .on = tl.on };

    store_status(&s);
    return s;
}

bool timeline_busy(void)
{
    return qatomic_read(&tl.phase) != IDLE;
}

bool timeline_looking(void)
{
    return qatomic_read(&tl.phase) == LOOKING;
}

bool timeline_landing(void)
{
    return qatomic_read(&tl.phase) == GOING && tl.landing;
}

unsigned timeline_interval(void)
{
    return tl.interval;
}

void timeline_on_restore(void (*fn)(void))
{
    tl.restored = fn;
}

void timeline_hit(uint64_t icount, uint64_t pc)
{
    if (icount <= tl.before) {
        tl.hit = true;
        tl.unsure = false;
        tl.hit_at = icount;
        tl.hit_pc = pc;
        if (tl.first) {
            qatomic_set(&limit, 0);
            qatomic_set(&tl.phase, FOUND);
        }
    }
}

void timeline_unsure(void)
{
    tl.unsure = true;
}

bool timeline_wider(void)
{
    return tl.wider;
}

void timeline_landed(void)
{
    tl.landed = true;
}

static void nothing(CPUState *cs, run_on_cpu_data data)
{
}

/* A vCPU that is halted would not come by. */
static void wake(void)
{
    async_run_on_cpu(first_cpu, nothing, RUN_ON_CPU_NULL);
}

/*
 * A journey ends where all is done that the log has in front of an instruction.
 * If the log has what never comes, it has to end all the same.
 */
static void insist(void *opaque)
{
    if (qatomic_read(&tl.interrupted)) {
        qatomic_set(&tl.insisted, true);
        wake();
    }
}

void timeline_interrupt(void)
{
    if (!tl.patience) {
        tl.patience = timer_new_ms(QEMU_CLOCK_REALTIME, insist, NULL);
    }
    qatomic_set(&tl.interrupted, true);
    timer_mod(tl.patience, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + PATIENCE_MS);
    if (first_cpu) {
        cpu_exit(first_cpu);
    }
}

bool timeline_take_interrupt(void)
{
    bool was = qatomic_read(&tl.interrupted);

    qatomic_set(&tl.interrupted, false);
    qatomic_set(&tl.insisted, false);
    return was;
}

/* ---- the way ---- */

/* The next mark on the way to the goal, at which a checkpoint is made. */
static uint64_t next_limit(uint64_t now)
{
    if (tl.phase == GOING) {
        for (uint64_t d = 10000000; d >= 100; d /= 10) {
            if (tl.goal > d && now + d / 2 < tl.goal - d) {
                return tl.goal - d;
            }
        }
    }
    return tl.goal;
}

/* All ones: there is none to stop at. */
static uint64_t last_stop(void)
{
    const RecordingInfo *r = recording_info();

    return (tl.hold_end || live_was()) && r && r->instructions
           ? r->instructions - 1 : UINT64_MAX;
}

static void set_limit(uint64_t icount)
{
    qatomic_set(&limit, MIN(icount, last_stop()));
}

void timeline_hold_end(bool hold)
{
    tl.hold_end = hold && tl.on;
    if (tl.phase == IDLE) {
        set_limit(UINT64_MAX);
    }
}

static void end(TimelineEnd how)
{
    tl.end = how;
    set_limit(0);
    qatomic_set(&tl.phase, ENDED);
}

/*
 * The machine becomes what it was at the nearest checkpoint up to @back_to, there
 * is one, and goes to @goal from there. vCPU thread: some devices' state can be
 * loaded in no other while the replay mutex is held (vapic_post_load()).
 */
static void go_back(Phase phase, uint64_t goal, uint64_t back_to)
{
    const Checkpoint *c = store_find(back_to);

    index_jump(replay_get_current_icount(), c ? c->icount : 0);
    tl.hit = tl.landing = tl.landed = tl.wider = false;
    tl.interval++;
    tl.goal = goal;
    tl.goal_pc = TIMELINE_ANY_PC;
    if (!c || !checkpoint_restore(c)) {
        error_report("gdbx: a checkpoint could not be restored");
        end(TIMELINE_FAILED);
        return;
    }
    tl.from = c->icount;
    if (tl.restored) {
        tl.restored();
    }
    qatomic_set(&tl.phase, phase);
    set_limit(next_limit(tl.from));
}

static void set_out(Phase phase, uint64_t goal, uint64_t back_to)
{
    tl.look_there = tl.first = false;
    tl.goal = goal;
    tl.back_to = back_to;
    tl.then = phase;
    set_limit(0);
    qatomic_set(&tl.phase, SETTING_OUT);
    wake();
}

bool timeline_seek(uint64_t icount)
{
    uint64_t now = replay_get_current_icount();
    const Checkpoint *c = store_find(icount);

    if (replay_mode == REPLAY_MODE_PLAY && icount >= now && (!c || c->icount <= now)) {
        tl.goal = icount;
        tl.goal_pc = TIMELINE_ANY_PC;
        tl.hit = tl.look_there = tl.landing = false;
        qatomic_set(&tl.phase, GOING);
        set_limit(next_limit(now));
        return true;
    }
    if (c) {
        set_out(GOING, icount, icount);
    }
    return c;
}

bool timeline_sweep(uint64_t from, uint64_t to)
{
    const Checkpoint *c = store_find(from);

    if (c) {
        set_out(GOING, to, from);
    }
    return c;
}

/*
 * What is looked for may be near, and looking costs: so the way to @before is
 * gone without first, for the checkpoints, unless one of them is near enough.
 */
bool timeline_find_back(uint64_t before)
{
    const Checkpoint *c = before ? store_find(before - 1) : NULL;

    if (!c) {
        return false;
    }
    tl.before = before;
    if (before - c->icount <= NEAR) {
        set_out(LOOKING, before, before - 1);
    } else {
        set_out(GOING, before, before - 1);
        tl.look_there = true;
    }
    return true;
}

bool timeline_find_first(uint64_t from, uint64_t end)
{
    const Checkpoint *c = store_find(from);

    if (c) {
        tl.before = end;
        set_out(LOOKING, end, from);
        tl.first = true;
    }
    return c;
}

static void go_to_hit(void)
{
    uint64_t pc = tl.hit_pc, from = tl.hit_at;
    bool stops = pc == TIMELINE_STOPS;

    /* A checkpoint with the same count may be behind an exception. */
    if (pc != TIMELINE_ANY_PC && from && store_find(from - 1)) {
        from--;
    }
    go_back(GOING, tl.hit_at + stops, from);
    if (stops) {
        tl.landing = true;
    } else {
        tl.goal_pc = pc;
    }
}

/* An interval has been looked through. */
static void looked(void)
{
    if (tl.hit && tl.unsure && tl.from && store_find(tl.from - 1)) {
        go_back(LOOKING, tl.goal, tl.from - 1);
        tl.wider = true;
    } else if (tl.hit) {
        go_to_hit();
    } else if (tl.from && store_find(tl.from - 1)) {
        go_back(LOOKING, tl.from, tl.from - 1);
    } else {
        go_back(GOING, tl.from, tl.from);
        if (tl.phase != ENDED) {
            end(TIMELINE_BEGIN);
        }
    }
}

static void arrived(uint64_t now)
{
    if (now >= last_stop() && now < tl.goal) {
        end(TIMELINE_END);
    } else if (now < tl.goal) {
        store_take(true);
        set_limit(next_limit(now));
    } else if (tl.phase == LOOKING && tl.first) {
        end(TIMELINE_END);
    } else if (tl.phase == LOOKING) {
        looked();
    } else if (tl.look_there) {
        tl.look_there = false;
        go_back(LOOKING, tl.goal, tl.goal - 1);
    } else {
        end(tl.landing && !tl.landed ? TIMELINE_MISSED : TIMELINE_THERE);
    }
}

/* Is the next thing in the log the instruction that the machine is at? */
static bool at_instruction(void)
{
    return replay_state.has_unread_data &&
           replay_state.data_kind == EVENT_INSTRUCTION &&
           replay_state.instruction_count > 0;
}

/* In front of the instruction that is the goal, which is going to fault? */
static bool at_fault(void)
{
    CPUState *cs = first_cpu;

    return tl.phase == GOING && tl.goal_pc != TIMELINE_ANY_PC &&
           replay_state.current_icount == tl.goal &&
           replay_state.has_unread_data &&
           replay_state.data_kind == EVENT_EXCEPTION &&
           cs->cc->get_pc && cs->cc->get_pc(cs) == tl.goal_pc;
}

static void turn(void)
{
    uint64_t now;

    if (tl.phase == SETTING_OUT) {
        if (replay_mode == REPLAY_MODE_RECORD && !live_ends()) {
            end(TIMELINE_FAILED);
            return;
        }
        go_back(tl.then, tl.goal, tl.back_to);
        return;
    }
    if (replay_mode == REPLAY_MODE_RECORD) {
        store_take(false);
        return;
    }
    replay_account_executed_instructions();
    if (tl.phase == FOUND) {
        go_to_hit();
        return;
    }
    if (!at_instruction()) {
        if (at_fault()) {
            end(TIMELINE_THERE);
        } else if (tl.phase != IDLE && qatomic_read(&tl.insisted)) {
            timeline_take_interrupt();
            end(TIMELINE_BROKEN);
        }
        return;
    }
    now = replay_state.current_icount;
    if (tl.phase == IDLE) {
        store_take(false);
        if (now >= limit && !tl.hold_end) {
            live_over();
        } else if (now >= limit) {
            end(TIMELINE_END);
        }
    } else if (timeline_take_interrupt()) {
        end(TIMELINE_BROKEN);
    } else if (now >= limit) {
        arrived(now);
    } else {
        store_take(false);
    }
}

void gdbx_hook_turn(void)
{
    /*
     * A vCPU thread that has stopped comes by once more, when the end of the
     * journey may have been taken already.
     */
    if (!tl.on || !runstate_is_running()) {
        return;
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_TURN]);
    if (tl.phase != ENDED) {
        turn();
    }
    if (tl.phase == ENDED && !tl.asked) {
        tl.asked = true;
        qemu_system_debug_request();
    }
    if (tl.phase == ENDED) {
        /* No budget keeps an instruction from its fault while the main loop
         * has not stopped the machine yet. */
        cpu_exit(first_cpu);
    }
}

int gdbx_hook_budget(int n)
{
    uint64_t until = qatomic_read(&limit), now;

    if (until == UINT64_MAX) {
        return n;
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_BUDGET]);
    now = replay_get_current_icount();
    return now >= until ? 0 : MIN((uint64_t)n, until - now);
}

bool gdbx_hook_keep_code(void)
{
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_KEEP_CODE]);
    return checkpoint_restoring();
}

TimelineEnd timeline_take_end(void)
{
    TimelineEnd how = tl.end;

    if (tl.phase != ENDED) {
        return TIMELINE_NONE;
    }
    timeline_give_up();
    return how;
}

void timeline_give_up(void)
{
    qatomic_set(&tl.phase, IDLE);
    tl.end = TIMELINE_NONE;
    tl.asked = false;
    set_limit(UINT64_MAX);
}
