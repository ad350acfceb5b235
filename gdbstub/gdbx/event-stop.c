/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hits of event points on their way to gdb.
 *
 * As with watchpoints they wait in a queue: several vCPUs may have one at the
 * same stop, and gdb may hear of one at a time, in the name of what it resumed
 * (R5, R6). It gets the next one as the answer to its next resume. An instruction
 * that begins anew does not announce again what is in the queue.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "exec/cpu-common.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/place.h"

/* Each vCPU stops after one; what a thread stepped alone does is more. */
#define MAX_QUEUE 256

typedef struct Hit {
    CPUState *cs;
    GdbxCatch *point;           /* in whose way gdb is told */
    char numbers[40];           /* "point 3" "points 3, 5": all that were hit */
    GdbxEvent ev;
    GdbxEventWho who;
    bool looked_up;             /* the rest is filled in */
    bool owners;
    GdbxTid tid;
    char name[40];              /* in process 137 "name" */
} Hit;

static QemuMutex lock;
static GArray *queue;           /* Hit */
static uint64_t lost;           /* more than the queue takes; @lock */

static void __attribute__((constructor)) init(void)
{
    qemu_mutex_init(&lock);
}

static Hit *at(guint i)
{
    return &g_array_index(queue, Hit, i);
}

/* gdb's own first: it would not see its watchpoint in a plain trap. */
static int rank(const GdbxCatch *c)
{
    return c->spec.reply == GDBX_REPLY_OWN ? 2
           : c->spec.reply == GDBX_REPLY_WATCH;
}

static void add_number(Hit *h, const GdbxCatch *c)
{
    size_t len = strlen(h->numbers);

    if (c->spec.number) {
        g_snprintf(h->numbers + len, sizeof(h->numbers) - len, "%s%u",
                   len ? ", " : "", c->spec.number);
    }
}

void gdbx_event_push(CPUState *cs, const GdbxEvent *ev, GdbxCatch *c,
                     const GdbxEventWho *who)
{
    Hit new = { .cs = cs, .point = c, .ev = *ev, .who = *who };
    Hit *last;

    QEMU_LOCK_GUARD(&lock);
    queue = queue ?: g_array_new(false, true, sizeof(Hit));
    last = queue->len ? at(queue->len - 1) : NULL;
    if (last && last->cs == cs && !last->looked_up &&
        last->ev.kind == ev->kind && last->ev.pc == ev->pc &&
        last->point != c && !memcmp(last->ev.field, ev->field,
                                    sizeof(ev->field))) {
        /* Another point at the same event. */
        add_number(last, c);
        last->point = rank(c) > rank(last->point) ? c : last->point;
        last->who = who->known ? *who : last->who;
        return;
    }
    if (queue->len == MAX_QUEUE) {
        lost++;
        return;
    }
    add_number(&new, c);
    g_array_append_val(queue, new);
}

bool gdbx_event_waits(CPUState *cs)
{
    QEMU_LOCK_GUARD(&lock);
    for (guint i = 0; queue && i < queue->len; i++) {
        if (at(i)->cs == cs) {
            return true;
        }
    }
    return false;
}

bool gdbx_event_has_hit(const GdbxCatch *c)
{
    QEMU_LOCK_GUARD(&lock);
    for (guint i = 0; queue && i < queue->len; i++) {
        if (at(i)->point == c) {
            return true;
        }
    }
    return false;
}

void gdbx_event_hits_drop(const GdbxCatch *c)
{
    QEMU_LOCK_GUARD(&lock);
    for (guint i = queue ? queue->len : 0; i-- > 0; ) {
        if (!c || at(i)->point == c) {
            g_array_remove_index(queue, i);
        }
    }
    gdbx_back_forget_catch(c);
}

bool gdbx_event_pending(void)
{
    return queue && queue->len;
}

/* ---- the two ways to stop; vCPU thread ---- */

void gdbx_event_stop_front(CPUState *cs, uintptr_t ra)
{
    gdbx_event_told(cs);
    gdbx_hit(cs)->raised = true;
    cs->exception_index = EXCP_DEBUG;
    cpu_loop_exit_restore(cs, ra);
}

void gdbx_event_stop_behind(CPUState *cs)
{
    gdbx_hit(cs)->raised = true;
    gdbx_interrupt_behind(cs);
}

/* ---- what gdb is told; main thread, vCPUs stopped ---- */

static bool is_live(int64_t pid)
{
    const GdbxInferior *inf = gdbx_inferior(pid);

    return inf && !inf->gone;
}

/*
 * In whose name: of the process it belongs to, where gdb has that and its
 * thread's registers are those of the event: in user mode, or as a system call
 * has saved them. Else of the CPU. gdb looks for a watchpoint in the inferior
 * that it has it in only.
 */
static void look_up(Hit *h)
{
    const OsiTask *t = gdbx_current(h->cs, NULL);
    int64_t owner = h->point->spec.owner, pid = h->point->spec.point.pid;

    h->looked_up = true;
    /* What could not be told in the vCPU thread is told now. */
    h->owners = h->who.known || !pid || !t || t->tgid == pid;
    h->tid = (GdbxTid) { gdbx_cpu_pid(), gdb_get_cpu_index(h->cs) };
    if (!gdbx_is_machine(owner) && is_live(owner)) {
        h->tid.pid = owner;
        h->tid.tid = t && t->tgid == owner ? t->pid
                     : gdbx_some_thread(gdbx_inferior(owner)) ?: owner;
    } else if (h->point->spec.reply == GDBX_REPLY_WATCH) {
        h->tid.pid = owner;
    } else if (t && is_live(t->tgid) && (gdbx_live_cpu(t->pid) == h->cs ||
                                         h->ev.kind == GDBX_EVENT_SYSCALL)) {
        h->tid = (GdbxTid) { t->tgid, t->pid };
    }
    if (t) {
        g_snprintf(h->name, sizeof(h->name), " in process %d \"%s\"",
                   (int)t->tgid, t->comm);
    }
}

static bool counts(Hit *h)
{
    if (!h->point->armed) {
        return false;
    }
    if (!h->looked_up) {
        look_up(h);
    }
    return h->owners;
}

/* Any thread that gdb has resumed will do for it; not for a step (R6). */
static bool is_plain_trap(const Hit *h)
{
    return h->point->spec.reply == GDBX_REPLY_TRAP && !gdbx_run.stepping;
}

/* The hit to tell, NULL if none; those that do not count any more go. */
static Hit *choose(void)
{
    Hit *best = NULL;

    for (guint i = queue ? queue->len : 0; i-- > 0; ) {
        if (!counts(at(i))) {
            g_array_remove_index(queue, i);
        }
    }
    for (guint i = 0; queue && i < queue->len; i++) {
        if ((gdbx_may_hear_of(at(i)->tid) || is_plain_trap(at(i))) &&
            (!best || (gdbx_in_scope(at(i)->tid.pid) &&
                       !gdbx_in_scope(best->tid.pid)))) {
            best = at(i);
        }
    }
    return best;
}

/* "gdbx: point 3: exception #PF ... at 0x401136 in process 137 "name" ..." */
static void say(const Hit *h)
{
    g_autofree char *number = h->numbers[0]
        ? g_strdup_printf("point %s: ", h->numbers) : g_strdup("");

    g_autofree char *what =
        g_strdup_printf("%s%s %s at 0x%" PRIx64 "%s (CPU#%d)", number,
                        h->point->spec.point.type->name, h->ev.text, h->ev.pc,
                        h->name, h->cs->cpu_index);

    gdbx_console("gdbx: %s\n", what);
    gdbx_when_event(what);
}

static char *more_pairs(const Hit *h)
{
    static const char *const names[] = { "watch", "rwatch", "awatch" };
    const GdbxCatchSpec *s = &h->point->spec;
    g_autoptr(GString) more = g_string_new(NULL);

    if (s->reply == GDBX_REPLY_WATCH) {
        g_string_printf(more, "%s:%" PRIx64 ";", names[s->type - 2], s->addr);
    } else if (s->reply == GDBX_REPLY_OWN && s->point.type->reply) {
        s->point.type->reply(&h->ev, more);
    }
    return g_strdup(more->str);
}

static void tell(const Hit *h)
{
    const GdbxCatchSpec *s = &h->point->spec;
    g_autofree char *more = more_pairs(h);
    GdbxTid tid = h->tid;
    int sig = s->signal ? s->signal(&h->ev) : GDB_SIGNAL_TRAP;

    if (s->reply != GDBX_REPLY_OWN) {
        say(h);
    }
    gdbx_step_end();
    if (!gdbx_in_scope(tid.pid) && s->reply != GDBX_REPLY_TRAP) {
        gdbx_report_elsewhere(h->cs, s->point.type->name, h->ev.pc);
        return;
    }
    if (!gdbx_in_scope(tid.pid) || !gdbx_may_hear_of(tid)) {
        /* The CPU itself, or whatever gdb has resumed. */
        tid = (GdbxTid) { gdbx_cpu_pid(), gdb_get_cpu_index(h->cs) };
        tid = gdbx_in_scope(tid.pid) ? tid : gdbx_scope_thread(h->cs);
    }
    gdbx_stop_reply(sig, tid.pid, tid.tid, more);
}

bool gdbx_event_report(void)
{
    Hit hit, *h;

    WITH_QEMU_LOCK_GUARD(&lock) {
        if (lost) {
            gdbx_console("gdbx: %" PRIu64 " events were not told: too many "
                         "at once\n", lost);
            lost = 0;
        }
        h = choose();
        if (h) {
            hit = *h;
            g_array_remove_index(queue, h - at(0));
        }
    }
    if (!h) {
        return false;
    }
    tell(&hit);
    gdbx_back_present(gdbx_event_id(&hit.ev));
    return true;
}
