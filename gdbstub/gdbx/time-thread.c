/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bs of a followed process's thread: which user instruction did it execute
 * before the present one, whatever the kernel and other tasks did since?
 *
 * While a replay looks back, each user instruction of the thread is told here
 * (step-watch.c). One that is begun again (a fault, an interrupt between
 * repetitions, a system call that is restarted) is one *place*, where it was
 * begun first; a step forwards does not end at the others either. Two that follow
 * each other in the thread, at the same address and with others executed in
 * between, are one.
 *
 * The replay looks through one interval after the other, the latest first. So the
 * first place of an interval may have begun before it, which the interval before
 * it tells: until then it is not a hit. The same with the last place and the one
 * that is later, which to begin with is the present.
 */
#include "qemu/osdep.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/step.h"

#define NONE UINT64_MAX

typedef struct Place {
    uint64_t pc;
    uint64_t icount;            /* where it was begun first, as far as is known */
} Place;

static struct {
    Place later;                /* the earliest one behind the interval */
    bool present;               /* ... is where the thread is now */
    uint64_t now;
    /* In the interval: the last one, and the one before it. */
    Place last, before;
    uint64_t again;             /* where @last was begun last */
    unsigned places;            /* 0, 1, or more */
} at;

bool gdbx_back_thread_begin(GdbxTid tid, uint64_t now)
{
    const GdbxInferior *inf = gdbx_inferior(tid.pid);
    const OsiTask *t = osi_task_by_pid(gdbx_guest(), tid.tid, NULL);
    CPUState *cs = gdbx_live_cpu(tid.tid);
    OsiUserRegs regs;

    if (!inf || !t || t->tgid != inf->pid) {
        return false;
    }
    at.later.icount = at.now = now;
    at.later.pc = cs ? gdbx.arch->pc(cs)
                     : gdbx_user_regs(t, &regs, NULL) ? regs.rip : NONE;
    at.present = true;
    at.places = 0;
    gdbx_step_look_for(inf, t, 0, 0);
    return true;
}

/* Is the interval's last place the later one, begun in it? */
static bool last_is_later(void)
{
    return at.last.pc == at.later.pc && at.again + 1 != at.later.icount;
}

/*
 * If nothing followed: the place that the step ends at, as this interval has it;
 * NULL: it has none. @sure: it has not begun earlier.
 */
static const Place *goal(bool *sure)
{
    *sure = true;
    if (!at.present && !last_is_later()) {
        return &at.later;
    }
    if (!at.present || !last_is_later()) {
        *sure = at.places > 1;
        return &at.last;
    }
    *sure = at.places > 2;
    return at.places > 1 ? &at.before : NULL;
}

/* An interval was looked through, and the one before it begins. */
static void next_interval(void)
{
    bool sure;
    const Place *p = at.places ? goal(&sure) : NULL;

    if (p) {
        at.later = *p;
        at.present = false;
    } else if (at.places) {
        at.later.icount = at.last.icount;
    }
    at.places = 0;
}

void gdbx_back_thread_insn(uint64_t pc, uint64_t icount)
{
    const Place *p;
    bool sure;

    if (at.places && icount < at.again) {
        next_interval();
    }
    if (at.places && pc == at.last.pc && icount != at.again + 1) {
        at.again = icount;
    } else {
        at.before = at.last;
        at.last = (Place) { pc, icount };
        at.again = icount;
        at.places = MIN(at.places + 1, 3);
    }
    p = goal(&sure);
    if (p && sure && p->icount < at.now) {
        timeline_hit(p->icount, p->pc);
    }
}

bool gdbx_back_thread_first(uint64_t *icount)
{
    next_interval();
    *icount = at.later.icount;
    return !at.present;
}
