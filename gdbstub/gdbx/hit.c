/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU comes by a point: whose is it, does its condition hold. Runs in vCPU
 * threads in front of the instruction, while nobody may change the points.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "exec/cpu-common.h"
#include "exec/cpu-interrupt.h"
#include "exec/translation-block.h"
#include "hw/core/cpu.h"
#include "replay/index.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/gdbx.h"

/*
 * Instructions executed before the one that @ra is in, exactly: a block is
 * counted when it begins, so what is left of it is taken off.
 */
uint64_t gdbx_icount_at(CPUState *cs, uintptr_t ra)
{
    return timeline_icount_at(cs, ra ? gdbx.arch->insns_left(cs, ra) : 0);
}

bool gdbx_evaluation_reg(const GdbxEvaluation *e, unsigned n, uint64_t *value)
{
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

static bool condition_reg(void *opaque, unsigned n, uint64_t *value)
{
    return gdbx_evaluation_reg(opaque, n, value);
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
 * Of several points at one place: what gdb resumed, what gdb knows of, and a
 * process's own rather than the machine's (R7).
 */
static int rank(const GdbxPoint *p)
{
    return 4 * gdbx_in_scope(p->pid) + 2 * !p->number +
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

/* Something is done and the CPU goes on. */
static bool has_commands(const GdbxPoint *p)
{
    return p->passed || (p->commands && p->commands->len);
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
    if (p->passed) {
        p->passed(cs, p, ra);
    } else {
        gdbx_run_commands(cs, p, ra, note);
    }
}

bool gdbx_point_here(CPUState *cs, uint64_t pc)
{
    for (const GdbxPoint *p = gdbx_points_at(pc); p; p = p->next) {
        if (!has_commands(p) && matches(cs, p, pc)) {
            return true;
        }
    }
    return false;
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

void gdbx_interrupt_behind(CPUState *cs)
{
    bool locked = bql_locked();     /* so it is for an interrupt's frame */

    if (cs->singlestep_enabled) {
        return;                     /* it stops anyway */
    }
    if (!locked) {
        bql_lock();
    }
    cpu_interrupt(cs, CPU_INTERRUPT_DEBUG);
    if (!locked) {
        bql_unlock();
    }
}

void gdbx_stop_here(CPUState *cs)
{
    gdbx_hit(cs)->asked = true;
}

/* Nobody's breakpoint, but whoever was called wants the machine to stop. */
static void hit_asked(GdbxHit *hit, uint64_t pc)
{
    hit->pc = pc;
    hit->pid = GDBX_EVENTS_PID;
    hit->hardware = hit->told = false;
    hit->machine = hit->number = 0;
    hit->step = false;
    hit->event = true;
    hit->raised = hit->valid = true;
}

/* The lines that it prints are those of the way back. */
static void say_back(CPUState *cs, GdbxPoint *p, uintptr_t ra, GdbxInstant at)
{
    char note[sizeof(((GdbxHit *)0)->note)] = "";

    if (conditions_true(cs, p, ra, note, sizeof(note))) {
        gdbx_back_say(at);
        gdbx_run_commands(cs, p, ra, note);
        gdbx_back_said();
    }
}

/* The one that stops is found; those that do not do what they do there. */
static GdbxPoint *look_for_best(CPUState *cs, GdbxHit *hit, uintptr_t ra,
                                GdbxInstant at, bool past)
{
    GdbxPoint *best = NULL;

    for (GdbxPoint *p = gdbx_points_at(hit->pc); p; p = p->next) {
        if (!matches(cs, p, hit->pc)) {
            continue;
        }
        if (p->passed) {
            p->passed(cs, p, ra);
        } else if (!past) {
            continue;
        } else if (has_commands(p)) {
            say_back(cs, p, ra, at);
        } else if (conditions_true(cs, p, ra, hit->note, sizeof(hit->note))) {
            if (gdbx_is_machine(p->pid) &&
                (!hit->machine || gdbx_in_scope(p->pid))) {
                hit->machine = p->pid;
            }
            best = !best || rank(p) > rank(best) ? p : best;
        }
    }
    return best;
}

/* The guest OS does something, in a past that may not have been indexed yet. */
static void tell_index(CPUState *cs, uint64_t pc, uintptr_t ra)
{
    for (GdbxPoint *p = gdbx_points_at(pc); p; p = p->next) {
        if (p->site && matches(cs, p, pc)) {
            p->passed(cs, p, ra);
        }
    }
}

/*
 * A replay looks back, or is on its way: nobody stops, the last one counts. True:
 * it goes to what is here.
 */
static bool look_back(CPUState *cs, uint64_t pc, uintptr_t ra, bool again)
{
    GdbxHit hit = { .valid = true, .pc = pc };
    GdbxInstant at;
    GdbxBegun begun;
    GdbxPoint *best;

    if (!timeline_looking() && !timeline_landing()) {
        if (qatomic_read(&index_live)) {
            tell_index(cs, pc, ra);
        }
        return false;
    }
    gdbx_hit(cs)->asked = false;
    at = gdbx_instant_point(pc, gdbx_icount_at(cs, ra));
    begun = again ? gdbx.arch->begun_before(cs, pc) : GDBX_BEGUN_NO;
    /* An instruction that has faulted has counted when it was begun first. */
    best = look_for_best(cs, &hit, ra, at, gdbx_back_passes(at) &&
                                           begun != GDBX_BEGUN_YES);

    if (best) {
        hit.pid = best->pid;
        hit.hardware = best->hardware;
        hit.number = best->number;
        gdbx_back_point(cs, &hit, &at);
        if (begun == GDBX_BEGUN_MAYBE) {
            timeline_unsure();
        }
    }
    if (!timeline_landing() || !gdbx_hit(cs)->asked) {
        return false;
    }
    hit_asked(gdbx_hit(cs), pc);
    return true;
}

bool gdbx_point_hit(CPUState *cs, uint64_t pc, uintptr_t ra, bool again)
{
    GdbxPoint *p, *best = NULL;
    bool ran = false;
    int64_t machine = 0;
    unsigned told;
    bool counted;
    GdbxHit *hit;

    if (timeline_busy()) {
        return look_back(cs, pc, ra, again);
    }
    told = gdbx_take_told(cs, pc, again);
    counted = told & GDBX_TOLD_COUNTED;

    /* A single step executes its instruction before points count (R6). */
    if (cs->singlestep_enabled || (told & GDBX_TOLD_ALL)) {
        return false;
    }
    hit = gdbx_hit(cs);
    hit->asked = false;
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
        if (gdbx_is_machine(p->pid) && (!machine || gdbx_in_scope(p->pid))) {
            machine = p->pid;
        }
        if (!best || rank(p) > rank(best)) {
            best = p;
        }
    }
    if (!best && !hit->asked) {
        if (ran) {
            gdbx_told(cs, pc, GDBX_TOLD_PASSED);
        }
        return false;
    }
    if (ran) {
        gdbx_told(cs, pc, GDBX_TOLD_COMMANDS);  /* it comes by once more */
    }
    if (!best) {
        hit_asked(hit, pc);
        return true;
    }
    hit->pc = pc;
    hit->pid = best->pid;
    hit->hardware = best->hardware;
    hit->machine = machine;
    hit->number = best->number;
    hit->step = hit->event = false;
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
    GdbxHit *hit = gdbx_hits_any() ? gdbx_hit(cs) : NULL;
    bool raised = hit && hit->raised;

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DEBUG]);
    if (raised) {
        hit->raised = false;
    } else if (cs->singlestep_enabled && gdbx_step_again(cs)) {
        cpu_loop_exit_noexc(cs);
    }
    return raised;
}
