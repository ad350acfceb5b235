/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel stacks beyond a sleeping thread's, on a forged guest: a CPU that was
 * interrupted on another stack, loops, chains of frame pointers, guesses; and
 * formats of saved FPU registers.
 */
#include "forge-parts.h"
#include "guest-private.h"
#include "linux-threads.h"

#define SP_REG_OLD  5
#define REGS        3               /* ORC kinds of 6.4 and on */
#define PARTIAL     4
#define SIGNAL      8
#define CR4_OSFXSR  (1ull << 9)
#define CR4_OSXSAVE (1ull << 18)
#define XHEADER     512

typedef struct Fixture {
    ForgeKernel *k;
    OsiGuest *g;
    const OsiTask *t;           /* a sleeping thread of worker */
    OsiFrame frame[32];
    size_t n;
    OsiError err;
} Fixture;

static void again(Fixture *f)
{
    osi_guest_stopped(f->g, f->k->cpu, 2);
    f->t = osi_task_by_pid(f->g, 12, NULL);
    g_assert_nonnull(f->t);
}

static void setup(Fixture *f, gconstpointer options)
{
    f->k = forge_kernel(*(const ForgeOptions *)options);
    f->k->cpu[0].cr4 |= CR4_OSFXSR;
    f->g = osi_guest_new(&f->k->f->mem);
    again(f);
}

static void teardown(Fixture *f, gconstpointer options)
{
    osi_guest_free(f->g);
    forge_kernel_free(f->k);
}

/* By a guest object made anew: it keeps the tables of one kernel. */
static void unwind(Fixture *f, int pid)
{
    bool ok;

    osi_guest_free(f->g);
    f->g = osi_guest_new(&f->k->f->mem);
    again(f);
    f->n = 0;
    memset(&f->err, 0, sizeof(f->err));
    ok = osi_kernel_stack(f->g, osi_task_by_pid(f->g, pid, NULL), f->frame,
                          G_N_ELEMENTS(f->frame), &f->n, &f->err);
    g_assert_true(ok || f->err.kind);
}

/* Frame @i returns into function @function; exact: stands there. */
static void check(Fixture *f, size_t i, int function, bool exact, bool guess)
{
    g_assert_cmpuint(i, <, f->n);
    g_assert_cmphex(f->frame[i].pc, ==, FK_FUNCTION(function) + 4);
    g_assert_cmpint(f->frame[i].exact, ==, exact);
    g_assert_cmpint(f->frame[i].guess, ==, guess);
}

/* ---- a CPU in the kernel ---- */

static uint64_t sp_asleep(Fixture *f)
{
    return f->k->stack[FK_THR2] + FK_STACK - 1024 + 56;
}

static void set_entry(Fixture *f, int function, unsigned kind)
{
    uint8_t *e = forge_at(f->k, FK_BASE + FK_ORC + 6 * function);

    put16(e, 0);
    put16(e + 2, 0);
    e[4] = SP_REG_OLD;
    e[5] = kind;
}

/*
 * CPU 0 is in function 21, on the stack of init as if it were one for
 * interrupts, called by 20, where registers were saved: those of function 9,
 * on the stack of the sleeping thread.
 */
static uint64_t interrupt(Fixture *f, unsigned kind)
{
    uint64_t sp = f->k->stack[FK_INIT] + 4096, regs = sp + 32;
    OsiCpu *cpu = &f->k->cpu[0];

    set_entry(f, 20, kind);
    cpu->cpl = 0;
    cpu->rip = FK_FUNCTION(21) + 4;
    cpu->rsp = cpu->gpr[OSI_RSP] = sp;
    forge_poke(f->k, sp + 24, FK_FUNCTION(20) + 4);
    if ((kind & 7) == PARTIAL) {
        forge_poke(f->k, regs, FK_FUNCTION(9) + 4);
        forge_poke(f->k, regs + 8, 0x10);
        forge_poke(f->k, regs + 24, sp_asleep(f));
        return regs;
    }
    forge_set(f->k, regs, "pt_regs", "ip", FK_FUNCTION(9) + 4);
    forge_set(f->k, regs, "pt_regs", "cs", 0x10);
    forge_set(f->k, regs, "pt_regs", "sp", sp_asleep(f));
    return regs;
}

static void check_interrupted(Fixture *f, bool exact)
{
    g_assert_cmpstr(f->err.message, ==, "");
    g_assert_cmpuint(f->n, ==, 6);
    check(f, 0, 21, true, false);
    check(f, 1, 20, false, false);
    check(f, 2, 9, exact, false);
    check(f, 3, 10, false, false);
    check(f, 4, 12, false, false);
    check(f, 5, FK_LAST, false, false);
    g_assert_cmphex(f->frame[2].sp, ==, sp_asleep(f));
}

static void test_interrupted(Fixture *f, gconstpointer options)
{
    interrupt(f, REGS | SIGNAL);
    unwind(f, 10);
    check_interrupted(f, true);
    interrupt(f, PARTIAL | SIGNAL);
    unwind(f, 10);
    check_interrupted(f, true);
    interrupt(f, PARTIAL);
    unwind(f, 10);
    check_interrupted(f, false);
}

/* Entered from user mode: there it ends, and all is said. */
static void test_from_user(Fixture *f, gconstpointer options)
{
    uint64_t regs = interrupt(f, REGS | SIGNAL);

    forge_set(f->k, regs, "pt_regs", "cs", 0x33);
    unwind(f, 10);
    g_assert_cmpstr(f->err.message, ==, "");
    g_assert_cmpuint(f->n, ==, 2);
}

/* Registers that lead back to themselves. */
static void test_loop(Fixture *f, gconstpointer options)
{
    uint64_t regs = interrupt(f, REGS | SIGNAL);

    forge_set(f->k, regs, "pt_regs", "ip", FK_FUNCTION(21) + 4);
    forge_set(f->k, regs, "pt_regs", "sp", regs - 32);
    unwind(f, 10);
    g_assert_cmpint(f->err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_nonnull(strstr(f->err.message, "changes of stacks"));
    g_assert_cmpuint(f->n, <, 24);
}

/* A call whose frame has no size. */
static void test_no_step(Fixture *f, gconstpointer options)
{
    set_entry(f, 9, 2);
    forge_poke(f->k, sp_asleep(f) - 8, FK_FUNCTION(9) + 4);
    unwind(f, 12);
    g_assert_cmpint(f->err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmpuint(f->n, <, 24);
}

static void test_nothing(Fixture *f, gconstpointer options)
{
    set_entry(f, 10, 0);
    unwind(f, 12);
    g_assert_cmpint(f->err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_cmphex(f->err.address, ==, FK_FUNCTION(10) + 4);
    g_assert_cmpuint(f->n, ==, 2);
    check(f, 1, 10, false, false);
}

/* ---- without ORC ---- */

static void spoil_orc(Fixture *f)
{
    forge_poke(f->k, FK_BASE + FK_ORC_IP + 400, 0x7fffffff7fffffff);
}

/* 9 <- 10 <- 12, each with a frame; the last two near the top. */
static void put_chain(Fixture *f, int who)
{
    uint64_t top = f->k->stack[who] + FK_STACK, sp = top - 1024;
    uint64_t bp[2] = { top - 512, top - 200 };

    forge_set(f->k, sp, "inactive_task_frame", "ret_addr", FK_FUNCTION(9) + 4);
    forge_set(f->k, sp, "inactive_task_frame", "bp", bp[0]);
    forge_poke(f->k, bp[0], bp[1]);
    forge_poke(f->k, bp[0] + 8, FK_FUNCTION(10) + 4);
    forge_poke(f->k, bp[1], 0);
    forge_poke(f->k, bp[1] + 8, FK_FUNCTION(12) + 4);
    forge_set(f->k, f->k->task[who], "task_struct", "thread.sp", sp);
}

static void test_frame_pointers(Fixture *f, gconstpointer options)
{
    uint64_t bp = f->k->stack[FK_THR2] + FK_STACK - 512;

    spoil_orc(f);
    for (int who = FK_SWAPPER0; who < FK_TASKS; who++) {
        put_chain(f, who);
    }
    unwind(f, 12);
    g_assert_cmpstr(f->err.message, ==, "");
    g_assert_cmpuint(f->n, ==, 3);
    check(f, 0, 9, false, false);
    check(f, 1, 10, false, false);
    check(f, 2, 12, false, false);
    g_assert_cmphex(f->frame[1].sp, ==, bp + 16);
    forge_poke(f->k, bp, bp);                   /* to itself */
    unwind(f, 12);
    g_assert_cmpint(f->err.kind, ==, OSI_ERR_BAD_DATA);
    g_assert_cmphex(f->err.address, ==, bp);
    g_assert_cmpuint(f->n, ==, 2);
}

/* A word on the stack is a guess where a call stands in front of it. */
static void test_guesses(Fixture *f, gconstpointer options)
{
    spoil_orc(f);
    unwind(f, 12);
    g_assert_cmpuint(f->n, ==, 1);
    *forge_at(f->k, FK_FUNCTION(10) - 1) = 0xe8;
    unwind(f, 12);
    g_assert_cmpint(f->err.kind, ==, OSI_ERR_NO_SUCH);
    g_assert_nonnull(strstr(f->err.message, "guessed"));
    g_assert_cmpuint(f->n, ==, 2);
    check(f, 0, 9, false, false);
    check(f, 1, 10, false, true);
}

/* ---- FPU ---- */

static uint8_t *fpu_area(Fixture *f)
{
    uint64_t at = forge_peek(f->k, forge_at_member(f->k, f->t->object,
                             "task_struct", "thread.fpu.fpstate"));

    return forge_at(f->k, forge_at_member(f->k, at, "fpstate", "regs"));
}

static void save(Fixture *f, uint64_t bv, uint64_t xcomp)
{
    uint8_t *a = fpu_area(f);

    put64(a + XHEADER, bv);
    put64(a + XHEADER + 8, xcomp);
    memset(a + XHEADER + 64, 0xaa, 16);         /* of YMM 0 */
    for (int i = 0; i < 2; i++) {
        f->k->cpu[i].cr4 |= CR4_OSXSAVE;
    }
    again(f);
}

static OsiFpu fpu(Fixture *f)
{
    OsiFpu r = { .has_ymm = true };
    OsiError err = { 0 };

    osi_saved_fpu(f->g, f->t, &r, &err);
    g_assert_cmpstr(err.message, ==, "");
    return r;
}

static void test_fpu(Fixture *f, gconstpointer options)
{
    const uint64_t compact = 1ull << 63 | 7;
    OsiError err = { 0 };
    OsiFpu r = fpu(f);

    g_assert_cmpuint(r.fxsave[160 + 16 * 7], ==, 7);
    g_assert_false(r.has_ymm);
    save(f, 7, 0);
    r = fpu(f);
    g_assert_true(r.has_ymm);
    g_assert_cmphex(r.ymm_high[0][15], ==, 0xaa);
    g_assert_cmpuint(r.fxsave[160 + 16 * 7], ==, 7);
    put16(fpu_area(f), 0x27f);
    /* AVX and SSE not used since the thread began, x87 neither. */
    save(f, 0, compact);
    r = fpu(f);
    g_assert_true(r.has_ymm);
    g_assert_cmphex(r.ymm_high[0][15], ==, 0);
    g_assert_cmpuint(r.fxsave[160 + 16 * 7], ==, 0);
    g_assert_cmphex(r.fxsave[0] | r.fxsave[1] << 8, ==, 0x37f);
    g_assert_cmphex(r.fxsave[24] | r.fxsave[25] << 8, ==, 0x1f80);
    /* Bits of the header that must be clear; more in use than there is. */
    save(f, 7, 1ull << 63 | 3);
    g_assert_false(osi_saved_fpu(f->g, f->t, &r, &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_BAD_DATA);
    save(f, 3, 0);
    fpu_area(f)[XHEADER + 40] = 1;
    again(f);
    g_assert_false(osi_saved_fpu(f->g, f->t, &r, &err));
    g_assert_false(osi_saved_fpu(f->g, osi_task_by_pid(f->g, 2, NULL), &r,
                                 &err));
    g_assert_cmpint(err.kind, ==, OSI_ERR_NO_SUCH);
}

/* ---- system calls by code ---- */

/*
 * Passes 5 and 0x100 on to function 7, others to 9: nop; cmp $0x100, %esi; je
 * 1f; ja 2f; cmp $5, %esi; jne 2f; nops; 1: jmp 7; 2: jmp 9.
 */
static const uint8_t passes_on[] = {
    0x0f, 0x1f, 0x44, 0x00, 0x00, 0x81, 0xfe, 0x00, 0x01, 0x00, 0x00, 0x74,
    0x0a, 0x77, 0x0d, 0x83, 0xfe, 0x05, 0x75, 0x08, 0x90, 0x66, 0x90, 0xe9,
};

static int passed_on(Fixture *f, uint32_t number)
{
    uint64_t target;

    return linux_dispatched(f->g->os, "sys_filler200", number, &target)
           ? (int)(target - FK_FUNCTION(0)) / 8 : -1;
}

static void test_dispatch(Fixture *f, gconstpointer options)
{
    uint8_t *code = forge_at(f->k, FK_FUNCTION(200));
    uint8_t *second = code + 28;

    memcpy(code, passes_on, sizeof(passes_on));
    put32(code + 24, (int32_t)(FK_FUNCTION(7) - (FK_FUNCTION(200) + 28)));
    *second = 0xe9;
    put32(second + 1, (int32_t)(FK_FUNCTION(9) - (FK_FUNCTION(200) + 33)));
    again(f);
    g_assert_cmpint(passed_on(f, 0x100), ==, 7);
    g_assert_cmpint(passed_on(f, 5), ==, 7);
    g_assert_cmpint(passed_on(f, 6), ==, 9);
    g_assert_cmpint(passed_on(f, 0x101), ==, 9);
    g_assert_cmpint(passed_on(f, UINT32_MAX), ==, 9);
    second[0] = 0x0f;           /* ud2: not understood */
    second[1] = 0x0b;
    again(f);
    g_assert_cmpint(passed_on(f, 5), ==, 7);
    g_assert_cmpint(passed_on(f, 6), ==, -1);
    second[0] = 0xeb;           /* to itself */
    second[1] = 0xfe;
    again(f);
    g_assert_cmpint(passed_on(f, 6), ==, -1);
}

static const ForgeOptions plain = { FORGE_AFTER, OSI_PAGING_4LEVEL };

#define CASE(name, test) \
    g_test_add("/stack/" name, Fixture, &plain, setup, test, teardown)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    CASE("interrupted", test_interrupted);
    CASE("from-user", test_from_user);
    CASE("loop", test_loop);
    CASE("no-step", test_no_step);
    CASE("nothing", test_nothing);
    CASE("frame-pointers", test_frame_pointers);
    CASE("guesses", test_guesses);
    CASE("fpu", test_fpu);
    CASE("dispatch", test_dispatch);
    return g_test_run();
}
