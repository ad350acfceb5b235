/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU comes by a point: whose is it, does its condition hold. Runs in vCPU
 * threads in front of the instruction, while nobody may change the points.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "exec/translation-block.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"

/*
 * Instructions executed before the one that @ra is in, exactly: a block is
 * counted when it begins, so what is left of it is taken off.
 */
static uint64_t gdbx_icount_at(CPUState *cs, uintptr_t ra)
{
    return timeline_icount_at(cs, ra ? gdbx.arch->insns_left(cs, ra) : 0);
}

static bool condition_reg(void *opaque, unsigned n, uint64_t *value)
{
    GdbxEvaluation *e = opaque;
    GdbxRegInfo info;

    if (!gdbx.arch->reg_info(e->view, n, &info)) {
        return false;
    }
    switch (info.source) {
    case GDBX_REG_CPU:
        return gdbx.arch->condition_reg(e->cs, e->view, n, e->pc, e->ra,
                                        value);
    case GDBX_REG_ICOUNT:
        *value = gdbx_icount_at(e->cs, e->ra);
        return true;
    case GDBX_REG_OSPID:
        *value = gdbx_current_ids(e->cs).tgid;
        return true;
    case GDBX_REG_OSTID:
        *value = gdbx_current_ids(e->cs).pid;
        return true;
    }
    g_assert_not_reached();
}

static bool condition_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
    GdbxEvaluation *e = opaque;

    return gdbx.arch->read_virt(e->cs, addr, buf, len);
}

GdbxAxEnv gdbx_evaluation(GdbxEvaluation *e, CPUState *cs, const GdbxPoint *p,
                          uintptr_t ra)
{
    *e = (GdbxEvaluation) {
        .cs = cs, .pc = p->addr, .view = p->view, .ra = ra,
    };
    return (GdbxAxEnv) {
        .reg = condition_reg, .mem = condition_mem, .opaque = e,
    };
}

/*
 * Conditions of one place are OR-ed. What cannot be evaluated counts as true,
 * so that nothing is missed silently; @note then says why.
 */
static bool conditions_true(CPUState *cs, const GdbxPoint *p, uintptr_t ra,
                            char *note, size_t note_size)
{
    GdbxEvaluation e;
    const GdbxAxEnv env = gdbx_evaluation(&e, cs, p, ra);

    if (!p->conditions || !p->conditions->len) {
        return true;
    }
    for (guint i = 0; i < p->conditions->len; i++) {
        uint64_t value = 0, bad = 0;
        GdbxAxStatus st = gdbx_ax_eval(g_ptr_array_index(p->conditions, i),
                                       &env, &value, &bad);
        if (st != GDBX_AX_OK) {
            g_snprintf(note, note_size, "condition at 0x%" PRIx64 " counts as "
                       "true: %s (0x%" PRIx64 ")", p->addr,
                       gdbx_ax_status_text(st), bad);
            return true;
        }
        if (value) {
            return true;
        }
    }
    return false;
}

/*
 * Of several points at one place: what ends a step, what gdb resumed, what gdb
 * knows of, and a process's own rather than the machine's (R7).
 */
static int rank(const GdbxPoint *p)
{
    return 8 * p->transient + 4 * gdbx_in_scope(p->pid) + 2 * !p->number +
           !gdbx_is_machine(p->pid);
}

/* Several vCPUs translate in parallel only when there are several. */
static void count(CPUState *cs, uint64_t *counter)
{
    if (cs->tcg_cflags & CF_PARALLEL) {
        qatomic_inc(counter);
    } else {
        qatomic_set(counter, *counter + 1);
    }
}

static bool matches(CPUState *cs, const GdbxPoint *p, uint64_t pc)
{
    return p->addr == pc && p->armed &&
           (gdbx.arch->address_space(cs) & p->mask) == p->space &&
           (p->cpl < 0 || gdbx.arch->privilege(cs) == p->cpl);
}

static bool has_commands(const GdbxPoint *p)
{
    return p->commands && p->commands->len;
}

/* Commands and no stop, when the conditions hold. */
static void pass_by(CPUState *cs, GdbxPoint *p, uintptr_t ra)
{
    char note[sizeof(((GdbxHit *)0)->note)] = "";

    if (!conditions_true(cs, p, ra, note, sizeof(note))) {
        count(cs, &p->misses);
        return;
    }
    count(cs, &p->hits);
    gdbx_run_commands(cs, p, ra, note);
}

void gdbx_step_landed(CPUState *cs)
{
    uint64_t pc = gdbx.arch->pc(cs);
    bool ran = false;

    for (GdbxPoint *p = gdbx_points_at(pc); p; p = p->next) {
        if (has_commands(p) && matches(cs, p, pc)) {
            pass_by(cs, p, 0);
            ran = true;
        }
    }
    if (ran) {
        gdbx_told(cs, pc, GDBX_TOLD_COMMANDS);
    }
}

bool gdbx_point_hit(CPUState *cs, uint64_t pc, uintptr_t ra, bool again)
{
    GdbxPoint *p, *best = NULL;
    bool machine = false, ran = false;
    unsigned told = gdbx_take_told(cs, pc, again);
    bool counted = told & GDBX_TOLD_COUNTED;
    GdbxHit *hit;

    /* A single step executes its instruction before points count (R6). */
    if (cs->singlestep_enabled || (told & GDBX_TOLD_ALL)) {
        return false;
    }
    hit = gdbx_hit(cs);
    gdbx_unread[gdbx_slot(cs)] = 0;
    for (p = gdbx_points_at(pc); p; p = p->next) {
        if (!matches(cs, p, pc) ||
            (p->number && (told & GDBX_TOLD_POINT))) {
            continue;
        }
        if (has_commands(p)) {
            if (!(told & GDBX_TOLD_COMMANDS)) {
                if (!(again && (told & GDBX_TOLD_PASSED))) {
                    pass_by(cs, p, ra);
                }
                ran = true;
            }
            continue;
        }
        if (!best) {
            hit->note[0] = 0;
        }
        if (!conditions_true(cs, p, ra, hit->note, sizeof(hit->note))) {
            if (!counted) {
                count(cs, &p->misses);
            }
            continue;
        }
        if (!counted) {
            count(cs, &p->hits);
        }
        machine |= gdbx_is_machine(p->pid);
        if (!best || rank(p) > rank(best)) {
            best = p;
        }
    }
    if (!best) {
        if (ran) {
            gdbx_told(cs, pc, GDBX_TOLD_PASSED);
        }
        return false;
    }
    if (ran) {
        gdbx_told(cs, pc, GDBX_TOLD_COMMANDS);  /* it comes by once more */
    }
    hit->pc = pc;
    hit->pid = best->pid;
    hit->hardware = best->hardware;
    hit->machine = machine;
    hit->number = best->number;
    hit->transient = best->transient;
    hit->told = false;
    hit->raised = hit->valid = true;
    return true;
}

/*
 * The guest's own breakpoint at the same place would be raised instead, for
 * ever: it returns to the instruction, which is ours to stop first.
 */
bool gdbx_hook_debug(CPUState *cs)
{
    GdbxHit *hit = gdbx_points_armed() ? gdbx_hit(cs) : NULL;
    bool raised = hit && hit->raised;

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DEBUG]);
    if (raised) {
        hit->raised = false;
    }
    return raised;
}
