/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a replay does to disks. See disks.h, and gdbx_disks in
 * include/gdbstub/hooks.h for how blkreplay comes here.
 *
 * A write is in the disk's map when it is made; a read gets what the map has put
 * over what the image has, and the guest gets it where the log has the end of the
 * request: so memory is the same at each place, whatever the host was doing.
 * (Upstream's replay lets data arrive some time before that.)
 *
 * The image is as it was when the recording began, also after a replay; so it can
 * be replayed again without snapshot=on. A disk that is told of sectors no longer
 * in use (discard=unmap) is left alone: what its driver makes of it is not known.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/iov.h"
#include "qemu/memalign.h"
#include "block/aio-wait.h"
#include "block/block-io.h"
#include "block/block_int.h"
#include "hw/qdev-core.h"
#include "system/block-backend.h"
#include "system/replay.h"
#include "gdbstub/hooks.h"
#include "replay/recording.h"
#include "replay/gdbx/disks.h"
#include "replay/gdbx/pages.h"
#include "replay/gdbx/sectors.h"

/* Never taken away; @bs is compared only. */
typedef struct Disk {
    BlockDriverState *bs;       /* blkreplay's */
    char node[32];              /* ... its name: another one may be at its place */
    SectorMap *now;             /* written since the beginning */
    SectorMap *before;          /* ... while recording: as it was in the image */
} Disk;

struct DiskImages {
    unsigned n;
    SectorMap *map[];           /* of the disks that there were, in their order */
};

static GArray *disks;           /* Disk */
static bool fail;

static bool discards(const BlockDriverState *bs)
{
    return (bs->open_flags & BDRV_O_UNMAP) &&
           (bs->file->bs->open_flags & BDRV_O_UNMAP);
}

/* NULL: it is not ours to deal with. */
static Disk *disk_of(BlockDriverState *bs)
{
    Disk new = { .bs = bs };

    for (guint i = 0; i < disks->len; i++) {
        Disk *d = &g_array_index(disks, Disk, i);

        if (d->bs == bs && !strcmp(d->node, bs->node_name)) {
            return d;
        }
    }
    if (discards(bs)) {
        return NULL;
    }
    g_strlcpy(new.node, bs->node_name, sizeof(new.node));
    new.now = sectors_new(bs->total_sectors * BDRV_SECTOR_SIZE);
    new.before = sectors_new(sectors_size(new.now));
    g_array_append_val(disks, new);
    return &g_array_index(disks, Disk, disks->len - 1);
}

/* ---- requests ---- */

static QEMUIOVector *read_begin(BlockDriverState *bs, int64_t bytes)
{
    QEMUIOVector *own;
    void *buf;

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DISK]);
    buf = disk_of(bs) && !recording_under_way() ? qemu_try_blockalign(bs->file->bs, bytes) : NULL;
    if (!buf) {
        return NULL;
    }
    own = g_new(QEMUIOVector, 1);
    qemu_iovec_init(own, 1);
    qemu_iovec_add(own, buf, bytes);
    return own;
}

static void read_end(BlockDriverState *bs, int64_t offset, QEMUIOVector *own,
                     QEMUIOVector *qiov, int ret)
{
    void *buf = own->iov[0].iov_base;
    Disk *d = disk_of(bs);

    if (ret >= 0 && d) {
        sectors_overlay(d->before, offset, buf, own->size);
        sectors_overlay(d->now, offset, buf, own->size);
        qemu_iovec_from_buf(qiov, 0, buf, own->size);
    }
    qemu_vfree(buf);
    qemu_iovec_destroy(own);
    g_free(own);
}

/* Fills the sector of @offset as it is now into @buf. */
static int coroutine_fn GRAPH_RDLOCK
whole_sector(BlockDriverState *bs, int64_t offset, void *buf)
{
    int64_t begin = QEMU_ALIGN_DOWN(offset, SECTOR);
    int ret = bdrv_co_pread(bs->file, begin, SECTOR, buf, 0);
    Disk *d = disk_of(bs);

    if (ret >= 0 && d) {
        sectors_overlay(d->before, begin, buf, SECTOR);
        sectors_overlay(d->now, begin, buf, SECTOR);
    }
    return ret;
}

/* What a recording writes is in the image: what was there is kept aside. */
static int coroutine_fn GRAPH_RDLOCK
keep_before(BlockDriverState *bs, int64_t first, int64_t end)
{
    g_autofree uint8_t *buf = g_try_malloc(end - first);
    int ret = buf ? bdrv_co_pread(bs->file, first, end - first, buf, 0)
                  : -ENOMEM;
    SectorMap *before = disk_of(bs)->before;

    for (int64_t at = first; ret >= 0 && at < end; at += SECTOR) {
        if (!sectors_has(before, at)) {
            sectors_write(before, at, buf + (at - first), SECTOR);
        }
    }
    return ret;
}

/* 1: it goes to the image; else the result. @qiov NULL: zeros. */
static int coroutine_fn GRAPH_RDLOCK
write_kept(BlockDriverState *bs, int64_t offset, int64_t bytes,
           QEMUIOVector *qiov)
{
    int64_t first = QEMU_ALIGN_DOWN(offset, SECTOR);
    int64_t end = QEMU_ALIGN_UP(offset + bytes, SECTOR);
    g_autofree uint8_t *buf = NULL;
    bool to_image = recording_under_way();

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DISK]);
    if (!disk_of(bs)) {
        return 1;
    }
    if (to_image && keep_before(bs, first, end) < 0) {
        return -EIO;
    }
    if (!qiov && first == offset && end == offset + bytes) {
        sectors_zero(disk_of(bs)->now, offset, bytes);
        return to_image;
    }
    buf = g_try_malloc0(end - first);
    if (!buf) {
        return -ENOMEM;
    }
    if (first != offset && whole_sector(bs, first, buf) < 0) {
        return -EIO;
    }
    if (end != offset + bytes &&
        whole_sector(bs, end - SECTOR, buf + (end - first - SECTOR)) < 0) {
        return -EIO;
    }
    if (qiov) {
        qemu_iovec_to_buf(qiov, 0, buf + (offset - first), bytes);
    } else {
        memset(buf + (offset - first), 0, bytes);
    }
    sectors_write(disk_of(bs)->now, first, buf, end - first);
    return to_image;
}

static const GdbxDisks hooks = {
    .read = read_begin,
    .done = read_end,
    .write = write_kept,
};

void disks_begin(void)
{
    disks = g_array_new(false, false, sizeof(Disk));
    gdbx_disks = &hooks;
}

/* ---- those that cannot be brought back ---- */

static BlockDriverState *GRAPH_RDLOCK blkreplay_of(BlockBackend *blk)
{
    BlockDriverState *bs = blk_bs(blk);

    while (bs && bs->drv && strcmp(bs->drv->format_name, "blkreplay")) {
        bs = bdrv_filter_bs(bs);
    }
    return bs;
}

/* Its content is in the guest's memory, the file is written only. */
static bool is_flash(DeviceState *dev)
{
    return object_dynamic_cast(OBJECT(dev), "cfi.pflash01") ||
           object_dynamic_cast(OBJECT(dev), "cfi.pflash02");
}

const char *disks_why_not(void)
{
    static char why[200];
    GRAPH_RDLOCK_GUARD_MAINLOOP();

    for (BlockBackend *blk = blk_all_next(NULL); blk; blk = blk_all_next(blk)) {
        DeviceState *dev = blk_get_attached_dev(blk);
        g_autofree char *name = NULL;
        BlockDriverState *bs;
        const char *reason;

        if (!dev || !blk_bs(blk) || !blk_is_writable(blk) || is_flash(dev)) {
            continue;
        }
        bs = blkreplay_of(blk);
        if (bs && !discards(bs) &&
            bdrv_get_aio_context(bs) == qemu_get_aio_context()) {
            continue;
        }
        reason = !bs ? "is not behind driver=blkreplay"
                 : discards(bs) ? "has discard=unmap" : "has an iothread";
        name = blk_get_attached_dev_id(blk);
        snprintf(why, sizeof(why), "what is written to disk %.100s cannot be "
                 "brought back: it %s", *name ? name : blk_name(blk), reason);
        return why;
    }
    return NULL;
}

/* ---- at a checkpoint ---- */

bool disks_busy(void)
{
    for (BlockBackend *blk = blk_all_next(NULL); blk; blk = blk_all_next(blk)) {
        BlockDriverState *bs = blk_bs(blk);

        if (bs && qatomic_read(&bs->in_flight)) {
            return true;
        }
    }
    return false;
}

bool disks_settle(void)
{
    int64_t end = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    replay_flush_events();
    while (disks_busy()) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        if (!aio_poll(qemu_get_aio_context(), false)) {
            g_usleep(20);
        }
        replay_flush_events();
    }
    return true;
}

DiskImages *disks_take(void)
{
    DiskImages *d = g_malloc(sizeof(*d) + disks->len * sizeof(SectorMap *));

    d->n = disks->len;
    for (unsigned i = 0; i < d->n; i++) {
        d->map[i] = sectors_copy(g_array_index(disks, Disk, i).now);
    }
    return d;
}

/* Leaves one block of those that differ as it was in @old. */
static void spoil(SectorMap *now, const SectorMap *old)
{
    uint64_t at;

    if (fail && sectors_differ(now, old, &at)) {
        uint8_t buf[SECTOR] = { 0 };

        fail = false;
        while (!sectors_has(old, at) && !sectors_has(now, at)) {
            at += SECTOR;
        }
        sectors_overlay(old, at, buf, SECTOR);
        sectors_write(now, at, buf, SECTOR);
    }
}

void disks_restore(const DiskImages *d)
{
    for (guint i = 0; i < disks->len; i++) {
        SectorMap **now = &g_array_index(disks, Disk, i).now;
        SectorMap *old = *now;

        if (i < d->n) {
            *now = sectors_copy(d->map[i]);
        } else {
            *now = sectors_new(sectors_size(old));
        }
        spoil(*now, old);
        sectors_free(old);
    }
}

void disks_free(DiskImages *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        sectors_free(d->map[i]);
    }
    g_free(d);
}

uint64_t disks_bytes(void)
{
    return sectors_bytes();
}

void disks_hash(PagesTell *tell, void *opaque)
{
    for (guint i = 0; disks && i < disks->len; i++) {
        const Disk *d = &g_array_index(disks, Disk, i);
        uint64_t hash = sectors_hash(d->now, 0, pages_mix);

        if (hash) {
            tell("disk", i, hash, opaque);
        }
    }
}

void disks_fail_once(void)
{
    fail = true;
}
