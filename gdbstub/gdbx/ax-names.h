/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in conditions: registers as gdb calls them, fields of an event. */
#ifndef GDBX_AX_NAMES_H
#define GDBX_AX_NAMES_H

#include "gdbstub/event.h"
#include "gdbstub/gdbx-arch.h"
#include "gdbstub/gdbx/ax-parse.h"

typedef struct GdbxNames {
    GdbxView view;
    const GdbxEventType *type;      /* NULL: no fields */
} GdbxNames;

/* As gdbx_ax_parse() and gdbx_ax_parse_printf(). Main thread. */
GdbxAx *gdbx_parse_condition(const char **text, const GdbxNames *names,
                             char **why);
GdbxAx *gdbx_parse_printf(const char **text, const GdbxNames *names,
                          char **why);

#endif
