/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event index: on and off, and the replay of the whole recording for it.
 *
 * Events are points with an action of their own; what they see of the guest's OS
 * is made ready when the machine starts. So a stretch counts as known only when
 * the OS was known at its start. `index build' therefore begins where it is: at
 * the end of the recording, if not here. From there it goes to the start, and all
 * the way with the points as they are.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "replay/beside.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/place.h"
#include "gdbstub/gdbx/syscall.h"

/* All exceptions but #PF (14), which are many and mean little. */
static const struct {
    const char *type, *filter;
    bool os;                    /* only there when an OS is known */
} wanted[] = {
    { "syscall", "" },
    { "exception", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 15 16 17 18 19 20 21 28 29 "
      "30 triple" },
    { "task-switch", "", true }, { "exec", "", true }, { "fork", "", true },
    { "exit", "", true },
};

typedef enum Build { NO_BUILD, ARMED, TO_THE_END, ALL_OF_IT, BACK } Build;

static bool on, os_on, loaded;
static Build build;
static uint64_t origin;         /* where the machine was */

bool gdbx_index_is_on(void)
{
    return on;
}

void gdbx_index_load(Monitor *mon)
{
    g_autofree char *name = beside_name("index");
    const char *why = loaded ? NULL : index_load();

    loaded = true;
    if (why) {
        monitor_printf(mon, "gdbx: %s %s\n", name, why);
    }
}

static void insert(const char *name, const char *filter)
{
    g_autofree char *why = NULL;
    GdbxCatchSpec spec = {
        .point = { .type = gdbx_event_type(name), .cpl = -1 },
        .owner = GDBX_MACHINE_PID, .action = &gdbx_action_index,
    };

    if (spec.point.type) {
        spec.point.filter = spec.point.type->parse(&filter, &why);
    }
    if (spec.point.filter) {
        gdbx_catch_insert(&spec);
    }
}

static bool os_is_known(void)
{
    return osi_guest_detect(gdbx_guest(), NULL);
}

static void insert_all(bool os)
{
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        if (wanted[i].os == os) {
            insert(wanted[i].type, wanted[i].filter);
        }
    }
}

void gdbx_index_prepare(void)
{
    if (on && !os_on && os_is_known()) {
        os_on = true;
        insert_all(true);
    }
}

char *gdbx_index_on(void)
{
    GPtrArray *held;

    if (timeline_why_not()) {
        return g_strdup(timeline_why_not());
    }
    if (!gdbx.client) {
        return g_strdup("no gdb is connected");
    }
    if (!on) {
        on = true;
        held = gdbx_hold_vcpus();
        insert_all(false);
        gdbx_points_changed(held);
        gdbx_let_go(held);
    }
    return NULL;
}

static void remove_point(GdbxCatch *c, void *opaque)
{
    if (c->spec.action == &gdbx_action_index) {
        gdbx_catch_disarm(c);
    }
}

void gdbx_index_off(void)
{
    GPtrArray *held;

    if (on) {
        held = gdbx_hold_vcpus();
        index_end(timeline_now().icount);
        gdbx_catches_each(remove_point, NULL);
        gdbx_points_changed(held);
        gdbx_let_go(held);
    }
    on = os_on = false;
}

void gdbx_index_started(void)
{
    if (on && (gdbx_current_is_ready() || build == ALL_OF_IT)) {
        index_begin(timeline_now().icount);
    }
}

void gdbx_index_stopped(void)
{
    if (on) {
        index_end(timeline_now().icount);
    }
}

/* The points have gone, or are about to. */
void gdbx_index_reset(void)
{
    gdbx_index_stopped();
    if (on) {
        index_save();
    }
    on = os_on = false;
    build = NO_BUILD;
}

/* ---- the whole recording ---- */

const char *gdbx_index_build_arm(void)
{
    if (!gdbx_place_end()) {
        return "it is not known where the recording ends";
    }
    build = ARMED;
    return NULL;
}

/* From the start; what it knows already of that need not be looked at again. */
static void all_of_it(uint64_t *from, uint64_t *to)
{
    IndexRange r = index_range();
    uint64_t start = timeline_status().first;

    if (r.any && r.from > start) {
        index_clear();
        r.any = false;
    }
    *from = r.any ? r.to : start;
    *to = gdbx_place_end();
    build = ALL_OF_IT;
    /* Those under way here are of another time. */
    gdbx_syscalls_reset();
}

bool gdbx_index_build_begin(uint64_t *from, uint64_t *to)
{
    if (build != ARMED) {
        return false;
    }
    origin = timeline_now().icount;
    if (os_is_known()) {
        all_of_it(from, to);
    } else {
        *from = *to = gdbx_place_end();
        build = TO_THE_END;
    }
    return true;
}

bool gdbx_index_build_next(uint64_t *from, uint64_t *to)
{
    switch (build) {
    case TO_THE_END:
        all_of_it(from, to);
        return true;
    case ALL_OF_IT:
        index_end(timeline_now().icount);
        *from = *to = origin;
        build = BACK;
        return true;
    case BACK:
        gdbx_index_build_broken();
        return false;
    default:
        return false;
    }
}

void gdbx_index_build_broken(void)
{
    IndexRange r = index_range();
    const char *why = index_save();

    if (build == NO_BUILD || build == ARMED) {
        return;
    }
    build = NO_BUILD;
    gdbx_console("gdbx: the index has %" PRIu64 " events, up to instruction %"
                 PRIu64 "\n", r.records, r.to);
    if (why) {
        gdbx_console("gdbx: it was not kept: %s\n", why);
    }
}
