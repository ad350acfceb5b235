/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a Linux kernel lies, from nothing but control registers and page
 * tables: the entry point for system calls (LSTAR) or for page faults (IDT 14)
 * is inside its text, and the image is physically contiguous.
 *
 * A 64-bit kernel has a window of its own. A 32-bit one lies in the direct map
 * of all low memory: there the segment that holds the entry point is its start
 * and what follows, up to a bound, is taken for its data.
 */
#ifndef INTROSPECT_KERNEL_IMAGE_H
#define INTROSPECT_KERNEL_IMAGE_H

#include "introspect/provider.h"

/* The window x86-64 Linux links itself into, Documentation/x86/x86_64/mm.rst. */
#define OSI_KERNEL_LO 0xffffffff80000000ull
#define OSI_KERNEL_HI 0xffffffffc0000000ull

typedef struct OsiImage {
    OsiRoot root;           /* an address space that maps all of it */
    uint64_t base, size;    /* virtual; base = the kernel's _text (32-bit, in
                               early boot: at or before it) */
    uint64_t pa;            /* physical address of @base */
    uint64_t anchor;        /* the entry point it was found by */
    const char *anchor_name;
    int cpu;                /* OsiCpu.index of the vCPU it was found by */
    uint8_t *bytes;         /* copy of the image, or NULL */
} OsiImage;

/* @img->bytes is NULL on success. OSI_ERR_NO_OS when there is no kernel. */
bool osi_image_find(const OsiView *view, OsiImage *img, OsiError *err);

/*
 * Does any vCPU still enter this image? After a reset the old kernel lies in
 * RAM until something overwrites it, but no CPU would run it.
 */
bool osi_image_entered(const OsiView *view, const OsiImage *img, OsiRoot root);

/*
 * Copy the image to the host: 14..60 MiB, so drop it soon. Parts that are not
 * RAM read as zeros.
 */
bool osi_image_load(const OsiMemory *mem, OsiImage *img, OsiError *err);
void osi_image_unload(OsiImage *img);

/*
 * The kernel says itself that it is [base, end): cut @img, still unloaded or
 * not, down to that. What is not inside it is ignored.
 */
void osi_image_trim(OsiImage *img, uint64_t base, uint64_t end);

/* Bytes of a pointer of a kernel with such tables. */
static inline unsigned osi_paging_word(OsiPaging paging)
{
    return paging == OSI_PAGING_PAE || paging == OSI_PAGING_32BIT ? 4 : 8;
}

/* Paging mode that a vCPU's control registers select. */
OsiPaging osi_cpu_paging(const OsiCpu *cpu);

#endif
