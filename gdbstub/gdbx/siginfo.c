/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * $_siginfo of the thread that has stopped: what the kernel would tell a
 * debugger inside the guest. No signal is there to be read: stops are made in
 * the emulator, so this is made of the stop. It cannot be written.
 *
 * Layout: siginfo_t of Linux, include/uapi/asm-generic/siginfo.h; codes as the
 * kernel's traps on x86 give them (arch/x86/kernel/traps.c): a breakpoint is
 * SI_KERNEL, a step TRAP_TRACE, a debug register's hit TRAP_HWBKPT.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

#define SIGINFO_BYTES 128

enum { CODE_USER = 0, CODE_TRACE = 2, CODE_HWBKPT = 4, CODE_KERNEL = 128 };
enum { LINUX_SIGTRAP = 5, LINUX_SIGSTOP = 19 };

static struct {
    GdbxTid thread;
    int sig;                /* Linux's number; 0: no signal */
    int code;
    uint64_t addr;          /* of a fault that the kernel signals */
    bool fault;
} last;

/* What the next note is about; sig 0: nothing special. */
static struct {
    int sig, code;
    uint64_t addr;
} fault;

/* gdb's numbers (include/gdb/signals.def) that are not Linux's. */
static int linux_signal(int sig)
{
    static const struct {
        uint8_t gdb, host;
    } other[] = {
        { 7, 0 }, { 10, 7 }, { 12, 31 }, { 16, 23 }, { 17, 19 }, { 18, 20 },
        { 19, 18 }, { 20, 17 }, { 23, 29 }, { 28, 28 }, { 30, 10 }, { 31, 12 },
        { 32, 30 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(other); i++) {
        if (other[i].gdb == sig) {
            return other[i].host;
        }
    }
    return sig < 32 ? sig : 0;
}

void gdbx_siginfo_fault(int sig, int code, uint64_t addr)
{
    fault.sig = sig;
    fault.code = code;
    fault.addr = addr;
}

void gdbx_siginfo_note(int sig, int64_t pid, int64_t tid, const char *more)
{
    last.thread = (GdbxTid) { pid, tid };
    last.sig = linux_signal(sig);
    last.fault = fault.sig && fault.sig == last.sig;
    fault.sig = 0;
    if (last.fault) {
        last.code = fault.code;
        last.addr = fault.addr;
    } else if (last.sig != LINUX_SIGTRAP) {
        /* PTRACE_ATTACH sends its SIGSTOP from the kernel. */
        last.code = last.sig == LINUX_SIGSTOP ? CODE_KERNEL : CODE_USER;
    } else if (strstr(more, "swbreak:")) {
        last.code = CODE_KERNEL;
    } else if (strstr(more, "hwbreak:") || strstr(more, "watch:")) {
        last.code = CODE_HWBKPT;
    } else {
        last.code = CODE_TRACE;
    }
}

/* Where the thread is: what the kernel gives as the address of a trap. */
static uint64_t thread_pc(const GdbxInferior *inf)
{
    GdbxThread thread;
    GdbxSaved saved;

    if (!gdbx_user_thread(inf, gdbx.general.tid, &thread, &saved, NULL)) {
        return 0;
    }
    return thread.cs ? gdbx.arch->pc(thread.cs) : saved.regs.rip;
}

static bool make_siginfo(const char *annex, GString *out)
{
    const GdbxInferior *inf = gdbx_selected();
    uint8_t info[SIGINFO_BYTES] = { 0 };

    if (!inf || inf->gone || !last.sig ||
        gdbx.general.pid != last.thread.pid ||
        gdbx.general.tid != last.thread.tid) {
        return false;       /* nothing has stopped this one */
    }
    stl_le_p(info, last.sig);
    stl_le_p(info + 8, last.code);
    if (last.fault || last.code == CODE_TRACE || last.code == CODE_HWBKPT) {
        uint64_t addr = last.fault ? last.addr : thread_pc(inf);

        if (inf->compat32) {
            stl_le_p(info + 12, addr);
        } else {
            stq_le_p(info + 16, addr);
        }
    }
    g_string_append_len(out, (const char *)info, sizeof(info));
    return true;
}

/* The object changes with each stop, and so must not be kept. */
bool gdbx_pkt_siginfo(const char *args)
{
    return gdbx_xfer("siginfo", args, make_siginfo);
}

bool gdbx_pkt_write_siginfo(const char *args)
{
    gdbx_error("the signal's information cannot be written");
    return true;
}
