/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What neither a reset nor loading an earlier state takes back: a device has
 * switched to something for good, and migration only ever goes from an earlier
 * state to a later one.
 */
#ifndef HW_GDBX_UNLOAD_H
#define HW_GDBX_UNLOAD_H

/*
 * Takes back what the state that is about to be loaded has not: @have says
 * whether it has a section or subsection of that name. BQL, no vCPU executes.
 */
void gdbx_unload_parts(bool (*have)(const char *part, void *opaque),
                       void *opaque);

#endif
