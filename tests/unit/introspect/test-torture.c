/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Torture of forged guests; see torture.h. The same on saved real guests is
 * done by hand with torture-image.
 *
 * OSI_TORTURE=N multiplies the rounds, OSI_TORTURE_SEED=S starts at image S:
 * a failure says its number.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "forge-kernel.h"
#include "torture.h"

#define ROUNDS      400
#define GROUP       50          /* images of one forged guest */
#define MEMORY_MAX  (1400ull << 20)

/*
 * Reads of one question. The undamaged guest's dearest, the features, needs a
 * tenth; damage makes a table of per-CPU areas as long as may be (8192), or
 * that of a module's exported symbols (65536, of two reads and more each).
 */
static uint64_t reads_max(Question q)
{
    return q == Q_MODULE_SYMBOLS ? 300000 : 30000;
}

static int rounds(int n)
{
    const char *s = g_getenv("OSI_TORTURE");

    return n * (s ? MAX(atoi(s), 1) : 1);
}

static uint64_t first_seed(uint64_t seed)
{
    const char *s = g_getenv("OSI_TORTURE_SEED");

    return s ? strtoull(s, NULL, 0) : seed;
}

static void say(const char *line)
{
    g_test_message("%s", line);
}

/* All kinds of forged guests in turn. */
static ForgeKernel *make(uint64_t i)
{
    ForgeOptions opt = {
        .kallsyms = i % FORGE_LAYOUTS, .pti = i & 1, .gap = i & 2 ? 16 : 0,
        .paging = i & 4 ? OSI_PAGING_5LEVEL : OSI_PAGING_4LEVEL,
        .list = i & 8, .new_orc = i & 2, .no_kallsyms = (i & 48) == 16,
        .no_btf = (i & 48) == 32,
    };

    return forge_kernel(opt);
}

static void begin(Torture *t, ForgeKernel *k, uint64_t seed)
{
    torture_init(t, k->f->ram, k->f->size, k->cpu, 2, seed);
}

static void finish(Torture *t, TortureCount *sum)
{
    for (int q = 0; q < Q_COUNT; q++) {
        if (t->count[q].damaged >= reads_max(q)) {
            g_error("question %d: %" PRIu64 " reads in image %" PRIu64, q,
                    t->count[q].damaged, t->count[q].seed);
        }
        if (t->count[q].damaged > sum[q].damaged) {
            sum[q].damaged = t->count[q].damaged;
            sum[q].seed = t->count[q].seed;
        }
        sum[q].clean = MAX(sum[q].clean, t->count[q].clean);
        sum[q].asked += t->count[q].asked;
        sum[q].failed += t->count[q].failed;
    }
    torture_deinit(t);
}

static void report(const TortureCount *sum, uint64_t images)
{
    Torture all = { 0 };

    memcpy(all.count, sum, sizeof(all.count));
    g_test_message("%" PRIu64 " images", images);
    if (g_getenv("OSI_TORTURE")) {
        torture_report(&all, say);
    }
    g_assert_cmpuint(torture_peak(), <, MEMORY_MAX);
}

static void one_image(Torture *t, uint64_t seed)
{
    bool anew;

    t->seed = seed;
    g_rand_set_seed(t->rand, seed);
    torture_damage(t);
    anew = torture_stop(t);
    torture_ask_all(t, FK_TASKS);
    torture_mend(t);
    if (anew) {
        torture_fresh(t);
        torture_ask_all(t, FK_TASKS);
    }
}

static void group(uint64_t seed, int n, TortureCount *sum)
{
    ForgeKernel *k = make(seed * 0x9e3779b97f4a7c15ull >> 40);
    g_autofree char *answers = NULL, *differs = NULL;
    Torture t;

    begin(&t, k, seed);
    torture_ask_all(&t, FK_TASKS);
    torture_record(&t, true);
    torture_ask_all(&t, FK_TASKS);
    torture_record(&t, false);
    torture_ask_all(&t, FK_TASKS);
    answers = g_strdup(t.answers->str);
    for (int i = 0; i < n; i++) {
        one_image(&t, seed + i);
    }
    torture_ask_all(&t, FK_TASKS);
    differs = torture_differs(&t, answers);
    g_assert_cmpstr(differs, ==, NULL);
    g_assert_cmpuint(t.errors, >, 0);
    finish(&t, sum);
    forge_kernel_free(k);
}

/* Objects, stacks and page tables change under a guest already recognised. */
static void test_objects(void)
{
    TortureCount sum[Q_COUNT] = { 0 };
    uint64_t seed = first_seed(1);
    int n = rounds(ROUNDS * 4);

    for (int i = 0; i < n; i += GROUP) {
        group(seed + i, MIN(GROUP, n - i), sum);
    }
    report(sum, n);
}

/* All that detection reads is damaged before it is looked at. */
static void test_detection(void)
{
    TortureCount sum[Q_COUNT] = { 0 };
    uint64_t seed = first_seed(1000000000);
    int n = rounds(ROUNDS / 4);

    for (int i = 0; i < n; i++) {
        ForgeKernel *k = make(seed + i);
        Torture t;

        begin(&t, k, seed + i);
        torture_record(&t, true);
        torture_ask_all(&t, i % 2 ? 0 : FK_TASKS);
        torture_record(&t, false);
        g_rand_set_seed(t.rand, seed + i);
        torture_fresh(&t);
        torture_damage(&t);
        torture_ask_all(&t, FK_TASKS);
        torture_mend(&t);
        finish(&t, sum);
        forge_kernel_free(k);
    }
    report(sum, n);
}

/* The tables in the image: few bytes wrong, or many. */
static void test_image(void)
{
    TortureCount sum[Q_COUNT] = { 0 };
    uint64_t seed = first_seed(2000000000);
    int n = rounds(ROUNDS / 4);

    for (int i = 0; i < n; i++) {
        ForgeKernel *k = make(seed + i);
        Torture t;

        begin(&t, k, seed + i);
        t.damaged = true;
        g_rand_set_seed(t.rand, seed + i);
        for (int b = 0; b < 1 << i % 10; b++) {
            uint32_t at = g_rand_int_range(t.rand, 0, k->tables);

            k->f->ram[FK_BASE_PA + at] = g_rand_int(t.rand);
        }
        torture_ask_all(&t, FK_TASKS);
        finish(&t, sum);
        forge_kernel_free(k);
    }
    report(sum, n);
}

/* Control registers of any kind. */
static void test_registers(void)
{
    TortureCount sum[Q_COUNT] = { 0 };
    uint64_t seed = first_seed(3000000000);
    int n = rounds(ROUNDS / 2);
    ForgeKernel *k = make(0);
    Torture t;

    begin(&t, k, seed);
    for (int i = 0; i < n; i++) {
        OsiCpu *cpu = &t.cpus[i & 1], good = *cpu;
        uint64_t *words[] = {
            &cpu->cr0, &cpu->cr3, &cpu->cr4, &cpu->efer, &cpu->gs_base,
            &cpu->kernel_gs_base, &cpu->idt_base, &cpu->lstar, &cpu->tr_base,
            &cpu->rip, &cpu->rsp, &cpu->fs_base,
        };

        t.seed = seed + i;
        g_rand_set_seed(t.rand, seed + i);
        for (int r = 0; r < 1 << i % 4; r++) {
            *words[g_rand_int(t.rand) % G_N_ELEMENTS(words)] =
                (uint64_t)g_rand_int(t.rand) << 32 | g_rand_int(t.rand);
        }
        cpu->cpl = i >> 1 & 3;
        t.damaged = true;
        torture_ask_all(&t, FK_TASKS);
        *cpu = good;
    }
    finish(&t, sum);
    forge_kernel_free(k);
    report(sum, n);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/torture/objects", test_objects);
    g_test_add_func("/torture/detection", test_detection);
    g_test_add_func("/torture/image", test_image);
    g_test_add_func("/torture/registers", test_registers);
    return g_test_run();
}
