/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files out of the guest's page cache.
 *
 * What a process has mapped is asked first: its executable and libraries are
 * the ones it runs, even if other files have their names by now, and that
 * needs no directory of the guest to be in memory.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "introspect/inode.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/files.h"

#define DELETED " (deleted)"

typedef struct GuestFile {
    GdbxFile head;
    OsiInode inode;
    int32_t pid;            /* by whose names it was found */
    char *path;
    GdbxHostTwin *twin;     /* of the same name on the host; NULL: not asked */
} GuestFile;

static int errno_of(const OsiError *err)
{
    switch (err->kind) {
    case OSI_ERR_NO_SUCH:
    case OSI_ERR_NO_OS:
        return GDBX_ENOENT;
    case OSI_ERR_UNSUPPORTED:
        return GDBX_ENOSYS;
    default:
        return GDBX_EIO;
    }
}

/* ---- files that a process has mapped ---- */

static bool same_name(const char *mapped, const char *path, bool deleted)
{
    size_t len = strlen(path);

    return mapped && !strncmp(mapped, path, len) &&
           !strcmp(mapped + len, deleted ? DELETED : "");
}

static uint64_t mapped_file(OsiGuest *g, const OsiTask *t, const char *path,
                            bool deleted)
{
    size_t n = 0;
    const OsiVma *v = osi_vmas(g, t, &n, NULL);

    for (size_t i = 0; v && i < n; i++) {
        if (v[i].file && same_name(v[i].path, path, deleted)) {
            return v[i].file;
        }
    }
    return 0;
}

/* The dynamic linker's names may be links to what is mapped. */
static uint64_t library_file(OsiGuest *g, const OsiTask *t, const char *path)
{
    size_t n = 0;
    const OsiLibrary *l = osi_libraries(g, t, &n, NULL);

    for (size_t i = 0; l && i < n; i++) {
        if (!strcmp(l[i].name, path)) {
            const OsiVma *v = osi_vma_at(g, t, l[i].dynamic, NULL);

            return v ? v->file : 0;
        }
    }
    return 0;
}

static uint64_t file_of(OsiGuest *g, const OsiTask *t, const char *path)
{
    g_autofree char *exe = osi_exe_path(g, t, NULL);
    uint64_t file;

    if (same_name(exe, path, false) || same_name(exe, path, true)) {
        return osi_exe_file(g, t, NULL);
    }
    file = mapped_file(g, t, path, false);
    file = file ?: library_file(g, t, path);
    return file ?: mapped_file(g, t, path, true);
}

/* ---- by name ---- */

/* Whose root is meant; that of the machine is its first process's. */
static const OsiTask *task_of(int32_t pid, OsiError *err)
{
    return osi_task_by_pid(gdbx_guest(), pid ?: 1, err);
}

static bool find(int32_t pid, const char *path, OsiInode *inode, OsiError *err)
{
    OsiGuest *g = gdbx_guest();
    const OsiTask *t = task_of(pid, err);
    uint64_t file;

    if (!t) {
        return false;
    }
    file = pid ? file_of(g, t, path) : 0;
    return (file && osi_file_inode(g, file, inode, err)) ||
           osi_file_lookup(g, t, path, true, inode, err);
}

/* ---- an open one ---- */

/*
 * The kernel drops files that nobody uses and reads them anew into another
 * place: by its name it may be found there.
 */
static bool find_again(GuestFile *f)
{
    const int32_t whose[] = { f->pid, 0 };
    OsiInode i;

    for (size_t k = 0; k < ARRAY_SIZE(whose); k++) {
        if (find(whose[k], f->path, &i, NULL) && i.super == f->inode.super &&
            i.number == f->inode.number &&
            i.generation == f->inode.generation) {
            f->inode = i;
            return true;
        }
    }
    return false;
}

static int64_t guest_read(GdbxFile *file, uint64_t offset, void *buf,
                          size_t len)
{
    GuestFile *f = container_of(file, GuestFile, head);
    OsiGuest *g = gdbx_guest();
    OsiError err = { 0 };
    size_t got = 0, more = 0;

    if (!osi_inode_check(g, &f->inode, &f->inode, &err) && !find_again(f)) {
        return -GDBX_EIO;
    }
    f->head.size = f->inode.size;
    if (!len || offset >= f->inode.size) {
        return 0;
    }
    len = MIN(len, f->inode.size - offset);
    if (!osi_inode_read(g, &f->inode, offset, buf, len, &got, &err)) {
        got = 0;
    }
    if (got < len) {
        more = gdbx_host_fill(&f->twin, &f->inode, f->path, offset + got,
                              (uint8_t *)buf + got, len - got);
    }
    return got + more ? (int64_t)(got + more) : -GDBX_EIO;
}

static void guest_free(GdbxFile *file)
{
    GuestFile *f = container_of(file, GuestFile, head);

    gdbx_host_twin_free(f->twin);
    g_free(f->path);
    g_free(f);
}

static GdbxFile *guest_open(int32_t pid, const char *path, int *err)
{
    static const GdbxFileOps ops = { guest_read, guest_free };
    OsiError why = { 0 };
    GuestFile *f;
    OsiInode i;
    uint32_t kind;

    if (!find(pid, path, &i, &why)) {
        *err = errno_of(&why);
        return NULL;
    }
    kind = i.mode & OSI_MODE_KIND;
    if (kind != OSI_MODE_REGULAR && kind != OSI_MODE_DIRECTORY) {
        *err = GDBX_EACCES;     /* to open a device is no reading */
        return NULL;
    }
    f = g_new0(GuestFile, 1);
    f->head = (GdbxFile) {
        .ops = &ops, .size = i.size, .inode = i.number, .mode = i.mode,
        .mtime = i.mtime,
    };
    f->inode = i;
    f->pid = pid;
    f->path = g_strdup(path);
    return &f->head;
}

static char *guest_readlink(int32_t pid, const char *path, int *err)
{
    OsiGuest *g = gdbx_guest();
    OsiError why = { 0 };
    const OsiTask *t = task_of(pid, &why);
    OsiInode i;
    char *to;

    if (!t || !osi_file_lookup(g, t, path, false, &i, &why)) {
        *err = errno_of(&why);
        return NULL;
    }
    if ((i.mode & OSI_MODE_KIND) != OSI_MODE_LINK) {
        *err = GDBX_EINVAL;
        return NULL;
    }
    to = osi_inode_link(g, &i, &why);
    *err = to ? 0 : GDBX_EIO;
    return to;
}

const GdbxFileSource gdbx_files_guest = {
    "", false, guest_open, guest_readlink
};
