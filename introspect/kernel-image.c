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
#define CR3_PAE     0xffffffe0ull           /* four pointers, not a page */
#define CR3_32BIT   0xfffff000ull

#define IDT_PAGE_FAULT  14
#define IMAGE_MAX       (128ull << 20)
#define IMAGE_MIN       (1ull << 20)
#define LEAVES_MAX      (1u << 18)          /* the window in 4 KiB pages */

/*
 * 32-bit: the direct map starts here or higher (CONFIG_VMSPLIT_*), and no
 * kernel reaches farther around its entry points.
 */
#define DIRECT_LO_32    (1ull << 30)
#define END_32          (1ull << 32)
#define LEAVES_MAX_32   (1u << 20)
#define BEFORE_MAX_32   (32ull << 20)
#define IMAGE_MAX_32    (48ull << 20)
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

/* Offset of an interrupt gate, AMD APM vol. 2 sections 4.7.2 and 4.8.4. */
static uint64_t page_fault_entry(const OsiView *view, OsiRoot root,
                                 const OsiCpu *cpu)
{
    unsigned bytes = 2 * osi_paging_word(root.paging);
    uint8_t gate[16] = { 0 };

    if (!osi_read(&view->mem, root, cpu->idt_base + IDT_PAGE_FAULT * bytes,
                  gate, bytes, NULL)) {
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

/* ---- 32 bits: a part of the direct map ---- */

typedef struct Part {
    uint64_t delta, anchor;
    OsiLeaf like;           /* rights of the anchor's leaf */
    uint64_t text, end;     /* the run of such leaves seen last */
    uint64_t base, limit;   /* result: text around the anchor, end of all */
} Part;

static bool grow_part(void *opaque, uint64_t va, const OsiLeaf *leaf)
{
    Part *p = opaque;
    bool same = leaf->writable == p->like.writable &&
                leaf->executable == p->like.executable;

    if (va - leaf->pa != p->delta || (p->limit && va != p->end)) {
        return !p->limit;       /* the direct map ends behind the image */
    }
    if (va != p->end) {
        p->text = va;
    }
    if (!same) {
        p->text = va + leaf->size;
    }
    p->end = va + leaf->size;
    if (p->anchor >= va && p->anchor < p->end) {
        p->base = p->text;
    }
    if (p->base) {
        p->limit = p->end;
    }
    return p->end < p->anchor + IMAGE_MAX_32;
}

/*
 * Text is what has the rights of the anchor's page: read-only once the kernel
 * has booted, executable alone before that. Where neither says anything (no
 * NX, early boot) it is looked for some way down.
 */
static bool image_of_32bit(const OsiView *view, OsiRoot root, uint64_t anchor,
                           OsiImage *img)
{
    Part p = { .anchor = anchor };

    if (!osi_translate(&view->mem, root, anchor, &p.like, NULL) ||
        anchor - p.like.pa < DIRECT_LO_32 || anchor < p.like.pa) {
        return false;
    }
    p.delta = anchor - p.like.pa;
    if (!osi_each_leaf(&view->mem, root, p.delta, END_32, LEAVES_MAX_32,
                       grow_part, &p, NULL) || !p.base) {
        return false;
    }
    p.base = MAX(p.base, OSI_ALIGN_DOWN(anchor, CHUNK) - BEFORE_MAX_32);
    img->root = root;
    img->base = p.base;
    img->size = MIN(p.limit - p.base, IMAGE_MAX_32);
    img->pa = p.base - p.delta;
    img->anchor = anchor;
    img->bytes = NULL;
    return img->size >= IMAGE_MIN;
}

/* ---- */

static bool try_root(const OsiView *view, const OsiCpu *cpu, OsiRoot root,
                     OsiImage *img)
{
    img->cpu = cpu->index;
    if (osi_paging_word(root.paging) == 4) {
        img->anchor_name = "#PF gate";
        return image_of_32bit(view, root, page_fault_entry(view, root, cpu),
                              img);
    }
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

OsiRoot osi_cpu_root(const OsiCpu *cpu)
{
    OsiRoot root = { osi_cpu_paging(cpu), cpu->cr3 & CR3_TABLE };

    if (root.paging == OSI_PAGING_PAE) {
        root.table = cpu->cr3 & CR3_PAE;
    } else if (root.paging == OSI_PAGING_32BIT) {
        root.table = cpu->cr3 & CR3_32BIT;
    }
    return root;
}

static void try_cpu(const OsiView *view, const OsiCpu *cpu, OsiImage *best)
{
    OsiRoot root = osi_cpu_root(cpu);
    OsiImage img;

    if (try_root(view, cpu, root, &img)) {
        keep_larger(best, &img);
    }
    /* With PTI bit 12 selects the user half, which maps only entry code. */
    if (root.paging != OSI_PAGING_32BIT && root.table & CR3_USER) {
        root.table &= ~CR3_USER;
        if (try_root(view, cpu, root, &img)) {
            keep_larger(best, &img);
        }
    }
}

bool osi_image_find(const OsiView *view, OsiImage *img, OsiError *err)
{
    OsiImage best = { .size = 0 };
    size_t paged = 0;

    for (size_t i = 0; i < view->n_cpus; i++) {
        if (osi_cpu_paging(&view->cpus[i]) != OSI_PAGING_NONE) {
            paged++;
            try_cpu(view, &view->cpus[i], &best);
        }
    }
    if (best.size) {
        *img = best;
        return true;
    }
    if (!paged) {
        return osi_fail(err, OSI_ERR_NO_OS, 0,
                        "no vCPU has paging on: firmware or boot loader");
    }
    return osi_fail(err, OSI_ERR_NO_OS, 0,
                    "no vCPU has a system call or page fault entry inside a"
                    " mapped kernel image: boot loader, early boot or an"
                    " unknown OS");
}

/*
 * Another kernel, started by this one after a crash, may have the same
 * addresses and leaves the memory of the old one as it was.
 */
static bool leads_into(const OsiView *view, const OsiCpu *c,
                       const OsiImage *img, uint64_t va)
{
    OsiLeaf leaf;

    return va - img->base < img->size &&
           osi_translate(&view->mem, osi_cpu_root(c), va, &leaf, NULL) &&
           leaf.pa == img->pa + (va - img->base);
}

static bool enters(const OsiView *view, const OsiCpu *c, const OsiImage *img,
                   OsiRoot root)
{
    if (osi_cpu_paging(c) != root.paging) {
        return false;
    }
    return (osi_paging_word(root.paging) == 8 &&
            leads_into(view, c, img, c->lstar)) ||
           leads_into(view, c, img, page_fault_entry(view, root, c));
}

bool osi_image_entered(const OsiView *view, const OsiImage *img, OsiRoot root)
{
    for (size_t i = 0; i < view->n_cpus; i++) {
        if (enters(view, &view->cpus[i], img, root)) {
            return true;
        }
    }
    return false;
}

void osi_image_trim(OsiImage *img, uint64_t base, uint64_t end)
{
    uint64_t cut = base - img->base;

    if (cut && cut < img->size) {
        img->base += cut;
        img->pa += cut;
        img->size -= cut;
        if (img->bytes) {
            memmove(img->bytes, img->bytes + cut, img->size);
        }
    }
    if (end > img->base && end - img->base < img->size) {
        img->size = end - img->base;
    }
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
