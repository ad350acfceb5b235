/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A forged guest and one of its tasks, for tests that damage it and ask again.
 * The file that includes this says which task: FIXTURE_TASK, a thread id.
 */
#ifndef FORGE_FIXTURE_H
#define FORGE_FIXTURE_H

#include "forge-kernel.h"

typedef struct Fixture {
    ForgeKernel *k;
    OsiGuest *g;
    const OsiTask *t;
    uint64_t mm;                /* of that task */
} Fixture;

/* As after another stop. */
static inline void again(Fixture *f)
{
    OsiError err = { 0 };

    osi_guest_stopped(f->g, f->k->cpu, 2);
    f->t = osi_task_by_pid(f->g, FIXTURE_TASK, &err);
    g_assert_cmpstr(err.message, ==, "");
    f->mm = f->t->mm;
}

static inline void setup(Fixture *f, gconstpointer options)
{
    f->k = forge_kernel(*(const ForgeOptions *)options);
    f->g = osi_guest_new(&f->k->f->mem);
    again(f);
}

static inline void teardown(Fixture *f, gconstpointer options)
{
    osi_guest_free(f->g);
    forge_kernel_free(f->k);
}

#endif
