/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of the event index, packed: differences to the one before, as numbers
 * of seven bits a byte, then zlib. A system call takes 3 to 5 bytes so.
 */
#include "qemu/osdep.h"
#include <zlib.h>
#include "replay/gdbx/index-chunk.h"

static uint8_t *put(uint8_t *p, uint64_t v)
{
    for (; v > 0x7f; v >>= 7) {
        *p++ = v | 0x80;
    }
    *p++ = v;
    return p;
}

/* Small numbers of either sign are short. */
static uint8_t *put_signed(uint8_t *p, int64_t v)
{
    return put(p, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static uint8_t *put_record(uint8_t *p, const IndexRecord *r,
                           const IndexRecord *before)
{
    p = put(p, r->icount - before->icount);
    *p++ = r->kind;
    *p++ = r->flags;
    p = put_signed(p, (int64_t)r->pid - before->pid);
    p = put_signed(p, (int64_t)r->tid - before->tid);
    p = put_signed(p, r->what);
    return put_signed(p, r->value);
}

IndexChunk index_pack(const IndexRecord *r, uint32_t n)
{
    g_autofree uint8_t *plain = g_malloc(n * CHUNK_RECORD_MOST);
    IndexChunk c = {
        .first = r[0].icount, .last = r[n - 1].icount, .records = n,
    };
    IndexRecord before = { 0 };
    uint8_t *p = plain;
    uLongf size;

    for (uint32_t i = 0; i < n; i++) {
        p = put_record(p, &r[i], &before);
        before = r[i];
        c.kinds |= 1u << r[i].kind;
    }
    c.plain = p - plain;
    size = compressBound(c.plain);
    c.data = g_malloc(size);
    if (compress2(c.data, &size, plain, c.plain, 1) != Z_OK) {
        g_assert_not_reached();         /* there is room */
    }
    c.size = size;
    c.data = g_realloc(c.data, size);
    return c;
}

typedef struct Reader {
    const uint8_t *p, *end;
    bool bad;
} Reader;

static uint8_t byte(Reader *r)
{
    if (r->p == r->end) {
        r->bad = true;
        return 0;
    }
    return *r->p++;
}

static uint64_t get(Reader *r)
{
    uint64_t v = 0;
    uint8_t b;

    for (int shift = 0; shift < 64; shift += 7) {
        b = byte(r);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80)) {
            return v;
        }
    }
    r->bad = true;
    return 0;
}

static int64_t get_signed(Reader *r)
{
    uint64_t v = get(r);

    return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

static int32_t get_int(Reader *r, int64_t from)
{
    int64_t d = get_signed(r), v = 0;

    r->bad |= __builtin_add_overflow(from, d, &v) || v != (int32_t)v;
    return r->bad ? 0 : v;
}

static void get_record(Reader *r, IndexRecord *to, const IndexRecord *before)
{
    r->bad |= __builtin_add_overflow(before->icount, get(r), &to->icount);
    to->kind = byte(r);
    to->flags = byte(r);
    to->pid = get_int(r, before->pid);
    to->tid = get_int(r, before->tid);
    to->what = get_int(r, 0);
    to->value = get_signed(r);
    r->bad |= to->kind > 31;
}

bool index_unpack(const IndexChunk *c, IndexRecord *r)
{
    g_autofree uint8_t *plain = NULL;
    uLongf size = c->plain;
    IndexRecord before = { 0 };
    uint32_t kinds = 0;
    Reader in;

    if (!c->records || c->records > CHUNK_MOST ||
        c->plain > c->records * CHUNK_RECORD_MOST) {
        return false;
    }
    plain = g_malloc(c->plain + 1);
    if (uncompress(plain, &size, c->data, c->size) != Z_OK ||
        size != c->plain) {
        return false;
    }
    in = (Reader) { plain, plain + size };
    for (uint32_t i = 0; i < c->records && !in.bad; i++) {
        get_record(&in, &r[i], &before);
        before = r[i];
        kinds |= in.bad ? 0 : 1u << r[i].kind;
    }
    return !in.bad && in.p == in.end && r[0].icount == c->first &&
           before.icount == c->last && kinds == c->kinds;
}
