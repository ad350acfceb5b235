/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Deeds of processes on their way to gdb: what vCPUs put down, in order. See
 * os-stops.h.
 *
 * Locking: the queue and the list of vforks have a lock of their own. Inferiors
 * and rules change only while no vCPU runs.
 */
#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/thread.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/os-stops.h"
#include "gdbstub/gdbx/os-note.h"

/* A process that forks without end, while gdb must not be told. */
#define MAX_QUEUE 4096
#define MAX_VFORKS 1024

typedef struct Vfork {
    int32_t parent, tid, child;
} Vfork;

static QemuMutex lock;
static GArray *queue;           /* GdbxDeed */
static GArray *vforks;          /* Vfork that have not ended */
static unsigned dropped;

/*
 * Forks noted last. A vCPU may come to the instruction again: an interrupt was
 * taken in front of it, and another stop came meanwhile (told.c).
 */
static struct {
    int32_t child;
    uint64_t object;
} noted[256];
static unsigned n_noted;

static bool is_noted(const OsiEvent *ev)
{
    for (unsigned i = 0; i < ARRAY_SIZE(noted); i++) {
        if (noted[i].child == ev->tgid && noted[i].object == ev->object) {
            return true;
        }
    }
    noted[n_noted].child = ev->tgid;
    noted[n_noted].object = ev->object;
    n_noted = (n_noted + 1) % ARRAY_SIZE(noted);
    return false;
}

/* Its number may be given to another. */
static void forget_noted(int32_t pid)
{
    for (unsigned i = 0; i < ARRAY_SIZE(noted); i++) {
        if (noted[i].child == pid) {
            noted[i].child = 0;
        }
    }
}

static void __attribute__((constructor)) init(void)
{
    qemu_mutex_init(&lock);
    queue = g_array_new(false, true, sizeof(GdbxDeed));
    vforks = g_array_new(false, true, sizeof(Vfork));
}

static GdbxDeed *at(guint i)
{
    return &g_array_index(queue, GdbxDeed, i);
}

/* gdb has resumed one thread alone and must hear of no other (R6). */
static bool must_wait(const GdbxDeed *d)
{
    return gdbx_run.pid && gdbx_run.alone &&
           (d->pid != gdbx_run.pid ||
            (d->tid != gdbx_run.tid && d->kind != GDBX_DEED_EXEC &&
             d->kind != GDBX_DEED_EXIT));
}

bool gdbx_deed_fits(const GdbxDeed *d)
{
    bool known = gdbx_inferior(d->pid);

    /* One that gdb does not know yet is in nobody's way. */
    return !d->waits && !must_wait(d) &&
           (known ? gdbx_in_scope(d->pid) : gdbx_run.scope == -1 ||
                                            !gdbx_inferior(gdbx_run.scope));
}

static void push(const GdbxDeed *d)
{
    if (queue->len < MAX_QUEUE) {
        g_array_append_val(queue, *d);
    } else if (!dropped++) {
        gdbx_console("gdbx: more than %d events wait to be told; others are "
                     "lost\n", MAX_QUEUE);
    }
}

/* Will gdb be told of what @pid does, if not now then later? */
static bool is_followed(int32_t pid)
{
    for (guint i = 0; i < queue->len; i++) {
        if (at(i)->pid == pid && at(i)->kind == GDBX_DEED_EXIT) {
            return false;       /* nothing comes behind it */
        }
    }
    if (gdbx_inferior(pid)) {
        return true;
    }
    for (guint i = 0; i < queue->len; i++) {
        if (at(i)->child == pid ||
            (at(i)->pid == pid && at(i)->kind == GDBX_DEED_EXEC)) {
            return true;
        }
    }
    return false;
}

/* The child of a vfork() has let go of its parent's memory. */
static bool end_vfork(int32_t child)
{
    for (guint i = 0; i < vforks->len; i++) {
        const Vfork *v = &g_array_index(vforks, Vfork, i);
        const GdbxDeed d = { .kind = GDBX_DEED_VFORK_DONE,
                             .pid = v->parent, .tid = v->tid };

        if (v->child == child) {
            push(&d);
            g_array_remove_index(vforks, i);
            return gdbx_deed_fits(&d);
        }
    }
    return false;
}

static bool note_fork(const OsiEvent *ev)
{
    const GdbxDeed d = {
        .kind = ev->shares ? GDBX_DEED_VFORK : GDBX_DEED_FORK,
        .pid = ev->to_tgid, .tid = ev->to_pid, .child = ev->tgid,
    };

    if (ev->pid != ev->tgid || !is_followed(ev->to_tgid)) {
        return false;           /* a thread, or nobody's child */
    }
    if (is_noted(ev)) {
        return false;
    }
    push(&d);
    if (ev->shares && vforks->len < MAX_VFORKS) {
        const Vfork v = { ev->to_tgid, ev->to_pid, ev->tgid };

        g_array_append_val(vforks, v);
    }
    return gdbx_deed_fits(&d);
}

/* An exec that has not come to its entry will not, or is another one now. */
static void forget_birth(int32_t pid)
{
    for (guint i = queue->len; i-- > 0; ) {
        if (at(i)->pid == pid && at(i)->waits) {
            g_array_remove_index(queue, i);
        }
    }
}

static bool note_exec(const OsiEvent *ev)
{
    const GdbxDeed d = { .kind = GDBX_DEED_EXEC, .pid = ev->tgid,
                         .tid = ev->tgid, .entry = ev->address,
                         .waits = true };
    bool told = end_vfork(ev->tgid);

    if (!is_followed(ev->tgid) && !gdbx_follow_may_want(ev->name)) {
        return told;
    }
    forget_birth(ev->tgid);
    push(&d);
    return true;                /* its entry is watched from here on */
}

static bool note_exit(const OsiEvent *ev)
{
    const GdbxDeed d = { .kind = GDBX_DEED_EXIT, .pid = ev->tgid,
                         .tid = ev->pid, .code = ev->code };
    bool followed, told;

    if (!ev->last) {
        return false;
    }
    forget_noted(ev->tgid);
    told = end_vfork(ev->tgid);
    followed = is_followed(ev->tgid);
    forget_birth(ev->tgid);
    if (followed) {
        push(&d);
        told |= gdbx_deed_fits(&d);
    }
    return told;
}

/* Only while gdb listens to the machine: it would keep such a stop (E08). */
static bool note_module(void)
{
    const GdbxDeed d = { .kind = GDBX_DEED_MODULES, .pid = GDBX_MACHINE_PID };

    if (!gdbx_in_scope(GDBX_MACHINE_PID)) {
        return false;
    }
    push(&d);
    return gdbx_deed_fits(&d);
}

void gdbx_deed_note(void *opaque, CPUState *cs, const OsiEvent *ev)
{
    bool stop = false;

    if (timeline_busy()) {
        return;                 /* nobody does it now */
    }
    QEMU_LOCK_GUARD(&lock);
    switch (ev->kind) {
    case OSI_EVENT_FORK:
        stop = note_fork(ev);
        break;
    case OSI_EVENT_EXEC:
        stop = note_exec(ev);
        break;
    case OSI_EVENT_EXIT:
        stop = note_exit(ev);
        break;
    case OSI_EVENT_MODULE_LOAD:
    case OSI_EVENT_MODULE_UNLOAD:
        stop = note_module();
        break;
    default:
        break;
    }
    if (stop) {
        gdbx_stop_here(cs);
    }
}

void gdbx_deed_born(CPUState *cs, int32_t pid)
{
    QEMU_LOCK_GUARD(&lock);
    for (guint i = 0; i < queue->len; i++) {
        if (at(i)->pid == pid && at(i)->waits) {
            at(i)->waits = false;
            if (gdbx_deed_fits(at(i))) {
                gdbx_stop_here(cs);
            }
        }
    }
}

void gdbx_deed_push(const GdbxDeed *d)
{
    QEMU_LOCK_GUARD(&lock);
    push(d);
}

bool gdbx_deed_try(const GdbxDeed *d, bool *now)
{
    QEMU_LOCK_GUARD(&lock);
    if (!gdbx_deed_fits(d)) {
        return false;
    }
    *now = true;
    for (guint i = 0; i < queue->len; i++) {
        *now = *now && !(at(i)->pid == d->pid && at(i)->waits);
    }
    push(d);
    return true;
}

bool gdbx_deed_take(bool (*fits)(const GdbxDeed *d), GdbxDeed *d)
{
    QEMU_LOCK_GUARD(&lock);
    for (guint i = 0; i < queue->len; i++) {
        if (fits(at(i))) {
            *d = *at(i);
            g_array_remove_index(queue, i);
            return true;
        }
    }
    return false;
}

void gdbx_deeds_each(bool (*fn)(GdbxDeed *d, void *opaque), void *opaque)
{
    QEMU_LOCK_GUARD(&lock);
    for (guint i = 0; i < queue->len; ) {
        if (fn(at(i), opaque)) {
            i++;
        } else {
            g_array_remove_index(queue, i);
        }
    }
}

bool gdbx_is_vfork(int32_t a, int32_t b)
{
    QEMU_LOCK_GUARD(&lock);
    for (guint i = 0; i < vforks->len; i++) {
        const Vfork *v = &g_array_index(vforks, Vfork, i);

        if ((v->parent == a && v->child == b) ||
            (v->parent == b && v->child == a)) {
            return true;
        }
    }
    return false;
}

void gdbx_deeds_drop(void)
{
    QEMU_LOCK_GUARD(&lock);
    g_array_set_size(queue, 0);
    g_array_set_size(vforks, 0);
    memset(noted, 0, sizeof(noted));
    dropped = 0;
}
