/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of a process for the provider's own use. */
#ifndef INTROSPECT_LINUX_USER_H
#define INTROSPECT_LINUX_USER_H

#include "linux-vma.h"

/* Good while the guest stands still; the mappings are read when needed. */
typedef struct LinuxUser {
    Linux *lx;
    const OsiTask *t;
    OsiReader reader;       /* its page tables */
    GArray *list;           /* LinuxVma; NULL not read yet */
} LinuxUser;

void linux_user_init(LinuxUser *u, Linux *lx, const OsiTask *t);
void linux_user_clear(LinuxUser *u);

/* The mappings; NULL on failure. */
const GArray *linux_user_vmas(LinuxUser *u, OsiError *err);

/*
 * All or nothing: as the process would read it. Pages that its page tables do
 * not have come from linux_absent().
 */
bool linux_user_read(LinuxUser *u, uint64_t va, void *buf, size_t len,
                     OsiError *err);

/* What the process would read at page @va of @v, which is in no page table. */
bool linux_absent(Linux *lx, const OsiTask *t, const LinuxVma *v, uint64_t va,
                  uint8_t page[4096], OsiError *err);

#endif
