/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was in the guest's RAM at some moments. Pages that are alike in several
 * images are stored once, so an image costs what was written since the one
 * before it, and any of them can go at any time.
 *
 * Locking: BQL, and no vCPU executes.
 */
#ifndef REPLAY_GDBX_PAGES_H
#define REPLAY_GDBX_PAGES_H

typedef struct PageImage PageImage;

/* RAM as it is. The first one begins to note which pages are written. */
PageImage *pages_take(void);
/*
 * Makes RAM as it was; translated code of pages that differ is dropped. Returns
 * how many these are.
 */
size_t pages_restore(PageImage *image);
void pages_free(PageImage *image);
/* Pages that were copied into images, and back, since QEMU began. */
void pages_moved(uint64_t *copied, uint64_t *rewritten);
/* Memory that all images have, in bytes. */
uint64_t pages_bytes(void);
/* A hash of each block of RAM as it is. */
typedef void PagesTell(const char *name, unsigned instance, uint64_t hash,
                       void *opaque);
void pages_hash(PagesTell *tell, void *opaque);
/* For a test: the next restore forgets one page that differs. */
void pages_fail_once(void);

/* FNV-like, by words: not against an adversary. */
uint64_t pages_mix(uint64_t hash, const void *data, size_t len);

#endif
