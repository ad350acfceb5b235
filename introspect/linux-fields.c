/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which members of which structures the Linux provider reads. Names only:
 * offsets and sizes come from the kernel's own BTF, and a row's alternatives
 * ("a|b") are what a member was called in other releases.
 */
#include <stddef.h>
#include "linux.h"

#define OPTIONAL (-1)

/* Sizes that follow the kernel's word. */
#define PTR     254             /* a pointer */
#define LIST    255             /* struct list_head: two of them */

typedef struct Row {
    size_t field;               /* in LinuxFields */
    const char *type, *path;    /* path "": the structure as a whole */
    int can;                    /* LinuxCan that dies without it */
    uint8_t min, max;           /* bytes accepted; max 0 = any */
} Row;

#define F(name) offsetof(LinuxFields, name)

static const Row rows[] = {
    { F(tasks), "task_struct", "tasks", LINUX_TASKS, LIST, LIST },
    { F(thread_node), "task_struct", "thread_node", LINUX_TASKS, LIST, LIST },
    { F(sig_thread_head), "signal_struct", "thread_head", LINUX_TASKS, LIST,
      LIST },
    { F(pid), "task_struct", "pid", LINUX_TASKS, 4, 4 },
    { F(tgid), "task_struct", "tgid", LINUX_TASKS, 4, 4 },
    { F(comm), "task_struct", "comm", LINUX_TASKS, 16, 16 },
    { F(state), "task_struct", "__state|state", LINUX_TASKS, 4, 8 },
    { F(exit_state), "task_struct", "exit_state", LINUX_TASKS, 4, 4 },
    { F(flags), "task_struct", "flags", LINUX_TASKS, 4, 4 },
    { F(mm), "task_struct", "mm", LINUX_TASKS, PTR, PTR },
    { F(stack), "task_struct", "stack", LINUX_TASKS, PTR, PTR },
    { F(real_parent), "task_struct", "real_parent", LINUX_TASKS, PTR, PTR },
    { F(group_leader), "task_struct", "group_leader", LINUX_TASKS, PTR, PTR },
    { F(signal), "task_struct", "signal", LINUX_TASKS, PTR, PTR },
    { F(pgd), "mm_struct", "pgd", LINUX_TASKS, PTR, PTR },
    /* Uniprocessor builds have neither of these two. */
    { F(on_cpu), "task_struct", "on_cpu", OPTIONAL, 1, 4 },
    { F(cpu), "task_struct", "thread_info.cpu|cpu", OPTIONAL, 4, 4 },
    { F(cred), "task_struct", "real_cred|cred", OPTIONAL, PTR, PTR },
    { F(start_time), "task_struct", "start_boottime|real_start_time|start_time",
      OPTIONAL, 8, 8 },
    { F(rq_idle), "rq", "idle", OPTIONAL, PTR, PTR },
    { F(pcpu_current), "pcpu_hot", "current_task", OPTIONAL, PTR, PTR },
    { F(fsbase), "task_struct", "thread.fsbase", OPTIONAL, 4, 8 },
    { F(gsbase), "task_struct", "thread.gsbase", OPTIONAL, 4, 8 },
    { F(thread_sp), "task_struct", "thread.sp", LINUX_SWITCH_FRAME, PTR, PTR },
    { F(tls_array), "task_struct", "thread.tls_array", OPTIONAL, 8, 64 },
    { F(thread_status), "task_struct", "thread_info.status", OPTIONAL, 4, 4 },
    { F(thread_fpu), "task_struct", "thread.fpu", OPTIONAL, 0, 0 },
    { F(exit_code), "task_struct", "exit_code", OPTIONAL, 4, 4 },
    { F(sig_flags), "signal_struct", "flags", OPTIONAL, 4, 4 },
    { F(sig_nr_threads), "signal_struct", "nr_threads", OPTIONAL, 4, 4 },
    { F(sig_group_exit_code), "signal_struct", "group_exit_code", OPTIONAL, 4,
      4 },

    { F(fs), "task_struct", "fs", OPTIONAL, PTR, PTR },
    { F(fs_root_mnt), "fs_struct", "root.mnt", OPTIONAL, PTR, PTR },
    { F(fs_root_dentry), "fs_struct", "root.dentry", OPTIONAL, PTR, PTR },
    { F(fs_pwd_mnt), "fs_struct", "pwd.mnt", OPTIONAL, PTR, PTR },
    { F(fs_pwd_dentry), "fs_struct", "pwd.dentry", OPTIONAL, PTR, PTR },
    { F(exe_file), "mm_struct", "exe_file", LINUX_EXE, PTR, PTR },
    { F(file_mnt), "file", "f_path.mnt", LINUX_EXE, PTR, PTR },
    { F(file_dentry), "file", "f_path.dentry", LINUX_EXE, PTR, PTR },
    { F(d_name), "dentry", "d_name.name", LINUX_EXE, PTR, PTR },
    { F(d_len), "dentry", "d_name.len", LINUX_EXE, 4, 4 },
    { F(d_parent), "dentry", "d_parent", LINUX_EXE, PTR, PTR },
    { F(d_pprev), "dentry", "d_hash.pprev", OPTIONAL, PTR, PTR },
    { F(mnt_root), "vfsmount", "mnt_root", LINUX_EXE, PTR, PTR },
    { F(mount_mnt), "mount", "mnt", LINUX_EXE, 0, 0 },
    { F(mount_parent), "mount", "mnt_parent", LINUX_EXE, PTR, PTR },
    { F(mount_point), "mount", "mnt_mountpoint", LINUX_EXE, PTR, PTR },

    { F(arg_start), "mm_struct", "arg_start", LINUX_CMDLINE, PTR, PTR },
    { F(arg_end), "mm_struct", "arg_end", LINUX_CMDLINE, PTR, PTR },
    { F(env_start), "mm_struct", "env_start", OPTIONAL, PTR, PTR },
    { F(env_end), "mm_struct", "env_end", OPTIONAL, PTR, PTR },
    { F(start_code), "mm_struct", "start_code", OPTIONAL, PTR, PTR },
    { F(end_code), "mm_struct", "end_code", OPTIONAL, PTR, PTR },
    { F(start_data), "mm_struct", "start_data", OPTIONAL, PTR, PTR },
    { F(end_data), "mm_struct", "end_data", OPTIONAL, PTR, PTR },
    { F(mm_flags), "mm_struct", "flags", OPTIONAL, PTR, 8 },
    { F(prio), "task_struct", "prio", OPTIONAL, 4, 4 },
    { F(static_prio), "task_struct", "static_prio", OPTIONAL, 4, 4 },
    { F(sig_pids), "signal_struct", "pids", OPTIONAL, 0, 0 },
    { F(saved_auxv), "mm_struct", "saved_auxv", LINUX_AUXV, 0, 0 },

    { F(vm_start), "vm_area_struct", "vm_start", LINUX_VMAS, PTR, PTR },
    { F(vm_end), "vm_area_struct", "vm_end", LINUX_VMAS, PTR, PTR },
    { F(vm_flags), "vm_area_struct", "vm_flags", LINUX_VMAS, 4, 8 },
    { F(vm_file), "vm_area_struct", "vm_file", LINUX_VMAS, PTR, PTR },
    { F(vm_pgoff), "vm_area_struct", "vm_pgoff", LINUX_VMAS, PTR, PTR },
    /* A list until 6.0, a maple tree since. */
    { F(mm_mmap), "mm_struct", "mmap", OPTIONAL, PTR, PTR },
    { F(vm_next), "vm_area_struct", "vm_next", OPTIONAL, PTR, PTR },
    { F(mm_root), "mm_struct", "mm_mt.ma_root", OPTIONAL, PTR, PTR },
    { F(mr_pivot), "maple_range_64", "pivot", OPTIONAL, 4, 248 },
    { F(mr_slot), "maple_range_64", "slot", OPTIONAL, 4, 248 },
    { F(ma_pivot), "maple_arange_64", "pivot", OPTIONAL, 4, 248 },
    { F(ma_slot), "maple_arange_64", "slot", OPTIONAL, 4, 248 },
    { F(vm_mm), "vm_area_struct", "vm_mm", OPTIONAL, PTR, PTR },
    { F(vm_ops), "vm_area_struct", "vm_ops", OPTIONAL, PTR, PTR },
    { F(vm_private), "vm_area_struct", "vm_private_data", OPTIONAL, PTR, PTR },
    { F(vm_anon_name), "vm_area_struct", "anon_name", OPTIONAL, PTR, PTR },
    { F(vm_shared), "vm_area_struct", "shared", OPTIONAL, 0, 0 },
    { F(anon_name), "anon_vma_name", "name", OPTIONAL, 0, 0 },
    { F(vmo_name), "vm_operations_struct", "name", OPTIONAL, PTR, PTR },
    { F(sm_name), "vm_special_mapping", "name", OPTIONAL, PTR, PTR },
    { F(map_count), "mm_struct", "map_count", OPTIONAL, 4, 4 },
    { F(start_brk), "mm_struct", "start_brk", OPTIONAL, PTR, PTR },
    { F(brk), "mm_struct", "brk", OPTIONAL, PTR, PTR },
    { F(start_stack), "mm_struct", "start_stack", OPTIONAL, PTR, PTR },
    { F(mm_vdso), "mm_struct", "context.vdso", OPTIONAL, PTR, PTR },
    { F(mm_context), "mm_struct", "context.flags", OPTIONAL, 2, 8 },
    { F(mm_compat), "mm_struct", "context.ia32_compat", OPTIONAL, 2, 8 },
    { F(vdso_image), "mm_struct", "context.vdso_image", OPTIONAL, PTR, PTR },
    { F(vdso_data), "vdso_image", "data", OPTIONAL, PTR, PTR },
    { F(vdso_size), "vdso_image", "size", OPTIONAL, PTR, PTR },

    { F(d_inode), "dentry", "d_inode", OPTIONAL, PTR, PTR },
    { F(d_sb), "dentry", "d_sb", OPTIONAL, PTR, PTR },
    { F(d_op), "dentry", "d_op", OPTIONAL, PTR, PTR },
    { F(d_fsdata), "dentry", "d_fsdata", OPTIONAL, PTR, PTR },
    { F(dop_dname), "dentry_operations", "d_dname", OPTIONAL, PTR, PTR },
    { F(dma_buf_name), "dma_buf", "name", OPTIONAL, PTR, PTR },
    { F(s_dev), "super_block", "s_dev", OPTIONAL, 4, 4 },
    { F(s_magic), "super_block", "s_magic", OPTIONAL, PTR, PTR },
    { F(s_type), "super_block", "s_type", OPTIONAL, PTR, PTR },
    { F(fs_type_name), "file_system_type", "name", OPTIONAL, PTR, PTR },
    { F(file_mode), "file", "f_mode", OPTIONAL, 4, 4 },
    { F(file_private), "file", "private_data", OPTIONAL, PTR, PTR },
    { F(backing_mnt), "backing_file", "user_path.mnt", OPTIONAL, PTR, PTR },
    { F(backing_dentry), "backing_file", "user_path.dentry", OPTIONAL, PTR,
      PTR },

    /* A list of the directory's entries until 6.7, headed by a word since. */
    { F(d_subdirs), "dentry", "d_subdirs", OPTIONAL, LIST, LIST },
    { F(d_child), "dentry", "d_child|d_u.d_child", OPTIONAL, LIST, LIST },
    { F(d_children), "dentry", "d_children", OPTIONAL, PTR, PTR },
    { F(d_sib), "dentry", "d_sib", OPTIONAL, LIST, LIST },
    { F(mnt_mounts), "mount", "mnt_mounts", OPTIONAL, LIST, LIST },
    { F(mnt_child), "mount", "mnt_child", OPTIONAL, LIST, LIST },
    { F(i_sb_list), "inode", "i_sb_list", OPTIONAL, LIST, LIST },
    { F(i_generation), "inode", "i_generation", OPTIONAL, 4, 4 },
    { F(i_mtime), "inode", "i_mtime.tv_sec|__i_mtime.tv_sec|i_mtime_sec",
      OPTIONAL, PTR, 8 },
    { F(i_link), "inode", "i_link", OPTIONAL, PTR, PTR },

    { F(file_mapping), "file", "f_mapping", LINUX_PAGE_CACHE, PTR, PTR },
    { F(file_inode), "file", "f_inode", OPTIONAL, PTR, PTR },
    { F(i_size), "inode", "i_size", LINUX_PAGE_CACHE, 8, 8 },
    { F(i_mapping), "inode", "i_mapping", OPTIONAL, PTR, PTR },
    { F(i_ino), "inode", "i_ino", OPTIONAL, PTR, 8 },
    { F(i_sb), "inode", "i_sb", OPTIONAL, PTR, PTR },
    { F(i_mode), "inode", "i_mode", OPTIONAL, 2, 2 },
    { F(i_ctime), "inode", "i_ctime", OPTIONAL, 0, 0 },
    { F(i_private), "inode", "i_private", OPTIONAL, PTR, PTR },
    { F(a_host), "address_space", "host", LINUX_PAGE_CACHE, PTR, PTR },
    { F(xa_head), "address_space", "i_pages.xa_head", LINUX_PAGE_CACHE, PTR,
      PTR },
    { F(xn_shift), "xa_node", "shift", LINUX_PAGE_CACHE, 1, 1 },
    { F(xn_slots), "xa_node", "slots", LINUX_PAGE_CACHE, 0, 0 },
    { F(page_whole), "page", "", LINUX_PAGE_CACHE, 0, 0 },
    { F(page_index), "page", "index|__folio_index", LINUX_PAGE_CACHE, PTR,
      PTR },
    { F(page_mapping), "page", "mapping|__folio_mapping", LINUX_PAGE_CACHE,
      PTR, PTR },
    { F(page_flags), "page", "flags.f|flags", OPTIONAL, PTR, PTR },
    { F(page_head), "page", "compound_head", OPTIONAL, PTR, PTR },
    { F(task_files), "task_struct", "files", LINUX_FILES, PTR, PTR },
    { F(fdt), "files_struct", "fdt", LINUX_FILES, PTR, PTR },
    { F(fdt_max), "fdtable", "max_fds", LINUX_FILES, 4, 4 },
    { F(fdt_fd), "fdtable", "fd", LINUX_FILES, PTR, PTR },
    { F(fdt_cloexec), "fdtable", "close_on_exec", OPTIONAL, PTR, PTR },
    { F(file_pos), "file", "f_pos", OPTIONAL, 8, 8 },
    { F(file_flags), "file", "f_flags", OPTIONAL, 4, 4 },

    { F(cred_uid), "cred", "uid", LINUX_CREDS, 4, 4 },
    { F(cred_euid), "cred", "euid", LINUX_CREDS, 4, 4 },
    { F(cred_suid), "cred", "suid", LINUX_CREDS, 4, 4 },
    { F(cred_fsuid), "cred", "fsuid", LINUX_CREDS, 4, 4 },
    { F(cred_gid), "cred", "gid", LINUX_CREDS, 4, 4 },
    { F(cred_egid), "cred", "egid", LINUX_CREDS, 4, 4 },
    { F(cred_sgid), "cred", "sgid", LINUX_CREDS, 4, 4 },
    { F(cred_fsgid), "cred", "fsgid", LINUX_CREDS, 4, 4 },
    /* One u64, or two u32 in the same order. */
    { F(cap_inheritable), "cred", "cap_inheritable", OPTIONAL, 8, 8 },
    { F(cap_permitted), "cred", "cap_permitted", OPTIONAL, 8, 8 },
    { F(cap_effective), "cred", "cap_effective", OPTIONAL, 8, 8 },
    { F(cap_bset), "cred", "cap_bset", OPTIONAL, 8, 8 },
    { F(cap_ambient), "cred", "cap_ambient", OPTIONAL, 8, 8 },
    { F(group_info), "cred", "group_info", OPTIONAL, PTR, PTR },
    { F(gi_count), "group_info", "ngroups", OPTIONAL, 4, 4 },
    { F(gi_gid), "group_info", "gid", OPTIONAL, 0, 0 },

    { F(nsproxy), "task_struct", "nsproxy", LINUX_NAMESPACES, PTR, PTR },
    { F(thread_pid), "task_struct", "thread_pid", OPTIONAL, PTR, PTR },
    { F(ns_uts), "nsproxy", "uts_ns", OPTIONAL, PTR, PTR },
    { F(ns_ipc), "nsproxy", "ipc_ns", OPTIONAL, PTR, PTR },
    { F(ns_mnt), "nsproxy", "mnt_ns", OPTIONAL, PTR, PTR },
    { F(ns_net), "nsproxy", "net_ns", OPTIONAL, PTR, PTR },
    { F(ns_cgroup), "nsproxy", "cgroup_ns", OPTIONAL, PTR, PTR },
    { F(ns_time), "nsproxy", "time_ns", OPTIONAL, PTR, PTR },
    { F(cred_user_ns), "cred", "user_ns", OPTIONAL, PTR, PTR },
    { F(uts_inum), "uts_namespace", "ns.inum", OPTIONAL, 4, 8 },
    { F(ipc_inum), "ipc_namespace", "ns.inum", OPTIONAL, 4, 8 },
    { F(mnt_inum), "mnt_namespace", "ns.inum", OPTIONAL, 4, 8 },
    { F(net_inum), "net", "ns.inum", OPTIONAL, 4, 8 },
    { F(cgroup_inum), "cgroup_namespace", "ns.inum", OPTIONAL, 4, 8 },
    { F(time_inum), "time_namespace", "ns.inum", OPTIONAL, 4, 8 },
    { F(user_inum), "user_namespace", "ns.inum", OPTIONAL, 4, 8 },
    { F(pidns_inum), "pid_namespace", "ns.inum", OPTIONAL, 4, 8 },
    { F(ns_ops), "ns_common", "ops", OPTIONAL, PTR, PTR },
    { F(ns_ops_name), "proc_ns_operations", "name", OPTIONAL, PTR, PTR },
    { F(pid_level), "pid", "level", OPTIONAL, 4, 4 },
    { F(pid_numbers), "pid", "numbers", OPTIONAL, 0, 0 },
    { F(upid_nr), "upid", "nr", OPTIONAL, 4, 4 },
    { F(upid_ns), "upid", "ns", OPTIONAL, PTR, PTR },

    { F(cgroups), "task_struct", "cgroups", LINUX_CGROUP, PTR, PTR },
    { F(css_dfl_cgrp), "css_set", "dfl_cgrp", LINUX_CGROUP, PTR, PTR },
    { F(cgrp_kn), "cgroup", "kn", LINUX_CGROUP, PTR, PTR },
    { F(cgrp_flags), "cgroup", "self.flags", OPTIONAL, 4, 4 },
    { F(kn_name), "kernfs_node", "name", LINUX_CGROUP, PTR, PTR },
    { F(kn_parent), "kernfs_node", "parent|__parent", LINUX_CGROUP, PTR, PTR },

    { F(mod_list), "module", "list", LINUX_MODULES, LIST, LIST },
    { F(mod_name), "module", "name", LINUX_MODULES, 0, 0 },
    { F(mod_state), "module", "state", OPTIONAL, 4, 4 },
    { F(mod_refcnt), "module", "refcnt.counter", OPTIONAL, 4, 4 },
    /* Two layouts until 6.3, an array since. */
    { F(mod_core_base), "module", "core_layout.base|module_core", OPTIONAL,
      PTR, PTR },
    { F(mod_core_size), "module", "core_layout.size|core_size", OPTIONAL, 4,
      4 },
    { F(mod_init_base), "module", "init_layout.base|module_init", OPTIONAL,
      PTR, PTR },
    { F(mod_init_size), "module", "init_layout.size|init_size", OPTIONAL, 4,
      4 },
    { F(mod_mem), "module", "mem", OPTIONAL, 0, 0 },
    { F(mem_base), "module_memory", "base", OPTIONAL, PTR, PTR },
    { F(mem_size), "module_memory", "size", OPTIONAL, 4, 4 },
    { F(mod_sect_attrs), "module", "sect_attrs", OPTIONAL, PTR, PTR },
    { F(sect_bin_attrs), "module_sect_attrs", "grp.bin_attrs", OPTIONAL, PTR,
      PTR },
    { F(sect_battr), "module_sect_attr", "battr", OPTIONAL, 0, 0 },
    { F(sect_address), "module_sect_attr", "address", OPTIONAL, PTR, PTR },
    { F(bin_attr_name), "bin_attribute", "attr.name", OPTIONAL, PTR, PTR },
    { F(bin_attr_private), "bin_attribute", "private", OPTIONAL, PTR, PTR },
    { F(mod_kallsyms), "module", "kallsyms", OPTIONAL, PTR, PTR },
    { F(ks_symtab), "mod_kallsyms", "symtab", OPTIONAL, PTR, PTR },
    { F(ks_num), "mod_kallsyms", "num_symtab", OPTIONAL, 4, 4 },
    { F(ks_strtab), "mod_kallsyms", "strtab", OPTIONAL, PTR, PTR },
    { F(ks_typetab), "mod_kallsyms", "typetab", OPTIONAL, PTR, PTR },
    { F(mod_syms), "module", "syms", OPTIONAL, PTR, PTR },
    { F(mod_num_syms), "module", "num_syms", OPTIONAL, 4, 4 },
    { F(ksym_name_offset), "kernel_symbol", "name_offset", OPTIONAL, 4, 4 },
    { F(ksym_name), "kernel_symbol", "name", OPTIONAL, PTR, PTR },
    { F(mod_num_orcs), "module", "arch.num_orcs", OPTIONAL, 4, 4 },
    { F(mod_orc_ip), "module", "arch.orc_unwind_ip", OPTIONAL, PTR, PTR },
    { F(mod_orc), "module", "arch.orc_unwind", OPTIONAL, PTR, PTR },

    { F(switch_frame[0]), "inactive_task_frame", "r15", OPTIONAL, PTR, PTR },
    { F(switch_frame[1]), "inactive_task_frame", "r14", OPTIONAL, PTR, PTR },
    { F(switch_frame[2]), "inactive_task_frame", "r13", OPTIONAL, PTR, PTR },
    { F(switch_frame[3]), "inactive_task_frame", "r12", OPTIONAL, PTR, PTR },
    { F(switch_frame[4]), "inactive_task_frame", "bx", OPTIONAL, PTR, PTR },
    { F(switch_frame[5]), "inactive_task_frame", "bp", OPTIONAL, PTR, PTR },
    { F(switch_frame[6]), "inactive_task_frame", "si", OPTIONAL, PTR, PTR },
    { F(switch_frame[7]), "inactive_task_frame", "di", OPTIONAL, PTR, PTR },
    { F(switch_frame[8]), "inactive_task_frame", "ret_addr", OPTIONAL, PTR,
      PTR },
    { F(fpu_state), "fpu", "state", OPTIONAL, 0, 0 },
    { F(fpu_fpstate), "fpu", "fpstate", OPTIONAL, PTR, PTR },
    { F(fps_regs), "fpstate", "regs", OPTIONAL, 0, 0 },
    { F(fps_xfeatures), "fpstate", "xfeatures", OPTIONAL, 8, 8 },
    { F(gsindex), "task_struct", "thread.gsindex|thread.gs", OPTIONAL, 2, 4 },
    { F(fsindex), "task_struct", "thread.fsindex", OPTIONAL, 2, 4 },
};

/* In the order of OsiUserRegs; a 32-bit kernel has no r8..r15. */
static const char *const pt_regs[LINUX_PT_REGS] = {
    "r15", "r14", "r13", "r12", "bp|rbp", "bx|rbx", "r11", "r10", "r9", "r8",
    "ax|rax", "cx|rcx", "dx|rdx", "si|rsi", "di|rdi", "orig_ax|orig_rax",
    "ip|rip", "cs", "flags|eflags", "sp|rsp", "ss",
};

static uint32_t row_size(const Linux *lx, uint8_t size)
{
    return size == PTR ? lx->word : size == LIST ? 2 * lx->word : size;
}

static bool find_row(Linux *lx, const Row *row, OsiField *f, OsiError *err)
{
    if (*row->path) {
        return osi_btf_member(lx->btf, row->type, row->path, f, err);
    }
    f->size = osi_btf_struct_size(lx->btf, row->type);
    return f->size || osi_fail(err, OSI_ERR_NO_SUCH, 0, "BTF: no struct %s",
                               row->type);
}

static void fill_row(Linux *lx, const Row *row)
{
    OsiField *f = (OsiField *)((char *)&lx->f + row->field);
    OsiError err;
    bool ok = find_row(lx, row, f, &err);

    if (ok && row->max && (f->size < row_size(lx, row->min) ||
                           f->size > row_size(lx, row->max) || f->bit_size)) {
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
    lx->pt_regs_bytes = lx->word == 4 ? LINUX_PT_REGS_BYTES_32
                                      : LINUX_PT_REGS_BYTES;
    for (int i = 0; i < LINUX_PT_REGS; i++) {
        OsiField *f = &lx->pt_regs[i];
        OsiError err;

        if (lx->word == 4 && pt_regs[i][0] == 'r') {
            *f = (OsiField) { 0 };
        } else if (!osi_btf_member(lx->btf, "pt_regs", pt_regs[i], f, &err)) {
            lx->cannot[LINUX_REGS] = err;
        } else if (f->size < 2 || f->size > 8 ||
                   f->offset > lx->pt_regs_bytes - f->size) {
            osi_fail(&lx->cannot[LINUX_REGS], OSI_ERR_UNSUPPORTED, 0,
                     "BTF: pt_regs.%s lies at %u", pt_regs[i], f->offset);
        }
    }
}

/* arch/x86/include/uapi/asm/ptrace.h: r15..ss, and bx..ss on i386. */
void linux_fixed_pt_regs(Linux *lx)
{
    static const char *const i386[] = {
        "bx", "cx", "dx", "si", "di", "bp", "ax", "ds", "es", "fs", "gs",
        "orig_ax", "ip", "cs", "flags", "sp", "ss",
    };

    memset(lx->pt_regs, 0, sizeof(lx->pt_regs));
    lx->pt_regs_bytes = lx->word == 4 ? LINUX_PT_REGS_BYTES_32
                                      : LINUX_PT_REGS_BYTES;
    for (int i = 0; i < LINUX_PT_REGS; i++) {
        size_t name = strcspn(pt_regs[i], "|");

        if (lx->word == 8) {
            lx->pt_regs[i] = (OsiField) { .offset = 8 * i, .size = 8 };
        }
        for (size_t k = 0; lx->word == 4 && k < G_N_ELEMENTS(i386); k++) {
            if (!strncmp(pt_regs[i], i386[k], name) && !i386[k][name]) {
                lx->pt_regs[i] = (OsiField) { .offset = 4 * k, .size = 4 };
            }
        }
    }
}

static void fill_flags(Linux *lx)
{
    uint32_t bit;

    lx->pg_uptodate = osi_btf_enumerator(lx->btf, "pageflags", "PG_uptodate",
                                         &bit, NULL) && bit < 32 ? bit : -1;
}

/* Members of task_struct that linux-tasks.c takes from one block. */
void linux_size_block(Linux *lx)
{
    const OsiField *const used[] = {
        &lx->f.tasks, &lx->f.thread_node, &lx->f.pid, &lx->f.tgid,
        &lx->f.comm, &lx->f.state, &lx->f.exit_state, &lx->f.flags, &lx->f.mm,
        &lx->f.stack, &lx->f.on_cpu, &lx->f.cpu, &lx->f.real_parent,
        &lx->f.group_leader, &lx->f.signal, &lx->f.cred, &lx->f.start_time,
    };
    uint64_t end = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(used); i++) {
        end = MAX(end, (uint64_t)used[i]->offset + used[i]->size);
    }
    lx->block = MIN(end, LINUX_BLOCK_MAX);
    if (end > LINUX_BLOCK_MAX && !lx->cannot[LINUX_TASKS].kind) {
        osi_fail(&lx->cannot[LINUX_TASKS], OSI_ERR_UNSUPPORTED, 0,
                 "task_struct has %" PRIu64 " bytes", end);
    }
}

void linux_fill_fields(Linux *lx)
{
    memset(&lx->f, 0, sizeof(lx->f));
    lx->pg_uptodate = -1;
    for (int i = 0; i < LINUX_CAN_COUNT; i++) {
        lx->cannot[i] = lx->btf ? (OsiError) { 0 } : lx->no_btf;
    }
    if (!lx->btf) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fill_row(lx, &rows[i]);
    }
    lx->f.mem_stride = osi_btf_struct_size(lx->btf, "module_memory");
    lx->f.ksym_bytes = osi_btf_struct_size(lx->btf, "kernel_symbol");
    lx->f.switch_bytes = osi_btf_struct_size(lx->btf, "inactive_task_frame");
    lx->f.task_bytes = osi_btf_struct_size(lx->btf, "task_struct");
    lx->f.fpu_bytes = osi_btf_struct_size(lx->btf, "fpu");
    fill_pt_regs(lx);
    fill_flags(lx);
    linux_size_block(lx);
    if (!lx->f.fs.size || !lx->f.fs_root_mnt.size ||
        !lx->f.fs_root_dentry.size) {
        lx->f.fs = (OsiField) { 0 };
    }
}

void linux_each_member(const Linux *lx, LinuxMemberFn fn, void *opaque)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fn(opaque, rows[i].type, rows[i].path,
           (const OsiField *)((const char *)&lx->f + rows[i].field));
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

bool linux_ptr(Linux *lx, uint64_t object, const OsiField *f, uint64_t *value,
               OsiError *err)
{
    return osi_reader_uint(&lx->kernel, object + f->offset, lx->word, value,
                           err);
}

bool linux_member(Linux *lx, uint64_t object, const OsiField *f,
                  uint64_t *value, const char *what, OsiError *err)
{
    if (!linux_is_object(lx, object)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, object,
                        "0x%" PRIx64 " cannot be a %s", object, what);
    }
    return linux_field(lx, object, f, value, err);
}

bool linux_field(Linux *lx, uint64_t object, const OsiField *f,
                 uint64_t *value, OsiError *err)
{
    return osi_reader_uint(&lx->kernel, object + f->offset, f->size, value,
                           err);
}
