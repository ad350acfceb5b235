/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads and modules of a forged guest: switch frames, kernel stacks by both
 * numberings of ORC, system calls, modules with sections and symbols. What the
 * guest has: forge-thread.c, forge-module.c.
 */
#include "forge-parts.h"

#define FIXTURE_TASK 12     /* a sleeping thread of worker */
#include "forge-fixture.h"

static uint64_t sp_of(Fixture *f)
{
    return f->k->stack[FK_THR2] + FK_STACK - 1024;
}

static void test_kernel_regs(Fixture *f, gconstpointer options)
{
    OsiKernelRegs r = { .rbx = 42 };
    OsiError err = { 0 };

    g_assert_true(osi_kernel_regs(f->g, f->t, &r, NULL));
    g_assert_cmphex(r.rip, ==, FK_FUNCTION(9) + 4);
    g_assert_cmphex(r.rsp, ==, sp_of(f) + 56);
    g_assert_cmphex(r.rbp, ==, 0xb0);
    g_assert_cmphex(r.rbx, ==, 0xb1);
    g_assert_cmphex(r.r12, ==, 0xc);
    g_assert_cmphex(r.r13, ==, 0xd);
    g_assert_cmphex(r.r14, ==, 0xe);
    g_assert_cmphex(r.r15, ==, 0xf);
    /* On a CPU: the registers are elsewhere. */
    g_assert_false(osi_kernel_regs(f->g, osi_task_by_pid(f->g, 10, NULL), &r,
                                   &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    forge_set(f->k, sp_of(f), "inactive_task_frame", "ret_addr", 0x1234);
    again(f);
    g_assert_false(osi_kernel_regs(f->g, f->t, &r, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmphex(err.address, ==, sp_of(f));
    g_assert_cmphex(r.rbx, ==, 0xb1);
    forge_set(f->k, f->t->object, "task_struct", "thread.sp",
              f->k->stack[FK_THR1]);
    again(f);
    g_assert_false(osi_kernel_regs(f->g, f->t, &r, &err));
    g_assert_cmphex(err.address, ==, f->k->stack[FK_THR1]);
}

static void test_stack(Fixture *f, gconstpointer options)
{
    static const int want[] = { 9, 10, 12, FK_LAST };
    OsiFrame frames[8];
    OsiError err = { 0 };
    size_t n = 0;

    g_assert_true(osi_kernel_stack(f->g, f->t, frames, 8, &n, &err));
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(want));
    for (size_t i = 0; i < n; i++) {
        g_assert_cmphex(frames[i].pc, ==, FK_FUNCTION(want[i]) + 4);
        g_assert_false(frames[i].guess || frames[i].exact);
    }
    g_assert_cmphex(frames[1].sp, ==, frames[0].sp + 32);
    g_assert_cmphex(frames[2].sp, ==, frames[1].sp + 16);
    g_assert_cmphex(frames[3].sp, ==, frames[2].sp + 32);
    /* There is no room for all. */
    g_assert_true(osi_kernel_stack(f->g, f->t, frames, 2, &n, &err));
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpint(err.kind, ==, OSI_ERR_LIMIT);
}

static void test_stack_damage(Fixture *f, gconstpointer options)
{
    uint64_t ret = sp_of(f) + 56 + 32 - 8;
    OsiFrame frames[8];
    OsiError err = { 0 };
    size_t n = 0;

    forge_poke(f->k, ret, 0x12345678);
    again(f);
    g_assert_true(osi_kernel_stack(f->g, f->t, frames, 8, &n, &err));
    g_assert_cmpuint(n, ==, 1);
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmphex(err.address, !=, 0);
    n = 7;
    g_assert_false(osi_kernel_stack(f->g, osi_task_by_pid(f->g, 10, NULL),
                                    frames, 8, &n, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_cmpuint(n, ==, 7);
}

/* Unsorted tables are none: words on the stack are left, called guesses. */
static void test_no_orc(Fixture *f, gconstpointer options)
{
    OsiFrame frames[8];
    OsiError err = { 0 };
    size_t n = 0;

    forge_poke(f->k, FK_BASE + FK_ORC_IP + 400, 0x7fffffff7fffffff);
    again(f);
    g_assert_true(osi_kernel_stack(f->g, f->t, frames, 8, &n, &err));
    g_assert_cmpint(err.kind, !=, OSI_OK);
    g_assert_nonnull(strstr(err.message, "sorted"));
}

static void test_fpu(Fixture *f, gconstpointer options)
{
    uint64_t state = forge_peek(f->k, forge_at_member(f->k, f->t->object,
                                "task_struct", "thread.fpu.fpstate"));
    uint64_t regs = forge_at_member(f->k, state, "fpstate", "regs");
    OsiError err = { 0 };
    OsiFpu fpu = { .has_ymm = true };

    g_assert_true(osi_saved_fpu(f->g, f->t, &fpu, &err));
    for (int i = 0; i < 16; i++) {
        g_assert_cmpuint(fpu.fxsave[160 + 16 * i], ==, i);
        g_assert_cmpuint(fpu.fxsave[160 + 16 * i + 15], ==, i);
    }
    /* SSE not in use: zeros, whatever lies there. */
    put64(forge_at(f->k, regs + 512), 1);
    again(f);
    g_assert_true(osi_saved_fpu(f->g, f->t, &fpu, &err));
    g_assert_cmpuint(fpu.fxsave[160 + 16 * 3], ==, 0);
    /* Reserved bits. */
    memset(&fpu, 7, sizeof(fpu));
    put64(forge_at(f->k, regs + 512 + 24), 1);
    again(f);
    g_assert_false(osi_saved_fpu(f->g, f->t, &fpu, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmphex(err.address, ==, regs);
    g_assert_cmpuint(fpu.fxsave[0], ==, 7);
    g_assert_false(osi_saved_fpu(f->g, osi_task_by_pid(f->g, 2, NULL), &fpu,
                                 &err));
}

static void test_syscall(Fixture *f, gconstpointer options)
{
    uint64_t at = f->k->stack[FK_THR2] + FK_STACK - f->k->opt.gap - 168;
    OsiSyscall sc;

    /* pt_regs are numbered 12000 on: orig_ax is the 15th. */
    g_assert_true(osi_syscall(f->g, f->t, &sc, NULL));
    g_assert_cmpint(sc.number, ==, 12015);
    g_assert_cmpstr(sc.name, ==, "");
    g_assert_cmpuint(sc.pc, ==, 12016);
    g_assert_cmpuint(sc.sp, ==, 12019);
    g_assert_cmpuint(sc.args[0], ==, 12014);        /* di */
    g_assert_cmpuint(sc.args[1], ==, 12013);        /* si */
    g_assert_cmpuint(sc.args[2], ==, 12012);        /* dx */
    g_assert_cmpuint(sc.args[3], ==, 12007);        /* r10 */
    g_assert_cmpuint(sc.args[4], ==, 12009);        /* r8 */
    g_assert_cmpuint(sc.args[5], ==, 12008);        /* r9 */
    forge_poke(f->k, at + 15 * 8, 7);
    again(f);
    g_assert_true(osi_syscall(f->g, f->t, &sc, NULL));
    g_assert_cmpstr(sc.name, ==, "filler7");
    forge_set(f->k, f->t->object, "task_struct", "thread_info.status", 2);
    again(f);
    g_assert_true(osi_syscall(f->g, f->t, &sc, NULL));
    g_assert_true(sc.compat32);
    g_assert_cmpuint(sc.args[0], ==, 12005);        /* bx */
    forge_poke(f->k, at + 15 * 8, UINT64_MAX);
    again(f);
    g_assert_true(osi_syscall(f->g, f->t, &sc, NULL));
    g_assert_cmpint(sc.number, ==, -1);
}

/* ---- modules ---- */

static bool collect(void *opaque, const char *name, char type, uint64_t value)
{
    g_string_append_printf(opaque, "%s %c %x;", name, type,
                           (unsigned)(value & 0xfff));
    return true;
}

static void test_modules(Fixture *f, gconstpointer options)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const OsiSection *s;
    const OsiModule *m;
    const char *in;
    OsiError err = { 0 };
    uint64_t off;
    size_t n = 0;

    m = osi_modules(f->g, &n, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(n, ==, 2);
    g_assert_cmpstr(m[0].name, ==, "second");
    g_assert_cmpstr(m[1].name, ==, "first");
    g_assert_cmphex(m[1].object, ==, f->k->module[1]);
    g_assert_cmphex(m[1].size, ==, 0x2000);
    g_assert_cmpint(m[1].users, ==, 2);
    g_assert_cmpint(m[0].users, ==, 0);
    g_assert_cmpint(m[0].state, ==, 'L');
    s = osi_module_sections(f->g, &m[1], &n, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(n, ==, 3);
    g_assert_cmpstr(s[1].name, ==, ".rodata");
    g_assert_cmphex(s[1].address, ==, m[1].base + 0x100);
    g_assert_cmphex(s[1].size, ==, 0x100);
    g_assert_true(osi_module_symbols(f->g, &m[1], collect, text, &err));
    g_assert_cmpstr(text->str, ==, "start t 10;exported T 20;end t 30;");
    g_assert_cmpstr(osi_symbol_in(f->g, m[1].base + 0x25, &off, &in), ==,
                    "exported");
    g_assert_cmpuint(off, ==, 5);
    g_assert_cmpstr(in, ==, "first");
    g_assert_cmpstr(osi_symbol_in(f->g, FK_FUNCTION(5) + 3, &off, &in), ==,
                    "sys_filler5");
    g_assert_null(in);
}

/* What was found before the break stays. */
static void test_modules_damage(Fixture *f, gconstpointer options)
{
    uint64_t link = forge_at_member(f->k, f->k->module[1], "module", "list");
    OsiError err = { 0 };
    size_t n = 0;

    forge_poke(f->k, link, 0x41414141);
    again(f);
    g_assert_nonnull(osi_modules(f->g, &n, NULL));
    g_assert_cmpuint(n, ==, 2);
    forge_poke(f->k, link, link);                   /* a cycle */
    again(f);
    g_assert_nonnull(osi_modules(f->g, &n, NULL));
    g_assert_cmpuint(n, ==, 2);
    forge_poke(f->k, FK_BASE + FK_MODULES, 0x42424242);
    again(f);
    n = 77;
    g_assert_null(osi_modules(f->g, &n, &err));
    g_assert_cmphex(err.address, !=, 0);
    g_assert_cmpuint(n, ==, 77);
}

static const ForgeOptions plain = { FORGE_AFTER, OSI_PAGING_4LEVEL };
static const ForgeOptions old = { FORGE_BEFORE_PERCPU, OSI_PAGING_4LEVEL,
                                  .list = true };
static const ForgeOptions recent = { FORGE_PCREL, OSI_PAGING_5LEVEL,
                                     .gap = 16, .new_orc = true };

#define CASE(name, options, test) \
    g_test_add("/thread/" name, Fixture, options, setup, test, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("kernel-regs", &plain, test_kernel_regs);
    CASE("stack-old-numbers", &old, test_stack);
    CASE("stack-new-numbers", &recent, test_stack);
    CASE("stack-damage", &plain, test_stack_damage);
    CASE("stack-no-orc", &plain, test_no_orc);
    CASE("fpu", &recent, test_fpu);
    CASE("syscall", &recent, test_syscall);
    CASE("modules-old", &old, test_modules);
    CASE("modules-new", &recent, test_modules);
    CASE("modules-damage", &plain, test_modules_damage);
    return g_test_run();
}
