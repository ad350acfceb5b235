/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the guest OS: who wants them, and the points at the kernel
 * functions that they pass. See include/gdbstub/os-events.h.
 *
 * The points are made anew each time the guest is started, from what is known
 * then: the kernel may be another one by now, or have found its other CPUs.
 * While the guest boots it does not stop by itself; then a timer looks whether
 * the kernel is there, or knows its CPUs now.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "system/replay.h"
#include "replay/index.h"
#include "replay/timeline.h"
#include "system/runstate.h"
#include "introspect/qemu.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/os-points.h"

#define LOOK_MS 250

struct GdbxOsSubscription {
    unsigned kinds;
    GdbxOsEventFn fn;
    void *opaque;
};

/* Written with all vCPUs held; they read. */
static GPtrArray *subscriptions;
static unsigned wanted;
static OsiEvents *events;
static OsiQemuRam *ram;
static __thread uintptr_t passing;      /* gdbx_os_event_ra() */
static uint64_t unread;         /* events that could not be read; atomic */

static bool booted;             /* as has_processes(), at the last look */
static QEMUTimer *timer;

/* In a recording and its replay nothing may depend on the host's clock. */
static void look_again_later(void)
{
    if (replay_mode == REPLAY_MODE_NONE) {
        timer_mod(timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + LOOK_MS);
    }
}

uintptr_t gdbx_os_event_ra(void)
{
    return passing;
}

static void passed(CPUState *cs, const GdbxPoint *p, uintptr_t ra)
{
    const OsiEventSite *site = p->site;
    /* On its way a replay runs through here again and again. */
    bool quiet = timeline_busy() && !timeline_looking() && !timeline_landing();
    const OsiMemory mem = osi_qemu_ram_memory(ram);
    OsiEvent ev;
    OsiCpu cpu;

    if (quiet && !qatomic_read(&index_live)) {
        return;
    }
    gdbx.arch->osi_cpu(cs, &cpu);
    if (!osi_event_at(events, site, &mem, &cpu, &ev, NULL)) {
        qatomic_inc(&unread);
        look_again_later();
        return;
    }
    passing = ra;
    for (guint i = 0; i < subscriptions->len; i++) {
        GdbxOsSubscription *s = g_ptr_array_index(subscriptions, i);

        if ((s->kinds >> ev.kind & 1) && (!quiet || s->fn == gdbx_os_point)) {
            s->fn(s->opaque, cs, &ev);
        }
    }
    passing = 0;
}

static void disarm(void)
{
    gdbx_points_forget(GDBX_EVENTS_PID);
    g_clear_pointer(&events, osi_events_free);
    g_clear_pointer(&ram, osi_qemu_ram_free);
}

/* A kernel that has come so far knows its CPUs and stays where it is. */
static bool has_processes(void)
{
    size_t n = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, NULL);

    for (size_t i = 0; t && i < n; i++) {
        if (!t[i].kernel_thread && t[i].root.table) {
            return true;
        }
    }
    return false;
}

/*
 * Is there nothing that another look, later, would find? What a kernel with
 * processes does not show it never will.
 */
static bool is_complete(void)
{
    return events && booted;
}

bool gdbx_os_events_settled(void)
{
    return is_complete();
}

static void arm(void)
{
    size_t n = 0;
    const OsiEventSite *sites;
    OsiEvents *fresh = wanted ? osi_events_new(gdbx_guest(), wanted, NULL)
                              : NULL;

    booted = fresh && (booted || has_processes());
    if (!fresh) {
        disarm();
        return;
    }
    sites = osi_events_sites(fresh, &n);
    for (size_t i = 0; i < n; i++) {
        GdbxPointSpec spec = {
            .pid = GDBX_EVENTS_PID, .addr = sites[i].address, .cpl = 0,
            .passed = passed, .site = &sites[i],
        };

        gdbx_point_insert(&spec);
    }
    gdbx_points_keep_sites(sites, n);
    osi_events_free(events);
    events = fresh;
    osi_qemu_ram_free(ram);
    ram = osi_qemu_ram_new();
}

void gdbx_os_events_prepare(void)
{
    if (wanted || events) {
        arm();
        if (wanted && !is_complete()) {
            look_again_later();
        }
    }
}

static void look(void *opaque)
{
    GPtrArray *held;

    if (!runstate_is_running() || !gdbx.client || !wanted) {
        return;                 /* the next start prepares anyway */
    }
    held = gdbx_hold_vcpus();
    gdbx_guest_stale();
    arm();
    if (is_complete()) {
        gdbx_catches_commit();  /* now processes are known by page tables */
    }
    gdbx_guest_stale();
    gdbx_let_go(held);
    if (!is_complete()) {
        look_again_later();
    }
}

/* A reset starts nothing anew: the machine runs on, with another kernel. */
void gdbx_os_events_reset(void)
{
    booted = false;
    gdbx_catches_commit();      /* processes are others */
    if (wanted) {
        look_again_later();
    }
}

/* No vCPU runs. */
static void changed_held(void)
{
    wanted = 0;
    for (guint i = 0; i < subscriptions->len; i++) {
        wanted |= ((GdbxOsSubscription *)
                   g_ptr_array_index(subscriptions, i))->kinds;
    }
    if (runstate_is_running()) {
        gdbx_guest_stale();
    }
    arm();
    if (runstate_is_running()) {
        gdbx_guest_stale();
    }
    if (wanted && !is_complete()) {
        look_again_later();
    }
}

static void changed(void)
{
    GPtrArray *held = gdbx_hold_vcpus();

    changed_held();
    gdbx_let_go(held);
}

static GdbxOsSubscription *add(unsigned kinds, GdbxOsEventFn fn, void *opaque)
{
    GdbxOsSubscription *s = g_new0(GdbxOsSubscription, 1);

    if (!subscriptions) {
        subscriptions = g_ptr_array_new_with_free_func(g_free);
        timer = timer_new_ms(QEMU_CLOCK_REALTIME, look, NULL);
    }
    *s = (GdbxOsSubscription) { kinds, fn, opaque };
    g_ptr_array_add(subscriptions, s);
    return s;
}

void gdbx_os_resubscribe(GdbxOsSubscription **s, unsigned kinds,
                         GdbxOsEventFn fn, void *opaque)
{
    if (*s && !kinds) {
        g_ptr_array_remove(subscriptions, g_steal_pointer(s));
    } else if (*s) {
        (*s)->kinds = kinds;
    } else if (kinds) {
        *s = add(kinds, fn, opaque);
    } else {
        return;
    }
    changed_held();
}

GdbxOsSubscription *gdbx_os_subscribe(unsigned kinds, GdbxOsEventFn fn,
                                      void *opaque)
{
    GdbxOsSubscription *s = add(kinds, fn, opaque);

    changed();
    return s;
}

void gdbx_os_unsubscribe(GdbxOsSubscription *s)
{
    GPtrArray *held = gdbx_hold_vcpus();

    g_ptr_array_remove(subscriptions, s);
    gdbx_let_go(held);
    changed();
}

uint64_t gdbx_os_events_unread(void)
{
    return qatomic_read(&unread);
}

bool gdbx_os_event_why(OsiEventKind kind, OsiError *err)
{
    if (kind >= OSI_EVENT_KINDS || !(wanted >> kind & 1)) {
        return false;
    }
    if (!events) {
        return !osi_guest_detect(gdbx_guest(), err);
    }
    return osi_event_why(events, kind, err);
}
