/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout from data: init_task, the list of processes, and the order of the
 * probes; see linux-guess.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "linux-guess-files.h"

#define COMM        16
#define BELOW_COMM  16384       /* where the list node may be, from comm */
#define ABOVE_COMM  8192
#define COMMS_MAX   64          /* places in the image that may be comm */

bool guess_is_comm(const uint8_t comm[COMM])
{
    size_t n = strnlen((const char *)comm, COMM);

    for (size_t i = 0; i < n; i++) {
        if (comm[i] < 0x20 || comm[i] == 0x7f) {
            return false;
        }
    }
    return n && n < COMM;
}

static bool word_at(Guess *g, uint64_t va, uint64_t *value)
{
    return osi_reader_uint(&g->lx->kernel, va, g->word, value, NULL);
}

/* ---- the list of processes ---- */

static bool names_a_task(Guess *g, uint64_t node, int comm)
{
    uint8_t b[COMM];

    return linux_is_object(g->lx, node) &&
           osi_reader_read(&g->lx->kernel, node + comm, b, COMM, NULL) &&
           guess_is_comm(b);
}

/* Nodes from @head round to it, 0 when it does not close. */
static guint walk_list(Guess *g, uint64_t head, int comm, GArray *nodes)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    uint64_t node = head, next, prev;

    g_array_set_size(nodes, 0);
    do {
        if (nodes->len >= GUESS_LEADERS || !names_a_task(g, node, comm) ||
            !g_hash_table_add(seen, GSIZE_TO_POINTER(node)) ||
            !word_at(g, node, &next) || !linux_is_object(g->lx, next) ||
            !word_at(g, next + g->word, &prev) || prev != node) {
            return 0;
        }
        g_array_append_val(nodes, node);
        node = next;
    } while (node != head);
    return nodes->len;
}

/* The longest list through a place near @comm_at whose members have a comm. */
static void list_around(Guess *g, uint64_t comm_at)
{
    g_autoptr(GArray) nodes = g_array_new(false, false, sizeof(uint64_t));
    const OsiImage *img = &g->lx->image;
    uint64_t lo = comm_at - img->base > BELOW_COMM ? comm_at - BELOW_COMM
                                                   : img->base;
    uint64_t hi = MIN(comm_at + ABOVE_COMM, img->base + img->size - 2 * g->word);

    for (uint64_t at = OSI_ALIGN_UP(lo, g->word); at < hi; at += g->word) {
        const uint8_t *b = img->bytes + (at - img->base);
        uint64_t next = osi_le(b, g->word), prev = osi_le(b + g->word, g->word);
        uint64_t back;

        if (next == at || next == prev || !linux_is_object(g->lx, next) ||
            !linux_is_object(g->lx, prev) ||
            !word_at(g, next + g->word, &back) || back != at ||
            walk_list(g, at, comm_at - at, nodes) <= g->nodes->len) {
            continue;
        }
        g->comm_at = comm_at;
        g->comm = comm_at - at;
        g->init_node = at;
        g_array_set_size(g->nodes, 0);
        g_array_append_vals(g->nodes, nodes->data, nodes->len);
    }
}

/* init_task lies in the image; its comm is "swapper/0", "swapper" on UP. */
static bool find_list(Guess *g, OsiError *err)
{
    static const char name[] = "swapper";
    const OsiImage *img = &g->lx->image;
    const uint8_t *p = img->bytes, *end = p + img->size - COMM;
    int comms = 0;

    while (p < end && comms < COMMS_MAX &&
           (p = memmem(p, end - p, name, strlen(name)))) {
        bool slash = !memcmp(p + 7, "/0", 2);
        static const uint8_t zeros[COMM];
        size_t n = slash ? 9 : 7;

        if ((p - img->bytes) % 4 == 0 && !memcmp(p + n, zeros, COMM - n)) {
            list_around(g, img->base + (p - img->bytes));
            comms++;
        }
        p++;
    }
    if (g->nodes->len >= 3 + GUESS_USERS_MIN) {
        return true;
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, g->comm_at ? g->comm_at : img->base,
                    g->nodes->len
                    ? "data: a list of only %u tasks around init_task's comm"
                    : "data: %u tasks: no list closes around a comm"
                      " \"swapper\"", g->nodes->len);
}

/* ---- samples ---- */

static void read_window(Guess *g, GuessSample *s)
{
    uint64_t at = s->node - GUESS_BEFORE;
    size_t done = 0;

    s->bytes = g_malloc0(GUESS_WINDOW);
    while (done < GUESS_WINDOW) {
        size_t part = MIN(GUESS_WINDOW - done, 4096 - (at + done) % 4096);

        if (!osi_reader_read(&g->lx->kernel, at + done, s->bytes + done, part,
                             NULL)) {
            memset(s->bytes + done, 0, part);
        }
        done += part;
    }
}

/* The first ones, and the rest evenly. */
static void take_samples(Guess *g)
{
    size_t all = g->nodes->len;

    g->n = MIN(all, GUESS_SAMPLES);
    g->sample = g_new0(GuessSample, g->n);
    for (size_t i = 0; i < g->n; i++) {
        size_t half = GUESS_SAMPLES / 2, from = i;

        if (all > g->n && i >= half) {
            from = half + (i - half) * (all - half) / (g->n - half);
        }
        g->sample[i].node = g_array_index(g->nodes, uint64_t, from);
        read_window(g, &g->sample[i]);
    }
}

/* ---- the whole ---- */

static void needed(Linux *lx, LinuxCan what, bool ok, const OsiError *err)
{
    lx->cannot[what] = ok ? (OsiError) { 0 } : *err;
}

/* What is not looked for says so, instead of what no BTF would have said. */
static void no_more(Linux *lx)
{
    for (int i = 0; i < LINUX_CAN_COUNT; i++) {
        osi_fail(&lx->cannot[i], OSI_ERR_UNSUPPORTED, 0,
                 "the layout comes from data, which does not prove the members"
                 " for this");
    }
    lx->cannot[LINUX_TASKS].kind = OSI_OK;
    lx->cannot[LINUX_CURRENT].kind = OSI_OK;
    lx->cannot[LINUX_REGS].kind = OSI_OK;
}

static bool find_tasks(Guess *g, OsiError *err)
{
    return find_list(g, err) &&
           (take_samples(g), guess_ids(g, err)) && guess_family(g, err) &&
           guess_mm(g, err) && guess_stack(g, err) && guess_flags(g, err) &&
           guess_threads(g, err);
}

static void find_rest(Guess *g)
{
    Linux *lx = g->lx;
    OsiError err;
    bool ok;

    no_more(lx);
    ok = guess_switch(g, &err);
    needed(lx, LINUX_SWITCH_FRAME, ok, &err);
    ok = guess_auxv(g, &err);
    needed(lx, LINUX_AUXV, ok, &err);
    needed(lx, LINUX_CMDLINE, ok && lx->f.arg_end.size,
           ok ? &lx->cannot[LINUX_EXE] : &err);
    guess_exit(g);
    guess_bases(g);
    guess_times(g);
    guess_on_cpu(g);
    guess_vmas(g);
    if (lx->f.saved_auxv.size) {
        guess_files(g);
    }
}

static void guess_free(Guess *g)
{
    for (size_t i = 0; i < g->n; i++) {
        g_free(g->sample[i].bytes);
    }
    g_free(g->sample);
    g_array_unref(g->nodes);
    g_array_unref(g->mms);
    g_hash_table_unref(g->starts);
}

bool linux_guess_fields(Linux *lx, OsiError *err)
{
    Guess g = {
        .lx = lx, .word = lx->word,
        .nodes = g_array_new(false, false, sizeof(uint64_t)),
        .mms = g_array_new(false, false, sizeof(uint64_t)),
        .starts = g_hash_table_new(NULL, NULL),
    };
    bool ok;

    memset(&lx->f, 0, sizeof(lx->f));
    ok = find_tasks(&g, err);
    if (ok) {
        lx->init_task = guess_start(&g, 0);
        find_rest(&g);
        linux_fixed_pt_regs(lx);
    }
    guess_free(&g);
    return ok;
}
