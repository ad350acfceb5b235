/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points: breakpoints compiled into the translated code.
 *
 * At translation an instruction whose page offset is in the set of
 * instrumented offsets gets a call to gdbx_point_hit() in front of it. The low
 * 12 bits are the one thing that no aliasing, sharing or late mapping of pages
 * changes; x86 code is translated position-independently, so the full address
 * is known only when it runs. Code that merely shares a page with a breakpoint
 * is not touched, unlike with QEMU's own breakpoints, which single-step it.
 *
 * An offset stays instrumented when its last point is removed: gdb removes and
 * re-inserts everything at each stop, and that must not throw translated code
 * away. gdbx_points_reset() ends it.
 *
 * Rejected: patching int3 into guest memory (visible to the guest, impossible
 * for pages that are not there), QEMU's cpu_breakpoint_insert() (no owner, no
 * condition, ten times slower neighbours).
 *
 * Locking: points change only while all vCPUs are stopped; vCPU threads read.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bitmap.h"
#include "exec/tb-flush.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"

#define OFFSETS 4096
/* Removed points kept for their counts; more than any person looks at. */
#define MAX_REMEMBERED 10000

typedef struct Skip {
    bool valid;
    uint64_t pc;
} Skip;

static GdbxPoint *table[OFFSETS];
static DECLARE_BITMAP(instrumented, OFFSETS);
static bool any_instrumented;
static unsigned remembered;
static GdbxHit *hits;
static Skip *skips;

bool gdbx_hook_insn_wanted(uint64_t pc)
{
    if (!any_instrumented) {
        return false;
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_INSN_WANTED]);
    return test_bit(pc & (OFFSETS - 1), instrumented);
}

bool gdbx_points_armed(void)
{
    return any_instrumented;
}

static void instrument(uint64_t addr)
{
    if (!test_and_set_bit(addr & (OFFSETS - 1), instrumented)) {
        any_instrumented = true;
        tb_flush(first_cpu);
    }
}

static void per_cpu_init(void)
{
    if (!hits) {
        hits = g_new0(GdbxHit, gdb_get_max_cpus());
        skips = g_new0(Skip, gdb_get_max_cpus());
        gdbx_told_init();
    }
}

GdbxHit *gdbx_hit(CPUState *cs)
{
    per_cpu_init();
    return &hits[cs->cpu_index];
}

void gdbx_hits_clear(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        gdbx_hit(cs)->valid = false;
    }
}

void gdbx_skip_once(CPUState *cs, uint64_t pc)
{
    per_cpu_init();
    skips[cs->cpu_index] = (Skip) { .valid = true, .pc = pc };
}

bool gdbx_skipped(CPUState *cs, uint64_t pc)
{
    Skip *s = &skips[cs->cpu_index];

    if (!s->valid) {
        return false;
    }
    s->valid = false;
    return s->pc == pc;
}

void gdbx_skips_clear(void)
{
    if (skips) {
        memset(skips, 0, gdb_get_max_cpus() * sizeof(*skips));
    }
}

GdbxPoint *gdbx_points_at(uint64_t addr)
{
    return table[addr & (OFFSETS - 1)];
}

static void point_free(GdbxPoint *p)
{
    g_clear_pointer(&p->conditions, g_ptr_array_unref);
    g_clear_pointer(&p->commands, g_ptr_array_unref);
    g_free(p);
}

static GdbxPoint *find(int64_t pid, uint64_t addr, bool hardware,
                       bool transient, unsigned number)
{
    GdbxPoint *p;

    for (p = table[addr & (OFFSETS - 1)]; p; p = p->next) {
        if (p->addr == addr && p->pid == pid && p->hardware == hardware &&
            p->transient == transient && p->number == number) {
            return p;
        }
    }
    return NULL;
}

static bool same_conditions(const GPtrArray *a, const GPtrArray *b)
{
    guint na = a ? a->len : 0, nb = b ? b->len : 0;

    for (guint i = 0; na == nb && i < na; i++) {
        if (!gdbx_ax_equal(g_ptr_array_index(a, i), g_ptr_array_index(b, i))) {
            return false;
        }
    }
    return na == nb;
}

/* An inferior's address space and registers; the machine's match in all. */
static void set_space(GdbxPoint *p)
{
    GdbxInferior *inf = gdbx_inferior(p->pid);

    p->view = gdbx_view(p->pid);
    if (p->number) {
        return;     /* said by a person */
    }
    p->mask = inf ? osi_cr3_mask(gdbx_guest()) : 0;
    p->space = inf ? inf->root.table & p->mask : 0;
}

static GdbxPoint *get(int64_t pid, uint64_t addr, bool hardware,
                      bool transient, unsigned number)
{
    GdbxPoint **slot = &table[addr & (OFFSETS - 1)];
    GdbxPoint *p = find(pid, addr, hardware, transient, number);

    if (!p) {
        p = g_new0(GdbxPoint, 1);
        p->addr = addr;
        p->pid = pid;
        p->hardware = hardware;
        p->transient = transient;
        p->number = number;
        p->cpl = -1;
        p->next = *slot;
        *slot = p;
    } else if (!p->armed) {
        remembered--;
    }
    set_space(p);
    p->armed = true;
    per_cpu_init();
    instrument(addr);
    return p;
}

GdbxPoint *gdbx_point_insert(const GdbxPointSpec *spec)
{
    GdbxPoint *p = get(spec->pid, spec->addr, spec->hardware, false,
                       spec->number);

    /* A second Z0 replaces (R12); counts go on only for the same question. */
    if (!same_conditions(p->conditions, spec->conditions)) {
        p->hits = p->misses = 0;
    }
    g_clear_pointer(&p->conditions, g_ptr_array_unref);
    g_clear_pointer(&p->commands, g_ptr_array_unref);
    p->conditions = spec->conditions;
    p->commands = spec->commands;
    p->cpl = spec->cpl;
    if (spec->has_space) {
        p->mask = ~0xfffull;
        p->space = spec->space & p->mask;
    }
    return p;
}

GdbxPoint *gdbx_point_transient(const GdbxInferior *inf, uint64_t addr)
{
    return get(inf->pid, addr, false, true, 0);
}

/* Deletes the points for which @doomed says so; @pid is handed on to it. */
static void sweep(bool (*doomed)(const GdbxPoint *p, int64_t pid), int64_t pid)
{
    for (int i = 0; i < OFFSETS; i++) {
        GdbxPoint **link = &table[i];

        while (*link) {
            GdbxPoint *p = *link;

            if (!doomed(p, pid)) {
                link = &p->next;
                continue;
            }
            *link = p->next;
            remembered -= !p->armed;
            point_free(p);
        }
    }
}

static bool all(const GdbxPoint *p, int64_t pid)
{
    return true;
}

static bool of_pid(const GdbxPoint *p, int64_t pid)
{
    return p->pid == pid;
}

static bool transient(const GdbxPoint *p, int64_t pid)
{
    return p->transient;
}

static bool disarmed(const GdbxPoint *p, int64_t pid)
{
    return !p->armed;
}

bool gdbx_point_remove(int64_t pid, uint64_t addr, bool hardware,
                       unsigned number)
{
    GdbxPoint *p = find(pid, addr, hardware, false, number);

    if (!p || !p->armed) {
        return false;
    }
    p->armed = false;
    if (++remembered > MAX_REMEMBERED) {
        sweep(disarmed, 0);
    }
    return true;
}

static bool numbered(const GdbxPoint *p, int64_t number)
{
    return p->number && (!number || p->number == number);
}

void gdbx_points_delete(unsigned number)
{
    sweep(numbered, number);
}

void gdbx_points_drop_transient(void)
{
    sweep(transient, 0);
}

void gdbx_points_forget(int64_t pid)
{
    sweep(of_pid, pid);
}

void gdbx_points_reset(void)
{
    sweep(all, 0);
    if (any_instrumented) {
        bitmap_zero(instrumented, OFFSETS);
        any_instrumented = false;
        tb_flush(first_cpu);
    }
    if (hits) {
        gdbx_hits_clear();
        gdbx_skips_clear();
        gdbx_told_clear();
    }
}

void gdbx_points_respace(const GdbxInferior *inf)
{
    for (int i = 0; i < OFFSETS; i++) {
        for (GdbxPoint *p = table[i]; p; p = p->next) {
            if (p->pid == inf->pid) {
                set_space(p);
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
