/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several members of one guest structure at once; see linux-block.h. */
#include "linux-block.h"

bool linux_block_read(Linux *lx, LinuxBlock *b, uint64_t object,
                      const OsiField *const *f, size_t n, const char *what,
                      OsiError *err)
{
    uint64_t lo = UINT64_MAX, hi = 0;

    for (size_t i = 0; i < n; i++) {
        if (f[i]->size) {
            lo = MIN(lo, f[i]->offset);
            hi = MAX(hi, (uint64_t)f[i]->offset + f[i]->size);
        }
    }
    if (!linux_is_object(lx, object)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, object,
                        "0x%" PRIx64 " cannot be a %s", object, what);
    }
    if (lo >= hi || hi - lo > sizeof(b->bytes)) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, object,
                        "members of a %s lie %" PRIu64 " bytes apart", what,
                        hi > lo ? hi - lo : 0);
    }
    b->object = object;
    b->at = lo;
    b->len = hi - lo;
    return osi_reader_read(&lx->kernel, object + lo, b->bytes, b->len, err);
}
