/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between os-points.c and syscall.c, which sees CPUs come back to user mode. */
#ifndef GDBX_OS_POINTS_H
#define GDBX_OS_POINTS_H

#include "introspect/event.h"
#include "gdbstub/gdbx/syscall.h"

/* Is there a point on that? No vCPU runs. */
bool gdbx_os_user_wanted(void);
/* What the event of the OS that is announced now is; NULL: none. vCPU thread. */
const OsiEvent *gdbx_os_at_hand(void);
/* A GdbxOsEventFn: the one that is called on journeys of a replay, too. */
void gdbx_os_point(void *opaque, CPUState *cs, const OsiEvent *os);
/* vCPU thread: @cs is there, and has executed nothing yet. */
void gdbx_os_user(CPUState *cs);

#endif
