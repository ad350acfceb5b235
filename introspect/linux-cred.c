/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a task is allowed: struct cred. */
#include "linux-block.h"

#define GROUPS_MAX 65536        /* NGROUPS_MAX of Linux */

static bool read_groups(Linux *lx, uint64_t info, OsiCreds *c, OsiError *err)
{
    g_autofree uint8_t *raw = NULL;
    uint64_t n;

    if (!linux_member(lx, info, &lx->f.gi_count, &n, "group_info", err)) {
        return false;
    }
    if (n > GROUPS_MAX) {
        return osi_fail(err, OSI_ERR_BAD_DATA, info,
                        "%" PRIu64 " supplementary groups", n);
    }
    raw = g_malloc(4 * n + 1);
    if (!osi_reader_read(&lx->kernel, info + lx->f.gi_gid.offset, raw, 4 * n,
                         err)) {
        return false;
    }
    c->groups = g_new(uint32_t, n + 1);
    for (uint64_t i = 0; i < n; i++) {
        c->groups[i] = osi_le32(raw + 4 * i);
    }
    c->n_groups = n;
    c->has_groups = true;
    return true;
}

static bool read_ids(Linux *lx, uint64_t cred, OsiCreds *c, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = {
        &f->cred_uid, &f->cred_euid, &f->cred_suid, &f->cred_fsuid,
        &f->cred_gid, &f->cred_egid, &f->cred_sgid, &f->cred_fsgid,
        &f->cap_inheritable, &f->cap_permitted, &f->cap_effective,
        &f->cap_bset, &f->cap_ambient,
    };
    uint32_t *const ids[] = {
        &c->uid, &c->euid, &c->suid, &c->fsuid,
        &c->gid, &c->egid, &c->sgid, &c->fsgid,
    };
    uint64_t *const caps[] = {
        &c->cap_inheritable, &c->cap_permitted, &c->cap_effective,
        &c->cap_bounding, &c->cap_ambient,
    };
    LinuxBlock b;

    if (!linux_block_read(lx, &b, cred, want, G_N_ELEMENTS(want), "cred",
                          err)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        *ids[i] = linux_block(&b, want[i]);
    }
    c->has_caps = true;
    for (size_t i = 0; i < G_N_ELEMENTS(caps); i++) {
        const OsiField *cap = want[G_N_ELEMENTS(ids) + i];

        *caps[i] = linux_block(&b, cap);
        c->has_caps &= cap->size != 0;
    }
    return true;
}

bool linux_creds(void *os, const OsiTask *t, OsiCreds *creds, OsiError *err)
{
    Linux *lx = os;
    OsiCreds c = { 0 };
    uint64_t cred, info;

    if (!linux_can(lx, LINUX_CREDS, err) ||
        !linux_member(lx, t->object, &lx->f.cred, &cred, "task", err) ||
        !read_ids(lx, cred, &c, err)) {
        return false;
    }
    if (lx->f.group_info.size && lx->f.gi_count.size && lx->f.gi_gid.offset) {
        if (!linux_member(lx, cred, &lx->f.group_info, &info, "cred", err) ||
            !read_groups(lx, info, &c, err)) {
            return false;
        }
    }
    *creds = c;
    return true;
}
