/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes of maple trees; see linux-maple.h. Facts: include/linux/maple_tree.h
 * of Linux. A node has N slots and N-1 pivots: slot i covers what lies behind
 * pivot i-1, up to and with pivot i. A node that is not full ends at the first
 * pivot that is its own maximum, or with pivots of zero; behind them its last
 * slot serves for something else.
 */
#include "bytes.h"
#include "linux-maple.h"

OsiMapleShape osi_maple_shape(unsigned word)
{
    bool wide = word == 8;
    uint16_t range = wide ? 16 : 32, arange = wide ? 10 : 21;

    /* The first word is the parent. */
    return (OsiMapleShape) {
        .word = word,
        .range = { word, range - 1, word * range, range },
        .arange = { word, arange - 1, word * arange, arange },
    };
}

static bool part_ok(const OsiMaplePart *p, unsigned word)
{
    return p->slots && p->slots <= OSI_MAPLE_SLOTS &&
           p->pivots == p->slots - 1 &&
           p->pivot + p->pivots * word <= OSI_MAPLE_NODE &&
           p->slot + p->slots * word <= OSI_MAPLE_NODE;
}

bool osi_maple_shape_ok(const OsiMapleShape *s)
{
    return (s->word == 4 || s->word == 8) && part_ok(&s->range, s->word) &&
           part_ok(&s->arange, s->word);
}

/* Small values with these low bits are marks of the tree, no addresses. */
bool osi_maple_is_node(uint64_t root)
{
    return (root & 3) == 2 && root > 4096;
}

/* Of a leaf's slots: not empty, and no mark. */
static bool is_stored(uint64_t value)
{
    return value && ((value & 3) != 2 || value > 4096);
}

/* Each slot is one index; the first words are the parent. */
static bool dense(const OsiMapleShape *s, const uint8_t *bytes, uint64_t min,
                  uint64_t max, OsiMapleEntry *out, size_t *n)
{
    unsigned slots = MIN(OSI_MAPLE_NODE / s->word - 1, OSI_MAPLE_SLOTS);

    *n = 0;
    for (unsigned i = 0; i < slots && i <= max - min; i++) {
        uint64_t value = osi_le(bytes + (i + 1) * s->word, s->word);

        if (is_stored(value)) {
            out[(*n)++] = (OsiMapleEntry) { min + i, min + i, value };
        }
    }
    return true;
}

static bool ranges(const OsiMapleShape *s, const OsiMaplePart *p, bool leaf,
                   const uint8_t *bytes, uint64_t min, uint64_t max,
                   OsiMapleEntry *out, size_t *n, OsiError *err)
{
    size_t k = 0;

    for (unsigned i = 0; i < p->slots; i++) {
        uint64_t value = osi_le(bytes + p->slot + i * s->word, s->word);
        uint64_t end = max;

        if (i < p->pivots) {
            end = osi_le(bytes + p->pivot + i * s->word, s->word);
        }
        if (!end && i) {
            end = max;
        }
        if (end < min || end > max) {
            return osi_fail(err, OSI_ERR_BAD_DATA, p->pivot + i * s->word,
                            "pivot 0x%" PRIx64 " of a maple node is not in"
                            " 0x%" PRIx64 "..0x%" PRIx64, end, min, max);
        }
        if (leaf ? is_stored(value) : value > 4096) {
            out[k++] = (OsiMapleEntry) { min, end, value };
        }
        if (end == max) {
            break;
        }
        min = end + 1;
    }
    *n = k;
    return true;
}

bool osi_maple_entries(const OsiMapleShape *s, unsigned type,
                       const uint8_t bytes[OSI_MAPLE_NODE], uint64_t min,
                       uint64_t max, OsiMapleEntry *out, size_t *n,
                       OsiError *err)
{
    if (min > max) {
        return osi_fail(err, OSI_ERR_BAD_DATA, 0, "a maple node of nothing");
    }
    switch (type) {
    case OSI_MAPLE_DENSE:
        return dense(s, bytes, min, max, out, n);
    case OSI_MAPLE_LEAF:
    case OSI_MAPLE_RANGE:
        return ranges(s, &s->range, type == OSI_MAPLE_LEAF, bytes, min, max,
                      out, n, err);
    case OSI_MAPLE_ARANGE:
        return ranges(s, &s->arange, false, bytes, min, max, out, n, err);
    default:
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "maple node of unknown type %u", type);
    }
}
