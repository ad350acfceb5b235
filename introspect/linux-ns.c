/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces and the control group of a task. */
#include "linux-block.h"

#define LEVELS_MAX      32          /* MAX_PID_NS_LEVEL of Linux */
#define CGROUPS_MAX     256         /* depth */
#define NAME_BYTES      256
#define CSS_ONLINE      2u

/* The number that the object at @ns has in /proc; 0 unknown. */
static uint64_t inum(Linux *lx, uint64_t ns, const OsiField *f)
{
    uint64_t n;

    return f->size && ns && linux_member(lx, ns, f, &n, "namespace", NULL)
        ? n : 0;
}

static void of_proxy(Linux *lx, uint64_t proxy, OsiNamespaces *ns)
{
    const LinuxFields *f = &lx->f;
    const struct { const OsiField *at, *number; uint64_t *to; } rows[] = {
        { &f->ns_mnt, &f->mnt_inum, &ns->mnt },
        { &f->ns_net, &f->net_inum, &ns->net },
        { &f->ns_uts, &f->uts_inum, &ns->uts },
        { &f->ns_ipc, &f->ipc_inum, &ns->ipc },
        { &f->ns_cgroup, &f->cgroup_inum, &ns->cgroup },
        { &f->ns_time, &f->time_inum, &ns->time },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t object;

        if (rows[i].at->size && linux_member(lx, proxy, rows[i].at, &object,
                                             "nsproxy", NULL)) {
            *rows[i].to = inum(lx, object, rows[i].number);
        }
    }
}

/* The id of a task in the innermost namespace that knows it. */
static bool innermost(Linux *lx, uint64_t task, uint64_t *level, uint64_t *nr,
                      uint64_t *ns)
{
    const LinuxFields *f = &lx->f;
    uint64_t pid, upid;

    if (!f->thread_pid.size || !f->pid_level.size || !f->pid_numbers.offset ||
        !f->upid_nr.size || !f->upid_ns.size ||
        !linux_member(lx, task, &f->thread_pid, &pid, "task", NULL) ||
        !linux_member(lx, pid, &f->pid_level, level, "pid", NULL) ||
        *level > LEVELS_MAX) {
        return false;
    }
    /* struct upid ends with the pointer. */
    upid = pid + f->pid_numbers.offset +
           *level * (f->upid_ns.offset + lx->word);
    return linux_field(lx, upid, &f->upid_nr, nr, NULL) &&
           linux_ptr(lx, upid, &f->upid_ns, ns, NULL);
}

static void of_pids(Linux *lx, const OsiTask *t, OsiNamespaces *ns)
{
    uint64_t level, nr, object, leader;

    if (!innermost(lx, t->object, &level, &nr, &object)) {
        return;
    }
    ns->level = level;
    ns->pid_inside = nr;
    ns->pid = inum(lx, object, &lx->f.pidns_inum);
    if (linux_member(lx, t->object, &lx->f.group_leader, &leader, "task",
                     NULL) &&
        innermost(lx, leader, &level, &nr, &object)) {
        ns->tgid_inside = nr;
    }
}

bool linux_namespaces(void *os, const OsiTask *t, OsiNamespaces *out,
                      OsiError *err)
{
    Linux *lx = os;
    OsiNamespaces ns = { .level = -1 };
    uint64_t proxy, cred, user;

    if (!linux_can(lx, LINUX_NAMESPACES, err) ||
        !linux_member(lx, t->object, &lx->f.nsproxy, &proxy, "task", err)) {
        return false;
    }
    /* One that has exited keeps its ids and credentials only. */
    if (proxy) {
        of_proxy(lx, proxy, &ns);
    }
    of_pids(lx, t, &ns);
    if (lx->f.cred.size && lx->f.cred_user_ns.size &&
        linux_member(lx, t->object, &lx->f.cred, &cred, "task", NULL) &&
        linux_member(lx, cred, &lx->f.cred_user_ns, &user, "cred", NULL)) {
        ns.user = inum(lx, user, &lx->f.user_inum);
    }
    *out = ns;
    return true;
}

/* ---- control groups ---- */

static bool kn_name(Linux *lx, uint64_t va, uint64_t kn, char *name,
                    OsiError *err)
{
    if (!osi_reader_string(&lx->kernel, va, name, NAME_BYTES, err)) {
        return false;
    }
    if (!*name || strchr(name, '/')) {
        return osi_fail(err, OSI_ERR_BAD_DATA, kn,
                        "control group without a name of its own");
    }
    return true;
}

/* Names of kernfs from @kn up to the root, whose own name does not count. */
static char *kn_path(Linux *lx, uint64_t kn, OsiError *err)
{
    const OsiField *const want[] = { &lx->f.kn_name, &lx->f.kn_parent };
    g_autoptr(GString) path = g_string_new(NULL);
    char name[NAME_BYTES + 1] = "/";
    LinuxBlock b;

    for (int i = 0; i < CGROUPS_MAX; i++) {
        uint64_t parent;

        if (!linux_block_read(lx, &b, kn, want, 2, "kernfs_node", err)) {
            return NULL;
        }
        parent = linux_block(&b, &lx->f.kn_parent);
        if (!parent) {
            return path->len ? g_strdup(path->str) : g_strdup("/");
        }
        if (!kn_name(lx, linux_block(&b, &lx->f.kn_name), kn, name + 1, err)) {
            return NULL;
        }
        g_string_prepend(path, name);
        kn = parent;
    }
    osi_fail(err, OSI_ERR_LIMIT, kn, "control groups nest deeper than %d",
             CGROUPS_MAX);
    return NULL;
}

char *linux_cgroup(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    uint64_t set, group, kn, flags = CSS_ONLINE;
    g_autofree char *path = NULL;

    if (!linux_can(lx, LINUX_CGROUP, err) ||
        !linux_member(lx, t->object, &lx->f.cgroups, &set, "task", err) ||
        !linux_member(lx, set, &lx->f.css_dfl_cgrp, &group, "css_set", err) ||
        !linux_member(lx, group, &lx->f.cgrp_kn, &kn, "cgroup", err)) {
        return NULL;
    }
    path = kn_path(lx, kn, err);
    if (path && lx->f.cgrp_flags.size &&
        !linux_field(lx, group, &lx->f.cgrp_flags, &flags, err)) {
        return NULL;
    }
    return path && !(flags & CSS_ONLINE)
        ? g_strconcat(path, " (deleted)", NULL) : g_steal_pointer(&path);
}
