/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a path to a file, as open(2) would go: by the names that the kernel has
 * in its cache of directory entries. What it has not looked up lately is not
 * there; file systems that live in memory alone (tmpfs, ramfs) have all.
 *
 * The kernel's own way is a hash of names, which a file system may make as it
 * likes; here the entries of a directory are gone through.
 */
#include "linux-block.h"
#include "linux-pagecache.h"
#include "linux-paths.h"

#define ENTRIES_MAX     262144      /* of one directory */
#define MOUNTS_MAX      65536       /* on one mount */
#define LINKS_MAX       40          /* as Linux: ELOOP */
#define NAME_MAX_BYTES  255
#define PATH_MAX_BYTES  4096

typedef struct Walk {
    Linux *lx;
    LinuxPlace root, at, before;    /* before: the directory @at was found in */
    OsiInode inode;                 /* of @at */
    int links;
    GString *rest;                  /* of the path */
} Walk;

/*
 * A damaged list may go round. @mark is a place it was at, moved on each time
 * that the number of steps doubles: a circle meets it.
 */
static bool goes_round(int steps, uint64_t at, uint64_t *mark)
{
    if (steps && at == *mark) {
        return true;
    }
    if (!(steps & (steps - 1))) {
        *mark = at;
    }
    return false;
}

/* Chain of siblings: where it begins, how to go on. */
typedef struct Siblings {
    const OsiField *head, *link;
} Siblings;

static bool siblings_of(const Linux *lx, Siblings *s, OsiError *err)
{
    const LinuxFields *f = &lx->f;

    if (f->d_children.size && f->d_sib.size) {
        *s = (Siblings) { &f->d_children, &f->d_sib };
    } else if (f->d_subdirs.size && f->d_child.size) {
        *s = (Siblings) { &f->d_subdirs, &f->d_child };
    } else {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "entries of directories are not known");
    }
    return f->d_inode.size != 0 ||
           osi_fail(err, OSI_ERR_UNSUPPORTED, 0, "dentry.d_inode is not known");
}

/* Has the entry read in @b that name, and is it in use? */
static bool is_named(Linux *lx, const LinuxBlock *b, const char *name,
                     size_t len)
{
    const LinuxFields *f = &lx->f;
    char own[NAME_MAX_BYTES];

    return linux_block(b, &f->d_len) == len &&
           (!f->d_pprev.size || linux_block(b, &f->d_pprev)) &&
           osi_reader_read(&lx->kernel, linux_block(b, &f->d_name), own, len,
                           NULL) &&
           !memcmp(own, name, len);
}

/* *child is 0 when @dir has no such entry in the cache. */
static bool find_entry(Linux *lx, uint64_t dir, const char *name, size_t len,
                       uint64_t *child, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = {
        &f->d_parent, &f->d_name, &f->d_len, &f->d_pprev,
    };
    uint64_t end, at, mark = 0;
    Siblings s = { 0 };
    LinuxBlock b;

    if (!siblings_of(lx, &s, err) ||
        !linux_ptr(lx, dir, s.head, &at, err)) {
        return false;
    }
    end = s.head->size == lx->word ? 0 : dir + s.head->offset;
    for (int i = 0; at != end; i++) {
        uint64_t entry = linux_wrap(lx, at - s.link->offset);

        if (goes_round(i, at, &mark)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, dir,
                            "names of a directory that go in a circle");
        }
        if (i == ENTRIES_MAX) {
            return osi_fail(err, OSI_ERR_LIMIT, dir,
                            "a directory of more than %d names", ENTRIES_MAX);
        }
        if (!linux_block_read(lx, &b, entry, want, G_N_ELEMENTS(want),
                              "dentry", err)) {
            return false;
        }
        if (linux_block(&b, &f->d_parent) != dir) {
            return osi_fail(err, OSI_ERR_BAD_DATA, entry,
                            "an entry that is not of its directory");
        }
        if (is_named(lx, &b, name, len)) {
            *child = entry;
            return true;
        }
        if (!linux_ptr(lx, entry, s.link, &at, err)) {
            return false;
        }
    }
    *child = 0;
    return true;
}

/* What is mounted at @p; *on is false when nothing is. */
static bool mounted_at(Linux *lx, const LinuxPlace *p, LinuxPlace *to,
                       bool *on, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    uint64_t mount = p->mnt - f->mount_mnt.offset;
    uint64_t end = mount + f->mnt_mounts.offset, at, point, mark = 0;

    *on = false;
    if (!linux_member(lx, mount, &(OsiField) { f->mnt_mounts.offset, lx->word },
                      &at, "mount", err)) {
        return false;
    }
    for (int i = 0; at != end; i++) {
        uint64_t child = linux_wrap(lx, at - f->mnt_child.offset);

        if (goes_round(i, at, &mark)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, mount,
                            "mounts that go in a circle");
        }
        if (i == MOUNTS_MAX) {
            return osi_fail(err, OSI_ERR_LIMIT, mount,
                            "more than %d mounts on one", MOUNTS_MAX);
        }
        if (!linux_member(lx, child, &f->mount_point, &point, "mount", err)) {
            return false;
        }
        if (point == p->dentry) {
            to->mnt = child + f->mount_mnt.offset;
            *on = true;
            return linux_member(lx, to->mnt, &f->mnt_root, &to->dentry,
                                "mount", err);
        }
        if (!linux_ptr(lx, child, &f->mnt_child, &at, err)) {
            return false;
        }
    }
    return true;
}

/* Onto what is mounted there, and on that, and so on. */
static bool descend(Walk *w, OsiError *err)
{
    bool on = true;

    if (!w->lx->f.mnt_mounts.size || !w->lx->f.mnt_child.size) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "lists of mounts are not known");
    }
    for (int i = 0; on; i++) {
        if (i == LINKS_MAX) {
            return osi_fail(err, OSI_ERR_LIMIT, w->at.mnt,
                            "mounts on mounts, more than %d", LINKS_MAX);
        }
        if (!mounted_at(w->lx, &w->at, &w->at, &on, err)) {
            return false;
        }
    }
    return true;
}

static bool same_place(const LinuxPlace *a, const LinuxPlace *b)
{
    return a->mnt == b->mnt && a->dentry == b->dentry;
}

/* "..": the root has none above it, neither has the top of all mounts. */
static bool ascend(Walk *w, OsiError *err)
{
    Linux *lx = w->lx;
    uint64_t root;

    for (int i = 0; !same_place(&w->at, &w->root); i++) {
        uint64_t mount = w->at.mnt - lx->f.mount_mnt.offset, parent;

        if (i == LINKS_MAX) {
            return osi_fail(err, OSI_ERR_LIMIT, w->at.mnt,
                            "mounts on mounts, more than %d", LINKS_MAX);
        }
        if (!linux_member(lx, w->at.mnt, &lx->f.mnt_root, &root, "mount",
                          err)) {
            return false;
        }
        if (w->at.dentry != root) {
            return linux_member(lx, w->at.dentry, &lx->f.d_parent,
                                &w->at.dentry, "dentry", err) &&
                   descend(w, err);
        }
        if (!linux_member(lx, mount, &lx->f.mount_parent, &parent, "mount",
                          err)) {
            return false;
        }
        if (parent == mount) {
            break;
        }
        if (!linux_member(lx, mount, &lx->f.mount_point, &w->at.dentry,
                          "mount", err)) {
            return false;
        }
        w->at.mnt = parent + lx->f.mount_mnt.offset;
    }
    return true;
}

/* The inode of @at; without one the name is known to name nothing. */
static bool look(Walk *w, OsiError *err)
{
    uint64_t inode;

    if (!linux_member(w->lx, w->at.dentry, &w->lx->f.d_inode, &inode,
                      "dentry", err)) {
        return false;
    }
    return inode ? linux_inode_info(w->lx, inode, &w->inode, err)
                 : osi_fail(err, OSI_ERR_NO_SUCH, w->at.dentry,
                            "no such file in the guest");
}

static bool enter(Walk *w, const char *name, size_t len, OsiError *err)
{
    uint64_t child;

    if (len > NAME_MAX_BYTES) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "a name of %zu bytes", len);
    }
    if (!find_entry(w->lx, w->at.dentry, name, len, &child, err)) {
        return false;
    }
    if (!child) {
        return osi_fail(err, OSI_ERR_NO_SUCH, w->at.dentry, "the guest has no"
                        " such name in memory; its disk may");
    }
    w->before = w->at;
    w->at.dentry = child;
    return true;
}

/* Its target takes the place of the link in the path. */
static bool follow_link(Walk *w, OsiError *err)
{
    g_autofree char *to = NULL;

    if (++w->links > LINKS_MAX) {
        return osi_fail(err, OSI_ERR_LIMIT, w->at.dentry,
                        "more than %d symbolic links", LINKS_MAX);
    }
    to = linux_inode_link(w->lx, &w->inode, err);
    if (!to) {
        return false;
    }
    if (strlen(to) + w->rest->len > PATH_MAX_BYTES) {
        return osi_fail(err, OSI_ERR_LIMIT, w->at.dentry,
                        "a path of more than %d bytes", PATH_MAX_BYTES);
    }
    w->at = *to == '/' ? w->root : w->before;
    g_string_prepend_c(w->rest, '/');
    g_string_prepend(w->rest, to);
    return true;
}

/* The next name of the path is @name; @last: there is none behind it. */
static bool step(Walk *w, const char *name, size_t len, bool last, bool follow,
                 OsiError *err)
{
    if ((w->inode.mode & OSI_MODE_KIND) != OSI_MODE_DIRECTORY) {
        return osi_fail(err, OSI_ERR_NO_SUCH, w->at.dentry,
                        "a part of the path is not a directory");
    }
    if (len == 1 && *name == '.') {
        return true;
    }
    if (len == 2 && !memcmp(name, "..", 2)) {
        return ascend(w, err) && look(w, err);
    }
    if (!enter(w, name, len, err) || !descend(w, err) || !look(w, err)) {
        return false;
    }
    if ((w->inode.mode & OSI_MODE_KIND) != OSI_MODE_LINK ||
        (last && !follow)) {
        return true;
    }
    return follow_link(w, err) && look(w, err);
}

/* Takes the first name from the path; false: there is none. */
static bool next_name(Walk *w, char name[PATH_MAX_BYTES + 1], size_t *len,
                      bool *last)
{
    const char *s = w->rest->str;
    size_t skip = strspn(s, "/");

    *len = strcspn(s + skip, "/");
    if (!*len || *len > PATH_MAX_BYTES) {
        return false;
    }
    memcpy(name, s + skip, *len);
    skip += *len;
    *last = !s[skip + strspn(s + skip, "/")];
    g_string_erase(w->rest, 0, skip);
    return true;
}

bool linux_file_lookup(void *os, const OsiTask *t, const char *path,
                       bool follow, OsiInode *inode, OsiError *err)
{
    Linux *lx = os;
    g_autoptr(GString) rest = g_string_new(path);
    Walk w = { .lx = lx, .rest = rest };
    char name[PATH_MAX_BYTES + 1];
    size_t len;
    bool last;

    if (!linux_can(lx, LINUX_EXE, err)) {
        return false;
    }
    if (*path != '/' || rest->len > PATH_MAX_BYTES) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "not an absolute path of at"
                        " most %d bytes", PATH_MAX_BYTES);
    }
    if (!linux_fs_place(lx, t, &lx->f.fs_root_mnt, &lx->f.fs_root_dentry,
                        &w.root, err)) {
        return false;
    }
    w.at = w.root;
    if (!look(&w, err)) {
        return false;
    }
    while (next_name(&w, name, &len, &last)) {
        if (!step(&w, name, len, last, follow, err)) {
            return false;
        }
    }
    *inode = w.inode;
    return true;
}
