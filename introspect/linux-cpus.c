/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of Linux's CPUs a vCPU is, and what runs on it. */
#include "current.h"
#include "linux.h"

/* Without symbols: of the vCPUs that are seen, by their own numbers. */
static void percpu_of_vcpus(Linux *lx)
{
    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        const OsiCpu *cpu = &lx->view->cpus[i];
        uint64_t task, gs, none = 0;

        if (cpu->index < 0 || cpu->index >= LINUX_CPUS_MAX ||
            !linux_current_by_stack(lx, cpu, &task, &gs, NULL) || !gs) {
            continue;
        }
        while (lx->percpu->len <= (guint)cpu->index) {
            g_array_append_val(lx->percpu, none);
        }
        g_array_index(lx->percpu, uint64_t, cpu->index) = gs;
    }
}

GArray *linux_percpu(Linux *lx)
{
    uint64_t table, count_at, n = 1, base;

    if (lx->percpu) {
        return lx->percpu;
    }
    lx->percpu = g_array_new(false, false, sizeof(uint64_t));
    if (!linux_sym(lx, "__per_cpu_offset", &table)) {
        if (lx->engine) {
            percpu_of_vcpus(lx);
        }
        return lx->percpu;
    }
    if (linux_sym(lx, "nr_cpu_ids", &count_at)) {
        osi_reader_uint(&lx->kernel, count_at, 4, &n, NULL);
    } else {
        /* CONFIG_FORCE_NR_CPUS, or one CPU: as many as there can be here. */
        n = 1;
        for (size_t i = 0; i < lx->view->n_cpus; i++) {
            n = MAX(n, (uint64_t)lx->view->cpus[i].index + 1);
        }
    }
    for (uint64_t i = 0; i < MIN(n, LINUX_CPUS_MAX); i++) {
        if (!osi_reader_uint(&lx->kernel, table + lx->word * i, lx->word, &base,
                             NULL)) {
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
    int n = 2;

    if (lx->word == 4) {
        /* i386 keeps it in FS, and only inside the kernel. */
        gs[0] = cpu->fs_base;
        n = cpu->cpl == 0;
    }
    for (int k = 0; k < n; k++) {
        uint64_t want = gs[cpu->cpl == 3 ? !k : k];

        for (guint i = 0; i < bases->len; i++) {
            if (want && g_array_index(bases, uint64_t, i) == want) {
                if (base) {
                    *base = want;
                }
                return i;
            }
        }
    }
    return -1;
}

/*
 * BTF has offsets from the start of the per-CPU section, which kernels up to
 * 6.14 link at 0. Whether this one does, this_cpu_off tells: it holds the GS
 * base itself.
 */
static bool percpu_at_zero(Linux *lx)
{
    uint32_t self;
    uint64_t value;

    if (lx->word != 8 || !lx->btf ||
        !osi_btf_variable(lx->btf, ".data..percpu", "this_cpu_off", &self)) {
        return false;
    }
    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        const OsiCpu *c = &lx->view->cpus[i];
        uint64_t gs = c->gs_base >= lx->kernel_lo ? c->gs_base
                                                  : c->kernel_gs_base;

        if (gs >= lx->kernel_lo &&
            osi_reader_uint(&lx->kernel, gs + self, 8, &value, NULL) &&
            value == gs) {
            return true;
        }
    }
    return false;
}

bool linux_percpu_sym(Linux *lx, const char *name, uint64_t *offset)
{
    uint32_t at;

    if (linux_sym(lx, name, offset)) {
        return true;
    }
    if (lx->syms || lx->profile_map || !lx->btf || !percpu_at_zero(lx) ||
        !osi_btf_variable(lx->btf, ".data..percpu", name, &at)) {
        return false;
    }
    *offset = at;
    return true;
}

static bool current_slot(Linux *lx, uint64_t *offset)
{
    if (linux_percpu_sym(lx, "current_task", offset)) {
        return true;
    }
    if (lx->f.pcpu_current.size && linux_percpu_sym(lx, "pcpu_hot", offset)) {
        *offset += lx->f.pcpu_current.offset;
        return true;
    }
    return false;
}

/* A kernel for one CPU: per-CPU variables are plain ones, in the image. */
static bool one_cpu(Linux *lx)
{
    uint64_t table, slot;

    return !linux_sym(lx, "__per_cpu_offset", &table) &&
           current_slot(lx, &slot) && slot - lx->image.base < lx->image.size;
}

static bool current_by_symbol(Linux *lx, const OsiCpu *cpu, uint64_t slot,
                              uint64_t *object, int *nr, OsiError *err)
{
    uint64_t base;

    if (one_cpu(lx)) {
        *nr = 0;
        return osi_reader_uint(&lx->kernel, slot, lx->word, object, err);
    }
    *nr = linux_cpu_of(lx, cpu, &base);
    if (*nr < 0) {
        return osi_fail(err, OSI_ERR_NO_OS,
                        lx->word == 4 ? cpu->fs_base : cpu->gs_base,
                        lx->word == 4
                        ? "FS base is no per-CPU area of the kernel"
                        : "neither GS base is a per-CPU area of the kernel");
    }
    return osi_reader_uint(&lx->kernel, linux_wrap(lx, base + slot), lx->word,
                           object, err);
}

/* As far as is known without a table of CPUs: vCPUs have the same numbers. */
static int number_of(const Linux *lx, const OsiCpu *cpu, const OsiTask *t)
{
    return lx->f.cpu.size ? t->cpu : cpu->index;
}

bool linux_current(void *os, const OsiCpu *cpu, OsiTask *task, OsiError *err)
{
    Linux *lx = os;
    uint64_t slot, object = 0, gs;
    bool ok = false;
    OsiError why;
    OsiTask t;
    int nr = -1;

    if (!linux_can(lx, LINUX_CURRENT, err)) {
        return false;
    }
    if (!(cpu->cr0 >> 31)) {
        return osi_fail(err, OSI_ERR_NO_OS, cpu->rip,
                        "CPU %d has paging off", cpu->index);
    }
    if (current_slot(lx, &slot)) {
        ok = current_by_symbol(lx, cpu, slot, &object, &nr, &why);
        if (!ok && lx->word == 8) {
            return osi_fail(err, why.kind, why.address, "%s", why.message);
        }
    }
    if ((!ok && !linux_current_by_stack(lx, cpu, &object, &gs, err)) ||
        !linux_read_task(lx, object, &t, err)) {
        return false;
    }
    t.on_cpu = true;
    t.cpu = nr < 0 ? number_of(lx, cpu, &t) : nr;
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
        if (base && base != last && osi_translate(lx->kernel.mem, lx->kernel.root,
                                          base + slot, &leaf, NULL)) {
            r->cpus[r->n++] = (OsiCurrentCpu) { base, leaf.pa, vcpu_of(lx, i) };
        }
        last = base;
    }
    return r;
}
