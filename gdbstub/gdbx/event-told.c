/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stop in front of an instruction lets it begin anew: what it has announced
 * before is announced again then, and has been told, counted and logged.
 *
 * So each vCPU keeps what it has announced at its present instruction. When it
 * stops there, these become what passes once. A thread may go on on another
 * vCPU: an interrupt that comes first leaves its registers as they are when it
 * is back. One that gdb has moved differs in the program counter.
 *
 * An event that is announced a second time without a stop in between belongs to
 * the next execution of the instruction: a loop, or a fault that was handled.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/event-points.h"

/* Of one instruction; what is more is told anew. */
#define MAX_EVENTS 16

typedef struct Place {
    uint64_t pc, space;
    uint64_t regs[GDBX_TRACE_WORDS];
    unsigned n;                 /* 0: nothing is kept */
    uint64_t id[MAX_EVENTS];
} Place;

static QemuMutex lock;
static Place *seen;             /* per vCPU, its own */
static Place *told;             /* per vCPU, to pass; @lock */
static bool any;                /* is there anything in @told? */

static void init(void)
{
    if (!seen) {
        qemu_mutex_init(&lock);
        seen = g_new0(Place, gdb_get_max_cpus());
        told = g_new0(Place, gdb_get_max_cpus());
    }
}

static uint64_t identity(const GdbxEvent *ev)
{
    uint64_t h = ev->kind * 0x9e3779b97f4a7c15ull + ev->known;

    for (int i = 0; i < GDBX_EVENT_FIELDS; i++) {
        if (ev->known & (1u << i)) {
            h = (h ^ ev->field[i]) * 0x9e3779b97f4a7c15ull;
            h ^= h >> 29;
        }
    }
    return h;
}

uint64_t gdbx_event_id(const GdbxEvent *ev)
{
    return (ev->id ? ev->id + ev->kind : identity(ev) ^ ev->pc) | 1;
}

GdbxInstant gdbx_event_instant(CPUState *cs, const GdbxEvent *ev)
{
    return (GdbxInstant) {
        .icount = gdbx_icount_at(cs, ev->ra) + ev->stops_behind,
        .id = gdbx_event_id(ev), .pc = ev->pc,
    };
}

static void fill(Place *p, CPUState *cs, uint64_t pc)
{
    p->pc = pc;
    p->space = gdbx.arch->address_space(cs);
    gdbx.arch->trace(cs, p->regs);
}

static bool same(const Place *a, const Place *b)
{
    return a->pc == b->pc && a->space == b->space &&
           !memcmp(a->regs, b->regs, GDBX_TRACE_GENERAL * sizeof(*a->regs));
}

static int find(const Place *p, uint64_t id)
{
    for (unsigned i = 0; i < p->n; i++) {
        if (p->id[i] == id) {
            return i;
        }
    }
    return -1;
}

static void announce(Place *s, const Place *now, uint64_t id)
{
    if (!s->n || !same(s, now) || find(s, id) >= 0 || s->n == MAX_EVENTS) {
        *s = *now;
        s->n = 0;
    }
    s->id[s->n++] = id;
}

static bool take(const Place *now, uint64_t id)
{
    bool found = false, left = false;

    if (!qatomic_read(&any)) {
        return false;
    }
    QEMU_LOCK_GUARD(&lock);
    for (int i = 0; i < gdb_get_max_cpus(); i++) {
        Place *t = &told[i];
        int at = !found && t->n && same(t, now) ? find(t, id) : -1;

        if (at >= 0) {
            t->id[at] = t->id[--t->n];
            found = true;
        }
        left |= t->n;
    }
    qatomic_set(&any, left);
    return found;
}

bool gdbx_event_was_told(CPUState *cs, const GdbxEvent *ev)
{
    uint64_t id = identity(ev);
    Place now = { .n = 0 };

    fill(&now, cs, ev->pc);
    announce(&seen[cs->cpu_index], &now, id);
    return take(&now, id);
}

void gdbx_event_told(CPUState *cs)
{
    QEMU_LOCK_GUARD(&lock);
    told[cs->cpu_index] = seen[cs->cpu_index];
    qatomic_set(&any, true);
}

void gdbx_event_told_check(void)
{
    CPUState *cs;

    init();
    CPU_FOREACH(cs) {
        Place *t = &told[cs->cpu_index];

        if (t->n && gdbx.arch->pc(cs) == t->pc) {
            fill(t, cs, t->pc);
        } else {
            t->n = 0;
        }
        seen[cs->cpu_index].n = 0;
    }
}

void gdbx_event_told_reset(void)
{
    if (seen) {
        memset(seen, 0, gdb_get_max_cpus() * sizeof(*seen));
        memset(told, 0, gdb_get_max_cpus() * sizeof(*told));
        any = false;
    }
}
