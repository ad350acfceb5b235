/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of the host that has what the guest has not in memory: files
 * with the names that they have in the guest, and holes of those that are
 * there.
 *
 * The paths are gdb's and the links in the directory may be a guest's own
 * (a copy of its root), so a path is walked here, name by name, each opened
 * below the one before and never through a link. The directory is the root of
 * all it leads to, as in a chroot.
 */
#include "qemu/osdep.h"
#include <sys/stat.h>
#include "qapi/error.h"
#include "qemu/units.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/files.h"
#include "gdbstub/gdbx/monitor.h"

#define DEPTH_MAX   64
#define LINKS_MAX   40
#define PATH_BYTES  4096
#define PAGE        4096
#define CHUNK       (64 * KiB)
#define TWIN_MAX    (256 * MiB)     /* a larger file is not compared */

static int root_fd = -1;
static char *root_name;
static char *refused;               /* what was not taken last, and why */

bool gdbx_sysroot_set(const char *dir, Error **errp)
{
    int fd = -1;

    if (dir) {
        fd = qemu_open_old(dir, O_RDONLY | O_DIRECTORY);
        if (fd < 0) {
            error_setg_errno(errp, errno, "gdbstub: sysroot '%s'", dir);
            return false;
        }
    }
    if (root_fd >= 0) {
        close(root_fd);
    }
    g_free(root_name);
    g_clear_pointer(&refused, g_free);
    root_fd = fd;
    root_name = g_strdup(dir);
    return true;
}

/* ---- the walk ---- */

typedef struct Walk {
    int dirs[DEPTH_MAX];        /* open; the first is the root */
    int depth;                  /* of the one where the walk is */
    int links;
    GString *rest;              /* of the path */
} Walk;

static void leave(Walk *w, int depth)
{
    while (w->depth > depth) {
        close(w->dirs[w->depth--]);
    }
}

static int errno_of(int e)
{
    switch (e) {
    case ENOENT:
        return GDBX_ENOENT;
    case ENOTDIR:
        return GDBX_ENOTDIR;
    case EACCES: case EPERM: case ELOOP:
        return GDBX_EACCES;
    case EMFILE: case ENFILE:
        return GDBX_EMFILE;
    case ENAMETOOLONG:
        return GDBX_ENAMETOOLONG;
    default:
        return GDBX_EIO;
    }
}

static int down(Walk *w, const char *name)
{
    int fd;

    if (w->depth + 1 == DEPTH_MAX) {
        return -GDBX_ENAMETOOLONG;
    }
    fd = openat(w->dirs[w->depth], name,
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -errno_of(errno);
    }
    w->dirs[++w->depth] = fd;
    return 0;
}

static int read_link(Walk *w, const char *name, char text[PATH_BYTES])
{
    ssize_t n = readlinkat(w->dirs[w->depth], name, text, PATH_BYTES - 1);

    if (n <= 0) {
        return -GDBX_EIO;
    }
    text[n] = 0;
    return 0;
}

static int through_link(Walk *w, const char *name)
{
    char text[PATH_BYTES];
    int err = read_link(w, name, text);

    if (err) {
        return err;
    }
    if (++w->links > LINKS_MAX || strlen(text) + w->rest->len >= PATH_BYTES) {
        return -GDBX_ENAMETOOLONG;
    }
    if (*text == '/') {
        leave(w, 0);
    }
    g_string_prepend_c(w->rest, '/');
    g_string_prepend(w->rest, text);
    return 0;
}

/* Opened without waiting: a FIFO may lie there; only its kind is wanted. */
static int open_regular(Walk *w, const char *name, void *opaque)
{
    int fd = openat(w->dirs[w->depth], name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0) {
        return -errno_of(errno);
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        return -GDBX_EACCES;
    }
    return fd;
}

/* Takes the first name from the path; *last: there is none behind it. */
static char *next_name(Walk *w, bool *last)
{
    const char *s = w->rest->str;
    size_t skip = strspn(s, "/"), len = strcspn(s + skip, "/");
    char *name = g_strndup(s + skip, len);

    skip += len;
    *last = !s[skip + strspn(s + skip, "/")];
    g_string_erase(w->rest, 0, skip);
    return name;
}

/* The next name: 0 the walk goes on, 1 the file is @name here, or an error. */
static int step(Walk *w, const char *name, bool last, bool follow)
{
    struct stat st;

    if (!strcmp(name, ".")) {
        return 0;
    }
    if (!strcmp(name, "..")) {
        leave(w, MAX(w->depth - 1, 0));
        return 0;
    }
    if (fstatat(w->dirs[w->depth], name, &st, AT_SYMLINK_NOFOLLOW)) {
        return -errno_of(errno);
    }
    if (S_ISLNK(st.st_mode)) {
        return last && !follow ? 1 : through_link(w, name);
    }
    if (S_ISDIR(st.st_mode)) {
        return down(w, name);
    }
    return last ? 1 : -GDBX_ENOTDIR;
}

/*
 * Calls @fn for the file that @path names, which is @name below the last
 * directory; a negative error otherwise. A directory is -GDBX_EISDIR.
 */
static int walk(const char *path, bool follow,
                int (*fn)(Walk *w, const char *name, void *opaque),
                void *opaque)
{
    g_autoptr(GString) rest = g_string_new(path);
    Walk w = { .dirs = { root_fd }, .rest = rest };
    int err = -GDBX_EISDIR;
    bool last = false;

    if (root_fd < 0) {
        return -GDBX_ENOENT;
    }
    for (int i = 0; rest->str[strspn(rest->str, "/")]; i++) {
        g_autofree char *name = next_name(&w, &last);

        err = i < PATH_BYTES ? step(&w, name, last, follow)
                             : -GDBX_ENAMETOOLONG;
        if (err) {
            err = err > 0 ? fn(&w, name, opaque) : err;
            break;
        }
        err = -GDBX_EISDIR;
    }
    leave(&w, 0);
    return err;
}

/* @opaque: PATH_BYTES for the target. */
static int take_link(Walk *w, const char *name, void *opaque)
{
    return read_link(w, name, opaque) ? -GDBX_EINVAL : 0;
}

/* ---- a source of files ---- */

typedef struct HostFile {
    GdbxFile head;
    int fd;
} HostFile;

static int64_t host_read(GdbxFile *f, uint64_t offset, void *buf, size_t len)
{
    ssize_t n = pread(container_of(f, HostFile, head)->fd, buf, len, offset);

    return n < 0 ? -GDBX_EIO : n;
}

static void host_free(GdbxFile *f)
{
    HostFile *h = container_of(f, HostFile, head);

    close(h->fd);
    g_free(h);
}

static GdbxFile *host_open(int32_t pid, const char *path, int *err)
{
    static const GdbxFileOps ops = { host_read, host_free };
    int fd = walk(path, true, open_regular, NULL);
    struct stat st;
    HostFile *h;

    if (fd < 0 || fstat(fd, &st)) {
        *err = fd < 0 ? -fd : GDBX_EIO;
        return NULL;
    }
    h = g_new0(HostFile, 1);
    h->fd = fd;
    h->head = (GdbxFile) {
        .ops = &ops, .size = st.st_size, .inode = st.st_ino,
        .mode = st.st_mode, .mtime = st.st_mtime,
    };
    return &h->head;
}

static char *host_readlink(int32_t pid, const char *path, int *err)
{
    char target[PATH_BYTES];
    int why = walk(path, false, take_link, target);

    if (why) {
        *err = -why;
        return NULL;
    }
    return g_strdup(target);
}

const GdbxFileSource gdbx_files_host = {
    "", false, host_open, host_readlink
};

/* ---- holes of the guest's files ---- */

struct GdbxHostTwin {
    int fd;                     /* -1: there is none, or it is another */
    uint64_t age;               /* of the guest, when that was found out */
};

static void refuse(GdbxHostTwin *t, const char *path, const char *why)
{
    if (t->fd >= 0) {
        close(t->fd);
        t->fd = -1;
    }
    g_free(refused);
    refused = g_strdup_printf("%s: %s", path, why);
}

/* Is every page that the guest has in memory so in the host's file? */
static const char *compare(int fd, const OsiInode *inode)
{
    g_autofree uint8_t *ours = g_malloc(CHUNK), *theirs = g_malloc(CHUNK);
    OsiGuest *g = gdbx_guest();
    bool head = false;
    uint64_t at = 0;

    while (at < inode->size) {
        size_t got = 0;

        if (!osi_inode_read(g, inode, at, theirs, CHUNK, &got, NULL) || !got) {
            at = QEMU_ALIGN_DOWN(at, PAGE) + PAGE;
            continue;
        }
        if (pread(fd, ours, got, at) != got || memcmp(ours, theirs, got)) {
            return "differs from what the guest has in memory";
        }
        head |= at == 0;
        at += got;
    }
    /* A program's identity (its build id) is at its beginning. */
    return head ? NULL : "the guest has not the beginning of it in memory";
}

static void prove(GdbxHostTwin *t, const OsiInode *inode, const char *path)
{
    struct stat st;
    const char *why;

    t->fd = walk(path, true, open_regular, NULL);
    if (t->fd < 0) {
        return;
    }
    if (fstat(t->fd, &st) || (uint64_t)st.st_size != inode->size) {
        refuse(t, path, "has another size than the guest's");
    } else if (inode->size > TWIN_MAX) {
        refuse(t, path, "is too large to be compared");
    } else {
        why = compare(t->fd, inode);
        if (why) {
            refuse(t, path, why);
        }
    }
}

size_t gdbx_host_fill(GdbxHostTwin **twin, const OsiInode *inode,
                      const char *path, uint64_t offset, void *buf, size_t len)
{
    GdbxHostTwin *t = *twin;
    ssize_t n;

    if (root_fd < 0) {
        return 0;
    }
    if (!t) {
        t = *twin = g_new0(GdbxHostTwin, 1);
        t->fd = -1;
    }
    /* The guest may have written to its file since. */
    if (t->age != gdbx_guest_age()) {
        if (t->fd >= 0) {
            close(t->fd);
        }
        t->age = gdbx_guest_age();
        prove(t, inode, path);
    }
    if (t->fd < 0) {
        return 0;
    }
    n = pread(t->fd, buf, len, offset);
    return n > 0 ? n : 0;
}

void gdbx_host_twin_free(GdbxHostTwin *t)
{
    if (t && t->fd >= 0) {
        close(t->fd);
    }
    g_free(t);
}

/* ---- monitor gdbx sysroot ---- */

void gdbx_mon_sysroot(Monitor *mon, const char *args)
{
    char dir[PATH_BYTES];
    Error *err = NULL;

    if (!*args) {
        monitor_printf(mon, "sysroot: %s\n", root_name ? root_name : "none");
        if (refused) {
            monitor_printf(mon, "not used for the holes of %s\n", refused);
        }
        return;
    }
    if (!gdbx_next_path(&args, dir, sizeof(dir)) || *args) {
        gdbx_usage(mon, "sysroot");
        return;
    }
    if (!gdbx_sysroot_set(strcmp(dir, "none") ? dir : NULL, &err)) {
        monitor_printf(mon, "%s\n", error_get_pretty(err));
        error_free(err);
    }
}
