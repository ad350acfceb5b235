/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux provider, private part: what its files share.
 *
 *   linux.c          detection, symbols, the provider's table
 *   linux-features.c what was found, with evidence
 *   linux-fields.c   the members of guest structures it reads
 *   linux-mm.c       page tables: the kernel's root, PTI
 *   linux-tasks.c    tasks, threads, idle tasks
 *   linux-cpus.c     which CPU is which, the task it runs
 *   linux-regs.c     saved user registers
 *   linux-paths.c    executable, command line, auxiliary vector
 */
#ifndef INTROSPECT_LINUX_H
#define INTROSPECT_LINUX_H

#include "btf.h"
#include "bytes.h"
#include "introspect/provider.h"
#include "kallsyms.h"
#include "kernel-image.h"
#include "reader.h"

#define LINUX_TASKS_MAX     262144
#define LINUX_CPUS_MAX      8192
#define LINUX_BLOCK_MAX     16384   /* part of task_struct read at once */
#define LINUX_BANNER_BYTES  32

/* What can be asked; a member that is missing takes only its own row away. */
typedef enum LinuxCan {
    LINUX_TASKS,
    LINUX_CURRENT,
    LINUX_REGS,
    LINUX_EXE,
    LINUX_CMDLINE,
    LINUX_AUXV,
    LINUX_CAN_COUNT
} LinuxCan;

/* Members of guest structures; filled from BTF by the table in linux.c. */
typedef struct LinuxFields {
    /* task_struct */
    OsiField tasks, thread_node, pid, tgid, comm, state, exit_state, flags,
        mm, stack, on_cpu, cpu, real_parent, group_leader, signal, cred,
        start_time, fsbase, gsbase, fs;
    OsiField sig_thread_head, cred_uid, rq_idle, pcpu_current;
    /* mm_struct */
    OsiField pgd, exe_file, arg_start, arg_end, saved_auxv;
    /* files, dentries and mounts */
    OsiField fs_root_mnt, fs_root_dentry, file_mnt,
        file_dentry, d_name, d_len, d_parent, d_pprev, mnt_root, mount_mnt,
        mount_parent, mount_point;
} LinuxFields;

#define LINUX_PT_REGS 21
#define LINUX_PT_REGS_BYTES 168

/* Where the user's registers lie below the top of a kernel stack. */
typedef struct LinuxFrame {
    uint32_t thread_size, pad;      /* bytes; thread_size 0 = unknown */
    int votes, voters;
} LinuxFrame;

typedef struct Linux {
    const OsiView *view;            /* owned by guest.c */
    OsiImage image;
    OsiReader kernel;               /* through the kernel's own root */
    bool own_root;                  /* that root is init_top_pgt */

    OsiKallsyms *syms;              /* NULL: see no_syms */
    OsiBtf *btf;                    /* NULL: see no_btf */
    OsiError no_syms, no_btf;
    char release[72];
    size_t btf_at;                  /* offset of BTF in the image */
    uint64_t banner;                /* address of linux_banner */
    uint8_t banner_bytes[LINUX_BANNER_BYTES];
    uint64_t init_task;             /* 0 unknown */

    LinuxFields f;
    OsiField pt_regs[LINUX_PT_REGS];
    OsiError cannot[LINUX_CAN_COUNT];   /* kind OSI_OK: it can */
    uint32_t block;                 /* bytes of task_struct read at once */

    /* Dropped at each stop. */
    GArray *percpu;                 /* uint64_t per-cpu bases, NULL unread */
    OsiError walk_note;             /* where the last task walk broke */
    int pti;                        /* -1 unknown, 0, 1 */
    uint32_t tasks_seen, leaders_seen;

    LinuxFrame frame;               /* kept: a build has one */
} Linux;

/* linux.c */
bool linux_sym(const Linux *lx, const char *name, uint64_t *value);

/* linux-fields.c */
void linux_fill_fields(Linux *lx);
bool linux_can(const Linux *lx, LinuxCan what, OsiError *err);
bool linux_field(Linux *lx, uint64_t object, const OsiField *f,
                 uint64_t *value, OsiError *err);

/* A kernel address that may hold an object: upper half, aligned. */
static inline bool linux_is_object(uint64_t va)
{
    return va >> 56 == 0xff && va % 8 == 0;
}

/* linux-features.c */
void linux_features(void *os, GArray *rows);

/* linux-tasks.c */
bool linux_read_task(Linux *lx, uint64_t object, OsiTask *t, OsiError *err);
bool linux_each_task(void *os, OsiTaskFn fn, void *opaque, OsiError *err);

/* linux-cpus.c */
bool linux_current(void *os, const OsiCpu *cpu, OsiTask *task, OsiError *err);

OsiCurrentRecipe *linux_current_recipe(void *os, OsiError *err);

/* Bases of the per-CPU areas, by Linux CPU number; read once a stop. */
GArray *linux_percpu(Linux *lx);

/* Linux CPU number of a vCPU, -1 unknown; @base (may be NULL): its percpu. */
int linux_cpu_of(Linux *lx, const OsiCpu *cpu, uint64_t *base);

/* linux-regs.c */
bool linux_saved_user_regs(void *os, const OsiTask *t, OsiUserRegs *regs,
                           OsiError *err);

/* Find the frame if it is not known yet. */
bool linux_find_frame(Linux *lx, OsiError *err);

/* linux-paths.c */
char *linux_exe_path(void *os, const OsiTask *t, OsiError *err);
char *linux_command_line(void *os, const OsiTask *t, OsiError *err);
GByteArray *linux_auxv(void *os, const OsiTask *t, OsiError *err);

/* linux-mm.c */
void linux_choose_root(Linux *lx);

/* Does the kernel keep separate user page tables? */
bool linux_pti(Linux *lx);

#endif
