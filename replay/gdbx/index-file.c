/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of an event index, F.index beside the recording F. Numbers are
 * big-endian:
 *
 *     "event index\n"
 *     8 bytes of the recording, 64 its checksum (BesideId)
 *     8 from, 8 to; 4 names, 4 chunks
 *     each name: 8 icount, 4 tid, 16 name
 *     each chunk: 8 first, 8 last, 4 kinds, 4 records, 4 plain, 4 size, data
 *     4 CRC-32 of all before it
 *
 * A file that is not this, or of another recording, is left aside; it is made
 * anew by the next replay that has the index on.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include <zlib.h>
#include "system/replay.h"
#include "replay/beside.h"
#include "replay/gdbx/index-chunk.h"

static const char magic[] = "event index\n";
#define MAGIC (sizeof(magic) - 1)
#define SUM 64
#define FILE_MOST (INDEX_BYTES + 64 * MiB)

/* ---- writing ---- */

typedef struct Out {
    FILE *f;
    uint32_t crc;
    bool bad;
} Out;

static void put(Out *o, const void *data, size_t n)
{
    o->bad |= fwrite(data, 1, n, o->f) != n;
    o->crc = crc32(o->crc, data, n);
}

static void put32(Out *o, uint32_t v)
{
    uint8_t b[4];

    stl_be_p(b, v);
    put(o, b, sizeof(b));
}

static void put64(Out *o, uint64_t v)
{
    put32(o, v >> 32);
    put32(o, v);
}

static void put_name(Out *o, const IndexName *n)
{
    put64(o, n->icount);
    put32(o, n->tid);
    put(o, n->name, INDEX_NAME);
}

static void put_chunk(Out *o, const IndexChunk *c)
{
    put64(o, c->first);
    put64(o, c->last);
    put32(o, c->kinds);
    put32(o, c->records);
    put32(o, c->plain);
    put32(o, c->size);
    put(o, c->data, c->size);
}

static void put_contents(const IndexContents *c, void *opaque)
{
    Out *o = opaque;

    put64(o, c->from);
    put64(o, c->to);
    put32(o, c->names->len);
    put32(o, c->chunks->len);
    for (guint i = 0; i < c->names->len; i++) {
        put_name(o, &g_array_index(c->names, IndexName, i));
    }
    for (guint i = 0; i < c->chunks->len; i++) {
        put_chunk(o, &g_array_index(c->chunks, IndexChunk, i));
    }
}

static bool write_file(FILE *f, const BesideId *id)
{
    Out o = { .f = f };

    put(&o, magic, MAGIC);
    put64(&o, id->bytes);
    put(&o, id->sum, SUM);
    index_use_contents(put_contents, &o);
    put32(&o, o.crc);
    return !fclose(f) && !o.bad;
}

const char *index_save(void)
{
    g_autofree char *name = beside_name("index"), *fresh = NULL;
    BesideId id;
    FILE *f;

    if (!name || replay_mode != REPLAY_MODE_PLAY || !index_range().any) {
        return NULL;
    }
    if (!beside_id(0, &id)) {
        return "the recording cannot be read";
    }
    fresh = g_strconcat(name, ".new", NULL);
    f = fopen(fresh, "wb");
    if (!f) {
        return "its file cannot be written";
    }
    if (!write_file(f, &id) || rename(fresh, name)) {
        unlink(fresh);
        return "its file cannot be written";
    }
    return NULL;
}

/* ---- reading ---- */

typedef struct In {
    const uint8_t *p, *end;
    bool bad;
} In;

static const uint8_t *get(In *in, size_t n)
{
    const uint8_t *p = in->p;

    if (in->bad || n > (size_t)(in->end - p)) {
        in->bad = true;
        return NULL;
    }
    in->p += n;
    return p;
}

static uint32_t get32(In *in)
{
    const uint8_t *p = get(in, 4);

    return p ? ldl_be_p(p) : 0;
}

static uint64_t get64(In *in)
{
    uint64_t hi = get32(in);

    return hi << 32 | get32(in);
}

static void get_name(In *in, IndexContents *c)
{
    IndexName n = { .icount = get64(in), .tid = get32(in) };
    const uint8_t *name = get(in, INDEX_NAME);

    if (name) {
        for (int i = 0; i < INDEX_NAME - 1 && name[i]; i++) {
            n.name[i] = g_ascii_isprint(name[i]) ? name[i] : '?';
        }
        g_array_append_val(c->names, n);
    }
}

/* Chunks follow one another, and have their sizes within bounds. */
static void get_chunk(In *in, IndexContents *c, uint64_t *before)
{
    IndexChunk k = { .first = get64(in), .last = get64(in) };
    const uint8_t *data;

    k.kinds = get32(in);
    k.records = get32(in);
    k.plain = get32(in);
    k.size = get32(in);
    data = get(in, k.size);
    in->bad |= !k.records || k.records > CHUNK_MOST || k.first < *before ||
               k.last < k.first || k.last > c->to ||
               k.plain > k.records * CHUNK_RECORD_MOST;
    if (!in->bad) {
        k.data = g_memdup2(data, k.size);
        g_array_append_val(c->chunks, k);
        *before = k.last;
    }
}

/* NULL, or why not. */
static const char *read_contents(In *in, IndexContents *c)
{
    BesideId id = { 0 };
    const uint8_t *p = get(in, MAGIC);
    uint32_t names, chunks;
    uint64_t before;

    if (!p || memcmp(p, magic, MAGIC)) {
        return "is no event index";
    }
    id.bytes = get64(in);
    p = get(in, SUM);
    c->any = true;
    c->from = before = get64(in);
    c->to = get64(in);
    names = get32(in);
    chunks = get32(in);
    if (in->bad || c->to < c->from || names > INDEX_NAMES_MOST) {
        return "is damaged";
    }
    memcpy(id.sum, p, SUM);
    if (!beside_matches(&id)) {
        return "is of another recording";
    }
    while (names-- && !in->bad) {
        get_name(in, c);
    }
    while (chunks-- && !in->bad) {
        get_chunk(in, c, &before);
    }
    return in->bad || in->p != in->end ? "is damaged" : NULL;
}

static const char *read_file(const uint8_t *data, size_t n, IndexContents *c)
{
    In in = { data, data + n };
    bool whole = n > 4 && crc32(0, data, n - 4) ==
                          (uint32_t)ldl_be_p(data + n - 4);
    const char *why;

    in.end -= MIN(n, 4);
    why = read_contents(&in, c);
    return why ?: whole ? NULL : "is damaged";
}

const char *index_load(void)
{
    g_autofree char *name = beside_name("index");
    g_autofree uint8_t *data = NULL;
    IndexContents c = { 0 };
    const char *why;
    struct stat st;
    FILE *f = name && replay_mode == REPLAY_MODE_PLAY ? fopen(name, "rb")
                                                      : NULL;

    if (!f) {
        return NULL;
    }
    if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode) ||
        st.st_size > FILE_MOST) {
        fclose(f);
        return "is no event index";
    }
    data = g_malloc(st.st_size + 1);
    st.st_size = fread(data, 1, st.st_size, f);
    fclose(f);
    c.chunks = index_new_chunks();
    c.names = g_array_new(false, false, sizeof(IndexName));
    why = read_file(data, st.st_size, &c);
    if (why) {
        index_contents_free(&c);
    } else {
        index_set_contents(&c);
    }
    return why;
}
