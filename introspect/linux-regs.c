/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saved user registers: struct pt_regs at the top of a thread's kernel stack.
 *
 * Neither the size of the stack nor the gap above pt_regs is in BTF, and both
 * changed (KASAN, CONFIG_X86_FRED). They are found by a vote: the pair at
 * which the most user threads show a user code and stack selector.
 */
#include "linux-threads.h"

#define CS_USER64   LINUX_CS_USER64
#define CS_USER32   LINUX_CS_USER32
#define SS_USER     0x2b
#define CS_USER_I386    LINUX_CS_USER_I386
#define SS_USER_I386    0x7b
#define GAP_MAX     32
#define VOTERS_MAX  128

static const uint32_t stack_sizes[] = { 16384, 8192, 32768, 65536 };
static const uint32_t gaps[] = { 0, 8, 16, 24, 32 };

enum { PT_CS = 17, PT_SP = 19, PT_SS = 20 };    /* in lx->pt_regs */

static uint64_t pt_reg(const Linux *lx, const uint8_t *frame, int i)
{
    const OsiField *f = &lx->pt_regs[i];

    return osi_le(frame + f->offset, f->size);
}

/* FRED keeps more than selectors in these words: 16 bits count. */
static bool is_user_frame(const Linux *lx, const uint8_t *frame)
{
    uint16_t cs = pt_reg(lx, frame, PT_CS), ss = pt_reg(lx, frame, PT_SS);

    if (lx->word == 4) {
        return cs == CS_USER_I386 && ss == SS_USER_I386;
    }
    return (cs == CS_USER64 || cs == CS_USER32) && ss == SS_USER;
}

typedef struct Vote {
    Linux *lx;
    int voters;
    int votes[G_N_ELEMENTS(stack_sizes)][G_N_ELEMENTS(gaps)];
} Vote;

static bool vote_task(void *opaque, const OsiTask *t)
{
    Vote *v = opaque;
    uint8_t top[GAP_MAX + LINUX_PT_REGS_BYTES];

    if (t->kernel_thread || !t->mm || !linux_is_object(v->lx, t->kernel_stack)) {
        return true;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(stack_sizes); i++) {
        uint64_t end = t->kernel_stack + stack_sizes[i];
        size_t len = GAP_MAX + v->lx->pt_regs_bytes;

        if (!osi_reader_read(&v->lx->kernel, end - len, top, len, NULL)) {
            continue;
        }
        for (size_t j = 0; j < G_N_ELEMENTS(gaps); j++) {
            v->votes[i][j] += is_user_frame(v->lx, top + GAP_MAX - gaps[j]);
        }
    }
    return ++v->voters < VOTERS_MAX;
}

bool linux_find_frame(Linux *lx, OsiError *err)
{
    Vote v = { .lx = lx };
    LinuxFrame best = { 0 };

    if (lx->frame.thread_size) {
        return true;
    }
    if (!linux_can(lx, LINUX_REGS, err) ||
        !linux_each_task(lx, vote_task, &v, err)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(stack_sizes); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(gaps); j++) {
            if (v.votes[i][j] > best.votes) {
                best = (LinuxFrame) { stack_sizes[i], gaps[j], v.votes[i][j],
                                      v.voters };
            }
        }
    }
    if (best.votes * 2 <= v.voters || !best.votes) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0,
                        "%d of %d user threads agree where registers are"
                        " saved", best.votes, v.voters);
    }
    lx->frame = best;
    return true;
}

static void fill_regs(const Linux *lx, const uint8_t *frame, OsiUserRegs *regs)
{
    /* OsiUserRegs starts with pt_regs' words in pt_regs' order. */
    uint64_t *to = &regs->r15;

    G_STATIC_ASSERT(offsetof(OsiUserRegs, ss) == 8 * PT_SS);
    memset(regs, 0, sizeof(*regs));
    for (int i = 0; i < LINUX_PT_REGS; i++) {
        to[i] = pt_reg(lx, frame, i);
    }
    regs->cs &= 0xffff;
    regs->ss &= 0xffff;
    regs->compat32 = regs->cs == CS_USER32 || regs->cs == CS_USER_I386;
    for (int i = 0; regs->compat32 && i < LINUX_PT_REGS; i++) {
        to[i] = (uint32_t)to[i];
    }
}

const OsiCpu *linux_cpu_running(Linux *lx, const OsiTask *t)
{
    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        OsiTask now;

        if (linux_current(lx, &lx->view->cpus[i], &now, NULL) &&
            now.object == t->object) {
            return &lx->view->cpus[i];
        }
    }
    return NULL;
}

/*
 * 32-bit programs load selectors; the kernel keeps the bases that go with them
 * only where the CPU has FSGSBASE.
 */
static void fill_segments(Linux *lx, const OsiTask *t, OsiUserRegs *regs)
{
    const LinuxFields *f = &lx->f;
    uint64_t gs = 0, fs = 0;

    if (f->gsindex.size && linux_field(lx, t->object, &f->gsindex, &gs, NULL)) {
        linux_tls_base(lx, t, gs, &regs->gs_base);
    } else if (lx->word == 4) {
        linux_only_tls(lx, t, &regs->gs_base);
    }
    if (f->fsindex.size && linux_field(lx, t->object, &f->fsindex, &fs, NULL)) {
        linux_tls_base(lx, t, fs, &regs->fs_base);
    }
}

/* thread.fsbase is stale while the task runs: the CPU has the true ones. */
static void fill_bases(Linux *lx, const OsiTask *t, const OsiCpu *cpu,
                       OsiUserRegs *regs)
{
    uint64_t kernel_gs;

    if (cpu) {
        regs->fs_base = cpu->fs_base;
        if (lx->word == 4) {
            /* A kernel of 32 bits has loaded segments of its own. */
            regs->fs_base = 0;
            fill_segments(lx, t, regs);
        } else if (linux_cpu_of(lx, cpu, &kernel_gs) >= 0) {
            regs->gs_base = cpu->gs_base == kernel_gs ? cpu->kernel_gs_base
                                                      : cpu->gs_base;
        }
        return;
    }
    if (lx->f.fsbase.size) {
        linux_field(lx, t->object, &lx->f.fsbase, &regs->fs_base, NULL);
    }
    if (lx->f.gsbase.size) {
        linux_field(lx, t->object, &lx->f.gsbase, &regs->gs_base, NULL);
    }
    if (regs->compat32) {
        fill_segments(lx, t, regs);
    }
}

/* The address of a thread's pt_regs, with what is there. */
static bool find_frame(Linux *lx, const OsiTask *t, const OsiCpu *cpu,
                       uint64_t *at, uint8_t *frame, OsiError *err)
{
    if (t->kernel_thread || !t->mm) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no user registers: %s", t->pid, t->comm,
                        t->kernel_thread ? "a kernel thread" : "it has exited");
    }
    if (cpu && cpu->cpl == 3) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) is in user mode on CPU %d: its registers are"
                        " live", t->pid, t->comm, cpu->index);
    }
    if (!linux_find_frame(lx, err)) {
        return false;
    }
    *at = t->kernel_stack + lx->frame.thread_size - lx->frame.pad -
          lx->pt_regs_bytes;
    if (!osi_reader_read(&lx->kernel, *at, frame, lx->pt_regs_bytes, err)) {
        return false;
    }
    if (!is_user_frame(lx, frame)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, *at,
                        "%d (%s): no user frame at 0x%" PRIx64, t->pid,
                        t->comm, *at);
    }
    return true;
}

bool linux_saved_user_place(void *os, const OsiTask *t, size_t offset,
                            OsiPlace *place, OsiError *err)
{
    Linux *lx = os;
    const OsiCpu *cpu = linux_cpu_running(lx, t);
    uint8_t frame[LINUX_PT_REGS_BYTES];
    const OsiField *f;
    OsiLeaf leaf;
    uint64_t at;

    if (offset % 8 || offset / 8 >= LINUX_PT_REGS) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "no such saved register");
    }
    if (!find_frame(lx, t, cpu, &at, frame, err)) {
        return false;
    }
    /* Entry and exit code work above, at pt_regs, or on other stacks. */
    if (cpu && cpu->rsp - t->kernel_stack >= at - t->kernel_stack) {
        return osi_fail(err, OSI_ERR_NO_SUCH, at, "%d (%s) may be entering or"
                        " leaving the kernel on CPU %d", t->pid, t->comm,
                        cpu->index);
    }
    f = &lx->pt_regs[offset / 8];
    if (!osi_translate(lx->kernel.mem, lx->kernel.root, at + f->offset, &leaf,
                       err)) {
        return false;
    }
    *place = (OsiPlace) { leaf.pa, f->size };
    return true;
}

bool linux_saved_user_regs(void *os, const OsiTask *t, OsiUserRegs *regs,
                           OsiError *err)
{
    Linux *lx = os;
    const OsiCpu *cpu = linux_cpu_running(lx, t);
    uint8_t frame[LINUX_PT_REGS_BYTES];
    uint64_t at;

    if (!find_frame(lx, t, cpu, &at, frame, err)) {
        return false;
    }
    fill_regs(lx, frame, regs);
    fill_bases(lx, t, cpu, regs);
    return true;
}
