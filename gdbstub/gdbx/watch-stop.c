/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hits of watchpoints on their way to gdb.
 *
 * The access has been made when the machine stops, so a hit that is not told
 * now is lost, unlike that of a breakpoint. Hits therefore wait in a queue: several
 * vCPUs may have one at the same stop, an instruction may hit two watches, and
 * gdb hears of one at a time. It gets the next one as the answer to its next resume.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/error-report.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/place.h"
#include "gdbstub/gdbx/watch.h"

/* Each vCPU stops after an instruction; what is more has been merged. */
#define MAX_QUEUE 1024

static GArray *queue;       /* GdbxWatchHit */

static GdbxWatchHit *at(guint i)
{
    return &g_array_index(queue, GdbxWatchHit, i);
}

static bool alike(const GdbxWatchHit *a, const GdbxWatchHit *b)
{
    return a->watch == b->watch && a->cs == b->cs && a->pc == b->pc &&
           (a->cs || !strcmp(a->who, b->who));
}

void gdbx_watch_push(const GdbxWatchHit *hit)
{
    if (!queue) {
        queue = g_array_new(false, true, sizeof(GdbxWatchHit));
    }
    for (guint i = 0; i < queue->len; i++) {
        GdbxWatchHit *h = at(i);

        if (alike(h, hit)) {
            h->first = MIN(h->first, hit->first);
            h->last = MAX(h->last, hit->last);
            h->write |= hit->write;
            return;
        }
    }
    if (queue->len < MAX_QUEUE) {
        hit->watch->hits++;
        g_array_append_val(queue, *hit);
    }
}

void gdbx_watch_hits_drop(const GdbxWatch *w)
{
    qemu_mutex_lock(&gdbx_watch_lock);
    for (guint i = queue ? queue->len : 0; i-- > 0; ) {
        if (!w || at(i)->watch == w) {
            g_array_remove_index(queue, i);
        }
    }
    qemu_mutex_unlock(&gdbx_watch_lock);
    gdbx_back_forget_watch(w);
}

bool gdbx_watch_pending(void)
{
    return queue && queue->len;
}

/*
 * In whose name. After vfork, and with CLONE_VM in general, another process
 * lives in the same address space: not the owner's doing. A kernel thread there
 * works for the owner.
 */
static void look_up(GdbxWatchHit *h)
{
    const OsiTask *t = h->cs ? gdbx_current(h->cs, NULL) : NULL;
    GdbxInferior *inf = gdbx_inferior(h->watch->pid);
    CPUState *cs = h->cs ?: gdbserver_state.c_cpu ?: first_cpu;

    h->owners = !inf || !t || t->kernel_thread || t->tgid == inf->pid;
    if (!inf) {
        h->tid = (GdbxTid) { h->watch->pid, gdb_get_cpu_index(cs) };
    } else {
        h->tid.pid = inf->pid;
        h->tid.tid = t && t->tgid == inf->pid ? t->pid
                     : gdbx_some_thread(inf) ?: inf->pid;
    }
    if (t && !h->who[0]) {
        g_snprintf(h->who, sizeof(h->who), " %s (pid %d)", t->comm,
                   (int)t->pid);
    }
}

/*
 * Is it to be told, and from which byte on does gdb see a change? Looked into at
 * the first stop: later another process may be on that CPU.
 */
static bool counts(GdbxWatchHit *h)
{
    const GdbxWatch *w = h->watch;
    int64_t changed;

    if (!w->armed) {
        return false;
    }
    if (h->looked_up) {
        return true;
    }
    h->looked_up = true;
    look_up(h);
    if (!h->owners) {
        return false;
    }
    if (w->type != 2) {
        return true;
    }
    changed = gdbx_shadow_changed(w, h->first, h->last, h->cs);
    if (changed < 0) {
        return false;
    }
    h->first = changed;
    return true;
}

/* The hit to tell, NULL if none; those that do not count any more go. */
static GdbxWatchHit *choose(void)
{
    GdbxWatchHit *best = NULL;

    for (guint i = queue ? queue->len : 0; i-- > 0; ) {
        if (!counts(at(i))) {
            g_array_remove_index(queue, i);
        }
    }
    for (guint i = 0; queue && i < queue->len; i++) {
        if ((gdbx_may_hear_of(at(i)->tid) ||
             (at(i)->watch->number && !gdbx_run.stepping)) &&
            (!best || (gdbx_in_scope(at(i)->tid.pid) &&
                       !gdbx_in_scope(best->tid.pid)))) {
            best = at(i);
        }
    }
    return best;
}

/* "physical 0x1234..0x123b written by CPU#1 busy (pid 77) at 0x401166" */
static char *who_did(const GdbxWatchHit *h)
{
    const GdbxWatch *w = h->watch;
    uint64_t base = w->physical ? w->addr - GDBX_WINDOW_PHYS : w->addr;
    g_autofree char *who = h->cs
        ? g_strdup_printf("CPU#%d%s at 0x%" PRIx64, h->cs->cpu_index, h->who,
                          h->pc)
        : g_strdup(h->who);

    g_autofree char *number = w->number
        ? g_strdup_printf("watch %u: ", w->number) : g_strdup("");

    return g_strdup_printf("gdbx: %s%s 0x%" PRIx64 "..0x%" PRIx64 " %s by %s",
                           number, w->physical ? "physical" : "address",
                           base + h->first, base + h->last,
                           h->write ? "written" : "read", who);
}

/*
 * gdb looks at every watchpoint of the inferior that has this address: what else
 * was written there has been told with it.
 */
static void gdb_looks_at(const GdbxWatch *w, void *opaque)
{
    const GdbxWatchHit *h = opaque;
    uint64_t addr = h->watch->addr + h->first;

    if (w != h->watch && (w->number || h->watch->number)) {
        return;     /* gdb knows nothing of those by `monitor' */
    }
    if (w->shadow && w->pid == h->watch->pid && addr - w->addr < w->len) {
        gdbx_shadow_refresh((GdbxWatch *)w, h->cs);
        gdbx_watch_hits_drop(w);
    }
}

static void tell(const GdbxWatchHit *h)
{
    static const char *const names[] = { "watch", "rwatch", "awatch" };
    const GdbxWatch *w = h->watch;
    GdbxTid tid = h->tid;
    g_autofree char *who = who_did(h);
    g_autofree char *more = w->number ? g_strdup("")
        : g_strdup_printf("%s:%" PRIx64 ";", names[w->type - 2],
                          w->addr + h->first);

    if (w->physical || w->number) {
        gdbx_console("%s\n", who);
    }
    gdbx_when_event(who);
    gdbx_step_end();
    if (!gdbx_in_scope(h->tid.pid)) {
        gdbx_report_elsewhere(h->cs ?: first_cpu, "hit a watchpoint", h->pc);
        return;
    }
    gdbx_watches_each(gdb_looks_at, (void *)h);
    if (!gdbx_may_hear_of(tid)) {
        tid = gdbx_scope_thread(h->cs ?: first_cpu);
    }
    gdbx_stop_reply(GDB_SIGNAL_TRAP, tid.pid, tid.tid, more);
}

bool gdbx_watch_report(void)
{
    GdbxWatchHit hit, *h;

    qemu_mutex_lock(&gdbx_watch_lock);
    h = choose();
    if (h) {
        hit = *h;
        g_array_remove_index(queue, h - at(0));
    }
    qemu_mutex_unlock(&gdbx_watch_lock);
    if (!h) {
        return false;
    }
    tell(&hit);
    return true;
}
