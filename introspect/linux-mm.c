/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables of Linux: the kernel's own root, and page-table isolation. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "linux.h"

#define PTE_NX  (1ull << 63)
#define HALF    256             /* top-level entries of user space */
#define PAGE    4096
#define TOPS_MAX 32             /* what looks like the kernel's top table */

unsigned linux_root_align(const Linux *lx)
{
    return lx->image.root.paging == OSI_PAGING_PAE ? 32 : PAGE;
}

uint64_t linux_root_mask(const Linux *lx)
{
    switch (lx->image.root.paging) {
    case OSI_PAGING_PAE:
        return 0xffffffe0ull;
    case OSI_PAGING_32BIT:
        return 0xfffff000ull;
    default:
        return 0x000ffffffffff000ull;
    }
}

/* ---- the kernel's own root ---- */

/* Does @root map @va to what the borrowed root maps it to? */
static bool maps_alike(const Linux *lx, OsiRoot root, uint64_t va)
{
    OsiLeaf a, b;

    return osi_translate(&lx->view->mem, root, va, &a, NULL) &&
           osi_translate(&lx->view->mem, lx->image.root, va, &b, NULL) &&
           a.pa == b.pa;
}

/*
 * Tables of early boot map the image too, but not what a CPU got later: its
 * interrupt table lies in a place of its own.
 */
static bool is_kernel_root(const Linux *lx, OsiRoot root)
{
    const OsiView *view = lx->view;

    if (!maps_alike(lx, root, lx->banner) ||
        !maps_alike(lx, root, lx->image.anchor)) {
        return false;
    }
    for (size_t i = 0; i < view->n_cpus; i++) {
        if (view->cpus[i].index == lx->image.cpu) {
            return maps_alike(lx, root, view->cpus[i].idt_base);
        }
    }
    return false;
}

/* Entries of a top table; the first @user of them are for user space. */
static void top_shape(const Linux *lx, unsigned *n, unsigned *bytes,
                      unsigned *user)
{
    switch (lx->image.root.paging) {
    case OSI_PAGING_PAE:
        *n = 4;
        *bytes = 8;
        *user = lx->kernel_lo >> 30;
        break;
    case OSI_PAGING_32BIT:
        *n = 1024;
        *bytes = 4;
        *user = lx->kernel_lo >> 22;
        break;
    default:
        *n = 512;
        *bytes = 8;
        *user = 256;
    }
}

/* A top table without user space, whose last entries are in use. */
static bool looks_like_top(const uint8_t *t, unsigned n, unsigned bytes,
                           unsigned user)
{
    bool any = false;

    for (unsigned i = 0; i < n; i++) {
        uint64_t e = osi_le(t + i * bytes, bytes);

        if (i < user && e) {
            return false;
        }
        any |= e & 1;
    }
    return any;
}

/*
 * Freed pages keep what they held, page tables of dead processes too. What
 * tells the true one: init_mm, in the image, points to it.
 */
static bool pointed_to(const Linux *lx, uint64_t va)
{
    const uint8_t *p = lx->image.bytes, *end = p + lx->image.size;
    uint8_t want[8];

    for (unsigned i = 0; i < sizeof(want); i++) {
        want[i] = va >> (8 * i);
    }
    while ((p = memmem(p, end - p, want, lx->word))) {
        if ((p - lx->image.bytes) % lx->word == 0) {
            return true;
        }
        p++;
    }
    return false;
}

void linux_find_top_table(Linux *lx)
{
    const OsiImage *img = &lx->image;
    unsigned n, bytes, user;
    OsiRoot root = img->root;
    uint64_t va;
    int tries = 0;

    if (linux_sym(lx, "init_top_pgt", &va) ||
        linux_sym(lx, "swapper_pg_dir", &va)) {
        return;
    }
    top_shape(lx, &n, &bytes, &user);
    for (uint64_t at = 0; at + PAGE <= img->size && tries < TOPS_MAX;
         at += PAGE) {
        root.table = img->pa + at;
        if (looks_like_top(img->bytes + at, n, bytes, user) &&
            is_kernel_root(lx, root) && ++tries &&
            pointed_to(lx, img->base + at)) {
            lx->top_table = img->base + at;
            return;
        }
    }
}

/*
 * The kernel's root maps everything whatever process runs, but it does so only
 * after x86_64_start_kernel() filled it: until then keep the vCPU's.
 */
void linux_choose_root(Linux *lx)
{
    OsiRoot root = lx->image.root;
    uint64_t va, i;
    OsiLeaf leaf;

    osi_reader_init(&lx->kernel, &lx->view->mem, root);
    lx->own_root = false;
    if (!linux_sym(lx, "init_top_pgt", &va) &&
        !linux_sym(lx, "swapper_pg_dir", &va)) {
        va = lx->top_table;
    }
    i = va - lx->image.base;
    if (i >= lx->image.size || va % PAGE) {
        return;
    }
    root.table = lx->image.pa + i;
    if (osi_translate(&lx->view->mem, root, lx->banner, &leaf, NULL) &&
        leaf.pa == lx->image.pa + (lx->banner - lx->image.base)) {
        osi_reader_init(&lx->kernel, &lx->view->mem, root);
        lx->own_root = true;
    }
}

/* ---- page-table isolation ---- */

/* With three levels: four pointers each, the last the kernel's. */
static int pti_pair_pae(const Linux *lx, uint64_t table)
{
    const OsiMemory *mem = &lx->view->mem;
    unsigned users = MIN(lx->kernel_lo >> 30, 3);
    uint8_t kernel[32], user[32];
    int pairs = 0;

    /* Without isolation the tables are smaller than the distance of a pair. */
    if (table % (2 * PAGE)) {
        return 0;
    }
    if (!mem->read(mem->opaque, table, kernel, sizeof(kernel)) ||
        !mem->read(mem->opaque, table + PAGE, user, sizeof(user))) {
        return -1;
    }
    for (unsigned i = 0; i < users; i++) {
        uint64_t k = osi_le64(kernel + 8 * i), u = osi_le64(user + 8 * i);

        if ((k ^ u) & ~0x60ull & ~PTE_NX) {
            return 0;
        }
        pairs += k & 1;
    }
    return !pairs ? -1 : osi_le64(user + 24) & 1;
}

/*
 * With PTI each process has two top tables side by side; the kernel's forbids
 * execution of user pages (_PAGE_NX, pti_set_user_pgtbl() in Linux) and is
 * otherwise equal to the user's in the lower half. 1 yes, 0 no, -1 cannot say.
 */
static int pti_pair(const OsiMemory *mem, uint64_t table)
{
    uint8_t kernel[HALF * 8], user[HALF * 8];
    int pairs = 0;

    if (table & PAGE) {
        return 0;
    }
    if (!mem->read(mem->opaque, table, kernel, sizeof(kernel)) ||
        !mem->read(mem->opaque, table + PAGE, user, sizeof(user))) {
        return -1;
    }
    for (int i = 0; i < HALF; i++) {
        uint64_t k = osi_le64(kernel + 8 * i), u = osi_le64(user + 8 * i);

        if (!(k & 1)) {
            continue;
        }
        /* Accessed and dirty bits are set by hardware in either half. */
        if (!(k & PTE_NX) || ((k ^ u) & ~(PTE_NX | 0x60)) || (u & PTE_NX)) {
            return 0;
        }
        pairs++;
    }
    return pairs ? 1 : -1;
}

static int pair_of(const Linux *lx, uint64_t table)
{
    switch (lx->image.root.paging) {
    case OSI_PAGING_32BIT:
        return 0;               /* Linux has it with PAE only */
    case OSI_PAGING_PAE:
        return pti_pair_pae(lx, table);
    default:
        return pti_pair(&lx->view->mem, table);
    }
}

static bool note_pti(void *opaque, const OsiTask *t)
{
    Linux *lx = opaque;

    if (t->root.table) {
        lx->pti = pair_of(lx, t->root.table);
    }
    return lx->pti < 0;
}

/* A loaded CR3 is cheaper to judge than a walk over all tasks. */
static void pti_from_cpus(Linux *lx)
{
    for (size_t i = 0; i < lx->view->n_cpus && lx->pti < 0; i++) {
        const OsiCpu *c = &lx->view->cpus[i];

        uint64_t table = c->cr3 & linux_root_mask(lx);

        if (osi_cpu_paging(c) == lx->image.root.paging &&
            table != lx->kernel.root.table) {
            /* Of a process: which half it is, is not known yet. */
            lx->pti = pair_of(lx, lx->word == 8 ? table & ~(uint64_t)PAGE
                                                : table);
        }
    }
}

bool linux_pti(Linux *lx)
{
    if (lx->pti < 0) {
        pti_from_cpus(lx);
    }
    if (lx->pti < 0) {
        linux_each_task(lx, note_pti, lx, NULL);
    }
    return lx->pti > 0;
}
