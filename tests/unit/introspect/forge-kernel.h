/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A forged Linux guest: page tables, an image with banner, BTF and kallsyms,
 * seven tasks, two CPUs. Its structures are laid out as no real kernel's are,
 * so that nothing can be known but by reading its BTF.
 *
 *   0 swapper/0, swapper/1   1 init   2 kthreadd
 *   10 worker, its threads 11 and 12 "thr"; 10 runs on CPU 0 in user mode
 */
#ifndef FORGE_KERNEL_H
#define FORGE_KERNEL_H

#include "forge.h"

typedef struct ForgeOptions {
    ForgeLayout kallsyms;
    OsiPaging paging;           /* 4 or 5 levels */
    bool pti, no_btf, no_kallsyms;
    bool list;                  /* of mappings, and old struct module */
    bool new_orc;               /* registers numbered as from 7.2 on */
    uint32_t gap;               /* above pt_regs */
} ForgeOptions;

enum { FK_SWAPPER0, FK_SWAPPER1, FK_INIT, FK_KTHREADD, FK_WORKER, FK_THR1,
       FK_THR2, FK_TASKS };

/* Files; see forge-files.c. */
enum { FF_EXE, FF_LIB, FF_GONE, FF_PIPE, FF_SOCK, FF_EVENT, FF_COUNT };

typedef struct ForgeKernel {
    Forge *f;
    ForgeOptions opt;
    struct ForgeTypes *types;
    OsiRoot root;               /* the kernel's */
    OsiCpu cpu[2];
    uint64_t direct;            /* where physical 0 is mapped */
    uint64_t task[FK_TASKS];    /* addresses */
    uint64_t stack[FK_TASKS];
    uint64_t file[FF_COUNT];    /* struct file */
    uint64_t module[2];         /* struct module, in the list's order */
    uint64_t exe_inode;
    uint64_t top, slash;        /* root directory: vfsmount, dentry */
    uint64_t inner, bin;        /* working directory */
    uint64_t vmemmap;           /* address of the first struct page */
    uint64_t pages_pa;          /* the same, physical */
    uint64_t free, free_end;    /* rest of a page for small objects */
    uint32_t tables;            /* bytes of the image with BTF and kallsyms */
    uint64_t data_lo, data_hi;  /* physical range of objects and tables */
} ForgeKernel;

#define FK_BASE         0xffffffff9a000000ull   /* of the image */
#define FK_BASE_PA      0x1000000ull
#define FK_IMAGE        (4u << 20)
#define FK_RAM          (24u << 20)
#define FK_RELEASE      "Linux 9.9.9-forged"
#define FK_STACK        16384
#define FK_ARGS_VA      0x7fff00001000ull

/* Functions: symbols sys_filler0..; what they are for: forge-thread.c. */
#define FK_FUNCTIONS    1100
#define FK_LAST         100
#define FK_FUNCTION(i)  (FK_BASE + 0x3000 + 8 * (i))

/* In the image's data. */
#define FK_MODULES      0x208000
#define FK_CALLS        0x209000
#define FK_ORC_IP       0x210000
#define FK_ORC          0x220000

/* Mappings of the worker beside those that forge-mm.c names. */
#define FORGE_MANY      20

/* Offsets in the forged task_struct that tests damage. */
enum { TASK_STATE = 0x18, TASK_TASKS = 0x40, TASK_MM = 0x58,
       TASK_THREAD_NODE = 0x80, TASK_COMM = 0xa8, TASK_SIGNAL = 0xc8 };

ForgeKernel *forge_kernel(ForgeOptions opt);
void forge_kernel_free(ForgeKernel *k);

/* The bytes behind a kernel address, in the image or the direct map. */
uint8_t *forge_at(ForgeKernel *k, uint64_t va);

#endif
