/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system call a thread is in: number and arguments from its saved user
 * registers, the name from the kernel's own table of calls.
 *
 * Registers of arguments: syscall_get_arguments(), arch/x86/include/asm/
 * syscall.h of Linux.
 */
#include "linux-threads.h"

#define TS_COMPAT       2           /* arch/x86/include/asm/thread_info.h */
#define X32_BIT         0x40000000
#define NUMBERS_MAX     2048

/* Is it a call by the 32-bit numbers? int 0x80 of 64-bit code is one too. */
static bool is_compat(Linux *lx, const OsiTask *t, const OsiUserRegs *r)
{
    uint64_t status;

    if (lx->word == 4) {
        return true;
    }
    if (lx->f.thread_status.size &&
        linux_field(lx, t->object, &lx->f.thread_status, &status, NULL)) {
        return status & TS_COMPAT;
    }
    return r->compat32;
}

static void fill_args(const OsiUserRegs *r, OsiSyscall *sc)
{
    const uint64_t a64[6] = { r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9 };
    const uint64_t a32[6] = { r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp };

    memcpy(sc->args, sc->compat32 ? a32 : a64, sizeof(sc->args));
}

/* "__x64_sys_read" is read; others are no system calls. */
const char *linux_syscall_of(const char *symbol)
{
    static const char *const before[] = {
        "__x64_", "__ia32_", "__x32_", "__se_", "__do_", "__", "",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(before); i++) {
        const char *s = symbol;

        if (!g_str_has_prefix(s, before[i])) {
            continue;
        }
        s += strlen(before[i]);
        if (g_str_has_prefix(s, "compat_")) {
            s += strlen("compat_");
        }
        if (g_str_has_prefix(s, "sys_")) {
            return s + strlen("sys_");
        }
    }
    return NULL;
}

static void name_function(Linux *lx, uint64_t fn, OsiSyscall *sc)
{
    const char *name;
    OsiSymbol s;

    if (linux_symbol_at(lx, fn, &s) && s.value == fn) {
        name = linux_syscall_of(s.name);
        g_strlcpy(sc->name, name ? name : "", sizeof(sc->name));
    }
}

static void name_by_table(Linux *lx, const char *table, uint64_t nr,
                          OsiSyscall *sc)
{
    uint64_t at, fn;
    OsiSymbol s;

    /* The table ends where the next symbol begins. */
    if (!*sc->name && nr < NUMBERS_MAX && linux_sym(lx, table, &at) &&
        linux_symbol_at(lx, at + nr * lx->word, &s) && s.value == at &&
        osi_reader_uint(&lx->kernel, at + nr * lx->word, lx->word, &fn,
                        NULL)) {
        name_function(lx, fn, sc);
    }
}

static void name_by_code(Linux *lx, const char *function, uint64_t nr,
                         OsiSyscall *sc)
{
    uint64_t fn;

    if (!*sc->name && linux_dispatched(lx, function, nr, &fn)) {
        name_function(lx, fn, sc);
    }
}

static void fill_name(Linux *lx, OsiSyscall *sc)
{
    uint64_t nr = sc->number;

    if (sc->compat32) {
        name_by_table(lx, lx->word == 4 ? "sys_call_table"
                      : "ia32_sys_call_table", nr, sc);
        name_by_code(lx, "ia32_sys_call", nr, sc);
        return;
    }
    if (nr & X32_BIT) {
        nr &= ~(uint64_t)X32_BIT;
        name_by_table(lx, "x32_sys_call_table", nr, sc);
        name_by_code(lx, "x32_sys_call", nr, sc);
    }
    name_by_table(lx, "sys_call_table", nr, sc);
    name_by_code(lx, "x64_sys_call", nr, sc);
}

const char *linux_syscall_names(Linux *lx)
{
    uint64_t at;

    return linux_sym(lx, "sys_call_table", &at)
           ? "named by the kernel's sys_call_table"
           : linux_sym(lx, "ia32_sys_call", &at) ||
             linux_sym(lx, "x64_sys_call", &at)
           ? "named by the code that passes them on"
           : "without names: no symbol sys_call_table";
}

bool linux_syscall(void *os, const OsiTask *t, OsiSyscall *sc, OsiError *err)
{
    Linux *lx = os;
    OsiSyscall s = { 0 };
    OsiUserRegs r;

    if (!linux_saved_user_regs(lx, t, &r, err)) {
        return false;
    }
    s.sp = r.rsp;
    s.pc = r.rip;
    s.number = MAX((int32_t)r.orig_rax, -1);
    if (s.number >= 0) {
        s.compat32 = is_compat(lx, t, &r);
        fill_args(&r, &s);
        fill_name(lx, &s);
    }
    *sc = s;
    return true;
}
