/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watchpoints: the book-keeping.
 *
 * Pages that are watched are marked in the TLB (TLB_WATCHPOINT), as for QEMU's
 * own watchpoints; all other memory runs at full speed. A process's watch marks
 * pages only while its page tables are loaded: a load of CR3 empties the
 * TLB. An access to a marked page is judged in the vCPU (watch-access.c): is it
 * inside, whose is it, does it change anything.
 *
 * gdb removes and re-inserts everything at each stop. So `armed' changes at once
 * and what vCPUs heed (`live') follows when the guest is resumed, with one
 * flush of the TLBs if anything is different then.
 *
 * Rejected: QEMU's cpu_watchpoint_insert() (no owner, a list to walk for each
 * access and page, stops for writes that change nothing).
 */
#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/cputlb.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/watch.h"

/* Removed watches kept for their counts; more than any person looks at. */
#define MAX_REMEMBERED 1000
#define MAX_WATCHES 100000
/* Of one watch: RAM is a handful of regions. */
#define MAX_PIECES 64

QemuMutex gdbx_watch_lock;
IntervalTreeRoot gdbx_watch_virt, gdbx_watch_phys;
bool gdbx_watching, gdbx_watching_ram;

static GHashTable *table;       /* GdbxWatch, owned; its own key */
static unsigned remembered;

static guint watch_hash(gconstpointer p)
{
    const GdbxWatch *w = p;
    uint64_t h = w->addr * 0x9e3779b97f4a7c15ull + w->len * 31 +
                 (uint64_t)w->pid * 7 + w->type + w->number * 131;

    return h ^ h >> 32;
}

static gboolean watch_equal(gconstpointer pa, gconstpointer pb)
{
    const GdbxWatch *a = pa, *b = pb;

    return a->addr == b->addr && a->len == b->len && a->pid == b->pid &&
           a->type == b->type && a->number == b->number;
}

static void unlink_pieces(GdbxWatch *w)
{
    IntervalTreeRoot *root = w->physical ? &gdbx_watch_phys : &gdbx_watch_virt;

    qemu_mutex_lock(&gdbx_watch_lock);
    for (unsigned i = 0; w->live && i < w->n_pieces; i++) {
        interval_tree_remove(&w->pieces[i].node, root);
    }
    w->live = false;
    qemu_mutex_unlock(&gdbx_watch_lock);
}

static void link_pieces(GdbxWatch *w)
{
    IntervalTreeRoot *root = w->physical ? &gdbx_watch_phys : &gdbx_watch_virt;

    qemu_mutex_lock(&gdbx_watch_lock);
    for (unsigned i = 0; i < w->n_pieces; i++) {
        interval_tree_insert(&w->pieces[i].node, root);
    }
    w->live = true;
    qemu_mutex_unlock(&gdbx_watch_lock);
}

static void watch_free(gpointer p)
{
    GdbxWatch *w = p;

    unlink_pieces(w);
    gdbx_watch_hits_drop(w);
    gdbx_shadow_free(w);
    g_free(w->pieces);
    g_free(w);
}

static void init(void)
{
    if (!table) {
        qemu_mutex_init(&gdbx_watch_lock);
        table = g_hash_table_new_full(watch_hash, watch_equal, NULL,
                                      watch_free);
    }
}

/* An inferior's address space; the machine's watches match in all. */
static void set_space(GdbxWatch *w)
{
    GdbxInferior *inf = gdbx_inferior(w->pid);

    w->mask = inf ? osi_cr3_mask(gdbx_guest()) : 0;
    w->space = inf ? inf->root.table & w->mask : 0;
}

static void add_piece(GdbxWatch *w, uint64_t start, uint64_t len,
                      uint64_t offset)
{
    w->pieces = g_renew(GdbxWatchPiece, w->pieces, w->n_pieces + 1);
    w->pieces[w->n_pieces++] = (GdbxWatchPiece) {
        .node = { .start = start, .last = start + len - 1 },
        .watch = w, .offset = offset,
    };
}

/*
 * Physical addresses become RAM addresses: those are what all aliases of a page
 * have in common. What the address map says now counts.
 */
static bool find_ram(GdbxWatch *w, char **why)
{
    uint64_t done = 0, base = w->addr - GDBX_WINDOW_PHYS;

    RCU_READ_LOCK_GUARD();
    while (done < w->len) {
        hwaddr at, chunk = w->len - done;
        MemoryRegion *mr = address_space_translate(
            &address_space_memory, base + done, &at, &chunk, false,
            MEMTXATTRS_UNSPECIFIED);

        if (!chunk || !memory_region_is_ram(mr) ||
            memory_region_is_ram_device(mr)) {
            *why = g_strdup_printf("physical address 0x%" PRIx64 " is not RAM",
                                   base + done);
            return false;
        }
        if (w->n_pieces == MAX_PIECES) {
            *why = g_strdup("the range is in too many pieces");
            return false;
        }
        add_piece(w, memory_region_get_ram_addr(mr) + at, chunk, done);
        done += chunk;
    }
    return true;
}

static bool check_range(const GdbxWatchSpec *spec, char **why)
{
    uint64_t last = spec->addr + spec->len - 1;

    if (!spec->len) {
        *why = g_strdup("its length is 0");
    } else if (last < spec->addr) {
        *why = g_strdup("it wraps round the end of the address space");
    } else if (gdbx_in_phys_window(spec->addr) != gdbx_in_phys_window(last)) {
        *why = g_strdup("it crosses the border of the window on physical "
                        "memory");
    } else {
        return true;
    }
    return false;
}

static GdbxWatch *watch_new(const GdbxWatchSpec *spec, char **why)
{
    GdbxWatch *w = g_new0(GdbxWatch, 1);

    *w = (GdbxWatch) {
        .pid = spec->pid, .addr = spec->addr, .len = spec->len,
        .type = spec->type, .number = spec->number,
        .physical = gdbx_in_phys_window(spec->addr),
    };
    if (!w->physical) {
        add_piece(w, w->addr, w->len, 0);
    } else if (!find_ram(w, why)) {
        watch_free(w);
        return NULL;
    }
    return w;
}

static GdbxWatch *find(const GdbxWatchSpec *spec)
{
    GdbxWatch key = {
        .pid = spec->pid, .addr = spec->addr, .len = spec->len,
        .type = spec->type, .number = spec->number,
    };

    return table ? g_hash_table_lookup(table, &key) : NULL;
}

GdbxWatch *gdbx_watch_insert(const GdbxWatchSpec *spec, char **why)
{
    GdbxWatch *w;

    init();
    if (!check_range(spec, why)) {
        return NULL;
    }
    w = find(spec);
    if (!w) {
        if (g_hash_table_size(table) >= MAX_WATCHES) {
            *why = g_strdup_printf("there are %d already", MAX_WATCHES);
            return NULL;
        }
        w = watch_new(spec, why);
        if (!w) {
            return NULL;
        }
        g_hash_table_add(table, w);
    } else if (!w->armed) {
        remembered--;
    }
    set_space(w);
    if (w->type == 2 && !w->shadow) {
        if (!gdbx_shadow_new(w, why)) {
            w->armed = true;
            gdbx_watch_remove(spec);
            return NULL;
        }
        gdbx_shadow_refresh(w, NULL);
    }
    w->armed = true;
    return w;
}

static gboolean disarmed(gpointer key, gpointer value, gpointer opaque)
{
    GdbxWatch *w = key;

    return !w->armed && !w->live;
}

static bool disarm(GdbxWatch *w)
{
    if (!w || !w->armed) {
        return false;
    }
    w->armed = false;
    remembered++;
    return true;
}

bool gdbx_watch_remove(const GdbxWatchSpec *spec)
{
    return disarm(find(spec));
}

static void count_remembered(void)
{
    GHashTableIter it;
    gpointer p;

    remembered = 0;
    g_hash_table_iter_init(&it, table);
    while (g_hash_table_iter_next(&it, &p, NULL)) {
        remembered += !((GdbxWatch *)p)->armed;
    }
}

static gboolean of_pid(gpointer key, gpointer value, gpointer opaque)
{
    return ((GdbxWatch *)key)->pid == *(int64_t *)opaque;
}

/* After the intervals have changed: pages are marked anew. */
static void flush(void)
{
    CPUState *cs;

    gdbx_watching_ram = !interval_tree_is_empty(&gdbx_watch_phys);
    gdbx_watching = gdbx_watching_ram ||
                    !interval_tree_is_empty(&gdbx_watch_virt);
    CPU_FOREACH(cs) {
        tlb_flush(cs);
    }
}

static gboolean by_number(gpointer key, gpointer value, gpointer opaque)
{
    unsigned number = ((GdbxWatch *)key)->number, wanted = *(unsigned *)opaque;

    return number && (!wanted || number == wanted);
}

bool gdbx_watches_delete(unsigned number)
{
    bool found = table && g_hash_table_foreach_remove(table, by_number,
                                                      &number);

    if (found) {
        count_remembered();
        flush();
    }
    return found;
}

void gdbx_watches_forget(int64_t pid)
{
    if (table && g_hash_table_foreach_remove(table, of_pid, &pid)) {
        count_remembered();
        flush();
    }
}

void gdbx_watches_reset(void)
{
    init();
    if (g_hash_table_size(table)) {
        g_hash_table_remove_all(table);
        remembered = 0;
        flush();
    }
    gdbx_watch_hits_drop(NULL);
}

/* A new program in the process (exec): nothing is known of its memory. */
static void new_space(GdbxWatch *w)
{
    uint64_t space = w->space, mask = w->mask;

    set_space(w);
    if (space == w->space && mask == w->mask) {
        return;
    }
    unlink_pieces(w);       /* the pages of the new one are marked next time */
    if (w->shadow) {
        gdbx_shadow_refresh(w, NULL);
    }
}

void gdbx_watches_respace(const GdbxInferior *inf)
{
    GHashTableIter it;
    gpointer p;

    if (!table || !g_hash_table_size(table)) {
        return;
    }
    g_hash_table_iter_init(&it, table);
    while (g_hash_table_iter_next(&it, &p, NULL)) {
        GdbxWatch *w = p;
        if (w->pid == inf->pid) {
            new_space(w);
        }
    }
}

void gdbx_watches_written(int64_t pid, uint64_t addr, uint64_t len)
{
    GHashTableIter it;
    gpointer p;

    if (!table || !len) {
        return;
    }
    g_hash_table_iter_init(&it, table);
    while (g_hash_table_iter_next(&it, &p, NULL)) {
        GdbxWatch *w = p;
        if (w->pid == pid && addr <= w->addr + (w->len - 1) &&
            w->addr <= addr + (len - 1)) {
            w->reread = true;
        }
    }
}

/* True when what vCPUs heed is different now. */
static bool commit_one(GdbxWatch *w)
{
    if (w->reread && w->shadow) {
        gdbx_shadow_refresh(w, NULL);
    }
    w->reread = false;
    if (w->armed == w->live) {
        return false;
    }
    if (w->armed) {
        link_pieces(w);
    } else {
        unlink_pieces(w);
        gdbx_shadow_free(w);
        gdbx_watch_hits_drop(w);
    }
    return true;
}

void gdbx_watches_commit(void)
{
    bool changed = false;
    GHashTableIter it;
    gpointer p;

    if (!table || !g_hash_table_size(table)) {
        return;
    }
    g_hash_table_iter_init(&it, table);
    while (g_hash_table_iter_next(&it, &p, NULL)) {
        changed |= commit_one(p);
    }
    if (remembered > MAX_REMEMBERED) {
        g_hash_table_foreach_remove(table, disarmed, NULL);
        remembered = 0;
    }
    if (changed) {
        flush();
    }
}

void gdbx_watches_each(void (*fn)(const GdbxWatch *w, void *opaque),
                       void *opaque)
{
    GHashTableIter it;
    gpointer p;

    if (!table) {
        return;
    }
    g_hash_table_iter_init(&it, table);
    while (g_hash_table_iter_next(&it, &p, NULL)) {
        fn(p, opaque);
    }
}
