/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables of Linux: the kernel's own root, and page-table isolation. */
#include "linux.h"

#define PTE_NX  (1ull << 63)
#define HALF    256             /* top-level entries of user space */
#define PAGE    4096

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
        return;
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

static bool note_pti(void *opaque, const OsiTask *t)
{
    Linux *lx = opaque;

    if (t->root.table) {
        lx->pti = pti_pair(&lx->view->mem, t->root.table);
    }
    return lx->pti < 0;
}

/* A loaded CR3 is cheaper to judge than a walk over all tasks. */
static void pti_from_cpus(Linux *lx)
{
    for (size_t i = 0; i < lx->view->n_cpus && lx->pti < 0; i++) {
        const OsiCpu *c = &lx->view->cpus[i];

        if (osi_cpu_paging(c) >= OSI_PAGING_4LEVEL &&
            (c->cr3 & 0x000ffffffffff000ull) != lx->kernel.root.table) {
            lx->pti = pti_pair(&lx->view->mem, c->cr3 & 0x000fffffffffe000ull);
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
