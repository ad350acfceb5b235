/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event index of a recording: what happened in it, and at which instruction,
 * for as much of it as has been replayed with somebody who told it here. What a
 * record means is for those who make it; here it is numbers, in the order of
 * instruction counts. A replay that passes the same place again tells the same
 * again, which changes nothing.
 *
 * index_add() and index_name() are for the vCPU thread, the rest for the main
 * thread; a mutex is between them.
 */
#ifndef REPLAY_INDEX_H
#define REPLAY_INDEX_H

#define INDEX_NAME 16           /* with its end */

/* @kind: below 32. */
typedef struct IndexRecord {
    uint64_t icount;            /* it happens in front of this instruction */
    int64_t value;
    int32_t pid, tid;           /* 0 idle, -1 not known */
    int32_t what;
    uint8_t kind, flags;
} IndexRecord;

/* What is known: all of the events from @from to @to, if there is @any. */
typedef struct IndexRange {
    bool any;
    uint64_t from, to;          /* instruction counts */
    uint64_t records;
    uint64_t bytes;             /* memory of them */
    bool full;                  /* INDEX_BYTES are used: it goes no further */
} IndexRange;

#define INDEX_BYTES (256ull << 20)

IndexRange index_range(void);
void index_clear(void);

/* ---- as the machine goes ---- */
/*
 * The machine runs from @icount on, and all events will be told. Those of a place
 * that the range does not reach are left aside.
 */
void index_begin(uint64_t icount);
/* It has stopped in front of @icount. */
void index_end(uint64_t icount);
/* Between these two: it was at @icount, and is at @to now (replay/gdbx/). */
void index_jump(uint64_t icount, uint64_t to);
/* Is what is told now kept? Any thread. */
extern bool index_live;

void index_add(const IndexRecord *r);
/* From here on thread @tid is called @name. */
void index_name(uint64_t icount, int32_t tid, const char *name);

/* ---- questions ---- */
/*
 * The last record before @icount (@back), or the first one at or after it, for
 * which @match says so, which asks nothing here; kinds: bits. False: none is.
 */
bool index_find(uint64_t icount, bool back, uint32_t kinds,
                bool (*match)(const IndexRecord *r, void *opaque),
                void *opaque, IndexRecord *found);
/*
 * Whose name was @name, and when: tid -> GArray of IndexTime, in order.
 * g_hash_table_unref() it.
 */
typedef struct IndexTime {
    uint64_t from, to;          /* up to, but without, @to */
} IndexTime;
GHashTable *index_called(const char *name);
/* How thread @tid was called then; "" if that is not known. */
void index_name_at(uint64_t icount, int32_t tid, char name[INDEX_NAME]);

/* ---- F.index, beside the recording ---- */
/* NULL: done, or there is nothing to write. Else why not, a constant. */
const char *index_save(void);
/* What was kept earlier. NULL: read, or there is none; else a constant. */
const char *index_load(void);

#endif
