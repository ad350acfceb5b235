/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thread-local storage of 32-bit programs: a selector in GS or FS names one of
 * three segment descriptors, which the kernel keeps in thread.tls_array and
 * loads into the GDT at each switch. Descriptors: Intel SDM vol. 3A 3.4.5.
 */
#include "linux-threads.h"

#define ENTRIES         3
#define BYTES           8
/* First of them in the GDT, arch/x86/include/asm/segment.h of Linux. */
#define FIRST_64        12
#define FIRST_32        6
#define WINDOW          32      /* bytes in front of thread.sp */

/* A data segment of user mode that is present: 0 for any other. */
static bool user_segment(const uint8_t *d, uint32_t *base)
{
    uint8_t access = d[5];

    if ((access & 0xf8) != 0xf0) {
        return false;
    }
    *base = d[2] | d[3] << 8 | d[4] << 16 | (uint32_t)d[7] << 24;
    return true;
}

/* thread.tls_array, or without types what looks like it before thread.sp. */
static bool read_array(Linux *lx, uint64_t task, uint8_t *array)
{
    const LinuxFields *f = &lx->f;
    uint8_t b[WINDOW];
    uint32_t base;

    if (f->tls_array.size >= ENTRIES * BYTES) {
        return osi_reader_read(&lx->kernel, task + f->tls_array.offset, array,
                               ENTRIES * BYTES, NULL);
    }
    if (f->thread_sp.size == 0 || f->thread_sp.offset < WINDOW ||
        !osi_reader_read(&lx->kernel, task + f->thread_sp.offset - WINDOW, b,
                         WINDOW, NULL)) {
        return false;
    }
    for (int at = WINDOW - ENTRIES * BYTES; at >= 0; at -= 4) {
        if (user_segment(b + at, &base)) {
            memcpy(array, b + at, ENTRIES * BYTES);
            return true;
        }
    }
    return false;
}

bool linux_tls_base(Linux *lx, const OsiTask *t, uint16_t selector,
                    uint64_t *base)
{
    unsigned first = lx->word == 8 ? FIRST_64 : FIRST_32;
    unsigned i = selector >> 3;
    uint8_t array[ENTRIES * BYTES];
    uint32_t b;

    /* Bit 2: of the LDT, which is not looked into. */
    if (selector & 4 || i < first || i - first >= ENTRIES ||
        !read_array(lx, t->object, array) ||
        !user_segment(array + (i - first) * BYTES, &b)) {
        return false;
    }
    *base = b;
    return true;
}

bool linux_only_tls(Linux *lx, const OsiTask *t, uint64_t *base)
{
    uint8_t array[ENTRIES * BYTES];
    uint32_t b, one = 0;
    int n = 0;

    if (!read_array(lx, t->object, array)) {
        return false;
    }
    for (int i = 0; i < ENTRIES; i++) {
        if (user_segment(array + i * BYTES, &b)) {
            one = b;
            n++;
        }
    }
    if (n != 1) {
        return false;
    }
    *base = one;
    return true;
}
