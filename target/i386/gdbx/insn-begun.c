/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has an instruction that a CPU is in front of been begun, and announced, before?
 *
 * RF in EFLAGS says "perhaps": the CPU sets it when it leaves an instruction for
 * a fault, or in the middle of its repetition; QEMU sets it for interrupts in
 * front of it too. So faults are noted with the registers, which are the same
 * when the instruction is begun again. A repetition has gone on when its count
 * is less, and the place where it will end is the same, as when it was
 * announced.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "cpu.h"
#include "gdbx/event-insn.h"
#include "gdbx/insn.h"

/* One slot for each hash, until another takes it. */
#define SEEN 4096

typedef struct Seen {
    uint64_t hash, count;
} Seen;

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

/* What stays as it is while the instruction is repeated. */
static uint64_t place(CPUX86State *env, uint64_t pc, const GdbxInsn *in)
{
    int64_t left = env->regs[R_ECX] * in->element * env->df;
    uint64_t h = mix(pc, env->cr[3]);

    for (int i = 0; i < CPU_NB_REGS; i++) {
        bool moves = (i == R_ESI || i == R_EDI) &&
                     gdbx_isa_has(&in->writes, GDBX_ISA_GPR + i);

        if (i != R_ECX) {
            h = mix(h, env->regs[i] + (moves ? left : 0));
        }
    }
    return h;
}

/* Each of those that ask takes its note away. */
static uint64_t faulted[SEEN], point_faulted[SEEN], interrupted[SEEN];

static uint64_t whole_place(CPUX86State *env, uint64_t pc)
{
    uint64_t h = mix(pc, env->cr[3]);

    for (int i = 0; i < CPU_NB_REGS; i++) {
        h = mix(h, env->regs[i]);
    }
    return h;
}

void gdbx_insn_faulted(CPUState *cs, int vector)
{
    CPUX86State *env = cpu_env(cs);
    uint64_t pc = gdbx_linear(env, env->eip), h = whole_place(env, pc);

    /* The fetch of an instruction fails before it is announced. */
    if (vector != EXCP0E_PAGE || env->cr[2] - pc >= GDBX_INSN_MAX) {
        qatomic_set__nocheck(&faulted[h % SEEN], h);
        qatomic_set__nocheck(&point_faulted[h % SEEN], h);
    }
}

void gdbx_insn_interrupted(CPUState *cs)
{
    CPUX86State *env = cpu_env(cs);
    uint64_t h = whole_place(env, gdbx_linear(env, env->eip));

    /* Else it says nothing: RF would be set without it, too. */
    if (!(env->eflags & RF_MASK)) {
        qatomic_set__nocheck(&interrupted[h % SEEN], h);
    }
}

/* Once for each fault, or interrupt, in @notes. */
static bool is_noted(CPUX86State *env, uint64_t pc, uint64_t *notes)
{
    uint64_t h = whole_place(env, pc), *f = &notes[h % SEEN];

    return qatomic_read__nocheck(f) == h && qatomic_xchg__nocheck(f, 0) == h;
}

GdbxBegun gdbx_i386_begun_before(CPUState *cs, uint64_t pc)
{
    if (is_noted(cpu_env(cs), pc, point_faulted)) {
        return GDBX_BEGUN_YES;
    }
    return is_noted(cpu_env(cs), pc, interrupted) ? GDBX_BEGUN_NO
                                                  : GDBX_BEGUN_MAYBE;
}

void gdbx_i386_forget_faults(void)
{
    memset(point_faulted, 0, sizeof(point_faulted));
    memset(interrupted, 0, sizeof(interrupted));
}

bool gdbx_insn_begun(CPUState *cs, uint64_t pc, const GdbxInsn *in, bool again)
{
    static Seen seen[SEEN];
    CPUX86State *env = cpu_env(cs);
    uint64_t h, count = env->regs[R_ECX];
    Seen *s;

    if (again && is_noted(env, pc, faulted)) {
        return true;
    }
    if (!(in->classes & GDBX_CLASS_REP)) {
        return false;
    }
    h = place(env, pc, in);
    s = &seen[h % SEEN];
    if (again && qatomic_read__nocheck(&s->hash) == h &&
        count < qatomic_read__nocheck(&s->count)) {
        return true;
    }
    qatomic_set__nocheck(&s->hash, h);
    qatomic_set__nocheck(&s->count, count);
    return false;
}
