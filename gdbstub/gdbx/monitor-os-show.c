/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx os task|maps|files|libs|stack TID', `... modules': what the
 * guest OS knows of a task, and its modules. For people; what cannot be told
 * is a line that says why.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"

#define FRAMES 128

/* Names in the guest may hold anything: a line stays a line. g_free() it. */
static char *printable(const char *text)
{
    GString *s = g_string_new(NULL);

    for (; *text; text++) {
        if (g_ascii_iscntrl(*text)) {
            g_string_append_printf(s, "\\%03o", (uint8_t)*text);
        } else {
            g_string_append_c(s, *text);
        }
    }
    return g_string_free(s, false);
}

static void line(Monitor *mon, const char *name, const char *text)
{
    g_autofree char *plain = printable(text);

    monitor_printf(mon, "  %-12s %s\n", name, plain);
}

static void why(Monitor *mon, const char *name, const OsiError *err)
{
    g_autofree char *text = g_strdup_printf("? %s", err->message);

    line(mon, name, text);
}

/* Takes @text over. */
static void string_or_why(Monitor *mon, const char *name, char *text,
                          const OsiError *err)
{
    if (text) {
        line(mon, name, text);
    } else {
        why(mon, name, err);
    }
    g_free(text);
}

static void show_creds(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    OsiCreds c = { 0 };
    OsiError err;

    if (!osi_creds(g, t, &c, &err)) {
        why(mon, "credentials", &err);
        return;
    }
    monitor_printf(mon, "  %-12s uid %u (effective %u) gid %u (effective %u)",
                   "credentials", c.uid, c.euid, c.gid, c.egid);
    if (c.has_caps) {
        monitor_printf(mon, " capabilities 0x%" PRIx64, c.cap_effective);
    }
    monitor_printf(mon, "\n");
    g_free(c.groups);
}

static void show_namespaces(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    OsiNamespaces ns = { .level = -1 };
    OsiError err;

    if (!osi_namespaces(g, t, &ns, &err)) {
        why(mon, "namespaces", &err);
        return;
    }
    monitor_printf(mon, "  %-12s mnt %" PRIu64 " pid %" PRIu64 " net %" PRIu64
                   " uts %" PRIu64 " ipc %" PRIu64 " user %" PRIu64,
                   "namespaces", ns.mnt, ns.pid, ns.net, ns.uts, ns.ipc,
                   ns.user);
    if (ns.level > 0) {
        monitor_printf(mon, "; inside it is %d", ns.pid_inside);
    }
    monitor_printf(mon, "\n");
}

static void show_syscall(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    g_autoptr(GString) s = g_string_new(NULL);
    OsiSyscall sc;
    OsiError err;

    if (!osi_syscall(g, t, &sc, &err)) {
        why(mon, "system call", &err);
        return;
    }
    if (sc.number < 0) {
        g_string_printf(s, "none; in the kernel from 0x%" PRIx64, sc.pc);
    } else {
        g_string_printf(s, "%" PRId64 " %s(", sc.number, sc.name);
        for (int i = 0; i < 6; i++) {
            g_string_append_printf(s, "%s0x%" PRIx64, i ? ", " : "",
                                   sc.args[i]);
        }
        g_string_append_printf(s, ") from 0x%" PRIx64 "%s", sc.pc,
                               sc.compat32 ? ", 32-bit" : "");
    }
    line(mon, "system call", s->str);
}

static void show_task(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    g_autofree char *head = NULL;
    OsiError err;

    monitor_printf(mon, "%d %s: %s, parent %d, state %c, CPU %d, task at 0x%"
                   PRIx64 "\n", t->pid, t->comm, t->kernel_thread
                   ? "a kernel thread" : t->pid == t->tgid ? "a process"
                   : "a thread", t->ppid, t->state, t->cpu, t->object);
    if (t->pid != t->tgid) {
        monitor_printf(mon, "  %-12s %d\n", "process", t->tgid);
    }
    head = t->root.table
        ? g_strdup_printf("page tables at physical 0x%" PRIx64, t->root.table)
        : g_strdup("none");
    line(mon, "memory", head);
    string_or_why(mon, "command", osi_command_line(g, t, &err), &err);
    if (!t->kernel_thread) {
        string_or_why(mon, "executable", osi_exe_path(g, t, &err), &err);
    }
    string_or_why(mon, "directory", osi_cwd(g, t, &err), &err);
    string_or_why(mon, "root", osi_root_path(g, t, &err), &err);
    show_creds(mon, g, t);
    show_namespaces(mon, g, t);
    string_or_why(mon, "cgroup", osi_cgroup(g, t, &err), &err);
    if (!t->kernel_thread) {
        show_syscall(mon, g, t);
    }
}

static void show_maps(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    OsiError err;
    size_t n;
    const OsiVma *v = osi_vmas(g, t, &n, &err);

    if (!v) {
        why(mon, "mappings", &err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path = printable(v[i].path ? v[i].path : "");

        monitor_printf(mon, "  %012" PRIx64 "-%012" PRIx64 " %c%c%c%c %8" PRIx64
                       " %s\n", v[i].start, v[i].end,
                       v[i].rights & OSI_READ ? 'r' : '-',
                       v[i].rights & OSI_WRITE ? 'w' : '-',
                       v[i].rights & OSI_EXEC ? 'x' : '-',
                       v[i].rights & OSI_SHARED ? 's' : 'p', v[i].offset,
                       path);
    }
    monitor_printf(mon, "  %zu mappings\n", n);
}

static void show_files(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    OsiError err;
    size_t n;
    const OsiFile *f = osi_files(g, t, &n, &err);

    if (!f) {
        why(mon, "files", &err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        g_autofree char *path = printable(f[i].path ? f[i].path : "?");

        monitor_printf(mon, "  %4d at %-10" PRIu64 " flags 0%-8o %s\n",
                       f[i].fd, f[i].pos, f[i].flags, path);
    }
    monitor_printf(mon, "  %zu open files\n", n);
}

static void show_libs(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    OsiError err;
    size_t n;
    const OsiLibrary *l = osi_libraries(g, t, &n, &err);

    if (!l) {
        why(mon, "libraries", &err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = printable(*l[i].name ? l[i].name : i
                                          ? "(the vdso)" : "(the program)");

        monitor_printf(mon, "  base 0x%-14" PRIx64 " %s\n", l[i].base,
                       name);
    }
}

static void show_stack(Monitor *mon, OsiGuest *g, const OsiTask *t)
{
    g_autofree OsiFrame *f = g_new0(OsiFrame, FRAMES);
    OsiError err;
    size_t n = 0;

    if (!osi_kernel_stack(g, t, f, FRAMES, &n, &err)) {
        why(mon, "stack", &err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t offset = 0;
        const char *module = NULL;
        const char *name = osi_symbol_in(g, f[i].pc - !f[i].exact, &offset,
                                         &module);

        monitor_printf(mon, "  #%-3zu 0x%016" PRIx64 " %s", i, f[i].pc,
                       f[i].guess ? "? " : "");
        if (name) {
            g_autofree char *plain = printable(name);

            monitor_printf(mon, "%s+%#" PRIx64, plain, offset + !f[i].exact);
        }
        monitor_printf(mon, "%s%s%s\n", module ? " [" : "",
                       module ? module : "", module ? "]" : "");
    }
    if (err.kind) {
        why(mon, "ends here", &err);
    }
}

static void show_modules(Monitor *mon)
{
    OsiGuest *g = gdbx_guest();
    OsiError err;
    size_t n;
    const OsiModule *m = osi_modules(g, &n, &err);

    if (!m) {
        why(mon, "modules", &err);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        monitor_printf(mon, "  0x%016" PRIx64 " %8" PRIu64 " %c %s\n",
                       m[i].base, m[i].size, m[i].state, m[i].name);
    }
    monitor_printf(mon, "  %zu modules\n", n);
}

static const struct {
    const char *verb;
    void (*show)(Monitor *mon, OsiGuest *g, const OsiTask *t);
} of_task[] = {
    { "task", show_task }, { "maps", show_maps }, { "files", show_files },
    { "libs", show_libs }, { "stack", show_stack },
};

bool gdbx_mon_os_show(Monitor *mon, const char *verb, const char *args)
{
    OsiGuest *g = gdbx_guest();
    const OsiTask *t;
    uint64_t tid;
    GdbxWord word, more;
    OsiError err;

    if (!strcmp(verb, "modules")) {
        if (gdbx_next_word(&args, more)) {
            return false;
        }
        show_modules(mon);
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(of_task); i++) {
        if (strcmp(verb, of_task[i].verb)) {
            continue;
        }
        if (!gdbx_next_word(&args, word) || gdbx_next_word(&args, more) ||
            !gdbx_word_number(word, &tid) || tid > INT32_MAX) {
            return false;
        }
        t = osi_task_by_pid(g, tid, &err);
        if (t) {
            of_task[i].show(mon, g, t);
        } else {
            monitor_printf(mon, "gdbx: %s\n", err.message);
        }
        return true;
    }
    return false;
}
