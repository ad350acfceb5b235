/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a task keeps its saved FPU registers, from what they look like: for a
 * kernel that has no types. Three values of an FXSAVE image hardly occur
 * together elsewhere: the control words nearly all programs keep, and the mask
 * of bits that MXCSR may have, which the CPU itself writes.
 */
#include "linux-threads.h"

#define RANGE       8192    /* bytes behind thread.sp */
#define STEP        16      /* FXSAVE wants this alignment */
#define SLOTS       (RANGE / STEP)
#define HEAD        32      /* of the image */
#define VOTERS_MAX  32
#define FCW         0x37f
#define MXCSR       0x1f80
#define MASK        0xffbf

typedef struct Vote {
    Linux *lx;
    int voters;
    uint16_t votes[SLOTS];
} Vote;

static bool looks_saved(const uint8_t *b)
{
    uint32_t mask = osi_le32(b + 28);

    return osi_le16(b) == FCW && osi_le32(b + 24) == MXCSR &&
           (mask & MASK) == MASK && !(mask >> 18);
}

static bool vote(void *opaque, const OsiTask *t)
{
    Vote *v = opaque;
    uint32_t from = OSI_ALIGN_UP(v->lx->f.thread_sp.offset, STEP);
    uint8_t b[HEAD];

    if (t->kernel_thread || !t->mm || t->object % STEP) {
        return true;
    }
    for (int i = 0; i < SLOTS; i++) {
        if (!osi_reader_read(&v->lx->kernel, t->object + from + i * STEP, b,
                             sizeof(b), NULL)) {
            break;
        }
        v->votes[i] += looks_saved(b);
    }
    return ++v->voters < VOTERS_MAX;
}

bool linux_guess_fpu(Linux *lx, OsiError *err)
{
    Vote v = { .lx = lx };
    int best = 0;

    if (lx->fpu_guess) {
        return true;
    }
    if (!lx->f.thread_sp.size || !linux_each_task(lx, vote, &v, NULL)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "no thread.sp to look for"
                        " saved FPU registers behind");
    }
    for (int i = 1; i < SLOTS; i++) {
        best = v.votes[i] > v.votes[best] ? i : best;
    }
    if (v.votes[best] < 2 || v.votes[best] * 2 <= v.voters) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "what looks like saved FPU"
                        " registers lies at one place in %d of %d threads",
                        v.votes[best], v.voters);
    }
    lx->fpu_guess = OSI_ALIGN_UP(lx->f.thread_sp.offset, STEP) + best * STEP;
    return true;
}
