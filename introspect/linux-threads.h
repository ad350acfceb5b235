/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel side of the Linux provider shares: threads in the kernel,
 * their stacks, modules.
 *
 *   linux-frames.c     registers of the last switch
 *   linux-stack.c      the unwinder; linux-unwind.c what it goes by
 *   linux-tls.c        thread-local storage of 32-bit programs
 *   linux-fpu.c        saved FPU registers; linux-fpu-guess.c without types
 *   linux-sigframe.c   a signal handler that is about to begin
 *   linux-callend.c    the result of a system call that has ended
 *   linux-syscall.c    the system call a thread is in
 *   linux-dispatch.c   which function serves it, without a table
 *   linux-modules.c    the list of modules, their sections
 *   linux-modsyms.c    their symbols
 *   linux-vmcoreinfo.c what the kernel says of itself to crash dumps
 *   linux-kernel-rows.c features of all these
 */
#ifndef INTROSPECT_LINUX_THREADS_H
#define INTROSPECT_LINUX_THREADS_H

#include "linux.h"
#include "orc.h"

/* Code selectors of programs, arch/x86/include/asm/segment.h of Linux. */
#define LINUX_CS_USER64     0x33
#define LINUX_CS_USER32     0x23
#define LINUX_CS_USER_I386  0x73    /* of a 32-bit kernel */

/* ---- modules ---- */

typedef struct LinuxUnwind LinuxUnwind;
typedef struct LinuxNote LinuxNote;

#define LINUX_MODULES_MAX   16384
#define LINUX_PARTS_MAX     16

/* One stretch of memory that a module lies in. */
typedef struct LinuxPart {
    uint64_t base, size;
} LinuxPart;

typedef struct LinuxModSym {
    uint64_t value;
    const char *name;           /* in LinuxModSyms.strings */
    char type;
    bool defined;
} LinuxModSym;

typedef struct LinuxModSyms {
    char *strings;
    LinuxModSym *sym;           /* in the kernel's order */
    uint32_t n;
    uint32_t *order;            /* of the defined ones with names, by value */
    uint32_t n_order;
} LinuxModSyms;

typedef struct LinuxModule {
    OsiModule m;
    LinuxPart part[LINUX_PARTS_MAX];
    int n_parts;
    LinuxModSyms *syms;         /* NULL: not read, or see no_syms */
    OsiError no_syms;
    uint8_t *orc_bytes;         /* NULL: not read, or it has none */
    OsiOrcTable orc;
    bool orc_tried;
} LinuxModule;

/* All modules, of LinuxModule *; read once a stop. NULL when unknown. */
GPtrArray *linux_modules(Linux *lx, OsiError *err);

/* The module that @va lies in, or NULL. */
LinuxModule *linux_module_at(Linux *lx, uint64_t va);

/* Its symbols, read once a stop. */
const LinuxModSyms *linux_modsyms(Linux *lx, LinuxModule *m, OsiError *err);
void linux_modsyms_free(LinuxModSyms *s);

/* For the provider's table. */
bool linux_list_modules(void *os, GArray *out, OsiError *err);
bool linux_module_sections(void *os, const OsiModule *m, GArray *out,
                           OsiError *err);
bool linux_module_symbols(void *os, const OsiModule *m, OsiSymbolFn fn,
                          void *opaque, OsiError *err);
const char *linux_module_symbol(Linux *lx, uint64_t addr, uint64_t *offset,
                                const char **module);

/* The symbol of the kernel proper nearest to @va, from below. */
static inline bool linux_symbol_at(Linux *lx, uint64_t va, OsiSymbol *s)
{
    const OsiKallsyms *all = linux_symbols(lx);

    return all && osi_kallsyms_at(all, va, s);
}

/* ---- threads ---- */

/* The vCPU that runs @t now, or NULL. */
const OsiCpu *linux_cpu_running(Linux *lx, const OsiTask *t);

/* Is @va code of the kernel proper? any code of the kernel's? */
bool linux_is_text(Linux *lx, uint64_t va);
bool linux_is_code(Linux *lx, uint64_t va);

/*
 * Base of the segment of thread-local storage that @selector names; of the only
 * one there is, where the selector was not saved in a place that is known.
 */
bool linux_tls_base(Linux *lx, const OsiTask *t, uint16_t selector,
                    uint64_t *base);
bool linux_only_tls(Linux *lx, const OsiTask *t, uint64_t *base);

bool linux_kernel_regs(void *os, const OsiTask *t, OsiKernelRegs *regs,
                       OsiError *err);
bool linux_kernel_stack(void *os, const OsiTask *t, OsiFrame *frames,
                        size_t max, size_t *n, OsiError *err);
bool linux_saved_fpu(void *os, const OsiTask *t, OsiFpu *fpu, OsiError *err);

/* Without types: sets lx->fpu_guess. */
bool linux_guess_fpu(Linux *lx, OsiError *err);
void linux_fpu_feature(Linux *lx, GArray *rows);

/* The system call's name in its function's ("__x64_sys_read"), or NULL. */
const char *linux_syscall_of(const char *symbol);

/* linux-dispatch.c: the function that @function passes call @number on to. */
bool linux_dispatched(Linux *lx, const char *function, uint32_t number,
                      uint64_t *target);

/* Where names of system calls come from, for evidence. */
const char *linux_syscall_names(Linux *lx);
bool linux_syscall(void *os, const OsiTask *t, OsiSyscall *sc, OsiError *err);

/* ---- unwinding ---- */

/* What a frame is left by; made at the first question, kept. */
struct LinuxUnwind {
    uint8_t *bytes;             /* the kernel's ORC tables; NULL: see why */
    OsiOrcTable orc;
    OsiOrcLayout layout;
    OsiOrcCoding coding;
    OsiError why;
    bool from_types;            /* layout out of the types */
    bool has_hash;
    uint8_t hash[20];           /* __start_orc_header */
    int agrees;                 /* orc_fp_entry: -1 not there, 0 no, 1 yes */
    int fp_votes, fp_voters;    /* stacks that are chains of frame pointers */
};

const LinuxUnwind *linux_unwind(Linux *lx);

/* Was this kernel built with frame pointers? Asked where it has no ORC. */
#define LINUX_FP_VOTERS 24
bool linux_frame_pointers(Linux *lx);

/* linux-unwind-rows.c, for the provider's table. */
bool linux_each_unwind(void *os, const OsiModule *m, OsiUnwindFn fn,
                       void *opaque, OsiError *err);
bool linux_has_frame_pointers(void *os);
const char *linux_build_id_of(void *os);

/* The tables that cover @pc: the kernel's or a module's; NULL none. */
const OsiOrcTable *linux_orc_of(Linux *lx, uint64_t pc);

/* ---- VMCOREINFO ---- */

struct LinuxNote {
    char *text;                 /* @len bytes; NULL: see why */
    size_t len;
    uint64_t at;                /* guest address, physical where scanned */
    bool tried, scanned;
    unsigned scans;             /* looks through all of RAM so far */
    OsiError why;
};

const LinuxNote *linux_vmcoreinfo(Linux *lx);
void linux_vmcoreinfo_feature(Linux *lx, GArray *rows);

/* The kernel's build id in hexadecimal, or NULL. Owned by @lx. */
const char *linux_build_id(Linux *lx);

/* ---- lifetime; called by linux.c ---- */

/*
 * May @bytes more be kept of modules until the next stop? Forged ones could
 * each claim the most there can be, all in one page of RAM.
 */
bool linux_keep(Linux *lx, uint64_t bytes, OsiError *err);

void linux_kernel_forget(Linux *lx);    /* at each stop */
void linux_kernel_free(Linux *lx);
void linux_kernel_features(Linux *lx, GArray *rows);
void linux_row_modules(Linux *lx, GArray *rows);

#endif
