/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "gdbstub/gdbx/callstack.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/roots.h"

#define FIRST_ROOM 32
/* A user stack pointer that has moved farther is on another stack, bytes. */
#define FAR_AWAY (1u << 20)
/* Kernel stacks are aligned at this, or more: THREAD_SIZE of x86-64, bits. */
#define KERNEL_STACK_BITS 14

GdbxCallsWanted gdbx_calls_wanted;

static QemuMutex lock;
static GHashTable *threads;     /* GdbxCallThread, owned; its own key */
static unsigned frames;         /* that there is room for, in all of them */
static uint64_t refused;

/* Per vCPU, its own: whose record it used last. */
typedef struct Last {
    uint64_t key;
    GdbxCallThread *thread;
} Last;
static Last *last;

static void thread_free(gpointer p)
{
    GdbxCallThread *t = p;

    for (int i = 0; i < GDBX_CALL_STACKS; i++) {
        qatomic_sub(&frames, t->stack[i].room);
        g_free(t->stack[i].frame);
    }
    g_free(t);
}

static void init(void)
{
    if (!threads) {
        qemu_mutex_init(&lock);
        threads = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                        thread_free);
        last = g_new0(Last, gdb_get_max_cpus());
    }
}

static GdbxCallThread *look_up(uint64_t key)
{
    GdbxCallThread *t;

    QEMU_LOCK_GUARD(&lock);
    t = g_hash_table_lookup(threads, &key);
    if (!t && g_hash_table_size(threads) < GDBX_CALL_THREADS) {
        t = g_new0(GdbxCallThread, 1);
        t->key = key;
        g_hash_table_add(threads, t);
    } else if (!t) {
        refused++;
    }
    return t;
}

static GdbxCallThread *current(CPUState *cs)
{
    Last *l = &last[cs->cpu_index];
    uint64_t key;

    if (!gdbx_current_object(cs, &key)) {
        key = cs->cpu_index + 1;
    }
    if (l->key != key) {
        *l = (Last) { key, look_up(key) };
    }
    return l->thread;
}

bool gdbx_callstack_near(const GdbxCallStack *s, uint64_t sp, int cpl)
{
    if (s->cpl != cpl) {
        return false;
    }
    return cpl == 3 ? sp - s->edge + FAR_AWAY < 2 * FAR_AWAY
                    : sp >> KERNEL_STACK_BITS == s->edge >> KERNEL_STACK_BITS;
}

/* What was on the stacks from @n on is over; their memory is kept for later. */
static GdbxCallStack *begin(GdbxCallThread *t, int cpl)
{
    GdbxCallStack *s;

    if (t->n == GDBX_CALL_STACKS) {
        GdbxCallStack oldest = t->stack[0];

        memmove(t->stack, t->stack + 1, --t->n * sizeof(*t->stack));
        t->stack[t->n] = oldest;
    }
    s = &t->stack[t->n++];
    s->cpl = cpl;
    s->n = 0;
    s->dropped = 0;
    return s;
}

static GdbxCallStack *stack_at(GdbxCallThread *t, uint64_t sp, int cpl)
{
    GdbxCallStack *s = NULL;

    /* In user mode there is nothing on the kernel's stacks. */
    while (cpl == 3 && t->n && t->stack[t->n - 1].cpl != 3) {
        t->n--;
    }
    for (unsigned i = t->n; i > 0 && !s; i--) {
        if (gdbx_callstack_near(&t->stack[i - 1], sp, cpl)) {
            t->n = i;
            s = &t->stack[i - 1];
        }
    }
    s = s ?: begin(t, cpl);
    s->edge = sp;
    return s;
}

/* What lay at @sp or below is over. */
static void end_below(GdbxCallStack *s, uint64_t sp)
{
    while (s->n && s->frame[s->n - 1].sp <= sp) {
        s->n--;
    }
}

static bool grow(GdbxCallStack *s)
{
    unsigned more = s->room ?: FIRST_ROOM;

    if (s->room + more > GDBX_CALL_DEPTH ||
        qatomic_fetch_add(&frames, more) + more > GDBX_CALL_FRAMES) {
        if (s->room + more <= GDBX_CALL_DEPTH) {
            qatomic_sub(&frames, more);
        }
        return false;
    }
    s->room += more;
    s->frame = g_renew(GdbxCallFrame, s->frame, s->room);
    return true;
}

void gdbx_callstack_call(CPUState *cs, const GdbxCallFrame *f)
{
    GdbxCallThread *t = current(cs);
    GdbxCallStack *s;

    if (!t) {
        return;
    }
    s = stack_at(t, f->sp, gdbx.arch->privilege(cs));
    end_below(s, f->sp);
    if (s->n == s->room && !grow(s)) {
        unsigned half = s->n / 2;

        if (!s->room) {
            s->dropped++;
            return;
        }
        memmove(s->frame, s->frame + half, (s->n - half) * sizeof(*s->frame));
        s->n -= half;
        s->dropped += half;
    }
    s->frame[s->n++] = *f;
}

/* A return from another place: code that moves its own return address. */
static bool is_moved(CPUState *cs, const GdbxCallFrame *f, uint64_t sp)
{
    uint64_t value = 0;

    return gdbx.arch->read_virt(cs, sp, &value, f->size) &&
           le64_to_cpu(value) == f->back - f->base;
}

void gdbx_callstack_return(CPUState *cs, uint64_t sp)
{
    GdbxCallThread *t = current(cs);
    GdbxCallStack *s;

    if (!t) {
        return;
    }
    s = stack_at(t, sp, gdbx.arch->privilege(cs));
    if (s->n && s->frame[s->n - 1].sp > sp &&
        is_moved(cs, &s->frame[s->n - 1], sp)) {
        s->n--;
    } else {
        end_below(s, sp);
    }
}

const GdbxCallThread *gdbx_callstack_of(uint64_t key)
{
    return threads ? g_hash_table_lookup(threads, &key) : NULL;
}

void gdbx_callstack_count(unsigned *n_threads, unsigned *n_frames,
                          uint64_t *n_refused)
{
    GHashTableIter it;
    GdbxCallThread *t;

    *n_threads = threads ? g_hash_table_size(threads) : 0;
    *n_frames = 0;
    *n_refused = refused;
    if (!threads) {
        return;
    }
    g_hash_table_iter_init(&it, threads);
    while (g_hash_table_iter_next(&it, NULL, (gpointer *)&t)) {
        for (unsigned i = 0; i < t->n; i++) {
            *n_frames += t->stack[i].n;
        }
    }
}

static void forget_last(void)
{
    for (int i = 0; i < gdb_get_max_cpus(); i++) {
        last[i] = (Last) { 0, NULL };
    }
}

void gdbx_callstack_forget(void)
{
    if (threads) {
        g_hash_table_remove_all(threads);
        forget_last();
    }
    refused = 0;
}

static gboolean is_gone(gpointer key, gpointer value, gpointer alive)
{
    return !g_hash_table_contains(alive, key);
}

/* Before there is no room left: what is no thread any more goes. */
static void drop_gone(void)
{
    g_autoptr(GHashTable) alive = NULL;
    const OsiTask *t;
    size_t n;

    forget_last();      /* a thread that was refused is tried again, too */
    if (g_hash_table_size(threads) < GDBX_CALL_THREADS / 2) {
        return;
    }
    t = osi_tasks(gdbx_guest(), &n, NULL);
    alive = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (size_t i = 0; t && i < n; i++) {
        g_hash_table_add(alive, (gpointer)&t[i].object);
    }
    if (t) {
        g_hash_table_foreach_remove(threads, is_gone, alive);
    }
}

/* The process's page tables; 0 when it has none: nothing is recorded then. */
static uint64_t space_of(int32_t pid)
{
    const OsiTask *t = gdbx_process_task(pid, NULL);

    return t ? t->root.table : 0;
}

void gdbx_callstack_roots(void)
{
    if (gdbx_calls_wanted.on && gdbx_calls_wanted.pid) {
        gdbx_root_want(gdbx_calls_wanted.pid);
    }
}

void gdbx_callstack_prepare(void)
{
    GdbxCallsWanted *w = &gdbx_calls_wanted, before = *w;

    if (!w->on) {
        return;
    }
    init();
    drop_gone();
    w->mask = w->pid ? osi_cr3_mask(gdbx_guest()) : 0;
    w->space = w->pid ? space_of(w->pid) & w->mask : 0;
    if (w->space != before.space || w->mask != before.mask) {
        gdbx.arch->calls_changed();
    }
}

void gdbx_callstack_off(void)
{
    if (gdbx_calls_wanted.on) {
        gdbx_calls_wanted = (GdbxCallsWanted) { .on = false };
        gdbx.arch->calls_changed();
    }
    gdbx_callstack_forget();
}
