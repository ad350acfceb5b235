/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the forged kernel: two file systems, one mounted at /mnt of the
 * other, a directory entry or pseudo name for each file, and a page cache:
 *
 *   FF_EXE   /mnt/bin/worker    3 pages, each for itself
 *   FF_LIB   /mnt/lib.so        7 pages: one folio of 4, one, a hole, and one
 *                               that was swapped out
 *   FF_GONE  /tmp/gone          unlinked; a whole tree of two levels
 *   /far     a link to /mnt/../mnt/near/worker, /mnt/near one to ./bin,
 *            /circle one to itself; /none is known not to exist
 *   FF_PIPE  pipe:[777]
 *   FF_SOCK  socket:[778]
 *   FF_EVENT anon_inode:[eventfd]
 */
#include "forge-parts.h"

#define FDS         70
#define CLOEXEC_FD  64

typedef struct Dir {
    uint64_t mnt, sb;
} Dir;

/* ---- lists ---- */

static void list_init(ForgeKernel *k, uint64_t head)
{
    forge_poke(k, head, head);
    forge_poke(k, head + 8, head);
}

static void list_add(ForgeKernel *k, uint64_t head, uint64_t node)
{
    uint64_t first = forge_peek(k, head);

    forge_poke(k, node, first);
    forge_poke(k, node + 8, head);
    forge_poke(k, first + 8, node);
    forge_poke(k, head, node);
}

/* An entry among those of its directory: a list until 6.7, since then hlists. */
static void hang(ForgeKernel *k, uint64_t parent, uint64_t d)
{
    uint64_t head, node;

    if (k->opt.list) {
        list_add(k, forge_at_member(k, parent, "dentry", "d_subdirs"),
                 forge_at_member(k, d, "dentry", "d_child"));
        return;
    }
    head = forge_at_member(k, parent, "dentry", "d_children");
    node = forge_at_member(k, d, "dentry", "d_sib");
    forge_poke(k, node, forge_peek(k, head));
    forge_poke(k, head, node);
}

/* ---- names ---- */

static uint64_t dentry(ForgeKernel *k, uint64_t parent, const char *name,
                       uint64_t inode, uint64_t sb)
{
    uint64_t d = forge_new_struct(k, "dentry");

    forge_set(k, d, "dentry", "d_parent", parent ? parent : d);
    forge_set(k, d, "dentry", "d_hash.pprev", parent ? d : 0);
    forge_set(k, d, "dentry", "d_name.len", strlen(name));
    forge_set(k, d, "dentry", "d_name.name", forge_text(k, name));
    forge_set(k, d, "dentry", "d_inode", inode);
    forge_set(k, d, "dentry", "d_sb", sb);
    if (k->opt.list) {
        list_init(k, forge_at_member(k, d, "dentry", "d_subdirs"));
    }
    if (parent) {
        hang(k, parent, d);
    }
    return d;
}

/* Returns the vfsmount inside a struct mount. */
static uint64_t mount(ForgeKernel *k, uint64_t root, uint64_t parent,
                      uint64_t point)
{
    uint64_t m = forge_new_struct(k, "mount");
    uint32_t in = forge_offset(k->types, "mount", "mnt");

    forge_set(k, m, "mount", "mnt.mnt_root", root);
    forge_set(k, m, "mount", "mnt_parent", parent ? parent - in : m);
    forge_set(k, m, "mount", "mnt_mountpoint", point ? point : root);
    list_init(k, forge_at_member(k, m, "mount", "mnt_mounts"));
    if (parent) {
        list_add(k, forge_at_member(k, parent - in, "mount", "mnt_mounts"),
                 forge_at_member(k, m, "mount", "mnt_child"));
    }
    return m + in;
}

static uint64_t super_block(ForgeKernel *k, const char *type, uint32_t dev)
{
    uint64_t sb = forge_new_struct(k, "super_block");
    uint64_t fs = forge_new_struct(k, "file_system_type");

    forge_set(k, fs, "file_system_type", "name", forge_text(k, type));
    forge_set(k, sb, "super_block", "s_type", fs);
    forge_set(k, sb, "super_block", "s_dev", dev);
    forge_set(k, sb, "super_block", "s_magic", 0x1234);
    list_init(k, forge_at_member(k, sb, "super_block", "s_inodes"));
    return sb;
}

static uint64_t inode(ForgeKernel *k, uint64_t sb, uint64_t number,
                      uint16_t mode, uint64_t size)
{
    uint64_t i = forge_new_struct(k, "inode"), data;

    data = forge_at_member(k, i, "inode", "i_data");
    forge_set(k, i, "inode", "i_ino", number);
    forge_set(k, i, "inode", "i_mode", mode);
    forge_set(k, i, "inode", "i_size", size);
    forge_set(k, i, "inode", "i_sb", sb);
    forge_set(k, i, "inode", "i_mapping", data);
    forge_set(k, i, "inode", "i_generation", number + 7);
    forge_set(k, i, "inode", "i_mtime_sec", 1000000 + number);
    forge_set(k, data, "address_space", "host", i);
    list_add(k, forge_at_member(k, sb, "super_block", "s_inodes"),
             forge_at_member(k, i, "inode", "i_sb_list"));
    return i;
}

static uint64_t directory(ForgeKernel *k, uint64_t sb, uint64_t number)
{
    return inode(k, sb, number, 0040755, 0);
}

/* Of a link of which the kernel has the target at hand. */
static uint64_t link_to(ForgeKernel *k, uint64_t sb, const char *target)
{
    uint64_t i = inode(k, sb, 300, 0120777, strlen(target));

    forge_set(k, i, "inode", "i_link", forge_text(k, target));
    return i;
}

static uint64_t file(ForgeKernel *k, uint64_t mnt, uint64_t d, uint64_t i,
                     uint32_t flags, uint64_t pos)
{
    uint64_t f = forge_new_struct(k, "file");

    forge_set(k, f, "file", "f_path.mnt", mnt);
    forge_set(k, f, "file", "f_path.dentry", d);
    forge_set(k, f, "file", "f_inode", i);
    forge_set(k, f, "file", "f_mapping",
              forge_at_member(k, i, "inode", "i_data"));
    forge_set(k, f, "file", "f_flags", flags);
    forge_set(k, f, "file", "f_mode", 3);
    forge_set(k, f, "file", "f_pos", pos);
    return f;
}

/* ---- page cache ---- */

/* The struct page of a physical page that caches @index of @mapping. */
static uint64_t page(ForgeKernel *k, uint64_t pa, uint64_t mapping,
                     uint64_t index)
{
    uint32_t size = forge_struct_size(k->types, "page");
    uint64_t at = pa / 4096 * size;
    uint8_t *p = k->f->ram + k->pages_pa + at;

    put64(p + forge_offset(k->types, "page", "mapping"), mapping);
    put64(p + forge_offset(k->types, "page", "index"), index);
    put64(p + forge_offset(k->types, "page", "flags"), 1 << 3);
    return k->vmemmap + at;
}

/* Page @index of a file holds this byte all over, but for its first word. */
static void fill_page(ForgeKernel *k, uint64_t pa, uint64_t index)
{
    memset(k->f->ram + pa, 0x40 + index, 4096);
    put64(k->f->ram + pa, index);
}

static uint64_t xa_node(ForgeKernel *k, unsigned shift)
{
    uint64_t n = forge_bytes(k, forge_struct_size(k->types, "xa_node"), 64);

    forge_set(k, n, "xa_node", "shift", shift);
    return n;
}

static void set_slot(ForgeKernel *k, uint64_t node, unsigned i, uint64_t v)
{
    forge_poke(k, forge_at_member(k, node, "xa_node", "slots") + 8 * i, v);
}

static void set_root(ForgeKernel *k, uint64_t inode, uint64_t entry)
{
    forge_set(k, forge_at_member(k, inode, "inode", "i_data"),
              "address_space", "i_pages.xa_head", entry);
}

static uint64_t mapping_of(ForgeKernel *k, uint64_t inode)
{
    return forge_at_member(k, inode, "inode", "i_data");
}

/* @n pages of their own in one node. */
static void cache_pages(ForgeKernel *k, uint64_t inode, unsigned n)
{
    uint64_t node = xa_node(k, 0);

    for (unsigned i = 0; i < n; i++) {
        uint64_t pa = forge_page(k->f);

        fill_page(k, pa, i);
        set_slot(k, node, i, page(k, pa, mapping_of(k, inode), i));
    }
    set_root(k, inode, node | 2);
}

static void cache_library(ForgeKernel *k, uint64_t inode)
{
    uint64_t node = xa_node(k, 0), head = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint64_t pa = forge_page(k->f);
        uint64_t p = page(k, pa, i ? 0 : mapping_of(k, inode), 0);

        head = i ? head : p;
        fill_page(k, pa, i);
        set_slot(k, node, i, i ? 2 : p);        /* sibling of slot 0 */
        if (i) {
            /* A tail of a compound page says where its head is. */
            put64(k->f->ram + k->pages_pa + (p - k->vmemmap) +
                  forge_offset(k->types, "page", "compound_head"), head | 1);
        }
    }
    head = forge_page(k->f);
    fill_page(k, head, 4);
    set_slot(k, node, 4, page(k, head, mapping_of(k, inode), 4));
    set_slot(k, node, 6, 0x1234 << 1 | 1);
    set_root(k, inode, node | 2);
}

/* Two levels: pages 0 and 65. */
static void cache_tree(ForgeKernel *k, uint64_t inode)
{
    uint64_t top = xa_node(k, 6);

    for (unsigned i = 0; i < 2; i++) {
        uint64_t node = xa_node(k, 0), pa = forge_page(k->f);

        fill_page(k, pa, i);
        set_slot(k, node, i, page(k, pa, mapping_of(k, inode), 65 * i));
        set_slot(k, top, i, node | 2);
    }
    set_root(k, inode, top | 2);
}

/* ---- all of them ---- */

static uint64_t plain(ForgeKernel *k, Dir at, uint64_t parent,
                      const char *name, uint64_t number, uint64_t size,
                      uint64_t *in)
{
    *in = inode(k, at.sb, number, 0100755, size);
    return file(k, at.mnt, dentry(k, parent, name, *in, at.sb), *in, 0100000,
                number);
}

static uint64_t pseudo(ForgeKernel *k, const char *type, const char *name,
                       uint64_t number)
{
    uint64_t sb = super_block(k, type, 9), op = forge_new_struct(k,
                                                    "dentry_operations");
    uint64_t i = inode(k, sb, number, 0010600, 0);
    uint64_t root = dentry(k, 0, "/", 0, sb), d = dentry(k, root, name, i, sb);

    forge_set(k, op, "dentry_operations", "d_dname", FK_BASE + 0x3000);
    forge_set(k, d, "dentry", "d_op", op);
    forge_set(k, d, "dentry", "d_parent", d);
    return file(k, mount(k, root, 0, 0), d, i, 2, 0);
}

void forge_files(ForgeKernel *k)
{
    Dir outer = { .sb = super_block(k, "ext4", 8 << 20 | 1) };
    Dir inner = { .sb = super_block(k, "tmpfs", 3 << 20 | 0x20) };
    uint64_t slash = dentry(k, 0, "/", directory(k, outer.sb, 2), outer.sb);
    uint64_t mnt = dentry(k, slash, "mnt", directory(k, outer.sb, 11),
                          outer.sb);
    uint64_t tmp = dentry(k, slash, "tmp", directory(k, outer.sb, 12),
                          outer.sb);
    uint64_t root = dentry(k, 0, "/", directory(k, inner.sb, 1), inner.sb);
    uint64_t bin = dentry(k, root, "bin", directory(k, inner.sb, 3),
                          inner.sb);
    uint64_t in, d;

    outer.mnt = mount(k, slash, 0, 0);
    inner.mnt = mount(k, root, outer.mnt, mnt);
    dentry(k, slash, "none", 0, outer.sb);
    dentry(k, slash, "far", link_to(k, outer.sb, "/mnt/../mnt/near/worker"),
           outer.sb);
    dentry(k, root, "near", link_to(k, inner.sb, "./bin"), inner.sb);
    dentry(k, slash, "circle", link_to(k, outer.sb, "circle"), outer.sb);
    k->top = outer.mnt;
    k->slash = slash;
    k->bin = bin;
    k->file[FF_EXE] = plain(k, inner, bin, "worker", 100, 2 * 4096 + 100, &in);
    cache_pages(k, in, 3);
    k->inner = inner.mnt;
    k->exe_inode = in;
    k->file[FF_LIB] = plain(k, inner, root, "lib.so", 101, 7 * 4096, &in);
    cache_library(k, in);
    k->file[FF_GONE] = plain(k, outer, tmp, "gone", 102, 70 * 4096, &in);
    cache_tree(k, in);
    d = forge_peek(k, forge_at_member(k, k->file[FF_GONE], "file",
                                      "f_path.dentry"));
    forge_set(k, d, "dentry", "d_hash.pprev", 0);
    k->file[FF_PIPE] = pseudo(k, "pipefs", "", 777);
    k->file[FF_SOCK] = pseudo(k, "sockfs", "TCP", 778);
    k->file[FF_EVENT] = pseudo(k, "anon_inodefs", "[eventfd]", 779);
}

/* fd 0..5: all files; 64: the pipe again, closed by exec. */
void forge_open(ForgeKernel *k, uint64_t task)
{
    uint64_t files = forge_new_struct(k, "files_struct");
    uint64_t fdt = forge_new_struct(k, "fdtable");
    uint64_t fd = forge_bytes(k, 8 * FDS, 64), bits = forge_bytes(k, 16, 8);
    uint64_t fs = forge_new_struct(k, "fs_struct");

    for (int i = 0; i < FF_COUNT; i++) {
        forge_poke(k, fd + 8 * i, k->file[i]);
    }
    forge_poke(k, fd + 8 * CLOEXEC_FD, k->file[FF_PIPE]);
    forge_poke(k, bits + CLOEXEC_FD / 64 * 8, 1);
    forge_set(k, fdt, "fdtable", "fd", fd);
    forge_set(k, fdt, "fdtable", "max_fds", FDS);
    forge_set(k, fdt, "fdtable", "close_on_exec", bits);
    forge_set(k, files, "files_struct", "fdt", fdt);
    forge_set(k, fs, "fs_struct", "root.mnt", k->top);
    forge_set(k, fs, "fs_struct", "root.dentry", k->slash);
    forge_set(k, fs, "fs_struct", "pwd.mnt", k->inner);
    forge_set(k, fs, "fs_struct", "pwd.dentry", k->bin);
    forge_set(k, task, "task_struct", "files", files);
    forge_set(k, task, "task_struct", "fs", fs);
}
