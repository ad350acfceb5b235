/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which instructions get a check of their kind.
 *
 * What is wanted at one time is a *set* of guards. Translated code with the
 * checks of a set is other code than that without: three bits of
 * CPUState.tcg_cflags have the number of the set, so QEMU keeps both apart, and
 * nothing is thrown away when points come and go or when the same ones come
 * back. Only the eighth set takes the place of all others, by a flush.
 *
 * A set that concerns some address spaces only is a vCPU's while one of them
 * is loaded. The rest of the guest runs code that knows nothing of it.
 *
 * Rejected: a check in all translated code that asks what is wanted (cost
 * everywhere); one bit and a flush for each change.
 */
#ifndef TARGET_I386_GDBX_INSN_SETS_H
#define TARGET_I386_GDBX_INSN_SETS_H

#include "exec/translation-block.h"
#include "gdbx/decode.h"
#include "gdbstub/hooks.h"
#include "gdbstub/gdbx/step.h"

#define GDBX_CF_INSN_SHIFT 20
#define GDBX_CF_INSN (7u << GDBX_CF_INSN_SHIFT)
QEMU_BUILD_BUG_ON(GDBX_CF_INSN & (CF_CLUSTER_MASK | CF_BP_PAGE |
                                  (CF_BP_PAGE - 1) | GDBX_CF_STEP));

typedef enum GdbxGuardWhat {
    GDBX_GUARD_INSN,        /* instructions of some kind */
    GDBX_GUARD_REGISTER,    /* those that access a register */
    GDBX_GUARD_CALLS,       /* calls and returns, for the call stack */
} GdbxGuardWhat;

/* Which instructions, and whose. All bits of it count when it is compared. */
typedef struct GdbxInsnGuard {
    uint32_t what;          /* GdbxGuardWhat */
    int32_t cpl;            /* only at this privilege level; -1: any */
    uint64_t space, mask;   /* as in GdbxPoint; a mask of 0: any */
    uint64_t first, last;   /* linear addresses, both included */
    uint32_t any, all;      /* INSN: one of these classes, or 0; all of these */
    uint32_t id;            /* INSN: this mnemonic; 0: any */
    uint32_t reg;           /* REGISTER: GdbxIsaReg */
    uint32_t access;        /* REGISTER: BP_MEM_READ, BP_MEM_WRITE */
    uint32_t zero;
} GdbxInsnGuard;

typedef struct GdbxInsnSet {
    unsigned n;
    GdbxInsnGuard *guards;
    GdbxIsaSet reads, writes;       /* registers that any guard is about */
} GdbxInsnSet;

/*
 * Makes the set of what is wanted now; see the callers of gdbx_insn_want() in
 * insn-sets.c. Main thread, no vCPU runs.
 */
void gdbx_insn_sets_changed(void);

/* The set that code with @cflags has checks of; NULL: none. vCPU thread. */
const GdbxInsnSet *gdbx_insn_set(uint32_t cflags);

/* The page tables of @cs may be others. vCPU thread, looking for code. */
void gdbx_insn_choose(CPUState *cs);
static inline void gdbx_insn_space_loaded(CPUState *cs)
{
    if (unlikely(gdbx_insn_wanted_now)) {
        gdbx_insn_choose(cs);
    }
}

/* Is @in one of those that @g means? Of its place nothing is asked. */
bool gdbx_guard_means(const GdbxInsnGuard *g, const GdbxInsn *in);

/* The rooms that want something: each appends its guards. */
void gdbx_insn_guards(GArray *guards);          /* event-insn.c */
void gdbx_register_guards(GArray *guards);      /* event-register.c */
void gdbx_callstack_guards(GArray *guards);     /* event-calls.c */

#endif
