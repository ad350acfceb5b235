/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tasks of the guest OS and what they are allowed. Rules: see guest.h. */
#ifndef INTROSPECT_TASK_H
#define INTROSPECT_TASK_H

#include "introspect/guest.h"

#define OSI_COMM_LEN 16
#define OSI_UID_UNKNOWN UINT32_MAX    /* no user can have it: chown(2) */

/* A thread of the guest: Linux task_struct. */
typedef struct OsiTask {
    uint64_t object;              /* address of the OS's own structure */
    int32_t pid;                  /* thread id (Linux pid), 0 = idle task */
    int32_t tgid;                 /* process id (Linux tgid) */
    int32_t ppid;                 /* parent's process id as /proc shows it */
    uint32_t uid;                 /* OSI_UID_UNKNOWN where it cannot be told */
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

/* The same, of the task's address: OsiTask.object. */
bool osi_current_object(const OsiCurrentRecipe *r, const OsiMemory *mem,
                        const OsiCpu *cpu, uint64_t *task);

/*
 * Both, for one CPU that is asked again and again: where in this process they
 * are is kept in @q (zeroed at first), which is good as long as @r and what
 * @host has returned. @host: where @len bytes of physical memory are, or NULL.
 * Of @cpu it needs index, cr0, cpl and the GS bases. @ids may be NULL. False:
 * nothing is said by that, ask one of those above.
 */
typedef struct OsiCurrentQuick {
    uint64_t gs_base, kernel_gs_base;
    uint8_t cpl;
    const uint8_t *slot;    /* pointer to the task; NULL: not known */
    uint64_t task;
    const uint8_t *pid, *tgid;
} OsiCurrentQuick;

bool osi_current_quick(const OsiCurrentRecipe *r, OsiCurrentQuick *q,
                       const uint8_t *(*host)(void *opaque, uint64_t pa,
                                              size_t len),
                       void *opaque, const OsiCpu *cpu, uint64_t *task,
                       OsiIds *ids);

/* Namespaces of a task: inode numbers as in /proc/PID/ns, 0 unknown. */
typedef struct OsiNamespaces {
    uint64_t mnt, pid, net, uts, ipc, user, cgroup, time;
    int32_t pid_inside;     /* its thread id in its own pid namespace, 0 unknown */
    int32_t tgid_inside;    /* its process id there, 0 unknown */
    int level;              /* how many pid namespaces are above, -1 unknown */
} OsiNamespaces;

/* More of /proc/PID/stat. */
typedef struct OsiTaskNumbers {
    int32_t pgrp, session;  /* 0 unknown */
    uint32_t flags;         /* PF_... of Linux */
    int priority, nice;     /* as the columns 18 and 19 */
    bool has_priority;
} OsiTaskNumbers;

bool osi_task_numbers(OsiGuest *g, const OsiTask *t, OsiTaskNumbers *n,
                      OsiError *err);

typedef struct OsiCreds {
    uint32_t uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    uint64_t cap_inheritable, cap_permitted, cap_effective, cap_bounding,
             cap_ambient;
    uint32_t *groups;       /* supplementary; owned by the caller: g_free() */
    size_t n_groups;
    bool has_caps, has_groups;
} OsiCreds;

bool osi_creds(OsiGuest *g, const OsiTask *t, OsiCreds *creds, OsiError *err);
bool osi_namespaces(OsiGuest *g, const OsiTask *t, OsiNamespaces *ns,
                    OsiError *err);

/* Path in the (v2) control group hierarchy, as in /proc/PID/cgroup; g_free(). */
char *osi_cgroup(OsiGuest *g, const OsiTask *t, OsiError *err);

#endif
