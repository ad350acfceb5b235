/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86 under the stub extension: what a CPU is to introspection, and the check
 * in translated code that makes a point stop (see gdbstub/gdbx/points.c).
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "exec/helper-proto-common.h"
#include "hw/core/cpu.h"
#include "introspect/qemu.h"
#include "exec/page-protection.h"
#include "gdbx/insn-sets.h"
#include "gdbx/insn.h"
#include "gdbx/regs.h"
#include "gdbx/syscall.h"
#include "gdbx/trap.h"
#include "gdbx/walk.h"
#include "gdbstub/hooks.h"
#include "gdbstub/gdbx/sites.h"

#define HELPER_H "gdbx/helper.h"
#include "exec/helper-proto.h.inc"
#undef HELPER_H

static void osi_cpu(CPUState *cs, OsiCpu *out)
{
    CPUX86State *env = cpu_env(cs);

    *out = (OsiCpu) {
        .index = cs->cpu_index,
        .cr0 = env->cr[0], .cr3 = env->cr[3], .cr4 = env->cr[4],
        .efer = env->efer,
        .rip = env->eip, .rsp = env->regs[R_ESP],
        .gs_base = env->segs[R_GS].base,
        .fs_base = env->segs[R_FS].base,
#ifdef TARGET_X86_64
        .kernel_gs_base = env->kernelgsbase,
        .lstar = env->lstar,
#endif
        .idt_base = env->idt.base,
        .tr_base = env->tr.base,
        .cpl = env->hflags & HF_CPL_MASK,
        .halted = cs->halted,
    };
    /* QEMU numbers them as instructions do. */
    for (int i = 0; i < MIN(CPU_NB_REGS, OSI_GPRS); i++) {
        out->gpr[i] = env->regs[i];
    }
}

static void task_cpu(CPUState *cs, OsiCpu *out)
{
    CPUX86State *env = cpu_env(cs);

    out->index = cs->cpu_index;
    out->cr0 = env->cr[0];
    out->gs_base = env->segs[R_GS].base;
#ifdef TARGET_X86_64
    out->kernel_gs_base = env->kernelgsbase;
#else
    out->kernel_gs_base = 0;
#endif
    out->cpl = env->hflags & HF_CPL_MASK;
}

static uint64_t address_space(CPUState *cs)
{
    return cpu_env(cs)->cr[3];
}

static uint64_t thread_pointer(const GdbxThread *t)
{
    bool narrow = t->view == GDBX_VIEW_PROCESS32;

    if (t->cs) {
        return cpu_env(t->cs)->segs[narrow ? R_GS : R_FS].base;
    }
    return narrow ? t->saved->gs_base : t->saved->fs_base;
}

static int privilege(CPUState *cs)
{
    return cpu_env(cs)->hflags & HF_CPL_MASK;
}

static bool is_64bit(CPUState *cs)
{
    return cpu_env(cs)->hflags & HF_CS64_MASK;
}

/* EIP to linear address: outside 64-bit code CS has a base. */
uint64_t gdbx_i386_linear(CPUX86State *env, uint64_t eip)
{
    if (env->hflags & HF_CS64_MASK) {
        return eip;
    }
    return (uint32_t)(env->segs[R_CS].base + (uint32_t)eip);
}

uint64_t gdbx_i386_pc(CPUState *cs)
{
    return gdbx_i386_linear(cpu_env(cs), cpu_env(cs)->eip);
}

/*
 * RAM behind @va if the data TLB has it for reading with nothing special about
 * the page; never fills the TLB (that would set accessed bits).
 */
static const void *tlb_peek(CPUState *cs, uint64_t va)
{
    CPUTLBDescFast *fast = &cs->neg.tlb.f[cpu_mmu_index(cs, false)];
    size_t i = (va >> TARGET_PAGE_BITS) & (fast->mask >> CPU_TLB_ENTRY_BITS);
    CPUTLBEntry *e = &fast->table[i];

    if (e->addr_read != (va & TARGET_PAGE_MASK)) {
        return NULL;
    }
    return (const void *)((uintptr_t)va + e->addend);
}

bool gdbx_i386_read_virt(CPUState *cs, uint64_t va, void *buf, size_t len)
{
    const void *host = NULL;
    OsiMemory mem;

    if (qemu_cpu_is_self(cs) &&
        (va & ~TARGET_PAGE_MASK) + len <= TARGET_PAGE_SIZE) {
        host = tlb_peek(cs, va) ?: gdbx_i386_walk(cs, va);
    }
    if (host) {
        memcpy(buf, host, len);
        return true;
    }
    mem = osi_qemu_memory();
    while (len) {
        size_t chunk = MIN(len, TARGET_PAGE_SIZE - (va & ~TARGET_PAGE_MASK));
        MemTxAttrs attrs;
        hwaddr page = cpu_get_phys_page_attrs_debug(cs, va & TARGET_PAGE_MASK,
                                                    &attrs);

        if (page == -1 || !mem.read(mem.opaque, page + (va & ~TARGET_PAGE_MASK),
                                    buf, chunk)) {
            return false;
        }
        buf = (char *)buf + chunk;
        va += chunk;
        len -= chunk;
    }
    return true;
}

void gdbx_i386_trace(CPUState *cs, uint64_t words[GDBX_TRACE_WORDS])
{
    CPUX86State *env = cpu_env(cs);

    memset(words, 0, GDBX_TRACE_WORDS * sizeof(*words));
    for (int i = 0; i < CPU_NB_REGS; i++) {
        words[i] = env->regs[i];
    }
    words[16] = env->eip;
    words[17] = env->eflags;
}

static uint64_t result(CPUState *cs)
{
    return cpu_env(cs)->regs[R_EAX];
}

static void set_result(CPUState *cs, uint64_t value)
{
    cpu_env(cs)->regs[R_EAX] = value;
}

static bool leave_function(CPUState *cs)
{
    CPUX86State *env = cpu_env(cs);
    unsigned word = env->hflags & HF_CS64_MASK ? 8 : 4;
    uint64_t to = 0;

    if (!gdbx_i386_read_virt(cs, env->regs[R_ESP], &to, word)) {
        return false;
    }
    env->eip = le64_to_cpu(to);
    env->regs[R_ESP] += word;
    env->regs[R_EAX] = 0;
    return true;
}

/* SYSCALL, SYSENTER and INT 0x80 are two bytes each: Intel SDM vol. 2. */
static bool call_again(CPUState *cs, uint64_t number)
{
    CPUX86State *env = cpu_env(cs);
    uint8_t code[2];

    if (!gdbx_i386_read_virt(cs, gdbx_i386_pc(cs) - 2, code, sizeof(code)) ||
        !((code[0] == 0x0f && (code[1] == 0x05 || code[1] == 0x34)) ||
          (code[0] == 0xcd && code[1] == 0x80))) {
        return false;
    }
    env->eip -= 2;
    env->regs[R_EAX] = number;
    return true;
}

void HELPER(gdbx_point)(CPUX86State *env, target_ulong eip, uint32_t again)
{
    CPUState *cs = env_cpu(env);

    if (gdbx_point_hit(cs, gdbx_i386_linear(env, eip), GETPC(), again)) {
        cs->exception_index = EXCP_DEBUG;
        cpu_loop_exit_restore(cs, GETPC());
    }
}

void HELPER(gdbx_step)(CPUX86State *env, target_ulong eip, uint32_t again)
{
    CPUState *cs = env_cpu(env);

    if (gdbx_step_arrived(cs, gdbx_i386_linear(env, eip), GETPC(), again)) {
        cs->exception_index = EXCP_DEBUG;
        cpu_loop_exit_restore(cs, GETPC());
    }
}

uint64_t HELPER(gdbx_peek)(CPUX86State *env, uint64_t addr, uint32_t size)
{
    CPUState *cs = env_cpu(env);
    uint64_t value = 0;

    if (!gdbx_i386_read_virt(cs, addr, &value, size)) {
        gdbx_unread[gdbx_slot(cs)] = 1;
    }
    return le64_to_cpu(value);
}

/*
 * A point on a page that must not be executed: gdb lets a function it calls
 * (`print f(x)') return to its stack. The page is there, so the fault would
 * become a signal; no check in translated code can come before it.
 */
void gdbx_hook_fetch_fault(CPUState *cs, uint64_t addr, uint32_t error_code,
                           uintptr_t ra)
{
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_FETCH_FAULT]);
    if ((error_code & PG_ERROR_P_MASK) &&
        gdbx_i386_pc(cs) == addr &&
        gdbx_points_armed() && gdbx_point_hit(cs, addr, ra, false)) {
        cs->exception_index = EXCP_DEBUG;
        cpu_loop_exit_restore(cs, ra);
    }
}

void gdbx_hook_exec_page(CPUState *cs, uint64_t addr, uint64_t paddr, int prot,
                         MemTxAttrs attrs)
{
    AddressSpace *as;
    MemoryRegion *mr;
    hwaddr at, len = TARGET_PAGE_SIZE;

    if (!(prot & PAGE_EXEC)) {
        return;
    }
    gdbx_insn_space_loaded(cs);
    if (!gdbx_site_page_wanted(addr)) {
        return;
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_EXEC_PAGE]);
    as = cpu_get_address_space(cs, cpu_asidx_from_attrs(cs, attrs));
    RCU_READ_LOCK_GUARD();
    mr = address_space_translate(as, paddr, &at, &len, false, attrs);
    if (memory_region_is_ram(mr) || memory_region_is_romd(mr)) {
        gdbx_site_page_mapped(cs, addr, memory_region_get_ram_addr(mr) + at);
    }
}

static void drop_code(uint64_t ram)
{
    tb_invalidate_phys_range(ram, ram + TARGET_PAGE_SIZE - 1);
}

static void start(void)
{
    gdbx_i386_walk_start();
    gdbx_i386_held_start();
}

static const GdbxArch x86_arch = {
    .start = start,
    .deliver = gdbx_i386_deliver,
    .forget_held = gdbx_i386_forget_held,
    .osi_cpu = osi_cpu,
    .task_cpu = task_cpu,
    .address_space = address_space,
    .string_regs = 1 << R_ECX | 1 << R_ESI | 1 << R_EDI,
    .privilege = privilege,
    .thread_pointer = thread_pointer,
    .is_64bit = is_64bit,
    .pc = gdbx_i386_pc,
    .trace = gdbx_i386_trace,
    .description = gdbx_i386_description,
    .reg_info = gdbx_i386_reg_info,
    .read_reg = gdbx_i386_read_reg,
    .write_reg = gdbx_i386_write_reg,
    .write_saved = gdbx_i386_write_saved,
    .write_standing = gdbx_i386_write_standing,
    .thread_key = gdbx_i386_thread_key,
    .result = result,
    .set_result = set_result,
    .call_again = call_again,
    .leave_function = leave_function,
    .condition_reg = gdbx_i386_condition_reg,
    .insns_left = gdbx_i386_insns_left,
    .calls_changed = gdbx_insn_sets_changed,
    .pc_at = gdbx_i386_pc_at,
    .repeats = gdbx_i386_repeats,
    .begun_before = gdbx_i386_begun_before,
    .forget_faults = gdbx_i386_forget_faults,
    .read_virt = gdbx_i386_read_virt,
    .drop_code = drop_code,
};

static void register_arch(void)
{
    gdbx_register_arch(&x86_arch);
}

type_init(register_arch);
