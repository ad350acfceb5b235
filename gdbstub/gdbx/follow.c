/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx follow': which processes gdb shall know without being told to
 * attach. It is told at a resume, by exec events (os-stops-tell.c): those that
 * run already at the next one, others when they begin their program.
 *
 * Rules change while no vCPU runs; vCPU threads read them.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "system/runstate.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/os-stops.h"

#define MAX_NAMES 64
/* More at once make gdb slow: each arrival reads all breakpoints anew. */
#define MANY 40

typedef struct Name {
    char *text;                     /* a name, or a path */
    char comm[OSI_COMM_LEN];        /* how the kernel cuts it */
} Name;

static struct {
    bool fresh, children, silent_exits;
    GPtrArray *names;
} rules;

static const char *base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void name_free(void *opaque)
{
    Name *n = opaque;

    g_free(n->text);
    g_free(n);
}

static guint count(void)
{
    return rules.names ? rules.names->len : 0;
}

static Name *name_at(guint i)
{
    return g_ptr_array_index(rules.names, i);
}

bool gdbx_follow_any(void)
{
    return rules.fresh || count();
}

bool gdbx_follow_children(void)
{
    return rules.children;
}

bool gdbx_follow_exits(void)
{
    return !rules.silent_exits;
}

bool gdbx_follow_may_want(const char *comm)
{
    for (guint i = 0; i < count(); i++) {
        if (!strcmp(name_at(i)->comm, comm)) {
            return true;
        }
    }
    return rules.fresh;
}

/* A script's process is called like the script, and runs its interpreter. */
static bool fits(const Name *n, const OsiTask *t, const char *path)
{
    bool cut = strlen(base(n->text)) >= sizeof(n->comm);

    if (strcmp(n->comm, t->comm)) {
        return path && !strcmp(strchr(n->text, '/') ? path : base(path),
                               n->text);
    }
    return path && (cut || strchr(n->text, '/'))
        ? !strcmp(strchr(n->text, '/') ? path : base(path), n->text) : true;
}

bool gdbx_follow_wants(const OsiTask *t)
{
    g_autofree char *path = count() ? gdbx_exe_path(t->tgid) : NULL;

    for (guint i = 0; i < count(); i++) {
        if (fits(name_at(i), t, path)) {
            return true;
        }
    }
    return rules.fresh;
}

void gdbx_follow_reset(void)
{
    rules.fresh = rules.children = rules.silent_exits = false;
    if (rules.names) {
        g_ptr_array_set_size(rules.names, 0);
    }
}

/* ---- the command ---- */

static bool show(int32_t pid)
{
    const GdbxDeed d = { .kind = GDBX_DEED_SHOW, .pid = pid, .tid = pid };

    if (gdbx_inferior(pid)) {
        return false;
    }
    gdbx_deed_push(&d);
    return true;
}

static void follow_pid(Monitor *mon, int32_t pid)
{
    const OsiTask *t = gdbx_process_task(pid, NULL);

    if (!t || t->tgid != pid || !t->root.table) {
        monitor_printf(mon, "gdbx: %s %d%s\n", t ? "process" : "no process",
                       (int)pid, t ? " has no user memory, or is a thread" :
                       "");
    } else if (show(pid)) {
        monitor_printf(mon, "process %d: at the next resume\n", (int)pid);
    } else {
        monitor_printf(mon, "process %d is an inferior already\n", (int)pid);
    }
}

static void show_running(Monitor *mon, const Name *name)
{
    size_t n = 0;
    unsigned shown = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, NULL);

    for (size_t i = 0; t && i < n; i++) {
        g_autofree char *path = NULL;

        if (t[i].pid != t[i].tgid || !t[i].root.table) {
            continue;
        }
        path = gdbx_exe_path(t[i].tgid);
        shown += fits(name, &t[i], path) && show(t[i].tgid);
    }
    monitor_printf(mon, "%s: ", name->text);
    if (shown) {
        monitor_printf(mon, "%u that run%s now at the next resume, ", shown,
                       shown == 1 ? "s" : "");
    }
    monitor_printf(mon, "each that begins from then on\n");
    if (shown > MANY) {
        monitor_printf(mon, "gdbx: gdb takes seconds for so many\n");
    }
}

static void follow_name(Monitor *mon, const char *text)
{
    Name *n;

    if (!rules.names) {
        rules.names = g_ptr_array_new_with_free_func(name_free);
    }
    for (guint i = 0; i < count(); i++) {
        if (!strcmp(name_at(i)->text, text)) {
            show_running(mon, name_at(i));
            return;
        }
    }
    if (count() >= MAX_NAMES) {
        monitor_printf(mon, "gdbx: %d names are followed already\n",
                       MAX_NAMES);
        return;
    }
    n = g_new0(Name, 1);
    n->text = g_strdup(text);
    g_strlcpy(n->comm, base(text), sizeof(n->comm));
    g_ptr_array_add(rules.names, n);
    show_running(mon, n);
}

static void show_rules(Monitor *mon)
{
    OsiError why;

    if (!gdbx_follow_any() && !rules.children) {
        monitor_printf(mon, "no process is followed by name\n");
    }
    for (guint i = 0; i < count(); i++) {
        monitor_printf(mon, "  %s\n", name_at(i)->text);
    }
    if (rules.fresh) {
        monitor_printf(mon, "  every process that begins a program (new)\n");
    }
    if (rules.children) {
        monitor_printf(mon, "  children of the processes that gdb has\n");
    }
    if (rules.silent_exits) {
        monitor_printf(mon, "  exits do not stop\n");
    }
    gdbx_events_update();
    for (int kind = OSI_EVENT_EXEC; kind <= OSI_EVENT_EXIT; kind++) {
        if (gdbx_os_event_why(kind, &why)) {
            monitor_printf(mon, "  %s: cannot be seen: %s\n",
                           osi_event_name(kind), why.message);
        }
    }
}

static bool follow_off(Monitor *mon, const char *args)
{
    GdbxWord word;

    if (!*args) {
        bool silent = rules.silent_exits;

        gdbx_follow_reset();
        rules.silent_exits = silent;
        return true;
    }
    while (gdbx_next_word(&args, word)) {
        guint i = 0;

        while (i < count() && strcmp(name_at(i)->text, word)) {
            i++;
        }
        if (i < count()) {
            g_ptr_array_remove_index(rules.names, i);
        } else if (!strcmp(word, "new")) {
            rules.fresh = false;
        } else if (!strcmp(word, "children")) {
            rules.children = false;
        } else {
            monitor_printf(mon, "gdbx: not followed: %s\n", word);
        }
    }
    return true;
}

static bool follow_exits(const char *args)
{
    GdbxWord word;

    if (!gdbx_next_word(&args, word) || *args ||
        (strcmp(word, "on") && strcmp(word, "off"))) {
        return false;
    }
    rules.silent_exits = !strcmp(word, "off");
    return true;
}

/* False: not understood. */
static bool follow(Monitor *mon, const char *args)
{
    uint64_t pid;
    GdbxWord word;

    while (gdbx_next_word(&args, word)) {
        if (!strcmp(word, "off")) {
            return follow_off(mon, args);
        } else if (!strcmp(word, "exits")) {
            return follow_exits(args);
        } else if (!strcmp(word, "new")) {
            rules.fresh = true;
        } else if (!strcmp(word, "children")) {
            rules.children = true;
        } else if (!gdbx_word_number(word, &pid)) {
            follow_name(mon, word);
        } else if (pid && pid <= INT32_MAX) {
            follow_pid(mon, pid);
        } else {
            return false;
        }
    }
    return true;
}

void gdbx_mon_follow(Monitor *mon, const char *args)
{
    GPtrArray *held;
    bool listing = !*args, ok;

    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected that could be told\n");
        return;
    }
    if (!gdbx_events_asked.exec && !g_str_has_prefix(args, "exits")) {
        monitor_printf(mon, "gdbx: this client does not understand exec "
                       "events\n");
        return;
    }
    held = gdbx_hold_vcpus();
    if (runstate_is_running()) {
        gdbx_guest_stale();
    }
    ok = follow(mon, args);
    if (listing) {
        show_rules(mon);
    }
    gdbx_events_update();
    if (runstate_is_running()) {
        gdbx_guest_stale();
    }
    gdbx_let_go(held);
    if (!ok) {
        gdbx_usage(mon, "follow");
    }
}
