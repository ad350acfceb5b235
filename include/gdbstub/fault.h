/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of user programs of which the guest OS makes a signal. Two places
 * are tied together: where the architecture sees the exception, which the
 * kernel may resolve yet (a page that is brought in), and where the kernel has
 * decided to signal. At the second an event of the kind EXCEPTION is announced
 * once more, with the fields of the signal known.
 */
#ifndef GDBSTUB_FAULT_H
#define GDBSTUB_FAULT_H

#include "gdbstub/event.h"

/*
 * Fields of an exception. SIGNAL, CODE, THREAD: of the second announcement only;
 * numbers of the guest OS (si_signo, si_code, thread id). ADDRESS then is
 * si_addr.
 */
enum {
    GDBX_EXC_VECTOR, GDBX_EXC_ERROR, GDBX_EXC_ADDRESS, GDBX_EXC_CPL,
    GDBX_EXC_KIND, GDBX_EXC_NEXT, GDBX_EXC_SOFT, GDBX_EXC_SIGNAL,
    GDBX_EXC_CODE, GDBX_EXC_THREAD, GDBX_EXC_FIELDS
};

extern const GdbxEventField gdbx_exception_fields[];

static inline bool gdbx_exception_is_signal(const GdbxEvent *ev)
{
    return ev->known >> GDBX_EXC_SIGNAL & 1;
}

/* "SIGSEGV", or NULL. */
const char *gdbx_signal_name(unsigned signal);

/* Who asks for the second announcement: bits. */
#define GDBX_FAULTS_EXCEPTION 1     /* points of `exception ... deliver' */
#define GDBX_FAULTS_SIGNAL 2        /* points of `signal' */

/* Main thread, no vCPU runs. */
void gdbx_faults_want(unsigned who, bool wanted);

/* Does anybody? Then each exception of user mode is to be noted. */
extern bool gdbx_faults_wanted;

/* @cs, in user mode, has raised @ev. Its thread. */
void gdbx_fault_note(CPUState *cs, const GdbxEvent *ev);

/*
 * Why faults cannot be told from signals in this guest (g_free); NULL: they
 * can. Main thread.
 */
char *gdbx_faults_why(void);

#endif
