/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mappings of a process as the Linux provider's files share them. */
#ifndef INTROSPECT_LINUX_VMA_H
#define INTROSPECT_LINUX_VMA_H

#include "linux.h"

/* vm_flags; include/linux/mm.h of Linux. */
#define LINUX_VM_READ           0x1u
#define LINUX_VM_WRITE          0x2u
#define LINUX_VM_EXEC           0x4u
#define LINUX_VM_MAYSHARE       0x80u
#define LINUX_VM_UFFD_MISSING   0x200u
#define LINUX_VM_PFNMAP         0x400u
#define LINUX_VM_IO             0x4000u
#define LINUX_VM_HUGETLB        0x400000u

/* The members of one struct vm_area_struct that are used. */
typedef struct LinuxVma {
    uint64_t object, start, end, flags, pgoff, file, ops, private, anon_name;
    uint64_t mm, next;          /* 0 where the kernel has no such member */
} LinuxVma;

bool linux_vma_read(Linux *lx, uint64_t object, LinuxVma *v, OsiError *err);

/* All of an mm, ascending, appended to @out (of LinuxVma). */
bool linux_vma_list(Linux *lx, const OsiTask *t, GArray *out, OsiError *err);

/* In such a list; NULL when @va is in none. */
const LinuxVma *linux_vma_find(const GArray *list, uint64_t va);

/*
 * Name that a driver of the kernel's own has given a mapping ("[vdso]"); ""
 * when there is none. @name: 32 bytes.
 */
bool linux_vma_special(Linux *lx, const LinuxVma *v, char name[32]);

#endif
