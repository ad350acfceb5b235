/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx break|log|count KIND ...': points at events. A kind's own words
 * come first (GdbxEventType.parse), then these of all kinds, then the action's.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/ax-names.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/monitor.h"

/* What has been read of a line so far. */
typedef struct Line {
    const char *args;           /* the rest */
    GdbxCatchSpec spec;
    char *condition_text;
    char *why;
} Line;

static bool take_if(Line *l)
{
    const GdbxNames names = { GDBX_VIEW_MACHINE, l->spec.point.type };
    const char *begin;

    if (l->spec.condition) {
        l->why = g_strdup("there is one condition already; join them by &&");
        return false;
    }
    l->args += strspn(l->args, " \t");
    begin = l->args;
    l->spec.condition = gdbx_parse_condition(&l->args, &names, &l->why);
    if (!l->spec.condition) {
        return false;
    }
    l->condition_text = g_strstrip(g_strndup(begin, l->args - begin));
    return true;
}

static bool take_once(Line *l)
{
    l->spec.once = true;
    return true;
}

static bool number_in(Line *l, uint64_t max, uint64_t *value)
{
    GdbxWord word;

    if (!gdbx_next_word(&l->args, word) || !gdbx_word_number(word, value) ||
        *value > max) {
        l->why = g_strdup_printf("a number up to %" PRIu64 " has to follow",
                                 max);
        return false;
    }
    return true;
}

static bool take_process(Line *l)
{
    uint64_t v;

    if (!number_in(l, INT32_MAX, &v)) {
        return false;
    }
    l->spec.point.pid = v;
    return true;
}

static bool take_thread(Line *l)
{
    uint64_t v;

    if (!number_in(l, INT32_MAX, &v)) {
        return false;
    }
    l->spec.point.tid = v;
    return true;
}

static bool take_cr3(Line *l)
{
    l->spec.point.has_space = true;
    return number_in(l, UINT64_MAX, &l->spec.point.space);
}

static bool take_cpl(Line *l)
{
    uint64_t v;

    if (!number_in(l, 3, &v)) {
        return false;
    }
    l->spec.point.cpl = v;
    return true;
}

static bool take_after(Line *l)
{
    return number_in(l, UINT64_MAX, &l->spec.after);
}

static const struct {
    const char *word;
    bool (*take)(Line *l);      /* what follows; false: l->why says why */
} words[] = {
    { "process", take_process }, { "thread", take_thread },
    { "cr3", take_cr3 }, { "cpl", take_cpl }, { "if", take_if },
    { "after", take_after }, { "once", take_once },
};

/* One of the words above: 1 taken, 0 it is none, -1 wrong. */
static int take_word(Line *l)
{
    const char *p = l->args;
    GdbxWord word;

    if (!gdbx_next_word(&p, word)) {
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcmp(word, words[i].word)) {
            l->args = p;
            if (words[i].take(l)) {
                return 1;
            }
            p = l->why;
            l->why = g_strdup_printf("%s: %s", word, p);
            g_free((char *)p);
            return -1;
        }
    }
    return 0;
}

static bool parse(Line *l)
{
    const GdbxEventAction *action = l->spec.action;
    const GdbxEventType *type = l->spec.point.type;
    int taken;

    l->spec.point.filter = type->parse(&l->args, &l->why);
    if (!l->spec.point.filter) {
        return false;
    }
    while ((taken = take_word(l)) > 0) {
    }
    if (taken < 0 || (action->parse &&
                      !action->parse(type, &l->args, &l->spec.state,
                                     &l->why))) {
        return false;
    }
    l->args += strspn(l->args, " \t");
    if (*l->args) {
        l->why = g_strdup_printf("not understood: '%.40s'", l->args);
        return false;
    }
    return true;
}

static void release(Line *l)
{
    const GdbxEventType *type = l->spec.point.type;

    if (l->spec.point.filter) {
        (type->release ? type->release : g_free)(l->spec.point.filter);
    }
    if (l->spec.action->release) {
        l->spec.action->release(l->spec.state);
    }
    gdbx_ax_free(l->spec.condition);
}

static void insert(Monitor *mon, const GdbxEventAction *action,
                   const GdbxEventType *type, const char *args)
{
    Line l = {
        .args = args,
        .spec = {
            .point = { .type = type, .cpl = -1 },
            .owner = GDBX_MACHINE_PID, .action = action,
            .reply = GDBX_REPLY_TRAP,
        },
    };
    GPtrArray *held;
    GdbxCatch *c;

    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected that could be told\n");
        return;
    }
    if (!parse(&l)) {
        monitor_printf(mon, "gdbx: %s %s: %s\n", action->name, type->name,
                       l.why ?: "not understood");
        gdbx_mon_event_usage(mon, action, type);
        release(&l);
        g_free(l.condition_text);
        g_free(l.why);
        return;
    }
    l.spec.condition_text = l.condition_text;
    l.spec.number = gdbx_next_point_number();
    held = gdbx_hold_vcpus();
    if (l.spec.point.has_space) {
        /* Either half of it: page-table isolation has two. */
        l.spec.point.mask = osi_cr3_mask(gdbx_guest());
        l.spec.point.space &= l.spec.point.mask;
    }
    c = gdbx_catch_insert(&l.spec);
    gdbx_points_changed(held);
    gdbx_let_go(held);
    g_free(l.condition_text);
    if (c) {
        monitor_printf(mon, "point %u: %s %s\n", l.spec.number, action->name,
                       type->name);
    } else {
        monitor_printf(mon, "gdbx: there are %d points already\n",
                       GDBX_MAX_CATCHES);
    }
}

bool gdbx_mon_event(Monitor *mon, const GdbxEventAction *action,
                    const char **args)
{
    const GdbxEventType *type = NULL;
    const char *p = *args;
    GdbxWord word;

    if (gdbx_next_word(&p, word)) {
        type = gdbx_event_type(word);
    }
    if (type) {
        insert(mon, action, type, p);
    }
    return type;
}

static void no_kind(Monitor *mon, const GdbxEventAction *action,
                    const char *args)
{
    GdbxWord word;

    if (!gdbx_next_word(&args, word)) {
        gdbx_usage(mon, action->name);
        return;
    }
    monitor_printf(mon, "gdbx: there is no kind of event '%s'; gdbx help lists "
                   "them\n", word);
}

void gdbx_mon_log(Monitor *mon, const char *args)
{
    if (!gdbx_mon_event(mon, &gdbx_action_log, &args)) {
        no_kind(mon, &gdbx_action_log, args);
    }
}

void gdbx_mon_count(Monitor *mon, const char *args)
{
    if (!gdbx_mon_event(mon, &gdbx_action_count, &args)) {
        no_kind(mon, &gdbx_action_count, args);
    }
}
