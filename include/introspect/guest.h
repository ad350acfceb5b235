/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest operating system as the other rooms see it: tasks, who runs on
 * which CPU, the address space and saved registers of each.
 *
 * Ownership: an OsiGuest owns everything it hands out; pointers stay valid
 * until the next osi_guest_stopped() or osi_guest_free().
 * Locking: none; one thread at a time, guest stopped (or the calling vCPU
 * being the only one that runs).
 * Errors: functions that take an OsiError return false/NULL and fill it (it
 * may be NULL); outputs are untouched then. Guest memory is hostile: every
 * walk is bounded and cycle-checked.
 */
#ifndef INTROSPECT_GUEST_H
#define INTROSPECT_GUEST_H

#include "introspect/memory.h"

#define OSI_COMM_LEN 16

/* What is needed of one vCPU. Filled by the emulator's glue. */
typedef struct OsiCpu {
    int index;                    /* emulator's CPU index, 0.. */
    uint64_t cr0, cr3, cr4, efer;
    uint64_t rip, rsp;
    uint64_t gs_base, kernel_gs_base, fs_base;
    uint64_t idt_base, lstar;     /* linear addresses */
    uint64_t tr_base;             /* linear address of the TSS */
    int cpl;                      /* 0..3 */
    bool halted;
} OsiCpu;

/* A thread of the guest: Linux task_struct. */
typedef struct OsiTask {
    uint64_t object;              /* address of the OS's own structure */
    int32_t pid;                  /* thread id (Linux pid), 0 = idle task */
    int32_t tgid;                 /* process id (Linux tgid) */
    int32_t ppid;                 /* parent's process id as /proc shows it */
    uint32_t uid;
    char comm[OSI_COMM_LEN + 1];  /* printable, NUL-terminated */
    char state;                   /* letter as in /proc/PID/stat */
    bool kernel_thread;
    bool on_cpu;                  /* currently on a CPU */
    int cpu;                      /* guest OS's CPU number it is or was on */
    uint64_t start_time;          /* ns since boot, 0 unknown */
    uint64_t mm;                  /* OS's address-space object, 0 = none */
    OsiRoot root;                 /* page tables; table==0 when it has none */
    uint64_t kernel_stack;        /* lowest address of the kernel stack */
} OsiTask;

/* User registers of a thread, general purpose part. */
typedef struct OsiUserRegs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi, orig_rax, rip, cs, rflags, rsp, ss;
    uint64_t fs_base, gs_base;    /* 0 where unknown */
    bool compat32;                /* 32-bit code segment */
} OsiUserRegs;

/* One line of evidence about a feature, for `monitor gdbx os`. */
typedef struct OsiFeature {
    const char *name;             /* "btf", "kallsyms", "tasks"... */
    bool ok;
    char text[224];               /* what was found, or why not and where */
} OsiFeature;

typedef struct OsiGuest OsiGuest;

/* @mem is copied; its opaque must outlive the guest. Never fails. */
OsiGuest *osi_guest_new(const OsiMemory *mem);
void osi_guest_free(OsiGuest *g);

/*
 * Tell the guest object that the machine has stopped (or run since the last
 * call): drops what was cached and takes copies of the @n register sets.
 * Costs nothing else: detection and walks happen at the first question.
 */
void osi_guest_stopped(OsiGuest *g, const OsiCpu *cpus, size_t n);

/* Is there an OS? Detects it if needed. False + OSI_ERR_NO_OS is normal. */
bool osi_guest_detect(OsiGuest *g, OsiError *err);

/* e.g. "Linux 6.1.0-56-amd64" (linux_banner's release), or NULL. */
const char *osi_guest_name(OsiGuest *g);

/* Evidence, per feature; array owned by @g. Detects if needed. */
const OsiFeature *osi_guest_features(OsiGuest *g, size_t *n);

/* All tasks, threads included, idle tasks of each CPU too (pid 0). */
const OsiTask *osi_tasks(OsiGuest *g, size_t *n, OsiError *err);

/* By thread id; idle tasks (0) are not found by this. */
const OsiTask *osi_task_by_pid(OsiGuest *g, int32_t pid, OsiError *err);

/* The task that runs on vCPU @cpu_index. */
const OsiTask *osi_current_task(OsiGuest *g, int cpu_index, OsiError *err);

/*
 * How to tell the current task of a CPU while the guest runs: what can be known
 * when it stands still, so that the rest is three reads of physical memory.
 * Immutable: any number of threads may use one at a time. NULL when it cannot
 * be known; g_free() it. Good until the guest's kernel is another.
 */
typedef struct OsiCurrentRecipe OsiCurrentRecipe;

OsiCurrentRecipe *osi_current_recipe(OsiGuest *g, OsiError *err);

/* Ids of a task; both 0: an idle task. */
typedef struct OsiIds {
    int32_t tgid, pid;    /* process, thread, as in OsiTask */
} OsiIds;

/*
 * Of the task that runs on @cpu now, in that CPU's own thread. @mem: a reader
 * that may be used there. False, and @ids untouched, when it cannot be told:
 * the CPU runs no such kernel, or what is read is no task.
 */
bool osi_current_ids(const OsiCurrentRecipe *r, const OsiMemory *mem,
                     const OsiCpu *cpu, OsiIds *ids);

/* Kernel address space (maps kernel text whatever process runs). */
bool osi_kernel_root(OsiGuest *g, OsiRoot *root, OsiError *err);

/*
 * Which CR3 bits tell address spaces apart: (cr3 & mask) == (root.table & mask)
 * holds exactly while the address space of @root is loaded, in its kernel or
 * (PTI) user half.
 */
uint64_t osi_cr3_mask(OsiGuest *g);

/* Saved user registers of a thread that is not in user mode on a CPU now. */
bool osi_saved_user_regs(OsiGuest *g, const OsiTask *t, OsiUserRegs *regs,
                         OsiError *err);

/* Path of the executable as the process sees it; g_free() the result. */
char *osi_exe_path(OsiGuest *g, const OsiTask *t, OsiError *err);

/* argv joined by spaces (or "[comm]" for kernel threads); g_free(). */
char *osi_command_line(OsiGuest *g, const OsiTask *t, OsiError *err);

/* Auxiliary vector as in /proc/PID/auxv, AT_NULL included; unref it. */
GByteArray *osi_auxv(OsiGuest *g, const OsiTask *t, OsiError *err);

/* Kernel symbol by name; value as in /proc/kallsyms. */
bool osi_symbol(OsiGuest *g, const char *name, uint64_t *value, OsiError *err);

/* Nearest symbol at or below @addr; name owned by @g. NULL when none. */
const char *osi_symbol_at(OsiGuest *g, uint64_t addr, uint64_t *offset);

/* Receives one kernel symbol; @type is the letter of nm(1). False = enough. */
typedef bool (*OsiSymbolFn)(void *opaque, const char *name, char type,
                            uint64_t value);

/* All kernel symbols, in the kernel's own order. */
bool osi_each_symbol(OsiGuest *g, OsiSymbolFn fn, void *opaque, OsiError *err);

#endif
