/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recipe for the current task: it must say what osi_current_task() says,
 * go on being right while the guest runs, and say nothing rather than
 * something wrong.
 */
#include "current.h"
#include "forge-kernel.h"

static const ForgeOptions plain = { FORGE_BEFORE_PERCPU, OSI_PAGING_4LEVEL };

typedef struct Kitchen {
    ForgeKernel *k;
    OsiGuest *g;
    OsiCurrentRecipe *r;
} Kitchen;

static unsigned quickly;        /* how often the quick way has said something */

static Kitchen cook(ForgeOptions opt)
{
    Kitchen c = { .k = forge_kernel(opt) };
    OsiError err = { 0 };

    c.g = osi_guest_new(&c.k->f->mem);
    osi_guest_stopped(c.g, c.k->cpu, 2);
    c.r = osi_current_recipe(c.g, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_nonnull(c.r);
    return c;
}

static void clean(Kitchen *c)
{
    g_free(c->r);
    osi_guest_free(c->g);
    forge_kernel_free(c->k);
}

static const uint8_t *host(void *opaque, uint64_t pa, size_t len)
{
    const Kitchen *c = opaque;
    uint8_t try[8];

    return c->k->f->mem.read(c->k->f->mem.opaque, pa, try, len)
        ? c->k->f->ram + pa : NULL;
}

/* Whatever a CPU's cache has kept, it may not say anything else than the recipe. */
static void same_quickly(const Kitchen *c, const OsiCpu *cpu, bool known,
                         int tgid, int pid)
{
    static OsiCurrentQuick q[2];
    static const OsiCurrentRecipe *of;
    OsiIds ids = { -1, -1 };
    uint64_t task, object;
    unsigned reads = c->k->f->reads;

    if (of != c->r) {
        of = c->r;
        memset(q, 0, sizeof(q));
    }
    /* It may say less: what is neither in the direct map nor in the image. */
    if (osi_current_quick(c->r, &q[cpu->index], host, (void *)c, cpu, &task, &ids)) {
        g_assert_true(known);
        g_assert_cmpint(ids.tgid, ==, tgid);
        g_assert_cmpint(ids.pid, ==, pid);
        g_assert_true(osi_current_object(c->r, &c->k->f->mem, cpu, &object));
        g_assert_cmphex(task, ==, object);
        quickly++;
    }
    c->k->f->reads = reads;
}

static void expect(const Kitchen *c, const OsiCpu *cpu, int tgid, int pid)
{
    OsiIds ids = { -1, -1 };

    same_quickly(c, cpu, true, tgid, pid);

    g_assert_true(osi_current_ids(c->r, &c->k->f->mem, cpu, &ids));
    g_assert_cmpint(ids.tgid, ==, tgid);
    g_assert_cmpint(ids.pid, ==, pid);
}

static void refuse(const Kitchen *c, const OsiCpu *cpu)
{
    OsiIds ids = { -7, -8 };

    same_quickly(c, cpu, false, 0, 0);
    g_assert_false(osi_current_ids(c->r, &c->k->f->mem, cpu, &ids));
    g_assert_cmpint(ids.tgid, ==, -7);
    g_assert_cmpint(ids.pid, ==, -8);
}

/* Where the pointer of the forged CPU @i is, in memory. */
static uint8_t *slot(const Kitchen *c, int i)
{
    for (size_t n = 0; n < c->r->n; n++) {
        if (c->r->cpus[n].vcpu == i) {
            return c->k->f->ram + c->r->cpus[n].slot;
        }
    }
    g_error("no slot of CPU %d", i);
}

static void test_is_current(void)
{
    static const ForgeOptions all[] = {
        { FORGE_BEFORE_PERCPU, OSI_PAGING_4LEVEL },
        { FORGE_AFTER_PERCPU, OSI_PAGING_4LEVEL, .pti = true },
        { FORGE_AFTER, OSI_PAGING_5LEVEL, .gap = 16 },
        { FORGE_AFTER_PERCPU, OSI_PAGING_5LEVEL, .pti = true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        Kitchen c = cook(all[i]);

        g_assert_cmpuint(c.r->n, ==, 2);
        g_assert_cmphex(c.r->linear[0].va, ==, c.k->direct);
        expect(&c, &c.k->cpu[0], 10, 10);
        expect(&c, &c.k->cpu[1], 0, 0);
        clean(&c);
    }
}

/* The guest runs: the recipe stays, what it leads to changes. */
static void test_switch(void)
{
    Kitchen c = cook(plain);

    put64(slot(&c, 0), c.k->task[FK_THR1]);
    expect(&c, &c.k->cpu[0], 10, 11);
    put64(slot(&c, 1), c.k->task[FK_INIT]);
    expect(&c, &c.k->cpu[1], 1, 1);
    /* In the image, where init_task is, and where the direct map is not. */
    put64(slot(&c, 0), c.k->task[FK_SWAPPER0]);
    put32(forge_at(c.k, c.k->task[FK_SWAPPER0]) + c.r->pid, 77);
    expect(&c, &c.k->cpu[0], 0, 77);
    /* exec() by a thread that does not lead: it takes the leader's id. */
    put64(slot(&c, 0), c.k->task[FK_THR1]);
    put32(forge_at(c.k, c.k->task[FK_THR1]) + c.r->pid, 10);
    expect(&c, &c.k->cpu[0], 10, 10);
    clean(&c);
}

/* It is asked a million times a second. */
static void test_three_reads(void)
{
    Kitchen c = cook(plain);
    uint64_t before = c.k->f->reads;

    expect(&c, &c.k->cpu[0], 10, 10);
    g_assert_cmpuint(c.k->f->reads - before, ==, 3);
    clean(&c);
}

static void test_entry_code(void)
{
    Kitchen c = cook(plain);
    OsiCpu cpu = c.k->cpu[0];

    g_assert_cmpint(cpu.cpl, ==, 3);
    cpu.cpl = 0;                    /* before SWAPGS */
    expect(&c, &cpu, 10, 10);
    cpu.gs_base = c.k->cpu[0].kernel_gs_base;
    cpu.kernel_gs_base = 0x1234;    /* behind it */
    expect(&c, &cpu, 10, 10);
    cpu.cr3 = 0xdead000;            /* whatever is loaded */
    expect(&c, &cpu, 10, 10);
    clean(&c);
}

/* A program may load any address into its own GS base. */
static void test_false_gs(void)
{
    Kitchen c = cook(plain);
    OsiCpu cpu = c.k->cpu[0];

    cpu.gs_base = c.k->cpu[1].gs_base;
    expect(&c, &cpu, 10, 10);
    cpu.cpl = 0;
    expect(&c, &cpu, 10, 10);
    cpu.kernel_gs_base = 0x1234;
    refuse(&c, &cpu);
    /* Nobody's vCPU is known: in user mode the kernel's GS is tried first. */
    cpu = c.k->cpu[0];
    cpu.gs_base = c.k->cpu[1].gs_base;
    c.r->cpus[0].vcpu = c.r->cpus[1].vcpu = -1;
    expect(&c, &cpu, 10, 10);
    clean(&c);
}

static void test_unknown(void)
{
    static const uint64_t wrong[] = {
        0, 0x1000, 0xffffc00000000001ull, 0xfffffffffffffff8ull,
        0xffff900000000000ull, ~0ull,
    };
    Kitchen c = cook(plain);
    OsiCpu cpu = c.k->cpu[0];

    cpu.gs_base = cpu.kernel_gs_base = 0;
    refuse(&c, &cpu);
    cpu = c.k->cpu[0];
    cpu.cr0 &= 0x7fffffff;          /* reset: GS means nothing */
    refuse(&c, &cpu);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        put64(slot(&c, 0), wrong[i]);
        refuse(&c, &c.k->cpu[0]);
    }
    put64(slot(&c, 0), c.k->task[FK_THR1]);
    put32(forge_at(c.k, c.k->task[FK_THR1]) + c.r->pid, 5 << 20);
    refuse(&c, &c.k->cpu[0]);
    put32(forge_at(c.k, c.k->task[FK_THR1]) + c.r->pid, -1);
    refuse(&c, &c.k->cpu[0]);
    c.r->cpus[0].slot = c.r->cpus[1].slot = FK_RAM;
    refuse(&c, &c.k->cpu[0]);
    clean(&c);
}

/* Without the direct map page tables are walked: the same answers. */
static void test_walk(void)
{
    Kitchen c = cook(plain);

    c.r->linear[0].size = c.r->linear[1].size = 0;
    expect(&c, &c.k->cpu[0], 10, 10);
    expect(&c, &c.k->cpu[1], 0, 0);
    c.r->root.table = 0;
    refuse(&c, &c.k->cpu[0]);
    clean(&c);
}

static void no_recipe(ForgeOptions opt)
{
    ForgeKernel *k = forge_kernel(opt);
    OsiGuest *g = osi_guest_new(&k->f->mem);
    OsiError err = { 0 };

    osi_guest_stopped(g, k->cpu, 2);
    g_assert_null(osi_current_recipe(g, &err));
    g_assert_cmpstr(err.message, !=, "");
    osi_guest_free(g);
    forge_kernel_free(k);
}

static void test_none(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g = osi_guest_new(&k->f->mem);

    no_recipe((ForgeOptions) { 0, OSI_PAGING_4LEVEL, .no_btf = true });
    no_recipe((ForgeOptions) { 0, OSI_PAGING_4LEVEL, .no_kallsyms = true });
    g_assert_null(osi_current_recipe(g, NULL));     /* never stopped */
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* A CPU that was not up at the stop is found when it comes up. */
static void test_late_cpu(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiCpu up = k->cpu[1];
    Kitchen c = { .k = k, .g = osi_guest_new(&k->f->mem) };

    k->cpu[1] = (OsiCpu) { .index = 1, .cr0 = 0x10 };
    osi_guest_stopped(c.g, k->cpu, 2);
    c.r = osi_current_recipe(c.g, NULL);
    g_assert_nonnull(c.r);
    refuse(&c, &k->cpu[1]);
    expect(&c, &up, 0, 0);
    clean(&c);
}

/* The tests in front of this one have asked the quick way, too. */
static void test_quick(void)
{
    g_assert_cmpuint(quickly, >=, 10);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/current/is-current", test_is_current);
    g_test_add_func("/current/switch", test_switch);
    g_test_add_func("/current/three-reads", test_three_reads);
    g_test_add_func("/current/entry-code", test_entry_code);
    g_test_add_func("/current/false-gs", test_false_gs);
    g_test_add_func("/current/unknown", test_unknown);
    g_test_add_func("/current/walk", test_walk);
    g_test_add_func("/current/none", test_none);
    g_test_add_func("/current/late-cpu", test_late_cpu);
    g_test_add_func("/current/quick", test_quick);
    return g_test_run();
}
