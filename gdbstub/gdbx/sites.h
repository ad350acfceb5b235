/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in RAM the code of the points is.
 *
 * Every execution at a virtual page is preceded by a TLB fill for that page.
 * So: adding a point flushes the TLBs once, at the next resume; the fill of a
 * page with points (the arch's hook) notes which RAM page it is now and has
 * code translated before thrown away. At translation an instruction is
 * instrumented when it is in such a RAM page at the offset of a point: nothing
 * else in the guest is slower, and no remapping, sharing or late mapping can
 * come between.
 *
 * Sticky: what was added stays until gdbx_sites_reset(), so that gdb's removal
 * and re-insertion at each stop costs nothing.
 *
 * Locking: gdbx_site_add(), _commit(), _reset() in the main thread under the
 * BQL with all vCPUs paused; the others in vCPU threads, any number at once.
 */
#ifndef GDBX_SITES_H
#define GDBX_SITES_H

#include "hw/core/cpu.h"

/* A RAM page that has no address in RAM: device memory. */
#define GDBX_NO_RAM UINT64_MAX

/* The question at linear address @addr is new, or has changed. */
void gdbx_site_add(uint64_t addr);
/* The guest is about to run: what was added becomes effective. */
void gdbx_sites_commit(void);
void gdbx_sites_reset(void);
/* How many virtual and RAM pages have points; for people. */
void gdbx_sites_count(size_t *virt, size_t *ram);

/* May the page of @va have points? Cheap; no is certain. */
bool gdbx_site_page_wanted(uint64_t va);
/* The page of @va is now the RAM page @ram on @cs, and executable. */
void gdbx_site_page_mapped(CPUState *cs, uint64_t va, uint64_t ram);

/* Is there to be a check at @offset of the RAM page @ram (or GDBX_NO_RAM)? */
bool gdbx_site_wanted(uint64_t ram, unsigned offset);
/* Can the point at @addr be at that RAM page? Yes unless known otherwise. */
bool gdbx_site_reaches(uint64_t addr, uint64_t ram);

#endif
