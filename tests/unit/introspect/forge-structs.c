/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The structures of the forged kernel. Names are Linux's; places, and which
 * member follows which, are nobody's.
 */
#include "forge-parts.h"

static const char *const common[] = {
    "list_head!{next ptr; prev ptr}",
    "hlist_bl_node!{next ptr; pprev ptr}",
    "hlist_node!{next ptr; pprev ptr}",
    "hlist_head!{first ptr}",
    "path!{mnt ptr; dentry ptr}",
    "qstr{len u32; hash u32; name ptr}",
    "thread_info!{flags u64; cpu u32; status u32}",
    "fpu{fpstate ptr}",
    "fpstate{user u32; size u32; pad u64[5]; regs u8[1100]}",
    "desc_struct!{limit0 u16; base0 u16; base1 u8; access u8; flags u8;"
        " base2 u8}",
    "thread_struct!{sp ptr; fsindex u16; gsindex u16; pad u32; fsbase u64;"
        " gsbase u64; tls_array desc_struct[3]; fpu fpu}",
    "task_struct:280{thread_info@8 thread_info; __state@18 u32; stack@20 ptr;"
        " flags@28 u32; on_cpu@2c u8; exit_code@30 u32; tasks@40 list_head;"
        " mm@58 ptr; exit_state@60 u32; pid@68 u32; tgid@6c u32;"
        " real_parent@70 ptr; group_leader@78 ptr; thread_node@80 list_head;"
        " start_boottime@98 u64; cred@a0 ptr; comm@a8 u8[16]; fs@c0 ptr;"
        " signal@c8 ptr; files@d0 ptr; nsproxy@d8 ptr; thread_pid@e0 ptr;"
        " cgroups@e8 ptr; thread@100 thread_struct}",
    "signal_struct:40{nr_threads@8 u32; flags@c u32; group_exit_code@10 u32;"
        " thread_head@18 list_head}",
    "rq:40{idle@18 ptr}",
    /* files */
    "fs_struct{users u32; pwd path; root path}",
    "file_system_type{name ptr}",
    "super_block{s_magic ptr; s_inodes list_head; s_dev u32; s_type ptr}",
    "xarray{xa_flags u32; xa_head ptr}",
    "address_space{nrpages ptr; host ptr; i_pages xarray}",
    "inode{i_mode u16; i_ino u64; i_size u64; i_sb ptr; i_mapping ptr;"
        " i_generation u32; i_sb_list list_head; i_mtime_sec u64; i_link ptr;"
        " i_private ptr; i_data address_space}",
    "xa_node{count u8; offset u8; shift u8; parent ptr; slots ptr[64]}",
    "page:40{mapping ptr; index ptr; flags ptr; compound_head ptr;"
        " _refcount u32}",
    "dentry_operations{d_revalidate ptr; d_dname ptr}",
    "vfsmount!{mnt_root ptr; mnt_sb ptr}",
    "mount{mnt_parent ptr; mnt_mountpoint ptr; mnt_mounts list_head;"
        " mnt_child list_head; mnt vfsmount}",
    "file{f_flags u32; f_mode u32; f_pos u64; f_path path; f_mapping ptr;"
        " f_inode ptr; private_data ptr}",
    "fdtable{close_on_exec ptr; open_fds ptr; max_fds u32; fd ptr}",
    "files_struct{count u32; fdt ptr}",
    /* mappings */
    "vm_operations_struct{open ptr; name ptr}",
    "vm_special_mapping{pages ptr; name ptr}",
    "anon_vma_name{kref u32; name u8[0]}",
    "vdso_image{size ptr; data ptr}",
    "mm_context_t{flags u32; vdso_image ptr; vdso ptr}",
    /* who may what */
    "group_info{usage u32; ngroups u32; gid u32[0]}",
    "cred{cap_ambient u64; cap_bset u64; cap_effective u64; cap_permitted u64;"
        " cap_inheritable u64; fsgid u32; fsuid u32; egid u32; euid u32;"
        " sgid u32; suid u32; gid u32; uid u32; user_ns ptr; group_info ptr}",
    "proc_ns_operations{name ptr; real_ns_name ptr}",
    "ns_common{inum u32; ops ptr}",
    "uts_namespace{user_ns ptr; ns ns_common}",
    "ipc_namespace{ns ns_common}",
    "mnt_namespace{root ptr; ns ns_common}",
    "net{x u64[3]; ns ns_common}",
    "cgroup_namespace{ns ns_common}",
    "time_namespace{y u32; ns ns_common}",
    "user_namespace{x u64[2]; ns ns_common}",
    "pid_namespace{child_reaper ptr; ns ns_common}",
    "nsproxy{cgroup_ns ptr; time_ns ptr; net_ns ptr; mnt_ns ptr; ipc_ns ptr;"
        " uts_ns ptr}",
    "upid!{nr u32; ns ptr}",
    "pid{level u32; count u32; numbers upid[0]}",
    "kernfs_node{count u32; name ptr; __parent ptr}",
    "cgroup_subsys_state{refcnt u32; flags u32}",
    "cgroup{self cgroup_subsys_state; kn ptr}",
    "css_set{refcount u32; dfl_cgrp ptr}",
    /* threads */
    "inactive_task_frame!{r12 ptr; r13 ptr; bx ptr; r14 ptr; r15 ptr; bp ptr;"
        " ret_addr ptr}",
    /* modules */
    "attribute!{name ptr; mode u16}",
    "bin_attribute{size ptr; attr attribute; private ptr}",
    "attribute_group{bin_attrs ptr}",
    "module_sect_attr{address ptr; battr bin_attribute}",
    "module_sect_attrs{grp attribute_group; nsections u32}",
    "atomic_t!{counter u32}",
    "mod_kallsyms{num_symtab u32; typetab ptr; strtab ptr; symtab ptr}",
    "kernel_symbol!{value_offset u32; name_offset u32; ns u32}",
    "mod_arch_specific{num_orcs u32; orc_unwind ptr; orc_unwind_ip ptr}",
};

static const char *const tree[] = {
    "dentry{d_hash hlist_bl_node; d_op ptr; d_parent ptr; d_name qstr;"
        " d_inode ptr; d_sib hlist_node; d_children hlist_head; d_sb ptr;"
        " d_fsdata ptr}",
    "maple_range_64{pivot ptr[11]; slot ptr[12]}",
    "maple_arange_64{gap ptr[4]; slot ptr[8]; pivot ptr[7]}",
    "maple_tree{ma_flags u32; ma_root ptr}",
    "mm_struct:200{pgd@8 ptr; exe_file@10 ptr; arg_start@20 ptr;"
        " arg_end@28 ptr; saved_auxv@40 u64[20]; mm_mt@100 maple_tree;"
        " map_count@120 u32; brk@128 ptr; start_brk@130 ptr;"
        " start_stack@138 ptr; context@140 mm_context_t}",
    "vm_area_struct{vm_ops ptr; vm_pgoff ptr; vm_file ptr; vm_flags ptr;"
        " vm_private_data ptr; anon_name ptr; vm_mm ptr; vm_end ptr;"
        " vm_start ptr}",
};

static const char *const list[] = {
    "dentry{d_hash hlist_bl_node; d_op ptr; d_parent ptr; d_name qstr;"
        " d_inode ptr; d_child list_head; d_subdirs list_head; d_sb ptr;"
        " d_fsdata ptr}",
    "mm_struct:200{pgd@8 ptr; exe_file@10 ptr; arg_start@20 ptr;"
        " arg_end@28 ptr; saved_auxv@40 u64[20]; mmap@108 ptr;"
        " map_count@120 u32; brk@128 ptr; start_brk@130 ptr;"
        " start_stack@138 ptr; context@140 mm_context_t}",
    "vm_area_struct{vm_ops ptr; vm_pgoff ptr; vm_next ptr; vm_file ptr;"
        " vm_flags ptr; vm_private_data ptr; anon_name ptr; vm_mm ptr;"
        " vm_end ptr; vm_start ptr}",
};

static const char *const new_module[] = {
    "module_memory{size u32; base ptr}",
    "module{state u32; syms ptr; num_syms u32; list list_head; name u8[56];"
        " mem module_memory[7]; refcnt atomic_t; sect_attrs ptr; kallsyms ptr;"
        " arch mod_arch_specific}",
};

static const char *const old_module[] = {
    "module_layout{size u32; base ptr}",
    "module{name u8[56]; list list_head; state u32; core_layout module_layout;"
        " init_layout module_layout; num_syms u32; syms ptr; refcnt atomic_t;"
        " kallsyms ptr; sect_attrs ptr; arch mod_arch_specific}",
};

/* With FRED a selector is 16 bits of a word that holds more. */
static char *pt_regs_text(unsigned word, bool fred)
{
    static const char *const names[] = {
        "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax",
        "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss",
    };
    GString *s = g_string_new("pt_regs!{");

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_string_append_printf(s, "%s%s@%zx %s", i ? "; " : "", names[i],
                               word * i, i == 17 && fred ? "u16" : "ptr");
    }
    return g_string_free(g_string_append_c(s, '}'), false);
}

ForgeTypes *forge_structs(const ForgeOptions *opt)
{
    g_autofree char *regs = pt_regs_text(8, opt->gap != 0);
    g_autoptr(GPtrArray) all = g_ptr_array_new();

#define ADD(array) do { \
        for (size_t i = 0; i < G_N_ELEMENTS(array); i++) { \
            g_ptr_array_add(all, (char *)array[i]); \
        } \
    } while (0)
    ADD(common);
    if (opt->list) {
        ADD(list);
    } else {
        ADD(tree);
    }
    if (opt->list) {
        ADD(old_module);
    } else {
        ADD(new_module);
    }
    g_ptr_array_add(all, regs);
    return forge_types_new(8, (const char *const *)all->pdata, all->len);
}
