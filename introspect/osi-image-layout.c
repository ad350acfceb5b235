/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * osi-image layout: the members of Linux's structures as the engine in use
 * has them. It looks behind the public headers: the tests compare engines.
 */
#include <inttypes.h>
#include <stdio.h>
#include "guest-private.h"
#include "linux.h"
#include "osi-image.h"

static void show_member(void *opaque, const char *type, const char *path,
                        const OsiField *f)
{
    (void)opaque;
    if (f->size) {
        printf("%s.%s %u:%u\n", type, path, f->offset, f->size);
    }
}

int osi_image_layout(OsiGuest *g, const char *arg)
{
    OsiError err;
    Linux *lx;

    (void)arg;
    if (!osi_guest_detect(g, &err)) {
        fprintf(stderr, "osi-image: %s\n", err.message);
        return 1;
    }
    lx = g->os;
    printf("engine %s\ninit_task %" PRIx64 "\nroot %" PRIx64 "\n",
           linux_engine_name(lx), lx->init_task, lx->kernel.root.table);
    linux_each_member(lx, show_member, NULL);
    return lx->engine ? 0 : 1;
}
