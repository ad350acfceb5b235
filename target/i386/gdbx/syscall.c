/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls on x86: SYSCALL, SYSENTER and INT 0x80, and the ways back to user
 * mode. Which registers a call's number and arguments are in is Linux's ABI:
 * arch/x86/entry/{entry_64.S,entry_64_compat.S,entry_32.S}.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "hw/core/cpu.h"
#include "gdbx/regs.h"
#include "gdbx/syscall.h"
#include "gdbstub/hooks.h"
#include "gdbstub/gdbx/syscall.h"
#include "gdbstub/gdbx/uninit.h"

/* What the kernel puts into RAX until the call has a result: -ENOSYS. */
#define NO_RESULT ((uint64_t)-38)

static uint32_t word_at(CPUState *cs, uint32_t va)
{
    uint32_t v = 0;

    return gdbx.arch->read_virt(cs, va, &v, sizeof(v)) ? le32_to_cpu(v) : 0;
}

static bool bytes_at(CPUState *cs, uint64_t va, uint8_t a, uint8_t b)
{
    uint8_t code[2];

    return gdbx.arch->read_virt(cs, va, code, sizeof(code)) && code[0] == a &&
           code[1] == b;
}

static void call64(CPUX86State *env, GdbxCall *call)
{
#ifdef TARGET_X86_64
    static const uint8_t args[] = { R_EDI, R_ESI, R_EDX, 10, 8, 9 };

    for (int i = 0; i < 6; i++) {
        call->arg[i] = env->regs[args[i]];
    }
    call->made.number = env->regs[R_EAX];
#endif
}

/*
 * The vDSO of 32-bit programs has an INT 0x80 behind its SYSCALL or SYSENTER,
 * and the kernel returns behind that. It has put one argument on the stack:
 * arch/x86/entry/vdso/vdso32/system_call.S.
 */
static void call32(CPUX86State *env, GdbxCall *call, bool fast, bool sysenter)
{
    static const uint8_t args[] = { R_EBX, R_ECX, R_EDX, R_ESI, R_EDI, R_EBP };
    CPUState *cs = env_cpu(env);

    for (int i = 0; i < 6; i++) {
        call->arg[i] = (uint32_t)env->regs[args[i]];
    }
    if (fast && sysenter) {
        call->arg[5] = word_at(cs, env->regs[R_EBP]);
    } else if (fast) {
        call->arg[1] = (uint32_t)env->regs[R_EBP];
        call->arg[5] = word_at(cs, env->regs[R_ESP]);
    }
    call->made.number = (uint32_t)env->regs[R_EAX];
    call->made.compat32 = true;
    if (fast && bytes_at(cs, call->made.next, 0xcd, 0x80)) {
        call->made.next += 2;
    }
}

/* As the kernel will save them; RCX and R11 of SYSCALL: Intel SDM vol. 2. */
static void fill_regs(CPUX86State *env, const GdbxCall *call, OsiUserRegs *r)
{
    uint64_t *gpr[] = { &r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
                        &r->rsi, &r->rdi, &r->r8, &r->r9, &r->r10, &r->r11,
                        &r->r12, &r->r13, &r->r14, &r->r15 };

    *r = (OsiUserRegs) {
        .orig_rax = call->made.number, .rip = call->made.next,
        .rflags = cpu_compute_eflags(env), .cs = env->segs[R_CS].selector,
        .ss = env->segs[R_SS].selector, .fs_base = env->segs[R_FS].base,
        .gs_base = env->segs[R_GS].base,
        .compat32 = !(env->hflags & HF_CS64_MASK),
    };
    for (int i = 0; i < MIN(CPU_NB_REGS, (int)ARRAY_SIZE(gpr)); i++) {
        *gpr[i] = env->regs[i];
    }
    r->rax = r->compat32 ? (uint32_t)NO_RESULT : NO_RESULT;
    if (!call->made.compat32) {
        r->rcx = r->rip;
        r->r11 = r->rflags;
    }
}

/*
 * SYSENTER is the last instruction of its block and is going to be executed; QEMU
 * would take it off the instructions executed, as of one that begins anew.
 */
static void restore(CPUState *cs, uintptr_t ra)
{
    unsigned left = gdbx.arch->insns_left(cs, ra);

    cpu_restore_state(cs, ra);
    cs->neg.icount_decr.u16.low -= left;
}

void gdbx_syscall_made(CPUState *cs, int len, uintptr_t ra)
{
    CPUX86State *env = cpu_env(cs);
    GdbxCall call = { 0 };
    GDBX_UNINIT OsiUserRegs regs;
    bool fast;

    if ((env->hflags & HF_CPL_MASK) != 3 || !gdbx_syscall_meant(cs)) {
        return;
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_SYSCALL]);
    if (ra) {
        restore(cs, ra);
    }
    call.pc = gdbx.arch->pc(cs);
    call.made.next = call.pc + len;
    fast = bytes_at(cs, call.pc, 0x0f, 0x05) || ra;
    if (fast && (env->hflags & HF_CS64_MASK)) {
        call64(env, &call);
    } else {
        call32(env, &call, fast, ra);
    }
    if (gdbx_syscall_begins(cs, &call)) {
        fill_regs(env, &call, &regs);
        gdbx_syscall_stands(cs, &regs);
    }
}

/*
 * Linux of 32 bits has the kernel stack of the thread in ESP1 of the TSS (Intel
 * SDM vol. 3, "32-bit task-state segment"), where its entry code finds it:
 * update_task_stack() in arch/x86/include/asm/switch_to.h.
 */
uint64_t gdbx_i386_thread_key(CPUState *cs)
{
    CPUX86State *env = cpu_env(cs);

    return env->hflags & HF_LMA_MASK ? 0 : word_at(cs, env->tr.base + 12);
}

void gdbx_syscall_user(CPUState *cs)
{
    if ((cpu_env(cs)->hflags & HF_CPL_MASK) == 3 && gdbx_syscall_meant(cs)) {
        qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_USER]);
        gdbx_syscall_ends(cs);
    }
}

const char *gdbx_i386_write_standing(CPUState *cs, size_t offset,
                                     uint64_t value)
{
    static const struct {
        size_t offset;
        uint8_t reg;
    } places[] = {
        { offsetof(OsiUserRegs, orig_rax), R_EAX },
        { offsetof(OsiUserRegs, rbx), R_EBX },
        { offsetof(OsiUserRegs, rdx), R_EDX },
        { offsetof(OsiUserRegs, rsi), R_ESI },
        { offsetof(OsiUserRegs, rdi), R_EDI },
        { offsetof(OsiUserRegs, rbp), R_EBP },
#ifdef TARGET_X86_64
        { offsetof(OsiUserRegs, r8), 8 }, { offsetof(OsiUserRegs, r9), 9 },
        { offsetof(OsiUserRegs, r10), 10 }, { offsetof(OsiUserRegs, r12), 12 },
        { offsetof(OsiUserRegs, r13), 13 }, { offsetof(OsiUserRegs, r14), 14 },
        { offsetof(OsiUserRegs, r15), 15 },
#endif
    };

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (places[i].offset == offset) {
            cpu_env(cs)->regs[places[i].reg] = value;
            return NULL;
        }
    }
    return "a system call begins";
}
