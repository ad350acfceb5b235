/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Forged memory and page tables; see forge.h. */
#include "forge.h"

#define PAGE 4096

static bool read_ram(void *opaque, uint64_t pa, void *buf, size_t len)
{
    Forge *f = opaque;

    f->reads++;
    if (pa > f->size || len > f->size - pa) {
        return false;
    }
    memcpy(buf, f->ram + pa, len);
    return true;
}

Forge *forge_new(uint64_t size)
{
    Forge *f = g_new0(Forge, 1);

    f->ram = g_malloc0(size);
    f->size = size;
    f->next = PAGE;
    f->mem = (OsiMemory) { read_ram, f, size };
    return f;
}

void forge_free(Forge *f)
{
    g_free(f->ram);
    g_free(f);
}

uint64_t forge_page(Forge *f)
{
    uint64_t pa = f->next;

    f->next += PAGE;
    g_assert_cmpuint(f->next, <=, f->size);
    return pa;
}

void put16(uint8_t *p, uint16_t v)
{
    p[0] = v;
    p[1] = v >> 8;
}

void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

void put64(uint8_t *p, uint64_t v)
{
    put32(p, v);
    put32(p + 4, v >> 32);
}

static uint64_t get(const uint8_t *p, int bytes)
{
    uint64_t v = 0;

    while (bytes--) {
        v = v << 8 | p[bytes];
    }
    return v;
}

/* Shifts of the levels, top first, as the manuals' figures show them. */
static const int *shifts_of(OsiPaging paging, int *entry)
{
    static const int s32[] = { 22, 12, 0 }, pae[] = { 30, 21, 12, 0 },
        s4[] = { 39, 30, 21, 12, 0 }, s5[] = { 48, 39, 30, 21, 12, 0 };

    *entry = paging == OSI_PAGING_32BIT ? 4 : 8;
    return paging == OSI_PAGING_32BIT ? s32 : paging == OSI_PAGING_PAE ? pae
         : paging == OSI_PAGING_4LEVEL ? s4 : s5;
}

void forge_map(Forge *f, OsiRoot root, uint64_t va, uint64_t pa, int shift,
               uint64_t flags)
{
    uint64_t table = root.table;
    int entry;
    const int *s = shifts_of(root.paging, &entry);

    for (;; s++) {
        unsigned bits = entry == 4 ? 10 : 9;
        uint8_t *e = f->ram + table + (va >> *s & ((1u << bits) - 1)) * entry;
        bool pae_top = root.paging == OSI_PAGING_PAE && *s == 30;

        if (pae_top) {
            e = f->ram + table + (va >> 30 & 3) * 8;
        }
        if (*s == shift) {
            uint64_t v = pa | flags | (shift > 12 ? FORGE_PS : 0);

            entry == 4 ? put32(e, v) : put64(e, v);
            return;
        }
        if (!(get(e, entry) & FORGE_P)) {
            uint64_t v = forge_page(f) | FORGE_P |
                         (pae_top ? 0 : FORGE_RW | FORGE_US);

            entry == 4 ? put32(e, v) : put64(e, v);
        }
        table = get(e, entry) & 0x000ffffffffff000ull;
    }
}

void blob_align(GByteArray *b, guint align)
{
    while (b->len % align) {
        g_byte_array_append(b, (const guint8 *)"", 1);
    }
}

void blob32(GByteArray *b, uint32_t v)
{
    uint8_t raw[4];

    put32(raw, v);
    g_byte_array_append(b, raw, 4);
}

void blob64(GByteArray *b, uint64_t v)
{
    blob32(b, v);
    blob32(b, v >> 32);
}
