/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the C files of the bare guest share. */
#ifndef BARE_CORE_H
#define BARE_CORE_H

#include <stddef.h>
#include <stdint.h>
#include "bare.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

struct entry {
    u16 kind;
    u8 width, write, cpl, soft;
    u16 mode;
    u64 pc, a, b, c;
};

_Static_assert(sizeof(struct entry) == ENTRY_SIZE, "bare.h says so");

/* @back is first: go_user() puts the kernel's stack pointer there. */
struct percpu {
    u64 back;
    u64 at, resume;     /* the instruction that may fault; where to go on */
    u64 soft;
    u64 irqs;           /* taken */
};

extern struct percpu cpus[MAX_CPUS];

static inline u64 this_cpu(void)
{
    u64 tr;

    asm volatile("str %0" : "=r"(tr));
    return ((tr & 0xffff) - SEL_TSS64) / 16;
}

/* Into the list of this CPU. */
struct entry *note(int kind, int width, int write, const void *pc, u64 a, u64 b);

/*
 * One instruction that may fault: it is known where it is and what comes next.
 * RBX has the struct percpu. Registers but RAX, RBX, RCX, RDX stay.
 */
#define TRY_WITH(is_soft, text, ...)                                    \
    do {                                                                \
        struct percpu *me_ = &cpus[this_cpu()];                         \
        me_->soft = (is_soft);                                          \
        asm volatile("lea 1f(%%rip), %%rax\n\t"                         \
                     "mov %%rax, 8(%%rbx)\n\t"                          \
                     "lea 2f(%%rip), %%rax\n\t"                         \
                     "mov %%rax, 16(%%rbx)\n"                           \
                     "1:\t" text "\n"                                   \
                     "2:"                                               \
                     : : "b"(me_), ##__VA_ARGS__ : "rax", "memory");    \
        me_->at = me_->resume = me_->soft = 0;                          \
    } while (0)
#define TRY(text)  TRY_WITH(0, text, "c"(0), "d"(0))
#define SOFT(text) TRY_WITH(1, text, "c"(0), "d"(0))

/* long.S */
#define ACCESS(name, ...) u64 name(__VA_ARGS__); extern const u8 name##_at[]
ACCESS(out1, u64, u64); ACCESS(out2, u64, u64); ACCESS(out4, u64, u64);
ACCESS(in1, u64); ACCESS(in2, u64); ACCESS(in4, u64);
ACCESS(store1, u64, u64); ACCESS(store2, u64, u64);
ACCESS(store4, u64, u64); ACCESS(store8, u64, u64);
ACCESS(load1, u64); ACCESS(load2, u64);
ACCESS(load4, u64); ACCESS(load8, u64);
ACCESS(string_out1, u64, const void *, u64);
ACCESS(string_out2, u64, const void *, u64);
ACCESS(string_out4, u64, const void *, u64);
ACCESS(string_in1, u64, void *, u64);
ACCESS(string_in2, u64, void *, u64);
ACCESS(string_in4, u64, void *, u64);
ACCESS(read_msr, u32);
ACCESS(write_msr, u32, u64);
ACCESS(do_syscall, u64);
void go_user(struct percpu *me, void (*code)(void), u64 stack);
extern const u8 user_left[], syscall_entry[], stubs64[], smm_code[], smm_end[];
/* prot.S: what another CPU has done before */
extern const u8 ap_wrmsr_at[];
/* insns.S */
void insn_stage(void);

/* devices.c: accesses that are noted */
void port_out(int width, u16 port, u32 value);
u32 port_in(int width, u16 port);
void mmio_write(int width, u64 address, u64 value);
u64 mmio_read(int width, u64 address);
void msr_write(u32 number, u64 value);
u64 msr_read(u32 number);
u32 pci_read(u32 bdf, u32 reg);
void pci_write(u32 bdf, u32 reg, u32 value);
#define APIC 0xfee00000ull
void apic_send(u32 to, u32 command);
void device_stage(void);

/* faults.c */
/* Of one CPU, before the others run. */
void lone_stage(void);
void fault_stage(void);
void register_stage(void);
void user_stage(void);
void interrupt_stage(void);

#endif
