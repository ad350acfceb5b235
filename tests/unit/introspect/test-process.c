/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of a forged guest: mappings, files, directories, credentials,
 * namespaces; right values, and each kind of damage. What the guest has:
 * forge-mm.c, forge-files.c, forge-cred.c.
 */
#include "forge-parts.h"

#define LIST { .kallsyms = FORGE_AFTER, .paging = OSI_PAGING_4LEVEL, \
               .list = true }
#define TREE { .kallsyms = FORGE_AFTER, .paging = OSI_PAGING_5LEVEL, \
               .pti = true }

#define FIXTURE_TASK 10     /* worker */
#include "forge-fixture.h"

static uint64_t member(Fixture *f, uint64_t object, const char *type,
                       const char *path)
{
    return forge_peek(f->k, forge_at_member(f->k, object, type, path));
}

/* ---- mappings ---- */

static const OsiVma *vmas(Fixture *f, size_t *n)
{
    OsiError err = { 0 };
    const OsiVma *v = osi_vmas(f->g, f->t, n, &err);

    g_assert_cmpstr(err.message, ==, "");
    return v;
}

static void check_vma(const OsiVma *v, uint64_t start, uint64_t end,
                      unsigned rights, uint64_t offset, const char *path)
{
    g_assert_cmphex(v->start, ==, start);
    g_assert_cmphex(v->end, ==, end);
    g_assert_cmpuint(v->rights, ==, rights);
    g_assert_cmphex(v->offset, ==, offset);
    g_assert_cmpstr(v->path, ==, path);
}

static void test_vmas(Fixture *f, gconstpointer options)
{
    size_t n = 0;
    const OsiVma *v = vmas(f, &n), *many = v + 2, *rest = many + FORGE_MANY;
    OsiError err = { 0 };

    g_assert_cmpuint(n, ==, FORGE_MANY + 6);
    check_vma(v, 0x400000, 0x403000, OSI_READ | OSI_EXEC, 0,
              "/mnt/bin/worker");
    g_assert_cmpuint(v->inode, ==, 100);
    g_assert_cmpuint(v->dev_major, ==, 3);
    g_assert_cmpuint(v->dev_minor, ==, 0x20);
    g_assert_cmphex(v->file, ==, f->k->file[FF_EXE]);
    check_vma(v + 1, 0x601000, 0x603000, OSI_READ | OSI_WRITE, 0, "[heap]");
    for (int i = 0; i < FORGE_MANY; i++) {
        check_vma(many + i, 0x500000000000 + 0x2000 * i, 0x500000001000 +
                  0x2000 * i, OSI_READ | OSI_WRITE, 0, NULL);
    }
    check_vma(rest, 0x7f0000000000, 0x7f0000007000, OSI_READ | OSI_EXEC, 0,
              "/mnt/lib.so");
    check_vma(rest + 1, 0x7f0000010000, 0x7f0000012000,
              OSI_READ | OSI_WRITE | OSI_SHARED, 65 * 4096,
              "/tmp/gone (deleted)");
    g_assert_cmpuint(rest[1].dev_major, ==, 8);
    check_vma(rest + 2, 0x7f0000020000, 0x7f0000021000, OSI_READ | OSI_EXEC,
              0, "[vdso]");
    check_vma(rest + 3, FK_ARGS_VA, FK_ARGS_VA + 0x1000,
              OSI_READ | OSI_WRITE, 0, "[stack]");
    g_assert_true(osi_vma_at(f->g, f->t, 0x602fff, NULL) == v + 1);
    g_assert_null(osi_vma_at(f->g, f->t, 0x603000, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_UNMAPPED);
    g_assert_cmphex(err.address, ==, 0x603000);
    g_assert_null(osi_vmas(f->g, osi_task_by_pid(f->g, 2, NULL), &n, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
}

/* All that is refused, and what the error is about. */
static void refused(Fixture *f, uint64_t about)
{
    OsiError err = { 0 };
    size_t n = 77;

    again(f);
    g_assert_null(osi_vmas(f->g, f->t, &n, &err));
    g_assert_cmpint(err.kind, !=, OSI_OK);
    g_assert_cmpuint(n, ==, 77);
    g_assert_cmphex(err.address & ~0xffull, ==, about & ~0xffull);
}

static void break_word(Fixture *f, uint64_t at, uint64_t value, uint64_t about)
{
    uint64_t was = forge_peek(f->k, at);
    size_t n;

    forge_poke(f->k, at, value);
    refused(f, about);
    forge_poke(f->k, at, was);
    again(f);
    vmas(f, &n);
}

static void test_list_damage(Fixture *f, gconstpointer options)
{
    uint64_t first = member(f, f->mm, "mm_struct", "mmap"), next;
    uint64_t link = forge_at_member(f->k, first, "vm_area_struct", "vm_next");

    next = forge_peek(f->k, link);
    break_word(f, link, first, first);              /* a cycle */
    break_word(f, link, 0x41414141, 0x41414141);
    break_word(f, link, 0xffff999900000000, 0xffff999900000000);
    break_word(f, forge_at_member(f->k, next, "vm_area_struct", "vm_end"), 0,
               next);
    break_word(f, forge_at_member(f->k, next, "vm_area_struct", "vm_start"),
               0x402000, next);                     /* over the first */
    break_word(f, forge_at_member(f->k, next, "vm_area_struct", "vm_mm"),
               first, next);
}

static void test_tree_damage(Fixture *f, gconstpointer options)
{
    uint64_t root = member(f, f->mm, "mm_struct", "mm_mt.ma_root");
    uint64_t top = root & ~0xffull, slot, pivot, leaf, first;

    slot = forge_at_member(f->k, top, "maple_arange_64", "slot");
    pivot = forge_at_member(f->k, top, "maple_arange_64", "pivot");
    leaf = forge_peek(f->k, slot) & ~0xffull;
    break_word(f, slot, root, top);                 /* its own ancestor */
    break_word(f, slot + 8, forge_peek(f->k, slot), leaf);  /* met twice */
    break_word(f, slot, leaf | 9 << 3 | 2, leaf);   /* no such type */
    break_word(f, slot, 0x41414102, 0x41414102);
    break_word(f, pivot, 0x1000, leaf);             /* ends in a mapping */
    break_word(f, pivot + 8, 1, top);               /* descends */
    break_word(f, forge_at_member(f->k, leaf, "maple_range_64", "slot") + 8,
               top, top);                           /* a node for a mapping */
    first = member(f, leaf + 8, "maple_range_64", "slot");
    break_word(f, forge_at_member(f->k, leaf, "maple_range_64", "pivot"),
               0x3ff7ff, first);
    /* The mapping's own bounds are others than the tree's. */
    break_word(f, forge_at_member(f->k, first, "vm_area_struct", "vm_end"),
               0x402000, first);
    break_word(f, forge_at_member(f->k, first, "vm_area_struct", "vm_mm"),
               first, first);
}

/* A tree of one mapping is the mapping; an empty one is no error. */
static void test_small_tree(Fixture *f, gconstpointer options)
{
    uint64_t at = forge_at_member(f->k, f->mm, "mm_struct", "mm_mt.ma_root");
    uint64_t leaf = forge_peek(f->k, forge_at_member(f->k,
        forge_peek(f->k, at) & ~0xffull, "maple_arange_64", "slot")) & ~0xffull;
    size_t n;

    forge_poke(f->k, at, member(f, leaf + 8, "maple_range_64", "slot"));
    again(f);
    check_vma(vmas(f, &n), 0x400000, 0x403000, OSI_READ | OSI_EXEC, 0,
              "/mnt/bin/worker");
    g_assert_cmpuint(n, ==, 1);
    forge_poke(f->k, at, 0);
    again(f);
    vmas(f, &n);
    g_assert_cmpuint(n, ==, 0);
}

/* ---- files ---- */

static void check_text(char *got, const char *want)
{
    g_assert_cmpstr(got, ==, want);
    g_free(got);
}

static void test_files(Fixture *f, gconstpointer options)
{
    static const char *const paths[] = {
        "/mnt/bin/worker", "/mnt/lib.so", "/tmp/gone (deleted)", "pipe:[777]",
        "socket:[778]", "anon_inode:[eventfd]", "pipe:[777]",
    };
    const OsiFile *o;
    OsiError err = { 0 };
    size_t n = 0;

    o = osi_files(f->g, f->t, &n, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(paths));
    for (size_t i = 0; i < n; i++) {
        g_assert_cmpint(o[i].fd, ==, i < 6 ? i : 64);
        g_assert_cmpstr(o[i].path, ==, paths[i]);
    }
    g_assert_cmphex(o[1].object, ==, f->k->file[FF_LIB]);
    g_assert_cmpuint(o[1].pos, ==, 101);
    g_assert_cmpuint(o[1].inode, ==, 101);
    g_assert_cmphex(o[1].flags, ==, 0100000);
    g_assert_cmphex(o[6].flags, ==, 02000002);
    check_text(osi_cwd(f->g, f->t, NULL), "/mnt/bin");
    check_text(osi_root_path(f->g, f->t, NULL), "/");
    g_assert_cmphex(osi_exe_file(f->g, f->t, NULL), ==, f->k->file[FF_EXE]);
    /* A kernel thread has no table here. */
    g_assert_null(osi_files(f->g, osi_task_by_pid(f->g, 2, NULL), &n, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
}

static void test_files_damage(Fixture *f, gconstpointer options)
{
    uint64_t files = member(f, f->t->object, "task_struct", "files");
    uint64_t fdt = member(f, files, "files_struct", "fdt");
    OsiError err = { 0 };
    size_t n = 77;

    forge_set(f->k, fdt, "fdtable", "max_fds", 0x7fffffff);
    again(f);
    g_assert_null(osi_files(f->g, f->t, &n, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmphex(err.address, ==, fdt);
    forge_set(f->k, fdt, "fdtable", "max_fds", 70);
    forge_poke(f->k, member(f, fdt, "fdtable", "fd") + 8, 0x41414141);
    again(f);
    g_assert_null(osi_files(f->g, f->t, &n, &err));
    g_assert_cmphex(err.address, ==, 0x41414141);
    g_assert_cmpuint(n, ==, 77);
}

/* Directories of long names, one in the other: a path of 4,080 bytes. */
static void lengthen_path(Fixture *f, int which)
{
    uint64_t d = member(f, f->k->file[which], "file", "f_path.dentry");
    g_autofree char *name = g_strnfill(254, 'x');

    for (int i = 0; i < 16; i++) {
        forge_set(f->k, d, "dentry", "d_name.name", forge_text(f->k, name));
        forge_set(f->k, d, "dentry", "d_name.len", 254);
        if (i < 15) {
            uint64_t up = forge_new_struct(f->k, "dentry");

            forge_set(f->k, up, "dentry", "d_hash.pprev", up);
            forge_set(f->k, up, "dentry", "d_parent",
                      member(f, d, "dentry", "d_parent"));
            forge_set(f->k, d, "dentry", "d_parent", up);
            d = up;
        }
    }
}

/* Many open files of one long name: host memory has a bound. */
static void test_files_memory(Fixture *f, gconstpointer options)
{
    uint64_t files = member(f, f->t->object, "task_struct", "files");
    uint64_t fdt = member(f, files, "files_struct", "fdt");
    uint64_t fd = forge_object(f->k, 8 << 17);
    OsiError err = { 0 };
    size_t n = 77;

    lengthen_path(f, FF_GONE);
    for (int i = 0; i < 1 << 17; i++) {
        forge_poke(f->k, fd + 8 * i, f->k->file[FF_GONE]);
    }
    forge_set(f->k, fdt, "fdtable", "fd", fd);
    forge_set(f->k, fdt, "fdtable", "close_on_exec", 0);
    forge_set(f->k, fdt, "fdtable", "max_fds", 10);
    again(f);
    g_assert_nonnull(osi_files(f->g, f->t, &n, &err));
    g_assert_cmpuint(n, ==, 10);
    forge_set(f->k, fdt, "fdtable", "max_fds", 1 << 17);
    again(f);
    n = 77;
    g_assert_null(osi_files(f->g, f->t, &n, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_LIMIT);
    g_assert_cmphex(err.address, ==, f->k->file[FF_GONE]);
    g_assert_cmpuint(n, ==, 77);
}

/* Of a process whose root is /mnt/bin: nothing above it exists. */
static void test_chroot(Fixture *f, gconstpointer options)
{
    uint64_t fs = member(f, f->t->object, "task_struct", "fs");

    forge_set(f->k, fs, "fs_struct", "root.mnt", f->k->inner);
    forge_set(f->k, fs, "fs_struct", "root.dentry", f->k->bin);
    again(f);
    check_text(osi_exe_path(f->g, f->t, NULL), "/worker");
    check_text(osi_cwd(f->g, f->t, NULL), "/");
    check_text(osi_root_path(f->g, f->t, NULL), "/mnt/bin");
}

/* ---- contents ---- */

/* The first word of a page is its number, the rest 0x40 and that. */
static void check_page(const uint8_t *b, unsigned n)
{
    g_assert_cmpuint(b[0], ==, n);
    g_assert_cmphex(b[8], ==, 0x40 + n);
    g_assert_cmphex(b[4095], ==, 0x40 + n);
}

static bool read_file(Fixture *f, int which, uint64_t offset, uint8_t *buf,
                      size_t len, OsiError *err)
{
    *err = (OsiError) { 0 };
    return osi_file_read(f->g, f->k->file[which], offset, buf, len, err);
}

static void test_contents(Fixture *f, gconstpointer options)
{
    uint8_t b[5 * 4096];
    OsiError err = { 0 };
    uint64_t size = 0;

    g_assert_true(osi_file_size(f->g, f->k->file[FF_LIB], &size, &err));
    g_assert_cmpuint(size, ==, 7 * 4096);
    /* One folio of four pages, one of one. */
    g_assert_true(read_file(f, FF_LIB, 0, b, sizeof(b), &err));
    for (int i = 0; i < 5; i++) {
        check_page(b + 4096 * i, i);
    }
    g_assert_true(read_file(f, FF_LIB, 3 * 4096 + 4000, b, 200, &err));
    g_assert_cmphex(b[95], ==, 0x43);
    g_assert_cmphex(b[96], ==, 4);
    g_assert_cmphex(b[199], ==, 0x44);
    /* The hole, the one that is swapped out: no zeros. */
    g_assert_false(read_file(f, FF_LIB, 4 * 4096 + 100, b, 4096, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_cmphex(err.address, ==, 5 * 4096);
    g_assert_false(read_file(f, FF_LIB, 6 * 4096 + 1, b, 1, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_cmphex(err.address, ==, 6 * 4096);
    /* Behind the end. */
    g_assert_false(read_file(f, FF_LIB, 7 * 4096 - 1, b, 2, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_true(read_file(f, FF_EXE, 2 * 4096 + 90, b, 10, &err));
    g_assert_false(read_file(f, FF_EXE, 2 * 4096 + 90, b, 11, &err));
    g_assert_cmphex(err.address, ==, 2 * 4096 + 100);
    /* Two levels. */
    g_assert_true(read_file(f, FF_GONE, 65 * 4096, b, 4096, &err));
    check_page(b, 1);
    g_assert_false(read_file(f, FF_GONE, 64 * 4096, b, 4096, &err));
    g_assert_cmphex(err.address, ==, 64 * 4096);
}

/* Address of the slots of a file's topmost node. */
static uint64_t tree_slots(Fixture *f, int which)
{
    uint64_t inode = member(f, f->k->file[which], "file", "f_inode");
    uint64_t root = member(f, inode, "inode", "i_data.i_pages.xa_head");

    return forge_at_member(f->k, root & ~3ull, "xa_node", "slots");
}

static uint64_t first_page(Fixture *f, int which)
{
    return forge_peek(f->k, tree_slots(f, which));
}

static void set_magic(Fixture *f, int which, uint64_t magic)
{
    uint64_t inode = member(f, f->k->file[which], "file", "f_inode");

    forge_set(f->k, member(f, inode, "inode", "i_sb"), "super_block",
              "s_magic", magic);
    again(f);
}

/* Of tmpfs nothing lies elsewhere: a hole is zeros, unless swapped out. */
static void test_tmpfs(Fixture *f, gconstpointer options)
{
    uint8_t b[4096];
    OsiError err;

    set_magic(f, FF_LIB, 0x01021994);
    memset(b, 1, sizeof(b));
    g_assert_true(read_file(f, FF_LIB, 5 * 4096, b, 4096, &err));
    g_assert_cmpuint(b[0] + b[4095], ==, 0);
    g_assert_false(read_file(f, FF_LIB, 6 * 4096, b, 4096, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
}

/* A mapping is longer than its file; a folio's tail is of another folio. */
static void test_ends(Fixture *f, gconstpointer options)
{
    uint64_t inode = member(f, f->k->file[FF_LIB], "file", "f_inode"), page;
    uint8_t b[4096];
    OsiError err = { 0 };

    page = first_page(f, FF_LIB);
    put64(f->k->f->ram + f->k->pages_pa + (page - f->k->vmemmap) +
          2 * forge_struct_size(f->k->types, "page") +
          forge_offset(f->k->types, "page", "compound_head"), 0x1235);
    again(f);
    g_assert_true(read_file(f, FF_LIB, 4096, b, 4096, &err));
    g_assert_false(read_file(f, FF_LIB, 2 * 4096, b, 4096, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    forge_set(f->k, inode, "inode", "i_size", 4096 + 1);
    again(f);
    g_assert_true(osi_process_read(f->g, f->t, 0x7f0000001000, b, 1, &err));
    g_assert_false(osi_process_read(f->g, f->t, 0x7f0000003000, b, 1, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_UNMAPPED);
    g_assert_cmphex(err.address, ==, 0x7f0000003000);
}

/* A page that is not of this file, or not of this index. */
static void test_contents_damage(Fixture *f, gconstpointer options)
{
    uint64_t node = forge_peek(f->k, forge_at_member(f->k, f->k->exe_inode,
                                     "inode", "i_data.i_pages.xa_head"));
    uint64_t slots = forge_at_member(f->k, node & ~3ull, "xa_node", "slots");
    uint64_t page = forge_peek(f->k, slots);
    uint8_t b[4096];
    OsiError err;

    forge_poke(f->k, slots, forge_peek(f->k, slots + 8));
    again(f);
    g_assert_false(read_file(f, FF_EXE, 0, b, sizeof(b), &err));
    /* The first page of another file. */
    forge_poke(f->k, slots, first_page(f, FF_LIB));
    again(f);
    g_assert_false(read_file(f, FF_EXE, 0, b, sizeof(b), &err));
    g_assert_cmphex(err.address, ==, first_page(f, FF_LIB));
    forge_poke(f->k, slots, 0x41414140);
    again(f);
    g_assert_false(read_file(f, FF_EXE, 0, b, sizeof(b), &err));
    forge_poke(f->k, slots, node);                  /* its own child */
    again(f);
    g_assert_false(read_file(f, FF_EXE, 0, b, sizeof(b), &err));
    g_assert_cmphex(err.address & ~0xffull, ==, node & ~0xffull);
    forge_poke(f->k, slots, page);
    again(f);
    g_assert_true(read_file(f, FF_EXE, 0, b, sizeof(b), &err));
    /* Of two levels, the lower says that it is an upper one. */
    node = forge_peek(f->k, tree_slots(f, FF_GONE) + 8) & ~3ull;
    g_assert_true(read_file(f, FF_GONE, 65 * 4096, b, sizeof(b), &err));
    forge_set(f->k, node, "xa_node", "shift", 6);
    again(f);
    g_assert_false(read_file(f, FF_GONE, 65 * 4096, b, sizeof(b), &err));
    g_assert_cmphex(err.address & ~0xfffull, ==, node & ~0xfffull);
}

static void test_memory(Fixture *f, gconstpointer options)
{
    uint8_t b[8192];
    OsiError err = { 0 };

    /* Arguments are mapped; the program's text is in the page cache only. */
    g_assert_true(osi_process_read(f->g, f->t, FK_ARGS_VA, b, 7, &err));
    g_assert_cmpstr((char *)b, ==, "worker");
    g_assert_true(osi_process_read(f->g, f->t, 0x401000, b, 4096, &err));
    check_page(b, 1);
    g_assert_true(osi_process_read(f->g, f->t, 0x400ff8, b, 16, &err));
    g_assert_cmphex(b[7], ==, 0x40);
    g_assert_cmphex(b[8], ==, 1);
    /* Anonymous memory that was never touched. */
    memset(b, 1, sizeof(b));
    g_assert_true(osi_process_read(f->g, f->t, 0x500000000100, b, 8, &err));
    g_assert_cmpuint(b[0] + b[7], ==, 0);
    /* Between two mappings; a hole of the cache. */
    g_assert_false(osi_process_read(f->g, f->t, 0x500000000ff8, b, 16, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_UNMAPPED);
    g_assert_cmphex(err.address, ==, 0x500000001000);
    g_assert_false(osi_process_read(f->g, f->t, 0x7f0000005000, b, 1, &err));
    g_assert_cmpint(err.kind, !=, OSI_OK);
    g_assert_false(osi_process_read(f->g, osi_task_by_pid(f->g, 2, NULL),
                                    0x400000, b, 1, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
}

static uint8_t *user_bytes(Fixture *f, uint64_t va)
{
    OsiLeaf leaf;

    g_assert_true(osi_translate(&f->k->f->mem, f->t->root, va, &leaf, NULL));
    return f->k->f->ram + leaf.pa;
}

static void test_libraries(Fixture *f, gconstpointer options)
{
    uint8_t *map = user_bytes(f, 0x601000);
    const OsiLibrary *l;
    OsiError err = { 0 };
    size_t n = 0;

    l = osi_libraries(f->g, f->t, &n, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmphex(l[0].link_map, ==, 0x601200);
    g_assert_cmpstr(l[0].name, ==, "");
    g_assert_cmphex(l[1].link_map, ==, 0x601240);
    g_assert_cmphex(l[1].base, ==, 0x7f0000000000);
    g_assert_cmphex(l[1].dynamic, ==, 0x7f0000004000);
    g_assert_cmpstr(l[1].name, ==, "/mnt/lib.so");
    put64(map + 0x240 + 24, 0x601200);              /* a cycle */
    again(f);
    n = 77;
    g_assert_null(osi_libraries(f->g, f->t, &n, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmphex(err.address, !=, 0);
    g_assert_cmpuint(n, ==, 77);
    put64(map + 8, 0);                              /* not yet run */
    again(f);
    g_assert_null(osi_libraries(f->g, f->t, &n, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_null(osi_libraries(f->g, osi_task_by_pid(f->g, 2, NULL), &n,
                                &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
}

/* ---- rights ---- */

static void test_creds(Fixture *f, gconstpointer options)
{
    OsiCreds c = { 0 };
    uint64_t cred, groups;
    OsiError err = { 0 };

    g_assert_true(osi_creds(f->g, f->t, &c, NULL));
    g_assert_cmpuint(c.uid, ==, 110);
    g_assert_cmpuint(c.euid, ==, 1110);
    g_assert_cmpuint(c.suid, ==, 2110);
    g_assert_cmpuint(c.fsuid, ==, 3110);
    g_assert_cmpuint(c.gid, ==, 4110);
    g_assert_cmpuint(c.fsgid, ==, 7110);
    g_assert_true(c.has_caps && c.has_groups);
    g_assert_cmphex(c.cap_inheritable, ==, 0x100000001);
    g_assert_cmphex(c.cap_bounding, ==, 0x800000008);
    g_assert_cmphex(c.cap_ambient, ==, 0x1000000010);
    g_assert_cmpuint(c.n_groups, ==, 3);
    g_assert_cmpuint(c.groups[2], ==, 52);
    g_free(c.groups);
    c = (OsiCreds) { .uid = 42 };
    cred = member(f, f->t->object, "task_struct", "cred");
    groups = member(f, cred, "cred", "group_info");
    forge_set(f->k, groups, "group_info", "ngroups", 0xffffffff);
    again(f);
    g_assert_false(osi_creds(f->g, f->t, &c, &err));
    g_assert_cmpuint(c.uid, ==, 42);
    g_assert_cmphex(err.address, ==, groups);
}

static void test_namespaces(Fixture *f, gconstpointer options)
{
    const OsiTask *thread = osi_task_by_pid(f->g, 12, NULL);
    OsiNamespaces ns;

    g_assert_true(osi_namespaces(f->g, thread, &ns, NULL));
    g_assert_cmpuint(ns.mnt, ==, 4026531841);
    g_assert_cmpuint(ns.net, ==, 4026531842);
    g_assert_cmpuint(ns.uts, ==, 4026531843);
    g_assert_cmpuint(ns.ipc, ==, 4026531844);
    g_assert_cmpuint(ns.cgroup, ==, 4026531845);
    g_assert_cmpuint(ns.time, ==, 4026531846);
    g_assert_cmpuint(ns.user, ==, 4026531837);
    g_assert_cmpuint(ns.pid, ==, 4026531837);
    g_assert_cmpint(ns.pid_inside, ==, 3);
    g_assert_cmpint(ns.tgid_inside, ==, 1);
    g_assert_cmpint(ns.level, ==, 1);
    g_assert_true(osi_namespaces(f->g, osi_task_by_pid(f->g, 2, NULL), &ns,
                                 NULL));
    g_assert_cmpint(ns.pid_inside, ==, 2);
    g_assert_cmpint(ns.level, ==, 0);
    g_assert_cmpuint(ns.pid, ==, 4026531836);
}

static void test_cgroup(Fixture *f, gconstpointer options)
{
    uint64_t set = member(f, f->t->object, "task_struct", "cgroups");
    uint64_t group = member(f, set, "css_set", "dfl_cgrp");
    uint64_t kn = member(f, group, "cgroup", "kn");
    OsiError err = { 0 };

    check_text(osi_cgroup(f->g, f->t, NULL), "/forged.slice/worker");
    forge_set(f->k, group, "cgroup", "self.flags", 0);
    again(f);
    check_text(osi_cgroup(f->g, f->t, NULL), "/forged.slice/worker (deleted)");
    forge_set(f->k, kn, "kernfs_node", "__parent", kn);
    again(f);
    g_assert_null(osi_cgroup(f->g, f->t, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_LIMIT);
    g_assert_cmphex(err.address, ==, kn);
}

static const ForgeOptions list = LIST, tree = TREE;

#define CASE(name, options, test) \
    g_test_add("/process/" name, Fixture, options, setup, test, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("vmas-list", &list, test_vmas);
    CASE("vmas-tree", &tree, test_vmas);
    CASE("vmas-list-damage", &list, test_list_damage);
    CASE("vmas-tree-damage", &tree, test_tree_damage);
    CASE("vmas-small-tree", &tree, test_small_tree);
    CASE("files", &list, test_files);
    CASE("files-damage", &tree, test_files_damage);
    CASE("files-memory", &tree, test_files_memory);
    CASE("chroot", &tree, test_chroot);
    CASE("contents-old", &list, test_contents);
    CASE("contents-new", &tree, test_contents);
    CASE("contents-damage", &tree, test_contents_damage);
    CASE("tmpfs", &tree, test_tmpfs);
    CASE("ends", &list, test_ends);
    CASE("memory", &tree, test_memory);
    CASE("libraries", &list, test_libraries);
    CASE("creds", &list, test_creds);
    CASE("namespaces", &tree, test_namespaces);
    CASE("cgroup", &tree, test_cgroup);
    return g_test_run();
}
