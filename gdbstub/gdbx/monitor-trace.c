/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx trace KIND ... [to FILE]': points at events whose hits become
 * records of a file. The first one opens it; it is closed with the last.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/trace.h"

/* Of a point. */
typedef struct Traced {
    GdbxTrace *trace;
    unsigned kind;
} Traced;

/* What follows `to': false with *@why. */
static bool take_file(const char **args, char **path, char **why)
{
    char buf[PATH_MAX];

    if (!gdbx_next_path(args, buf, sizeof(buf))) {
        *why = g_strdup("`to' wants the name of a file");
        return false;
    }
    g_free(*path);
    *path = g_canonicalize_filename(buf, NULL);
    return true;
}

static bool take_format(const char **args, const GdbxTraceFormat **format,
                        char **why)
{
    GdbxWord word;

    *format = gdbx_next_word(args, word) ? gdbx_trace_format(word) : NULL;
    if (!*format) {
        *why = g_strdup("`as' wants text, binary or chrome");
    }
    return *format;
}

static bool take_options(const char **args, GdbxTraceOptions *o, char **path,
                         char **why)
{
    const char *p = *args;
    GdbxWord word;
    bool good = true;

    while (good && gdbx_next_word(&p, word)) {
        if (!strcmp(word, "to")) {
            good = take_file(&p, path, why);
        } else if (!strcmp(word, "as")) {
            good = take_format(&p, &o->format, why);
        } else if (!strcmp(word, "lossless")) {
            o->lossless = true;
        } else if (!strcmp(word, "force")) {
            o->force = true;
        } else {
            break;
        }
        if (good) {
            *args = p;
        }
    }
    return good;
}

/* The trace that is open, or the one that @o asks for. */
static GdbxTrace *join(const GdbxTraceOptions *o, char **why)
{
    GdbxTrace *t = gdbx_trace_now();

    if (!t && !o->path) {
        *why = g_strdup("the first one has to say `to FILE'");
        return NULL;
    }
    if (t && ((o->path && strcmp(o->path, gdbx_trace_options(t)->path)) ||
              (o->format && o->format != gdbx_trace_options(t)->format))) {
        *why = g_strdup_printf("a trace to %s as %s is open; gdbx trace stop "
                               "ends it", gdbx_trace_options(t)->path,
                               gdbx_trace_options(t)->format->name);
        return NULL;
    }
    if (t) {
        gdbx_trace_ref(t);
        return t;
    }
    return gdbx_trace_open(o, why);
}

static bool parse(const GdbxEventType *type, const char **args, void **state,
                  char **why)
{
    GdbxTraceOptions o = { 0 };
    g_autofree char *path = NULL;
    GdbxTrace *t;
    Traced *traced;
    int kind;

    if (!take_options(args, &o, &path, why)) {
        return false;
    }
    if ((*args)[strspn(*args, " \t")]) {
        return true;            /* who called says what is not understood */
    }
    o.path = path;
    if (path && !o.format && !gdbx_trace_now()) {
        o.format = gdbx_trace_format_of(path);
    }
    t = join(&o, why);
    if (!t) {
        return false;
    }
    kind = gdbx_trace_kind_of(t, type);
    if (kind < 0) {
        *why = g_strdup("there are too many kinds in this trace");
        gdbx_trace_unref(t);
        return false;
    }
    traced = g_new0(Traced, 1);
    traced->trace = t;
    traced->kind = kind;
    *state = traced;
    return true;
}

static void release(void *state)
{
    Traced *traced = state;

    if (traced) {
        gdbx_trace_unref(traced->trace);
        g_free(traced);
    }
}

static void run(CPUState *cs, GdbxCatch *c, GdbxEvent *ev,
                const GdbxEventWho *who)
{
    const Traced *traced = c->spec.state;
    const GdbxTraceFormat *format = gdbx_trace_options(traced->trace)->format;
    unsigned left = ev->ra ? gdbx.arch->insns_left(cs, ev->ra) : 0;
    GdbxTraceEvent e;

    e.icount = timeline_icount_at(cs, left);
    e.time = timeline_ns_at(cs, left);
    e.cpu = cs->cpu_index;
    e.pid = who->known ? who->ids.tgid : 0;
    e.tid = who->known ? who->ids.pid : 0;
    e.kind = traced->kind;
    e.pc = ev->pc;
    e.behind = ev->behind;
    e.known = ev->known;
    memcpy(e.field, ev->field, sizeof(e.field));
    pstrcpy(e.text, sizeof(e.text), format->reads_text
            ? gdbx_event_text(cs, c->spec.point.type, ev) : "");
    gdbx_trace_event(traced->trace, &e);
}

QEMU_BUILD_BUG_ON(GDBX_TRACE_FIELDS != GDBX_EVENT_FIELDS);

const GdbxEventAction gdbx_action_trace = {
    .name = "trace",
    .params = "[to FILE] [as text|binary|chrome] [lossless] [force]",
    .names_task = true,
    .parse = parse, .run = run, .release = release,
};

/* ---- stop, status ---- */

static void find(GdbxCatch *c, void *opaque)
{
    if (c->spec.action == &gdbx_action_trace) {
        g_array_append_val((GArray *)opaque, c->spec.number);
    }
}

static void status(Monitor *mon, GdbxTrace *t)
{
    const GdbxTraceOptions *o = gdbx_trace_options(t);
    GdbxTraceState s = gdbx_trace_state(t);

    monitor_printf(mon, "trace to %s as %s: %" PRIu64 " events, %" PRIu64
                   " in the file (%" PRIu64 " bytes), %" PRIu64 " lost%s\n",
                   o->path, o->format->name, s.events, s.written, s.bytes,
                   s.lost, o->lossless ? ", lossless" : "");
    if (s.error) {
        monitor_printf(mon, "gdbx: the file could not be written: %s\n",
                       strerror(s.error));
    }
}

static void stop(Monitor *mon, GdbxTrace *t)
{
    g_autoptr(GArray) numbers = g_array_new(false, false, sizeof(unsigned));
    GPtrArray *held = gdbx_hold_vcpus();

    /* The file is closed with the last of its points; this is the last. */
    gdbx_trace_ref(t);
    gdbx_catches_each(find, numbers);
    for (guint i = 0; i < numbers->len; i++) {
        gdbx_catches_delete(g_array_index(numbers, unsigned, i));
    }
    gdbx_catches_commit();
    gdbx_trace_drain(t);
    status(mon, t);
    gdbx_trace_unref(t);
    gdbx_points_changed(held);
    gdbx_let_go(held);
}

void gdbx_mon_trace(Monitor *mon, const char *args)
{
    GdbxTrace *t = gdbx_trace_now();
    const char *p = args;
    GdbxWord word, more;

    if (!gdbx_next_word(&p, word)) {
        gdbx_usage(mon, "trace");
    } else if (strcmp(word, "stop") && strcmp(word, "status")) {
        if (!gdbx_mon_event(mon, &gdbx_action_trace, &args)) {
            monitor_printf(mon, "gdbx: there is no kind of event '%s'; "
                           "gdbx help lists them\n", word);
        }
    } else if (gdbx_next_word(&p, more)) {
        gdbx_usage(mon, "trace");
    } else if (!t) {
        monitor_printf(mon, "gdbx: no trace is open\n");
    } else if (!strcmp(word, "stop")) {
        stop(mon, t);
    } else {
        status(mon, t);
    }
}
