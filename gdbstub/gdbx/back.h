/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What passes while a replay looks for the way back.
 *
 * Whatever may stop the machine has an instant: an instruction count, as it is
 * where the machine stops for it, and an id, since several things happen at one
 * count (an instruction ends, an interrupt comes, the next instruction begins, it
 * faults). Going back from one of them, those before it count and it does not.
 *
 * What prints a line when it is passed forwards prints it backwards too, the
 * latest first, and once. So lines wait until it is known where the journey ends.
 *
 * vCPU thread, while timeline_busy(), but where said.
 */
#ifndef GDBX_BACK_H
#define GDBX_BACK_H

#include "gdbstub/gdbx/os-stops.h"

typedef struct GdbxInstant {
    uint64_t icount;
    uint64_t id;
    uint64_t pc;            /* linear, of what it is about */
} GdbxInstant;

/* One of a breakpoint, and of what a process does. */
GdbxInstant gdbx_instant_point(uint64_t pc, uint64_t icount);
GdbxInstant gdbx_instant_deed(const GdbxDeed *d, uint64_t pc, uint64_t icount);

/* A replay looks, and @i is in front of where it came from. */
bool gdbx_back_passes(GdbxInstant i);
/* The replay goes to where it stops, and that is @i. */
bool gdbx_back_arrives(GdbxInstant i);
/* The replay would stop for @i, unless something later is found. */
void gdbx_back_found(GdbxInstant i);

/*
 * @d is done: as with an event's point. True: it has been pushed, and @cs stops
 * (time.c).
 */
bool gdbx_back_deed(CPUState *cs, const GdbxDeed *d, GdbxInstant at);

/* What is printed from now on until gdbx_back_said() is of @i. */
void gdbx_back_say(GdbxInstant i);
void gdbx_back_said(void);

/* --- main thread, machine stopped --- */
/* gdb hears of it now. */
void gdbx_back_present(uint64_t id);
/* The machine runs: what gdb has heard of is over. */
void gdbx_back_no_present(void);
/* A journey begins at instruction @icount. */
void gdbx_back_begin(uint64_t icount);
/* It is over. @there: where it should lead, so lines of the way are printed. */
void gdbx_back_end(bool there);

#endif
