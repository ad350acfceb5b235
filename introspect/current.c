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

static bool linear(const OsiCurrentRecipe *r, uint64_t va, size_t len,
                   uint64_t *pa)
{
    for (size_t i = 0; i < G_N_ELEMENTS(r->linear); i++) {
        uint64_t offset = va - r->linear[i].va;

        if (offset < r->linear[i].size && r->linear[i].size - offset >= len) {
            *pa = r->linear[i].pa + offset;
            return true;
        }
    }
    return false;
}

static bool read_linear(const OsiCurrentRecipe *r, const OsiMemory *mem,
                        uint64_t va, void *buf, size_t len)
{
    uint64_t pa;

    return linear(r, va, len, &pa) && mem->read(mem->opaque, pa, buf, len);
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

/* A task's address: in the kernel's half, and aligned. */
static bool is_task(uint64_t va)
{
    return va >> 56 == 0xff && va % 8 == 0;
}

bool osi_current_object(const OsiCurrentRecipe *r, const OsiMemory *mem,
                        const OsiCpu *cpu, uint64_t *task)
{
    const OsiCurrentCpu *c = cpu->cr0 >> 31 ? area_of(r, cpu) : NULL;
    uint8_t b[8];
    uint64_t found;

    if (!c || !mem->read(mem->opaque, c->slot, b, sizeof(b))) {
        return false;
    }
    found = osi_le64(b);
    if (!is_task(found)) {
        return false;
    }
    *task = found;
    return true;
}

bool osi_current_ids(const OsiCurrentRecipe *r, const OsiMemory *mem,
                     const OsiCpu *cpu, OsiIds *ids)
{
    uint64_t task;
    OsiIds found;

    if (!osi_current_object(r, mem, cpu, &task) ||
        !read_member(r, mem, task + r->pid, &found.pid) ||
        !read_member(r, mem, task + r->tgid, &found.tgid)) {
        return false;
    }
    *ids = found;
    return true;
}

typedef const uint8_t *HostFn(void *opaque, uint64_t pa, size_t len);

static bool find_slot(const OsiCurrentRecipe *r, OsiCurrentQuick *q,
                      HostFn *host, void *opaque, const OsiCpu *cpu)
{
    const OsiCurrentCpu *c = area_of(r, cpu);

    q->gs_base = cpu->gs_base;
    q->kernel_gs_base = cpu->kernel_gs_base;
    q->cpl = cpu->cpl;
    q->slot = c ? host(opaque, c->slot, 8) : NULL;
    return q->slot;
}

static const uint8_t *find_member(const OsiCurrentRecipe *r, HostFn *host,
                                  void *opaque, uint64_t va)
{
    uint64_t pa;

    return linear(r, va, 4, &pa) ? host(opaque, pa, 4) : NULL;
}

static bool is_id(const OsiCurrentRecipe *r, int32_t id)
{
    return id >= 0 && id <= r->pid_max;
}

bool osi_current_quick(const OsiCurrentRecipe *r, OsiCurrentQuick *q,
                       HostFn *host, void *opaque, const OsiCpu *cpu,
                       uint64_t *task, OsiIds *ids)
{
    bool same = q->slot && q->gs_base == cpu->gs_base && q->cpl == cpu->cpl &&
                q->kernel_gs_base == cpu->kernel_gs_base;
    uint64_t now;
    OsiIds found;

    if (!(cpu->cr0 >> 31) || (!same && !find_slot(r, q, host, opaque, cpu))) {
        return false;
    }
    now = osi_le64(q->slot);
    if (!is_task(now)) {
        return false;
    }
    if (now != q->task) {
        q->task = now;
        q->pid = find_member(r, host, opaque, now + r->pid);
        q->tgid = find_member(r, host, opaque, now + r->tgid);
    }
    *task = now;
    if (!ids) {
        return true;
    }
    if (!q->pid || !q->tgid) {
        return false;
    }
    found.pid = osi_le(q->pid, 4);
    found.tgid = osi_le(q->tgid, 4);
    if (!is_id(r, found.pid) || !is_id(r, found.tgid)) {
        return false;
    }
    *ids = found;
    return true;
}
