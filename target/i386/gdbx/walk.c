/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout of the tables: Intel SDM vol. 3A, 4.5 (4-level and 5-level paging). */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "exec/gdbstub.h"
#include "exec/memory.h"
#include "exec/address-spaces.h"
#include "gdbstub/internals.h"
#include "gdbx/walk.h"

#define ENTRY_ADDR 0x000ffffffffff000ull
#define LEVELS 5
#define WALKS 64                 /* per vCPU, by page number */

typedef struct Walk {
    uint64_t page;               /* linear */
    uint64_t cr3;
    unsigned generation;         /* 0: empty */
    unsigned levels, used;
    const uint64_t *entry[LEVELS];
    uint64_t value[LEVELS];
    const uint8_t *ram;
} Walk;

static Walk *walks;
/* Of the memory map. A vCPU in translated code keeps old RAM alive (RCU). */
static unsigned generation = 1;

static void map_changed(MemoryListener *listener)
{
    qatomic_set(&generation, generation + 1 ?: 1);
}

void gdbx_i386_walk_start(void)
{
    static MemoryListener listener = {
        .name = "gdbx-walk", .commit = map_changed,
    };

    if (!walks) {
        walks = g_new0(Walk, (size_t)gdb_get_max_cpus() * WALKS);
        memory_listener_register(&listener, &address_space_memory);
    }
}

static const void *ram_at(CPUState *cs, hwaddr pa)
{
    hwaddr at, len = TARGET_PAGE_SIZE - (pa & ~TARGET_PAGE_MASK);
    hwaddr whole = len;
    MemoryRegion *mr = address_space_translate(cs->as, pa, &at, &len, false,
                                               MEMTXATTRS_UNSPECIFIED);

    return memory_region_is_ram(mr) && len >= whole
           ? (uint8_t *)memory_region_get_ram_ptr(mr) + at : NULL;
}

static bool walk(CPUState *cs, Walk *w, uint64_t va)
{
    uint64_t table = w->cr3 & ENTRY_ADDR;
    unsigned top = 12 + 9 * w->levels;

    /* Canonical: the bits above are all like the topmost. */
    if ((int64_t)va >> (top - 1) != 0 && (int64_t)va >> (top - 1) != -1) {
        return false;
    }
    for (w->used = 0; w->used < w->levels;) {
        unsigned shift = top - 9 * (w->used + 1);
        const uint64_t *entry = ram_at(cs, table + ((va >> shift) & 511) * 8);
        uint64_t value;

        if (!entry) {
            return false;
        }
        value = le64_to_cpu(qatomic_read(entry));
        w->entry[w->used] = entry;
        w->value[w->used++] = value;
        if (!(value & PG_PRESENT_MASK)) {
            return false;
        }
        if (shift == 12 || (value & PG_PSE_MASK)) {
            uint64_t in_page = MAKE_64BIT_MASK(0, shift);

            if (shift > 30) {
                return false;           /* reserved there */
            }
            w->ram = ram_at(cs, ((value & ENTRY_ADDR & ~in_page) |
                                 (va & in_page)) & TARGET_PAGE_MASK);
            return w->ram;
        }
        table = value & ENTRY_ADDR;
    }
    return false;
}

static bool still_right(const Walk *w)
{
    for (unsigned i = 0; i < w->used; i++) {
        if (le64_to_cpu(qatomic_read(w->entry[i])) != w->value[i]) {
            return false;
        }
    }
    return true;
}

const void *gdbx_i386_walk(CPUState *cs, uint64_t va)
{
    CPUX86State *env = cpu_env(cs);
    uint64_t page = va & TARGET_PAGE_MASK;
    unsigned levels = env->cr[4] & CR4_LA57_MASK ? 5 : 4;
    unsigned now = qatomic_read(&generation);
    Walk *w;

    if (!walks || !(env->hflags & HF_LMA_MASK) ||
        (env->hflags & (HF_GUEST_MASK | HF_SMM_MASK)) ||
        env->a20_mask != -1) {
        return NULL;
    }
    w = &walks[cs->cpu_index * WALKS + (page >> TARGET_PAGE_BITS) % WALKS];
    if (w->generation != now || w->page != page || w->cr3 != env->cr[3] ||
        w->levels != levels || !still_right(w)) {
        *w = (Walk) { .page = page, .cr3 = env->cr[3], .levels = levels };
        if (!walk(cs, w, va)) {
            return NULL;
        }
        w->generation = now;
    }
    return w->ram + (va & ~TARGET_PAGE_MASK);
}
