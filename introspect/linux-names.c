/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of files that lie in no directory: pipes, sockets, memfds.
 *
 * Their dentries have an operation d_dname that makes the name. Which one it
 * is, is told by the type of the file system; every other one is that of
 * alloc_file_pseudo() (tmpfs, hugetlbfs...), named as a deleted file.
 */
#include "linux-block.h"
#include "linux-paths.h"

#define NAME_MAX_BYTES 255

typedef struct Subject {
    Linux *lx;
    uint64_t dentry, inode;
    char name[NAME_MAX_BYTES + 1];      /* that of the dentry */
} Subject;

/* Bytes that are a C identifier, more or less. */
static bool is_word(const char *s)
{
    for (; *s; s++) {
        if (!g_ascii_isalnum(*s) && !strchr("_-.:", *s)) {
            return false;
        }
    }
    return true;
}

bool linux_fs_type(Linux *lx, uint64_t sb, char name[32], OsiError *err)
{
    uint64_t type, va;
    char text[32];

    if (!lx->f.s_type.size || !lx->f.fs_type_name.size) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "super_block.s_type is not known");
    }
    if (!linux_member(lx, sb, &lx->f.s_type, &type, "super block", err) ||
        !linux_member(lx, type, &lx->f.fs_type_name, &va, "file system", err) ||
        !osi_reader_string(&lx->kernel, va, text, sizeof(text), err)) {
        return false;
    }
    if (!*text || !is_word(text)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, type,
                        "no name of a file system type at 0x%" PRIx64, va);
    }
    memcpy(name, text, sizeof(text));
    return true;
}

static char *numbered(Subject *s, const char *what, OsiError *err)
{
    uint64_t ino;

    return linux_member(s->lx, s->inode, &s->lx->f.i_ino, &ino, "inode", err)
        ? g_strdup_printf("%s:[%" PRIu64 "]", what, ino) : NULL;
}

static char *name_pipe(Subject *s, OsiError *err)
{
    return numbered(s, "pipe", err);
}

static char *name_socket(Subject *s, OsiError *err)
{
    return numbered(s, "socket", err);
}

static char *name_anon(Subject *s, OsiError *err)
{
    (void)err;
    return g_strconcat("anon_inode:", s->name, NULL);
}

static char *name_pidfd(Subject *s, OsiError *err)
{
    (void)s;
    (void)err;
    return g_strdup("anon_inode:[pidfd]");
}

/* The operations of a namespace hang on the dentry, or on the inode's own. */
static bool ns_operations(Subject *s, uint64_t *ops)
{
    Linux *lx = s->lx;
    uint64_t ns;

    if (lx->f.d_fsdata.size &&
        linux_member(lx, s->dentry, &lx->f.d_fsdata, ops, "dentry", NULL) &&
        linux_is_object(lx, *ops)) {
        return true;
    }
    return lx->f.i_private.size && lx->f.ns_ops.size &&
           linux_member(lx, s->inode, &lx->f.i_private, &ns, "inode", NULL) &&
           linux_member(lx, ns, &lx->f.ns_ops, ops, "namespace", NULL);
}

static char *name_ns(Subject *s, OsiError *err)
{
    Linux *lx = s->lx;
    char kind[24] = "";
    uint64_t ops, va;

    if (!lx->f.ns_ops_name.size || !ns_operations(s, &ops) ||
        !linux_member(lx, ops, &lx->f.ns_ops_name, &va, "operations", NULL) ||
        !osi_reader_string(&lx->kernel, va, kind, sizeof(kind), NULL) ||
        !*kind || !is_word(kind)) {
        osi_fail(err, OSI_ERR_BAD_DATA, s->dentry,
                 "a namespace whose kind cannot be told");
        return NULL;
    }
    return numbered(s, kind, err);
}

static char *name_dmabuf(Subject *s, OsiError *err)
{
    Linux *lx = s->lx;
    uint64_t buf, va;
    char own[64] = "";

    if (!lx->f.dma_buf_name.size || !lx->f.d_fsdata.size ||
        !linux_member(lx, s->dentry, &lx->f.d_fsdata, &buf, "dentry", err) ||
        !linux_member(lx, buf, &lx->f.dma_buf_name, &va, "dma_buf", err)) {
        return NULL;
    }
    if (va && !osi_reader_string(&lx->kernel, va, own, sizeof(own), err)) {
        return NULL;
    }
    return g_strdup_printf("/%s:%s", s->name, own);
}

static char *name_other(Subject *s, OsiError *err)
{
    (void)err;
    return g_strdup_printf("/%s (deleted)", s->name);
}

static const struct {
    const char *type;
    char *(*name)(Subject *s, OsiError *err);
} makers[] = {
    { "pipefs", name_pipe },
    { "sockfs", name_socket },
    { "anon_inodefs", name_anon },
    { "pidfs", name_pidfd },
    { "nsfs", name_ns },
    { "dmabuf", name_dmabuf },
};

static char *make_name(Subject *s, const char *type, OsiError *err)
{
    for (size_t i = 0; i < G_N_ELEMENTS(makers); i++) {
        if (!strcmp(type, makers[i].type)) {
            return makers[i].name(s, err);
        }
    }
    return name_other(s, err);
}

/* Unlike that of a directory's entry this name may contain anything. */
static bool own_name(Subject *s, const LinuxBlock *b, OsiError *err)
{
    const LinuxFields *f = &s->lx->f;
    uint64_t len = linux_block(b, &f->d_len);

    if (len > NAME_MAX_BYTES) {
        return osi_fail(err, OSI_ERR_BAD_DATA, s->dentry,
                        "dentry with a name of %" PRIu64 " bytes", len);
    }
    if (!osi_reader_read(&s->lx->kernel, linux_block(b, &f->d_name), s->name,
                         len, err)) {
        return false;
    }
    s->name[len] = 0;
    return true;
}

/*
 * The root of a mount that is a directory has a path like any other. Where
 * d_dname is not known: what is no root but has no parent lies in no
 * directory.
 */
static bool makes_name(Linux *lx, const LinuxBlock *b, LinuxPlace p)
{
    uint64_t op = linux_block(b, &lx->f.d_op), made, root;
    bool orphan = linux_block(b, &lx->f.d_parent) == p.dentry;

    if (!op) {
        return false;
    }
    if (!lx->f.dop_dname.size ? !orphan :
        !linux_member(lx, op, &lx->f.dop_dname, &made, "d_op", NULL) ||
        !made) {
        return false;
    }
    return !orphan ||
           !linux_member(lx, p.mnt, &lx->f.mnt_root, &root, "mount", NULL) ||
           root != p.dentry;
}

char *linux_pseudo_name(Linux *lx, LinuxPlace p, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = {
        &f->d_parent, &f->d_name, &f->d_len, &f->d_op, &f->d_sb, &f->d_inode,
    };
    Subject s = { .lx = lx, .dentry = p.dentry };
    char type[32];
    LinuxBlock b;

    err->kind = OSI_OK;
    if (!f->d_op.size || !f->d_sb.size || !f->d_inode.size || !f->i_ino.size) {
        return NULL;
    }
    if (!linux_block_read(lx, &b, p.dentry, want, G_N_ELEMENTS(want), "dentry",
                          err) ||
        !makes_name(lx, &b, p)) {
        return NULL;
    }
    s.inode = linux_block(&b, &f->d_inode);
    if (!linux_fs_type(lx, linux_block(&b, &f->d_sb), type, err) ||
        !own_name(&s, &b, err)) {
        return NULL;
    }
    return make_name(&s, type, err);
}
