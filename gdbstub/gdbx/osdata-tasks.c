/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `info os' tables of tasks: who is there, what each does in the kernel. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/osdata.h"

#define FRAMES 128

/* As the guest's /proc/PID/cmdline, kernel threads in brackets. */
static void process_row(GString *out, OsiGuest *g, const OsiTask *t)
{
    g_autofree char *command = osi_command_line(g, t, NULL);

    gdbx_os_column(out, "pid", "%d", t->tgid);
    gdbx_os_column(out, "ppid", "%d", t->ppid);
    gdbx_os_column(out, "user", t->uid == OSI_UID_UNKNOWN ? "?" : "%u", t->uid);
    gdbx_os_column(out, "state", "%c", t->state);
    gdbx_os_column(out, "cores", "%d", t->cpu);
    gdbx_os_column(out, "name", "%s", t->comm);
    gdbx_os_column(out, "command", "%s", command ? command : t->comm);
}

static void thread_row(GString *out, OsiGuest *g, const OsiTask *t)
{
    gdbx_os_column(out, "pid", "%d", t->tgid);
    gdbx_os_column(out, "tid", "%d", t->pid);
    gdbx_os_column(out, "state", "%c", t->state);
    gdbx_os_column(out, "core", "%d", t->cpu);
    gdbx_os_column(out, "oncpu", "%s", t->on_cpu ? "yes" : "no");
    gdbx_os_column(out, "command", "%s", t->comm);
}

/* Of process @pid, or of all when it is 0. */
static void task_rows(GString *out, bool leaders, int32_t pid,
                      void (*row)(GString *, OsiGuest *, const OsiTask *))
{
    OsiGuest *g = gdbx_guest();
    OsiError err = { 0 };
    size_t n = 0;
    const OsiTask *t = osi_tasks(g, &n, &err);
    gsize before = out->len;

    if (!t) {
        gdbx_os_reason(out, err.message);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!t[i].pid || (leaders && t[i].pid != t[i].tgid) ||
            (pid && t[i].tgid != pid)) {
            continue;
        }
        if (gdbx_os_late(out)) {
            return;
        }
        gdbx_os_item(out);
        row(out, g, &t[i]);
        gdbx_os_end(out);
    }
    if (out->len == before) {
        gdbx_os_reason(out, pid ? "no such process" : "the guest has no process "
                       "yet, only its idle task");
    }
}

bool gdbx_os_processes(GString *out, const char *args)
{
    task_rows(out, true, 0, process_row);
    return true;
}

bool gdbx_os_threads(GString *out, const char *args)
{
    task_rows(out, false, 0, thread_row);
    return true;
}

/* What a thread is in, with the arguments as the program passed them. */
static void syscall_text(GString *s, OsiGuest *g, const OsiTask *t)
{
    OsiSyscall sc;
    OsiError err = { 0 };

    if (t->kernel_thread) {
        g_string_append(s, "(a kernel thread)");
    } else if (!osi_syscall(g, t, &sc, &err)) {
        g_string_append_printf(s, "(%s)", err.message);
    } else if (sc.number < 0) {
        g_string_append(s, "(in the kernel for another reason)");
    } else {
        g_string_append_printf(s, "%s", sc.name);
        for (int i = 0; i < 6; i++) {
            g_string_append_printf(s, "%s0x%" PRIx64, i ? ", " : "(",
                                   sc.args[i]);
        }
        g_string_append(s, ")");
    }
}

static void syscall_row(GString *out, OsiGuest *g, const OsiTask *t)
{
    g_autoptr(GString) s = g_string_new(NULL);
    OsiSyscall sc = { .number = -1 };

    syscall_text(s, g, t);
    osi_syscall(g, t, &sc, NULL);
    gdbx_os_column(out, "pid", "%d", t->tgid);
    gdbx_os_column(out, "tid", "%d", t->pid);
    gdbx_os_column(out, "name", "%s", t->comm);
    gdbx_os_column(out, "state", "%c", t->state);
    gdbx_os_column(out, "number", sc.number < 0 ? "-" : "%" PRId64, sc.number);
    gdbx_os_column(out, "syscall", "%s", s->str);
}

bool gdbx_os_syscalls(GString *out, const char *args)
{
    uint64_t pid = 0;
    GdbxWord word;
    const char *rest = args;

    if (gdbx_next_word(&rest, word) &&
        (!gdbx_os_number(args, &pid) || !pid || pid > INT32_MAX)) {
        return false;
    }
    task_rows(out, false, pid, syscall_row);
    return true;
}

static void frame_row(GString *out, OsiGuest *g, size_t i, const OsiFrame *f)
{
    uint64_t offset = 0;
    const char *module = NULL;
    /* A return address may be behind the last instruction of a function. */
    const char *name = osi_symbol_in(g, f->pc - !f->exact, &offset, &module);

    gdbx_os_item(out);
    gdbx_os_column(out, "frame", "%zu", i);
    gdbx_os_column(out, "pc", "0x%" PRIx64, f->pc);
    gdbx_os_column(out, "sp", "0x%" PRIx64, f->sp);
    gdbx_os_column(out, "function", name ? "%s+0x%" PRIx64 : "?", name,
                   offset + !f->exact);
    gdbx_os_column(out, "module", "%s", module ? module : "");
    gdbx_os_column(out, "found", "%s", f->guess ? "guess" : "unwound");
    gdbx_os_end(out);
}

bool gdbx_os_stack(GString *out, const char *args)
{
    g_autofree OsiFrame *f = g_new0(OsiFrame, FRAMES);
    OsiError err = { 0 };
    bool understood;
    const OsiTask *t = gdbx_os_task(out, args, &understood);
    size_t n = 0;

    if (!t) {
        return understood;
    }
    if (!osi_kernel_stack(gdbx_guest(), t, f, FRAMES, &n, &err)) {
        gdbx_os_reason(out, err.message);
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        frame_row(out, gdbx_guest(), i, &f[i]);
    }
    if (err.kind) {
        gdbx_os_item(out);
        gdbx_os_column(out, "frame", "...");
        for (int i = 0; i < 2; i++) {
            gdbx_os_column(out, i ? "sp" : "pc", "?");
        }
        gdbx_os_column(out, "function", "ends here: %s", err.message);
        gdbx_os_column(out, "module", "%s", "");
        gdbx_os_column(out, "found", "%s", "");
        gdbx_os_end(out);
    }
    return true;
}
