/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the layout of Linux's structures comes from: a profile of the user's,
 * the kernel's own BTF, or the data itself, in this order. Each answer is
 * proved on the data before it is used: init_task is named swapper, the list
 * of processes begins with pid 1 and closes. What fails says why and the next
 * engine has its turn. Where the kernel itself says both, where init_task is
 * and how it is laid out, a list that breaks later on is a damaged list and no
 * wrong layout.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "linux.h"

#define COMM            "swapper"
#define COMM_LEN        16
#define COMMS_MAX       64      /* places in the image that may be comm */
#define CLOSES_WITHIN   65536   /* processes */
#define TRIES_EACH      64      /* stops that are all tried, then a few only */
#define TRIES_STEP      16

/* ---- proof ---- */

static bool is_swapper(Linux *lx, uint64_t task)
{
    uint8_t comm[sizeof(COMM) - 1];

    return linux_is_object(lx, task) &&
           osi_reader_read(&lx->kernel, task + lx->f.comm.offset, comm,
                           sizeof(comm), NULL) &&
           !memcmp(comm, COMM, sizeof(comm));
}

static bool first_is_init(Linux *lx, uint64_t node, OsiError *err)
{
    uint64_t task = node - lx->f.tasks.offset, pid;

    if (!linux_is_object(lx, node)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, node,
                        "the list of processes begins with 0x%" PRIx64, node);
    }
    if (!linux_field(lx, task, &lx->f.pid, &pid, err)) {
        return false;
    }
    return pid == 1 || osi_fail(err, OSI_ERR_BAD_DATA, task,
                                "the first process has pid %" PRId32
                                " instead of 1", (int32_t)pid);
}

/* In early boot init_task is alone. */
static bool list_closes(Linux *lx, uint64_t task, OsiError *err)
{
    uint64_t head = task + lx->f.tasks.offset, node = head, next;

    for (int n = 0; n < CLOSES_WITHIN; n++) {
        if (!linux_is_object(lx, node)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, node,
                            "the list of processes leads to 0x%" PRIx64, node);
        }
        if (!osi_reader_uint(&lx->kernel, node, lx->word, &next, err)) {
            return false;
        }
        if (next == head) {
            return true;
        }
        if (!n && !first_is_init(lx, next, err)) {
            return false;
        }
        node = next;
    }
    return osi_fail(err, OSI_ERR_LIMIT, head,
                    "the list of processes does not close within %d",
                    CLOSES_WITHIN);
}

static bool begins_well(Linux *lx, uint64_t task, OsiError *err)
{
    uint64_t head = task + lx->f.tasks.offset, next;

    return osi_reader_uint(&lx->kernel, head, lx->word, &next, err) &&
           (next == head || first_is_init(lx, next, err));
}

static bool is_init_task(Linux *lx, uint64_t task, bool whole, OsiError *err)
{
    if (!is_swapper(lx, task)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, task,
                        "init_task's comm is not swapper");
    }
    return whole ? list_closes(lx, task, err) : begins_well(lx, task, err);
}

/* ---- init_task ---- */

/* Without its symbol: where the image has a comm at the right place. */
static bool search_init_task(Linux *lx, OsiError *err)
{
    static const uint8_t zeros[COMM_LEN];
    const OsiImage *img = &lx->image;
    const uint8_t *p = img->bytes, *end = p + img->size - COMM_LEN;

    for (int n = 0; n < COMMS_MAX && p < end; p++) {
        uint64_t task;
        size_t len;

        p = memmem(p, end - p, COMM, strlen(COMM));
        if (!p) {
            break;
        }
        len = strlen(COMM) + (memcmp(p + 7, "/0", 2) ? 0 : 2);
        if (memcmp(p + len, zeros, COMM_LEN - len)) {
            continue;
        }
        n++;
        task = img->base + (p - img->bytes) - lx->f.comm.offset;
        if (is_init_task(lx, task, true, NULL)) {
            lx->init_task = task;
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, img->base,
                    "no symbol init_task, and no task named swapper in the"
                    " image whose list of processes closes");
}

/* ---- engines ---- */

/* Do the members of @btf fit what lies in memory? */
static bool try_btf(Linux *lx, OsiError *err)
{
    uint64_t task;

    linux_fill_fields(lx);
    lx->init_task = 0;
    if (!linux_can(lx, LINUX_TASKS, err)) {
        return false;
    }
    if (!linux_sym(lx, "init_task", &task)) {
        return search_init_task(lx, err);
    }
    if (!is_init_task(lx, task, lx->btf != lx->own_btf, err)) {
        return false;
    }
    lx->init_task = task;
    return true;
}

static bool try_profile(Linux *lx, OsiError *err)
{
    OsiBtf *own = lx->btf;

    if (!lx->profile_btf) {
        *err = lx->no_profile;
        return false;
    }
    lx->btf = lx->profile_btf;
    if (try_btf(lx, err) && (own || linux_profile_agrees(lx, err))) {
        return true;
    }
    lx->btf = own;
    return false;
}

static bool try_types(Linux *lx, OsiError *err)
{
    if (!lx->btf) {
        *err = lx->no_btf;
        return false;
    }
    return try_btf(lx, err);
}

static bool try_guess(Linux *lx, OsiError *err)
{
    linux_fill_fields(lx);
    lx->init_task = 0;
    if (!linux_guess_fields(lx, err)) {
        return false;
    }
    return is_init_task(lx, lx->init_task, true, err);
}

static const struct {
    unsigned bit;
    const char *name;
    bool (*try)(Linux *lx, OsiError *err);
} engines[LINUX_ENGINES] = {
    { OSI_ENGINE_PROFILE, "the profile", try_profile },
    { OSI_ENGINE_TYPES, "BTF", try_types },
    { OSI_ENGINE_GUESS, "data", try_guess },
};

const char *linux_engine_name(const Linux *lx)
{
    for (size_t i = 0; i < G_N_ELEMENTS(engines); i++) {
        if (engines[i].bit == lx->engine) {
            return engines[i].name;
        }
    }
    return "nothing";
}

/* Everything else leans on the walk over tasks. */
static void spread_reasons(Linux *lx, const OsiError *why)
{
    for (int i = 0; i < LINUX_CAN_COUNT; i++) {
        lx->cannot[i] = *why;
    }
}

/* The reason that matters is of the engine that came closest. */
static const OsiError *last_reason(const Linux *lx)
{
    const OsiError *why = &lx->no_engine[LINUX_ENGINES - 1];

    if (lx->btf && lx->no_engine[1].kind) {
        why = &lx->no_engine[1];
    }
    return why->kind ? why : &lx->no_btf;
}

void linux_choose_engine(Linux *lx)
{
    lx->engine = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(engines); i++) {
        OsiError *why = &lx->no_engine[i];

        why->kind = OSI_OK;
        if (!(lx->view->profile.engines & engines[i].bit)) {
            osi_fail(why, OSI_ERR_UNSUPPORTED, 0, "not allowed to use %s",
                     engines[i].name);
        } else if (engines[i].try(lx, why)) {
            why->kind = OSI_OK;
            lx->engine = engines[i].bit;
            linux_size_block(lx);
            return;
        }
    }
    memset(&lx->f, 0, sizeof(lx->f));
    lx->init_task = 0;
    spread_reasons(lx, last_reason(lx));
}

/* A guest that had not booted far enough may have by now. */
void linux_retry_engine(Linux *lx)
{
    if (lx->engine || (lx->tries++ > TRIES_EACH && lx->tries % TRIES_STEP) ||
        !osi_image_load(&lx->view->mem, &lx->image, NULL)) {
        return;
    }
    if (!lx->own_root) {
        linux_find_top_table(lx);
        linux_choose_root(lx);
    }
    linux_choose_engine(lx);
    osi_image_unload(&lx->image);
}
