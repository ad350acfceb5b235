/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records of the event index, packed; for index.c and index-file.c. */
#ifndef REPLAY_GDBX_INDEX_CHUNK_H
#define REPLAY_GDBX_INDEX_CHUNK_H

#include "replay/index.h"

#define CHUNK_RECORDS 4096      /* in each; more if they have one icount */
#define CHUNK_MOST (4 * CHUNK_RECORDS)
#define CHUNK_RECORD_MOST 40    /* bytes of one, not compressed */

typedef struct IndexChunk {
    uint64_t first, last;       /* instruction counts */
    uint32_t kinds;             /* bits */
    uint32_t records;
    uint32_t plain, size;       /* bytes, before and after zlib */
    uint8_t *data;              /* g_free() */
} IndexChunk;

/* @n > 0 records, by icount. */
IndexChunk index_pack(const IndexRecord *r, uint32_t n);
/*
 * Into @r, which has room for @c->records (up to CHUNK_MOST). False: it is none
 * that index_pack() makes. Any bytes.
 */
bool index_unpack(const IndexChunk *c, IndexRecord *r);

/* "What thread is called how", by icount. */
typedef struct IndexName {
    uint64_t icount;
    int32_t tid;
    char name[INDEX_NAME];
} IndexName;
#define INDEX_NAMES_MOST 1000000

/* What the index has, for index-file.c. */
typedef struct IndexContents {
    bool any;
    uint64_t from, to;
    GArray *chunks;             /* IndexChunk, owned */
    GArray *names;              /* IndexName */
} IndexContents;

GArray *index_new_chunks(void);
void index_contents_free(IndexContents *c);
/* Calls @use with all of it. */
void index_use_contents(void (*use)(const IndexContents *c, void *opaque),
                        void *opaque);
/* Takes over what @c has. */
void index_set_contents(IndexContents *c);

#endif
