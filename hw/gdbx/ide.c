/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bus masters that wait. See ide.h. */
#include "qemu/osdep.h"
#include "hw/ide/pci.h"
#include "hw/gdbx/ide.h"

typedef struct Master {
    BMDMAState *bm;
    BlockCompletionFunc *aside;
} Master;

static GArray *masters;

static int add(Object *obj, void *opaque)
{
    PCIIDEState *d = (PCIIDEState *)object_dynamic_cast(obj, TYPE_PCI_IDE);

    for (unsigned i = 0; d && i < ARRAY_SIZE(d->bmdma); i++) {
        Master m = { .bm = &d->bmdma[i] };

        g_array_append_val(masters, m);
    }
    return 0;
}

static Master *next(Master *m)
{
    if (!masters) {
        /* None can be plugged in later. */
        masters = g_array_new(false, false, sizeof(Master));
        object_child_foreach_recursive(object_get_root(), add, NULL);
    }
    m = m ? m + 1 : &g_array_index(masters, Master, 0);
    return m < &g_array_index(masters, Master, masters->len) ? m : NULL;
}

bool gdbx_ide_waits(void)
{
    for (Master *m = next(NULL); m; m = next(m)) {
        if (m->bm->dma_cb && !(m->bm->status & BM_STATUS_DMAING)) {
            return true;
        }
    }
    return false;
}

void gdbx_ide_put_aside(void)
{
    for (Master *m = next(NULL); m; m = next(m)) {
        if (!(m->bm->status & BM_STATUS_DMAING)) {
            m->aside = m->bm->dma_cb;
            m->bm->dma_cb = NULL;
        }
    }
}

void gdbx_ide_put_back(void)
{
    for (Master *m = next(NULL); m; m = next(m)) {
        m->bm->dma_cb = m->bm->dma_cb ?: m->aside;
        m->aside = NULL;
    }
}

void gdbx_ide_forget(void)
{
    for (Master *m = next(NULL); m; m = next(m)) {
        m->bm->dma_cb = NULL;
    }
}
