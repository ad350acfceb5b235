/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the guest OS (introspect/event.h) for whoever in the emulator
 * wants them: the kernel functions that an event passes get a check in the
 * translated code for as long as somebody is subscribed. Nobody subscribed:
 * nothing in the guest is instrumented.
 */
#ifndef GDBSTUB_OS_EVENTS_H
#define GDBSTUB_OS_EVENTS_H

#include "introspect/event.h"

/*
 * In the vCPU thread of @cs, which is in front of the kernel's instruction and
 * goes on behind it. Must be quick and thread-safe: several vCPUs call at
 * once. @ev is the caller's. May ask the vCPU to stop (cpu_interrupt...), may
 * not touch points or subscriptions. While a replay looks for its way back
 * (timeline_busy()) it is called again and again for what happened once.
 */
typedef void (*GdbxOsEventFn)(void *opaque, CPUState *cs, const OsiEvent *ev);

/* For the one that is called: its place in translated code, 0 if none. */
uintptr_t gdbx_os_event_ra(void);

typedef struct GdbxOsSubscription GdbxOsSubscription;

/*
 * @kinds: bits 1 << OsiEventKind. Main thread, BQL; the guest may run (it is
 * held for a moment). Works before the guest has an OS: the sites are found
 * when it is there.
 */
GdbxOsSubscription *gdbx_os_subscribe(unsigned kinds, GdbxOsEventFn fn,
                                      void *opaque);
/*
 * For one who is told that no vCPU runs: other kinds for *@s, which is made when
 * it is NULL and released when @kinds is 0.
 */
void gdbx_os_resubscribe(GdbxOsSubscription **s, unsigned kinds,
                         GdbxOsEventFn fn, void *opaque);
void gdbx_os_unsubscribe(GdbxOsSubscription *s);

/*
 * Why events of @kind cannot be seen at the moment; false: they can, or nobody
 * is subscribed to them.
 */
bool gdbx_os_event_why(OsiEventKind kind, OsiError *err);

#endif
