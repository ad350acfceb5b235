/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bs and bc: the machine goes back, with gdb's points obeyed on the way.
 *
 * replay/gdbx/ knows how to get to an instruction count and which one is to be
 * got to (include/replay/timeline.h). Here is what a hit on the way back is, and
 * what gdb is told at the end.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/nth.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/place.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/rows.h"

/* The last hit of the interval being looked through. vCPU thread. */
static struct {
    bool step;              /* no hit is asked for */
    bool user;              /* ... but an instruction of @thread, a process's */
    bool nothing;           /* it has none earlier; back at @origin that is told */
    uint64_t origin;
    CPUState *cs;
    enum { GONE, POINT, WATCH, EVENT, DEED } kind;
    GdbxHit point;
    GdbxWatchHit watch;
    GdbxEvent event;
    GdbxCatch *catch;
    GdbxEventWho who;
    uint64_t icount;        /* 0: none */
    GdbxTid thread;         /* in whose name it stops */
} back;

void gdbx_back_point(CPUState *cs, const GdbxHit *hit, const GdbxInstant *at)
{
    if (!gdbx_nth_wins(*at)) {
        return;
    }
    back.cs = cs;
    back.kind = POINT;
    back.point = *hit;
    back.icount = at->icount;
    gdbx_back_found(*at);
    timeline_hit(at->icount, hit->pc);
}

void gdbx_back_watch(const GdbxWatchHit *hit, uint64_t icount)
{
    GdbxInstant at = { .icount = icount, .pc = hit->pc };

    if (!gdbx_nth_wins(at)) {
        return;
    }
    back.cs = hit->cs;
    back.kind = WATCH;
    back.watch = *hit;
    back.icount = icount;
    gdbx_back_found(at);
    timeline_hit(icount, TIMELINE_ANY_PC);
}

void gdbx_back_event(CPUState *cs, const GdbxEvent *ev, GdbxCatch *c,
                     const GdbxEventWho *who, GdbxInstant at)
{
    if (!gdbx_nth_wins(at)) {
        return;
    }
    back.kind = EVENT;
    back.cs = cs;
    back.event = *ev;
    back.catch = c;
    back.who = *who;
    back.icount = at.icount;
    gdbx_back_found(at);
    timeline_hit(at.icount, TIMELINE_STOPS);
}

bool gdbx_back_deed(CPUState *cs, const GdbxDeed *d, GdbxInstant at)
{
    bool now = false;

    if (gdbx_back_arrives(at)) {
        if (!gdbx_deed_try(d, &now) || !now) {
            return false;
        }
        timeline_landed();
        return true;
    }
    if (gdbx_back_passes(at) && gdbx_nth_wins(at)) {
        back.kind = DEED;
        back.cs = cs;
        back.icount = at.icount;
        gdbx_back_found(at);
        timeline_hit(at.icount, TIMELINE_STOPS);
    }
    return false;
}

void gdbx_back_forget_watch(const GdbxWatch *w)
{
    if (back.kind == WATCH && (!w || back.watch.watch == w)) {
        back.kind = GONE;
    }
}

void gdbx_back_forget_catch(const GdbxCatch *c)
{
    if (back.kind == EVENT && (!c || back.catch == c)) {
        back.kind = GONE;
    }
}

static void tell(int sig, const char *more)
{
    gdbx_stop_reply(sig, back.thread.pid, back.thread.tid, more);
}

static void tell_begin(void)
{
    tell(GDB_SIGNAL_TRAP, "replaylog:begin;");
}

/* False: gdb would go on from it without a word. */
static bool tell_hit(void)
{
    switch (back.kind) {
    case POINT:
        *gdbx_hit(back.cs) = back.point;
        return gdbx_report_hit();
    case WATCH:
        qemu_mutex_lock(&gdbx_watch_lock);
        gdbx_watch_push(&back.watch);
        qemu_mutex_unlock(&gdbx_watch_lock);
        return gdbx_watch_report();
    case EVENT:
        gdbx_event_push(back.cs, &back.event, back.catch, &back.who);
        return gdbx_event_report();
    case GONE:                  /* whoever wanted it was deleted on the way */
    case DEED:
        return false;           /* it has not come by again: nothing to tell */
    }
    g_assert_not_reached();
}

/* Sets out for what is before instruction @now; false: nothing is. */
static bool look_before(uint64_t now)
{
    back.icount = 0;
    if (!now) {
        return false;
    }
    if (back.user) {
        return gdbx_back_thread_begin(back.thread, now) &&
               timeline_find_back(now);
    }
    return back.step ? timeline_seek(now - 1) : timeline_find_back(now);
}

/*
 * All of history has no earlier instruction of the thread, or the first one.
 * Where history begins the process is not there.
 */
static bool to_the_first(void)
{
    uint64_t goal = back.origin;

    back.user = false;
    back.nothing = !gdbx_back_thread_first(&goal);
    if (!timeline_seek(back.nothing ? back.origin : goal)) {
        return false;
    }
    gdbx_go_on_quietly();
    return true;
}

/* The machine is held in front of the last instruction: is a point there? */
static bool at_end(void)
{
    CPUState *cs;
    bool any = false;

    CPU_FOREACH(cs) {
        uint64_t pc = gdbx.arch->pc(cs);

        if (gdbx_point_hit(cs, pc, 0, false)) {
            gdbx_hit(cs)->valid = gdbx_nth_wins(
                gdbx_instant_point(pc, timeline_now().icount));
            any |= gdbx_hit(cs)->valid;
        }
    }
    return any;
}

/* Part of `index build': to @to, by way of @from if that is another place. */
static bool build_goes(uint64_t from, uint64_t to)
{
    return from == to ? timeline_seek(to) : timeline_sweep(from, to);
}

/* The machine stands where a part of `index build' was to lead. */
static bool build_goes_on(void)
{
    uint64_t from, to;

    if (!gdbx_index_build_next(&from, &to)) {
        return false;
    }
    if (build_goes(from, to)) {
        gdbx_go_on_quietly();
        return true;
    }
    gdbx_index_build_broken();
    return false;
}

/* At the hit that was asked for by its number, or elsewhere. */
static void say_nth(void)
{
    if (gdbx_nth_counting() && gdbx_nth_won()) {
        gdbx_console("gdbx: hit %" PRIu64 "\n", gdbx_nth_passed());
    } else if (gdbx_nth_counting()) {
        gdbx_console("gdbx: there are %" PRIu64 " hits\n", gdbx_nth_passed());
    }
    gdbx_nth_end();
}

static void tell_nth(void)
{
    say_nth();
    /* gdb compares a watched value with a later one, and may find them equal. */
    if (back.kind == WATCH || !tell_hit()) {
        tell(GDB_SIGNAL_TRAP, "");
    }
}

/* There is none of that number: back to where the machine was. */
static bool nth_missed(void)
{
    bool there = gdbx_nth_counting() && at_end();

    if (!gdbx_nth_counting()) {
        return false;
    }
    say_nth();
    if (there) {
        return gdbx_report_hit();
    }
    back.nothing = true;
    if (!timeline_seek(back.origin)) {
        return false;
    }
    gdbx_go_on_quietly();
    return true;
}

static void there(void)
{
    if (back.nothing) {
        tell_begin();
        return;
    }
    if (gdbx_nth_counting()) {
        tell_nth();
    } else if (back.step) {
        tell(GDB_SIGNAL_TRAP, "");
    } else if (!tell_hit()) {
        if (look_before(back.icount)) {
            gdbx_go_on_quietly();       /* an interrupt ends that */
        } else {
            tell_begin();
        }
        return;
    }
    /* One that came too late for this stop: gdb may go on by itself. */
    gdbx_run.interrupted |= timeline_take_interrupt();
}

bool gdbx_back_stopped(RunState state)
{
    TimelineEnd end = timeline_take_end();

    gdbx_back_end(end != TIMELINE_BROKEN && end != TIMELINE_FAILED &&
                  end != TIMELINE_MISSED && !gdbx_nth_counting());
    if (end != TIMELINE_THERE) {
        gdbx_index_build_broken();
    } else if (build_goes_on()) {
        return true;
    }
    switch (end) {
    case TIMELINE_NONE:
        say_nth();          /* at an event, which stops as it does forwards */
        timeline_give_up();
        return false;           /* at what has stopped it */
    case TIMELINE_BROKEN:
        gdbx_nth_end();
        tell(GDB_SIGNAL_INT, "");
        break;
    case TIMELINE_BEGIN:
        if (!back.user || !to_the_first()) {
            tell_begin();
        }
        break;
    case TIMELINE_END:
        if (nth_missed()) {
            return true;
        }
        gdbx_step_end();
        if (at_end() && gdbx_report_hit()) {
            break;
        }
        back.thread = gdbx_scope_thread(gdbserver_state.c_cpu ?: first_cpu);
        tell(GDB_SIGNAL_TRAP, "replaylog:end;");
        break;
    case TIMELINE_FAILED:
        gdbx_nth_end();
        gdbx_console("gdbx: the machine could not be brought back\n");
        tell(GDB_SIGNAL_ABRT, "");
        break;
    case TIMELINE_MISSED:
        gdbx_nth_end();
        gdbx_console("gdbx: what was found at instruction %" PRIu64 " was not met "
                     "there again: this replay goes another way each time\n",
                     back.icount);
        tell(GDB_SIGNAL_ABRT, "");
        break;
    case TIMELINE_THERE:
        there();
        break;
    }
    return true;
}

/* The thread of Hc, or one that a stop may be told of. */
static GdbxTid control_thread(void)
{
    GdbxTid tid = gdbx.control;

    GdbxInferior *inf = gdbx_inferior(tid.pid);

    if (inf) {
        return (GdbxTid) { inf->pid, tid.tid > 0 ? tid.tid :
                           gdbx_some_thread(inf) ?: inf->pid };
    }
    if (tid.pid > 0 && tid.tid > 0 && gdbx_machine_cpu(tid.tid) &&
        gdbx_is_machine(tid.pid)) {
        return tid;
    }
    return gdbx_scope_thread(gdbserver_state.c_cpu ?: first_cpu);
}

/* As of a resume. */
static void begin(void)
{
    gdbx_run = (GdbxRun) {
        .scope = gdbx.control.pid > 0 ? gdbx.control.pid : -1,
        .reply_due = true,
    };
    gdbx.machine_quiet = false;
    gdbserver_state.signal = 0;
    back.thread = control_thread();
    back.user = back.nothing = false;
    back.origin = timeline_now().icount;
    timeline_take_interrupt();      /* of the journey before */
    gdbx_back_begin(back.origin);
    gdbx_watch_hits_drop(NULL);
    gdbx_event_hits_drop(NULL);
}

/* `monitor gdbx seek': where the next resume goes to. */
static uint64_t seek_to;
static bool seek_armed;

void gdbx_seek_arm(uint64_t icount)
{
    gdbx_nth_end();
    seek_to = icount;
    seek_armed = true;
}

void gdbx_seek_forget(void)
{
    seek_armed = false;
}

/* What was told where the journey begins is none of the way's. */
static void set_out(void)
{
    gdbx_event_told_reset();
    gdbx_told_clear(NULL, ~0u);
    gdbx_resume_quietly();
}

/* `monitor gdbx index build'. */
static bool build_begun(void)
{
    uint64_t from, to;

    if (!gdbx_index_build_begin(&from, &to)) {
        return false;
    }
    begin();
    back.step = true;
    back.icount = 0;
    if (build_goes(from, to)) {
        set_out();
    } else {
        gdbx_index_build_broken();
        tell_begin();
    }
    return true;
}

bool gdbx_seek_performed(void)
{
    gdbx_nth_forget();
    if (!timeline_why_not() && build_begun()) {
        return true;
    }
    if (!seek_armed || timeline_why_not()) {
        return false;
    }
    seek_armed = false;
    begin();
    back.step = true;
    back.icount = 0;
    if (timeline_seek(seek_to)) {
        set_out();
    } else {
        tell_begin();
    }
    return true;
}

/* `monitor gdbx tfind'. */
static bool nth_begun(void)
{
    if (!gdbx_nth_begin()) {
        return false;
    }
    begin();
    back.step = false;
    gdbx_back_begin(UINT64_MAX);        /* none is of the future */
    if (timeline_find_first(timeline_status().first, gdbx_place_end())) {
        set_out();
    } else {
        gdbx_nth_end();
        tell_begin();
    }
    return true;
}

bool gdbx_pkt_backward(const char *args)
{
    const char *why = timeline_why_not();
    bool interrupted = gdbx_run.interrupted;

    if (!why && !gdbx.client) {
        why = "this client knows no processes (multiprocess+): while it is "
              "recorded it cannot go back";
    }
    if (why) {
        gdbx_error("%s", why);
        return true;
    }
    if (strcmp(args, "s") && strcmp(args, "c")) {
        gdb_put_packet("");
        return true;
    }
    if (!interrupted && ((*args == 'c' && nth_begun()) ||
                         gdbx_seek_performed())) {
        return true;
    }
    begin();
    if (interrupted) {
        tell(GDB_SIGNAL_INT, "");
        return true;
    }
    back.step = *args == 's';
    back.user = back.step && gdbx_inferior(back.thread.pid);
    if (look_before(back.origin)) {
        set_out();
    } else {
        tell_begin();
    }
    return true;
}
