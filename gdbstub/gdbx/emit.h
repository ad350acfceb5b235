/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code in front of an instrumented instruction: what can be decided without
 * leaving translated code is decided there (address, address space, privilege,
 * conditions), so that the helper is called for hits only, or nearly so.
 *
 * What is compiled in are the points as they are at translation. A point that
 * is new or asks another question has its code thrown away first (sites.h); a
 * removed one is passed by a flag in memory.
 *
 * vCPU thread, while it translates.
 */
#ifndef GDBX_EMIT_H
#define GDBX_EMIT_H

#include "tcg/tcg-op-common.h"
#include "gdbstub/gdbx-arch.h"

/* An instruction to instrument, filled by the architecture. */
typedef struct GdbxSite GdbxSite;
struct GdbxSite {
    uint64_t ram;            /* RAM page or GDBX_NO_RAM */
    unsigned offset;         /* of the instruction in its page */
    int cpl;                 /* privilege level of the translated code */
    bool cs64;               /* 64-bit code */
    bool parallel;           /* several vCPUs run at once */
    bool again;              /* see gdbx_point_hit() */
    intptr_t cpu;            /* CPUState relative to tcg_env, bytes */
    TCGv_i64 pc;             /* linear address of the instruction */
    /* Emits the call that decides for good; it may leave the code. */
    void (*call)(const GdbxSite *s);
    /* Emits the call that decides whether a step ends here; it may leave too. */
    void (*step)(const GdbxSite *s);
    /* Emits @out = address-space register. */
    void (*space)(const GdbxSite *s, TCGv_i64 out);
    /*
     * Emits @out = register @n of @view. With a NULL @out only tells whether
     * it can.
     */
    bool (*reg)(const GdbxSite *s, GdbxView view, unsigned n, TCGv_i64 out);
    /*
     * Emits @out = @size bytes at virtual @addr, zero-extended; without any
     * effect on the guest. What cannot be read sets gdbx_unread[] of the vCPU.
     */
    void (*peek)(const GdbxSite *s, TCGv_i64 out, TCGv_i64 addr, unsigned size);
};

void gdbx_emit_site(const GdbxSite *s);
/* The check of step.h; before that of points, which the step passes. */
void gdbx_emit_step(const GdbxSite *s);

#endif
