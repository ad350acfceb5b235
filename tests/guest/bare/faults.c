/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions, interrupts, control registers, user mode; 64-bit. */
#include "core.h"

#define NOT_CANONICAL 0x8000000000000000ull

static void memory_faults(void)
{
    TRY_WITH(0, "movl (%%rcx), %%eax", "c"(NOT_PRESENT + 0x123ull));
    TRY_WITH(0, "movl %%eax, (%%rcx)", "c"(NOT_PRESENT + 0x123ull));
    TRY_WITH(0, "movb %%al, (%%rcx)", "c"(READ_ONLY + 0x45ull));
    TRY_WITH(0, "jmp *%%rcx", "c"(NO_EXECUTE + 0x10ull));
    TRY_WITH(0, "movl (%%rcx), %%eax", "c"(NOT_CANONICAL));
}

static void common_faults(void)
{
    TRY("ud2");
    TRY("int3");
    TRY("divl %%ecx");
    TRY(".byte 0xf1");                  /* int1 */
    SOFT("int $0x30");
    TRY("pushfq; orl $0x100, (%%rsp); popfq; nop");
    memory_faults();
}

static void float_faults(void)
{
    u16 control = 0x37b;                /* zero divide is an exception */

    asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp" : : "m"(control));
    TRY("fwait");
    asm volatile("fninit");
}

/*
 * The gate of #DE is gone: #NP comes in the way, which makes #DF of both. The
 * handler sees #DF only; #DE had begun.
 */
void lone_stage(void)
{
    volatile u32 *gate = (u32 *)(u64)IDT;
    struct entry *e = note(KIND_EXCEPTION, 0, 0, 0, 0, 0);

    gate[1] &= ~0x8000u;
    TRY("divl %%ecx");
    gate[1] |= 0x8000;
    e->pc = e[1].pc;
}

void fault_stage(void)
{
    common_faults();
    SOFT("int $0");
    SOFT("int $6");
    TRY_WITH(0, "movw %%cx, %%fs", "c"(SEL_ABSENT));
    TRY_WITH(0, "movw %%cx, %%ss", "c"(SEL_ABSENT));
    TRY_WITH(0, "movw %%cx, %%fs", "c"(0x3f8));
    float_faults();
}

#define READ(name, id)                                                  \
    ({                                                                  \
        u64 at_, value_;                                                \
        asm volatile("lea 1f(%%rip), %0\n1:\tmov %%" name ", %1"        \
                     : "=&r"(at_), "=&r"(value_));                      \
        note(KIND_REGISTER, 0, 0, (void *)at_, id, value_);             \
        value_;                                                         \
    })
#define WRITE(name, id, value)                                          \
    do {                                                                \
        u64 at_, value_ = (value);                                      \
        asm volatile("lea 1f(%%rip), %0\n1:\tmov %1, %%" name           \
                     : "=&r"(at_) : "r"(value_) : "memory");            \
        note(KIND_REGISTER, 0, 1, (void *)at_, id, value_);             \
    } while (0)

static u32 watched;

void register_stage(void)
{
    u64 cr0 = READ("cr0", REG_CR);

    WRITE("cr0", REG_CR, cr0 | 8);      /* TS: #NM */
    TRY("fnop");
    WRITE("cr0", REG_CR, cr0);
    WRITE("cr2", REG_CR + 2, 0x123456);
    READ("cr2", REG_CR + 2);
    WRITE("cr3", REG_CR + 3, READ("cr3", REG_CR + 3));
    WRITE("cr4", REG_CR + 4, READ("cr4", REG_CR + 4));
    WRITE("cr8", REG_CR + 8, 0);
    READ("cr8", REG_CR + 8);
    WRITE("dr0", REG_DR, (u64)&watched);
    READ("dr0", REG_DR);
    WRITE("dr7", REG_DR + 7, 0xd0403);  /* writes of 4 bytes */
    TRY_WITH(0, "movl %%edx, (%%rcx)", "c"(&watched), "d"(1));
    WRITE("dr7", REG_DR + 7, 0x400);
    WRITE("dr6", REG_DR + 6, 0xffff0ff0);
}

static void open_window(void)
{
    asm volatile("sti; nop; nop; nop; cli" : : : "memory");
}

static void wait_timer(struct percpu *me)
{
    u64 before = me->irqs;

    port_out(1, 0x43, 0x30);            /* once, after 2000 ticks */
    port_out(1, 0x40, 2000 & 0xff);
    port_out(1, 0x40, 2000 >> 8);
    port_out(1, 0x21, 0xde);
    while (*(volatile u64 *)&me->irqs == before) {
        asm volatile("sti; hlt; cli" : : : "memory");
    }
    port_out(1, 0x21, 0xff);
}

static void legacy_interrupts(struct percpu *me)
{
    static const u16 ports[] = { 0x20, 0xa0 };

    port_out(1, 0x43, 0x30);
    for (int n = 0; n < 2; n++) {
        port_out(1, ports[n], 0x11);
        port_out(1, ports[n] + 1, VECTOR_ISA + 8 * n);
        port_out(1, ports[n] + 1, n ? 2 : 4);
        port_out(1, ports[n] + 1, 1);
        port_out(1, ports[n] + 1, n ? 0xff : 0xdf);
    }
    mmio_write(4, APIC + 0x350, 0x700); /* LINT0: the PIC */
    port_out(1, 0x2005, 1);             /* pc-testdev raises IRQ 5 */
    open_window();
    wait_timer(me);
}

/* SMM's handler is at SMBASE + 0x8000; all it does is return. */
static void management_interrupt(u64 cpu)
{
    u8 *to = (u8 *)0x38000;

    for (const u8 *from = smm_code; from < smm_end; from++) {
        *to++ = *from;
    }
    apic_send(cpu, 0x4200);
    /* As an NMI: behind the store. */
    note(KIND_INTERRUPT, 0, 0, store4_at + 2, VECTOR_SMI, 0);
}

void interrupt_stage(void)
{
    u64 cpu = this_cpu();

    apic_send(cpu, 0x4000 | VECTOR_IPI);
    apic_send(cpu, 0x4000 | (VECTOR_IPI + 1));
    open_window();
    apic_send(cpu, 0x4400);             /* NMI */
    if (cpu == 0) {
        legacy_interrupts(&cpus[0]);
        management_interrupt(cpu);
    }
}

static void call_system(u64 number)
{
    u64 result;

    note(KIND_SYSCALL, 0, 1, do_syscall_at, number, 0);
    result = do_syscall(number);
    note(KIND_SYSCALL, 0, 0, do_syscall_at, number, result);
}

static void user_code(void)
{
    struct entry *e;

    common_faults();
    TRY("hlt");
    TRY("movq %%cr0, %%rax");
    e = note(KIND_EXCEPTION, 0, 0, 0, 0x20, 0);
    TRY("int $0x20");                   /* begun, but not for user mode: #GP */
    e->soft = 1;
    e->pc = e[1].pc;
    port_out(1, 0xe0, 0x77);
    port_in(1, 0xe0);
    mmio_read(4, 0xff000100);
    for (int n = 0; n < 5; n++) {
        call_system(100 + n);
    }
    SOFT("int $0x3f");
}

void user_stage(void)
{
    u64 cpu = this_cpu();

    go_user(&cpus[cpu], user_code, USER64 + 0x1000 * (cpu + 1));
    cpus[cpu].at = cpus[cpu].resume = cpus[cpu].soft = 0;
}
