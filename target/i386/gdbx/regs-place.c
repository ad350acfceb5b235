/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers while translated code runs: for conditions, in the vCPU thread and
 * in front of an instruction.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "tcg/insn-start-words.h"
#include "exec/cpu-common.h"
#include "exec/gdbstub.h"
#include "gdbx/regs.h"
#include "gdbx/regs-desc.h"

/* Order of the description: gdb's amd64 numbers, which QEMU follows. */
static const uint8_t gpr_order[CPU_NB_REGS] = {
#ifdef TARGET_X86_64
    R_EAX, R_EBX, R_ECX, R_EDX, R_ESI, R_EDI, R_EBP, R_ESP,
    8, 9, 10, 11, 12, 13, 14, 15
#else
    0, 1, 2, 3, 4, 5, 6, 7
#endif
};

/* A register of @bits in @env: narrower fields are zero-extended. */
#define IN_ENV(field, width) \
    (GdbxRegPlace) { .kind = GDBX_PLACE_ENV, .bits = width, \
                     .offset = offsetof(CPUX86State, field) }

static GdbxRegPlace gpr_place(unsigned n, bool cs64, unsigned bits)
{
    if (!cs64 && n >= CPU_NB_REGS32) {
        return (GdbxRegPlace) { .kind = GDBX_PLACE_CONST };
    }
    return (GdbxRegPlace) { .kind = GDBX_PLACE_GPR, .index = gpr_order[n],
                            .bits = cs64 ? bits : 32 };
}

static GdbxRegPlace segment_place(unsigned n)
{
    static const uint8_t order[] = { R_CS, R_SS, R_DS, R_ES, R_FS, R_GS };
    GdbxRegPlace place = IN_ENV(segs[0].selector, 32);

    place.offset += order[n] * sizeof(SegmentCache);
    return place;
}

static GdbxRegPlace control_place(unsigned machine)
{
    const unsigned bits = TARGET_LONG_BITS;

    switch (machine) {
    case M_FSBASE:
        return IN_ENV(segs[R_FS].base, bits);
    case M_GSBASE:
        return IN_ENV(segs[R_GS].base, bits);
#ifdef TARGET_X86_64
    case M_KGSBASE:
        return IN_ENV(kernelgsbase, bits);
#endif
    case M_CR0:
        return IN_ENV(cr[0], bits);
    case M_CR2:
        return IN_ENV(cr[2], bits);
    case M_CR3:
        return IN_ENV(cr[3], bits);
    case M_CR4:
        return IN_ENV(cr[4], bits);
    case M_EFER:
        return IN_ENV(efer, 64);
    case M_FCTRL:
        return IN_ENV(fpuc, 16);
    }
    return (GdbxRegPlace) { .kind = GDBX_PLACE_NONE };
}

/* @machine: QEMU's number. @bits: as wide as the description has it. */
static GdbxRegPlace machine_place(unsigned machine, bool cs64, unsigned bits)
{
    if (machine < CPU_NB_REGS) {
        return gpr_place(machine, cs64, bits);
    }
    if (machine == M_RIP) {
        return (GdbxRegPlace) { .kind = GDBX_PLACE_PC,
                                .bits = cs64 ? bits : 32 };
    }
    if (machine >= M_SEG && machine < M_SEG + 6) {
        return segment_place(machine - M_SEG);
    }
    return control_place(machine);
}

/* Shown as a linear address, or not at all: no plain field. */
static bool in_segment(GdbxView view, bool cs64, const Reg *r)
{
    return (gdbx_i386_is_boot(view) && (cs64 || r->machine == M_SP)) ||
           (gdbx_i386_is_cpu(view) && !cs64 && r->machine == M_RIP);
}

bool gdbx_i386_reg_place(GdbxView view, bool cs64, unsigned n,
                         GdbxRegPlace *out)
{
    GdbxRegPlace place = { .kind = GDBX_PLACE_NONE };
    const Reg *r = gdbx_i386_reg(view, n);

    if (r && r->kind == K_ORIG) {
        place = (GdbxRegPlace) { .kind = GDBX_PLACE_CONST, .value = -1 };
    } else if (r && r->kind == K_CPL) {
        place.kind = GDBX_PLACE_CPL;
    } else if (r && r->machine >= 0 && !in_segment(view, cs64, r)) {
        place = machine_place(r->machine, cs64, r->bits);
    }
    if (place.kind == GDBX_PLACE_NONE) {
        return false;
    }
    *out = place;
    return true;
}

static uint64_t read_place(CPUX86State *env, const GdbxRegPlace *p,
                           uint64_t pc)
{
    const void *field = (const char *)env + p->offset;
    uint64_t value = p->value;

    switch (p->kind) {
    case GDBX_PLACE_GPR:
        value = env->regs[p->index];
        return p->bits == 32 ? (uint32_t)value : value;
    case GDBX_PLACE_PC:
        value = env->hflags & HF_CS64_MASK ? pc : pc - env->segs[R_CS].base;
        return p->bits == 32 ? (uint32_t)value : value;
    case GDBX_PLACE_CPL:
        return env->hflags & HF_CPL_MASK;
    case GDBX_PLACE_ENV:
        return p->bits == 16 ? *(const uint16_t *)field
             : p->bits == 32 ? *(const uint32_t *)field
             : *(const uint64_t *)field;
    default:
        return value;
    }
}

/* The condition codes are lazy in the middle of a block of translated code. */
static uint32_t flags_now(CPUState *cs, uintptr_t ra)
{
    CPUX86State *env = cpu_env(cs);
    CCOp kept = env->cc_op;
    uint64_t data[TARGET_INSN_START_WORDS];
    uint32_t flags;

    if (ra && cpu_unwind_state_data(cs, ra, data) &&
        data[1] != CC_OP_DYNAMIC) {
        env->cc_op = data[1];
    }
    flags = cpu_compute_eflags(env);
    env->cc_op = kept;
    return flags;
}

bool gdbx_i386_condition_reg(CPUState *cs, GdbxView view, unsigned n,
                             uint64_t pc, uintptr_t ra, uint64_t *value)
{
    CPUX86State *env = cpu_env(cs);
    g_autoptr(GByteArray) buf = NULL;
    uint8_t le[8] = { 0 };
    GdbxRegPlace place;
    const Reg *r;

    if (gdbx_i386_reg_place(view, env->hflags & HF_CS64_MASK, n, &place)) {
        *value = read_place(env, &place, pc);
        return true;
    }
    r = gdbx_i386_reg(view, n);
    if (!r || r->machine < 0 || r->bits > 64) {
        return false;
    }
    if (gdbx_i386_is_boot(view) && env->hflags & HF_CS64_MASK) {
        return false;
    }
    if (r->machine == M_RIP) {
        *value = pc;
        return true;
    }
    if (r->machine == M_SP) {
        *value = (uint32_t)(env->regs[R_ESP] &
                            (env->hflags & HF_SS32_MASK ? UINT32_MAX
                                                        : UINT16_MAX)) +
                 gdbx_i386_segment_base(env, view, r);
        return true;
    }
    if (r->machine == M_FLAGS) {
        *value = flags_now(cs, ra);
        return true;
    }
    /* Computed, or in another device. */
    buf = g_byte_array_new();
    if (!(!gdbx_i386_is_cpu(view) && gdbx_i386_live_fpu(env, r, buf)) &&
        (!gdb_read_register(cs, buf, r->machine) || buf->len > sizeof(le))) {
        return false;
    }
    memcpy(le, buf->data, buf->len);
    *value = ldq_le_p(le);
    return true;
}

/*
 * The unwinder tells by putting them back into the counter. What it changes,
 * all that x86_restore_state_to_opc() does included, is put back: the code
 * goes on.
 */
unsigned gdbx_i386_insns_left(CPUState *cs, uintptr_t ra)
{
    CPUX86State *env = cpu_env(cs);
    uint16_t low = cs->neg.icount_decr.u16.low, left;
    target_ulong eip = env->eip;
    CCOp cc_op = env->cc_op;

    cpu_restore_state(cs, ra);
    left = cs->neg.icount_decr.u16.low - low;
    cs->neg.icount_decr.u16.low = low;
    env->eip = eip;
    env->cc_op = cc_op;
    return left;
}
