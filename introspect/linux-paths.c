/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a Linux process was started from: executable, arguments, auxv. */
#include "linux.h"

#define PATH_MAX_BYTES  4096
#define CLIMB_MAX       512         /* dentries and mounts on one path */
#define NAME_MAX_BYTES  255
#define ARGS_MAX        32768
#define AUXV_MAX        4096

typedef struct Place {
    uint64_t mnt, dentry;           /* vfsmount, dentry */
} Place;

static bool field(Linux *lx, uint64_t object, const OsiField *f,
                  uint64_t *value, const char *what, OsiError *err)
{
    if (!linux_is_object(object)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, object,
                        "0x%" PRIx64 " cannot be a %s", object, what);
    }
    return linux_field(lx, object, f, value, err);
}

/* Paths grow from their end: @at is the first byte used in @buf. */
static bool prepend(char *buf, size_t *at, const char *name, size_t len,
                    OsiError *err)
{
    if (len + 1 > *at) {
        return osi_fail(err, OSI_ERR_LIMIT, 0, "path longer than %d bytes",
                        PATH_MAX_BYTES);
    }
    *at -= len;
    memcpy(buf + *at, name, len);
    buf[--*at] = '/';
    return true;
}

static bool prepend_name(Linux *lx, uint64_t dentry, char *buf, size_t *at,
                         OsiError *err)
{
    char name[NAME_MAX_BYTES];
    uint64_t va, len;

    if (!field(lx, dentry, &lx->f.d_name, &va, "dentry", err) ||
        !field(lx, dentry, &lx->f.d_len, &len, "dentry", err)) {
        return false;
    }
    if (!len || len > sizeof(name)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, dentry,
                        "dentry with a name of %" PRIu64 " bytes", len);
    }
    if (!osi_reader_read(&lx->kernel, va, name, len, err)) {
        return false;
    }
    if (memchr(name, 0, len) || memchr(name, '/', len)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, dentry,
                        "dentry with a separator in its name");
    }
    return prepend(buf, at, name, len, err);
}

/*
 * From the root of a mount to where it is mounted. *top = there is nothing
 * above; struct vfsmount is embedded in struct mount.
 */
static bool cross_mount(Linux *lx, Place *p, bool *top, OsiError *err)
{
    uint64_t mount = p->mnt - lx->f.mount_mnt.offset, parent, point;

    if (!field(lx, mount, &lx->f.mount_parent, &parent, "mount", err) ||
        !field(lx, mount, &lx->f.mount_point, &point, "mount", err)) {
        return false;
    }
    *top = parent == mount;
    p->mnt = parent + lx->f.mount_mnt.offset;
    p->dentry = point;
    return true;
}

static bool climb(Linux *lx, Place p, Place root, char *buf, size_t *at,
                  OsiError *err)
{
    for (int i = 0; i < CLIMB_MAX; i++) {
        uint64_t parent, mnt_root;
        bool top = false;

        if (p.mnt == root.mnt && p.dentry == root.dentry) {
            return true;
        }
        if (!field(lx, p.dentry, &lx->f.d_parent, &parent, "dentry", err) ||
            !field(lx, p.mnt, &lx->f.mnt_root, &mnt_root, "mount", err)) {
            return false;
        }
        if (p.dentry == mnt_root || p.dentry == parent) {
            if (!cross_mount(lx, &p, &top, err)) {
                return false;
            }
            if (top) {
                return true;
            }
            continue;
        }
        if (!prepend_name(lx, p.dentry, buf, at, err)) {
            return false;
        }
        p.dentry = parent;
    }
    return osi_fail(err, OSI_ERR_LIMIT, p.dentry,
                    "path of more than %d steps", CLIMB_MAX);
}

/* Root directory of the task; all zero when it cannot be told. */
static Place root_of(Linux *lx, const OsiTask *t)
{
    Place root = { 0 };
    uint64_t fs;

    if (!lx->f.fs.size ||
        !field(lx, t->object, &lx->f.fs, &fs, "task", NULL) ||
        !field(lx, fs, &lx->f.fs_root_mnt, &root.mnt, "fs_struct", NULL) ||
        !field(lx, fs, &lx->f.fs_root_dentry, &root.dentry, "fs_struct",
               NULL)) {
        return (Place) { 0 };
    }
    return root;
}

/* An unlinked name has left the hash of names; a root never was in it. */
static bool is_deleted(Linux *lx, uint64_t dentry)
{
    uint64_t pprev, parent;

    return lx->f.d_pprev.size &&
           linux_field(lx, dentry, &lx->f.d_pprev, &pprev, NULL) && !pprev &&
           linux_field(lx, dentry, &lx->f.d_parent, &parent, NULL) &&
           parent != dentry;
}

static bool exe_place(Linux *lx, const OsiTask *t, Place *p, OsiError *err)
{
    uint64_t file;

    if (t->kernel_thread || !t->mm) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no executable: %s", t->pid, t->comm,
                        t->kernel_thread ? "a kernel thread" : "it has exited");
    }
    if (!field(lx, t->mm, &lx->f.exe_file, &file, "mm", err)) {
        return false;
    }
    if (!file) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->mm,
                        "%d (%s) has no executable file", t->pid, t->comm);
    }
    return field(lx, file, &lx->f.file_mnt, &p->mnt, "file", err) &&
           field(lx, file, &lx->f.file_dentry, &p->dentry, "file", err);
}

char *linux_exe_path(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    char buf[PATH_MAX_BYTES];
    size_t at = sizeof(buf);
    Place p;

    if (!linux_can(lx, LINUX_EXE, err) || !exe_place(lx, t, &p, err) ||
        !climb(lx, p, root_of(lx, t), buf, &at, err)) {
        return NULL;
    }
    return g_strdup_printf("%.*s%s", (int)(sizeof(buf) - at), buf + at,
                           is_deleted(lx, p.dentry) ? " (deleted)" : "");
}

/* Arguments are separated by NUL; a process may have overwritten them. */
static char *join_arguments(char *args, size_t len)
{
    while (len && !args[len - 1]) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (!args[i]) {
            args[i] = ' ';
        }
    }
    args[len] = 0;
    return args;
}

char *linux_command_line(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    uint64_t start, end, len;
    char *args;

    if (!linux_can(lx, LINUX_CMDLINE, err)) {
        return NULL;
    }
    if (t->kernel_thread || !t->mm) {
        return g_strdup_printf("[%s]", t->comm);
    }
    if (!field(lx, t->mm, &lx->f.arg_start, &start, "mm", err) ||
        !field(lx, t->mm, &lx->f.arg_end, &end, "mm", err)) {
        return NULL;
    }
    if (start >= end) {
        return g_strdup_printf("[%s]", t->comm);
    }
    len = MIN(end - start, ARGS_MAX);
    args = g_malloc(len + 1);
    if (!osi_read(lx->kernel.mem, t->root, start, args, len, err)) {
        g_free(args);
        return NULL;
    }
    return join_arguments(args, len);
}

/*
 * Bytes up to and with the first pair whose key is zero, 0 = none. A compat
 * process keeps pairs of 32 bits in the same array; /proc reads them by 64 as
 * well, and so ends a few zeros behind their AT_NULL.
 */
static size_t auxv_bytes(const uint8_t *v, size_t len)
{
    for (size_t at = 0; at + 16 <= len; at += 16) {
        if (!osi_le64(v + at)) {
            return at + 16;
        }
    }
    return 0;
}

GByteArray *linux_auxv(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    uint8_t v[AUXV_MAX];
    size_t len = MIN(lx->f.saved_auxv.size, sizeof(v)), used;

    if (!linux_can(lx, LINUX_AUXV, err)) {
        return NULL;
    }
    if (t->kernel_thread || !linux_is_object(t->mm) || len < 16) {
        osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                 "%d (%s) has no auxiliary vector", t->pid, t->comm);
        return NULL;
    }
    if (!osi_reader_read(&lx->kernel, t->mm + lx->f.saved_auxv.offset, v, len,
                         err)) {
        return NULL;
    }
    used = auxv_bytes(v, len);
    if (!used) {
        osi_fail(err, OSI_ERR_BAD_DATA, t->mm,
                 "auxiliary vector without an end");
        return NULL;
    }
    return g_byte_array_append(g_byte_array_new(), v, used);
}
