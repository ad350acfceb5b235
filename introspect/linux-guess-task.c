/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout from data: who a task is; see linux-guess.h. */
#include "linux-guess.h"

#define PF_KTHREAD      0x00200000u
#define AFTER_TGID      128         /* real_parent lies within */
#define COMM_MAX        16384       /* of comm in its task */
#define KTHREADD        2           /* index of its sample */

/* ---- pid, tgid ---- */

static bool are_ids(const Guess *g, int rel)
{
    g_autoptr(GHashTable) seen = NULL;

    for (size_t i = 0; i < g->n; i++) {
        uint32_t pid = guess_u32(g, i, rel);

        if (pid != guess_u32(g, i, rel + 4) || (i < 3 ? pid != i : pid < 3)) {
            return false;
        }
    }
    seen = g_hash_table_new(NULL, NULL);
    for (size_t i = 0; i < g->n; i++) {
        if (!g_hash_table_add(seen,
                              GUINT_TO_POINTER(guess_u32(g, i, rel) + 1))) {
            return false;
        }
    }
    return true;
}

bool guess_ids(Guess *g, OsiError *err)
{
    for (int rel = -GUESS_BEFORE; rel + 8 <= GUESS_AFTER; rel += 4) {
        if (are_ids(g, rel)) {
            g->pid = rel;
            g->tgid = rel + 4;
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, g->init_node,
                    "data: no pid and tgid in %zu tasks (0, 1, 2, ..., equal"
                    " and distinct)", g->n);
}

/* ---- parents ---- */

static void fill_starts(Guess *g)
{
    for (guint i = 0; i < g->nodes->len; i++) {
        g_hash_table_add(g->starts, GSIZE_TO_POINTER(
            g_array_index(g->nodes, uint64_t, i) - g->tasks));
    }
}

/* A parent may be a thread that leads no process: a few may be unknown. */
static bool are_parents(const Guess *g, int rel)
{
    size_t known = 0;

    for (size_t i = 0; i < g->n; i++) {
        known += g_hash_table_contains(g->starts, GSIZE_TO_POINTER(
            guess_word(g, i, rel)));
    }
    return known * 50 >= g->n * 49;
}

static bool leads_itself(const Guess *g, int rel)
{
    for (size_t i = 0; i < g->n; i++) {
        if (guess_word(g, i, rel) != guess_start(g, i)) {
            return false;
        }
    }
    return true;
}

/*
 * The parent of init_task, of init and of kthreadd is init_task: a word that
 * is the same in all three and points a bit before the node tells where a task
 * begins.
 */
static bool find_start(Guess *g)
{
    int from = OSI_ALIGN_UP(g->tgid + 4 + GUESS_BEFORE, g->word) - GUESS_BEFORE;

    for (int rel = from; rel < from + AFTER_TGID &&
                         rel + 2 * (int)g->word <= GUESS_AFTER; rel += g->word) {
        uint64_t start = guess_word(g, 0, rel);

        if (guess_word(g, 1, rel) != start ||
            guess_word(g, KTHREADD, rel) != start ||
            start > g->init_node || g->init_node - start > GUESS_BEFORE ||
            start > g->comm_at || g->comm_at - start > COMM_MAX ||
            !linux_is_object(g->lx, start)) {
            continue;
        }
        g->tasks = g->init_node - start;
        g_hash_table_remove_all(g->starts);
        fill_starts(g);
        if (are_parents(g, rel) && are_parents(g, rel + g->word) &&
            !leads_itself(g, rel + g->word)) {
            g->parent = rel;
            return true;
        }
    }
    g->tasks = 0;
    return false;
}

static void mark_kthreads(Guess *g)
{
    uint64_t kthreadd = guess_start(g, KTHREADD);

    for (size_t i = 0; i < g->n; i++) {
        g->sample[i].kthread = i == 0 || i == KTHREADD ||
                               guess_word(g, i, g->parent) == kthreadd;
    }
}

bool guess_family(Guess *g, OsiError *err)
{
    LinuxFields *f = &g->lx->f;
    int rel, end;

    if (!find_start(g)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, g->init_node + g->tgid,
                        "data: no pointer behind tgid that is init_task in"
                        " init_task, pid 1 and 2, and a task in all others");
    }
    end = MIN(g->parent + AFTER_TGID, GUESS_AFTER - (int)g->word);
    for (rel = g->parent; rel < end && !leads_itself(g, rel); rel += g->word) {
    }
    if (rel >= end) {
        return osi_fail(err, OSI_ERR_NO_SUCH, g->init_node + g->parent,
                        "data: no group leader behind the parents");
    }
    mark_kthreads(g);
    f->tasks = guess_field(g, 0, 2 * g->word);
    f->comm = guess_field(g, g->comm, 16);
    f->pid = guess_field(g, g->pid, 4);
    f->tgid = guess_field(g, g->tgid, 4);
    f->real_parent = guess_field(g, g->parent, g->word);
    f->group_leader = guess_field(g, rel, g->word);
    return true;
}

/* ---- mm ---- */

/*
 * One task in fifty, or two, may be in the midst of an exec or an exit on some
 * CPU, and so have what no other has.
 */
static bool too_many(const Guess *g, size_t misfits)
{
    return misfits > MAX(2, g->n / 50);
}

/*
 * An eighth of kthreadd's children may have an mm: helper programs, and kernel
 * threads that borrow one.
 */
static bool too_many_helpers(const Guess *g, size_t helpers)
{
    size_t kthreads = 0;

    for (size_t i = 0; i < g->n; i++) {
        kthreads += g->sample[i].kthread;
    }
    return helpers > MAX(1, kthreads / 8);
}

/* The place that came nearest: who reads the refusal wants to know. */
typedef struct MmMiss {
    int rel;
    size_t misfits, helpers;    /* samples; all of them: no such place */
} MmMiss;

/*
 * How many user processes have one is no criterion: zombies do not, nor does
 * what is about to exec for the first time, and a young system has few others.
 * Pid 1 has.
 */
static bool are_mms(const Guess *g, int rel, MmMiss *near)
{
    uint64_t mm = guess_word(g, 1, rel);
    size_t misfits = 0, helpers = 0;

    if (!mm || mm != guess_word(g, 1, rel + g->word) ||
        !linux_is_object(g->lx, mm)) {
        return false;
    }
    for (size_t i = 0; i < g->n; i++) {
        mm = guess_word(g, i, rel);
        if (mm && (mm != guess_word(g, i, rel + g->word) ||
                   !linux_is_object(g->lx, mm))) {
            misfits++;
        } else if (mm && g->sample[i].kthread) {
            helpers++;
        }
    }
    if (!too_many(g, misfits) && !too_many_helpers(g, helpers)) {
        return true;
    }
    if (misfits + helpers < near->misfits + near->helpers) {
        *near = (MmMiss) { rel, misfits, helpers };
    }
    return false;
}

static void note_mms(Guess *g, int rel)
{
    g->lx->f.mm = guess_field(g, rel, g->word);
    g_array_set_size(g->mms, 0);
    for (size_t i = 0; i < g->n; i++) {
        uint64_t mm = guess_word(g, i, rel);

        g->sample[i].user = mm && !g->sample[i].kthread;
        g->sample[i].unsure = mm && g->sample[i].kthread;
        if (g->sample[i].user) {
            g_array_append_val(g->mms, mm);
        }
    }
}

/* What looks like one is one if all have page tables at the same place. */
bool guess_mm(Guess *g, OsiError *err)
{
    MmMiss near = { .misfits = g->n };
    bool is_any = false;

    for (int rel = guess_lo(g); rel + 2 * (int)g->word <= GUESS_AFTER;
         rel += g->word) {
        if (are_mms(g, rel, &near)) {
            is_any = true;
            note_mms(g, rel);
            if (guess_pgd(g, err)) {
                return true;
            }
        }
    }
    g->lx->f.mm = (OsiField) { 0 };
    return is_any ? false :
           osi_fail(err, OSI_ERR_NO_SUCH, guess_start(g, 1),
                    "data: no pair mm, active_mm that pid 1 has and kernel"
                    " threads have not; nearest at %+d: %zu of %zu tasks"
                    " differ, %zu children of kthreadd have one", near.rel,
                    near.misfits, g->n, near.helpers);
}

/* ---- flags ---- */

static bool are_flags(const Guess *g, int rel)
{
    size_t misfits = 0;

    for (size_t i = 0; i < g->n; i++) {
        misfits += !g->sample[i].unsure &&
                   !!(guess_u32(g, i, rel) & PF_KTHREAD) !=
                   g->sample[i].kthread;
        if (too_many(g, misfits)) {
            return false;
        }
    }
    return true;
}

/* Near the front of the task, where the stack is; one place only. */
bool guess_flags(Guess *g, OsiError *err)
{
    int from = (int)g->lx->f.stack.offset - g->tasks, found = 0, n = 0;

    for (int rel = guess_lo(g); rel + 4 <= GUESS_AFTER; rel += 4) {
        if (are_flags(g, rel) && (!n++ || abs(rel - from) < abs(found - from))) {
            found = rel;
        }
    }
    if (!n) {
        return osi_fail(err, OSI_ERR_NO_SUCH, guess_start(g, 0),
                        "data: no flags with bit 21 set in kernel threads"
                        " alone");
    }
    g->lx->f.flags = guess_field(g, found, 4);
    return true;
}

/* ---- when it started ---- */

static uint64_t u64_at(const Guess *g, size_t i, int rel)
{
    return osi_le64(g->sample[i].bytes + GUESS_BEFORE + rel);
}

/*
 * The list is in the order of forks, so both clocks only grow along it; 2^57 ns
 * are four years.
 */
static bool are_times(const Guess *g, int rel)
{
    size_t distinct = 0;

    for (size_t i = 1; i < g->n; i++) {
        for (int k = 0; k < 16; k += 8) {
            uint64_t t = u64_at(g, i, rel + k);

            if (t < u64_at(g, i - 1, rel + k) || t >> 57 || !t) {
                return false;
            }
        }
        if (u64_at(g, i, rel) > u64_at(g, i, rel + 8)) {
            return false;
        }
        distinct += u64_at(g, i, rel) != u64_at(g, i - 1, rel);
    }
    return distinct * 2 > g->n && distinct > 10;
}

/*
 * Half a number off, on i386, everything grows along the list too, by a factor
 * of 2^32 too much.
 */
void guess_times(Guess *g)
{
    int found = 0, lo = 0, hi = 0, n = 0;

    for (int rel = guess_lo(g); rel + 16 <= GUESS_AFTER; rel += g->word) {
        if (!are_times(g, rel) || (rel + 16 > g->pid && rel < g->tgid + 4)) {
            continue;
        }
        if (!n || u64_at(g, g->n - 1, rel) < u64_at(g, g->n - 1, found)) {
            found = rel;
        }
        lo = n++ ? lo : rel;
        hi = rel;
    }
    if (n && hi - lo <= 8 && (n == 1 || g->word == 4)) {
        g->lx->f.start_time = guess_field(g, found + 8, 8);
    }
}
