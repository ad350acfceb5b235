/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address spaces of the forged kernel: mappings as a list or as a maple tree
 * of two levels, an auxiliary vector, and in user memory a program with the
 * dynamic linker's list:
 *
 *   400000-403000  r-xp  FF_EXE, no page mapped: its bytes are in the cache
 *   601000-603000  rw-p  [heap]; its first page has the dynamic section
 *   FORGE_MANY anonymous ones from 500000000000 on, not touched yet
 *   7f0000000000-7f0000007000  r-xp  FF_LIB
 *   7f0000010000-7f0000012000  rw-s  FF_GONE from its page 65 on
 *   7f0000020000-7f0000021000  r-xp  [vdso]
 *   7fff00001000-7fff00002000  rw-p  [stack], with the arguments
 */
#include "forge-parts.h"

enum { R = 1, W = 2, X = 4, SHARED = 8, MAYSHARE = 0x80 };

#define HEAP        0x601000ull
#define MANY_VA     0x500000000000ull
#define PER_LEAF    9           /* of a node's 12 slots */

typedef struct Area {
    uint64_t start, end, flags, pgoff;
    int file;                   /* -1 none */
} Area;

static const Area areas[] = {
    { 0x400000, 0x403000, R | X, 0, FF_EXE },
    { HEAP, HEAP + 0x2000, R | W, 0, -1 },
    { 0x7f0000000000, 0x7f0000007000, R | X, 0, FF_LIB },
    { 0x7f0000010000, 0x7f0000012000, R | W | SHARED | MAYSHARE, 65, FF_GONE },
    { 0x7f0000020000, 0x7f0000021000, R | X, 0, -1 },
    { FK_ARGS_VA, FK_ARGS_VA + 0x1000, R | W, 0, -1 },
};
#define BEFORE_MANY 2

static uint64_t new_vma(ForgeKernel *k, uint64_t mm, const Area *a)
{
    uint64_t v = forge_new_struct(k, "vm_area_struct");

    forge_set(k, v, "vm_area_struct", "vm_start", a->start);
    forge_set(k, v, "vm_area_struct", "vm_end", a->end);
    forge_set(k, v, "vm_area_struct", "vm_flags", a->flags);
    forge_set(k, v, "vm_area_struct", "vm_pgoff", a->pgoff);
    forge_set(k, v, "vm_area_struct", "vm_mm", mm);
    forge_set(k, v, "vm_area_struct", "vm_file",
              a->file < 0 ? 0 : k->file[a->file]);
    return v;
}

static void special(ForgeKernel *k, uint64_t vma, const char *name)
{
    uint64_t ops = forge_new_struct(k, "vm_operations_struct");
    uint64_t map = forge_new_struct(k, "vm_special_mapping");

    forge_set(k, ops, "vm_operations_struct", "name", FK_BASE + 0x3000);
    forge_set(k, map, "vm_special_mapping", "name", forge_text(k, name));
    forge_set(k, vma, "vm_area_struct", "vm_ops", ops);
    forge_set(k, vma, "vm_area_struct", "vm_private_data", map);
}

typedef struct Mapping {
    uint64_t object, start, end;
} Mapping;

static void add_vma(ForgeKernel *k, GArray *all, uint64_t mm, const Area *a)
{
    Mapping m = { new_vma(k, mm, a), a->start, a->end };

    if (a->start == 0x7f0000020000) {
        special(k, m.object, "[vdso]");
    }
    g_array_append_val(all, m);
}

static GArray *make_vmas(ForgeKernel *k, uint64_t mm)
{
    GArray *all = g_array_new(false, false, sizeof(Mapping));

    for (size_t i = 0; i < G_N_ELEMENTS(areas); i++) {
        for (int n = 0; i == BEFORE_MANY && n < FORGE_MANY; n++) {
            uint64_t at = MANY_VA + 0x2000 * n;

            add_vma(k, all, mm, &(Area) { at, at + 0x1000, R | W, 0, -1 });
        }
        add_vma(k, all, mm, &areas[i]);
    }
    return all;
}

/* ---- list or tree ---- */

static void as_list(ForgeKernel *k, uint64_t mm, const GArray *all)
{
    uint64_t next = 0;

    for (guint i = all->len; i--;) {
        uint64_t v = g_array_index(all, Mapping, i).object;

        forge_set(k, v, "vm_area_struct", "vm_next", next);
        next = v;
    }
    forge_set(k, mm, "mm_struct", "mmap", next);
}

/*
 * A leaf from @min on: slots of mappings, and empty ones between them. Returns
 * the last address it covers, which lies behind its last mapping, or is the
 * end of all.
 */
static uint64_t leaf(ForgeKernel *k, uint64_t node, const GArray *all,
                     guint from, guint n, uint64_t min)
{
    uint64_t pivot = forge_at_member(k, node, "maple_range_64", "pivot");
    uint64_t slot = forge_at_member(k, node, "maple_range_64", "slot");
    int at = 0;

    for (guint i = from; i < from + n; i++) {
        const Mapping *m = &g_array_index(all, Mapping, i);

        if (m->start > min) {
            forge_poke(k, pivot + 8 * at++, m->start - 1);
        }
        forge_poke(k, slot + 8 * at, m->object);
        forge_poke(k, pivot + 8 * at++, m->end - 1);
        min = m->end;
    }
    g_assert_cmpint(at, <=, 11);
    if (from + n == all->len) {
        /* The rest of the address space; not full: a pivot of zero. */
        return UINT64_MAX;
    }
    return min - 1;
}

static void as_tree(ForgeKernel *k, uint64_t mm, const GArray *all)
{
    uint64_t top = forge_bytes(k, 256, 256), min = 0;
    uint64_t pivot = forge_at_member(k, top, "maple_arange_64", "pivot");
    uint64_t slot = forge_at_member(k, top, "maple_arange_64", "slot");
    int at = 0;

    for (guint i = 0; i < all->len; i += PER_LEAF / 2) {
        guint n = MIN(PER_LEAF / 2, all->len - i);
        uint64_t node = forge_bytes(k, 256, 256), max;

        max = leaf(k, node, all, i, n, min);
        forge_poke(k, slot + 8 * at, node | 1 << 3 | 2 | 4);
        if (at < 7) {
            forge_poke(k, pivot + 8 * at, max);
        }
        at++;
        min = max + 1;
    }
    g_assert_cmpint(at, <=, 8);
    forge_set(k, mm, "mm_struct", "mm_mt.ma_root", top | 3 << 3 | 2 | 4);
}

/* ---- user memory ---- */

static uint8_t *user_page(ForgeKernel *k, uint64_t pgd, uint64_t va)
{
    uint64_t pa = forge_page(k->f);

    forge_map(k->f, (OsiRoot) { k->opt.paging, pgd }, va, pa, 12,
              FORGE_P | FORGE_RW | FORGE_US);
    return k->f->ram + pa;
}

static void put_phdr(uint8_t *p, uint32_t type, uint64_t va, uint64_t size)
{
    put32(p, type);
    put32(p + 4, 5);
    put64(p + 8, va);
    put64(p + 16, va);
    put64(p + 24, va);
    put64(p + 32, size);
    put64(p + 40, size);
}

/* The first page of the executable, in the page cache only. */
static void put_elf(ForgeKernel *k)
{
    uint64_t node = forge_peek(k, forge_at_member(k, k->exe_inode, "inode",
                                                  "i_data.i_pages.xa_head"));
    uint64_t page = forge_peek(k, forge_at_member(k, node & ~3ull, "xa_node",
                                                  "slots"));
    uint64_t pfn = (page - k->vmemmap) / forge_struct_size(k->types, "page");
    uint8_t *p = k->f->ram + pfn * 4096;

    memcpy(p, "\177ELF\2\1\1", 8);
    put16(p + 16, 2);
    put16(p + 18, 62);
    put64(p + 24, 0x401000);
    put64(p + 32, 64);
    put16(p + 54, 56);
    put16(p + 56, 3);
    put_phdr(p + 64, 6, 0x400040, 168);             /* PT_PHDR */
    put_phdr(p + 120, 1, 0x400000, 0x2064);         /* PT_LOAD */
    put_phdr(p + 176, 2, HEAP, 64);                 /* PT_DYNAMIC */
}

/* DT_DEBUG -> r_debug -> link_map: the program, then the library. */
static void put_link_map(uint8_t *p)
{
    put64(p, 21);
    put64(p + 8, HEAP + 0x100);
    put32(p + 0x100, 1);
    put64(p + 0x108, HEAP + 0x200);
    put64(p + 0x200 + 8, HEAP + 0x300);             /* l_name: "" */
    put64(p + 0x200 + 16, HEAP);
    put64(p + 0x200 + 24, HEAP + 0x240);
    put64(p + 0x240, 0x7f0000000000);
    put64(p + 0x240 + 8, HEAP + 0x310);
    put64(p + 0x240 + 16, 0x7f0000004000);
    put64(p + 0x240 + 32, HEAP + 0x200);
    strcpy((char *)p + 0x310, "/mnt/lib.so");
}

static void put_auxv(ForgeKernel *k, uint64_t mm)
{
    /* AT_PAGESZ, AT_PHDR, AT_PHENT, AT_PHNUM, AT_BASE, AT_ENTRY; the rest is
     * what an older program left. */
    static const uint64_t auxv[] = {
        6, 4096, 3, 0x400040, 4, 56, 5, 3, 7, 0x7f0000000000, 9, 0x401000,
        0, 0, 77, 77,
    };
    uint64_t at = forge_at_member(k, mm, "mm_struct", "saved_auxv");

    for (size_t i = 0; i < G_N_ELEMENTS(auxv); i++) {
        forge_poke(k, at + 8 * i, auxv[i]);
    }
}

uint64_t forge_mm(ForgeKernel *k, uint64_t exe, uint64_t pgd)
{
    static const char args[] = "worker\0two words\0";
    uint64_t mm = forge_new_struct(k, "mm_struct");
    GArray *all;

    memcpy(user_page(k, pgd, FK_ARGS_VA), args, sizeof(args));
    put_link_map(user_page(k, pgd, HEAP));
    put_elf(k);
    put_auxv(k, mm);
    forge_set(k, mm, "mm_struct", "pgd", k->direct + pgd);
    forge_set(k, mm, "mm_struct", "exe_file", exe);
    forge_set(k, mm, "mm_struct", "arg_start", FK_ARGS_VA);
    forge_set(k, mm, "mm_struct", "arg_end", FK_ARGS_VA + 17);
    forge_set(k, mm, "mm_struct", "start_brk", HEAP);
    forge_set(k, mm, "mm_struct", "brk", HEAP + 0x1800);
    forge_set(k, mm, "mm_struct", "start_stack", FK_ARGS_VA + 0x800);
    all = make_vmas(k, mm);
    forge_set(k, mm, "mm_struct", "map_count", all->len);
    if (k->opt.list) {
        as_list(k, mm, all);
    } else {
        as_tree(k, mm, all);
    }
    g_array_unref(all);
    return mm;
}
