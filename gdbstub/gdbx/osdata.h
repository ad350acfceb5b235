/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of `info os'. A table is a row of the table in osdata.c; its maker
 * appends items whose columns have the same names in each. Main thread, BQL,
 * the guest stands still.
 *
 * Each must be there in well under 2 s (R9), however many tasks there are: a
 * maker that asks for each task looks at gdbx_os_late().
 */
#ifndef GDBX_OSDATA_H
#define GDBX_OSDATA_H

#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/args.h"

typedef struct GdbxOsTable {
    const char *name;
    const char *params;     /* as a person would type them, "" if none */
    const char *doc;        /* one line */
    /* @args: what follows the name. False: it makes no sense to the table. */
    bool (*make)(GString *out, const char *args);
} GdbxOsTable;

void gdbx_os_item(GString *out);
void gdbx_os_end(GString *out);
G_GNUC_PRINTF(3, 4)
void gdbx_os_column(GString *out, const char *name, const char *fmt, ...);
/* An item that says why there is nothing, or no more. */
void gdbx_os_reason(GString *out, const char *reason);
/* The time for this table is used up; says so in an item, once. */
bool gdbx_os_late(GString *out);

/* A decimal or 0x... number, the only word of @args. */
bool gdbx_os_number(const char *args, uint64_t *value);
/* The same for a task's id: the task, or NULL and an item that says why. */
const OsiTask *gdbx_os_task(GString *out, const char *args, bool *understood);

/* osdata-tasks.c */
bool gdbx_os_processes(GString *out, const char *args);
bool gdbx_os_threads(GString *out, const char *args);
bool gdbx_os_syscalls(GString *out, const char *args);
bool gdbx_os_stack(GString *out, const char *args);
/* osdata-process.c */
bool gdbx_os_maps(GString *out, const char *args);
bool gdbx_os_files(GString *out, const char *args);
bool gdbx_os_libs(GString *out, const char *args);
/* osdata-machine.c */
bool gdbx_os_cpus(GString *out, const char *args);
bool gdbx_os_regions(GString *out, const char *args);
bool gdbx_os_pagetable(GString *out, const char *args);
bool gdbx_os_modules(GString *out, const char *args);
bool gdbx_os_symbols(GString *out, const char *args);

#endif
