/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between os-stops.c, os-stops-tell.c and births.c only. */
#ifndef GDBX_OS_NOTE_H
#define GDBX_OS_NOTE_H

#include "gdbstub/os-events.h"

/* A GdbxOsEventFn. */
void gdbx_deed_note(void *opaque, CPUState *cs, const OsiEvent *ev);
/* vCPU thread: @pid is at the first instruction of its new program. */
void gdbx_deed_born(CPUState *cs, int32_t pid);
void gdbx_deeds_drop(void);

/* --- births.c --- */
/* Main thread: gdbx_deed_born() will be called. */
void gdbx_birth_watch(const OsiTask *t, uint64_t entry);
void gdbx_birth_forget(int32_t pid);

#endif
