/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The current task of a CPU that runs, by a recipe made when it stood still.
 * Nothing is written but locals: vCPU threads come here at the same time.
 *
 * Everything is read by physical address: with page-table isolation the user's
 * half maps neither the per-CPU areas nor the tasks.
 */
#include "bytes.h"
#include "current.h"

/*
 * The per-CPU area of @cpu: in the kernel its GS base, in user mode the one
 * that SWAPGS will load; entry code runs with either. What a program can load
 * into its own GS base is no more than a guess at another CPU's: an area known
 * to be another vCPU's is not taken.
 */
static const OsiCurrentCpu *area_of(const OsiCurrentRecipe *r,
                                    const OsiCpu *cpu)
{
    uint64_t gs[2] = { cpu->gs_base, cpu->kernel_gs_base };

    for (int k = 0; k < 2; k++) {
        uint64_t want = gs[cpu->cpl == 3 ? !k : k];

        for (size_t i = 0; i < r->n; i++) {
            const OsiCurrentCpu *c = &r->cpus[i];

            if (c->base == want && (c->vcpu < 0 || c->vcpu == cpu->index)) {
                return c;
            }
        }
    }
    return NULL;
}

static bool read_linear(const OsiCurrentRecipe *r, const OsiMemory *mem,
                        uint64_t va, void *buf, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(r->linear); i++) {
        uint64_t offset = va - r->linear[i].va;

        if (offset < r->linear[i].size && r->linear[i].size - offset >= len) {
            return mem->read(mem->opaque, r->linear[i].pa + offset, buf, len);
        }
    }
    return false;
}

static bool read_member(const OsiCurrentRecipe *r, const OsiMemory *mem,
                        uint64_t va, int32_t *value)
{
    uint8_t b[4];

    if (!read_linear(r, mem, va, b, sizeof(b)) &&
        !osi_read(mem, r->root, va, b, sizeof(b), NULL)) {
        return false;
    }
    *value = osi_le(b, sizeof(b));
    return *value >= 0 && *value <= r->pid_max;
}

bool osi_current_ids(const OsiCurrentRecipe *r, const OsiMemory *mem,
                     const OsiCpu *cpu, OsiIds *ids)
{
    const OsiCurrentCpu *c = cpu->cr0 >> 31 ? area_of(r, cpu) : NULL;
    uint8_t b[8];
    uint64_t task;
    OsiIds found;

    if (!c || !mem->read(mem->opaque, c->slot, b, sizeof(b))) {
        return false;
    }
    task = osi_le64(b);
    if (task >> 56 != 0xff || task % 8 ||
        !read_member(r, mem, task + r->pid, &found.pid) ||
        !read_member(r, mem, task + r->tgid, &found.tgid)) {
        return false;
    }
    *ids = found;
    return true;
}
