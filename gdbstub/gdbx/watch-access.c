/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU accesses a page that is watched: is it a hit. Runs in vCPU threads in
 * front of the access, while nobody may change the watches.
 *
 * A hit has to stop behind its instruction, which may be anywhere in a block of
 * translated code. So it is executed once more, alone: the block is left without
 * the access having been made, the instruction is translated as a block of
 * its own, and comes by here again. Then the hit is noted and the vCPU stops at
 * the end of that block. CF_SINGLE_STEP keeps a string instruction from going on
 * to its next iteration there.
 *
 * Whether a write changes anything is known from the value, which comes with the
 * store (gdbx_hook_store()). An atomic operation is made without other vCPUs
 * (EXCP_ATOMIC), where it is a load and a store. What writes through a host pointer
 * (FXSAVE and its like) is compared when the machine has stopped.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "exec/cpu-common.h"
#include "exec/memop.h"
#include "exec/memory.h"
#include "exec/memopidx.h"
#include "exec/target_page.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "tcg/tcg.h"
/* For curr_cflags(), as accel/tcg/watchpoint.c needs it. */
#include "accel/tcg/internal-common.h"
#include "gdbstub/gdbx/watch.h"

/* Of one access; the rest is found when the instruction is executed again. */
#define MAX_HITS 16

/* What the store in progress in this thread writes, in guest order. */
static __thread struct {
    uint64_t addr;
    unsigned size;
    uint8_t bytes[16];
} store;

typedef struct Access {
    CPUState *cs;
    uint64_t addr;             /* linear */
    unsigned size;             /* within a page */
    const uint8_t *now;        /* RAM behind it, or NULL */
    const uint8_t *bytes;      /* what will be there, or NULL: not known */
    int flags;                 /* BP_MEM_READ, BP_MEM_WRITE */
    bool backwards;            /* a replay looks for the last hit */
    unsigned n;
    GdbxWatchHit hits[MAX_HITS];
} Access;

void gdbx_store_note(uint64_t addr, uint64_t low, uint64_t high, uint32_t oi)
{
    MemOp op = get_memop(oi);
    unsigned size = memop_size(op);
    uint8_t *to = store.bytes;

    qatomic_set(&gdbx_hook_calls[GDBX_HOOK_STORE],
                gdbx_hook_calls[GDBX_HOOK_STORE] + 1);
    store.addr = addr;
    store.size = size;
    if ((op & MO_BSWAP) == MO_LE) {
        stq_le_p(to, low);
        stq_le_p(to + 8, high);
    } else if (size == 16) {
        stq_be_p(to, high);
        stq_be_p(to + 8, low);
    } else {
        stq_be_p(to, low << (64 - 8 * size));
    }
}

/* Its value, if @addr is of the store that was announced last. */
static const uint8_t *stored(uint64_t addr, unsigned size)
{
    uint64_t offset = addr - store.addr;

    return offset < store.size && size <= store.size - offset
           ? store.bytes + offset : NULL;
}

int gdbx_page_watched(CPUState *cs, uint64_t page, uint64_t ram)
{
    uint64_t size = qemu_target_page_size();
    IntervalTreeNode *n;
    int flags = 0;

    qatomic_set(&gdbx_hook_calls[GDBX_HOOK_PAGE],
                gdbx_hook_calls[GDBX_HOOK_PAGE] + 1);
    for (int i = 0; i < 2; i++) {
        IntervalTreeRoot *root = i ? &gdbx_watch_phys : &gdbx_watch_virt;
        uint64_t start = i ? ram : page;

        if (i && ram == UINT64_MAX) {
            break;      /* no RAM */
        }
        for (n = interval_tree_iter_first(root, start, start + size - 1);
             n && flags != BP_MEM_ACCESS;
             n = interval_tree_iter_next(n, start, start + size - 1)) {
            GdbxWatch *w = container_of(n, GdbxWatchPiece, node)->watch;

            /* A load of CR3 empties the TLB: the owner's pages only. */
            if ((gdbx.arch->address_space(cs) & w->mask) == w->space) {
                flags |= gdbx_watch_flags(w);
            }
        }
    }
    return flags;
}

static void count(CPUState *cs, uint64_t *counter)
{
    if (tcg_cflags_has(cs, CF_PARALLEL)) {
        qatomic_inc(counter);
    } else {
        qatomic_set(counter, *counter + 1);
    }
}

/* Does the write change nothing, in the sense of its watch? */
static bool same(Access *a, GdbxWatch *w, uint64_t offset, unsigned skip,
                 unsigned len)
{
    const uint8_t *now = a->now ? a->now + skip : NULL;

    if (a->backwards) {
        /* gdb's value is of a later time: what is there then counts. */
        return a->bytes && now && !memcmp(now, a->bytes + skip, len);
    }
    if (!a->bytes) {
        gdbx_shadow_keep(w, offset, len, now);
        return false;
    }
    return gdbx_shadow_same(w, offset, a->bytes + skip, len, now);
}

/* @start: of the access, in the terms of the tree that @piece is in. */
static void judge(Access *a, GdbxWatchPiece *piece, uint64_t start)
{
    GdbxWatch *w = piece->watch;
    uint64_t lo = MAX(start, piece->node.start);
    uint64_t hi = MIN(start + a->size - 1, piece->node.last);
    uint64_t offset = piece->offset + (lo - piece->node.start);
    bool write = a->flags & gdbx_watch_flags(w) & BP_MEM_WRITE;

    if (!(a->flags & gdbx_watch_flags(w)) ||
        (gdbx.arch->address_space(a->cs) & w->mask) != w->space) {
        return;
    }
    if (w->type == 2 && same(a, w, offset, lo - start, hi - lo + 1)) {
        count(a->cs, &w->skipped);
        return;
    }
    if (a->n < MAX_HITS) {
        a->hits[a->n++] = (GdbxWatchHit) {
            .watch = w, .cs = a->cs, .write = write,
            .first = offset, .last = offset + (hi - lo),
        };
    }
}

static void judge_all(Access *a, IntervalTreeRoot *root, uint64_t start)
{
    uint64_t last = start + a->size - 1;
    IntervalTreeNode *n;

    for (n = interval_tree_iter_first(root, start, last); n;
         n = interval_tree_iter_next(n, start, last)) {
        judge(a, container_of(n, GdbxWatchPiece, node), start);
    }
}

/*
 * Is the instruction a block of its own? @ra 0: no instruction, but the frame of
 * an interrupt or exception; its handler has not begun then.
 */
static bool alone(CPUState *cs, uintptr_t ra)
{
    TranslationBlock *tb;
    uint32_t cflags;

    if (!ra) {
        return true;
    }
    tb = tcg_tb_lookup(ra);
    if (!tb) {
        return true;
    }
    cflags = tb_cflags(tb);
    return (cflags & CF_COUNT_MASK) == 1 &&
           ((cflags & (CF_SINGLE_STEP | CF_USE_ICOUNT)) ||
            cpu_in_exclusive_context(cs));
}

static G_NORETURN void execute_alone(CPUState *cs, uintptr_t ra)
{
    cpu_restore_state(cs, ra);
    cs->cflags_next_tb = curr_cflags(cs) | CF_NOIRQ | CF_SINGLE_STEP | 1;
    cpu_loop_exit_noexc(cs);
}

/*
 * The frame of an interrupt is written behind an instruction, not by the next one:
 * in front of the write is in front of that instruction.
 */
static void found_backwards(Access *a, uintptr_t ra)
{
    uint64_t icount = gdbx_icount_at(a->cs, ra);

    a->hits[0].pc = gdbx.arch->pc(a->cs);
    gdbx_back_watch(&a->hits[0], icount - (!ra && icount));
}

void gdbx_access_check(CPUState *cs, uint64_t addr, unsigned size, void *host,
                       int flags, uintptr_t ra)
{
    Access a = {
        .cs = cs, .addr = addr, .size = size,
        .flags = flags & BP_MEM_ACCESS,
        /* Of what is no RAM only the offset in the page is there. */
        .now = (uintptr_t)host < qemu_target_page_size() ? NULL : host,
        .backwards = timeline_busy(),
    };
    ram_addr_t ram;

    if (a.backwards && !timeline_looking()) {
        return;
    }
    qatomic_set(&gdbx_hook_calls[GDBX_HOOK_ACCESS],
                gdbx_hook_calls[GDBX_HOOK_ACCESS] + 1);
    if ((flags & BP_MEM_WRITE) && !(flags & GDBX_ACCESS_BLIND)) {
        a.bytes = stored(addr, size);
    }
    judge_all(&a, &gdbx_watch_virt, addr);
    if (a.now && gdbx_watching_ram) {
        ram = qemu_ram_addr_from_host((void *)a.now);
        if (ram != RAM_ADDR_INVALID) {
            judge_all(&a, &gdbx_watch_phys, ram);
        }
    }
    if (!a.n) {
        return;
    }
    if ((flags & GDBX_ACCESS_ATOMIC) && !cpu_in_serial_context(cs)) {
        cpu_loop_exit_atomic(cs, ra);
    }
    if (a.backwards) {
        found_backwards(&a, ra);
        return;
    }
    if (!alone(cs, ra)) {
        execute_alone(cs, ra);
    }
    qemu_mutex_lock(&gdbx_watch_lock);
    for (unsigned i = 0; i < a.n; i++) {
        a.hits[i].pc = gdbx.arch->pc(cs);
        gdbx_watch_push(&a.hits[i]);
    }
    qemu_mutex_unlock(&gdbx_watch_lock);
    gdbx_interrupt_behind(cs);
}
