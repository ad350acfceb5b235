/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the kernel's address space and image; see kernel-image.h. */
#include "bytes.h"
#include "kernel-image.h"

#define CR0_PG      (1ull << 31)
#define CR4_PAE     (1ull << 5)
#define CR4_LA57    (1ull << 12)
#define EFER_LMA    (1ull << 10)
#define CR3_TABLE   0x000ffffffffff000ull   /* drops PCID and the LAM bits */
#define CR3_USER    0x1000ull               /* PTI: the user half */

#define IDT_PAGE_FAULT  14
#define IMAGE_MAX       (128ull << 20)
#define IMAGE_MIN       (1ull << 20)
#define LEAVES_MAX      (1u << 18)          /* the window in 4 KiB pages */
#define CHUNK           (1u << 20)

OsiPaging osi_cpu_paging(const OsiCpu *cpu)
{
    if (!(cpu->cr0 & CR0_PG)) {
        return OSI_PAGING_NONE;
    }
    if (cpu->efer & EFER_LMA) {
        return cpu->cr4 & CR4_LA57 ? OSI_PAGING_5LEVEL : OSI_PAGING_4LEVEL;
    }
    return cpu->cr4 & CR4_PAE ? OSI_PAGING_PAE : OSI_PAGING_32BIT;
}

static bool in_window(uint64_t va)
{
    return va >= OSI_KERNEL_LO && va < OSI_KERNEL_HI;
}

/* Offset of a 64-bit interrupt gate, AMD APM vol. 2 section 4.8.4. */
static uint64_t page_fault_entry(const OsiView *view, OsiRoot root,
                                 const OsiCpu *cpu)
{
    uint8_t gate[16];

    if (!osi_read(&view->mem, root, cpu->idt_base + IDT_PAGE_FAULT * 16, gate,
                  sizeof(gate), NULL)) {
        return 0;
    }
    return osi_le16(gate) | (uint64_t)osi_le16(gate + 6) << 16 |
           (uint64_t)osi_le32(gate + 8) << 32;
}

typedef struct Extent {
    uint64_t delta;         /* va - pa of the image */
    uint64_t lo, hi;
} Extent;

static bool grow_extent(void *opaque, uint64_t va, const OsiLeaf *leaf)
{
    Extent *e = opaque;

    if (va - leaf->pa == e->delta) {
        e->lo = MIN(e->lo, va);
        e->hi = MAX(e->hi, va + leaf->size);
    }
    return true;
}

/* Leaves with the anchor's va - pa are the image; all others are not. */
static bool image_of(const OsiView *view, OsiRoot root, uint64_t anchor,
                     OsiImage *img)
{
    Extent e = { .lo = UINT64_MAX };
    OsiLeaf leaf;

    if (!in_window(anchor) ||
        !osi_translate(&view->mem, root, anchor, &leaf, NULL)) {
        return false;
    }
    e.delta = anchor - leaf.pa;
    if (!osi_each_leaf(&view->mem, root, OSI_KERNEL_LO, OSI_KERNEL_HI,
                       LEAVES_MAX, grow_extent, &e, NULL) || e.lo >= e.hi) {
        return false;
    }
    img->root = root;
    img->base = e.lo;
    /* Before cleanup_highmap() the kernel maps far more than itself. */
    img->size = MIN(e.hi - e.lo, IMAGE_MAX);
    img->pa = e.lo - e.delta;
    img->anchor = anchor;
    img->bytes = NULL;
    return img->size >= IMAGE_MIN;
}

static bool try_root(const OsiView *view, const OsiCpu *cpu, OsiRoot root,
                     OsiImage *img)
{
    img->cpu = cpu->index;
    img->anchor_name = "LSTAR";
    if (image_of(view, root, cpu->lstar, img)) {
        return true;
    }
    img->anchor_name = "#PF gate";
    return image_of(view, root, page_fault_entry(view, root, cpu), img);
}

static void keep_larger(OsiImage *best, const OsiImage *candidate)
{
    if (candidate->size > best->size) {
        *best = *candidate;
    }
}

static void try_cpu(const OsiView *view, const OsiCpu *cpu, OsiImage *best)
{
    OsiRoot root = { osi_cpu_paging(cpu), cpu->cr3 & CR3_TABLE };
    OsiImage img;

    if (try_root(view, cpu, root, &img)) {
        keep_larger(best, &img);
    }
    /* With PTI bit 12 selects the user half, which maps only entry code. */
    if (root.table & CR3_USER) {
        root.table &= ~CR3_USER;
        if (try_root(view, cpu, root, &img)) {
            keep_larger(best, &img);
        }
    }
}

bool osi_image_find(const OsiView *view, OsiImage *img, OsiError *err)
{
    OsiImage best = { .size = 0 };
    size_t long_mode = 0, paged = 0;

    for (size_t i = 0; i < view->n_cpus; i++) {
        OsiPaging p = osi_cpu_paging(&view->cpus[i]);

        paged += p != OSI_PAGING_NONE;
        if (p == OSI_PAGING_4LEVEL || p == OSI_PAGING_5LEVEL) {
            long_mode++;
            try_cpu(view, &view->cpus[i], &best);
        }
    }
    if (best.size) {
        *img = best;
        return true;
    }
    if (!long_mode) {
        return osi_fail(err, OSI_ERR_NO_OS, 0, paged
                        ? "no vCPU is in 64-bit mode, and 32-bit kernels are"
                          " not supported yet"
                        : "no vCPU has paging on: firmware or boot loader");
    }
    return osi_fail(err, OSI_ERR_NO_OS, 0,
                    "no vCPU has a system call or page fault entry inside a"
                    " mapped kernel image: boot loader, early boot or an"
                    " unknown OS");
}

bool osi_image_entered(const OsiView *view, const OsiImage *img, OsiRoot root)
{
    for (size_t i = 0; i < view->n_cpus; i++) {
        const OsiCpu *c = &view->cpus[i];

        if (osi_cpu_paging(c) == root.paging &&
            (c->lstar - img->base < img->size ||
             page_fault_entry(view, root, c) - img->base < img->size)) {
            return true;
        }
    }
    return false;
}

bool osi_image_load(const OsiMemory *mem, OsiImage *img, OsiError *err)
{
    img->bytes = g_try_malloc(img->size);
    if (!img->bytes) {
        return osi_fail(err, OSI_ERR_LIMIT, img->base,
                        "no memory for a copy of the kernel image");
    }
    for (uint64_t at = 0; at < img->size; at += CHUNK) {
        size_t part = MIN(CHUNK, img->size - at);

        if (!mem->read(mem->opaque, img->pa + at, img->bytes + at, part)) {
            memset(img->bytes + at, 0, part);
        }
    }
    return true;
}

void osi_image_unload(OsiImage *img)
{
    g_free(img->bytes);
    img->bytes = NULL;
}
