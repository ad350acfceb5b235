/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nodes of XArrays; see linux-xarray.h. Facts: include/linux/xarray.h of
 * Linux. Low bits of an entry: 1 a value, 2 internal. Internal entries above
 * 4096 are nodes, those up to the number of slots name a sibling: an entry of
 * more than one slot stands in the first of them.
 */
#include "bytes.h"
#include "linux-xarray.h"

bool osi_xa_shape_ok(const OsiXaShape *s)
{
    return (s->word == 4 || s->word == 8) &&
           (s->n_slots == 16 || s->n_slots == 64) &&
           s->slots <= OSI_XA_NODE_MAX - s->n_slots * s->word &&
           s->shift < osi_xa_bytes(s);
}

bool osi_xa_is_node(uint64_t entry)
{
    return (entry & 3) == 2 && entry > 4096;
}

static uint64_t slot_at(const OsiXaShape *s, const uint8_t *bytes, unsigned i)
{
    return osi_le(bytes + s->slots + i * s->word, s->word);
}

bool osi_xa_slot(const OsiXaShape *s, const uint8_t *bytes, uint64_t index,
                 unsigned above, OsiXaSlot *slot, OsiError *err)
{
    unsigned bits = s->n_slots == 64 ? 6 : 4, shift = bytes[s->shift], i;
    uint64_t entry;

    /* Below another node it is one level down, no more and no less. */
    if (shift % bits || shift >= 64 || (above < 64 && shift + bits != above)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, s->shift,
                        "xarray node of shift %u below one of %u", shift,
                        above);
    }
    if (above >= 64 && index >> shift >= s->n_slots) {
        *slot = (OsiXaSlot) { 0, shift };
        return true;
    }
    i = index >> shift & (s->n_slots - 1);
    entry = slot_at(s, bytes, i);
    if (osi_xa_is_mark(entry) && entry >> 2 < s->n_slots) {
        uint64_t first = entry >> 2;

        entry = slot_at(s, bytes, first);
        if (first >= i || (entry & 3) == 2) {
            return osi_fail(err, OSI_ERR_BAD_DATA, s->slots + i * s->word,
                            "xarray slot %u says it belongs to slot %" PRIu64,
                            i, first);
        }
    }
    *slot = (OsiXaSlot) { entry, shift };
    return true;
}
