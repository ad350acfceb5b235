/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAM is written, and not by an instruction: DMA, mostly. QEMU tells of it
 * when the bytes are there (it marks the pages dirty then), so they are compared
 * with the value that gdb knows.
 *
 * Any thread: the main loop, a vCPU whose instruction made a device do it, an
 * I/O thread. The machine is asked to stop and does so soon; there is no
 * instruction to stop behind.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "hw/writer.h"
#include "system/runstate.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/watch.h"

/* Through which address space this thread is writing, if it said so. */
static __thread AddressSpace *writer;
static bool own_write;

void gdbx_hook_dma(AddressSpace *as)
{
    writer = as;
    qatomic_set(&gdbx_hook_calls[GDBX_HOOK_DMA],
                gdbx_hook_calls[GDBX_HOOK_DMA] + 1);
}

void gdbx_watch_own_write(bool begin)
{
    own_write = begin;
}

static void request_stop(void)
{
    if (runstate_is_running()) {
        qemu_system_vmstop_request_prepare();
        qemu_system_vmstop_request(RUN_STATE_DEBUG);
    }
}

/* A device's write is done behind an instruction. */
static void found_backwards(const GdbxWatchHit *hit)
{
    uint64_t icount = timeline_now().icount;

    if (timeline_looking()) {
        gdbx_back_watch(hit, icount - !!icount);
    }
}

static bool judge(GdbxWatchPiece *piece, uint64_t start, uint64_t last)
{
    GdbxWatch *w = piece->watch;
    uint64_t lo = MAX(start, piece->node.start);
    uint64_t hi = MIN(last, piece->node.last);
    uint64_t first = piece->offset + (lo - piece->node.start);
    GdbxWatchHit hit = {
        .watch = w, .write = true, .first = first, .last = first + (hi - lo),
    };
    int64_t changed;

    /* A process's watch is for what its own code does. */
    if (!gdbx_is_machine(w->pid) || !(gdbx_watch_flags(w) & BP_MEM_WRITE)) {
        return false;
    }
    if (timeline_busy()) {
        found_backwards(&hit);
        return false;
    }
    if (w->type == 2) {
        changed = gdbx_shadow_changed(w, hit.first, hit.last, NULL);
        if (changed < 0) {
            qatomic_inc(&w->skipped);
            return false;
        }
        hit.first = changed;
    }
    hw_writer_name(writer, hit.who, sizeof(hit.who));
    gdbx_watch_push(&hit);
    return true;
}

void gdbx_ram_written(uint64_t ram, uint64_t len)
{
    IntervalTreeNode *n;
    bool found = false;

    if (own_write || !len) {
        return;
    }
    qemu_mutex_lock(&gdbx_watch_lock);
    for (n = interval_tree_iter_first(&gdbx_watch_phys, ram, ram + len - 1); n;
         n = interval_tree_iter_next(n, ram, ram + len - 1)) {
        found |= judge(container_of(n, GdbxWatchPiece, node), ram,
                       ram + len - 1);
    }
    qemu_mutex_unlock(&gdbx_watch_lock);
    if (found) {
        request_stop();
    }
}
