/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads: selecting one (H, R1), and the list gdb shows.
 *
 * The list holds the threads of known inferiors only: a pid that gdb does not
 * know makes it swallow the stop it was waiting for (R3).
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

/*
 * The thread meant by @tid in which 0 is "any": that of the last stop reply
 * (R1), as long as it is in the process asked for.
 */
static bool resolve(GdbxTid *tid)
{
    if (tid->pid <= 0) {
        tid->pid = tid->tid > 0 && gdbx_machine_cpu(tid->tid)
                   ? GDBX_MACHINE_PID : gdbx.stopped.pid;
    }
    if (tid->tid <= 0) {
        if (tid->pid == gdbx.stopped.pid) {
            tid->tid = gdbx.stopped.tid;
        } else if (gdbx_is_machine(tid->pid)) {
            tid->tid = gdb_get_cpu_index(first_cpu);
        } else if (gdbx_inferior(tid->pid)) {
            tid->tid = gdbx_some_thread(gdbx_inferior(tid->pid)) ?: tid->pid;
        }
    }
    return tid->tid > 0;
}

static bool exists(const GdbxTid *tid)
{
    GdbxInferior *inf;

    if (gdbx_is_machine(tid->pid)) {
        return gdbx_machine_cpu(tid->tid) || gdbx_task_thread(tid->tid);
    }
    inf = gdbx_inferior(tid->pid);
    /* An exited one has a thread too until gdb is told: its leader. */
    return inf && (tid->tid == inf->pid || gdbx_has_thread(inf, tid->tid));
}

bool gdbx_pkt_set_thread(const char *args)
{
    char op = *args ? *args++ : 0;
    CPUState *cs;
    GdbxTid tid;

    if (!gdbx_parse_tid(&args, &tid) || *args) {
        return false;
    }
    if (tid.pid == -1 || tid.tid == -1) {
        if (op == 'c') {
            gdbx.control = (GdbxTid) { tid.pid, -1 };
        }
        gdbx_ok();
        return true;
    }
    if ((op != 'g' && op != 'c') || !resolve(&tid) || !exists(&tid)) {
        if (op == 'g') {
            gdbx.general = (GdbxTid) { 0, 0 };  /* gdb may go on regardless */
        }
        gdb_put_packet("E22");
        return true;
    }
    cs = gdbx_is_machine(tid.pid) ? gdbx_machine_cpu(tid.tid) : NULL;
    if (op == 'g') {
        gdbx.general = tid;
        gdbserver_state.g_cpu = cs ?: gdbserver_state.g_cpu;
    } else {
        gdbx.control = tid;
        gdbserver_state.c_cpu = cs ?: gdbserver_state.c_cpu;
    }
    gdbx_ok();
    return true;
}

bool gdbx_pkt_thread_alive(const char *args)
{
    GdbxTid tid;

    if (gdbx_parse_tid(&args, &tid) && !*args && resolve(&tid) &&
        exists(&tid)) {
        gdbx_ok();
    } else {
        gdb_put_packet("E22");
    }
    return true;
}

bool gdbx_pkt_current(const char *args)
{
    g_autoptr(GString) s = g_string_new("QC");
    const GdbxTid *tid = gdbx.general.pid ? &gdbx.general : &gdbx.stopped;

    gdbx_append_tid(s, tid->pid, tid->tid);
    gdbx_reply(s);
    return true;
}

void gdbx_append_thread(GString *out, int64_t pid, int64_t tid, int core,
                        const char *name, const char *text)
{
    g_string_append(out, "<thread id=\"");
    gdbx_append_tid(out, pid, tid);
    g_string_append(out, "\"");
    if (core >= 0) {
        g_string_append_printf(out, " core=\"%d\"", core);
    }
    if (name) {
        g_string_append(out, " name=\"");
        gdbx_append_xml(out, name);
        g_string_append(out, "\"");
    }
    g_string_append(out, ">");
    gdbx_append_xml(out, text);
    g_string_append(out, "</thread>\n");
}

/* "CPU#1 [running] pid 137 user" */
static void append_cpu(GString *out, int64_t pid, CPUState *cs)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const OsiTask *t = gdbx_current(cs, NULL);

    g_string_printf(text, "CPU#%d [%s]", cs->cpu_index,
                    cs->halted ? "halted" : "running");
    if (t && t->pid) {
        g_string_append_printf(text, " %s %d", t->kernel_thread
                               ? "kernel thread" : "pid", t->pid);
    }
    if (t && !t->kernel_thread && t->pid) {
        g_string_append(text, gdbx.arch->privilege(cs) == 3
                        ? " user" : " kernel");
    }
    gdbx_append_thread(out, pid, gdb_get_cpu_index(cs),
                       cs->cpu_index, t ? t->comm : NULL, text->str);
}

static void append_cpus(GString *out, int64_t pid)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        append_cpu(out, pid, cs);
    }
}

static void append_process(GString *out, const GdbxInferior *inf)
{
    size_t n = 0;
    const OsiTask *t = inf->gone ? NULL : osi_tasks(gdbx_guest(), &n, NULL);
    bool any = false;

    for (size_t i = 0; t && i < n; i++) {
        g_autofree char *text = NULL;

        if (!gdbx_is_thread(inf, &t[i])) {
            continue;
        }
        if (t[i].on_cpu) {
            text = g_strdup_printf("on CPU#%d %s", t[i].cpu,
                                   gdbx_live_cpu(t[i].pid) ? "user" : "kernel");
        } else {
            text = g_strdup_printf("state %c", t[i].state);
        }
        gdbx_append_thread(out, inf->pid, t[i].pid, t[i].cpu, t[i].comm, text);
        any = true;
    }
    if (!any) {
        /* gdb keeps an inferior it knows until W: give it one thread. */
        gdbx_append_thread(out, inf->pid, inf->pid, -1, NULL, "exited");
    }
}

bool gdbx_make_threads(const char *annex, GString *out)
{
    g_string_append(out, "<?xml version=\"1.0\"?>\n<threads>\n");
    if (!gdbx.machine_detached) {
        append_cpus(out, GDBX_MACHINE_PID);
        gdbx_append_tasks(out);
    }
    if (gdbx_view_attached(GDBX_REAL_PID)) {
        append_cpus(out, GDBX_REAL_PID);
    }
    if (gdbx_view_attached(GDBX_PROTECTED_PID)) {
        append_cpus(out, GDBX_PROTECTED_PID);
    }
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        append_process(out, g_ptr_array_index(gdbx.inferiors, i));
    }
    g_string_append(out, "</threads>\n");
    return true;
}

bool gdbx_pkt_threads(const char *args)
{
    return gdbx_xfer("threads", args, gdbx_make_threads);
}
