/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings with their names, as the lines of /proc/PID/maps: what
 * show_map_vma() of Linux does, in its order.
 */
#include "linux-block.h"
#include "linux-paths.h"
#include "linux-vma.h"

#define NAME_BYTES 128          /* of a name that a process gave */

/* Of a file, for all its mappings. */
typedef struct FileRow {
    char *path;
    uint64_t inode;
    uint32_t dev;
} FileRow;

typedef struct Maps {
    Linux *lx;
    LinuxNames *names;
    GHashTable *files;          /* struct file -> FileRow */
    uint64_t start_brk, brk, start_stack;
    bool touching;              /* see is_heap() */
} Maps;

static void free_row(gpointer p)
{
    FileRow *r = p;

    g_free(r->path);
    g_free(r);
}

bool linux_vma_special(Linux *lx, const LinuxVma *v, char name[32])
{
    const LinuxFields *f = &lx->f;
    uint64_t op, va;
    char text[32];
    size_t len;

    name[0] = 0;
    if (v->file || !v->ops || !f->sm_name.size ||
        (f->vmo_name.size &&
         (!linux_member(lx, v->ops, &f->vmo_name, &op, "vm_ops", NULL) ||
          !op)) ||
        !linux_member(lx, v->private, &f->sm_name, &va, "mapping", NULL) ||
        !osi_reader_string(&lx->kernel, va, text, sizeof(text), NULL)) {
        return false;
    }
    len = strlen(text);
    if (len < 3 || text[0] != '[' || text[len - 1] != ']') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!g_ascii_isgraph(text[i])) {
            return false;
        }
    }
    memcpy(name, text, sizeof(text));
    return true;
}

/* PR_SET_VMA_ANON_NAME; printable by the kernel's own rule. */
static char *given_name(Maps *m, const LinuxVma *v, const char *kind)
{
    const LinuxFields *f = &m->lx->f;
    char text[NAME_BYTES] = "";

    if (!v->anon_name || !f->anon_name.offset ||
        !linux_is_object(m->lx, v->anon_name) ||
        !osi_reader_string(&m->lx->kernel, v->anon_name + f->anon_name.offset,
                           text, sizeof(text), NULL)) {
        return NULL;
    }
    return g_strdup_printf("[%s:%s]", kind, text);
}

/*
 * Until 6.5 a mapping that only touches the heap (the data before it, where
 * addresses are not randomized) was called so, too. Inodes had i_ctime then.
 */
static bool is_heap(const Maps *m, const LinuxVma *v)
{
    return m->touching ? v->start <= m->brk && v->end >= m->start_brk
                       : v->start < m->brk && v->end > m->start_brk;
}

static char *name_anonymous(Maps *m, const LinuxVma *v)
{
    char special[32];

    if (linux_vma_special(m->lx, v, special)) {
        return g_strdup(special);
    }
    if (m->brk && is_heap(m, v)) {
        return g_strdup("[heap]");
    }
    if (v->start <= m->start_stack && v->end >= m->start_stack) {
        return g_strdup("[stack]");
    }
    return given_name(m, v, "anon");
}

/* Of a file's mapping only where the name does not share its place. */
static char *name_shared(Maps *m, const LinuxVma *v)
{
    const OsiField *a = &m->lx->f.vm_anon_name, *s = &m->lx->f.vm_shared;

    if (s->size && a->offset >= s->offset && a->offset < s->offset + s->size) {
        return NULL;
    }
    return given_name(m, v, "anon_shmem");
}

/* One line a mapping: a newline in a path is shown as \012. */
static char *escape(char *path)
{
    char **parts, *joined;

    if (!path || !strchr(path, '\n')) {
        return path;
    }
    parts = g_strsplit(path, "\n", -1);
    joined = g_strjoinv("\\012", parts);
    g_strfreev(parts);
    g_free(path);
    return joined;
}

/* On an overlay the inode of the path that was opened, not of the layer. */
static bool inode_of(Linux *lx, uint64_t file, uint64_t *inode, OsiError *err)
{
    LinuxPlace p;
    uint64_t plain;

    if (lx->f.backing_mnt.size && lx->f.d_inode.size &&
        linux_file_place(lx, file, &p, NULL) &&
        linux_ptr(lx, file, &lx->f.file_dentry, &plain, NULL) &&
        plain != p.dentry) {
        return linux_member(lx, p.dentry, &lx->f.d_inode, inode, "dentry", err);
    }
    return linux_member(lx, file, &lx->f.file_inode, inode, "file", err);
}

static void fill_row(Maps *m, uint64_t file, FileRow *r)
{
    const LinuxFields *f = &m->lx->f;
    const OsiField *const want[] = { &f->i_ino, &f->i_sb };
    LinuxBlock b;
    uint64_t inode, dev;

    if (!inode_of(m->lx, file, &inode, NULL) ||
        !linux_block_read(m->lx, &b, inode, want, 2, "inode", NULL)) {
        return;
    }
    r->inode = linux_block(&b, &f->i_ino);
    if (f->s_dev.size && linux_member(m->lx, linux_block(&b, &f->i_sb),
                                      &f->s_dev, &dev, "super block", NULL)) {
        r->dev = dev;
    }
}

static FileRow *row_of(Maps *m, uint64_t file, OsiError *err)
{
    FileRow *r = g_hash_table_lookup(m->files, GSIZE_TO_POINTER(file));
    char *path;

    if (r) {
        return r;
    }
    path = escape(linux_file_name(m->names, file, err));
    if (!path) {
        return NULL;
    }
    r = g_new0(FileRow, 1);
    r->path = path;
    fill_row(m, file, r);
    g_hash_table_insert(m->files, GSIZE_TO_POINTER(file), r);
    return r;
}

static unsigned rights_of(uint64_t flags)
{
    return (flags & LINUX_VM_READ ? OSI_READ : 0) |
           (flags & LINUX_VM_WRITE ? OSI_WRITE : 0) |
           (flags & LINUX_VM_EXEC ? OSI_EXEC : 0) |
           (flags & LINUX_VM_MAYSHARE ? OSI_SHARED : 0);
}

static bool add(Maps *m, const LinuxVma *v, GArray *out, OsiError *err)
{
    OsiVma row = {
        .start = v->start, .end = v->end, .rights = rights_of(v->flags),
        .file = v->file, .object = v->object,
    };
    FileRow *r;

    if (v->file) {
        r = row_of(m, v->file, err);
        if (!r) {
            return false;
        }
        row.offset = v->pgoff * 4096;
        row.inode = r->inode;
        row.dev_major = r->dev >> 20;
        row.dev_minor = r->dev & 0xfffff;
        row.path = name_shared(m, v);
        if (!row.path) {
            row.path = g_strdup(r->path);
        }
    } else {
        row.path = name_anonymous(m, v);
    }
    g_array_append_val(out, row);
    return linux_names_room(m->names, row.path, v->object, err);
}

/* A bound that is not known names nothing. */
static void bounds_of(Maps *m, const OsiTask *t)
{
    const LinuxFields *f = &m->lx->f;

    if (!f->start_brk.size || !f->brk.size ||
        !linux_ptr(m->lx, t->mm, &f->start_brk, &m->start_brk, NULL) ||
        !linux_ptr(m->lx, t->mm, &f->brk, &m->brk, NULL)) {
        m->brk = 0;
    }
    if (!f->start_stack.size ||
        !linux_ptr(m->lx, t->mm, &f->start_stack, &m->start_stack, NULL)) {
        m->start_stack = 0;
    }
}

/*
 * x86-64 shows one mapping that is in no process's tree: the page of the old
 * vsyscalls, unless the kernel has them off (mode 2) or the program has 32
 * bits. Linux: get_gate_vma().
 */
#define VSYSCALL_NONE   2
#define HAS_VSYSCALL    2u      /* in mm->context.flags */

static bool has_gate(Linux *lx, const OsiTask *t, uint64_t *vma)
{
    uint64_t mode, flags, va;

    if (lx->word != 8 || !linux_sym(lx, "gate_vma", vma) ||
        !linux_sym(lx, "vsyscall_mode", &va) ||
        !osi_reader_uint(&lx->kernel, va, 4, &mode, NULL) ||
        mode >= VSYSCALL_NONE) {
        return false;
    }
    if (lx->f.mm_context.size) {
        return linux_field(lx, t->mm, &lx->f.mm_context, &flags, NULL) &&
               (flags & HAS_VSYSCALL);
    }
    /* Before 5.18: a mark of 32-bit programs instead. */
    return lx->f.mm_compat.size &&
           linux_field(lx, t->mm, &lx->f.mm_compat, &flags, NULL) && !flags;
}

static bool add_gate(Maps *m, const OsiTask *t, GArray *out, OsiError *err)
{
    uint64_t object;
    LinuxVma v;

    if (!has_gate(m->lx, t, &object) ||
        !linux_vma_read(m->lx, object, &v, NULL)) {
        return true;
    }
    v.file = 0;
    if (!add(m, &v, out, err)) {
        return false;
    }
    g_free(g_array_index(out, OsiVma, out->len - 1).path);
    g_array_index(out, OsiVma, out->len - 1).path = g_strdup("[vsyscall]");
    return true;
}

bool linux_vmas(void *os, const OsiTask *t, GArray *out, OsiError *err)
{
    Linux *lx = os;
    g_autoptr(GArray) list = g_array_new(false, false, sizeof(LinuxVma));
    Maps m = { .lx = lx };
    bool ok = true;

    if (!linux_vma_list(lx, t, list, err)) {
        return false;
    }
    m.names = linux_names_new(lx, t);
    m.files = g_hash_table_new_full(NULL, NULL, NULL, free_row);
    m.touching = lx->f.i_ctime.size != 0;
    bounds_of(&m, t);
    for (guint i = 0; ok && i < list->len; i++) {
        ok = add(&m, &g_array_index(list, LinuxVma, i), out, err);
    }
    ok = ok && add_gate(&m, t, out, err);
    g_hash_table_unref(m.files);
    linux_names_free(m.names);
    return ok;
}
