/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A call stack kept beside the guest's own: who called whom, for where no frame
 * pointer and no unwind data says it.
 *
 * callstack.c       what calls and returns make of it; vCPU threads
 * monitor-calls.c   `monitor gdbx callstack', `monitor gdbx bt'
 *
 * It is kept for each thread of the guest (each CPU, while no guest OS is known)
 * by the stack pointer: a call at address S ends all calls whose return address
 * lay at S or below, a return from S too. So longjmp, exceptions, a signal's
 * end and returns that were not seen need no care. A thread has several stacks
 * (kernel's, interrupts', a signal handler's): a stack pointer far from the
 * last is another one, and going back to one ends those that came later.
 *
 * Locking: a thread of the guest runs on one CPU at a time, and so its record
 * is changed by one vCPU at a time; the table of threads has a lock. All is
 * made and freed while no vCPU runs.
 */
#ifndef GDBX_CALLSTACK_H
#define GDBX_CALLSTACK_H

#include "hw/core/cpu.h"
#include "introspect/guest.h"

/* Of one thread; with more the oldest go. */
#define GDBX_CALL_STACKS 8
#define GDBX_CALL_DEPTH 4096
/* Of all threads. */
#define GDBX_CALL_THREADS 4096
#define GDBX_CALL_FRAMES (1u << 20)

typedef struct GdbxCallFrame {
    uint64_t sp;            /* linear address of the return address */
    uint64_t from;          /* of the call, linear */
    uint64_t back;          /* that it returns to, linear */
    uint32_t base;          /* of the code segment: what is stored is less */
    uint8_t size;           /* bytes of what is stored */
} GdbxCallFrame;

typedef struct GdbxCallStack {
    int cpl;
    uint64_t edge;          /* the last stack pointer seen on it */
    unsigned n, room;
    uint64_t dropped;       /* oldest frames: there were too many */
    GdbxCallFrame *frame;   /* the outermost first */
} GdbxCallStack;

typedef struct GdbxCallThread {
    uint64_t key;           /* OsiTask.object; of a CPU: its index + 1 */
    unsigned n;
    GdbxCallStack stack[GDBX_CALL_STACKS];      /* the latest is the last */
} GdbxCallThread;

/* What is recorded; vCPUs do not run while it changes. */
typedef struct GdbxCallsWanted {
    bool on;
    int32_t pid;            /* of this process alone; 0: everything */
    uint64_t space, mask;   /* of it, as in GdbxPoint */
} GdbxCallsWanted;

extern GdbxCallsWanted gdbx_calls_wanted;

/*
 * @cs is in front of a call, or a return from @sp. State but for flags and
 * program counter synchronised. vCPU thread.
 */
void gdbx_callstack_call(CPUState *cs, const GdbxCallFrame *f);
void gdbx_callstack_return(CPUState *cs, uint64_t sp);

/* What is known of a thread, or NULL. vCPUs stopped. */
const GdbxCallThread *gdbx_callstack_of(uint64_t key);
/* Is @sp near where stack @s of privilege level @cpl was used last? */
bool gdbx_callstack_near(const GdbxCallStack *s, uint64_t sp, int cpl);
/* Threads and frames that are kept, threads that are not. */
void gdbx_callstack_count(unsigned *threads, unsigned *frames,
                          uint64_t *refused);

/* Forgets all that was recorded. vCPUs stopped. */
void gdbx_callstack_forget(void);
/* The guest is about to run: whose it is now, room for new threads. */
void gdbx_callstack_prepare(void);
/* Says whose page tables are wanted (roots.h). */
void gdbx_callstack_roots(void);
/* Off; harmless when it is. vCPUs stopped. */
void gdbx_callstack_off(void);

#endif
