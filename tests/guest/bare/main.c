/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs are made ready, go through the stages, and trap. */
#include "core.h"

struct percpu cpus[MAX_CPUS];
static volatile u32 finished;

struct frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    u64 vector, error, rip, cs, rflags, rsp, ss;
};

/* The head of a CPU's list has the end of it. */
struct entry *note(int kind, int width, int write, const void *pc, u64 a, u64 b)
{
    u64 base = CPU_LOG + this_cpu() * CPU_LOG_SIZE;
    volatile u64 *end = (u64 *)base;
    struct entry *e;
    u16 cs;

    if (!*end) {
        *end = base + ENTRY_SIZE;
    }
    e = (struct entry *)*end;
    *end += ENTRY_SIZE;
    asm("mov %%cs, %0" : "=r"(cs));
    e->kind = kind;
    e->width = width;
    e->write = write;
    e->cpl = cs & 3;
    e->mode = 64;
    e->pc = (u64)pc;
    e->a = a;
    e->b = b;
    return e;
}

static void interrupted(struct percpu *me, struct frame *f)
{
    struct entry *e = note(KIND_INTERRUPT, 0, 0, (void *)f->rip, f->vector, 0);

    e->cpl = f->cs & 3;
    me->irqs++;
    if (f->vector >= VECTOR_ISA) {
        port_out(1, 0x2000 + f->vector - VECTOR_ISA, 0);
        port_out(1, 0x20, 0x20);
    } else if (f->vector != 2) {
        mmio_write(4, APIC + 0xb0, 0);
    }
}

void trap(struct frame *f)
{
    struct percpu *me = &cpus[this_cpu()];
    struct entry *e;
    u64 cr2;
    int here;

    if (f->vector == 2 || f->vector >= VECTOR_LEAVE + 1) {
        interrupted(me, f);
        return;
    }
    asm volatile("mov %%cr2, %0" : "=r"(cr2));
    /* Where it was going to fetch from; behind the instruction. */
    here = (f->vector == 14 && (f->error & 16)) || f->vector == 1 || !me->at;
    e = note(KIND_EXCEPTION, 0, 0, (void *)(here ? f->rip : me->at),
             f->vector, f->error);
    e->soft = me->soft;
    e->cpl = f->cs & 3;
    e->c = f->vector == 14 ? cr2 : 0;
    if (f->vector == VECTOR_LEAVE) {
        f->rip = (u64)user_left;
        f->cs = K64;
        f->ss = KDATA;
        f->rsp = me->back;
        return;
    }
    f->rflags &= ~0x40100ull;           /* no single steps, no AC */
    if (me->resume) {
        f->rip = me->resume;
    }
}

static void set_gate(int vector, u64 handler, int dpl)
{
    u64 *gate = (u64 *)(u64)IDT + 2 * vector;

    gate[0] = (handler & 0xffff) | K64 << 16 | (0x8e00ull | dpl << 13) << 32 |
              (handler >> 16 & 0xffff) << 48;
    gate[1] = handler >> 32;
}

static void make_gates(void)
{
    for (int n = 0; n < 96; n++) {
        int dpl = n == 3 || n == 4 || (n >= VECTOR_SOFT && n <= VECTOR_LEAVE);

        set_gate(n, (u64)stubs64 + 16 * n, dpl ? 3 : 0);
    }
}

static void load_tables(u64 cpu)
{
    struct { u16 limit; u64 base; } __attribute__((packed)) idtr =
        { 96 * 16 - 1, IDT };
    u64 tss = TSS64 + 0x80 * cpu;
    u64 *gdt = (u64 *)(GDT + SEL_TSS64 + 16 * cpu);

    /* RSP0 is above what the kernel's own code uses of the stack. */
    *(u64 *)(tss + 4) = STACK64 + 0x2000 * cpu + 0x1000;
    *(u16 *)(tss + 102) = 104;
    gdt[0] = 0x67 | tss << 16 | 0x89ull << 40;
    gdt[1] = 0;
    asm volatile("lidt %0" : : "m"(idtr));
    asm volatile("ltr %w0" : : "r"((u16)(SEL_TSS64 + 16 * cpu)));
}

static void stages(void)
{
    fault_stage();
    register_stage();
    device_stage();
    interrupt_stage();
    user_stage();
    insn_stage();
}

/* A test has breakpoints at these. */
__attribute__((noinline)) void bare_done(void)
{
    asm volatile("");
}

__attribute__((noinline)) void bare_begin(void)
{
    asm volatile("");
}

/* How many there are, as QEMU's firmware asks it: register 0x5f of CMOS. */
static u32 wake_others(void)
{
    u32 count;

    port_out(1, 0x70, 0x5f);
    count = port_in(1, 0x71) + 1;
    if (count > 1) {
        apic_send(0, 0xc4500);          /* INIT to all others */
        apic_send(0, 0xc46f0);          /* SIPI: page 0xf0 */
    }
    return count;
}

void bare_main(u64 cpu)
{
    u32 count = 0;

    if (cpu == 0) {
        bare_begin();
        make_gates();
    }
    load_tables(cpu);
    if (cpu == 0) {
        lone_stage();
    } else {
        note(KIND_MSR, 0, 1, ap_wrmsr_at, 0xc0000080, 0x901)->mode = 32;
    }
    mmio_write(4, APIC + 0xf0, 0x1ff);  /* the APIC is on */
    if (cpu == 0) {
        count = wake_others();
    }
    stages();
    __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
    if (cpu == 0) {
        while (finished != count) {
            asm volatile("pause");
        }
        bare_done();
    }
}
