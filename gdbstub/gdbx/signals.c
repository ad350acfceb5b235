/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults as signals: the kind of event `signal' and `monitor gdbx signals'.
 *
 * The CPU is stopped in the kernel, at the function that would force the signal
 * on the thread; gdb, which has selected the process, sees the user registers of
 * the instruction at fault. Resumed with the signal (C0b) the kernel goes on,
 * and the program's handler or its default action follows. Resumed without
 * (`signal 0', or any SIGTRAP) the function returns at once, so nothing is
 * delivered and the instruction begins anew: as ptrace does it.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/bitmap.h"
#include "hw/core/cpu.h"
#include "monitor/monitor.h"
#include "gdbstub/fault.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/signals.h"

/* Linux's numbers, gdb's (include/gdb/signals.def) and the names. */
static const struct {
    const char *name;
    uint8_t number, gdb;
} signals[] = {
    { "SIGILL", 4, 4 }, { "SIGTRAP", 5, 5 }, { "SIGABRT", 6, 6 },
    { "SIGBUS", 7, 10 }, { "SIGFPE", 8, 8 }, { "SIGKILL", 9, 9 },
    { "SIGSEGV", 11, 11 }, { "SIGSYS", 31, 12 },
};

#define GDB_SIGNALS 256
#define LINUX_SIGNALS 65

static DECLARE_BITMAP(passed, GDB_SIGNALS);     /* by gdb's numbers */
static bool on;

/* The stop that gdb was told last; tid 0: another one. */
static struct {
    int32_t tid;
    int sig;                /* gdb's number */
} told;

const char *gdbx_signal_name(unsigned number)
{
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (signals[i].number == number) {
            return signals[i].name;
        }
    }
    return NULL;
}

/* Of one that gdb has no name for: its "unknown". */
static int gdb_signal(unsigned number)
{
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (signals[i].number == number) {
            return signals[i].gdb;
        }
    }
    return GDB_SIGNAL_UNKNOWN;
}

/* ---- the kind ---- */

typedef struct Filter {
    DECLARE_BITMAP(numbers, LINUX_SIGNALS);
    bool some;
    bool unless_passed;     /* not those of QPassSignals */
} Filter;

/* "segv", "SIGSEGV" or 11; 0: none of ours. */
static unsigned number_of(const char *word)
{
    uint64_t n;

    if (gdbx_word_number(word, &n)) {
        return n < LINUX_SIGNALS ? n : 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (!g_ascii_strcasecmp(word, signals[i].name) ||
            !g_ascii_strcasecmp(word, signals[i].name + 3)) {
            return signals[i].number;
        }
    }
    return 0;
}

static void *parse(const char **args, char **why)
{
    Filter *f = g_new0(Filter, 1);
    const char *rest = *args;
    GdbxWord word;

    *why = gdbx_faults_why();
    while (!*why && gdbx_next_word(&rest, word)) {
        unsigned n = number_of(word);

        if (n) {
            set_bit(n, f->numbers);
            f->some = true;
        } else if (g_ascii_isdigit(*word)) {
            *why = g_strdup_printf("there is no signal %s", word);
        } else if (strcmp(word, "all")) {
            break;
        }
        *args = rest;
    }
    if (*why) {
        g_free(f);
        return NULL;
    }
    return f;
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;
    unsigned n = ev->field[GDBX_EXC_SIGNAL];

    return gdbx_exception_is_signal(ev) && n < LINUX_SIGNALS &&
           (!f->some || test_bit(n, f->numbers)) &&
           !(f->unless_passed && test_bit(gdb_signal(n), passed));
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;
    const char *blank = "";

    for (unsigned n = 0; f->some && n < LINUX_SIGNALS; n++) {
        if (test_bit(n, f->numbers)) {
            const char *name = gdbx_signal_name(n);

            g_string_append(out, blank);
            if (name) {
                g_string_append(out, name);
            } else {
                g_string_append_printf(out, "%u", n);
            }
            blank = " ";
        }
    }
    if (!f->some) {
        g_string_append(out, "all");
    }
}

static void text(CPUState *cs, GdbxEvent *ev)
{
    unsigned n = ev->field[GDBX_EXC_SIGNAL];
    const char *name = gdbx_signal_name(n);
    g_autofree char *vector = ev->known >> GDBX_EXC_VECTOR & 1
        ? g_strdup_printf(" of exception %" PRIu64,
                          ev->field[GDBX_EXC_VECTOR]) : g_strdup("");

    g_snprintf(ev->text, sizeof(ev->text), "%u %s%scode %d address 0x%" PRIx64
               "%s to thread %d", n, name ? name : "", name ? " " : "",
               (int)ev->field[GDBX_EXC_CODE], ev->field[GDBX_EXC_ADDRESS],
               vector, (int)ev->field[GDBX_EXC_THREAD]);
}

static void changed(void);

static const GdbxEventType type = {
    .kind = GDBX_EVENT_EXCEPTION,
    .name = "signal",
    .params = "[NAME|NUMBER|all ...]",
    .doc = "a thread is going to get a signal for its own fault",
    .more =
    "  NAME   segv, SIGBUS, fpe, ill, trap ...\n"
    "The guest's kernel has decided so: pages that it brings in are not meant, "
    "nor is what\n"
    "kill(2) sends. The CPU is in the kernel. Needs the kernel's symbols.\n",
    .fields = gdbx_exception_fields,
    .parse = parse, .match = match, .describe = describe, .text = text,
    .changed = changed,
};

static void look(const GdbxEventPoint *p, void *opaque)
{
    bool *any = opaque;

    *any |= p->type == &type;
}

static void changed(void)
{
    bool any = false;

    gdbx_event_points_each(GDBX_EVENT_EXCEPTION, look, &any);
    gdbx_faults_want(GDBX_FAULTS_SIGNAL, any);
}

static void register_type(void)
{
    gdbx_register_event(&type);
}

type_init(register_type);

/* ---- in followed processes ---- */

/* How the stop is told; GdbxCatchSpec.signal. */
static int signal_of(const GdbxEvent *ev)
{
    told.tid = ev->field[GDBX_EXC_THREAD];
    told.sig = gdb_signal(ev->field[GDBX_EXC_SIGNAL]);
    gdbx_siginfo_fault(ev->field[GDBX_EXC_SIGNAL], ev->field[GDBX_EXC_CODE],
                       ev->field[GDBX_EXC_ADDRESS]);
    return told.sig;
}

typedef struct Search {
    int64_t owner;
    bool found;
} Search;

static void compare(GdbxCatch *c, void *opaque)
{
    Search *s = opaque;

    s->found |= c->spec.signal == signal_of && c->spec.owner == s->owner &&
                c->armed;
}

static void disarm(GdbxCatch *c, void *opaque)
{
    if (c->spec.signal == signal_of) {
        gdbx_catch_disarm(c);
    }
}

static void add(const GdbxInferior *inf)
{
    Search s = { .owner = inf->pid };
    Filter *f;

    gdbx_catches_each(compare, &s);
    if (s.found || inf->gone) {
        return;
    }
    f = g_new0(Filter, 1);
    f->unless_passed = true;
    gdbx_catch_insert(&(GdbxCatchSpec) {
        .point = { .type = &type, .filter = f, .pid = inf->pid, .cpl = -1 },
        .owner = inf->pid, .action = &gdbx_action_break,
        .reply = GDBX_REPLY_OWN, .signal = signal_of,
    });
}

void gdbx_signals_prepare(void)
{
    if (!on) {
        gdbx_catches_each(disarm, NULL);
        return;
    }
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        add(g_ptr_array_index(gdbx.inferiors, i));
    }
}

void gdbx_signals_reset(void)
{
    on = false;
    told.tid = 0;
    bitmap_zero(passed, GDB_SIGNALS);
}

void gdbx_mon_signals(Monitor *mon, const char *args)
{
    g_autofree char *why = NULL;
    GdbxWord word;

    if (!gdbx_next_word(&args, word)) {
        monitor_printf(mon, "signals %s\n", on ? "on" : "off");
    } else if (!strcmp(word, "off")) {
        on = false;
    } else if (strcmp(word, "on")) {
        gdbx_usage(mon, "signals");
    } else {
        why = gdbx_faults_why();
        if (why) {
            monitor_printf(mon, "gdbx: %s\n", why);
            return;
        }
        on = true;
    }
}

bool gdbx_pkt_pass_signals(const char *args)
{
    DECLARE_BITMAP(fresh, GDB_SIGNALS) = { 0 };

    while (*args) {
        uint64_t n;

        if (!gdbx_parse_hex(&args, &n) || n >= GDB_SIGNALS ||
            (*args && *args++ != ';')) {
            gdbx_error("malformed list of signals");
            return true;
        }
        set_bit(n, fresh);
    }
    bitmap_copy(passed, fresh, GDB_SIGNALS);
    gdbx_ok();
    return true;
}

/* The action that is meant for thread @tid, whose process is @pid. */
static const GdbxAction *action_of(const GArray *actions, int64_t pid,
                                   int64_t tid)
{
    for (guint i = 0; i < actions->len; i++) {
        const GdbxAction *a = &g_array_index(actions, GdbxAction, i);

        if (!a->has_tid || a->tid.pid == -1 ||
            (a->tid.pid == pid && (a->tid.tid <= 0 || a->tid.tid == tid))) {
            return a;
        }
    }
    return NULL;
}

/* The CPU that is about to force a signal on @tid. */
static CPUState *cpu_of(int32_t tid)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        const OsiTask *t = gdbx_current(cs, NULL);

        if (t && t->pid == tid && gdbx_fault_here(cs)) {
            return cs;
        }
    }
    return NULL;
}

void gdbx_signals_resume(const GArray *actions)
{
    int64_t pid = gdbx.stopped.pid, tid = told.tid;
    const GdbxAction *a;
    CPUState *cs;

    told.tid = 0;
    if (!tid || tid != gdbx.stopped.tid || gdbx_is_machine(pid)) {
        return;
    }
    a = action_of(actions, pid, tid);
    cs = a ? cpu_of(tid) : NULL;
    if (!cs) {
        return;
    }
    if (a->sig && a->sig != told.sig) {
        gdbx_console("gdbx: no other signal can be delivered; the guest "
                     "delivers the one that was told\n");
    } else if (!a->sig) {
        gdbx.arch->leave_function(cs);
        gdbx_guest_stale();
    }
}
