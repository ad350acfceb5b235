/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paths: from a dentry up to the root, over mounts. The end of a climb is
 * what d_path() of Linux does: a place that the task's root does not contain
 * gets its path up to the top of its mounts.
 */
#include "linux-block.h"
#include "linux-paths.h"

#define PATH_MAX_BYTES  4096
#define CLIMB_MAX       512         /* dentries and mounts on one path */
#define NAME_MAX_BYTES  255
#define DIRS_MAX        4096        /* directories remembered */

struct LinuxNames {
    Linux *lx;
    LinuxPlace root;                /* all zero: none */
    GHashTable *dirs;               /* LinuxPlace -> Dir */
    LinuxPlace mount;               /* last mount seen and its root dentry */
    size_t listed;                  /* bytes of paths in the list */
};

/* A directory whose path is known; "" is the root itself. */
typedef struct Dir {
    LinuxPlace place;
    LinuxReach reach;
    char *path;
} Dir;

static guint place_hash(gconstpointer p)
{
    const LinuxPlace *a = p;
    uint64_t x = a->mnt * 31 + a->dentry;

    return x >> 4 ^ x >> 36;
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
    return !memcmp(a, b, sizeof(LinuxPlace));
}

static void free_dir(gpointer p)
{
    Dir *d = p;

    g_free(d->path);
    g_free(d);
}

LinuxNames *linux_names_new_top(Linux *lx)
{
    LinuxNames *n = g_new0(LinuxNames, 1);

    n->lx = lx;
    n->dirs = g_hash_table_new_full(place_hash, place_equal, NULL, free_dir);
    return n;
}

LinuxNames *linux_names_new(Linux *lx, const OsiTask *t)
{
    LinuxNames *n = linux_names_new_top(lx);

    if (!linux_fs_place(lx, t, &lx->f.fs_root_mnt, &lx->f.fs_root_dentry,
                        &n->root, NULL)) {
        n->root = (LinuxPlace) { 0 };
    }
    return n;
}

void linux_names_free(LinuxNames *n)
{
    g_hash_table_unref(n->dirs);
    g_free(n);
}

bool linux_names_room(LinuxNames *n, const char *path, uint64_t about,
                      OsiError *err)
{
    n->listed += path ? strlen(path) + 1 : 0;
    return n->listed <= LINUX_PATHS_MAX ||
           osi_fail(err, OSI_ERR_LIMIT, about, "names in this list of more"
                    " than %u MiB", LINUX_PATHS_MAX >> 20);
}

bool linux_fs_place(Linux *lx, const OsiTask *t, const OsiField *mnt,
                    const OsiField *dentry, LinuxPlace *p, OsiError *err)
{
    LinuxPlace q;
    uint64_t fs;

    if (!lx->f.fs.size || !mnt->size || !dentry->size) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "members of fs_struct are not known");
    }
    if (!linux_member(lx, t->object, &lx->f.fs, &fs, "task", err)) {
        return false;
    }
    if (!fs) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no directories: it has exited", t->pid,
                        t->comm);
    }
    if (!linux_member(lx, fs, mnt, &q.mnt, "fs_struct", err) ||
        !linux_member(lx, fs, dentry, &q.dentry, "fs_struct", err)) {
        return false;
    }
    *p = q;
    return true;
}

/* ---- one climb ---- */

/* Paths grow from their end: @at is the first byte used. */
typedef struct Climb {
    LinuxNames *n;
    LinuxPlace p;
    LinuxReach reach;
    LinuxPlace dir;                 /* that of the last name */
    size_t at, dir_end;             /* dir_end: where that name begins */
    char buf[PATH_MAX_BYTES];
} Climb;

static bool prepend(Climb *c, const char *text, size_t len, OsiError *err)
{
    if (len > c->at) {
        return osi_fail(err, OSI_ERR_LIMIT, c->p.dentry,
                        "path longer than %d bytes", PATH_MAX_BYTES);
    }
    c->at -= len;
    memcpy(c->buf + c->at, text, len);
    return true;
}

/* Short names lie in the dentry, in the stretch that was read or near it. */
static bool prepend_name(Climb *c, const LinuxBlock *b, OsiError *err)
{
    Linux *lx = c->n->lx;
    uint64_t va = linux_block(b, &lx->f.d_name);
    uint64_t len = linux_block(b, &lx->f.d_len);
    char name[NAME_MAX_BYTES + 1] = "/";

    if (!len || len > NAME_MAX_BYTES) {
        return osi_fail(err, OSI_ERR_BAD_DATA, b->object,
                        "dentry with a name of %" PRIu64 " bytes", len);
    }
    if (!osi_reader_read(&lx->kernel, va, name + 1, len, err)) {
        return false;
    }
    if (memchr(name + 1, 0, len) || memchr(name + 1, '/', len)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, b->object,
                        "dentry with a separator in its name");
    }
    return prepend(c, name, len + 1, err);
}

static bool mount_root(LinuxNames *n, uint64_t mnt, uint64_t *dentry,
                       OsiError *err)
{
    if (n->mount.mnt != mnt || !mnt) {
        if (!linux_member(n->lx, mnt, &n->lx->f.mnt_root, &n->mount.dentry,
                          "mount", err)) {
            n->mount.mnt = 0;
            return false;
        }
        n->mount.mnt = mnt;
    }
    *dentry = n->mount.dentry;
    return true;
}

/*
 * From the root of a mount to where it is mounted. *top: there is nothing
 * above; struct vfsmount is embedded in struct mount.
 */
static bool cross_mount(Linux *lx, LinuxPlace *p, bool *top, OsiError *err)
{
    uint64_t mount = p->mnt - lx->f.mount_mnt.offset, parent, point;

    if (!linux_member(lx, mount, &lx->f.mount_parent, &parent, "mount", err) ||
        !linux_member(lx, mount, &lx->f.mount_point, &point, "mount", err)) {
        return false;
    }
    *top = parent == mount;
    p->mnt = parent + lx->f.mount_mnt.offset;
    p->dentry = point;
    return true;
}

/* A directory met before ends the climb. */
static bool known_dir(Climb *c, bool *done, OsiError *err)
{
    Dir *d = g_hash_table_lookup(c->n->dirs, &c->p);

    *done = d != NULL;
    if (!d) {
        return true;
    }
    c->reach = d->reach;
    return prepend(c, d->path, strlen(d->path), err);
}

static bool step(Climb *c, bool *done, OsiError *err)
{
    Linux *lx = c->n->lx;
    const OsiField *const want[] = {
        &lx->f.d_parent, &lx->f.d_name, &lx->f.d_len,
    };
    uint64_t root, parent;
    LinuxBlock b;

    if (!mount_root(c->n, c->p.mnt, &root, err)) {
        return false;
    }
    if (c->p.dentry == root) {
        c->reach = LINUX_REACH_TOP;
        return cross_mount(lx, &c->p, done, err);
    }
    if (!linux_block_read(lx, &b, c->p.dentry, want, G_N_ELEMENTS(want),
                          "dentry", err)) {
        return false;
    }
    parent = linux_block(&b, &lx->f.d_parent);
    if (parent == c->p.dentry) {
        /* The directory was moved out of what is mounted here. */
        c->reach = LINUX_REACH_ESCAPED;
        c->at = c->dir_end = sizeof(c->buf);
        *done = true;
        return true;
    }
    if (!prepend_name(c, &b, err)) {
        return false;
    }
    c->p.dentry = parent;
    if (!c->dir.dentry) {
        c->dir = c->p;
        c->dir_end = c->at;
        return known_dir(c, done, err);
    }
    return true;
}

static void remember(Climb *c)
{
    Dir *d;

    if (!c->dir.dentry || c->reach == LINUX_REACH_ESCAPED ||
        g_hash_table_size(c->n->dirs) >= DIRS_MAX ||
        g_hash_table_contains(c->n->dirs, &c->dir)) {
        return;
    }
    d = g_new(Dir, 1);
    *d = (Dir) { c->dir, c->reach,
                 g_strndup(c->buf + c->at, c->dir_end - c->at) };
    g_hash_table_insert(c->n->dirs, &d->place, d);
}

char *linux_path(LinuxNames *n, LinuxPlace p, LinuxReach *reach, OsiError *err)
{
    Climb c = { .n = n, .p = p, .at = sizeof(c.buf) };
    bool done = false;

    for (int i = 0; !done; i++) {
        if (c.p.mnt == n->root.mnt && c.p.dentry == n->root.dentry) {
            c.reach = LINUX_REACH_ROOT;
            break;
        }
        if (i == CLIMB_MAX) {
            osi_fail(err, OSI_ERR_LIMIT, p.dentry,
                     "path of more than %d steps", CLIMB_MAX);
            return NULL;
        }
        if (!step(&c, &done, err)) {
            return NULL;
        }
    }
    remember(&c);
    if (reach) {
        *reach = c.reach;
    }
    if (c.at == sizeof(c.buf)) {
        return g_strdup("/");
    }
    return g_strndup(c.buf + c.at, sizeof(c.buf) - c.at);
}

/* ---- names ---- */

/* An unlinked name has left the hash of names; a root never was in it. */
static bool is_deleted(Linux *lx, uint64_t dentry)
{
    const OsiField *const want[] = { &lx->f.d_pprev, &lx->f.d_parent };
    LinuxBlock b;

    return lx->f.d_pprev.size &&
           linux_block_read(lx, &b, dentry, want, 2, "dentry", NULL) &&
           !linux_block(&b, &lx->f.d_pprev) &&
           linux_block(&b, &lx->f.d_parent) != dentry;
}

char *linux_place_name(LinuxNames *n, LinuxPlace p, LinuxReach *reach,
                       OsiError *err)
{
    g_autofree char *path = linux_path(n, p, reach, err);

    if (!path || !is_deleted(n->lx, p.dentry)) {
        return g_steal_pointer(&path);
    }
    return g_strconcat(path, " (deleted)", NULL);
}

/*
 * An overlay maps a file of one of its layers. Linux (FMODE_BACKING) keeps
 * beside it the path that the process has opened.
 */
#define FMODE_BACKING 0x02000000u

static bool backing_place(Linux *lx, uint64_t file, LinuxPlace *p)
{
    uint64_t mode, root;

    return lx->f.backing_mnt.size && lx->f.backing_dentry.size &&
           lx->f.file_mode.size &&
           linux_field(lx, file, &lx->f.file_mode, &mode, NULL) &&
           (mode & FMODE_BACKING) &&
           linux_ptr(lx, file, &lx->f.backing_mnt, &p->mnt, NULL) &&
           linux_ptr(lx, file, &lx->f.backing_dentry, &p->dentry, NULL) &&
           linux_is_object(lx, p->dentry) &&
           linux_member(lx, p->mnt, &lx->f.mnt_root, &root, "mount", NULL) &&
           linux_is_object(lx, root);
}

bool linux_file_place(Linux *lx, uint64_t file, LinuxPlace *p, OsiError *err)
{
    const OsiField *const want[] = { &lx->f.file_mnt, &lx->f.file_dentry };
    LinuxBlock b;

    if (!linux_block_read(lx, &b, file, want, 2, "file", err)) {
        return false;
    }
    if (!backing_place(lx, file, p)) {
        p->mnt = linux_block(&b, &lx->f.file_mnt);
        p->dentry = linux_block(&b, &lx->f.file_dentry);
    }
    return true;
}

char *linux_file_name(LinuxNames *n, uint64_t file, OsiError *err)
{
    OsiError why = { 0 };
    LinuxPlace p;
    char *name;

    if (!linux_file_place(n->lx, file, &p, err)) {
        return NULL;
    }
    name = linux_pseudo_name(n->lx, p, &why);
    if (name) {
        return name;
    }
    if (why.kind) {
        osi_fail(err, why.kind, why.address, "%s", why.message);
        return NULL;
    }
    return linux_place_name(n, p, NULL, err);
}
