/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc as gdb reads it: the files procfs.c makes, by name. Each maker appends
 * the file as it is now; false: there is no such file of this task.
 *
 * The text is the guest's own, line by line, of what is known; a line of what
 * is not is left out, a column of it is 0. Formats: proc(5), fs/proc/ of Linux.
 */
#ifndef GDBX_PROCFS_H
#define GDBX_PROCFS_H

#include "introspect/guest.h"
#include "introspect/task.h"

typedef bool (*GdbxProcMaker)(OsiGuest *g, const OsiTask *t, GString *out);

/* procfs-maps.c */
bool gdbx_proc_maps(OsiGuest *g, const OsiTask *t, GString *out);
bool gdbx_proc_smaps(OsiGuest *g, const OsiTask *t, GString *out);

/* procfs-status.c */
bool gdbx_proc_status(OsiGuest *g, const OsiTask *t, GString *out);
bool gdbx_proc_stat(OsiGuest *g, const OsiTask *t, GString *out);
bool gdbx_proc_comm(OsiGuest *g, const OsiTask *t, GString *out);
bool gdbx_proc_cmdline(OsiGuest *g, const OsiTask *t, GString *out);
bool gdbx_proc_environ(OsiGuest *g, const OsiTask *t, GString *out);
bool gdbx_proc_auxv(OsiGuest *g, const OsiTask *t, GString *out);
bool gdbx_proc_filter(OsiGuest *g, const OsiTask *t, GString *out);

#endif
