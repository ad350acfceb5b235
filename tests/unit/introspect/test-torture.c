/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A forged guest damaged at random, then asked everything: no crash (the
 * sanitizers watch), no endless walk (reads of guest memory are counted), an
 * error that says something.
 *
 * OSI_TORTURE=N multiplies the rounds. Seeds are fixed, so a failure repeats.
 */
#include <stdlib.h>
#include "forge-kernel.h"

#define ROUNDS      400
#define REBUILD     40          /* rounds between fresh guests */
#define READS_MAX   400000      /* per round; an honest one needs 400 */

typedef struct Torture {
    ForgeKernel *k;
    OsiGuest *g;
    GRand *rand;
    uint64_t errors;
} Torture;

static uint64_t any_object(Torture *t)
{
    ForgeKernel *k = t->k;

    if (g_rand_int_range(t->rand, 0, 3) == 0) {
        return k->task[g_rand_int_range(t->rand, 0, FK_TASKS)] +
               8 * g_rand_int_range(t->rand, 0, 64);
    }
    return k->direct + k->data_lo +
           8 * g_rand_int_range(t->rand, 0, (k->data_hi - k->data_lo) / 8);
}

/* A word that is not zero: what carries meaning in a forged guest. */
static uint64_t used_word(Torture *t)
{
    uint64_t at = 0, v;

    for (int i = 0; i < 1000; i++) {
        at = any_object(t) & ~7ull;
        memcpy(&v, forge_at(t->k, at), 8);
        if (v) {
            break;
        }
    }
    return at;
}

static void damage(Torture *t)
{
    static const uint64_t odd[] = { 0, 1, UINT64_MAX, 1ull << 63,
                                    0x4141414141414141ull };
    uint8_t *p = forge_at(t->k, used_word(t));

    switch (g_rand_int_range(t->rand, 0, 4)) {
    case 0:
        p[g_rand_int_range(t->rand, 0, 8)] ^=
            1 << g_rand_int_range(t->rand, 0, 8);
        break;
    case 1:                     /* another pointer of the guest */
        memcpy(p, forge_at(t->k, used_word(t)), 8);
        break;
    case 2:                     /* a pointer to anything: cycles */
        put64(p, any_object(t));
        break;
    default:
        put64(p, odd[g_rand_int_range(t->rand, 0, G_N_ELEMENTS(odd))]);
        break;
    }
}

static void expect(Torture *t, bool ok, const OsiError *err)
{
    if (!ok) {
        t->errors++;
        g_assert_cmpint(err->kind, !=, OSI_OK);
        g_assert_cmpstr(err->message, !=, "");
        g_assert_null(strchr(err->message, '\n'));
    }
}

static void ask_task(Torture *t, const OsiTask *task)
{
    OsiError err = { 0 };
    GByteArray *auxv;
    OsiUserRegs regs;
    char *s;

    expect(t, osi_saved_user_regs(t->g, task, &regs, &err), &err);
    s = osi_exe_path(t->g, task, &err);
    expect(t, s, &err);
    g_free(s);
    s = osi_command_line(t->g, task, &err);
    expect(t, s, &err);
    g_free(s);
    auxv = osi_auxv(t->g, task, &err);
    expect(t, auxv, &err);
    if (auxv) {
        g_byte_array_unref(auxv);
    }
}

static void ask_everything(Torture *t)
{
    OsiError err = { 0 };
    uint64_t start = t->k->f->reads, v;
    OsiCurrentRecipe *recipe;
    const OsiTask *task;
    size_t n = 0;
    OsiIds ids;

    osi_guest_stopped(t->g, t->k->cpu, 2);
    for (int i = 0; i < 2; i++) {
        expect(t, osi_current_task(t->g, i, &err), &err);
    }
    recipe = osi_current_recipe(t->g, &err);
    expect(t, recipe, &err);
    for (int i = 0; recipe && i < 2; i++) {
        osi_current_ids(recipe, &t->k->f->mem, &t->k->cpu[i], &ids);
    }
    g_free(recipe);
    task = osi_tasks(t->g, &n, &err);
    expect(t, task, &err);
    for (size_t i = 0; task && i < MIN(n, 20); i++) {
        ask_task(t, &task[i]);
    }
    osi_guest_features(t->g, &n);
    osi_cr3_mask(t->g);
    osi_symbol(t->g, "init_task", &v, NULL);
    osi_symbol_at(t->g, FK_BASE + 0x3004, &v);
    g_assert_cmpuint(t->k->f->reads - start, <, READS_MAX);
}

static int rounds(int n)
{
    const char *s = g_getenv("OSI_TORTURE");

    return n * (s ? MAX(atoi(s), 1) : 1);
}

static void fresh(Torture *t, int i)
{
    ForgeOptions opt = {
        .kallsyms = i % FORGE_LAYOUTS, .pti = i & 1, .gap = i & 2 ? 16 : 0,
        .paging = i & 4 ? OSI_PAGING_5LEVEL : OSI_PAGING_4LEVEL,
    };

    t->k = forge_kernel(opt);
    t->g = osi_guest_new(&t->k->f->mem);
}

static void drop(Torture *t)
{
    osi_guest_free(t->g);
    forge_kernel_free(t->k);
}

/* Objects, stacks and page tables change under a guest already recognised. */
static void test_objects(void)
{
    Torture t = { .rand = g_rand_new_with_seed(20231) };
    int n = rounds(ROUNDS * 5);

    for (int i = 0; i < n; i++) {
        if (i % REBUILD == 0) {
            fresh(&t, i / REBUILD);
            ask_everything(&t);
        }
        damage(&t);
        ask_everything(&t);
        if (i % REBUILD == REBUILD - 1) {
            drop(&t);
        }
    }
    g_assert_cmpuint(t.errors, >, 0);
    g_test_message("%d damaged guests, %" G_GINT64_MODIFIER "u errors", n,
                   t.errors);
    g_rand_free(t.rand);
}

/* The image itself is damaged before it is looked at for the first time. */
static void test_image(void)
{
    Torture t = { .rand = g_rand_new_with_seed(20232) };
    int n = rounds(ROUNDS / 4), lost = 0;

    for (int i = 0; i < n; i++) {
        fresh(&t, i);
        for (int k = 0; k < 1 << i % 10; k++) {
            uint32_t at = g_rand_int_range(t.rand, 0, 0x20000);

            t.k->f->ram[FK_BASE_PA + 0x8000 + at] = g_rand_int(t.rand);
        }
        ask_everything(&t);
        lost += !osi_task_by_pid(t.g, 1, NULL);
        drop(&t);
    }
    g_test_message("%d damaged images, %d without tasks", n, lost);
    g_rand_free(t.rand);
}

/* Control registers of any kind. */
static void test_registers(void)
{
    Torture t = { .rand = g_rand_new_with_seed(20233) };
    int n = rounds(ROUNDS / 2);

    fresh(&t, 0);
    for (int i = 0; i < n; i++) {
        OsiCpu good = t.k->cpu[i & 1];
        uint64_t *words[] = {
            &t.k->cpu[i & 1].cr0, &t.k->cpu[i & 1].cr3, &t.k->cpu[i & 1].cr4,
            &t.k->cpu[i & 1].gs_base, &t.k->cpu[i & 1].kernel_gs_base,
            &t.k->cpu[i & 1].idt_base, &t.k->cpu[i & 1].lstar,
        };
        int w = g_rand_int_range(t.rand, 0, G_N_ELEMENTS(words));

        *words[w] = (uint64_t)g_rand_int(t.rand) << 32 | g_rand_int(t.rand);
        ask_everything(&t);
        t.k->cpu[i & 1] = good;
    }
    drop(&t);
    g_rand_free(t.rand);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/torture/objects", test_objects);
    g_test_add_func("/torture/image", test_image);
    g_test_add_func("/torture/registers", test_registers);
    return g_test_run();
}
