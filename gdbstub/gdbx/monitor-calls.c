/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `monitor gdbx callstack' and `monitor gdbx bt'. */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "monitor/monitor.h"
#include "gdbstub/gdbx/callstack.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"

/* Frames that are shown if nobody says how many. */
#define SHOWN 64

/* The thread that gdb has selected, and where it is. */
typedef struct Selected {
    const OsiTask *task;        /* NULL: a CPU without a guest OS */
    uint64_t key, pc, sp;
    int cpl;
    bool has_user;              /* where it has left user mode is known */
    uint64_t user_pc, user_sp;
} Selected;

static void show_state(Monitor *mon)
{
    const GdbxCallsWanted *w = &gdbx_calls_wanted;
    unsigned n_threads, n_frames;
    uint64_t refused;

    if (!w->on) {
        monitor_printf(mon, "the call stack is not recorded; gdbx callstack "
                       "on\n");
        return;
    }
    gdbx_callstack_count(&n_threads, &n_frames, &refused);
    if (w->pid) {
        monitor_printf(mon, "recorded: process %d", (int)w->pid);
    } else {
        monitor_printf(mon, "recorded: everything");
    }
    monitor_printf(mon, "; %u threads, %u calls\n", n_threads, n_frames);
    if (refused) {
        monitor_printf(mon, "gdbx: there were more than %d threads: some are "
                       "not recorded\n", GDBX_CALL_THREADS);
    }
}

static bool parse_process(Monitor *mon, const char *args, int32_t *pid)
{
    uint64_t value;
    GdbxWord word;
    OsiError err;

    *pid = 0;
    if (!gdbx_next_word(&args, word)) {
        return true;
    }
    if (strcmp(word, "process") || !gdbx_next_word(&args, word) ||
        !gdbx_word_number(word, &value) || !value || value > INT32_MAX ||
        gdbx_next_word(&args, word)) {
        gdbx_usage(mon, "callstack");
        return false;
    }
    if (!gdbx_process_task(value, &err)) {
        monitor_printf(mon, "gdbx: process %d: %s\n", (int)value, err.message);
        return false;
    }
    *pid = value;
    return true;
}

static void switch_on(Monitor *mon, const char *args)
{
    GdbxCallsWanted w = { .on = true };
    GPtrArray *held;

    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected\n");
        return;
    }
    held = gdbx_hold_vcpus();
    if (parse_process(mon, args, &w.pid)) {
        gdbx_callstack_off();
        gdbx_calls_wanted = w;
        gdbx_callstack_prepare();
        if (!w.pid) {
            gdbx.arch->calls_changed();
        }
        gdbx_current_prepare();
    }
    gdbx_let_go(held);
}

void gdbx_mon_callstack(Monitor *mon, const char *args)
{
    GdbxWord word;

    if (!gdbx_next_word(&args, word)) {
        show_state(mon);
    } else if (!strcmp(word, "on")) {
        switch_on(mon, args);
    } else if (!strcmp(word, "off") && !*args) {
        GPtrArray *held = gdbx_hold_vcpus();

        gdbx_callstack_off();
        gdbx_let_go(held);
    } else {
        gdbx_usage(mon, "callstack");
    }
}

/* ---- where the selected thread is ---- */

static void on_cpu(CPUState *cs, Selected *s)
{
    OsiCpu cpu;

    gdbx.arch->osi_cpu(cs, &cpu);
    s->pc = gdbx.arch->pc(cs);
    s->sp = cpu.rsp;
    s->cpl = gdbx.arch->privilege(cs);
}

static bool select_process(const GdbxInferior *inf, Selected *s, OsiError *err)
{
    GdbxThread thread;
    GdbxSaved saved;

    s->task = osi_task_by_pid(gdbx_guest(), gdbx.general.tid, err);
    if (!s->task || !gdbx_user_thread(inf, gdbx.general.tid, &thread, &saved,
                                      err)) {
        return false;
    }
    s->key = s->task->object;
    if (thread.cs) {
        on_cpu(thread.cs, s);
    } else {
        s->pc = saved.regs.rip;
        s->sp = saved.regs.rsp;
        s->cpl = 3;
    }
    return true;
}

static bool select_thread(Selected *s, OsiError *err)
{
    const GdbxInferior *inf = gdbx_selected();
    OsiUserRegs user;
    OsiKernelRegs k;
    CPUState *cs;

    *s = (Selected) { .task = NULL };
    if (inf) {
        return select_process(inf, s, err);
    }
    s->task = gdbx_task_thread(gdbx.general.tid);
    if (s->task) {
        if (!osi_kernel_regs(gdbx_guest(), s->task, &k, err)) {
            return false;
        }
        s->pc = k.rip;
        s->sp = k.rsp;
    } else {
        cs = gdbserver_state.g_cpu ?: first_cpu;
        on_cpu(cs, s);
        s->task = gdbx_current(cs, NULL);
        s->key = cs->cpu_index + 1;
    }
    if (s->task) {
        s->key = s->task->object;
        s->has_user = s->cpl != 3 && !s->task->kernel_thread &&
                      osi_saved_user_regs(gdbx_guest(), s->task, &user, NULL);
        s->user_sp = s->has_user ? user.rsp : 0;
        s->user_pc = s->has_user ? user.rip : 0;
    }
    return true;
}

/* ---- what is shown ---- */

static void show_user_place(Monitor *mon, const OsiTask *t, uint64_t at)
{
    const OsiVma *v = t ? osi_vma_at(gdbx_guest(), t, at, NULL) : NULL;

    if (v && v->path) {
        g_autofree char *path = g_strescape(v->path, NULL);

        monitor_printf(mon, " in %s", path);
        if (v->file) {
            monitor_printf(mon, "+0x%" PRIx64, at - v->start + v->offset);
        }
    }
}

static void show_kernel_place(Monitor *mon, uint64_t at, bool exact)
{
    const char *module = NULL, *name;
    uint64_t offset = 0;

    name = osi_symbol_in(gdbx_guest(), at - !exact, &offset, &module);
    if (name) {
        g_autofree char *plain = g_strescape(name, NULL);

        monitor_printf(mon, " in %s+0x%" PRIx64, plain, offset + !exact);
    }
    if (module) {
        g_autofree char *plain = g_strescape(module, NULL);

        monitor_printf(mon, " [%s]", plain);
    }
}

static void show_frame(Monitor *mon, const Selected *s, unsigned n,
                       uint64_t pc, int cpl)
{
    monitor_printf(mon, "#%-3u 0x%016" PRIx64, n, pc);
    if (cpl == 3) {
        show_user_place(mon, s->task, pc);
    } else {
        show_kernel_place(mon, pc, !n);
    }
    monitor_printf(mon, "\n");
}

/* Does memory still have the return address? What cannot be read may. */
static bool is_there(const Selected *s, const GdbxCallFrame *f, int cpl)
{
    uint64_t value = 0;
    bool read;

    if (cpl == 3 && s->task) {
        read = osi_process_read(gdbx_guest(), s->task, f->sp, &value, f->size,
                                NULL);
    } else {
        read = gdbx.arch->read_virt(gdbserver_state.g_cpu ?: first_cpu, f->sp,
                                    &value, f->size);
    }
    value = le64_to_cpu(value);
    return !read || value == ((f->back - f->base) &
                              MAKE_64BIT_MASK(0, f->size * 8));
}

typedef struct Shown {
    unsigned n, most, changed;
    bool user;                  /* where the kernel was entered is shown */
} Shown;

static void enter_user(Monitor *mon, const Selected *s, Shown *shown)
{
    if (!shown->user && shown->n < shown->most) {
        show_frame(mon, s, shown->n++, s->user_pc, 3);
    }
    shown->user = true;
}

static void show_stack(Monitor *mon, const Selected *s, const GdbxCallStack *c,
                       uint64_t sp, Shown *shown)
{
    for (unsigned i = c->n; i > 0 && shown->n < shown->most; i--) {
        const GdbxCallFrame *f = &c->frame[i - 1];

        if (f->sp < sp) {
            continue;
        }
        if (!is_there(s, f, c->cpl)) {
            shown->changed++;
            continue;
        }
        show_frame(mon, s, shown->n++, f->back, c->cpl);
    }
    if (c->dropped && shown->n < shown->most) {
        monitor_printf(mon, "     (%" PRIu64 " older calls were dropped)\n",
                       c->dropped);
    }
}

static void show_chain(Monitor *mon, const Selected *s,
                       const GdbxCallThread *t, unsigned most)
{
    Shown shown = { .n = 1, .most = most };
    bool begun = false;

    show_frame(mon, s, 0, s->pc, s->cpl);
    for (unsigned i = t ? t->n : 0; i > 0; i--) {
        const GdbxCallStack *c = &t->stack[i - 1];
        uint64_t sp = 0;

        if (!begun) {
            begun = gdbx_callstack_near(c, s->sp, s->cpl);
            sp = s->sp;
        } else if (c->cpl == 3 && s->has_user) {
            enter_user(mon, s, &shown);
            sp = gdbx_callstack_near(c, s->user_sp, 3) ? s->user_sp : 0;
        }
        if (begun || (c->cpl == 3 && s->cpl != 3)) {
            begun = true;
            show_stack(mon, s, c, sp, &shown);
        }
    }
    if (s->has_user) {
        enter_user(mon, s, &shown);
    }
    if (shown.n < shown.most) {
        monitor_printf(mon, "     (here the recording of it began)\n");
    }
    if (shown.changed) {
        monitor_printf(mon, "     (%u calls left out: their return addresses "
                       "are no longer in memory)\n", shown.changed);
    }
}

void gdbx_mon_bt(Monitor *mon, const char *args)
{
    uint64_t most = SHOWN;
    GdbxWord word, more;
    Selected s;
    OsiError err = { .kind = OSI_OK };

    if (gdbx_next_word(&args, word) &&
        (!gdbx_word_number(word, &most) || !most || gdbx_next_word(&args, more))) {
        gdbx_usage(mon, "bt");
    } else if (!gdbx_calls_wanted.on) {
        show_state(mon);
    } else if (!select_thread(&s, &err)) {
        monitor_printf(mon, "gdbx: where the thread is cannot be told: %s\n",
                       err.message);
    } else {
        show_chain(mon, &s, gdbx_callstack_of(s.key), MIN(most, UINT_MAX));
    }
}
