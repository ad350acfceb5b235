/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout from data: files, dentries, mounts and inodes.
 *
 * A process is told the path of its executable (AT_EXECFN): the file of its
 * code refers to a dentry that has the last name of it. From there up to "/"
 * leads the parent; the file system's root says which mount it is.
 */
#include "linux-guess-files.h"

#define FILE_BYTES      512
#define DENTRY_BYTES    192
#define INODE_BYTES     512
#define NAME_BYTES      256
#define CLIMB_MAX       64
#define MOUNTS_MAX      16

/* The file of one program and what it is called. */
typedef struct Named {
    uint64_t dentry, inode, mnt;
    char name[NAME_BYTES];
    uint8_t file[FILE_BYTES];
} Named;

typedef struct Paths {
    Guess *g;
    Linux *lx;
    Named n[GUESS_PROGRAMS];
    unsigned count;
    int file_dentry, d_name, d_parent;      /* offsets */
} Paths;

static bool word(Paths *s, uint64_t va, uint64_t *value)
{
    return osi_reader_uint(&s->lx->kernel, va, s->g->word, value, NULL);
}

/* The struct qstr in @dentry: length, then a pointer to that many bytes. */
static bool name_of(Paths *s, uint64_t dentry, int at, char name[NAME_BYTES])
{
    uint64_t va, len;

    if (!linux_is_object(s->lx, dentry) || !word(s, dentry + at, &va) ||
        !osi_reader_uint(&s->lx->kernel, dentry + at - 4, 4, &len, NULL) ||
        !len || len >= NAME_BYTES || va < s->lx->kernel_lo ||
        !osi_reader_read(&s->lx->kernel, va, name, len + 1, NULL) ||
        name[len]) {
        return false;
    }
    return strlen(name) == len && (len == 1 || !strchr(name, '/'));
}

static bool is_root_name(Paths *s, uint64_t dentry)
{
    char name[NAME_BYTES];

    return name_of(s, dentry, s->d_name, name) && !strcmp(name, "/");
}

/* Last part of AT_EXECFN. */
static bool exec_name(Paths *s, const GuessProgram *p, char name[NAME_BYTES])
{
    char text[NAME_BYTES] = "";
    const char *last;
    OsiReader user;

    osi_reader_init(&user, s->lx->kernel.mem, p->t.root);
    if (!osi_reader_string(&user, p->execfn, text, sizeof(text), NULL)) {
        return false;
    }
    last = strrchr(text, '/');
    g_strlcpy(name, last ? last + 1 : text, NAME_BYTES);
    return *name != 0;
}

static void collect(Paths *s, const GArray *all)
{
    for (guint i = 0; i < all->len; i++) {
        const GuessProgram *p = &g_array_index(all, GuessProgram, i);
        Named *n = &s->n[s->count];
        uint64_t file = osi_le(p->code_bytes + s->lx->f.vm_file.offset,
                               s->g->word);

        if (exec_name(s, p, n->name) &&
            osi_reader_read(&s->lx->kernel, file, n->file, FILE_BYTES, NULL)) {
            s->count++;
        }
    }
}

/* How many programs have their name at these two offsets? */
static unsigned votes(Paths *s, int file, int dentry)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->count; i++) {
        char name[NAME_BYTES];

        n += name_of(s, osi_le(s->n[i].file + file, s->g->word), dentry, name)
             && !strcmp(name, s->n[i].name);
    }
    return n;
}

/* One that was started through a link or a script is called otherwise. */
static bool find_dentry(Paths *s, OsiError *err)
{
    unsigned best = 0;
    int w = s->g->word;

    for (int file = w; file + w <= FILE_BYTES; file += w) {
        for (int at = 2 * w; at + w <= DENTRY_BYTES; at += w) {
            unsigned n = votes(s, file, at);

            if (n > best) {
                best = n;
                s->file_dentry = file;
                s->d_name = at;
            }
        }
    }
    if (best < 2 || best * 2 <= s->count) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "data: %u of %u executables"
                        " have the name that their process was told", best,
                        s->count);
    }
    for (unsigned i = 0; i < s->count; i++) {
        s->n[i].dentry = osi_le(s->n[i].file + s->file_dentry, w);
        s->n[i].mnt = osi_le(s->n[i].file + s->file_dentry - w, w);
    }
    return true;
}

/* From @dentry by the pointer at @parent to its own parent "/". */
static bool climbs(Paths *s, uint64_t dentry, int parent, uint64_t *root)
{
    char name[NAME_BYTES];
    uint64_t up;

    for (int i = 0; i < CLIMB_MAX; i++) {
        if (!name_of(s, dentry, s->d_name, name) ||
            !word(s, dentry + parent, &up)) {
            return false;
        }
        if (up == dentry) {
            *root = dentry;
            return i && !strcmp(name, "/");
        }
        dentry = up;
    }
    return false;
}

static bool find_parent(Paths *s, OsiError *err)
{
    int found = -1, w = s->g->word;
    uint64_t root;

    for (int at = 0; at + w <= s->d_name; at += w) {
        bool ok = true;

        for (unsigned i = 0; ok && i < s->count; i++) {
            ok = climbs(s, s->n[i].dentry, at, &root);
        }
        found = ok && found < 0 ? at : ok ? -2 : found;
        if (found == -2) {
            break;
        }
    }
    s->d_parent = found;
    return found >= 0 ||
           osi_fail(err, OSI_ERR_NO_SUCH, s->n[0].dentry,
                    "data: no one pointer leads from each executable up to /");
}

/* struct mount before its vfsmount: parent, mountpoint. Up to the top. */
static bool mounts_end(Paths *s, uint64_t mnt, int k)
{
    int w = s->g->word;

    for (int i = 0; i < MOUNTS_MAX; i++) {
        uint64_t root, parent, point;

        if (!linux_is_object(s->lx, mnt) || !word(s, mnt, &root) ||
            !word(s, mnt - 2 * w, &parent) || !word(s, mnt - w, &point) ||
            !linux_is_object(s->lx, root) || !linux_is_object(s->lx, parent)) {
            return false;
        }
        if (parent == mnt - k) {
            return is_root_name(s, root);
        }
        mnt = parent + k;
    }
    return false;
}

static bool find_mount(Paths *s, OsiError *err)
{
    int w = s->g->word, found = -1;

    for (int k = 2 * w; k <= 16 * w && found < 0; k += w) {
        bool ok = true;

        for (unsigned i = 0; ok && i < s->count; i++) {
            uint64_t root, top;

            /* The root of what is mounted is on the way up. */
            ok = mounts_end(s, s->n[i].mnt, k) &&
                 word(s, s->n[i].mnt, &root) &&
                 climbs(s, s->n[i].dentry, s->d_parent, &top) &&
                 (root == top || !is_root_name(s, root));
        }
        found = ok ? k : -1;
    }
    if (found < 0) {
        return osi_fail(err, OSI_ERR_NO_SUCH, s->n[0].mnt,
                        "data: the mounts of executables do not end at a root");
    }
    s->lx->f.mount_mnt = (OsiField) { found, w };
    s->lx->f.mount_parent = (OsiField) { found - 2 * w, w };
    s->lx->f.mount_point = (OsiField) { found - w, w };
    s->lx->f.mnt_root = (OsiField) { 0, w };
    return true;
}

/* An unlinked dentry has no pprev; others are pointed at from there. */
static void find_pprev(Paths *s)
{
    int w = s->g->word, at = s->d_parent - w;

    for (unsigned i = 0; at >= w && i < s->count; i++) {
        uint64_t pprev, back;

        if (!word(s, s->n[i].dentry + at, &pprev) ||
            (pprev && (!linux_is_object(s->lx, pprev) ||
                       !word(s, pprev, &back) ||
                       (back & ~1ull) != s->n[i].dentry + at - w))) {
            return;
        }
    }
    if (at >= w) {
        s->lx->f.d_pprev = (OsiField) { at, w };
    }
}

/* ---- inodes ---- */

/* The inode's mapping is a part of it and refers back with its first word. */
static bool is_mapping(Paths *s, uint64_t inode, uint64_t mapping)
{
    uint64_t host;

    return mapping > inode && mapping - inode < 2048 &&
           linux_is_object(s->lx, mapping) && word(s, mapping, &host) &&
           host == inode;
}

static void set(OsiField *f, int at, unsigned size)
{
    *f = (OsiField) { at, size };
}

static int in_all(Paths *s, bool (*fits)(Paths *s, const Named *n, int at),
                  int max)
{
    for (int at = 0; at + (int)s->g->word <= max; at += s->g->word) {
        bool ok = true;

        for (unsigned i = 0; ok && i < s->count; i++) {
            ok = fits(s, &s->n[i], at);
        }
        if (ok) {
            return at;
        }
    }
    return -1;
}

static bool fits_i_mapping(Paths *s, const Named *n, int at)
{
    uint64_t mapping;

    return word(s, n->inode + at, &mapping) && is_mapping(s, n->inode, mapping);
}

/* As the mount has it behind its root. */
static bool fits_i_sb(Paths *s, const Named *n, int at)
{
    uint64_t sb, own;

    return word(s, n->mnt + s->g->word, &sb) && linux_is_object(s->lx, sb) &&
           word(s, n->inode + at, &own) && own == sb;
}

static bool fits_f_inode(Paths *s, const Named *n, int at)
{
    return osi_le(n->file + at, s->g->word) == n->inode;
}

/* Different executables have different numbers, none has 0. */
static bool numbers_at(Paths *s, int at)
{
    for (unsigned i = 0; i < s->count; i++) {
        uint64_t own, other;

        if (!word(s, s->n[i].inode + at, &own) || !own || own > UINT32_MAX ||
            linux_is_object(s->lx, own)) {
            return false;
        }
        for (unsigned k = 0; k < i; k++) {
            if (word(s, s->n[k].inode + at, &other) && s->n[k].mnt ==
                s->n[i].mnt && (own == other) !=
                (s->n[k].inode == s->n[i].inode)) {
                return false;
            }
        }
    }
    return true;
}

/* struct super_block begins with a list node; the device follows. */
static bool device_at(Paths *s, int at)
{
    for (unsigned i = 0; i < s->count; i++) {
        uint64_t sb, next, back, dev;

        if (!word(s, s->n[i].mnt + s->g->word, &sb) || !word(s, sb, &next) ||
            !linux_is_object(s->lx, next) ||
            !word(s, next + s->g->word, &back) || back != sb ||
            !osi_reader_uint(&s->lx->kernel, sb + at, 4, &dev, NULL) || !dev ||
            dev >= 512u << 20) {
            return false;
        }
    }
    return true;
}

static void find_inode(Paths *s)
{
    LinuxFields *f = &s->lx->f;
    int w = s->g->word, inode = s->d_name + w, map, sb, file;

    for (unsigned i = 0; i < s->count; i++) {
        if (!word(s, s->n[i].dentry + inode, &s->n[i].inode) ||
            !linux_is_object(s->lx, s->n[i].inode)) {
            return;
        }
    }
    map = in_all(s, fits_i_mapping, INODE_BYTES);
    sb = in_all(s, fits_i_sb, INODE_BYTES);
    file = in_all(s, fits_f_inode, FILE_BYTES);
    if (map < 0 || sb < 0 || file < 0) {
        return;
    }
    set(&f->d_inode, inode, w);
    set(&f->i_mapping, map, w);
    set(&f->i_sb, sb, w);
    set(&f->file_inode, file, w);
    if (device_at(s, 2 * w)) {
        set(&f->s_dev, 2 * w, 4);
    }
    for (int at = map + w; at < map + 4 * w; at += w) {
        if (numbers_at(s, at)) {
            set(&f->i_ino, at, w);
            break;
        }
    }
}

/* ---- file systems ---- */

static bool fits_d_sb(Paths *s, const Named *n, int at)
{
    uint64_t sb, own, op;

    return at > s->d_name + (int)s->g->word &&
           word(s, n->mnt + s->g->word, &sb) && linux_is_object(s->lx, sb) &&
           word(s, n->dentry + at, &own) && own == sb &&
           word(s, n->dentry + at - s->g->word, &op) &&
           (!op || linux_is_object(s->lx, op));
}

/* struct file_system_type begins with its name: a word of small letters. */
static bool fits_s_type(Paths *s, const Named *n, int at)
{
    uint64_t sb, type, name;
    char text[24];
    size_t len;

    if (!word(s, n->mnt + s->g->word, &sb) || !word(s, sb + at, &type) ||
        !linux_is_object(s->lx, type) || !word(s, type, &name) ||
        name < s->lx->kernel_lo ||
        !osi_reader_string(&s->lx->kernel, name, text, sizeof(text), NULL)) {
        return false;
    }
    len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return len >= 3 && !text[len] && g_ascii_islower(text[0]);
}

/* For what has no path: operations lie before the super block. */
static bool find_sb(Paths *s, OsiError *err)
{
    LinuxFields *f = &s->lx->f;
    int w = s->g->word, sb = in_all(s, fits_d_sb, DENTRY_BYTES), type;

    type = in_all(s, fits_s_type, 32 * w);
    if (sb < 0 || type < 0) {
        return osi_fail(err, OSI_ERR_NO_SUCH, s->n[0].dentry, "data: the file"
                        " systems of executables do not show their type");
    }
    set(&f->d_sb, sb, w);
    set(&f->d_op, sb - w, w);
    set(&f->s_type, type, w);
    set(&f->fs_type_name, 0, w);
    return true;
}

bool guess_path_members(Guess *g, const GArray *all, OsiError *err)
{
    g_autofree Paths *s = g_new0(Paths, 1);
    LinuxFields *f = &g->lx->f;

    s->g = g;
    s->lx = g->lx;
    collect(s, all);
    if (!find_dentry(s, err) || !find_parent(s, err) ||
        !find_mount(s, err) || !find_sb(s, err)) {
        return false;
    }
    set(&f->file_dentry, s->file_dentry, g->word);
    set(&f->file_mnt, s->file_dentry - g->word, g->word);
    set(&f->d_name, s->d_name, g->word);
    set(&f->d_len, s->d_name - 4, 4);
    set(&f->d_parent, s->d_parent, g->word);
    find_pprev(s);
    find_inode(s);
    return true;
}

void guess_files(Guess *g)
{
    Linux *lx = g->lx;
    OsiError vmas, paths;
    GArray *all = guess_programs(g, &vmas);

    if (!all || !guess_vma_members(g, all, &vmas)) {
        lx->cannot[LINUX_VMAS] = lx->cannot[LINUX_EXE] = vmas;
    } else if (!guess_path_members(g, all, &paths)) {
        lx->cannot[LINUX_VMAS] = lx->cannot[LINUX_EXE] = paths;
    } else {
        lx->cannot[LINUX_VMAS].kind = lx->cannot[LINUX_EXE].kind = OSI_OK;
        guess_fs(g);
    }
    g_clear_pointer(&all, g_array_unref);
}
