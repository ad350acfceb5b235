/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions and interrupts of x86 CPUs as events: what trap.c (which sees
 * them), held.c (which keeps one back while the machine stops) and the types
 * event-exception.c, event-interrupt.c share.
 */
#ifndef TARGET_I386_GDBX_TRAP_H
#define TARGET_I386_GDBX_TRAP_H

#include "gdbstub/event.h"
#include "gdbstub/hooks.h"

/* Vectors are 0..255; a triple fault and an SMI have numbers of ours. */
#define GDBX_VECTORS (GDBX_VECTOR_SMI + 1)

/* Intel SDM vol. 3, 7.5 "Exception Classifications"; INT: `int n', ICEBP. */
typedef enum GdbxTrapKind {
    GDBX_TRAP_FAULT, GDBX_TRAP_TRAP, GDBX_TRAP_ABORT, GDBX_TRAP_INT,
    GDBX_TRAP_KINDS
} GdbxTrapKind;

/* Fields of an interrupt. */
enum { GDBX_IRQ_VECTOR, GDBX_IRQ_CPL, GDBX_IRQ_HW };

/* An exception or interrupt that is about to be delivered. */
typedef struct GdbxTrap {
    int vector;
    bool soft;              /* made by an instruction: `int n', int3, into */
    bool hardware;          /* QEMU's is_hw: no error code is pushed */
    bool external;          /* taken between instructions: by cpu_exec_interrupt */
    int error;
    uint64_t next;          /* EIP/RIP behind the instruction, when @soft */
} GdbxTrap;

/*
 * @cs is going to stop in front of the delivery of @t: it is made at the next
 * entry of its loop, once. Its thread.
 */
void gdbx_i386_hold(CPUState *cs, const GdbxTrap *t);
/* False: @cs was plugged in after the stub had started. */
bool gdbx_i386_can_hold(CPUState *cs);
/* Is this delivery the one that was held? Once true. Its thread. */
bool gdbx_i386_held_now(CPUState *cs);

/* Members of GdbxArch. */
void gdbx_i386_deliver(CPUState *cs);
void gdbx_i386_forget_held(void);
/* The stub starts. */
void gdbx_i386_held_start(void);

/* What has passed, for the windows $exc and $irq. Any thread. */
void gdbx_i386_exception_seen(int vector, uint64_t error);
void gdbx_i386_interrupt_seen(int vector);

/* The points of exceptions or interrupts are others now. */
void gdbx_i386_traps_changed(void);

/* In filters: a set of vectors; none: all. */
typedef struct GdbxVectors {
    uint64_t bits[(GDBX_VECTORS + 63) / 64];
    bool some;
} GdbxVectors;

static inline void gdbx_vectors_add(GdbxVectors *v, int n)
{
    v->bits[n / 64] |= 1ull << n % 64;
    v->some = true;
}

static inline bool gdbx_vectors_have(const GdbxVectors *v, uint64_t n)
{
    return !v->some || (n < GDBX_VECTORS && v->bits[n / 64] >> n % 64 & 1);
}

#endif
