/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of a process where its page tables end: what a page fault of Linux
 * would bring. Nothing is brought, nothing changes in the guest.
 */
#include "linux-pagecache.h"
#include "linux-user.h"
#include "paging.h"

#define PAGE        4096
#define PTE_P       1u
#define PTE_PROT    0x100u      /* _PAGE_PROTNONE: there, but not accessible */
#define PTE_ADDR    0x000ffffffffff000ull

/*
 * An entry that is not present but not zero. Pages whose accesses are being
 * sampled (NUMA balancing) are in RAM all the same; where entries have 8 bytes
 * their address is kept inverted against speculation.
 */
static bool read_entry(Linux *lx, const OsiTask *t, uint64_t va, uint64_t e,
                       uint64_t size, uint8_t *page, OsiError *err)
{
    const OsiMemory *mem = lx->kernel.mem;
    bool wide = t->root.paging != OSI_PAGING_32BIT;
    uint64_t pa;

    if (!(e & PTE_PROT)) {
        return osi_fail(err, OSI_ERR_UNMAPPED, va, "0x%" PRIx64 " is not in"
                        " memory now: swapped out or on its way (entry 0x%"
                        PRIx64 ")", va, e);
    }
    pa = ((wide ? ~e : e) & PTE_ADDR & ~(size - 1)) + va % size;
    return mem->read(mem->opaque, pa, page, PAGE) ||
           osi_fail(err, OSI_ERR_NOT_RAM, va, "physical 0x%" PRIx64
                    " is not RAM", pa);
}

/* The kernel's own pages of code: in the image of the kernel, read only. */
static bool read_vdso(Linux *lx, const OsiTask *t, uint64_t va, uint8_t *page)
{
    const LinuxFields *f = &lx->f;
    uint64_t base, image, data, size;

    return f->mm_vdso.size && f->vdso_image.size && f->vdso_data.size &&
           f->vdso_size.size &&
           linux_member(lx, t->mm, &f->mm_vdso, &base, "mm", NULL) &&
           linux_member(lx, t->mm, &f->vdso_image, &image, "mm", NULL) &&
           linux_member(lx, image, &f->vdso_data, &data, "image", NULL) &&
           linux_member(lx, image, &f->vdso_size, &size, "image", NULL) &&
           base && va >= base && va - base < size &&
           osi_reader_read(&lx->kernel, data + (va - base), page, PAGE, NULL);
}

static bool read_anonymous(Linux *lx, const OsiTask *t, const LinuxVma *v,
                           uint64_t va, uint8_t *page, OsiError *err)
{
    char name[32];

    if (!v->ops) {
        memset(page, 0, PAGE);
        return true;
    }
    if (read_vdso(lx, t, va, page)) {
        return true;
    }
    linux_vma_special(lx, v, name);
    return osi_fail(err, OSI_ERR_UNMAPPED, va, "0x%" PRIx64 " is served by %s"
                    " of the kernel and was not touched yet", va,
                    *name ? name : "a driver");
}

static bool read_file(Linux *lx, const LinuxVma *v, uint64_t va, uint8_t *page,
                      OsiError *err)
{
    uint64_t index = v->pgoff + (va - v->start) / PAGE, mapping, size;

    if (!linux_file_mapping(lx, v->file, &mapping, err) ||
        !linux_mapping_size(lx, mapping, &size, err)) {
        return false;
    }
    if (index >= size / PAGE + !!(size % PAGE)) {
        return osi_fail(err, OSI_ERR_UNMAPPED, va, "0x%" PRIx64 " lies behind"
                        " the end of the mapped file (SIGBUS)", va);
    }
    return linux_mapping_page(lx, mapping, index, page, err);
}

bool linux_absent(Linux *lx, const OsiTask *t, const LinuxVma *v, uint64_t va,
                  uint8_t page[4096], OsiError *err)
{
    uint64_t e = 0, size = PAGE;

    if (osi_entry(lx->kernel.mem, t->root, va, &e, &size) && e) {
        if (!(e & PTE_P)) {
            return read_entry(lx, t, va, e, size, page, err);
        }
        return osi_fail(err, OSI_ERR_NOT_RAM, va, "0x%" PRIx64
                        " is mapped, but not to RAM (entry 0x%" PRIx64 ")",
                        va, e);
    }
    if (v->flags & (LINUX_VM_IO | LINUX_VM_PFNMAP | LINUX_VM_HUGETLB)) {
        char name[32];

        linux_vma_special(lx, v, name);
        return osi_fail(err, OSI_ERR_UNMAPPED, va, "0x%" PRIx64 " is %s and"
                        " was not touched yet", va, *name ? name :
                        v->flags & LINUX_VM_HUGETLB ? "a huge page"
                        : "memory of a device");
    }
    if (v->flags & LINUX_VM_UFFD_MISSING) {
        return osi_fail(err, OSI_ERR_UNMAPPED, va, "0x%" PRIx64 " is filled by"
                        " the process itself (userfaultfd)", va);
    }
    return v->file ? read_file(lx, v, va, page, err)
                   : read_anonymous(lx, t, v, va, page, err);
}

/* guest.c has asked for the rights; the mapping is read again. */
bool linux_absent_page(void *os, const OsiTask *t, const OsiVma *vma,
                       uint64_t va, uint8_t page[4096], OsiError *err)
{
    Linux *lx = os;
    LinuxVma v;

    return linux_vma_read(lx, vma->object, &v, err) &&
           linux_absent(lx, t, &v, va, page, err);
}

/* ---- the provider's own reads ---- */

void linux_user_init(LinuxUser *u, Linux *lx, const OsiTask *t)
{
    *u = (LinuxUser) { .lx = lx, .t = t };
    osi_reader_init(&u->reader, lx->kernel.mem, t->root);
}

void linux_user_clear(LinuxUser *u)
{
    g_clear_pointer(&u->list, g_array_unref);
}

const GArray *linux_user_vmas(LinuxUser *u, OsiError *err)
{
    if (!u->list) {
        u->list = g_array_new(false, false, sizeof(LinuxVma));
        if (!linux_vma_list(u->lx, u->t, u->list, err)) {
            g_clear_pointer(&u->list, g_array_unref);
        }
    }
    return u->list;
}

static bool absent_part(LinuxUser *u, uint64_t va, void *to, size_t len,
                        OsiError *err)
{
    const GArray *list = linux_user_vmas(u, err);
    const LinuxVma *v;
    uint8_t page[PAGE];

    if (!list) {
        return false;
    }
    v = linux_vma_find(list, va);
    if (!v || !(v->flags & LINUX_VM_READ)) {
        return osi_fail(err, OSI_ERR_UNMAPPED, va, v
                        ? "0x%" PRIx64 " may not be read by %d (%s)"
                        : "0x%" PRIx64 " is in no mapping of %d (%s)", va,
                        u->t->pid, u->t->comm);
    }
    if (!linux_absent(u->lx, u->t, v, va - va % PAGE, page, err)) {
        return false;
    }
    memcpy(to, page + va % PAGE, len);
    return true;
}

bool linux_user_read(LinuxUser *u, uint64_t va, void *buf, size_t len,
                     OsiError *err)
{
    uint8_t *to = buf;

    if (!u->t->root.table) {
        return osi_fail(err, OSI_ERR_NO_SUCH, u->t->object,
                        "%d (%s) has no address space", u->t->pid, u->t->comm);
    }
    while (len) {
        size_t part = MIN(len, PAGE - va % PAGE);

        if (!osi_reader_read(&u->reader, va, to, part, NULL) &&
            !absent_part(u, va, to, part, err)) {
            return false;
        }
        va += part;
        to += part;
        len -= part;
    }
    return true;
}
