/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deeds of processes, told to gdb: which stop reply each is, and what the stub
 * has to do with it. Main thread, BQL, machine stopped. See os-stops.h.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/let-go.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/os-note.h"
#include "gdbstub/gdbx/step.h"
#include "gdbstub/gdbx/syscall.h"

GdbxEventsAsked gdbx_events_asked;

static GdbxOsSubscription *subscription;
static unsigned listening;      /* kinds of @subscription */

void gdbx_events_supported(const char *args, GString *out)
{
    static const struct {
        const char *name;
        bool *asked;
    } features[] = {
        { "fork-events+", &gdbx_events_asked.fork },
        { "vfork-events+", &gdbx_events_asked.vfork },
        { "exec-events+", &gdbx_events_asked.exec },
    };
    g_auto(GStrv) words = g_strsplit(args + (*args == ':'), ";", 0);

    for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
        *features[i].asked = g_strv_contains((const char *const *)words,
                                             features[i].name);
        if (*features[i].asked) {
            g_string_append_printf(out, ";%s", features[i].name);
        }
    }
}

void gdbx_events_reset(void)
{
    gdbx_modules_forget();
    gdbx_syscalls_reset();
    gdbx_follow_reset();
    gdbx_deeds_drop();
    gdbx_events_update();
}

void gdbx_events_update(void)
{
    unsigned kinds = 0;

    if (gdbx_follow_any()) {
        kinds = 1u << OSI_EVENT_EXEC;
    }
    if (gdbx.inferiors->len) {
        kinds = 1u << OSI_EVENT_EXEC | 1u << OSI_EVENT_FORK |
                1u << OSI_EVENT_EXIT;
    }
    if (gdbx_modules_told()) {
        kinds |= 1u << OSI_EVENT_MODULE_LOAD | 1u << OSI_EVENT_MODULE_UNLOAD;
    }
    if (kinds == listening) {
        return;
    }
    listening = kinds;
    if (subscription) {
        gdbx_os_unsubscribe(g_steal_pointer(&subscription));
    }
    if (kinds) {
        subscription = gdbx_os_subscribe(kinds, gdbx_deed_note, NULL);
    }
}

/* ---- at each stop ---- */

void gdbx_events_space_changed(GdbxInferior *inf)
{
    const GdbxDeed d = { .kind = GDBX_DEED_EXEC, .pid = inf->pid,
                         .tid = inf->pid };
    OsiError why;

    if (!gdbx_events_asked.exec) {
        return;                 /* a client that means the process */
    }
    gdbx_points_forget(inf->pid);
    gdbx_watches_forget(inf->pid);
    inf->renewed = true;
    if (gdbx_os_event_why(OSI_EVENT_EXEC, &why)) {
        gdbx_deed_push(&d);     /* this guest does not say it otherwise */
    }
}

/* A list of births: the callback has the queue's lock. */
static bool collect(GdbxDeed *d, void *opaque)
{
    if (d->waits && !d->begun) {
        d->begun = true;
        g_array_append_val((GArray *)opaque, *d);
    }
    return true;
}

/* Ends a birth at once: @begun false, it is none; else it is over. */
static bool end_birth(GdbxDeed *d, void *opaque)
{
    const GdbxDeed *birth = opaque;

    if (d->pid != birth->pid || !d->waits) {
        return true;
    }
    d->waits = false;
    return birth->begun;
}

/* Begins the birth @d: its process is in the kernel, its program loaded. */
static void begin(GdbxDeed *d)
{
    const OsiTask *t = gdbx_process_task(d->pid, NULL);

    if (!t || !(gdbx_inferior(d->pid) || gdbx_follow_wants(t))) {
        d->begun = false;       /* another of that name */
    } else if (d->entry) {
        gdbx_birth_watch(t, d->entry);
        return;
    }
    gdbx_deeds_each(end_birth, d);
}

void gdbx_events_stopped(void)
{
    g_autoptr(GArray) births = g_array_new(false, false, sizeof(GdbxDeed));

    if (!listening) {
        return;
    }
    gdbx_deeds_each(collect, births);
    if (!births->len) {
        return;
    }
    gdbx_inferiors_refresh();   /* points of what they were before (R12) */
    for (guint i = 0; i < births->len; i++) {
        begin(&g_array_index(births, GdbxDeed, i));
    }
}

static bool count(GdbxDeed *d, void *opaque)
{
    *(unsigned *)opaque += gdbx_deed_fits(d);
    return true;
}

bool gdbx_events_pending(void)
{
    unsigned n = 0;

    gdbx_deeds_each(count, &n);
    return n;
}

typedef struct Wanted {
    int32_t pid;
    bool found;
} Wanted;

static bool is_exit(GdbxDeed *d, void *opaque)
{
    Wanted *w = opaque;

    w->found |= d->kind == GDBX_DEED_EXIT && d->pid == w->pid;
    return true;
}

bool gdbx_events_exit_known(int32_t pid)
{
    Wanted w = { .pid = pid };

    gdbx_deeds_each(is_exit, &w);
    return w.found;
}

/* ---- stop replies ---- */

static void reply(const GdbxInferior *inf, int32_t tid, const char *more)
{
    if (!tid || !gdbx_has_thread(inf, tid)) {
        tid = gdbx_some_thread(inf) ?: inf->pid;
    }
    gdbx_step_end();
    gdbx_step_owe();
    gdbx_stop_reply(GDB_SIGNAL_TRAP, inf->pid, tid, more);
}

static bool tell_exec(const GdbxDeed *d, GdbxInferior *inf)
{
    g_autofree char *path = gdbx_exe_path(d->pid);
    g_autoptr(GString) more = g_string_new("exec:");

    if (!path) {
        path = g_strdup_printf("/proc/%d/exe", (int)d->pid);
    }
    gdbx_append_hex(more, path, strlen(path));
    g_string_append(more, ";");
    inf->renewed = false;
    reply(inf, d->tid, more->str);
    return true;
}

/* A process that gdb does not know: an exec event is what makes it known. */
static bool tell_new(const GdbxDeed *d)
{
    GdbxInferior *inf;
    char why[160];

    if (!gdbx_events_asked.exec) {
        return false;
    }
    inf = gdbx_inferior_add(d->pid, false, why);
    if (!inf) {
        gdbx_console("gdbx: follow: %s\n", why);
        return false;
    }
    return tell_exec(d, inf);
}

/* gdb takes the child for an inferior from now on, and may let go of it. */
static bool tell_fork(const GdbxDeed *d, const GdbxInferior *inf)
{
    bool vfork = d->kind == GDBX_DEED_VFORK;
    g_autofree char *more = NULL;
    const GdbxDeed show = { .kind = GDBX_DEED_SHOW, .pid = d->child,
                            .tid = d->child };
    char why[160];

    if (gdbx_follow_children() && !vfork) {
        gdbx_deed_push(&show);
    }
    if (!(vfork ? gdbx_events_asked.vfork : gdbx_events_asked.fork) ||
        gdbx_inferior(d->child)) {
        return false;
    }
    if (!gdbx_inferior_add(d->child, true, why)) {
        gdbx_console("gdbx: process %d forks %d: %s\n", (int)d->pid,
                     (int)d->child, why);
        return false;
    }
    more = g_strdup_printf("%s:p%x.%x;", vfork ? "vfork" : "fork",
                           (unsigned)d->child, (unsigned)d->child);
    reply(inf, d->tid, more);
    return true;
}

/* Signal numbers of Linux on x86 that are not gdb's (gdb/signals.def). */
static int gdb_signal(int sig)
{
    static const uint8_t differs[32] = {
        [7] = 10, [10] = 30, [12] = 31, [16] = 0, [17] = 20, [18] = 19,
        [19] = 17, [20] = 18, [23] = 16, [29] = 23, [30] = 32, [31] = 12,
    };

    if (sig > 0 && sig < 32) {
        return differs[sig] ? differs[sig] : sig;
    }
    return sig == 32 ? 77 : sig >= 33 && sig <= 63 ? 45 + sig - 33
         : sig == 64 ? 78 : GDB_SIGNAL_UNKNOWN;
}

/* W or X: the end of @inf, which is no inferior afterwards. */
static void reply_exit(GdbxInferior *inf, int32_t code)
{
    g_autoptr(GString) s = g_string_new(NULL);
    int sig = code & 0x7f;

    g_string_printf(s, "%c%02x;process:%x", sig ? 'X' : 'W',
                    sig ? gdb_signal(sig) : code >> 8 & 0xff,
                    (unsigned)inf->pid);
    gdbx_step_end();
    gdbx_run.reply_due = gdbserver_state.allow_stop_reply = false;
    gdbx_inferior_drop(inf);
    gdbx.stopped = (GdbxTid) { GDBX_MACHINE_PID, gdb_get_cpu_index(first_cpu) };
    gdbx.general = gdbx.stopped;
    gdbx_output_stop(s);
    gdbx_let_go_if_nothing();
}

/*
 * `follow exits off': not while gdb has resumed something that lives, in whose
 * name it can be stopped. @may_swallow: gdb is not to be stopped now.
 */
static bool may_be_silent(const GdbxInferior *inf, bool may_swallow)
{
    if (gdbx_follow_exits() || gdbx_run.scope == inf->pid) {
        return false;
    }
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        const GdbxInferior *other = g_ptr_array_index(gdbx.inferiors, i);

        if (other != inf && !other->gone) {
            return true;
        }
    }
    return !gdbx.machine_detached && (may_swallow || !gdbx.machine_quiet);
}

static bool tell_exit(const GdbxDeed *d, GdbxInferior *inf)
{
    if (may_be_silent(inf, true)) {
        inf->gone = true;
        inf->has_code = true;
        inf->code = d->code;
        return false;
    }
    reply_exit(inf, d->code);
    return true;
}

static bool is_told(const GdbxInferior *inf)
{
    return inf->gone && !gdbx_events_exit_known(inf->pid) &&
           !may_be_silent(inf, false);
}

/*
 * gdb accepts W as the answer to a resume only: an exit that no event told is
 * told at the next one or at the stop that follows it.
 */
bool gdbx_report_gone(void)
{
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        GdbxInferior *inf = g_ptr_array_index(gdbx.inferiors, i);
        OsiError why = { 0 };

        if (!is_told(inf)) {
            continue;
        }
        if (!inf->has_code) {
            gdbx_os_event_why(OSI_EVENT_EXIT, &why);
            gdbx_console("gdbx: process %d is gone; its exit status is not "
                         "known%s%s\n", (int)inf->pid,
                         why.kind ? ": " : "", why.message);
        }
        reply_exit(inf, inf->code);
        return true;
    }
    return false;
}

static void tell_call(const GdbxDeed *d, const GdbxInferior *inf)
{
    g_autofree char *more = g_strdup_printf(
        "syscall_%s:%x;", d->kind == GDBX_DEED_CALL ? "entry" : "return",
        (unsigned)d->code);

    reply(inf, d->tid, more);
    gdbx_back_present(gdbx_instant_deed(d, 0, 0).id);
}

/* gdb reads the list anew and goes on without a word. */
static bool tell_modules(void)
{
    CPUState *cs = gdbserver_state.c_cpu ?: first_cpu;

    if (!gdbx_in_scope(GDBX_MACHINE_PID)) {
        return false;
    }
    gdbx_step_end();
    gdbx_stop_reply(GDB_SIGNAL_TRAP, GDBX_MACHINE_PID, gdb_get_cpu_index(cs),
                    "library:;");
    return true;
}

/* False: there is nothing to be told of it. */
static bool tell(const GdbxDeed *d)
{
    GdbxInferior *inf = gdbx_inferior(d->pid);

    if (d->kind == GDBX_DEED_MODULES) {
        return tell_modules();
    }

    if (d->kind == GDBX_DEED_EXEC || d->kind == GDBX_DEED_SHOW) {
        gdbx_birth_forget(d->pid);
        if (!inf) {
            return tell_new(d);
        }
    }
    if (!inf) {
        return false;           /* gdb has let go of it meanwhile */
    }
    switch (d->kind) {
    case GDBX_DEED_FORK:
    case GDBX_DEED_VFORK:
        return tell_fork(d, inf);
    case GDBX_DEED_VFORK_DONE:
        if (!gdbx_events_asked.vfork) {
            return false;
        }
        reply(inf, d->tid, "vforkdone:;");
        return true;
    case GDBX_DEED_EXEC:
        return gdbx_events_asked.exec && tell_exec(d, inf);
    case GDBX_DEED_CALL:
    case GDBX_DEED_CALL_ENDS:
        tell_call(d, inf);
        return true;
    case GDBX_DEED_EXIT:
        gdbx_birth_forget(d->pid);
        return tell_exit(d, inf);
    default:
        return false;
    }
}

bool gdbx_events_report(void)
{
    GdbxDeed d;

    while (gdbx_deed_take(gdbx_deed_fits, &d)) {
        if (tell(&d)) {
            return true;
        }
    }
    return false;
}
