/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "qemu/bitmap.h"
#include "qemu/thread.h"
#include "exec/cputlb.h"
#include "exec/tb-flush.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/sites.h"

#define OFFSETS 4096
#define PAGE_OF(addr) ((addr) / OFFSETS)
/*
 * Pairs of virtual and RAM page remembered. A guest that makes more (a code
 * generator that never stays in place) is instrumented by page offset alone.
 */
#define MAX_PAIRS 16384

typedef struct VirtPage {
    uint64_t page;
    uint64_t generation;     /* of the last addition to it */
    DECLARE_BITMAP(offsets, OFFSETS);
    GHashTable *ram;         /* RAM page -> generation it was cleaned at */
} VirtPage;

typedef struct RamPage {
    uint64_t page;
    DECLARE_BITMAP(offsets, OFFSETS);
} RamPage;

typedef struct Clean {
    uint64_t page, generation, ram;
} Clean;

/* Quick tests; written with all vCPUs paused. */
static DECLARE_BITMAP(virt_hash, OFFSETS);
static DECLARE_BITMAP(all_offsets, OFFSETS);
static bool flush_due;

/* All below, when vCPUs may look: under the lock. */
static QemuMutex lock;
static GHashTable *virt_pages, *ram_pages;
static size_t pairs;
static uint64_t generation;  /* of the last addition */
static bool wide, widened;   /* too many pairs: offsets alone; in effect */

static void virt_page_free(gpointer p)
{
    VirtPage *v = p;

    g_hash_table_unref(v->ram);
    g_free(v);
}

static void __attribute__((constructor)) init(void)
{
    qemu_mutex_init(&lock);
    virt_pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                       virt_page_free);
    ram_pages = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                      g_free);
}

void gdbx_site_add(uint64_t addr)
{
    uint64_t page = PAGE_OF(addr);
    VirtPage *v;

    qemu_mutex_lock(&lock);
    v = g_hash_table_lookup(virt_pages, &page);
    if (!v) {
        v = g_new0(VirtPage, 1);
        v->page = page;
        v->ram = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                       g_free);
        g_hash_table_insert(virt_pages, &v->page, v);
    }
    v->generation = ++generation;
    set_bit(addr % OFFSETS, v->offsets);
    qemu_mutex_unlock(&lock);
    set_bit(page % OFFSETS, virt_hash);
    set_bit(addr % OFFSETS, all_offsets);
    flush_due = true;
    if (runstate_is_running()) {
        gdbx_sites_commit();     /* paused for a moment only */
    }
}

void gdbx_sites_commit(void)
{
    CPUState *cs;

    if (flush_due) {
        flush_due = false;
        CPU_FOREACH(cs) {
            tlb_flush(cs);
        }
        /*
         * All TLBs are empty: each vCPU's first fill of a page with points
         * has the code thrown away before it enters any.
         */
        qemu_mutex_lock(&lock);
        widened = false;
        qemu_mutex_unlock(&lock);
        if (replay_mode == REPLAY_MODE_PLAY) {
            /* The block that replays an exception asks for no exit. */
            tb_flush(first_cpu);
        }
    }
}

void gdbx_sites_reset(void)
{
    bool any = g_hash_table_size(virt_pages);

    qemu_mutex_lock(&lock);
    g_hash_table_remove_all(virt_pages);
    g_hash_table_remove_all(ram_pages);
    pairs = 0;
    wide = widened = false;
    qemu_mutex_unlock(&lock);
    bitmap_zero(virt_hash, OFFSETS);
    bitmap_zero(all_offsets, OFFSETS);
    flush_due = false;
    if (any) {
        tb_flush(first_cpu);
    }
}

void gdbx_sites_count(size_t *virt, size_t *ram)
{
    qemu_mutex_lock(&lock);
    *virt = g_hash_table_size(virt_pages);
    *ram = g_hash_table_size(ram_pages);
    qemu_mutex_unlock(&lock);
}

bool gdbx_site_page_wanted(uint64_t va)
{
    return test_bit(PAGE_OF(va) % OFFSETS, virt_hash);
}

/* Outside of translated code, and before @cs enters any again. */
static void clean(CPUState *cs, run_on_cpu_data data)
{
    g_autofree Clean *c = data.host_ptr;
    uint64_t *cleaned;
    VirtPage *v;

    gdbx.arch->drop_code(c->ram * OFFSETS);
    qemu_mutex_lock(&lock);
    v = g_hash_table_lookup(virt_pages, &c->page);
    cleaned = v ? g_hash_table_lookup(v->ram, &c->ram) : NULL;
    if (cleaned) {
        *cleaned = c->generation;
    }
    qemu_mutex_unlock(&lock);
}

static void note_widened(CPUState *cs, run_on_cpu_data data)
{
    qemu_mutex_lock(&lock);
    widened = wide;
    qemu_mutex_unlock(&lock);
}

static void widen(CPUState *cs, run_on_cpu_data data)
{
    tb_flush(cs);
    async_safe_run_on_cpu(cs, note_widened, RUN_ON_CPU_NULL);
}

/*
 * Code of @ram is to be instrumented for @v. True: there may be translated
 * code that is not.
 */
static bool note_pair(VirtPage *v, uint64_t ram)
{
    uint64_t *cleaned = g_hash_table_lookup(v->ram, &ram);
    RamPage *r;

    if (cleaned && *cleaned == v->generation) {
        return false;
    }
    r = g_hash_table_lookup(ram_pages, &ram);
    if (!r) {
        r = g_new0(RamPage, 1);
        r->page = ram;
        g_hash_table_insert(ram_pages, &r->page, r);
    }
    bitmap_or(r->offsets, r->offsets, v->offsets, OFFSETS);
    if (!cleaned) {
        g_hash_table_insert(v->ram, g_memdup2(&ram, sizeof(ram)),
                            g_new0(uint64_t, 1));
        pairs++;
    }
    return true;
}

void gdbx_site_page_mapped(CPUState *cs, uint64_t va, uint64_t ram)
{
    uint64_t page = PAGE_OF(va);
    Clean *c = NULL;
    bool overflow;
    VirtPage *v;

    ram = PAGE_OF(ram);
    qemu_mutex_lock(&lock);
    v = g_hash_table_lookup(virt_pages, &page);
    if (v && !wide) {
        wide = pairs >= MAX_PAIRS;
        if (!wide && note_pair(v, ram)) {
            c = g_new(Clean, 1);
            *c = (Clean) { page, v->generation, ram };
        }
    }
    overflow = v && wide && !widened;
    qemu_mutex_unlock(&lock);
    /*
     * Not here: this may be in the middle of a translation, with pages
     * locked. The vCPU leaves before it enters translated code again, but for
     * blocks that ask for no exit (CF_NOIRQ): these do an instruction again
     * that has been checked, or replay an exception (gdbx_sites_commit()).
     * Each vCPU that comes by before that is done does it for itself.
     */
    if (c) {
        async_run_on_cpu(cs, clean, RUN_ON_CPU_HOST_PTR(c));
    } else if (overflow) {
        async_run_on_cpu(cs, widen, RUN_ON_CPU_NULL);
    }
}

bool gdbx_site_wanted(uint64_t ram, unsigned offset)
{
    bool wanted;

    if (!test_bit(offset, all_offsets)) {
        return false;
    }
    if (ram == GDBX_NO_RAM) {
        return true;
    }
    ram = PAGE_OF(ram);
    qemu_mutex_lock(&lock);
    wanted = wide;
    if (!wanted) {
        RamPage *r = g_hash_table_lookup(ram_pages, &ram);
        wanted = r && test_bit(offset, r->offsets);
    }
    qemu_mutex_unlock(&lock);
    return wanted;
}

bool gdbx_site_reaches(uint64_t addr, uint64_t ram)
{
    uint64_t page = PAGE_OF(addr);
    bool reaches;

    if (ram == GDBX_NO_RAM) {
        return true;
    }
    ram = PAGE_OF(ram);
    qemu_mutex_lock(&lock);
    reaches = wide;
    if (!reaches) {
        VirtPage *v = g_hash_table_lookup(virt_pages, &page);
        reaches = v && g_hash_table_contains(v->ram, &ram);
    }
    qemu_mutex_unlock(&lock);
    return reaches;
}
