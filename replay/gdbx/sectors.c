/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A radix tree over blocks of a page's size, of nodes with a count of their users.
 * Who is not the only user of a node makes one of its own before changing it.
 * A whole subtree of zeros is one node that stands for itself at every place.
 *
 * Rejected: a table of all blocks (each version of a disk of 1 TiB has 4 MiB of
 * it); notes of what to undo (going forward again would need notes to redo).
 */
#include "qemu/osdep.h"
#include "replay/gdbx/sectors.h"

#define BLOCK 4096u
#define PER_BLOCK (BLOCK / SECTOR)
#define BITS 6
#define FAN (1u << BITS)
/* 64^9 blocks of 4 KiB are more than 63 bits of bytes. */
#define LEVELS 9

/* Users first in both: a tree's lowest nodes are blocks. */
typedef struct Block {
    unsigned users;
    uint8_t valid;              /* a bit for each sector */
    uint8_t data[BLOCK];
} Block;

typedef struct Node {
    unsigned users;
    void *slot[FAN];            /* NULL: nothing is there */
} Node;

struct SectorMap {
    uint64_t size;
    unsigned levels;            /* of nodes, above the blocks */
    void *root;
};

static uint64_t bytes;

/* Of each height, 0 being a block; these stay. */
static void *zeros[LEVELS + 1];

static uint64_t span(unsigned level)
{
    return (uint64_t)BLOCK << (BITS * level);
}

static void *ref(void *node)
{
    if (node) {
        ++*(unsigned *)node;
    }
    return node;
}

static void unref(void *node, unsigned level)
{
    size_t size = level ? sizeof(Node) : sizeof(Block);

    if (!node || --*(unsigned *)node) {
        return;
    }
    for (unsigned i = 0; level && i < FAN; i++) {
        unref(((Node *)node)->slot[i], level - 1);
    }
    bytes -= size;
    g_free(node);
}

static void *new_node(unsigned level, const void *from)
{
    size_t size = level ? sizeof(Node) : sizeof(Block);
    void *node = from ? g_memdup2(from, size) : g_malloc0(size);

    for (unsigned i = 0; level && i < FAN; i++) {
        ref(((Node *)node)->slot[i]);
    }
    *(unsigned *)node = 1;
    bytes += size;
    return node;
}

/* What is at @slot, as its only user's. */
static void *own(void **slot, unsigned level)
{
    void *old = *slot;

    if (!old || *(unsigned *)old > 1) {
        *slot = new_node(level, old);
        unref(old, level);
    }
    return *slot;
}

static void *zero_node(unsigned level)
{
    if (!zeros[level]) {
        zeros[level] = new_node(level, NULL);
        if (!level) {
            ((Block *)zeros[0])->valid = 0xff;
        }
        for (unsigned i = 0; level && i < FAN; i++) {
            ((Node *)zeros[level])->slot[i] = ref(zero_node(level - 1));
        }
    }
    return zeros[level];
}

SectorMap *sectors_new(uint64_t size)
{
    SectorMap *m = g_new0(SectorMap, 1);

    m->size = size;
    while (m->levels < LEVELS && span(m->levels) < size) {
        m->levels++;
    }
    return m;
}

uint64_t sectors_size(const SectorMap *m)
{
    return m->size;
}

SectorMap *sectors_copy(const SectorMap *m)
{
    SectorMap *copy = g_memdup2(m, sizeof(*m));

    ref(copy->root);
    return copy;
}

void sectors_free(SectorMap *m)
{
    if (m) {
        unref(m->root, m->levels);
        g_free(m);
    }
}

/* NULL: zeros. @offset is within what @slot stands for. */
static void put(void **slot, unsigned level, uint64_t offset,
                const uint8_t *data, uint64_t len)
{
    if (!data && !offset && len == span(level)) {
        void *old = *slot;

        *slot = ref(zero_node(level));
        unref(old, level);
    } else if (!level) {
        Block *b = own(slot, 0);

        if (data) {
            memcpy(b->data + offset, data, len);
        } else {
            memset(b->data + offset, 0, len);
        }
        for (uint64_t at = offset; at < offset + len; at += SECTOR) {
            b->valid |= 1u << (at / SECTOR);
        }
    } else {
        Node *n = own(slot, level);
        uint64_t each = span(level - 1);

        while (len) {
            uint64_t in = offset % each, part = MIN(len, each - in);

            put(&n->slot[offset / each], level - 1, in, data, part);
            offset += part;
            len -= part;
            data = data ? data + part : NULL;
        }
    }
}

void sectors_write(SectorMap *m, uint64_t offset, const void *data,
                   uint64_t len)
{
    put(&m->root, m->levels, offset, data, len);
}

void sectors_zero(SectorMap *m, uint64_t offset, uint64_t len)
{
    if (len) {
        put(&m->root, m->levels, offset, NULL, len);
    }
}

/* NULL: nothing of it was written. */
static const Block *find(const SectorMap *m, uint64_t offset)
{
    const void *node = m->root;

    for (unsigned level = m->levels; level && node; level--) {
        node = ((const Node *)node)->slot[offset / span(level - 1) % FAN];
    }
    return node;
}

static bool has(const Block *b, uint64_t offset)
{
    return b && (b->valid & (1u << (offset % BLOCK / SECTOR)));
}

bool sectors_has(const SectorMap *m, uint64_t offset)
{
    return has(find(m, offset), offset);
}

void sectors_overlay(const SectorMap *m, uint64_t offset, void *buf,
                     uint64_t len)
{
    uint8_t *to = buf;

    while (m->root && len) {
        const Block *b = find(m, offset);
        uint64_t block_left = MIN(len, BLOCK - offset % BLOCK);

        while (block_left) {
            uint64_t part = MIN(block_left, SECTOR - offset % SECTOR);

            if (has(b, offset)) {
                memcpy(to, b->data + offset % BLOCK, part);
            }
            to += part;
            offset += part;
            len -= part;
            block_left -= part;
        }
    }
}

static bool differ(const void *a, const void *b, unsigned level, uint64_t *at)
{
    if (a == b) {
        return false;
    }
    if (!level) {
        return true;
    }
    for (unsigned i = 0; i < FAN; i++) {
        uint64_t in = 0;

        if (differ(a ? ((const Node *)a)->slot[i] : NULL,
                   b ? ((const Node *)b)->slot[i] : NULL, level - 1, &in)) {
            *at = i * span(level - 1) + in;
            return true;
        }
    }
    return false;
}

bool sectors_differ(const SectorMap *a, const SectorMap *b, uint64_t *offset)
{
    *offset = 0;
    return differ(a->root, b->root, a->levels, offset);
}

/* How a tree is divided follows from what was written, as its content does. */
static uint64_t hash_node(const void *node, unsigned level, uint64_t hash,
                          uint64_t (*mix)(uint64_t, const void *, size_t))
{
    const Block *b = node;

    if (node == zeros[level]) {
        return mix(hash, &level, sizeof(level));
    }
    for (unsigned i = 0; level && i < FAN; i++) {
        const void *sub = ((const Node *)node)->slot[i];

        if (sub) {
            hash = mix(hash, &i, sizeof(i));
            hash = hash_node(sub, level - 1, hash, mix);
        }
    }
    for (unsigned i = 0; !level && i < PER_BLOCK; i++) {
        if (b->valid & (1u << i)) {
            hash = mix(hash, &i, sizeof(i));
            hash = mix(hash, b->data + i * SECTOR, SECTOR);
        }
    }
    return hash;
}

uint64_t sectors_hash(const SectorMap *m, uint64_t hash,
                      uint64_t (*mix)(uint64_t hash, const void *data,
                                      size_t len))
{
    return m->root ? hash_node(m->root, m->levels, hash, mix) : hash;
}

uint64_t sectors_bytes(void)
{
    return bytes;
}
