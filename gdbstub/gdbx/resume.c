/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCont: which threads gdb wants to run, in terms of vCPUs.
 *
 * The guest runs as a whole. What gdb resumed (one process, or everything)
 * decides only in whose name the next stop may be reported (R5, R6). The
 * exception is one thread that gdb steps alone (step.c).
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/os-stops.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/signals.h"
#include "gdbstub/gdbx/step.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/rows.h"

GdbxRun gdbx_run = { .scope = -1 };

void gdbx_start(const char *states)
{
    g_autofree char *copy = g_memdup2(states, gdb_get_max_cpus());
    CPUState *cs;

    CPU_FOREACH(cs) {
        if (states[cs->cpu_index] == 's') {
            /* A step executes its instruction before points count (R6). */
            gdbx_told_clear(cs, ~0u);
        }
    }
    gdbx_run.reply_due = true;
    gdbx_back_no_present();
    gdbx_output_resumed();
    gdb_continue_partial(copy);
    if (runstate_needs_reset()) {
        /* Shut down or failed: nothing has been started. */
        gdbx_stop_in_scope(GDB_SIGNAL_QUIT);
    }
}

char *gdbx_all_states(char action)
{
    char *states = g_new0(char, gdb_get_max_cpus());
    CPUState *cs;

    CPU_FOREACH(cs) {
        states[cs->cpu_index] = action;
    }
    return states;
}

void gdbx_resume_quietly(void)
{
    g_autofree char *states = gdbx_all_states('c');

    gdbx_start(states);
}

static bool step_machine(const GdbxAction *step, bool others)
{
    g_autofree char *states = gdbx_all_states(others ? 'c' : 0);
    CPUState *cs;

    if (!step->has_tid || step->tid.tid <= 0) {
        CPU_FOREACH(cs) {
            states[cs->cpu_index] = 's';
        }
    } else {
        cs = gdbx_machine_cpu(step->tid.tid);
        if (!cs && gdbx_task_thread(step->tid.tid)) {
            gdbx_console("gdbx: no CPU runs this task, so it cannot be stepped "
                         "in the kernel\n");
            gdbx_stop_reply(GDB_SIGNAL_0, step->tid.pid, step->tid.tid, "");
            return true;
        }
        if (!cs) {
            return false;
        }
        states[cs->cpu_index] = 's';
        gdbserver_state.c_cpu = cs;
    }
    gdbx_start(states);
    return true;
}

/* Plainly, but for a thread that has to be seen on its way (call.c). */
static void resume_all(void)
{
    const OsiTask *t = osi_task_by_pid(gdbx_guest(), gdbx_call_waits(), NULL);

    if (!t || !gdbx_inferior(t->tgid) ||
        (gdbx_run.alone && gdbx_run.tid != t->pid)) {
        gdbx_resume_quietly();
        return;
    }
    gdbx_run.stepping = gdbx_run.passing = true;
    gdbx_run.pid = t->tgid;
    gdbx_run.tid = t->pid;
    gdbx_step_go_on();
}

static bool step_process(const GdbxAction *step, bool others)
{
    GdbxInferior *inf = gdbx_inferior(step->tid.pid);

    if (!inf || (step->tid.tid > 0 &&
        (step->tid.tid > INT32_MAX || !gdbx_has_thread(inf, step->tid.tid)))) {
        return false;
    }
    gdbx_run.stepping = true;
    gdbx_run.alone = !others;
    gdbx_run.start = step->start;
    gdbx_run.end = step->end;
    gdbx_run.pid = inf->pid;
    gdbx_run.tid = step->tid.tid > 0 ? step->tid.tid
                                     : gdbx_some_thread(inf) ?: inf->pid;
    gdbx_step_go_on();
    return true;
}

/*
 * scheduler-locking in the machine: only the vCPUs named run, as with QEMU's
 * own stub. False when something else was resumed too.
 */
static bool continue_cpus(const GArray *actions)
{
    g_autofree char *states = gdbx_all_states(0);

    for (guint i = 0; i < actions->len; i++) {
        const GdbxAction *a = &g_array_index(actions, GdbxAction, i);
        CPUState *cs = a->has_tid && gdbx_is_machine(a->tid.pid)
                       ? gdbx_machine_cpu(a->tid.tid) : NULL;

        if (!cs) {
            return false;
        }
        states[cs->cpu_index] = 'c';
        gdbserver_state.c_cpu = cs;
    }
    gdbx_start(states);
    return true;
}

/*
 * scheduler-locking in a process: the guest runs as a whole, but gdb must hear of
 * the one thread that it has resumed.
 */
static void note_alone(const GArray *actions)
{
    const GdbxAction *a = &g_array_index(actions, GdbxAction, 0);
    GdbxInferior *inf = a->has_tid ? gdbx_inferior(a->tid.pid) : NULL;

    if (actions->len == 1 && inf && a->tid.tid > 0 &&
        a->tid.tid <= INT32_MAX && gdbx_has_thread(inf, a->tid.tid)) {
        gdbx_run.alone = true;
        gdbx_run.pid = inf->pid;
        gdbx_run.tid = a->tid.tid;
    }
}

/* What was resumed: one pid, or -1 when more than one inferior is covered. */
static int64_t scope_of(const GArray *actions)
{
    int64_t scope = 0;

    for (guint i = 0; i < actions->len; i++) {
        const GdbxAction *a = &g_array_index(actions, GdbxAction, i);
        int64_t pid = a->has_tid && a->tid.pid > 0 ? a->tid.pid : -1;

        if (scope && scope != pid) {
            return -1;
        }
        scope = pid;
    }
    return scope ? scope : -1;
}

/* gdb 13 wants c, C, s and S to be there before it uses any of it. */
bool gdbx_pkt_vcont_query(const char *args)
{
    gdb_put_packet("vCont;c;C;s;S;r");
    return true;
}

bool gdbx_pkt_vcont(const char *args)
{
    g_autofree char *reason = NULL;
    g_autofree char *text = g_strconcat(";", args, NULL);
    g_autoptr(GArray) actions = gdbx_parse_vcont(text, &reason);
    const GdbxAction *step = NULL;
    bool others = false, ok = true, interrupted;

    if (!actions || !actions->len) {
        gdb_put_packet("E22");
        return true;
    }
    gdbx_inferiors_refresh();
    for (guint i = 0; i < actions->len; i++) {
        const GdbxAction *a = &g_array_index(actions, GdbxAction, i);

        /*
         * The inferior that is current when gdb connects swallows its stops
         * until a resume is given with it selected (E08 in gdb-client.md).
         */
        if (gdbx.general.pid == GDBX_MACHINE_PID ||
            (a->has_tid && a->tid.pid == GDBX_MACHINE_PID)) {
            gdbx.machine_quiet = false;
        }
        if (a->kind == 't' || (a->has_tid && a->tid.pid > 0 &&
            !gdbx_is_machine(a->tid.pid) && !gdbx_inferior(a->tid.pid))) {
            gdb_put_packet("E22");
            return true;
        }
        if (a->kind != 'c' && !step) {
            step = a;
        } else {
            others = true;
        }
    }
    step = gdbx_step_asked(step, others, actions);
    interrupted = gdbx_run.interrupted;
    gdbx_run = (GdbxRun) { .scope = scope_of(actions), .reply_due = true };
    if (!step) {
        note_alone(actions);
    }
    gdbserver_state.signal = 0;
    gdbx_events_update();
    gdbx_signals_resume(actions);
    if (interrupted) {
        gdbx_stop_interrupted();
    } else if (gdbx_seek_performed()) {
        /* As `monitor gdbx seek' has it. */
    } else if (gdbx_report_gone()) {
        /* What had ended by the last stop. */
    } else if ((!step || others) && gdbx_events_pending() &&
               gdbx_events_report()) {
        /* As below: it was done at the last stop. */
    } else if ((!step || others) && gdbx_watch_pending() &&
               gdbx_watch_report()) {
        /* It happened at the last stop already; one at a time can be told. */
    } else if ((!step || others) && gdbx_event_pending() &&
               gdbx_event_report()) {
        /* The same. */
    } else if (!step) {
        if (!continue_cpus(actions)) {
            resume_all();
        }
    } else if (step->has_tid && gdbx_inferior(step->tid.pid)) {
        ok = step_process(step, others);
    } else {
        ok = step_machine(step, others);
    }
    if (!ok) {
        gdbx_run.reply_due = false;
        gdb_put_packet("E22");
    }
    return true;
}
