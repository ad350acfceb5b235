/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points: breakpoints compiled into the translated code.
 *
 * At translation an instruction at the place of a point (sites.h knows where
 * in RAM these are) gets a check in front of it (emit.h), which ends in
 * gdbx_point_hit() (hit.c) when it may be a hit. x86 code is translated
 * position-independently, so the full address is known only when it runs.
 * Code that merely shares a page with a breakpoint is not touched, unlike with
 * QEMU's own breakpoints, which single-step it.
 *
 * A removed point stays known: gdb removes and re-inserts everything at each
 * stop, and that must not throw translated code away. gdbx_points_reset() ends
 * it.
 *
 * Rejected: patching int3 into guest memory (visible to the guest, impossible
 * for pages that are not there), QEMU's cpu_breakpoint_insert() (no owner, no
 * condition, ten times slower neighbours).
 *
 * Locking: points change only while all vCPUs are stopped; vCPU threads read.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "exec/translation-block.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/signals.h"
#include "gdbstub/gdbx/sites.h"

#define OFFSETS 4096
/*
 * Removed points kept: gdb removes all at each stop, so more than it can have.
 */
#define MAX_REMEMBERED (GDBX_MAX_POINTS + 10000)
#define MISSED_SIZE (gdb_get_max_cpus() * sizeof(uint64_t))

static GdbxPoint *table[OFFSETS];
static bool any;
static unsigned remembered, armed;
static GSList *old_compiled;   /* of points that are gone, but not their code */
uint8_t *gdbx_unread;
static GdbxHit *hits;

bool gdbx_points_armed(void)
{
    return any;
}

static void per_cpu_init(void)
{
    if (!hits) {
        hits = g_new0(GdbxHit, gdb_get_max_cpus());
        gdbx_told_init();
        gdbx_unread = g_new0(uint8_t, gdb_get_max_cpus());
    }
}

GdbxHit *gdbx_hit(CPUState *cs)
{
    per_cpu_init();
    return &hits[cs->cpu_index];
}

bool gdbx_hits_any(void)
{
    return hits;
}

void gdbx_hits_clear(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        gdbx_hit(cs)->valid = gdbx_hit(cs)->event = false;
        gdbx_hit(cs)->raised = false;
    }
}

GdbxPoint *gdbx_points_at(uint64_t addr)
{
    return table[addr & (OFFSETS - 1)];
}

static void set_armed(GdbxPoint *p, bool on)
{
    armed += on - p->armed;
    p->armed = on;
    p->compiled->armed = on;
}

static void point_free(GdbxPoint *p)
{
    g_clear_pointer(&p->conditions, g_ptr_array_unref);
    g_clear_pointer(&p->commands, g_ptr_array_unref);
    set_armed(p, false);
    old_compiled = g_slist_prepend(old_compiled, p->compiled);
    g_free(p);
}

unsigned gdbx_slot(CPUState *cs)
{
    return cs->tcg_cflags & CF_PARALLEL ? cs->cpu_index : 0;
}

uint64_t gdbx_point_misses(const GdbxPoint *p)
{
    uint64_t n = qatomic_read(&p->misses);

    for (int i = 0; i < gdb_get_max_cpus(); i++) {
        n += qatomic_read(&p->compiled->missed[i]);
    }
    return n;
}

static GdbxPoint *find(int64_t pid, uint64_t addr, bool hardware,
                       unsigned number)
{
    GdbxPoint *p;

    for (p = table[addr & (OFFSETS - 1)]; p; p = p->next) {
        if (p->addr == addr && p->pid == pid && p->hardware == hardware &&
            p->number == number) {
            return p;
        }
    }
    return NULL;
}

static bool same_expressions(const GPtrArray *a, const GPtrArray *b)
{
    guint na = a ? a->len : 0, nb = b ? b->len : 0;

    for (guint i = 0; na == nb && i < na; i++) {
        if (!gdbx_ax_equal(g_ptr_array_index(a, i), g_ptr_array_index(b, i))) {
            return false;
        }
    }
    return na == nb;
}

/*
 * An inferior's address space and registers; the machine's match in all. True
 * when that changes what the point asks.
 */
static bool set_space(GdbxPoint *p)
{
    GdbxInferior *inf = gdbx_inferior(p->pid);
    GdbxPoint before = *p;

    p->view = gdbx_view(p->pid);
    if (!p->number) {       /* else said by a person */
        p->mask = inf ? osi_cr3_mask(gdbx_guest()) : 0;
        p->space = inf ? inf->root.table & p->mask : 0;
    }
    return p->view != before.view || p->mask != before.mask ||
           p->space != before.space;
}

/* @changed: it asks another question than compiled code may know. */
static GdbxPoint *get(int64_t pid, uint64_t addr, bool hardware,
                      unsigned number, bool *changed)
{
    GdbxPoint **slot = &table[addr & (OFFSETS - 1)];
    GdbxPoint *p = find(pid, addr, hardware, number);

    *changed = !p;
    if (!p) {
        p = g_new0(GdbxPoint, 1);
        p->addr = addr;
        p->pid = pid;
        p->hardware = hardware;
        p->number = number;
        p->cpl = -1;
        p->compiled = g_malloc0(sizeof(*p->compiled) + MISSED_SIZE);
        p->next = *slot;
        *slot = p;
    } else if (!p->armed) {
        remembered--;
    }
    *changed |= set_space(p);
    set_armed(p, true);
    any = true;
    per_cpu_init();
    return p;
}

GdbxPoint *gdbx_point_insert(GdbxPointSpec *spec)
{
    bool changed;
    GdbxPoint *p;

    if (armed >= GDBX_MAX_POINTS) {
        g_clear_pointer(&spec->conditions, g_ptr_array_unref);
        g_clear_pointer(&spec->commands, g_ptr_array_unref);
        return NULL;
    }
    p = get(spec->pid, spec->addr, spec->hardware, spec->number, &changed);

    /* A second Z0 replaces (R12); counts go on only for the same question. */
    if (!same_expressions(p->conditions, spec->conditions) ||
        !same_expressions(p->commands, spec->commands)) {
        p->hits = p->misses = 0;
        memset(p->compiled->missed, 0, MISSED_SIZE);
        changed = true;
        p->complained = false;
    }
    g_clear_pointer(&p->conditions, g_ptr_array_unref);
    g_clear_pointer(&p->commands, g_ptr_array_unref);
    p->conditions = spec->conditions;
    p->commands = spec->commands;
    p->passed = spec->passed;
    p->site = spec->site;
    changed |= p->cpl != spec->cpl;
    p->cpl = spec->cpl;
    if (spec->has_space) {
        /* Either half of it: page-table isolation has two. */
        uint64_t mask = osi_cr3_mask(gdbx_guest());

        changed |= p->mask != mask || p->space != (spec->space & mask);
        p->mask = mask;
        p->space = spec->space & mask;
    }
    if (changed) {
        gdbx_site_add(p->addr);
    }
    return p;
}

/* Deletes the points for which @doomed says so; @what is handed on to it. */
static void sweep(bool (*doomed)(const GdbxPoint *p, const void *what),
                  const void *what)
{
    for (int i = 0; i < OFFSETS; i++) {
        GdbxPoint **link = &table[i];

        while (*link) {
            GdbxPoint *p = *link;

            if (!doomed(p, what)) {
                link = &p->next;
                continue;
            }
            *link = p->next;
            remembered -= !p->armed;
            point_free(p);
        }
    }
}

static bool all(const GdbxPoint *p, const void *what)
{
    return true;
}

static bool of_pid(const GdbxPoint *p, const void *what)
{
    return p->pid == *(const int64_t *)what;
}

static bool disarmed(const GdbxPoint *p, const void *what)
{
    return !p->armed;
}

/* Behind the flush of all translated code that was asked for before. */
static void free_compiled(CPUState *cs, run_on_cpu_data data)
{
    g_slist_free_full(data.host_ptr, g_free);
}

/* All translated code goes, and with it what it shares with points. */
static void flush(void)
{
    gdbx_sites_reset();
    if (old_compiled) {
        async_safe_run_on_cpu(first_cpu, free_compiled,
                              RUN_ON_CPU_HOST_PTR(old_compiled));
        old_compiled = NULL;
    }
}

static void forget_removed(void)
{
    if (remembered > MAX_REMEMBERED) {
        sweep(disarmed, NULL);
        flush();
        for (int i = 0; i < OFFSETS; i++) {
            for (GdbxPoint *p = table[i]; p; p = p->next) {
                gdbx_site_add(p->addr);
            }
        }
    }
}

bool gdbx_point_remove(int64_t pid, uint64_t addr, bool hardware,
                       unsigned number)
{
    GdbxPoint *p = find(pid, addr, hardware, number);

    if (!p || !p->armed) {
        return false;
    }
    set_armed(p, false);
    remembered++;
    forget_removed();
    return true;
}

static bool numbered(const GdbxPoint *p, const void *what)
{
    unsigned number = *(const unsigned *)what;

    return p->number && (!number || p->number == number);
}

void gdbx_points_delete(unsigned number)
{
    sweep(numbered, &number);
}

void gdbx_points_forget(int64_t pid)
{
    sweep(of_pid, &pid);
    gdbx_catches_forget(pid);
}

typedef struct Sites {
    const OsiEventSite *first;
    size_t n;
} Sites;

static bool outside(const GdbxPoint *p, const void *what)
{
    const Sites *s = what;

    return p->pid == GDBX_EVENTS_PID &&
           !(p->site >= s->first && p->site < s->first + s->n);
}

void gdbx_points_keep_sites(const OsiEventSite *sites, size_t n)
{
    const Sites s = { sites, n };

    sweep(outside, &s);
}

void gdbx_points_reset(void)
{
    gdbx_signals_reset();
    gdbx_catches_reset();
    sweep(all, NULL);
    flush();
    any = false;
    if (hits) {
        gdbx_hits_clear();
        gdbx_told_clear(NULL, ~0u);
    }
}

void gdbx_points_respace(const GdbxInferior *inf)
{
    for (int i = 0; i < OFFSETS; i++) {
        for (GdbxPoint *p = table[i]; p; p = p->next) {
            if (p->pid == inf->pid && set_space(p)) {
                gdbx_site_add(p->addr);
            }
        }
    }
}

void gdbx_points_each(void (*fn)(const GdbxPoint *p, void *opaque),
                      void *opaque)
{
    for (int i = 0; i < OFFSETS; i++) {
        for (GdbxPoint *p = table[i]; p; p = p->next) {
            fn(p, opaque);
        }
    }
}
