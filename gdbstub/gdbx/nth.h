/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `monitor gdbx tfind N' (time-nth.c), for time.c. Main thread, but where said. */
#ifndef GDBX_NTH_H
#define GDBX_NTH_H

#include "gdbstub/gdbx/back.h"

/* reverse-continue: is it to go to a hit by its number? Then they are counted. */
bool gdbx_nth_begin(void);
/* It has arrived, or has not. */
void gdbx_nth_end(void);
/* Another resume, or the client has gone. */
void gdbx_nth_forget(void);
/* Hits are counted. Any thread. */
bool gdbx_nth_counting(void);
uint64_t gdbx_nth_passed(void);
/* The last of them is the one. */
bool gdbx_nth_won(void);
/* There is a hit: is it the one? True where none are counted. vCPU thread. */
bool gdbx_nth_wins(GdbxInstant at);

#endif
