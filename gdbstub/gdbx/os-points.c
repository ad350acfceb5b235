/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest OS does, as points: `monitor gdbx break os exec', or `break
 * exec'. The kinds are those of introspection (os-events.c sees them), and the
 * return of a CPU to user mode, which the CPU's own instructions tell
 * (syscall.h).
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "qemu/module.h"
#include "gdbstub/event.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/args.h"
#include "gdbstub/gdbx/os-points.h"
#include "gdbstub/gdbx/gdbx.h"

enum {
    WHAT, PID, TID, TO_PID, TO_TID, CODE, LAST, ADDRESS, LEVEL, SEQ, WHOLE,
    FIELDS
};

static const GdbxEventField fields[] = {
    { "what", true }, { "pid", true }, { "tid", true }, { "to_pid", true },
    { "to_tid", true }, { "code" }, { "last", true }, { "address" },
    { "level", true }, { "seq", true }, { "whole", true },
    { NULL }
};

QEMU_BUILD_BUG_ON(ARRAY_SIZE(fields) != FIELDS + 1);

/* Behind those of introspection. */
#define RETURN_TO_USER OSI_EVENT_KINDS

typedef struct Filter {
    int what;
    GdbxWord name;              /* "": any; of printk: a part of the line */
    bool named;                 /* in the point's words: os WHAT */
} Filter;

/*
 * Names of the event at hand, for match(): a GdbxEvent has numbers only. vCPU
 * threads, each its own.
 */
static __thread const OsiEvent *at_hand;

const OsiEvent *gdbx_os_at_hand(void)
{
    return at_hand;
}

static GdbxOsSubscription *subscription;

static const char *name_of(int what)
{
    return what == RETURN_TO_USER ? "return-to-user" : osi_event_name(what);
}

static bool find(const char *word, int *what)
{
    for (*what = 0; *what <= RETURN_TO_USER; ++*what) {
        if (!strcmp(word, name_of(*what))) {
            return true;
        }
    }
    return false;
}

/* Words that the rest of the line begins with. */
static bool is_reserved(const char *word)
{
    static const char *const words[] = {
        "if", "process", "thread", "cr3", "cpl", "after", "once", "say", "to",
        NULL
    };

    return g_strv_contains(words, word);
}

/* What a line of printk has in it: a word, or "several words". */
static bool next_text(const char **args, GdbxWord text)
{
    const char *at = *args + strspn(*args, " \t");
    const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;

    if (!end) {
        return gdbx_next_word(args, text);
    }
    g_strlcpy(text, at + 1, MIN(end - at, sizeof(GdbxWord)));
    *args = end + 1;
    return true;
}

static void *make_filter(const char **args, int what, bool named)
{
    Filter *f = g_new0(Filter, 1);
    const char *at = *args;
    GdbxWord word;

    f->what = what;
    f->named = named;
    if (what == RETURN_TO_USER) {
        return f;
    }
    if ((what == OSI_EVENT_PRINTK ? next_text(&at, word)
         : gdbx_next_word(&at, word)) && !is_reserved(word)) {
        g_strlcpy(f->name, word, sizeof(f->name));
        *args = at;
    }
    return f;
}

static void *parse_os(const char **args, char **why)
{
    GdbxWord word;
    int what;

    if (gdbx_next_word(args, word) && find(word, &what)) {
        return make_filter(args, what, true);
    }
    *why = g_strdup("which? switch, exec, fork, exit, module-load, "
                    "module-unload, printk, return-to-user");
    return NULL;
}

static bool has_name(const OsiEvent *os, const char *name)
{
    return os->kind == OSI_EVENT_PRINTK ? strstr(os->line, name) != NULL
           : !strcmp(os->name, name) || !strcmp(os->to_name, name);
}

static bool match(const void *filter, const GdbxEvent *ev)
{
    const Filter *f = filter;

    return ev->field[WHAT] == f->what &&
           (!f->name[0] || (at_hand && has_name(at_hand, f->name)));
}

static void describe(const void *filter, GString *out)
{
    const Filter *f = filter;

    if (f->named) {
        g_string_append_printf(out, " %s", name_of(f->what));
    }
    if (f->name[0]) {
        g_string_append_printf(out, strchr(f->name, ' ') ? " \"%s\"" : " %s",
                               f->name);
    }
}

/* ---- what is said of it ---- */

static void text_exit(const OsiEvent *os, char *out, size_t size)
{
    if (!os->last) {
        g_snprintf(out, size, "exit thread %d of %d \"%s\"", os->pid, os->tgid,
                   os->name);
    } else if (os->code & 0x7f) {
        g_snprintf(out, size, "exit %d \"%s\" by signal %d", os->tgid, os->name,
                   os->code & 0x7f);
    } else {
        g_snprintf(out, size, "exit %d \"%s\" status %d", os->tgid, os->name,
                   os->code >> 8 & 0xff);
    }
}

static void text_printk(const OsiEvent *os, char *out, size_t size)
{
    int room = size - sizeof("printk <0> \"\"..");
    bool cut = strlen(os->line) > room;

    g_snprintf(out, size, "printk <%d> \"%.*s\"%s", os->level, room, os->line,
               cut ? ".." : "");
}

static void make_text(CPUState *cs, GdbxEvent *ev)
{
    const OsiEvent *os = at_hand;
    size_t size = sizeof(ev->text);

    if (!os) {
        g_snprintf(ev->text, size, "%s of thread %d", name_of(ev->field[WHAT]),
                   (int)ev->field[TID]);
        return;
    }
    switch (os->kind) {
    case OSI_EVENT_SWITCH:
        g_snprintf(ev->text, size, "switch from %d \"%s\" to %d \"%s\"",
                   os->pid, os->name, os->to_pid, os->to_name);
        break;
    case OSI_EVENT_EXEC:
        g_snprintf(ev->text, size, "exec %d \"%s\", entry 0x%" PRIx64,
                   os->tgid, os->name, os->address);
        break;
    case OSI_EVENT_FORK:
        g_snprintf(ev->text, size, "%s %d \"%s\" makes %d",
                   os->pid != os->tgid ? "fork: thread" : os->shares ? "fork: vfork"
                   : "fork:", os->to_pid, os->to_name, os->pid);
        break;
    case OSI_EVENT_EXIT:
        text_exit(os, ev->text, size);
        break;
    case OSI_EVENT_PRINTK:
        text_printk(os, ev->text, size);
        break;
    default:
        g_snprintf(ev->text, size, "%s %s at 0x%" PRIx64,
                   osi_event_name(os->kind), os->name, os->address);
        break;
    }
}

/* Where the point's name says already what it is. */
static void make_rest(CPUState *cs, GdbxEvent *ev)
{
    const char *rest;

    make_text(cs, ev);
    rest = strchr(ev->text, ' ');
    if (rest) {
        memmove(ev->text, rest + 1, strlen(rest));
    }
}

/* ---- it happens ---- */

static void set(GdbxEvent *ev, int field, uint64_t value)
{
    ev->field[field] = value;
    ev->known |= 1u << field;
}

/* Who does it: $_pid, $_tid; whom it leads to: $_to_pid, $_to_tid. */
static void set_tasks(GdbxEvent *ev, const OsiEvent *os)
{
    bool fork = os->kind == OSI_EVENT_FORK;

    set(ev, PID, fork ? os->to_tgid : os->tgid);
    set(ev, TID, fork ? os->to_pid : os->pid);
    if (fork || os->kind == OSI_EVENT_SWITCH) {
        set(ev, TO_PID, fork ? os->tgid : os->to_tgid);
        set(ev, TO_TID, fork ? os->pid : os->to_pid);
    }
}

static void set_line(CPUState *cs, GdbxEvent *ev, const OsiEvent *os)
{
    OsiIds ids;

    if (gdbx_current_known(cs, &ids)) {
        set(ev, PID, ids.tgid);
        set(ev, TID, ids.pid);
    }
    set(ev, LEVEL, os->level);
    set(ev, SEQ, os->seq);
    set(ev, WHOLE, os->whole);
}

void gdbx_os_point(void *opaque, CPUState *cs, const OsiEvent *os)
{
    /* In front of the kernel's instruction, but it is gdbx_stop_here()'s. */
    GdbxEvent ev = { .kind = GDBX_EVENT_OS, .pc = gdbx.arch->pc(cs),
                     .ra = gdbx_os_event_ra(), .behind = true };

    set(&ev, WHAT, os->kind);
    if (os->kind == OSI_EVENT_MODULE_LOAD ||
        os->kind == OSI_EVENT_MODULE_UNLOAD) {
        set(&ev, ADDRESS, os->address);
    } else if (os->kind == OSI_EVENT_PRINTK) {
        set_line(cs, &ev, os);
    } else {
        set_tasks(&ev, os);
    }
    if (os->kind == OSI_EVENT_EXEC) {
        set(&ev, ADDRESS, os->address);
    } else if (os->kind == OSI_EVENT_EXIT) {
        set(&ev, CODE, (uint32_t)os->code);
        set(&ev, LAST, os->last);
    }
    at_hand = os;
    if (gdbx_event(cs, &ev)) {
        gdbx_stop_here(cs);
    }
    at_hand = NULL;
}

void gdbx_os_user(CPUState *cs)
{
    GdbxEvent ev = { .kind = GDBX_EVENT_OS, .pc = gdbx.arch->pc(cs),
                     .behind = true };
    OsiIds ids;

    set(&ev, WHAT, RETURN_TO_USER);
    if (gdbx_current_known(cs, &ids)) {
        set(&ev, PID, ids.tgid);
        set(&ev, TID, ids.pid);
    }
    if (gdbx_event(cs, &ev)) {
        gdbx_event_stop_behind(cs);
    }
}

/* ---- who wants what ---- */

static void collect(const GdbxEventPoint *p, void *opaque)
{
    *(unsigned *)opaque |= 1u << ((const Filter *)p->filter)->what;
}

static unsigned wanted(void)
{
    unsigned kinds = 0;

    gdbx_event_points_each(GDBX_EVENT_OS, collect, &kinds);
    return kinds;
}

bool gdbx_os_user_wanted(void)
{
    return gdbx_event_wanted(GDBX_EVENT_OS) &&
           (wanted() & 1u << RETURN_TO_USER);
}

static void changed(void)
{
    unsigned kinds = wanted() & ~(1u << RETURN_TO_USER);

    gdbx_os_resubscribe(&subscription, kinds, gdbx_os_point, NULL);
    gdbx_syscalls_prepare();
    for (int kind = 0; kind < OSI_EVENT_KINDS; kind++) {
        OsiError why;

        if ((kinds & 1u << kind) && gdbx_os_event_why(kind, &why)) {
            gdbx_console("gdbx: %s cannot be seen in this guest: %s\n",
                         osi_event_name(kind), why.message);
        }
    }
}

/* ---- kinds by name ---- */

#define OS_TYPE(id, word, takes, says, parser, text_fn)                     \
    static const GdbxEventType id = {                                       \
        .kind = GDBX_EVENT_OS, .name = word, .params = takes, .doc = says,  \
        .fields = fields, .parse = parser, .match = match,                  \
        .describe = describe, .text = text_fn, .changed = changed,          \
    }

#define ALIAS(id, what, word, takes, says)                                  \
    static void *parse_##id(const char **args, char **why)                  \
    {                                                                       \
        return make_filter(args, what, false);                              \
    }                                                                       \
    OS_TYPE(id, word, takes, says, parse_##id, make_rest)

ALIAS(task_switch, OSI_EVENT_SWITCH, "task-switch", "[NAME]",
      "a CPU goes from one task to another; NAME: of either");
ALIAS(os_exec, OSI_EVENT_EXEC, "exec", "[NAME]",
      "a process begins a new program");
ALIAS(os_fork, OSI_EVENT_FORK, "fork", "[NAME]",
      "a task makes another one: fork, vfork, a thread");
ALIAS(os_exit, OSI_EVENT_EXIT, "exit", "[NAME]", "a thread ends");
ALIAS(mod_load, OSI_EVENT_MODULE_LOAD, "module-load", "[NAME]",
      "a module of the kernel is about to begin");
ALIAS(mod_unload, OSI_EVENT_MODULE_UNLOAD, "module-unload", "[NAME]",
      "a module of the kernel goes");
ALIAS(os_printk, OSI_EVENT_PRINTK, "printk", "[TEXT]",
      "the kernel logs a line; TEXT: a word, or \"words\", in it");
ALIAS(return_to_user, RETURN_TO_USER, "return-to-user", "",
      "a CPU leaves the kernel");
OS_TYPE(os, "os", "switch|exec|fork|exit|module-load|module-unload|"
        "printk|return-to-user [NAME]", "what the guest OS does", parse_os, make_text);

static void register_kinds(void)
{
    static const GdbxEventType *const types[] = {
        &os, &task_switch, &os_exec, &os_fork, &os_exit, &mod_load,
        &mod_unload, &os_printk, &return_to_user,
    };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        gdbx_register_event(types[i]);
    }
}

type_init(register_kinds);
