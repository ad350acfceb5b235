/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials, namespaces, ids in them, control groups of forged tasks. */
#include "forge-parts.h"

/* Ids are 100 + pid and on; a bit more for each that is another one. */
static uint64_t new_cred(ForgeKernel *k, int pid)
{
    static const char *const ids[] = { "uid", "euid", "suid", "fsuid", "gid",
                                       "egid", "sgid", "fsgid" };
    static const char *const caps[] = { "cap_inheritable", "cap_permitted",
        "cap_effective", "cap_bset", "cap_ambient" };
    uint64_t c = forge_new_struct(k, "cred");
    uint64_t groups = forge_bytes(k, 64, 8), gid;

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        forge_set(k, c, "cred", ids[i], 100 + pid + 1000 * i);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(caps); i++) {
        forge_set(k, c, "cred", caps[i], 0x100000001ull << i);
    }
    forge_set(k, groups, "group_info", "ngroups", 3);
    gid = forge_at_member(k, groups, "group_info", "gid");
    for (int i = 0; i < 3; i++) {
        put32(forge_at(k, gid + 4 * i), 50 + i);
    }
    forge_set(k, c, "cred", "group_info", groups);
    return c;
}

static uint64_t new_ns(ForgeKernel *k, const char *type, uint32_t number)
{
    uint64_t ns = forge_new_struct(k, type);

    forge_set(k, ns, type, "ns.inum", number);
    return ns;
}

static uint64_t new_proxy(ForgeKernel *k)
{
    static const struct { const char *at, *type; uint32_t number; } rows[] = {
        { "mnt_ns", "mnt_namespace", 4026531841 },
        { "net_ns", "net", 4026531842 },
        { "uts_ns", "uts_namespace", 4026531843 },
        { "ipc_ns", "ipc_namespace", 4026531844 },
        { "cgroup_ns", "cgroup_namespace", 4026531845 },
        { "time_ns", "time_namespace", 4026531846 },
    };
    uint64_t p = forge_new_struct(k, "nsproxy");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        forge_set(k, p, "nsproxy", rows[i].at,
                  new_ns(k, rows[i].type, rows[i].number));
    }
    return p;
}

/* Known as @pid outside and as @inside in a namespace of its own. */
static uint64_t new_pid(ForgeKernel *k, int pid, int inside)
{
    uint64_t p = forge_bytes(k, 128, 8), at;
    int levels = inside ? 2 : 1;

    at = forge_at_member(k, p, "pid", "numbers");
    forge_set(k, p, "pid", "level", levels - 1);
    for (int i = 0; i < levels; i++) {
        forge_set(k, at, "upid", "nr", i ? inside : pid);
        forge_set(k, at, "upid", "ns",
                  new_ns(k, "pid_namespace", 4026531836 + i));
        at += forge_struct_size(k->types, "upid");
    }
    return p;
}

static uint64_t kernfs(ForgeKernel *k, uint64_t parent, const char *name)
{
    uint64_t n = forge_new_struct(k, "kernfs_node");

    forge_set(k, n, "kernfs_node", "__parent", parent);
    forge_set(k, n, "kernfs_node", "name", forge_text(k, name));
    return n;
}

static uint64_t new_css_set(ForgeKernel *k)
{
    uint64_t set = forge_new_struct(k, "css_set");
    uint64_t group = forge_new_struct(k, "cgroup");
    uint64_t root = kernfs(k, 0, "");

    forge_set(k, group, "cgroup", "kn",
              kernfs(k, kernfs(k, root, "forged.slice"), "worker"));
    forge_set(k, group, "cgroup", "self.flags", 2);
    forge_set(k, set, "css_set", "dfl_cgrp", group);
    return set;
}

void forge_rights(ForgeKernel *k, uint64_t task, int pid, int inside)
{
    uint64_t cred = new_cred(k, pid);

    forge_set(k, cred, "cred", "user_ns",
              new_ns(k, "user_namespace", 4026531837));
    forge_set(k, task, "task_struct", "cred", cred);
    forge_set(k, task, "task_struct", "nsproxy", new_proxy(k));
    forge_set(k, task, "task_struct", "thread_pid", new_pid(k, pid, inside));
    forge_set(k, task, "task_struct", "cgroups", new_css_set(k));
}
