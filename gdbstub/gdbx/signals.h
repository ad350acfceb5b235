/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx signals on': a fault of a followed process that its kernel makes
 * a signal of is a stop with that signal, as ptrace would report it. Main thread.
 */
#ifndef GDBX_SIGNALS_H
#define GDBX_SIGNALS_H

#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"

void gdbx_mon_signals(Monitor *mon, const char *args);
/* QPassSignals: those that gdb does not want to hear of. */
bool gdbx_pkt_pass_signals(const char *args);
/* Before the guest runs: each followed process has its point. */
void gdbx_signals_prepare(void);
/* gdb resumes by these; what becomes of the signal that it was told of? */
void gdbx_signals_resume(const GArray *actions);
/* A new client. */
void gdbx_signals_reset(void);

#endif
