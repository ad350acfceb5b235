/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of Linux's CPUs a vCPU is, and what runs on it. */
#include "linux.h"

GArray *linux_percpu(Linux *lx)
{
    uint64_t table, count_at, n = 1, base;

    if (lx->percpu) {
        return lx->percpu;
    }
    lx->percpu = g_array_new(false, false, sizeof(uint64_t));
    if (!linux_sym(lx, "__per_cpu_offset", &table)) {
        return lx->percpu;
    }
    if (linux_sym(lx, "nr_cpu_ids", &count_at)) {
        osi_reader_uint(&lx->kernel, count_at, 4, &n, NULL);
    }
    for (uint64_t i = 0; i < MIN(n, LINUX_CPUS_MAX); i++) {
        if (!osi_reader_uint(&lx->kernel, table + 8 * i, 8, &base, NULL)) {
            break;
        }
        g_array_append_val(lx->percpu, base);
    }
    return lx->percpu;
}

int linux_cpu_of(Linux *lx, const OsiCpu *cpu, uint64_t *base)
{
    GArray *bases = linux_percpu(lx);
    /* Entry code runs at CPL 0 with either value in GS: try both. */
    uint64_t gs[2] = { cpu->gs_base, cpu->kernel_gs_base };

    for (int k = 0; k < 2; k++) {
        uint64_t want = gs[cpu->cpl == 3 ? !k : k];

        for (guint i = 0; i < bases->len; i++) {
            if (g_array_index(bases, uint64_t, i) == want) {
                if (base) {
                    *base = want;
                }
                return i;
            }
        }
    }
    return -1;
}

static bool current_slot(const Linux *lx, uint64_t *offset)
{
    if (linux_sym(lx, "current_task", offset)) {
        return true;
    }
    if (lx->f.pcpu_current.size && linux_sym(lx, "pcpu_hot", offset)) {
        *offset += lx->f.pcpu_current.offset;
        return true;
    }
    return false;
}

bool linux_current(void *os, const OsiCpu *cpu, OsiTask *task, OsiError *err)
{
    Linux *lx = os;
    uint64_t base, slot, object;
    OsiTask t;
    int nr;

    if (!linux_can(lx, LINUX_CURRENT, err)) {
        return false;
    }
    if (!current_slot(lx, &slot)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0,
                        "no symbol current_task or pcpu_hot");
    }
    if (!(cpu->cr0 >> 31) || (nr = linux_cpu_of(lx, cpu, &base)) < 0) {
        return osi_fail(err, OSI_ERR_NO_OS, cpu->gs_base,
                        "neither GS base is a per-CPU area of the kernel");
    }
    if (!osi_reader_uint(&lx->kernel, base + slot, 8, &object, err) ||
        !linux_read_task(lx, object, &t, err)) {
        return false;
    }
    t.on_cpu = true;
    t.cpu = nr;
    *task = t;
    return true;
}
