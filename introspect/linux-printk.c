/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of printk, as they are stored: prb_commit() and prb_final_commit() end
 * the writing of a record of the ring buffer that Linux has since 5.10
 * (kernel/printk/printk_ringbuffer.[ch]). Their argument tells the record; text,
 * length and level are there by then. Found by the structures, which are all
 * in BTF; a kernel whose log is not such a ring has no such functions.
 *
 * A line without its end is committed as well, and again when more is added
 * to it (pr_cont()); only prb_final_commit() says that nothing will follow.
 *
 * A record's text is a block in a ring of bytes: the record's id in a word, then
 * the text. Positions count on for ever; a block that would cross the end of the
 * ring is at its beginning, and ends in the next round. An odd position
 * means no text.
 */
#include <string.h>
#include "linux-printk.h"

#define BITS_MAX 28             /* of both rings; CONFIG_LOG_BUF_SHIFT is <= 25 */
#define LINE_MAX_BYTES 1024     /* PRINTKRB_RECORD_MAX */

typedef struct Row {
    size_t field;
    const char *type, *path;
} Row;

#define P(name) offsetof(LinuxPrintk, name)

static const Row rows[] = {
    { P(entry_ring), "prb_reserved_entry", "rb" },
    { P(entry_id), "prb_reserved_entry", "id" },
    { P(count_bits), "printk_ringbuffer", "desc_ring.count_bits" },
    { P(descs), "printk_ringbuffer", "desc_ring.descs" },
    { P(infos), "printk_ringbuffer", "desc_ring.infos" },
    { P(size_bits), "printk_ringbuffer", "text_data_ring.size_bits" },
    { P(data), "printk_ringbuffer", "text_data_ring.data" },
    { P(begin), "prb_desc", "text_blk_lpos.begin" },
    { P(next), "prb_desc", "text_blk_lpos.next" },
    { P(seq), "printk_info", "seq" },
    { P(text_len), "printk_info", "text_len" },
    { P(facility), "printk_info", "facility" },
    { P(level), "printk_info", "level" },
};

bool linux_printk_layout(const Linux *lx, LinuxPrintk *p, OsiError *err)
{
    if (!lx->btf) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0,
                        "the layout of printk's records is known from BTF only");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        OsiField *f = (OsiField *)((char *)p + rows[i].field);

        if (!osi_btf_member(lx->btf, rows[i].type, rows[i].path, f, err)) {
            return false;
        }
        if (!f->size || f->size > 8 || (f->size & (f->size - 1))) {
            return osi_fail(err, OSI_ERR_BAD_DATA, 0,
                            "BTF: %s.%s is no number", rows[i].type,
                            rows[i].path);
        }
    }
    p->word = lx->word;
    p->desc_bytes = osi_btf_struct_size(lx->btf, "prb_desc");
    p->info_bytes = osi_btf_struct_size(lx->btf, "printk_info");
    if (!linux_sym(lx, "prb", &p->current)) {
        p->current = 0;
    }
    return true;
}

static bool number(OsiReader *r, uint64_t object, const OsiField *f,
                   uint64_t *value, OsiError *err)
{
    if (!osi_reader_uint(r, object + f->offset, f->size, value, err)) {
        return false;
    }
    if (f->bit_size) {
        *value = *value >> f->bit_offset & ((1u << f->bit_size) - 1);
    }
    return true;
}

/* Records that are copied into another ring at boot have been told before. */
static bool is_current(const LinuxPrintk *p, OsiReader *r, uint64_t ring)
{
    uint64_t now;

    return !p->current ||
           !osi_reader_uint(r, p->current, p->word, &now, NULL) || now == ring;
}

/* As /dev/kmsg has it; Documentation/ABI/testing/dev-kmsg. */
static void put_text(char *to, size_t size, const uint8_t *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 5 < size; i++) {
        if (text[i] < ' ' || text[i] >= 127 || text[i] == '\\') {
            n += g_snprintf(to + n, size - n, "\\x%02x", text[i]);
        } else {
            to[n++] = text[i];
        }
    }
    to[n] = 0;
}

/* The block of the record @id at @begin; its text begins at *@at. */
static bool find_text(const LinuxPrintk *p, OsiReader *r, uint64_t ring,
                      uint64_t id, uint64_t begin, uint64_t next, uint64_t len,
                      uint64_t *at, OsiError *err)
{
    uint64_t bits, data, block, owner;

    if (!number(r, ring, &p->size_bits, &bits, err) ||
        !number(r, ring, &p->data, &data, err)) {
        return false;
    }
    if (bits < 4 || bits > BITS_MAX || next - begin < p->word + len ||
        next - begin > (2ull << bits)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, ring,
                        "the text of a line of printk is not in its buffer");
    }
    block = begin >> bits == (next - 1) >> bits
        ? data + (begin & ((1ull << bits) - 1)) : data;
    if (!osi_reader_uint(r, block, p->word, &owner, err)) {
        return false;
    }
    *at = block + p->word;
    return owner == id ||
           osi_fail(err, OSI_ERR_BAD_DATA, block,
                    "a line of printk has no text of its own");
}

static bool read_text(const LinuxPrintk *p, OsiReader *r, uint64_t ring,
                      uint64_t id, uint64_t desc, uint64_t len, OsiEvent *ev,
                      OsiError *err)
{
    uint64_t begin, next, at = 0;
    uint8_t text[LINE_MAX_BYTES];

    len = MIN(len, sizeof(text));
    if (!number(r, desc, &p->begin, &begin, err) ||
        !number(r, desc, &p->next, &next, err)) {
        return false;
    }
    if (begin & next & 1) {
        len = 0;
    } else if (!find_text(p, r, ring, id, begin, next, len, &at, err) ||
               !osi_reader_read(r, at, text, len, err)) {
        return false;
    }
    put_text(ev->line, sizeof(ev->line), text, len);
    return true;
}

bool linux_printk_read(const LinuxPrintk *p, OsiReader *r, uint64_t entry,
                       OsiEvent *ev, OsiError *err)
{
    uint64_t ring, id, bits, descs, infos, n, len, facility, level;

    if (!number(r, entry, &p->entry_ring, &ring, err) ||
        !number(r, entry, &p->entry_id, &id, err) ||
        !number(r, ring, &p->count_bits, &bits, err) ||
        !number(r, ring, &p->descs, &descs, err) ||
        !number(r, ring, &p->infos, &infos, err)) {
        return false;
    }
    if (bits > BITS_MAX || !is_current(p, r, ring)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, ring,
                        "0x%" PRIx64 " is not the log's buffer", ring);
    }
    n = id & ((1ull << bits) - 1);
    infos += n * p->info_bytes;
    if (!number(r, infos, &p->seq, &ev->seq, err) ||
        !number(r, infos, &p->text_len, &len, err) ||
        !number(r, infos, &p->facility, &facility, err) ||
        !number(r, infos, &p->level, &level, err) ||
        !read_text(p, r, ring, id, descs + n * p->desc_bytes, len, ev, err)) {
        return false;
    }
    ev->object = infos;
    ev->level = level;
    ev->facility = facility;
    return true;
}
