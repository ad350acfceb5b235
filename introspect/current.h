/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of an OsiCurrentRecipe: providers fill it, current.c uses it.
 *
 * The way it describes: a GS base of the CPU is the address of its per-CPU
 * area; at a fixed place in there is the pointer to the current task; in the
 * task are two 32-bit numbers.
 */
#ifndef INTROSPECT_CURRENT_H
#define INTROSPECT_CURRENT_H

#include "introspect/provider.h"

/* A range of virtual addresses whose physical ones are a constant apart. */
typedef struct OsiLinear {
    uint64_t va, size, pa;      /* bytes; size 0: there is none */
} OsiLinear;

typedef struct OsiCurrentCpu {
    uint64_t base;              /* what a GS base of the CPU is */
    uint64_t slot;              /* physical address of the task pointer */
    int vcpu;                   /* OsiCpu.index, -1 not known */
} OsiCurrentCpu;

struct OsiCurrentRecipe {
    OsiRoot root;               /* the kernel's, for all other addresses */
    OsiLinear linear[2];        /* direct map, kernel image */
    uint32_t pid, tgid;         /* offsets in a task, bytes */
    int32_t pid_max;            /* no task has more */
    size_t n;
    OsiCurrentCpu cpus[];
};

#endif
