/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of Linux's CPUs a vCPU is, and what runs on it. */
#include "current.h"
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

/* ---- the same while the guest runs ---- */

/* PID_MAX_LIMIT, include/linux/threads.h. */
#define PID_MAX (4 << 20)
/* KASLR moves the direct map by multiples of this (arch/x86/mm/kaslr.c). */
#define DIRECT_ALIGN (1ull << 30)
/* Virtual space of the direct map, Documentation/arch/x86/x86_64/mm.rst. */
#define DIRECT_SIZE_4LEVEL (64ull << 40)
#define DIRECT_SIZE_5LEVEL (32ull << 50)

/*
 * The direct map: physical address 0 is at the same distance from a place in
 * each per-CPU area and from a task that was allocated. Where that does not come out, there
 * is none to lean on, and page tables are walked instead.
 */
static void add_to_direct(Linux *lx, uint64_t va, OsiLinear *direct, bool *ok)
{
    OsiLeaf leaf;

    if (va - lx->image.base < lx->image.size) {
        return;
    }
    if (!osi_translate(lx->kernel.mem, lx->kernel.root, va, &leaf, NULL) ||
        (va - leaf.pa) % DIRECT_ALIGN ||
        (direct->size && direct->va != va - leaf.pa)) {
        *ok = false;
        return;
    }
    *direct = (OsiLinear) {
        .va = va - leaf.pa,
        .size = lx->kernel.root.paging == OSI_PAGING_5LEVEL
                ? DIRECT_SIZE_5LEVEL : DIRECT_SIZE_4LEVEL,
    };
}

static void fill_direct(Linux *lx, uint64_t slot, OsiLinear *direct)
{
    GArray *bases = linux_percpu(lx);
    OsiLinear found = { 0 };
    bool ok = true;

    for (guint i = 0; i < bases->len; i++) {
        add_to_direct(lx, g_array_index(bases, uint64_t, i) + slot, &found,
                      &ok);
    }
    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        OsiTask t;

        if (linux_current(lx, &lx->view->cpus[i], &t, NULL)) {
            add_to_direct(lx, t.object, &found, &ok);
        }
    }
    if (ok) {
        *direct = found;
    }
}

/* Which vCPU has CPU number @nr of Linux, as far as is seen now. */
static int vcpu_of(Linux *lx, int nr)
{
    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        const OsiCpu *cpu = &lx->view->cpus[i];

        if (cpu->cr0 >> 31 && linux_cpu_of(lx, cpu, NULL) == nr) {
            return cpu->index;
        }
    }
    return -1;
}

OsiCurrentRecipe *linux_current_recipe(void *os, OsiError *err)
{
    Linux *lx = os;
    GArray *bases = linux_percpu(lx);
    OsiCurrentRecipe *r;
    uint64_t slot, last = 0;
    OsiLeaf leaf;

    if (!linux_can(lx, LINUX_CURRENT, err)) {
        return NULL;
    }
    if (!current_slot(lx, &slot) || !bases->len) {
        osi_fail(err, OSI_ERR_NO_SUCH, 0, "no symbol current_task or pcpu_hot, "
                 "or no per-CPU areas");
        return NULL;
    }
    r = g_malloc0(sizeof(*r) + bases->len * sizeof(r->cpus[0]));
    r->root = lx->kernel.root;
    r->pid = lx->f.pid.offset;
    r->tgid = lx->f.tgid.offset;
    r->pid_max = PID_MAX;
    r->linear[1] = (OsiLinear) { lx->image.base, lx->image.size, lx->image.pa };
    fill_direct(lx, slot, &r->linear[0]);
    for (guint i = 0; i < bases->len; i++) {
        uint64_t base = g_array_index(bases, uint64_t, i);

        /* Copies of one value until the CPUs are counted. */
        if (base != last && osi_translate(lx->kernel.mem, lx->kernel.root,
                                          base + slot, &leaf, NULL)) {
            r->cpus[r->n++] = (OsiCurrentCpu) { base, leaf.pa, vcpu_of(lx, i) };
        }
        last = base;
    }
    return r;
}
