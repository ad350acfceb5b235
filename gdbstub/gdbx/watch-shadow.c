/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gdb takes for the old value of a watched range.
 *
 * gdb keeps the value of its last look: when the watchpoint was set, and then
 * at each stop for it. At a later stop it compares, and resumes without a
 * word when the value is the same. A write stops here exactly when it would not:
 * when the bytes it leaves differ from that value. To compare with the bytes
 * that it overwrites would be wrong after DMA or another mapping of the page
 * had changed them unseen.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bitmap.h"
#include "qemu/units.h"
#include "hw/core/cpu.h"
#include "introspect/qemu.h"
#include "gdbstub/gdbx/watch.h"

#define PAGE 4096
/* Of all watches together, bytes. */
#define MAX_SHADOW (256 * MiB)

static uint64_t total;

/* Offset in the watch to its page: pages are those of the address. */
static uint64_t page_of(const GdbxWatch *w, uint64_t offset)
{
    return (w->addr % PAGE + offset) / PAGE;
}

static uint64_t n_pages(const GdbxWatch *w)
{
    return page_of(w, w->len - 1) + 1;
}

/* The part of page @n that is watched: [*first, *first + result). */
static size_t page_span(const GdbxWatch *w, uint64_t n, uint64_t *first)
{
    uint64_t end = (n + 1) * PAGE - w->addr % PAGE;

    *first = n ? n * PAGE - w->addr % PAGE : 0;
    return MIN(end, w->len) - *first;
}

bool gdbx_watch_read(const GdbxWatch *w, uint64_t offset, void *buf,
                     size_t len, CPUState *cs)
{
    OsiMemory mem = osi_qemu_memory();
    GdbxInferior *inf;

    if (w->physical) {
        return mem.read(mem.opaque, w->addr - GDBX_WINDOW_PHYS + offset, buf,
                        len);
    }
    inf = gdbx_inferior(w->pid);
    if (inf) {
        return !inf->gone &&
               osi_read(&mem, inf->root, w->addr + offset, buf, len, NULL);
    }
    /* As gdb reads it: in the selected thread, which may be a sleeping task. */
    return cs ? gdbx.arch->read_virt(cs, w->addr + offset, buf, len)
              : gdbx_machine_read(w->addr + offset, buf, len);
}

bool gdbx_shadow_new(GdbxWatch *w, char **why)
{
    if (w->len > MAX_SHADOW || total + w->len > MAX_SHADOW ||
        !(w->shadow = g_try_malloc(w->len))) {
        *why = g_strdup_printf("%" PRIu64 " bytes are too many: the emulator "
                               "keeps the old value of what is watched, at "
                               "most %" PRIu64 " MiB in all", w->len,
                               (uint64_t)(MAX_SHADOW / MiB));
        return false;
    }
    total += w->len;
    w->known = bitmap_new(n_pages(w));
    return true;
}

void gdbx_shadow_free(GdbxWatch *w)
{
    if (w->shadow) {
        total -= w->len;
    }
    g_clear_pointer(&w->shadow, g_free);
    g_clear_pointer(&w->known, g_free);
}

void gdbx_shadow_refresh(GdbxWatch *w, CPUState *cs)
{
    for (uint64_t n = 0; n < n_pages(w); n++) {
        uint64_t first;
        size_t len = page_span(w, n, &first);

        if (gdbx_watch_read(w, first, w->shadow + first, len, cs)) {
            set_bit(n, w->known);
        } else {
            clear_bit(n, w->known);
        }
    }
}

/* Fills in page @n from RAM; @now is what is behind @offset of that page. */
static void capture(GdbxWatch *w, uint64_t n, uint64_t offset,
                    const uint8_t *now)
{
    uint64_t first;
    size_t len = page_span(w, n, &first);

    qemu_mutex_lock(&gdbx_watch_lock);
    if (!test_bit(n, w->known)) {
        memcpy(w->shadow + first, now - (offset - first), len);
        smp_wmb();
        set_bit_atomic(n, w->known);
    }
    qemu_mutex_unlock(&gdbx_watch_lock);
}

void gdbx_shadow_keep(GdbxWatch *w, uint64_t offset, size_t len,
                      const uint8_t *now)
{
    uint64_t n = page_of(w, offset);

    /* An access is handed over page by page, so @n is the only one. */
    if (now && !test_bit(n, w->known)) {
        capture(w, n, offset, now);
    }
    smp_rmb();
}

bool gdbx_shadow_same(GdbxWatch *w, uint64_t offset, const uint8_t *bytes,
                      size_t len, const uint8_t *now)
{
    gdbx_shadow_keep(w, offset, len, now);
    return test_bit(page_of(w, offset), w->known) &&
           !memcmp(w->shadow + offset, bytes, len);
}

int64_t gdbx_shadow_changed(const GdbxWatch *w, uint64_t first, uint64_t last,
                            CPUState *cs)
{
    uint8_t buf[PAGE];

    while (first <= last) {
        uint64_t n = page_of(w, first);
        size_t len = MIN(last - first + 1,
                         (n + 1) * PAGE - w->addr % PAGE - first);

        if (!test_bit(n, w->known) ||
            !gdbx_watch_read(w, first, buf, len, cs)) {
            return first;
        }
        for (size_t i = 0; i < len; i++) {
            if (buf[i] != w->shadow[first + i]) {
                return first + i;
            }
        }
        first += len;
    }
    return -1;
}
