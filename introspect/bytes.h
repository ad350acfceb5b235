/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Little-endian loads from unaligned bytes. Every guest this room knows is
 * little-endian; the host need not be.
 */
#ifndef INTROSPECT_BYTES_H
#define INTROSPECT_BYTES_H

#include <glib.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t osi_le16(const void *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof(v));
    return GUINT16_FROM_LE(v);
}

static inline uint32_t osi_le32(const void *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return GUINT32_FROM_LE(v);
}

static inline uint64_t osi_le64(const void *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return GUINT64_FROM_LE(v);
}

/* @size in {1, 2, 4, 8}; anything else yields 0. */
static inline uint64_t osi_le(const void *p, size_t size)
{
    switch (size) {
    case 1:
        return *(const uint8_t *)p;
    case 2:
        return osi_le16(p);
    case 4:
        return osi_le32(p);
    case 8:
        return osi_le64(p);
    default:
        return 0;
    }
}

#define OSI_ALIGN_UP(x, a)   (((x) + (a) - 1) / (a) * (a))
#define OSI_ALIGN_DOWN(x, a) ((x) / (a) * (a))

#endif
