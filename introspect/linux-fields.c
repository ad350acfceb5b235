/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which members of which structures the Linux provider reads. Names only:
 * offsets and sizes come from the kernel's own BTF, and a row's alternatives
 * ("a|b") are what a member was called in other releases.
 */
#include <stddef.h>
#include "linux.h"

#define OPTIONAL (-1)

typedef struct Row {
    size_t field;               /* in LinuxFields */
    const char *type, *path;
    int can;                    /* LinuxCan that dies without it */
    uint8_t min, max;           /* bytes accepted; max 0 = any */
} Row;

#define F(name) offsetof(LinuxFields, name)

static const Row rows[] = {
    { F(tasks), "task_struct", "tasks", LINUX_TASKS, 16, 16 },
    { F(thread_node), "task_struct", "thread_node", LINUX_TASKS, 16, 16 },
    { F(sig_thread_head), "signal_struct", "thread_head", LINUX_TASKS, 16, 16 },
    { F(pid), "task_struct", "pid", LINUX_TASKS, 4, 4 },
    { F(tgid), "task_struct", "tgid", LINUX_TASKS, 4, 4 },
    { F(comm), "task_struct", "comm", LINUX_TASKS, 16, 16 },
    { F(state), "task_struct", "__state|state", LINUX_TASKS, 4, 8 },
    { F(exit_state), "task_struct", "exit_state", LINUX_TASKS, 4, 4 },
    { F(flags), "task_struct", "flags", LINUX_TASKS, 4, 4 },
    { F(mm), "task_struct", "mm", LINUX_TASKS, 8, 8 },
    { F(stack), "task_struct", "stack", LINUX_TASKS, 8, 8 },
    { F(real_parent), "task_struct", "real_parent", LINUX_TASKS, 8, 8 },
    { F(group_leader), "task_struct", "group_leader", LINUX_TASKS, 8, 8 },
    { F(signal), "task_struct", "signal", LINUX_TASKS, 8, 8 },
    { F(pgd), "mm_struct", "pgd", LINUX_TASKS, 8, 8 },
    /* Uniprocessor builds have neither of these two. */
    { F(on_cpu), "task_struct", "on_cpu", OPTIONAL, 1, 4 },
    { F(cpu), "task_struct", "thread_info.cpu|cpu", OPTIONAL, 4, 4 },
    { F(cred), "task_struct", "real_cred|cred", OPTIONAL, 8, 8 },
    { F(cred_uid), "cred", "uid", OPTIONAL, 4, 4 },
    { F(start_time), "task_struct", "start_boottime|real_start_time|start_time",
      OPTIONAL, 8, 8 },
    { F(rq_idle), "rq", "idle", OPTIONAL, 8, 8 },
    { F(pcpu_current), "pcpu_hot", "current_task", OPTIONAL, 8, 8 },
    { F(fsbase), "task_struct", "thread.fsbase", OPTIONAL, 8, 8 },
    { F(gsbase), "task_struct", "thread.gsbase", OPTIONAL, 8, 8 },

    { F(fs), "task_struct", "fs", OPTIONAL, 8, 8 },
    { F(fs_root_mnt), "fs_struct", "root.mnt", OPTIONAL, 8, 8 },
    { F(fs_root_dentry), "fs_struct", "root.dentry", OPTIONAL, 8, 8 },
    { F(exe_file), "mm_struct", "exe_file", LINUX_EXE, 8, 8 },
    { F(file_mnt), "file", "f_path.mnt", LINUX_EXE, 8, 8 },
    { F(file_dentry), "file", "f_path.dentry", LINUX_EXE, 8, 8 },
    { F(d_name), "dentry", "d_name.name", LINUX_EXE, 8, 8 },
    { F(d_len), "dentry", "d_name.len", LINUX_EXE, 4, 4 },
    { F(d_parent), "dentry", "d_parent", LINUX_EXE, 8, 8 },
    { F(d_pprev), "dentry", "d_hash.pprev", OPTIONAL, 8, 8 },
    { F(mnt_root), "vfsmount", "mnt_root", LINUX_EXE, 8, 8 },
    { F(mount_mnt), "mount", "mnt", LINUX_EXE, 0, 0 },
    { F(mount_parent), "mount", "mnt_parent", LINUX_EXE, 8, 8 },
    { F(mount_point), "mount", "mnt_mountpoint", LINUX_EXE, 8, 8 },

    { F(arg_start), "mm_struct", "arg_start", LINUX_CMDLINE, 8, 8 },
    { F(arg_end), "mm_struct", "arg_end", LINUX_CMDLINE, 8, 8 },
    { F(saved_auxv), "mm_struct", "saved_auxv", LINUX_AUXV, 0, 0 },
};

/* In the order of OsiUserRegs. */
static const char *const pt_regs[LINUX_PT_REGS] = {
    "r15", "r14", "r13", "r12", "bp|rbp", "bx|rbx", "r11", "r10", "r9", "r8",
    "ax|rax", "cx|rcx", "dx|rdx", "si|rsi", "di|rdi", "orig_ax|orig_rax",
    "ip|rip", "cs", "flags|eflags", "sp|rsp", "ss",
};

static void fill_row(Linux *lx, const Row *row)
{
    OsiField *f = (OsiField *)((char *)&lx->f + row->field);
    OsiError err;
    bool ok = osi_btf_member(lx->btf, row->type, row->path, f, &err);

    if (ok && row->max && (f->size < row->min || f->size > row->max ||
                           f->bit_size)) {
        ok = osi_fail(&err, OSI_ERR_UNSUPPORTED, 0, "BTF: %s.%s has %u bytes",
                      row->type, row->path, f->size);
    }
    if (!ok) {
        *f = (OsiField) { 0 };
        if (row->can != OPTIONAL && !lx->cannot[row->can].kind) {
            lx->cannot[row->can] = err;
        }
    }
}

static void fill_pt_regs(Linux *lx)
{
    for (int i = 0; i < LINUX_PT_REGS; i++) {
        OsiField *f = &lx->pt_regs[i];
        OsiError err;

        if (!osi_btf_member(lx->btf, "pt_regs", pt_regs[i], f, &err)) {
            lx->cannot[LINUX_REGS] = err;
        } else if (f->size < 2 || f->size > 8 ||
                   f->offset + f->size > LINUX_PT_REGS_BYTES) {
            osi_fail(&lx->cannot[LINUX_REGS], OSI_ERR_UNSUPPORTED, 0,
                     "BTF: pt_regs.%s lies at %u", pt_regs[i], f->offset);
        }
    }
}

/* Members of task_struct that linux-tasks.c takes from one block. */
static void size_block(Linux *lx)
{
    const OsiField *const used[] = {
        &lx->f.tasks, &lx->f.thread_node, &lx->f.pid, &lx->f.tgid,
        &lx->f.comm, &lx->f.state, &lx->f.exit_state, &lx->f.flags, &lx->f.mm,
        &lx->f.stack, &lx->f.on_cpu, &lx->f.cpu, &lx->f.real_parent,
        &lx->f.group_leader, &lx->f.signal, &lx->f.cred, &lx->f.start_time,
    };

    lx->block = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(used); i++) {
        lx->block = MAX(lx->block, used[i]->offset + used[i]->size);
    }
    if (lx->block > LINUX_BLOCK_MAX && !lx->cannot[LINUX_TASKS].kind) {
        osi_fail(&lx->cannot[LINUX_TASKS], OSI_ERR_UNSUPPORTED, 0,
                 "BTF: task_struct has %u bytes", lx->block);
    }
}

void linux_fill_fields(Linux *lx)
{
    memset(&lx->f, 0, sizeof(lx->f));
    for (int i = 0; i < LINUX_CAN_COUNT; i++) {
        lx->cannot[i] = lx->btf ? (OsiError) { 0 } : lx->no_btf;
    }
    if (!lx->btf) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fill_row(lx, &rows[i]);
    }
    fill_pt_regs(lx);
    size_block(lx);
    if (!lx->f.fs.size || !lx->f.fs_root_mnt.size ||
        !lx->f.fs_root_dentry.size) {
        lx->f.fs = (OsiField) { 0 };
    }
}

bool linux_can(const Linux *lx, LinuxCan what, OsiError *err)
{
    const OsiError *why = &lx->cannot[what];

    if (!why->kind) {
        return true;
    }
    return osi_fail(err, why->kind, why->address, "%s", why->message);
}

bool linux_field(Linux *lx, uint64_t object, const OsiField *f,
                 uint64_t *value, OsiError *err)
{
    return osi_reader_uint(&lx->kernel, object + f->offset, f->size, value,
                           err);
}
