/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a mapping is in memory, and how much of that is the process's own:
 * its page tables gone through, each page asked whether it is anonymous.
 */
#include "linux-pagecache.h"
#include "linux-vma.h"

#define PAGE        4096
#define PAGE_ANON   1u          /* of page.mapping: PAGE_MAPPING_ANON */

typedef struct Count {
    Linux *lx;
    const LinuxMemMap *map;     /* NULL: not known */
    const OsiVma *vma;
    OsiUsage u;
} Count;

/* The part of a larger page that is no page of its own leads to the first. */
static bool page_mapping(Linux *lx, uint64_t page, uint64_t *mapping)
{
    uint64_t head;

    if (lx->f.page_head.size &&
        linux_member(lx, page, &lx->f.page_head, &head, "page", NULL) &&
        (head & 1)) {
        page = head - 1;
    }
    return linux_member(lx, page, &lx->f.page_mapping, mapping, "page", NULL);
}

/*
 * Where it cannot be told: the pages of a private mapping may be its own. The
 * page of zeros belongs to nobody and does not count.
 */
static bool count(void *opaque, uint64_t va, const OsiLeaf *leaf)
{
    Count *c = opaque;
    uint64_t mapping, page;
    uint64_t size = MIN(va + leaf->size, c->vma->end) - MAX(va, c->vma->start);
    bool known = false;

    if (c->map) {
        page = c->map->base + (leaf->pa / PAGE) * c->lx->f.page_whole.size;
        known = page_mapping(c->lx, linux_wrap(c->lx, page), &mapping);
    }
    if (known && !mapping && !c->vma->path) {
        return true;
    }
    c->u.resident += size;
    if (known ? mapping & PAGE_ANON : !(c->vma->rights & OSI_SHARED)) {
        c->u.anonymous += size;
    }
    return true;
}

bool linux_vma_usage(void *os, const OsiTask *t, const OsiVma *vma,
                     size_t pages_max, OsiUsage *u, OsiError *err)
{
    Linux *lx = os;
    Count c = { .lx = lx, .vma = vma };
    LinuxVma v;

    if (!t->root.table) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no address space", t->pid, t->comm);
    }
    if (vma->object && linux_vma_read(lx, vma->object, &v, NULL)) {
        c.u.flags = v.flags;
    }
    if (linux_can(lx, LINUX_PAGE_CACHE, NULL)) {
        c.map = linux_memmap(lx, NULL);
    }
    if (vma->start >= vma->end || vma->start >= lx->kernel_lo ||
        !osi_each_leaf(lx->kernel.mem, t->root, vma->start, vma->end,
                       pages_max, count, &c, err)) {
        return vma->start < vma->end && vma->start < lx->kernel_lo ? false :
               osi_fail(err, OSI_ERR_UNSUPPORTED, vma->start,
                        "the kernel's own mapping");
    }
    *u = c.u;
    return true;
}
