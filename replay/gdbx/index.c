/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event index of a recording. See include/replay/index.h.
 *
 * Records are appended to an open array, which becomes a packed chunk when it is
 * full. There is one range without a gap: what is told beyond it, because the
 * machine was brought there by a checkpoint or ran unobserved, is dropped.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "qemu/thread.h"
#include "replay/gdbx/index-chunk.h"

bool index_live;

static QemuMutex lock;
static IndexContents have;      /* @chunks, @names: NULL before the first use */
static GArray *open_records;    /* IndexRecord, the latest ones */
static GHashTable *called;      /* tid -> number of its last name, from 1 */
static uint64_t records, bytes; /* of the chunks */
static bool armed;              /* between index_begin() and index_end() */
static bool full;

static int cached = -1;         /* chunk that @unpacked is of */
static IndexRecord unpacked[CHUNK_MOST];

static void __attribute__((constructor)) init(void)
{
    qemu_mutex_init(&lock);
}

static IndexChunk *chunk(guint i)
{
    return &g_array_index(have.chunks, IndexChunk, i);
}

static void clear_chunk(void *c)
{
    g_free(((IndexChunk *)c)->data);
}

GArray *index_new_chunks(void)
{
    GArray *a = g_array_new(false, false, sizeof(IndexChunk));

    g_array_set_clear_func(a, clear_chunk);
    return a;
}

void index_contents_free(IndexContents *c)
{
    g_clear_pointer(&c->chunks, g_array_unref);
    g_clear_pointer(&c->names, g_array_unref);
}

static void clear(void)
{
    index_contents_free(&have);
    have = (IndexContents) {
        .chunks = index_new_chunks(),
        .names = g_array_new(false, false, sizeof(IndexName)),
    };
    g_clear_pointer(&open_records, g_array_unref);
    open_records = g_array_new(false, false, sizeof(IndexRecord));
    g_clear_pointer(&called, g_hash_table_unref);
    called = g_hash_table_new(NULL, NULL);
    records = bytes = 0;
    full = false;
    cached = -1;
    qatomic_set(&index_live, false);
}

static void begin_with(void)
{
    if (!have.chunks) {
        clear();
    }
}

void index_clear(void)
{
    QEMU_LOCK_GUARD(&lock);
    clear();
}

static uint64_t memory(void)
{
    return bytes + open_records->len * sizeof(IndexRecord) +
           have.names->len * sizeof(IndexName);
}

IndexRange index_range(void)
{
    QEMU_LOCK_GUARD(&lock);
    begin_with();
    return (IndexRange) {
        .any = have.any, .from = have.from, .to = have.to, .full = full,
        .records = records + open_records->len, .bytes = memory(),
    };
}

/* ---- the range ---- */

/* Of a range that is a point only, nothing is lost. */
static void begin(uint64_t icount)
{
    bool empty = have.from == have.to && !have.chunks->len &&
                 !open_records->len;

    if (!have.any || empty) {
        have.any = true;
        have.from = have.to = icount;
    }
    qatomic_set(&index_live, !full && icount >= have.from &&
                             icount <= have.to);
}

static void end(uint64_t icount)
{
    if (index_live) {
        have.to = MAX(have.to, icount);
    }
    qatomic_set(&index_live, false);
}

void index_begin(uint64_t icount)
{
    QEMU_LOCK_GUARD(&lock);
    begin_with();
    armed = true;
    begin(icount);
}

void index_end(uint64_t icount)
{
    QEMU_LOCK_GUARD(&lock);
    if (armed) {
        armed = false;
        end(icount);
    }
}

void index_jump(uint64_t icount, uint64_t to)
{
    QEMU_LOCK_GUARD(&lock);
    if (armed) {
        end(icount);
        begin(to);
    }
}

/* ---- what is told ---- */

static void pack(void)
{
    IndexChunk c = index_pack((IndexRecord *)open_records->data,
                              open_records->len);

    g_array_append_val(have.chunks, c);
    records += c.records;
    bytes += c.size + sizeof(c);
    g_array_set_size(open_records, 0);
}

static bool same(const IndexRecord *a, const IndexRecord *b)
{
    return a->icount == b->icount && a->value == b->value &&
           a->pid == b->pid && a->tid == b->tid && a->what == b->what &&
           a->kind == b->kind && a->flags == b->flags;
}

/* One that was told at the last icount is told again after each stop there. */
static bool is_known(const IndexRecord *r)
{
    uint64_t last = have.chunks->len ? chunk(have.chunks->len - 1)->last : 0;

    for (guint i = open_records->len; i-- > 0; ) {
        const IndexRecord *o = &g_array_index(open_records, IndexRecord, i);

        if (o->icount != r->icount) {
            return o->icount > r->icount;
        }
        if (same(o, r)) {
            return true;
        }
    }
    return have.chunks->len && r->icount <= last;
}

/* Those of one icount are in one chunk. */
static bool is_full(const IndexRecord *r)
{
    guint n = open_records->len;

    return n >= CHUNK_RECORDS &&
           (n >= CHUNK_MOST ||
            g_array_index(open_records, IndexRecord, n - 1).icount <
            r->icount);
}

void index_add(const IndexRecord *r)
{
    QEMU_LOCK_GUARD(&lock);
    if (!index_live || is_known(r)) {
        return;
    }
    if (memory() > INDEX_BYTES) {
        full = true;
        end(r->icount);
        return;
    }
    if (is_full(r)) {
        pack();
    }
    g_array_append_val(open_records, *r);
    have.to = MAX(have.to, r->icount);
}

static IndexName *name_of(gpointer number)
{
    return &g_array_index(have.names, IndexName, GPOINTER_TO_UINT(number) - 1);
}

void index_name(uint64_t icount, int32_t tid, const char *name)
{
    gpointer key = GINT_TO_POINTER(tid), last;
    IndexName n = { .icount = icount, .tid = tid };

    QEMU_LOCK_GUARD(&lock);
    if (!index_live || have.names->len >= INDEX_NAMES_MOST) {
        return;
    }
    g_strlcpy(n.name, name, sizeof(n.name));
    last = g_hash_table_lookup(called, key);
    if (last && (icount <= name_of(last)->icount ||
                 !strcmp(name_of(last)->name, n.name))) {
        return;
    }
    g_array_append_val(have.names, n);
    g_hash_table_insert(called, key, GUINT_TO_POINTER(have.names->len));
}

/* ---- questions ---- */

static const IndexRecord *records_of(guint i, guint *n)
{
    if (i == have.chunks->len) {
        *n = open_records->len;
        return (IndexRecord *)open_records->data;
    }
    *n = chunk(i)->records;
    if (cached != (int)i) {
        cached = -1;
        if (!index_unpack(chunk(i), unpacked)) {
            *n = 0;             /* a file that was made up */
            return unpacked;
        }
        cached = i;
    }
    return unpacked;
}

static bool may_have(guint i, uint64_t icount, bool back, uint32_t kinds)
{
    const IndexChunk *c = i < have.chunks->len ? chunk(i) : NULL;

    return !c || ((c->kinds & kinds) &&
                  (back ? c->first < icount : c->last >= icount));
}

bool index_find(uint64_t icount, bool back, uint32_t kinds,
                bool (*match)(const IndexRecord *r, void *opaque),
                void *opaque, IndexRecord *found)
{
    QEMU_LOCK_GUARD(&lock);
    begin_with();
    for (guint k = 0; k <= have.chunks->len; k++) {
        guint i = back ? have.chunks->len - k : k, n;
        const IndexRecord *r;

        if (!may_have(i, icount, back, kinds)) {
            continue;
        }
        r = records_of(i, &n);
        for (guint j = 0; j < n; j++) {
            const IndexRecord *o = &r[back ? n - 1 - j : j];

            if ((back ? o->icount < icount : o->icount >= icount) &&
                (kinds >> o->kind & 1) && match(o, opaque)) {
                *found = *o;
                return true;
            }
        }
    }
    return false;
}

GHashTable *index_called(const char *name)
{
    GHashTable *all = g_hash_table_new_full(NULL, NULL, NULL,
                                            (GDestroyNotify)g_array_unref);

    QEMU_LOCK_GUARD(&lock);
    begin_with();
    for (guint i = 0; i < have.names->len; i++) {
        const IndexName *n = &g_array_index(have.names, IndexName, i);
        gpointer key = GINT_TO_POINTER(n->tid);
        GArray *times = g_hash_table_lookup(all, key);
        IndexTime now = { times ? n->icount : 0, UINT64_MAX }, *last;

        if (!times) {
            times = g_array_new(false, false, sizeof(IndexTime));
            g_hash_table_insert(all, key, times);
        }
        last = times->len ? &g_array_index(times, IndexTime, times->len - 1)
                          : NULL;
        if (last && last->to == UINT64_MAX) {
            last->to = n->icount;
        }
        if (!strcmp(n->name, name)) {
            g_array_append_val(times, now);
        }
    }
    return all;
}

/* Before it was told its first name it had that, too. */
void index_name_at(uint64_t icount, int32_t tid, char name[INDEX_NAME])
{
    const IndexName *best = NULL;

    QEMU_LOCK_GUARD(&lock);
    begin_with();
    for (guint i = 0; i < have.names->len; i++) {
        const IndexName *n = &g_array_index(have.names, IndexName, i);

        if (n->tid == tid && (!best || n->icount <= icount)) {
            best = n;
        }
    }
    g_strlcpy(name, best ? best->name : "", INDEX_NAME);
}

/* ---- for the file ---- */

/* The last chunk is the open one again: more may come at its last icount. */
static void reopen(void)
{
    guint last = have.chunks->len - 1;

    if (have.chunks->len && !open_records->len) {
        g_array_set_size(open_records, chunk(last)->records);
        if (!index_unpack(chunk(last), (IndexRecord *)open_records->data)) {
            g_array_set_size(open_records, 0);
            return;
        }
        records -= chunk(last)->records;
        bytes -= chunk(last)->size + sizeof(IndexChunk);
        g_array_set_size(have.chunks, last);
        cached = -1;
    }
}

void index_use_contents(void (*use)(const IndexContents *c, void *opaque),
                        void *opaque)
{
    QEMU_LOCK_GUARD(&lock);
    begin_with();
    if (open_records->len) {
        pack();
    }
    use(&have, opaque);
    reopen();
}

void index_set_contents(IndexContents *c)
{
    QEMU_LOCK_GUARD(&lock);
    clear();
    index_contents_free(&have);
    have = *c;
    for (guint i = 0; i < have.chunks->len; i++) {
        records += chunk(i)->records;
        bytes += chunk(i)->size + sizeof(IndexChunk);
    }
    for (guint i = 0; i < have.names->len; i++) {
        g_hash_table_insert(called, GINT_TO_POINTER(
                            g_array_index(have.names, IndexName, i).tid),
                            GUINT_TO_POINTER(i + 1));
    }
    reopen();
}
