/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See trace-ring.h. An event in a ring is packed: a head, the fields that have
 * a value, the text. The number of the next event is taken only when there is
 * room for it, so no number is missing and the reader need not guess whether one
 * that it waits for will come.
 */
#include <glib.h>
#include <string.h>
#include "gdbstub/gdbx/trace-ring.h"

typedef struct Head {
    uint64_t seq, lost;
    int64_t time;
    uint64_t icount, pc;
    int64_t pid, tid;
    uint32_t known;
    uint32_t kind;
    uint16_t text;          /* bytes of it */
    uint8_t fields;
    uint8_t behind;
    uint32_t size;          /* of everything */
} Head;

typedef struct Ring {
    uint8_t *data;
    /* Bytes ever written and read; each is one side's. */
    uint64_t written __attribute__((aligned(64)));
    uint64_t lost, lost_here;       /* in all; since the last that was put */
    uint64_t read __attribute__((aligned(64)));
} Ring;

struct GdbxTraceRings {
    Ring *ring;
    unsigned n;
    size_t size;
    uint64_t next __attribute__((aligned(64)));     /* last number given */
    uint64_t taken;                                 /* the reader's */
};

GdbxTraceRings *gdbx_trace_rings_new(unsigned cpus, size_t size)
{
    GdbxTraceRings *r = g_new0(GdbxTraceRings, 1);

    g_assert(size >= 4096 && !(size & (size - 1)));
    r->n = cpus;
    r->size = size;
    r->ring = g_new0(Ring, cpus);
    for (unsigned i = 0; i < cpus; i++) {
        r->ring[i].data = g_malloc(size);
    }
    return r;
}

void gdbx_trace_rings_free(GdbxTraceRings *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        g_free(r->ring[i].data);
    }
    g_free(r->ring);
    g_free(r);
}

static void put(GdbxTraceRings *r, Ring *ring, uint64_t at, const void *from,
                size_t len)
{
    size_t start = at & (r->size - 1), first = MIN(len, r->size - start);

    memcpy(ring->data + start, from, first);
    memcpy(ring->data, (const uint8_t *)from + first, len - first);
}

static void get(GdbxTraceRings *r, const Ring *ring, uint64_t at, void *to,
                size_t len)
{
    size_t start = at & (r->size - 1), first = MIN(len, r->size - start);

    memcpy(to, ring->data + start, first);
    memcpy((uint8_t *)to + first, ring->data, len - first);
}

static bool no_room(Ring *ring, bool again)
{
    if (!again) {
        ring->lost_here++;
        __atomic_fetch_add(&ring->lost, 1, __ATOMIC_RELAXED);
    }
    return false;
}

bool gdbx_trace_put(GdbxTraceRings *r, const GdbxTraceEvent *ev, bool again)
{
    Ring *ring = &r->ring[ev->cpu % r->n];
    uint64_t fields[GDBX_TRACE_FIELDS], at = ring->written;
    Head h = {
        .lost = ring->lost_here, .time = ev->time, .icount = ev->icount,
        .pc = ev->pc, .pid = ev->pid, .tid = ev->tid, .known = ev->known,
        .kind = ev->kind, .behind = ev->behind,
        .text = strnlen(ev->text, sizeof(ev->text) - 1),
    };

    for (unsigned i = 0; i < GDBX_TRACE_FIELDS; i++) {
        if (ev->known >> i & 1) {
            fields[h.fields++] = ev->field[i];
        }
    }
    h.size = sizeof(h) + h.fields * 8 + h.text;
    if (at + h.size - __atomic_load_n(&ring->read, __ATOMIC_ACQUIRE) >
        r->size) {
        return no_room(ring, again);
    }
    ring->lost_here = 0;
    h.seq = __atomic_add_fetch(&r->next, 1, __ATOMIC_RELAXED);
    put(r, ring, at, &h, sizeof(h));
    put(r, ring, at + sizeof(h), fields, h.fields * 8);
    put(r, ring, at + sizeof(h) + h.fields * 8, ev->text, h.text);
    __atomic_store_n(&ring->written, at + h.size, __ATOMIC_RELEASE);
    return true;
}

static void unpack(GdbxTraceRings *r, unsigned cpu, const Head *h,
                   GdbxTraceEvent *ev)
{
    Ring *ring = &r->ring[cpu];
    uint64_t fields[GDBX_TRACE_FIELDS], at = ring->read + sizeof(*h);
    unsigned n = 0;

    ev->seq = h->seq;
    ev->lost = h->lost;
    ev->time = h->time;
    ev->icount = h->icount;
    ev->pc = h->pc;
    ev->pid = h->pid;
    ev->tid = h->tid;
    ev->known = h->known;
    ev->kind = h->kind;
    ev->cpu = cpu;
    ev->behind = h->behind;
    get(r, ring, at, fields, h->fields * 8);
    for (unsigned i = 0; i < GDBX_TRACE_FIELDS; i++) {
        ev->field[i] = h->known >> i & 1 ? fields[n++] : 0;
    }
    get(r, ring, at + h->fields * 8, ev->text, h->text);
    ev->text[h->text] = 0;
    __atomic_store_n(&ring->read, ring->read + h->size, __ATOMIC_RELEASE);
}

bool gdbx_trace_take(GdbxTraceRings *r, GdbxTraceEvent *ev)
{
    for (unsigned i = 0; i < r->n; i++) {
        Ring *ring = &r->ring[i];
        Head h;

        if (__atomic_load_n(&ring->written, __ATOMIC_ACQUIRE) == ring->read) {
            continue;
        }
        get(r, ring, ring->read, &h, sizeof(h));
        if (h.seq == r->taken + 1) {
            unpack(r, i, &h, ev);
            r->taken++;
            return true;
        }
    }
    return false;
}

uint64_t gdbx_trace_count(const GdbxTraceRings *r)
{
    return __atomic_load_n(&r->next, __ATOMIC_RELAXED);
}

uint64_t gdbx_trace_lost(const GdbxTraceRings *r)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < r->n; i++) {
        n += __atomic_load_n(&r->ring[i].lost, __ATOMIC_RELAXED);
    }
    return n;
}
