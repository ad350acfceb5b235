/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux provider, private part: what its files share.
 *
 *   linux.c          detection, symbols, the provider's table
 *   linux-features.c what was found, with evidence
 *   linux-engine.c   where their layout comes from, and the proof of it
 *   linux-fields.c   the members of guest structures it reads
 *   linux-profile.c  what the user gives, and whether it fits
 *   linux-guess*.c   the same from data, where nothing describes them
 *   linux-mm.c       page tables: the kernel's root, PTI
 *   linux-tasks.c    tasks, threads, idle tasks
 *   linux-cpus.c     which CPU is which, the task it runs
 *   linux-top.c      the same by kernel stacks, where no symbol tells it
 *   linux-regs.c     saved user registers
 *   linux-process.c  executable, command line, auxiliary vector, directories
 *   linux-numbers.c  more numbers of tasks; linux-usage.c: of mappings
 *   linux-paths.c    paths; linux-names.c: what has none
 *   linux-vma.c      mappings; linux-maple.c: the tree they are in;
 *                    linux-maps.c: with their names
 *   linux-files.c    open files
 *   linux-pagecache.c contents of files; linux-xarray.c: the tree they are in;
 *                    linux-memmap.c: the page behind a struct page
 *   linux-lookup.c   from a path to a file; linux-inode.c: is it still that
 *   linux-user.c     memory of a process; linux-libs.c: what ld.so has loaded
 *   linux-cred.c     credentials; linux-ns.c: namespaces, control group
 *   linux-block.c    several members at one read
 *   linux-events.c   where the kernel passes when something happens;
 *                    linux-printk.c: what goes into its log
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
#define LINUX_BANNER_BYTES  256     /* with the number and date of the build */

/* What can be asked; a member that is missing takes only its own row away. */
typedef enum LinuxCan {
    LINUX_TASKS,
    LINUX_CURRENT,
    LINUX_REGS,
    LINUX_EXE,
    LINUX_CMDLINE,
    LINUX_AUXV,
    LINUX_VMAS,
    LINUX_FILES,
    LINUX_PAGE_CACHE,
    LINUX_CREDS,
    LINUX_NAMESPACES,
    LINUX_CGROUP,
    LINUX_SWITCH_FRAME,
    LINUX_FPU,
    LINUX_MODULES,
    LINUX_CAN_COUNT
} LinuxCan;

/* Members of guest structures; see linux-fields.c. */
typedef struct LinuxFields {
    /* task_struct */
    OsiField tasks, thread_node, pid, tgid, comm, state, exit_state, flags,
        mm, stack, on_cpu, cpu, real_parent, group_leader, signal, cred,
        start_time, fsbase, gsbase, fs, thread_sp, tls_array, thread_status,
        task_files, nsproxy, thread_pid, exit_code, cgroups, thread_fpu,
        prio, static_prio, sig_pids;
    OsiField sig_thread_head, sig_nr_threads, sig_flags, sig_group_exit_code, rq_idle,
        pcpu_current;
    /* mm_struct */
    OsiField pgd, exe_file, arg_start, arg_end, saved_auxv, mm_mmap, mm_root,
        map_count, start_brk, brk, start_stack, mm_vdso, env_start, env_end,
        start_code, end_code, start_data, end_data, mm_flags;
    /* vm_area_struct */
    OsiField vm_start, vm_end, vm_flags, vm_file, vm_pgoff, vm_next,
        vm_private, vm_ops, vm_mm, vm_anon_name, vm_shared, anon_name,
        vmo_name, sm_name, mr_pivot, mr_slot, ma_pivot, ma_slot, mm_context,
        mm_compat, vdso_image, vdso_data, vdso_size;
    /* files, dentries and mounts */
    OsiField fs_root_mnt, fs_root_dentry, fs_pwd_mnt, fs_pwd_dentry, file_mnt,
        file_dentry, file_mapping, file_inode, file_pos, file_flags, d_name,
        d_len, d_parent, d_pprev, d_inode, d_op, mnt_root, mnt_sb, mount_mnt,
        mount_parent, mount_point, file_mode, file_private, backing_mnt,
        backing_dentry, d_sb, d_fsdata, dop_dname, dma_buf_name, i_private,
        ns_ops, ns_ops_name, d_subdirs, d_child, d_children, d_sib, mnt_mounts,
        mnt_child;
    OsiField fdt, fdt_max, fdt_fd, fdt_cloexec;
    /* inodes and the page cache */
    OsiField i_mapping, i_size, i_ino, i_sb, i_mode, s_dev, s_magic, s_type,
        fs_type_name, a_pages, a_nrpages, xa_head, xn_shift, xn_slots,
        i_ctime, a_host, page_index, page_mapping, page_flags, page_head,
        page_whole, i_sb_list, i_generation, i_mtime, i_link;
    /* credentials, namespaces, control groups */
    OsiField cred_uid, cred_euid, cred_suid, cred_fsuid, cred_gid, cred_egid,
        cred_sgid, cred_fsgid, cap_inheritable, cap_permitted, cap_effective,
        cap_bset, cap_ambient, group_info, gi_count, gi_gid;
    OsiField ns_uts, ns_ipc, ns_mnt, ns_net, ns_cgroup, ns_time, cred_user_ns,
        uts_inum, ipc_inum, mnt_inum, net_inum, cgroup_inum, time_inum,
        user_inum, pidns_inum, pid_level, pid_numbers, upid_nr, upid_ns;
    OsiField css_dfl_cgrp, cgrp_kn, cgrp_flags, kn_name, kn_parent;
    /* modules */
    OsiField mod_list, mod_name, mod_state, mod_core_base, mod_core_size,
        mod_init_base, mod_init_size, mod_mem, mem_base, mem_size,
        mod_kallsyms, mod_sect_attrs, mod_refcnt, ks_symtab, ks_num,
        ks_strtab, ks_typetab, mod_syms, mod_num_syms, ksym_name_offset,
        ksym_name, sect_bin_attrs, sect_battr, sect_address, bin_attr_name,
        bin_attr_private, mod_num_orcs, mod_orc_ip, mod_orc;
    uint32_t mem_stride, ksym_bytes;
    /* switch frame: r15 r14 r13 r12 bx bp si di ret_addr */
    OsiField switch_frame[9];
    uint32_t switch_bytes;
    /* FPU */
    OsiField fpu_state, fpu_fpstate, fps_regs, fps_xfeatures, gsindex, fsindex;
    uint32_t task_bytes, fpu_bytes;
} LinuxFields;

#define LINUX_PT_REGS 21
#define LINUX_PT_REGS_BYTES 168
#define LINUX_PT_REGS_BYTES_32 68       /* 17 words */

/* Where the user's registers lie below the top of a kernel stack. */
typedef struct LinuxFrame {
    uint32_t thread_size, pad;      /* bytes; thread_size 0 = unknown */
    int votes, voters;
} LinuxFrame;

#define LINUX_ENGINES 3             /* profile, BTF, data */

/* Where the array of struct page begins; see linux-memmap.c. */
typedef struct LinuxMemMap {
    bool tried;
    uint64_t base;                  /* of the page with number 0 */
    const char *source;
    unsigned samples, votes;        /* mapped pages looked at, that agree */
    OsiError why;                   /* kind OSI_OK: it is known */
} LinuxMemMap;

typedef struct Linux {
    const OsiView *view;            /* owned by guest.c */
    unsigned word;                  /* bytes of a pointer: 4 or 8 */
    uint64_t kernel_lo;             /* lowest address of the kernel's half */
    OsiImage image;
    OsiReader kernel;               /* through the kernel's own root */
    bool own_root;                  /* that root is the kernel's own */
    uint64_t top_table;             /* its address when data told it, or 0 */

    OsiKallsyms *syms;              /* NULL: see no_syms */
    OsiBtf *btf;                    /* that is used; NULL: see no_btf */
    OsiBtf *own_btf;                /* the guest's, NULL: none */
    OsiError no_syms, no_btf;

    OsiBtf *profile_btf;            /* the user's, NULL: see no_profile */
    OsiKallsyms *profile_map;       /* the user's System.map, moved; or NULL */
    OsiError no_profile, no_profile_map;
    int profile_proved;             /* members that data has at the same place */
    unsigned engine;                /* OSI_ENGINE_...; 0: no layout */
    OsiError no_engine[LINUX_ENGINES];  /* why an earlier one is not used */
    int tries;                      /* at later stops, while there is none */

    char release[72];
    size_t btf_at;                  /* offset of BTF in the image */
    uint64_t banner;                /* address of linux_banner */
    uint8_t banner_bytes[LINUX_BANNER_BYTES];
    uint64_t init_task;             /* 0 unknown */

    LinuxFields f;
    int pg_uptodate;                /* bit of page.flags, -1 unknown */
    LinuxMemMap memmap;             /* asked for once a stop */
    OsiField pt_regs[LINUX_PT_REGS];    /* size 0: no such register */
    uint32_t pt_regs_bytes;
    OsiError cannot[LINUX_CAN_COUNT];   /* kind OSI_OK: it can */
    uint32_t block;                 /* bytes of task_struct read at once */

    /* Dropped at each stop. */
    GArray *percpu;                 /* uint64_t per-cpu bases, NULL unread */
    GArray *stacks;                 /* private to linux-top.c, NULL unread */
    bool in_stacks;                 /* being read */
    OsiError walk_note;             /* where the last task walk broke */
    int pti;                        /* -1 unknown, 0, 1 */
    GPtrArray *modules;             /* LinuxModule, NULL unread */
    OsiError modules_note;          /* where the list of modules broke */
    uint64_t modules_kept;          /* bytes cached of them: linux_keep() */
    bool unwind_tried;
    uint32_t tasks_seen, leaders_seen;

    uint64_t top_slot;              /* per-CPU: top of the kernel stack */
    bool top_slot_known, top_slot_plain;    /* plain: not per-CPU at all */
    LinuxFrame frame;               /* kept: a build has one */
    struct LinuxUnwind *unwind;     /* kept; linux-unwind.c */
    uint32_t fpu_guess;             /* offset in a task, 0 none */
    struct LinuxNote *note;         /* kept; linux-vmcoreinfo.c */
    char build_id[65];              /* hexadecimal; "" unread */
} Linux;

/* linux.c */

/* Lowest address of the kernel's half on x86-64, any number of levels. */
#define LINUX_KERNEL_LO_64 0xff00000000000000ull

bool linux_sym(const Linux *lx, const char *name, uint64_t *value);

/* The kernel's own table or the user's, whichever has more; NULL: neither. */
const OsiKallsyms *linux_symbols(const Linux *lx);

/* linux-engine.c */

/* Fill fields and init_task from the first engine that fits; image loaded. */
void linux_choose_engine(Linux *lx);

/* At a stop, while no engine fits. */
void linux_retry_engine(Linux *lx);

/* "BTF", for evidence. */
const char *linux_engine_name(const Linux *lx);

/* linux-profile.c */
bool linux_check_profile(const OsiProfile *p, OsiError *err);

/* Take what fits of it; banner and image are known, the latter loaded. */
void linux_take_profile(Linux *lx);

/* Is the profile in lx->btf as the data is? Fields are those of lx->btf. */
bool linux_profile_agrees(Linux *lx, OsiError *err);
void linux_profile_features(const Linux *lx, GArray *rows);

/* linux-guess.c; @lx->f is zeros on failure. */
bool linux_guess_fields(Linux *lx, OsiError *err);

/* linux-fields.c */
void linux_fill_fields(Linux *lx);      /* from lx->btf; none without */
void linux_size_block(Linux *lx);

/* All members asked for, "task_struct" "pid"; absent ones have size 0. */
typedef void (*LinuxMemberFn)(void *opaque, const char *type, const char *path,
                              const OsiField *f);
void linux_each_member(const Linux *lx, LinuxMemberFn fn, void *opaque);

/* pt_regs where nothing describes it: the order of ptrace(2) is fixed. */
void linux_fixed_pt_regs(Linux *lx);
bool linux_can(const Linux *lx, LinuxCan what, OsiError *err);
bool linux_field(Linux *lx, uint64_t object, const OsiField *f,
                 uint64_t *value, OsiError *err);

/* A pointer member: @f->size is ignored, a pointer has lx->word bytes. */
bool linux_ptr(Linux *lx, uint64_t object, const OsiField *f, uint64_t *value,
               OsiError *err);

/*
 * The same of an object that is to be a @what ("dentry"): refuses addresses
 * that cannot be one.
 */
bool linux_member(Linux *lx, uint64_t object, const OsiField *f,
                  uint64_t *value, const char *what, OsiError *err);

/* The word at @p as a kernel pointer. */
static inline uint64_t linux_word(const Linux *lx, const void *p)
{
    return osi_le(p, lx->word);
}

/* A sum of addresses: 32-bit kernels compute with 32 bits. */
static inline uint64_t linux_wrap(const Linux *lx, uint64_t va)
{
    return lx->word == 8 ? va : (uint32_t)va;
}

/* A kernel address that may hold an object: upper half, aligned. */
static inline bool linux_is_object(const Linux *lx, uint64_t va)
{
    return va >= lx->kernel_lo && va % lx->word == 0 &&
           (lx->word == 8 || !(va >> 32));
}

/* linux-features.c */
void linux_features(void *os, GArray *rows);

/* One row of evidence: found, not found and what would help. */
G_GNUC_PRINTF(3, 4)
void linux_row(GArray *rows, const char *name, const char *fmt, ...);
void linux_row_no(GArray *rows, const char *name, const OsiError *why,
                  const char *fix);

/* Of a question that needs members and nothing else. */
void linux_row_can(Linux *lx, GArray *rows, const char *name, LinuxCan what);

#define LINUX_FIX_TYPES \
    "give a profile: monitor gdbx os profile FILE (raw BTF of this build)"
#define LINUX_FIX_SYMBOLS \
    "give a profile with the build's System.map: monitor gdbx os profile" \
    " BTF MAP"

/* linux-tasks.c */
bool linux_read_task(Linux *lx, uint64_t object, OsiTask *t, OsiError *err);
bool linux_each_task(void *os, OsiTaskFn fn, void *opaque, OsiError *err);

/* linux-cpus.c */
bool linux_current(void *os, const OsiCpu *cpu, OsiTask *task, OsiError *err);

OsiCurrentRecipe *linux_current_recipe(void *os, OsiError *err);

/* A per-CPU variable, relative to these bases; by symbol or by BTF. */
bool linux_percpu_sym(Linux *lx, const char *name, uint64_t *offset);

/* Bases of the per-CPU areas, by Linux CPU number; read once a stop. */
GArray *linux_percpu(Linux *lx);

/*
 * linux-top.c: the task whose kernel stack @cpu would enter on. @gs: the
 * CPU's per-CPU base, 0 where that is not known (32-bit kernels).
 */
bool linux_current_by_stack(Linux *lx, const OsiCpu *cpu, uint64_t *object,
                            uint64_t *gs, OsiError *err);

/* Linux CPU number of a vCPU, -1 unknown; @base (may be NULL): its percpu. */
int linux_cpu_of(Linux *lx, const OsiCpu *cpu, uint64_t *base);

/* linux-regs.c */
bool linux_saved_user_place(void *os, const OsiTask *t, size_t offset,
                            OsiPlace *place, OsiError *err);
bool linux_saved_user_regs(void *os, const OsiTask *t, OsiUserRegs *regs,
                           OsiError *err);

/* Find the frame if it is not known yet. */
bool linux_find_frame(Linux *lx, OsiError *err);

/* linux-process.c */
uint64_t linux_exe_file(void *os, const OsiTask *t, OsiError *err);
char *linux_exe_path(void *os, const OsiTask *t, OsiError *err);
char *linux_cwd(void *os, const OsiTask *t, OsiError *err);
char *linux_root_path(void *os, const OsiTask *t, OsiError *err);
void linux_row_process(Linux *lx, GArray *rows);    /* evidence for these */
char *linux_command_line(void *os, const OsiTask *t, OsiError *err);
GByteArray *linux_auxv(void *os, const OsiTask *t, OsiError *err);

/* linux-numbers.c */
bool linux_task_numbers(void *os, const OsiTask *t, OsiTaskNumbers *n,
                        OsiError *err);
bool linux_extents(void *os, const OsiTask *t, OsiExtents *e, OsiError *err);

/* linux-usage.c */
bool linux_vma_usage(void *os, const OsiTask *t, const OsiVma *vma,
                     size_t pages_max, OsiUsage *u, OsiError *err);

/* linux-events.c */
OsiEvents *linux_events(void *os, unsigned kinds, OsiError *err);
void linux_events_features(Linux *lx, GArray *rows);

/* linux-vma.c */
void linux_row_vmas(Linux *lx, GArray *rows);

/* linux-maps.c */
bool linux_vmas(void *os, const OsiTask *t, GArray *out, OsiError *err);

/* linux-files.c */
bool linux_files(void *os, const OsiTask *t, GArray *out, OsiError *err);

/* linux-memmap.c, linux-pagecache.c */
void linux_row_pagecache(Linux *lx, GArray *rows);
/* linux-inode.c, linux-lookup.c */
bool linux_file_lookup(void *os, const OsiTask *t, const char *path,
                       bool follow, OsiInode *inode, OsiError *err);
bool linux_file_inode(void *os, uint64_t file, OsiInode *inode, OsiError *err);
bool linux_inode_check(void *os, const OsiInode *inode, OsiInode *now,
                       OsiError *err);
bool linux_inode_read(void *os, const OsiInode *inode, uint64_t offset,
                      void *buf, size_t len, size_t *got, OsiError *err);
char *linux_inode_link(void *os, const OsiInode *inode, OsiError *err);

bool linux_file_size(void *os, uint64_t file, uint64_t *size, OsiError *err);
bool linux_file_read(void *os, uint64_t file, uint64_t offset, void *buf,
                     size_t len, OsiError *err);

/* linux-user.c, linux-libs.c */
bool linux_absent_page(void *os, const OsiTask *t, const OsiVma *vma,
                       uint64_t va, uint8_t page[4096], OsiError *err);
bool linux_libraries(void *os, const OsiTask *t, GArray *out, OsiError *err);
bool linux_tls_block(void *os, const OsiTask *t, uint64_t tp, uint64_t link_map,
                     uint64_t *block, OsiError *err);

/* linux-cred.c, linux-ns.c */
bool linux_creds(void *os, const OsiTask *t, OsiCreds *creds, OsiError *err);
bool linux_namespaces(void *os, const OsiTask *t, OsiNamespaces *ns,
                      OsiError *err);
char *linux_cgroup(void *os, const OsiTask *t, OsiError *err);

/* linux-mm.c */
void linux_choose_root(Linux *lx);

/*
 * Find the kernel's own top table in the image, which is loaded, where no
 * symbol tells it.
 */
void linux_find_top_table(Linux *lx);

/* Bytes that a top table is aligned to. */
unsigned linux_root_align(const Linux *lx);

/* Bits of CR3 that select it. */
uint64_t linux_root_mask(const Linux *lx);

/* Does the kernel keep separate user page tables? */
bool linux_pti(Linux *lx);

#endif
