/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Linux provider on a forged guest, whole and damaged. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <inttypes.h>
#include <string.h>
#include "forge-parts.h"

static const ForgeOptions plain = { FORGE_BEFORE_PERCPU, OSI_PAGING_4LEVEL };

static OsiGuest *stopped(ForgeKernel *k)
{
    OsiGuest *g = osi_guest_new(&k->f->mem);

    osi_guest_stopped(g, k->cpu, 2);
    return g;
}

static const OsiTask *task(OsiGuest *g, int pid)
{
    OsiError err;
    const OsiTask *t = osi_task_by_pid(g, pid, &err);

    if (!t) {
        g_error("%s", err.message);
    }
    return t;
}

static const OsiFeature *feature(OsiGuest *g, const char *name)
{
    size_t n;
    const OsiFeature *f = osi_guest_features(g, &n);

    for (size_t i = 0; i < n; i++) {
        if (!strcmp(f[i].name, name)) {
            return &f[i];
        }
    }
    g_error("no feature %s", name);
}

static void check_tasks(OsiGuest *g, ForgeKernel *k)
{
    const OsiTask *t;
    size_t n;

    g_assert_nonnull(osi_tasks(g, &n, NULL));
    g_assert_cmpuint(n, ==, FK_TASKS);
    t = task(g, 11);
    g_assert_cmpstr(t->comm, ==, "thr");
    g_assert_cmpint(t->tgid, ==, 10);
    g_assert_cmpint(t->ppid, ==, 1);
    g_assert_cmpuint(t->uid, ==, 111);
    g_assert_cmpint(t->state, ==, 'S');
    g_assert_cmpuint(t->start_time, ==, 12000000);
    g_assert_cmphex(t->object, ==, k->task[FK_THR1]);
    g_assert_cmphex(t->kernel_stack, ==, k->stack[FK_THR1]);
    g_assert_false(t->kernel_thread || t->on_cpu);
    g_assert_cmphex(t->root.table, ==, task(g, 10)->root.table);
    g_assert_true(task(g, 10)->on_cpu);
    g_assert_true(task(g, 2)->kernel_thread);
    g_assert_cmphex(task(g, 2)->root.table, ==, 0);
    g_assert_null(osi_task_by_pid(g, 99, NULL));
    g_assert_null(osi_task_by_pid(g, 0, NULL));
}

static void check_regs(OsiGuest *g)
{
    OsiUserRegs r = { .r15 = 42 };
    OsiError err;

    g_assert_true(osi_saved_user_regs(g, task(g, 12), &r, &err));
    g_assert_cmpuint(r.r15, ==, 12000);
    g_assert_cmpuint(r.rip, ==, 12016);
    g_assert_cmpuint(r.rsp, ==, 12019);
    g_assert_cmpuint(r.cs, ==, 0x33);
    g_assert_cmpuint(r.ss, ==, 0x2b);
    g_assert_cmphex(r.fs_base, ==, 0x700000c);
    g_assert_false(osi_saved_user_regs(g, task(g, 10), &r, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_false(osi_saved_user_regs(g, task(g, 2), &r, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_cmpuint(r.r15, ==, 12000);
}

static void check_process(OsiGuest *g)
{
    g_autofree char *exe = osi_exe_path(g, task(g, 10), NULL);
    g_autofree char *args = osi_command_line(g, task(g, 10), NULL);
    g_autofree char *kargs = osi_command_line(g, task(g, 2), NULL);
    g_autoptr(GByteArray) auxv = osi_auxv(g, task(g, 12), NULL);

    g_assert_cmpstr(exe, ==, "/mnt/bin/worker");
    g_assert_cmpstr(args, ==, "worker two words");
    g_assert_cmpstr(kargs, ==, "[kthreadd]");
    g_assert_cmpuint(auxv->len, ==, 112);
    g_assert_cmpuint(auxv->data[0], ==, 6);
    g_assert_null(osi_auxv(g, task(g, 2), NULL));
    g_assert_null(osi_exe_path(g, task(g, 2), NULL));
}

static void check_all(ForgeOptions opt)
{
    ForgeKernel *k = forge_kernel(opt);
    OsiGuest *g = stopped(k);
    uint64_t v, mask;
    OsiError err = { 0 };
    OsiRoot root;

    osi_guest_detect(g, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpstr(osi_guest_name(g), ==, FK_RELEASE);
    check_tasks(g, k);
    check_regs(g);
    check_process(g);
    g_assert_cmphex(osi_current_task(g, 0, NULL)->object, ==,
                    k->task[FK_WORKER]);
    g_assert_cmphex(osi_current_task(g, 1, NULL)->object, ==,
                    k->task[FK_SWAPPER1]);
    g_assert_null(osi_current_task(g, 2, NULL));
    g_assert_true(osi_kernel_root(g, &root, NULL));
    g_assert_cmphex(root.table, ==, k->root.table);
    g_assert_true(osi_symbol(g, "sys_filler5", &v, NULL));
    g_assert_cmpstr(osi_symbol_at(g, v + 3, &v), ==, "sys_filler5");
    g_assert_cmpuint(v, ==, 3);
    g_assert_null(osi_symbol_at(g, 0x400000, &v));
    mask = osi_cr3_mask(g);
    g_assert_cmphex(k->cpu[0].cr3 & mask, ==, task(g, 10)->root.table & mask);
    g_assert_cmphex(task(g, 1)->root.table & mask, !=,
                    task(g, 10)->root.table & mask);
    g_assert_cmphex(mask & 0x1000, ==, opt.pti ? 0 : 0x1000);
    osi_guest_free(g);
    forge_kernel_free(k);
}

static void test_layouts(void)
{
    for (int layout = 0; layout < FORGE_LAYOUTS; layout++) {
        check_all((ForgeOptions) { layout, OSI_PAGING_4LEVEL });
    }
}

static void test_5level(void)
{
    check_all((ForgeOptions) { FORGE_AFTER, OSI_PAGING_5LEVEL, .gap = 16 });
}

static void test_pti(void)
{
    check_all((ForgeOptions) { FORGE_AFTER_PERCPU, OSI_PAGING_4LEVEL,
                               .pti = true });
    check_all((ForgeOptions) { FORGE_AFTER_PERCPU, OSI_PAGING_5LEVEL,
                               .pti = true });
}

/* The only CPU is in user mode: its CR3 shows next to nothing. */
static void test_pti_user_half(void)
{
    ForgeKernel *k = forge_kernel((ForgeOptions) {
        FORGE_AFTER, OSI_PAGING_4LEVEL, .pti = true });
    OsiGuest *g = osi_guest_new(&k->f->mem);

    osi_guest_stopped(g, k->cpu, 1);
    g_assert_cmpstr(osi_guest_name(g), ==, FK_RELEASE);
    osi_guest_free(g);
    forge_kernel_free(k);
}

static void test_idt_anchor(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g;

    k->cpu[0].lstar = 0;
    g = stopped(k);
    g_assert_cmpstr(osi_guest_name(g), ==, FK_RELEASE);
    g_assert_nonnull(strstr(feature(g, "kernel")->text, "#PF"));
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* ---- nothing to find, or less than all ---- */

static void no_os(ForgeKernel *k)
{
    OsiGuest *g = stopped(k);
    OsiError err = { 0 };
    size_t n = 7;

    g_assert_false(osi_guest_detect(g, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_OS);
    g_assert_cmpstr(err.message, !=, "");
    g_assert_null(osi_guest_name(g));
    g_assert_null(osi_tasks(g, &n, &err));
    g_assert_cmpuint(n, ==, 7);
    g_assert_false(feature(g, "os")->ok);
    g_assert_cmpstr(feature(g, "os")->text, !=, "");
    osi_guest_free(g);
}

static void test_no_os(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiCpu cpu[2] = { k->cpu[0], k->cpu[1] };
    OsiGuest *g = osi_guest_new(&k->f->mem);

    g_assert_false(osi_guest_detect(g, NULL));      /* never stopped */
    osi_guest_stopped(g, NULL, 0);
    g_assert_false(osi_guest_detect(g, NULL));
    osi_guest_free(g);
    k->cpu[0].cr0 = k->cpu[1].cr0 = 0x10;           /* real mode */
    no_os(k);
    memcpy(k->cpu, cpu, sizeof(cpu));
    k->cpu[0].efer = k->cpu[1].efer = 0;            /* 32-bit kernel */
    no_os(k);
    memcpy(k->cpu, cpu, sizeof(cpu));
    k->cpu[0].cr3 = k->cpu[1].cr3 = 0;              /* nothing mapped */
    no_os(k);
    memcpy(k->cpu, cpu, sizeof(cpu));
    memset(k->f->ram + FK_BASE_PA, 0, 1 << 20);     /* not Linux */
    no_os(k);
    forge_kernel_free(k);
}

static void degraded(ForgeOptions opt, const char *row)
{
    ForgeKernel *k = forge_kernel(opt);
    OsiGuest *g = stopped(k);
    OsiError err = { 0 };
    size_t n;

    g_assert_cmpstr(osi_guest_name(g), ==, FK_RELEASE);
    g_assert_false(feature(g, row)->ok);
    g_assert_null(osi_tasks(g, &n, &err));
    g_assert_cmpstr(err.message, !=, "");
    g_assert_cmpstr(feature(g, "tasks")->text, ==, err.message);
    g_assert_false(feature(g, "exe-path")->ok);
    osi_guest_free(g);
    forge_kernel_free(k);
}

static void test_no_btf(void)
{
    degraded((ForgeOptions) { 0, OSI_PAGING_4LEVEL, .no_btf = true }, "btf");
}

/* init_task is found by its name, and the kernel's own tables by theirs. */
static void test_no_kallsyms(void)
{
    ForgeKernel *k = forge_kernel((ForgeOptions) {
        0, OSI_PAGING_4LEVEL, .no_kallsyms = true });
    OsiGuest *g = stopped(k);

    g_assert_false(feature(g, "kallsyms")->ok);
    g_assert_cmpstr(task(g, 11)->comm, ==, "thr");
    g_assert_cmphex(task(g, 11)->object, ==, k->task[FK_THR1]);
    check_process(g);
    osi_guest_free(g);
    /* Not one that is only called so. */
    put64(forge_at(k, k->task[FK_SWAPPER0] + TASK_TASKS), 0x1234);
    g = stopped(k);
    g_assert_null(osi_task_by_pid(g, 11, NULL));
    g_assert_nonnull(strstr(feature(g, "tasks")->text, "swapper"));
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* ---- profiles ---- */

/* The BTF of such a guest. */
static GByteArray *types_of(void)
{
    ForgeKernel *k = forge_kernel(plain);
    GByteArray *btf = g_byte_array_new();
    const uint8_t *p = k->f->ram + FK_BASE_PA;

    while (memcmp(p, "\x9f\xeb\x01\x00\x18\x00\x00", 8)) {
        p += 4;
    }
    g_byte_array_append(btf, p, 1 << 20);
    forge_kernel_free(k);
    return btf;
}

/* As it was linked: @slide below of where it is. */
static GString *map_of(const ForgeKernel *k, uint64_t slide, uint64_t banner)
{
    GString *map = g_string_new("0000000000001000 A current_task\n");
    const struct { const char *name; uint64_t at; } syms[] = {
        { "_text", FK_BASE }, { "linux_banner", banner },
        { "init_task", k->task[FK_SWAPPER0] },
        { "entry_SYSCALL_64", FK_BASE + 0x80 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(syms); i++) {
        g_string_append_printf(map, "%" PRIx64 " T %s\n", syms[i].at - slide,
                               syms[i].name);
    }
    for (int i = 0; i < 200; i++) {
        g_string_append_printf(map, "%" PRIx64 " t filler%d\n",
                               (uint64_t)(FK_BASE + 0x3000 + 8 * i - slide), i);
    }
    return map;
}

static OsiGuest *with_profile(ForgeKernel *k, const GByteArray *btf,
                              const GString *map)
{
    OsiGuest *g = stopped(k);
    OsiError err = { 0 };

    osi_guest_profile(g, btf ? btf->data : NULL, btf ? btf->len : 0,
                      map ? map->str : NULL, map ? map->len : 0, &err);
    g_assert_cmpstr(err.message, ==, "");
    return g;
}

#define NOTHING { 0, OSI_PAGING_4LEVEL, .no_btf = true, .no_kallsyms = true }

static void test_profile(void)
{
    ForgeKernel *k = forge_kernel((ForgeOptions) NOTHING);
    g_autoptr(GByteArray) btf = types_of();
    g_autoptr(GString) map = map_of(k, 0x18000000, FK_BASE + 0x1000);
    OsiGuest *g = with_profile(k, btf, map);
    uint64_t v;

    g_assert_cmpstr(task(g, 11)->comm, ==, "thr");
    check_process(g);
    g_assert_true(feature(g, "profile")->ok);
    g_assert_nonnull(strstr(feature(g, "exe-path")->text, "profile"));
    g_assert_true(osi_symbol(g, "filler5", &v, NULL));
    g_assert_cmphex(v, ==, FK_BASE + 0x3000 + 40);
    g_assert_true(osi_symbol(g, "current_task", &v, NULL));
    g_assert_cmphex(v, ==, 0x1000);         /* per-CPU: not moved */
    g_assert_cmpstr(osi_symbol_at(g, FK_BASE + 0x3000 + 41, &v), ==, "filler5");
    /* Forgotten again. */
    osi_guest_profile(g, NULL, 0, NULL, 0, NULL);
    g_assert_null(osi_task_by_pid(g, 11, NULL));
    osi_guest_free(g);
    forge_kernel_free(k);
}

static void refused(ForgeOptions opt, const GByteArray *btf,
                    const GString *map, const char *why)
{
    ForgeKernel *k = forge_kernel(opt);
    OsiGuest *g = with_profile(k, btf, map);

    g_assert_false(feature(g, "profile")->ok);
    g_assert_nonnull(strstr(feature(g, "profile")->text, why));
    g_assert_cmpstr(feature(g, "profile")->fix, !=, "");
    /* The next engine has its turn. */
    g_assert_cmpint(osi_task_by_pid(g, 11, NULL) != NULL, ==, !opt.no_btf);
    osi_guest_free(g);
    forge_kernel_free(k);
}

static void test_wrong_profile(void)
{
    ForgeKernel *k = forge_kernel(plain);
    g_autoptr(GByteArray) btf = types_of();
    g_autoptr(GString) elsewhere = map_of(k, 0x18000000, FK_BASE + 0x2000);
    g_autoptr(GString) good = map_of(k, 0x18000000, FK_BASE + 0x1000);
    g_autoptr(GString) other = map_of(k, 0x18000000, FK_BASE + 0x1000);
    OsiGuest *g = stopped(k);
    OsiError err = { 0 };
    uint8_t *m;

    refused((ForgeOptions) NOTHING, NULL, elsewhere, "linux_banner");
    g_string_append_printf(other, "%" PRIx64 " T init_top_pgt\n",
                           (uint64_t)(FK_BASE - 0x18000000));
    for (int i = 0; i < 200; i++) {
        g_string_append_printf(other, "%" PRIx64 " t sys_filler%d\n",
                               (uint64_t)(FK_BASE + 0x3008 + 8 * i - 0x18000000),
                               i);
    }
    refused(plain, NULL, other, "own symbols");
    /* The second member of list_head... any other byte is another build. */
    btf->data[24 + 40] ^= 4;
    refused(plain, btf, NULL, "differs");
    btf->data[24 + 40] ^= 4;
    /* Its comm is not where the guest's is. */
    m = memmem(btf->data, btf->len, (uint8_t[]) { TASK_COMM * 8 & 255,
               TASK_COMM * 8 >> 8, 0, 0 }, 4);
    g_assert_nonnull(m);
    m[0] ^= 0x80;
    refused((ForgeOptions) NOTHING, btf, NULL, "swapper");
    refused((ForgeOptions) NOTHING, btf, good, "comm is not swapper");
    g_assert_false(osi_guest_profile(g, (const uint8_t *)"nonsense", 8, NULL,
                                     0, &err));
    g_assert_cmpstr(err.message, !=, "");
    g_assert_false(osi_guest_profile(g, NULL, 0, "nonsense", 8, &err));
    g_assert_nonnull(strstr(err.message, "line 1"));
    g_assert_cmpstr(task(g, 11)->comm, ==, "thr");
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* ---- the guest runs on ---- */

static void test_restop(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g = stopped(k);

    check_tasks(g, k);
    strcpy((char *)forge_at(k, k->task[FK_THR1] + TASK_COMM), "other");
    g_assert_cmpstr(task(g, 11)->comm, ==, "thr");      /* cached */
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_cmpstr(task(g, 11)->comm, ==, "other");
    /* Reboot: the kernel is gone, then back. */
    *forge_at(k, FK_BASE + 0x1000 + 16) ^= 1;
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_cmpstr(osi_guest_name(g), !=, FK_RELEASE);
    *forge_at(k, FK_BASE + 0x1000 + 16) ^= 1;
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_cmpstr(osi_guest_name(g), ==, FK_RELEASE);
    /* Reset: it still lies in memory, but nobody runs it. */
    k->cpu[0].cr0 = k->cpu[1].cr0 = 0x10;
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_null(osi_guest_name(g));
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* ---- damaged lists: what was found stays, and the reason is said ---- */

static void damaged(int who, uint64_t at, uint64_t value, size_t want)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g;
    size_t n = 0;

    put64(forge_at(k, k->task[who] + at), value);
    g = stopped(k);
    g_assert_nonnull(osi_tasks(g, &n, NULL));
    g_assert_cmpuint(n, ==, want);
    g_assert_false(feature(g, "tasks")->ok);
    g_assert_cmphex(feature(g, "tasks")->address, !=, 0);
    osi_guest_free(g);
    forge_kernel_free(k);
}

static void test_broken_lists(void)
{
    ForgeKernel *k = forge_kernel(plain);
    uint64_t t[FK_TASKS];

    memcpy(t, k->task, sizeof(t));
    forge_kernel_free(k);
    /* kthreadd -> init again; the worker runs on CPU 0 and is found there. */
    damaged(FK_KTHREADD, TASK_TASKS, t[FK_INIT] + TASK_TASKS, 5);
    damaged(FK_KTHREADD, TASK_TASKS, t[FK_KTHREADD] + TASK_TASKS, 5);
    damaged(FK_KTHREADD, TASK_TASKS, 0xffff999900000000ull, 5);
    damaged(FK_KTHREADD, TASK_TASKS, 0x41414141, 5);
    /* thr1 -> thr1; thr1 -> nothing. */
    damaged(FK_THR1, TASK_THREAD_NODE, t[FK_THR1] + TASK_THREAD_NODE, 6);
    damaged(FK_THR1, TASK_THREAD_NODE, 0, 6);
    damaged(FK_WORKER, TASK_THREAD_NODE, 0xffffffffffffff00ull, 5);
}

static void test_path_cycle(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g = stopped(k);
    OsiError err = { 0 };
    uint64_t exe, bin;

    exe = forge_peek(k, forge_at_member(k, k->file[FF_EXE], "file",
                                        "f_path.dentry"));
    bin = forge_peek(k, forge_at_member(k, exe, "dentry", "d_parent"));
    /* The parent of bin is its child. */
    forge_set(k, bin, "dentry", "d_parent", exe);
    g_assert_null(osi_exe_path(g, task(g, 10), &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_LIMIT);
    forge_set(k, exe, "dentry", "d_name.len", 0x7fffffff);
    g_assert_null(osi_exe_path(g, task(g, 10), &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    osi_guest_free(g);
    forge_kernel_free(k);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/linux/layouts", test_layouts);
    g_test_add_func("/linux/5level-gap", test_5level);
    g_test_add_func("/linux/pti", test_pti);
    g_test_add_func("/linux/pti-user-half", test_pti_user_half);
    g_test_add_func("/linux/idt-anchor", test_idt_anchor);
    g_test_add_func("/linux/no-os", test_no_os);
    g_test_add_func("/linux/no-btf", test_no_btf);
    g_test_add_func("/linux/no-kallsyms", test_no_kallsyms);
    g_test_add_func("/linux/profile", test_profile);
    g_test_add_func("/linux/wrong-profile", test_wrong_profile);
    g_test_add_func("/linux/restop", test_restop);
    g_test_add_func("/linux/broken-lists", test_broken_lists);
    g_test_add_func("/linux/path-cycle", test_path_cycle);
    return g_test_run();
}
