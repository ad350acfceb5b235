/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest operating system as the other rooms see it. Here: the object, its
 * evidence, its engines. One header for each noun asks it:
 *
 *   task.h     tasks, who runs on which CPU, credentials, namespaces
 *   process.h  address space: mappings, files, libraries, contents
 *   thread.h   registers, FPU, kernel stack, system call
 *   symbol.h   kernel symbols and modules
 *   event.h    what the guest OS does while it runs
 *
 * Ownership, for all of them: an OsiGuest owns everything it hands out unless
 * a function says otherwise; pointers stay valid until the next
 * osi_guest_stopped() or osi_guest_free().
 * Locking: none; one thread at a time, guest stopped (or the calling vCPU
 * being the only one that runs).
 * Errors: functions that take an OsiError return false/NULL and fill it (it
 * may be NULL); outputs are untouched then. Guest memory is hostile: every
 * walk is bounded and cycle-checked, and so are the reads of one question.
 */
#ifndef INTROSPECT_GUEST_H
#define INTROSPECT_GUEST_H

#include "introspect/memory.h"

/* General registers in the order of x86 instruction encoding. */
enum { OSI_RAX, OSI_RCX, OSI_RDX, OSI_RBX, OSI_RSP, OSI_RBP, OSI_RSI, OSI_RDI,
       OSI_R8, OSI_R9, OSI_R10, OSI_R11, OSI_R12, OSI_R13, OSI_R14, OSI_R15,
       OSI_GPRS };

/* What is needed of one vCPU. Filled by the emulator's glue. */
typedef struct OsiCpu {
    int index;                    /* emulator's CPU index, 0.. */
    uint64_t cr0, cr3, cr4, efer;
    uint64_t rip, rsp;            /* rsp = gpr[OSI_RSP] */
    uint64_t gpr[OSI_GPRS];
    uint64_t gs_base, kernel_gs_base, fs_base;
    uint64_t idt_base, lstar;     /* linear addresses */
    uint64_t tr_base;             /* linear address of the TSS */
    int cpl;                      /* 0..3 */
    bool halted;
} OsiCpu;

/* The address space that @cpu has loaded. */
OsiRoot osi_cpu_root(const OsiCpu *cpu);

/* One line of evidence about a feature, for `monitor gdbx os`. */
typedef struct OsiFeature {
    const char *name;             /* "btf", "kallsyms", "tasks"... */
    bool ok;
    uint64_t address;             /* where the probe failed; 0 nowhere */
    char text[224];               /* what was found, or the probe that failed */
    char fix[160];                /* what would help; "" when ok */
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

/*
 * Where the layout of the kernel's structures may be taken from, tried in this
 * order. All by default; fewer of them for tests.
 */
enum {
    OSI_ENGINE_PROFILE = 1,   /* what osi_guest_profile() was given */
    OSI_ENGINE_TYPES = 2,     /* the kernel's own description (Linux: BTF) */
    OSI_ENGINE_GUESS = 4,     /* what the data looks like */
    OSI_ENGINE_SYMBOLS = 8,   /* the kernel's own symbol table */
    OSI_ENGINES_ALL = 15,
};
void osi_guest_engines(OsiGuest *g, unsigned engines);

/* Bytes that either part of a profile may have. */
#define OSI_PROFILE_MAX (256u << 20)

/*
 * A profile of the user's: @types (Linux: a raw BTF blob) and @symbols (text
 * of a System.map), each may be NULL with length 0. Copied; both NULL forget
 * it. Used at the next detection, and only where it fits the guest: features
 * say whether it does. False when it cannot be parsed.
 */
bool osi_guest_profile(OsiGuest *g, const uint8_t *types, size_t types_len,
                       const char *symbols, size_t symbols_len, OsiError *err);

/* Kernel address space (maps kernel text whatever process runs). */
bool osi_kernel_root(OsiGuest *g, OsiRoot *root, OsiError *err);

/*
 * Which CR3 bits tell address spaces apart: (cr3 & mask) == (root.table & mask)
 * holds exactly while the address space of @root is loaded, in its kernel or
 * (PTI) user half.
 */
uint64_t osi_cr3_mask(OsiGuest *g);

/* Bytes of a kernel pointer, 4 or 8; 8 when there is no OS. */
unsigned osi_word(OsiGuest *g);

#endif
