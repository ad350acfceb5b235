/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which checkpoints there are. See store.h. */
#include "qemu/osdep.h"
#include "qemu/units.h"
#include "system/replay.h"
#include "replay/gdbx/store.h"

/*
 * One each so many microseconds of running at most, and not more of the time than
 * one part in this many, unless the last one is that long ago: the first step back
 * in a recording under way has to replay what was run since.
 */
#define INTERVAL_US 50000
#define SHARE 30
#define LONGEST_US 1500000
/* Devices take tens of KiB, whatever RAM does. */
#define MAX_CHECKPOINTS 4000

static GPtrArray *all;          /* Checkpoint, by icount */
static uint64_t budget, taken;
static int64_t due, took;       /* monotonic time, microseconds */

/* MemAvailable of the host, in bytes; 1 GiB where it is not told. */
static uint64_t host_memory(void)
{
    g_autofree char *text = NULL;
    const char *at;

    if (g_file_get_contents("/proc/meminfo", &text, NULL, NULL) &&
        (at = strstr(text, "MemAvailable:"))) {
        return g_ascii_strtoull(at + strlen("MemAvailable:"), NULL, 10) * KiB;
    }
    return GiB;
}

void store_budget(uint64_t bytes)
{
    budget = bytes ?: host_memory() / 4;
}

/* How many are not after @icount. */
static guint place(uint64_t icount)
{
    guint lo = 0, hi = all ? all->len : 0;

    while (lo < hi) {
        guint mid = lo + (hi - lo) / 2;
        const Checkpoint *c = g_ptr_array_index(all, mid);

        if (c->icount <= icount) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

const Checkpoint *store_find(uint64_t icount)
{
    guint n = place(icount);

    return n ? g_ptr_array_index(all, n - 1) : NULL;
}

static uint64_t icount_of(guint i)
{
    return ((const Checkpoint *)g_ptr_array_index(all, i))->icount;
}

/* What is lost without the one at @i: small is little. */
static double worth(guint i, uint64_t now)
{
    uint64_t at = icount_of(i);
    uint64_t next = i + 1 < all->len ? icount_of(i + 1) : MAX(now, at);
    uint64_t gap = next - icount_of(i - 1);
    uint64_t distance = now > at ? now - at : at - now;

    return (double)gap / (distance + 1000);
}

/* Never the first, nor one that is of now. */
static void thin(uint64_t now)
{
    while (all->len > 2 &&
           (all->len > MAX_CHECKPOINTS || checkpoint_bytes() > budget)) {
        guint least = 0;
        double best = 0;

        for (guint i = 1; i < all->len; i++) {
            double w = worth(i, now);

            if (icount_of(i) != now && (!least || w < best)) {
                least = i;
                best = w;
            }
        }
        if (!least) {
            return;
        }
        g_ptr_array_remove_index(all, least);
    }
}

void store_take(bool must)
{
    int64_t start = g_get_monotonic_time();
    uint64_t now = replay_get_current_icount();
    const Checkpoint *have;
    Checkpoint *c;
    const char *why;

    if (all && !must && start < due) {
        return;
    }
    if (!all) {
        all = g_ptr_array_new_with_free_func((GDestroyNotify)checkpoint_free);
    }
    have = store_find(now);
    c = have && have->icount == now ? NULL : checkpoint_take(&why);
    if (c) {
        g_ptr_array_insert(all, place(now), c);
        taken++;
        took = g_get_monotonic_time() - start;
        thin(now);
    }
    due = g_get_monotonic_time() +
          CLAMP(took * SHARE, INTERVAL_US, LONGEST_US);
}

void store_status(TimelineStatus *s)
{
    s->checkpoints = all ? all->len : 0;
    s->first = s->checkpoints ? icount_of(0) : 0;
    s->last = s->checkpoints ? icount_of(all->len - 1) : 0;
    s->bytes = checkpoint_bytes();
    s->budget = budget;
    s->taken = taken;
    s->take_us = took;
}
