/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stepped thread may exit instead of coming back to user code. To be told of
 * exits the kernel's functions are instrumented (os-events.c), which a short
 * step is not to pay for: so only when it takes long, and then looking first
 * whether the thread is still there. A thread that is on its way out may be
 * behind that function by then and have its memory for a while yet, so it is
 * looked at again, less and less often.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/step.h"

#define SOON_MS 100
#define LATER_MS 1600

static QEMUTimer *timer;
static int64_t wait_ms;
static GdbxOsSubscription *subscription;

/*
 * vCPU thread. At once, while the thread still has its memory: gdb will ask for
 * its registers.
 */
static void exits(void *opaque, CPUState *cs, const OsiEvent *ev)
{
    if (gdbx_run.stepping && ev->pid == gdbx_run.tid &&
        !qatomic_xchg(&gdbx_run.exited, true)) {
        vm_stop(RUN_STATE_DEBUG);
    }
}

/* The guest runs. */
static bool still_there(void)
{
    GPtrArray *held = gdbx_hold_vcpus();
    OsiError err = { 0 };
    const OsiTask *t;
    bool there;

    gdbx_guest_stale();
    t = osi_task_by_pid(gdbx_guest(), gdbx_run.tid, &err);
    there = t ? t->tgid == gdbx_run.pid && t->mm
              : err.kind != OSI_ERR_NO_SUCH;    /* else nothing is proven */
    gdbx_guest_stale();
    gdbx_let_go(held);
    return there;
}

static void look_in(int64_t ms)
{
    wait_ms = ms;
    timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + ms);
}

static void look(void *opaque)
{
    if (!gdbx_run.stepping) {
        return;
    }
    if (!runstate_is_running()) {
        look_in(SOON_MS);       /* it goes on at once, or the step has ended */
        return;
    }
    if (!subscription) {
        subscription = gdbx_os_subscribe(1u << OSI_EVENT_EXIT, exits, NULL);
    }
    if (still_there()) {
        look_in(MIN(2 * wait_ms, LATER_MS));
    } else {
        qatomic_set(&gdbx_run.exited, true);
        vm_stop(RUN_STATE_DEBUG);
    }
}

void gdbx_step_expect_exit(void)
{
    /* In a recording and its replay nothing may depend on the host's clock. */
    if (replay_mode != REPLAY_MODE_NONE) {
        return;
    }
    if (!timer) {
        timer = timer_new_ms(QEMU_CLOCK_REALTIME, look, NULL);
    }
    if (!timer_pending(timer)) {
        look_in(SOON_MS);
    }
}

void gdbx_step_exit_forget(void)
{
    if (timer) {
        timer_del(timer);
    }
    if (subscription) {
        gdbx_os_unsubscribe(g_steal_pointer(&subscription));
    }
}
