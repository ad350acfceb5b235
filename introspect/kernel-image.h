/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a 64-bit Linux kernel lies, from nothing but control registers and
 * page tables: the entry point for system calls (LSTAR) or for page faults
 * (IDT 14) is inside its text, and the image is physically contiguous.
 */
#ifndef INTROSPECT_KERNEL_IMAGE_H
#define INTROSPECT_KERNEL_IMAGE_H

#include "introspect/provider.h"

/* The window x86-64 Linux links itself into, Documentation/x86/x86_64/mm.rst. */
#define OSI_KERNEL_LO 0xffffffff80000000ull
#define OSI_KERNEL_HI 0xffffffffc0000000ull

typedef struct OsiImage {
    OsiRoot root;           /* an address space that maps all of it */
    uint64_t base, size;    /* virtual; base = the kernel's _text */
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

/* Paging mode that a vCPU's control registers select. */
OsiPaging osi_cpu_paging(const OsiCpu *cpu);

#endif
