/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that tell gdb of the guest's kernel: its symbols, at the addresses it
 * runs at, and how its frames are left. Rules as in introspect/guest.h; what is
 * returned is the caller's.
 */
#ifndef GDBX_KERNEL_FILE_H
#define GDBX_KERNEL_FILE_H

#include "gdbstub/gdbx/kernel-elf.h"

/* NULL with @err filled: there is no kernel, or it has no symbols. */
GBytes *gdbx_kernel_file(OsiGuest *g, OsiError *err);

/* Is it in memory? Those that only a module's start needs are freed. */
bool gdbx_section_there(const OsiSection *s);

/*
 * Of a module. Its sections with memory are those of osi_module_sections()
 * that are there, in that order.
 */
GBytes *gdbx_module_file(OsiGuest *g, const OsiModule *m, OsiError *err);

#endif
