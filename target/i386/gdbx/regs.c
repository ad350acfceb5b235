/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers read and written while the CPUs stand still: of the machine and of
 * a user thread on a CPU through QEMU's own description, of any other thread
 * from what the guest kernel saved.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/gdbstub.h"
#include "gdbx/regs.h"
#include "gdbx/regs-desc.h"

static void append_int(GByteArray *out, uint64_t value, unsigned bytes)
{
    uint8_t le[8];

    stq_le_p(le, value);
    g_byte_array_append(out, le, bytes);
}

/* QEMU's value in as many bytes as our description says. */
static bool read_machine(CPUState *cs, const Reg *r, GByteArray *out)
{
    static const uint8_t zeroes[16];
    guint end = out->len + r->bits / 8;

    if (!gdb_read_register(cs, out, r->machine)) {
        return false;
    }
    if (out->len < end) {
        g_byte_array_append(out, zeroes, MIN(end - out->len, sizeof(zeroes)));
    }
    g_byte_array_set_size(out, end);
    return true;
}

static bool read_live(CPUState *cs, const Reg *r, GByteArray *out)
{
    switch (r->kind) {
    case K_ORIG:
        append_int(out, -1, r->bits / 8);   /* not in a system call */
        return true;
    case K_CPL:
        append_int(out, cpu_env(cs)->hflags & HF_CPL_MASK, r->bits / 8);
        return true;
    default:
        return r->machine >= 0 && read_machine(cs, r, out);
    }
}

uint32_t gdbx_i386_segment_base(CPUX86State *env, GdbxView view, const Reg *r)
{
    if (env->hflags & HF_CS64_MASK || !gdbx_i386_is_cpu(view)) {
        return 0;
    }
    if (r->machine == M_RIP) {
        return env->segs[R_CS].base;
    }
    return gdbx_i386_is_boot(view) && r->machine == M_SP
           ? env->segs[R_SS].base : 0;
}

/* Of a register that may be an offset into a segment. */
static uint64_t linear_reg(CPUX86State *env, GdbxView view, const Reg *r,
                           uint64_t value)
{
    uint32_t base = gdbx_i386_segment_base(env, view, r);

    if (!(env->hflags & HF_CS64_MASK)) {
        value = (uint32_t)value;
    }
    if (gdbx_i386_is_boot(view) && r->machine == M_SP &&
        !(env->hflags & HF_SS32_MASK)) {
        value = (uint16_t)value;
    }
    return base ? (uint32_t)(value + base) : value;
}

/* The registers of a CPU, in the machine's inferior or a view of it. */
static bool read_cpu(CPUState *cs, GdbxView view, const Reg *r, GByteArray *out)
{
    CPUX86State *env = cpu_env(cs);

    if (gdbx_i386_is_boot(view) && env->hflags & HF_CS64_MASK &&
        r->kind != K_SPACE && r->kind != K_CPL) {
        if (r->machine == M_RIP) {
            /* gdb resumes nothing that has no program counter. */
            append_int(out, env->eip >> 32 ? 0 : env->eip, r->bits / 8);
            return true;
        }
        return false;       /* half of a register is wrong */
    }
    if (r->machine == M_RIP || r->machine == M_SP) {
        append_int(out, linear_reg(env, view, r, r->machine == M_RIP
                                   ? env->eip : env->regs[R_ESP]), r->bits / 8);
        return true;
    }
    return read_live(cs, r, out);
}

/* A process sees what ptrace shows; the machine what QEMU does. */
static bool read_user(CPUState *cs, const Reg *r, GByteArray *out)
{
    return gdbx_i386_live_fpu(cpu_env(cs), r, out) || read_live(cs, r, out);
}

static bool read_saved(const GdbxThread *t, const Reg *r, GByteArray *out)
{
    if (r->kind == K_SPACE) {
        if (!t->root) {
            return false;       /* a kernel thread's: whoever ran before */
        }
        append_int(out, t->root, r->bits / 8);
    } else if (r->kind == K_CPL) {
        append_int(out, t->saved->cs & 3, r->bits / 8);
    } else if (r->saved >= 0) {
        if (t->known && !(t->known >> r->saved / 8 & 1)) {
            return false;
        }
        append_int(out, *(const uint64_t *)((const char *)t->saved + r->saved),
                   r->bits / 8);
    } else {
        return t->fpu && gdbx_i386_saved_fpu(t->fpu, r, out);
    }
    return true;
}

bool gdbx_i386_read_reg(const GdbxThread *t, unsigned n, GByteArray *out)
{
    const Reg *r = gdbx_i386_reg(t->view, n);

    if (!r) {
        return false;
    }
    if (t->cs) {
        return gdbx_i386_is_cpu(t->view) ? read_cpu(t->cs, t->view, r, out)
                                            : read_user(t->cs, r, out);
    }
    return read_saved(t, r, out);
}

/* Not to be changed at all, or not in a process's name. */
static bool read_only(GdbxView view, const Reg *r)
{
    return r->machine < 0 ||
           (!gdbx_i386_is_cpu(view) &&
            (r->kind == K_SPACE || r->kind == K_SEG));
}

bool gdbx_i386_write_reg(const GdbxThread *t, unsigned n, const uint8_t *buf)
{
    const Reg *r = gdbx_i386_reg(t->view, n);
    g_autoptr(GByteArray) now = g_byte_array_new();
    uint8_t wide[16] = { 0 };
    int machine;

    if (!r || !t->cs || r->bits / 8 > sizeof(wide)) {
        return false;
    }
    /* gdb writes -1 here to say "no system call to restart": so it is. */
    if (r->kind == K_ORIG) {
        return true;
    }
    if (read_only(t->view, r)) {
        /* gdb restores all registers after a call: no change is no error. */
        return read_live(t->cs, r, now) && !memcmp(now->data, buf, now->len);
    }
    machine = r->machine;
    if (r->kind == K_ST) {
        /* QEMU reads st(i), but writes the register that has number i. */
        machine = M_ST + (r->machine - M_ST + cpu_env(t->cs)->fpstt) % 8;
    }
    if (gdbx_i386_is_boot(t->view) && cpu_env(t->cs)->hflags & HF_CS64_MASK) {
        return false;
    }
    memcpy(wide, buf, r->bits / 8);
    if (gdbx_i386_segment_base(cpu_env(t->cs), t->view, r)) {
        stl_le_p(wide, ldl_le_p(wide) -
                 gdbx_i386_segment_base(cpu_env(t->cs), t->view, r));
    }
    t->cs->cc->gdb_write_register(t->cs, wide, machine);
    return true;
}

/* What the kernel lets a debugger change: FLAG_MASK, arch/x86/kernel/ptrace.c. */
#define SAVED_LAST ((int)offsetof(OsiUserRegs, ss))
#define USER_FLAGS (CC_C | CC_P | CC_A | CC_Z | CC_S | CC_O | TF_MASK | \
                    DF_MASK | RF_MASK | AC_MASK)

const char *gdbx_i386_write_saved(const GdbxThread *t, unsigned n,
                                  const uint8_t *buf, GdbxSavedReg *out)
{
    const Reg *r = gdbx_i386_reg(t->view, n);
    uint64_t value;

    if (r && r->saved < 0) {
        return "it is not one of those that the kernel saves first";
    }
    if (!r || r->kind == K_SEG || r->saved > SAVED_LAST) {
        return "a process must not load segments";
    }
    value = r->bits == 32 ? ldl_le_p(buf) : ldq_le_p(buf);
    if (r->kind == K_ORIG && r->bits == 32) {
        value = (int32_t)value;
    }
    if (r->machine == M_FLAGS) {
        value = (t->saved->rflags & ~(uint64_t)USER_FLAGS) |
                (value & USER_FLAGS);
    }
    if ((r->machine == M_RIP || r->machine == M_SP) && value >> 56) {
        return "that is no address of a process";
    }
    *out = (GdbxSavedReg) { r->saved, value };
    return NULL;
}
