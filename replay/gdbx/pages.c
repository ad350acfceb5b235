/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of RAM: a table of chunks of pages, all with a count of their users. An
 * image is the one before it with other pages in the places that were written.
 *
 * Which were written is known from QEMU's dirty bits of migration. They cost a
 * slow store for the first write to a page after each image, nothing later.
 *
 * Rejected: comparing all of RAM with the image before (18 ms for 256 MiB; a
 * reverse step has 3 ms); protecting host memory (a signal for each page); an
 * undo log of stores (each store would pay).
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "exec/exec-all.h"
#include "exec/ram_addr.h"
#include "exec/ramblock.h"
#include "exec/memory.h"
#include "qapi/error.h"
#include "replay/gdbx/pages.h"

#define PAGE 4096u
#define PER_CHUNK 512u
/* Pages of a block that is compared as a whole. */
#define SMALL 512u

typedef struct Page {
    unsigned users;
    uint8_t data[PAGE];
} Page;

typedef struct Chunk {
    unsigned users;
    Page *page[PER_CHUNK];
} Chunk;

struct PageImage {
    size_t chunks;
    Chunk *chunk[];
};

/* A block of RAM, with the numbers of its pages in an image. */
typedef struct Block {
    RAMBlock *rb;
    uint8_t *host;
    ram_addr_t ram;
    size_t first, pages;
} Block;

static GArray *blocks;          /* Block */
static size_t n_chunks;
static PageImage *known;        /* RAM but for what is written since */
static uint64_t bytes;
static uint64_t copied, rewritten;
static bool fail;

static Page *page_new(const uint8_t *data)
{
    Page *p = g_malloc(sizeof(*p));

    p->users = 1;
    memcpy(p->data, data, PAGE);
    bytes += sizeof(*p);
    return p;
}

static void page_unref(Page *p)
{
    if (p && !--p->users) {
        bytes -= sizeof(*p);
        g_free(p);
    }
}

static void chunk_unref(Chunk *c)
{
    if (!--c->users) {
        for (unsigned i = 0; i < PER_CHUNK; i++) {
            page_unref(c->page[i]);
        }
        bytes -= sizeof(*c);
        g_free(c);
    }
}

static Chunk *chunk_copy(const Chunk *from)
{
    Chunk *c = g_new0(Chunk, 1);

    bytes += sizeof(*c);
    c->users = 1;
    for (unsigned i = 0; from && i < PER_CHUNK; i++) {
        c->page[i] = from->page[i];
        if (c->page[i]) {
            c->page[i]->users++;
        }
    }
    return c;
}

static PageImage *image_copy(const PageImage *from)
{
    PageImage *im = g_malloc0(sizeof(*im) + n_chunks * sizeof(Chunk *));

    bytes += sizeof(*im) + n_chunks * sizeof(Chunk *);
    im->chunks = n_chunks;
    for (size_t i = 0; i < n_chunks; i++) {
        if (from) {
            im->chunk[i] = from->chunk[i];
            im->chunk[i]->users++;
        } else {
            im->chunk[i] = chunk_copy(NULL);
        }
    }
    return im;
}

void pages_free(PageImage *im)
{
    if (!im) {
        return;
    }
    for (size_t i = 0; i < im->chunks; i++) {
        chunk_unref(im->chunk[i]);
    }
    bytes -= sizeof(*im) + im->chunks * sizeof(Chunk *);
    g_free(im);
}

static Page *image_page(const PageImage *im, size_t n)
{
    return im->chunk[n / PER_CHUNK]->page[n % PER_CHUNK];
}

/* Takes @p over. */
static void image_set(PageImage *im, size_t n, Page *p)
{
    Chunk **c = &im->chunk[n / PER_CHUNK];

    if ((*c)->users > 1) {
        Chunk *own = chunk_copy(*c);

        chunk_unref(*c);
        *c = own;
    }
    page_unref((*c)->page[n % PER_CHUNK]);
    (*c)->page[n % PER_CHUNK] = p;
}

/* One page of zeros stands for all: most of RAM at the beginning. */
static Page *page_of(const uint8_t *data)
{
    static Page *zero;

    if (!buffer_is_zero(data, PAGE)) {
        return page_new(data);
    }
    if (!zero) {
        zero = page_new(data);
    }
    zero->users++;
    return zero;
}

static int add_block(RAMBlock *rb, void *opaque)
{
    Block b = {
        .rb = rb, .host = qemu_ram_get_host_addr(rb),
        .ram = qemu_ram_get_offset(rb),
        .pages = qemu_ram_get_used_length(rb) / PAGE,
        .first = n_chunks * PER_CHUNK,
    };

    if (b.host && b.pages && qemu_ram_is_migratable(rb)) {
        n_chunks += DIV_ROUND_UP(b.pages, PER_CHUNK);
        g_array_append_val(blocks, b);
    }
    return 0;
}

static void begin(void)
{
    blocks = g_array_new(false, false, sizeof(Block));
    qemu_ram_foreach_block(add_block, NULL);
    memory_global_dirty_log_start(GLOBAL_DIRTY_MIGRATION, &error_abort);
}

/* Which pages of @b were written since the last call. Free it. */
static DirtyBitmapSnapshot *take_dirty(const Block *b)
{
    return cpu_physical_memory_snapshot_and_clear_dirty(
        b->rb->mr, 0, b->pages * PAGE, DIRTY_MEMORY_MIGRATION);
}

static bool is_dirty(DirtyBitmapSnapshot *s, const Block *b, size_t n)
{
    return cpu_physical_memory_snapshot_get_dirty(s, b->ram + n * PAGE, PAGE);
}

/* A reset writes ROMs and tables into such blocks, and sets no dirty bit. */
static bool is_small(const Block *b)
{
    return b->pages <= SMALL;
}

PageImage *pages_take(void)
{
    bool all = !known;
    PageImage *im;

    if (!blocks) {
        begin();
    }
    im = image_copy(known);
    for (guint i = 0; i < blocks->len; i++) {
        const Block *b = &g_array_index(blocks, Block, i);
        g_autofree DirtyBitmapSnapshot *dirty = take_dirty(b);

        for (size_t n = 0; n < b->pages; n++) {
            const uint8_t *now = b->host + n * PAGE;

            if (!all) {
                if ((!is_small(b) && !is_dirty(dirty, b, n)) ||
                    !memcmp(now, image_page(im, b->first + n)->data, PAGE)) {
                    continue;
                }
            }
            image_set(im, b->first + n, page_of(now));
            copied++;
        }
    }
    pages_free(known);
    known = image_copy(im);
    return im;
}

/*
 * The bits of migration stay clear: known to be @data. The display has to hear
 * of it.
 */
static void rewrite(const Block *b, size_t n, const uint8_t *data)
{
    ram_addr_t ram = b->ram + n * PAGE;

    if (!cpu_physical_memory_get_dirty_flag(ram, DIRTY_MEMORY_CODE)) {
        tb_invalidate_phys_range(ram, ram + PAGE - 1);
    }
    memcpy(b->host + n * PAGE, data, PAGE);
    cpu_physical_memory_set_dirty_flag(ram, DIRTY_MEMORY_VGA);
    rewritten++;
}

static size_t restore_block(const Block *b, const PageImage *im)
{
    g_autofree DirtyBitmapSnapshot *dirty = take_dirty(b);
    bool small = is_small(b);
    size_t written = 0;

    for (size_t n = 0; n < b->pages; n++) {
        size_t at = b->first + n;
        const Page *want;

        if (!small && !is_dirty(dirty, b, n) &&
            im->chunk[at / PER_CHUNK] == known->chunk[at / PER_CHUNK]) {
            continue;
        }
        want = image_page(im, at);
        if ((small || want != image_page(known, at) ||
             is_dirty(dirty, b, n)) &&
            memcmp(b->host + n * PAGE, want->data, PAGE)) {
            if (fail) {
                fail = false;
                continue;
            }
            rewrite(b, n, want->data);
            written++;
        }
    }
    return written;
}

size_t pages_restore(PageImage *im)
{
    size_t written = 0;

    for (guint i = 0; i < blocks->len; i++) {
        written += restore_block(&g_array_index(blocks, Block, i), im);
    }
    if (im != known) {
        pages_free(known);
        known = image_copy(im);
    }
    return written;
}

void pages_moved(uint64_t *to_images, uint64_t *back)
{
    *to_images = copied;
    *back = rewritten;
}

uint64_t pages_bytes(void)
{
    return bytes;
}

void pages_fail_once(void)
{
    fail = true;
}

static uint64_t mix_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 29;
}

/* A page: four at a time, since one has to wait for its product. */
static uint64_t mix_page(uint64_t hash, const uint8_t *p)
{
    uint64_t h[4] = { hash, hash + 1, hash + 2, hash + 3 };

    for (size_t i = 0; i < PAGE; i += 32) {
        h[0] = mix_word(h[0], ldq_he_p(p + i));
        h[1] = mix_word(h[1], ldq_he_p(p + i + 8));
        h[2] = mix_word(h[2], ldq_he_p(p + i + 16));
        h[3] = mix_word(h[3], ldq_he_p(p + i + 24));
    }
    return mix_word(mix_word(mix_word(h[0], h[1]), h[2]), h[3]);
}

uint64_t pages_mix(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *p = data;

    for (; len >= 8; p += 8, len -= 8) {
        hash = mix_word(hash, ldq_he_p(p));
    }
    for (; len; p++, len--) {
        hash = (hash ^ *p) * 0x100000001b3ull;
    }
    return hash;
}

void pages_hash(PagesTell *tell, void *opaque)
{
    for (guint i = 0; blocks && i < blocks->len; i++) {
        const Block *b = &g_array_index(blocks, Block, i);
        uint64_t hash = 0xcbf29ce484222325ull;

        for (size_t n = 0; n < b->pages; n++) {
            hash = mix_page(hash, b->host + n * PAGE);
        }
        tell(b->rb->idstr, 0, hash, opaque);
    }
}
