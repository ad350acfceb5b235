/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was written to a disk, sector by sector, in versions that share what they
 * have in common: a copy costs nothing, a write to one of the copies costs the
 * blocks it writes. Sectors that were never written are not there.
 *
 * Offsets and lengths are in bytes and multiples of SECTOR; offset + length is at
 * most the disk's size. Locking: the caller's, one for all maps.
 */
#ifndef REPLAY_GDBX_SECTORS_H
#define REPLAY_GDBX_SECTORS_H

#define SECTOR 512u

typedef struct SectorMap SectorMap;

/* Of a disk of @size bytes, nothing is written. sectors_free(). */
SectorMap *sectors_new(uint64_t size);
uint64_t sectors_size(const SectorMap *m);
SectorMap *sectors_copy(const SectorMap *m);
void sectors_free(SectorMap *m);

void sectors_write(SectorMap *m, uint64_t offset, const void *data,
                   uint64_t len);
/* The same with zeros; costs no memory to speak of, however many. */
void sectors_zero(SectorMap *m, uint64_t offset, uint64_t len);

/*
 * Puts what is there over @buf, which holds @len bytes from @offset on; these two
 * need not be multiples of anything.
 */
void sectors_overlay(const SectorMap *m, uint64_t offset, void *buf,
                     uint64_t len);
bool sectors_has(const SectorMap *m, uint64_t offset);

/* Where a block begins that is not the same in @a and @b; false: none is. */
bool sectors_differ(const SectorMap *a, const SectorMap *b, uint64_t *offset);
/* @mix makes a new hash of a hash and some bytes. */
uint64_t sectors_hash(const SectorMap *m, uint64_t hash,
                      uint64_t (*mix)(uint64_t hash, const void *data,
                                      size_t len));

/* Memory of all maps, in bytes. */
uint64_t sectors_bytes(void);

#endif
