/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "system/replay.h"
#include "replay/timeline.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/callstack.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/roots.h"

#define KINDS (1u << OSI_EVENT_EXEC | 1u << OSI_EVENT_FORK | \
               1u << OSI_EVENT_EXIT)

static GArray *wanted;          /* int32_t: of a process or a thread */
static GdbxOsSubscription *subscription;

/*
 * One of them has ended, but has its memory still: who gets these page tables
 * next is by a fork or an exec. Atomic.
 */
static bool ended;

static bool is_wanted(int32_t id)
{
    for (guint i = 0; i < wanted->len; i++) {
        if (g_array_index(wanted, int32_t, i) == id) {
            return true;
        }
    }
    return false;
}

static void happens(void *opaque, CPUState *cs, const OsiEvent *ev)
{
    bool its = is_wanted(ev->pid) || is_wanted(ev->tgid);

    if (timeline_busy()) {
        return;
    }
    if (ev->kind == OSI_EVENT_EXIT) {
        if (its) {
            qatomic_set(&ended, true);
        }
    } else if (its || qatomic_read(&ended)) {
        gdbx_stop_here(cs);     /* with nothing to tell: it goes on at once */
    }
}

void gdbx_root_want(int32_t id)
{
    if (!is_wanted(id)) {
        g_array_append_val(wanted, id);
    }
}

void gdbx_roots_prepare(void)
{
    wanted = wanted ?: g_array_new(false, false, sizeof(int32_t));
    g_array_set_size(wanted, 0);
    gdbx_catches_roots();
    gdbx_callstack_roots();
    qatomic_set(&ended, false);
    if (!wanted->len != !subscription) {
        gdbx_os_resubscribe(&subscription, wanted->len ? KINDS : 0, happens,
                            NULL);
    }
}

/* Will it be told when the process is another? */
static bool is_told(void)
{
    return subscription && replay_mode != REPLAY_MODE_PLAY &&
           !timeline_busy() &&
           gdbx_os_events_settled() &&
           !gdbx_os_event_why(OSI_EVENT_EXEC, NULL) &&
           !gdbx_os_event_why(OSI_EVENT_FORK, NULL);
}

GdbxRootState gdbx_root_of(int32_t id, uint64_t *table)
{
    OsiError err = { 0 };
    const OsiTask *t;

    if (!is_told()) {
        return GDBX_ROOT_UNKNOWN;
    }
    t = osi_task_by_pid(gdbx_guest(), id, &err);
    if (!t) {
        return err.kind == OSI_ERR_NO_SUCH ? GDBX_ROOT_NONE : GDBX_ROOT_UNKNOWN;
    }
    if (t->kernel_thread) {
        return GDBX_ROOT_UNKNOWN;
    }
    if (!t->root.table && t->tgid == t->pid) {
        t = gdbx_process_task(id, NULL);
    }
    if (!t || !t->root.table) {
        return GDBX_ROOT_NONE;
    }
    *table = t->root.table;
    return GDBX_ROOT_KNOWN;
}
