/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a task as its last switch left them: thread.sp points to a
 * struct inactive_task_frame, what __switch_to_asm has pushed
 * (arch/x86/entry/entry_64.S, entry_32.S of Linux).
 */
#include "linux-threads.h"

#define FRAME_MAX 64
#define STACK_MAX 65536

/* Between two symbols of the image. */
static bool between(Linux *lx, uint64_t va, const char *lo, const char *hi,
                    bool *known)
{
    uint64_t from, to;

    if (!linux_sym(lx, lo, &from) || !linux_sym(lx, hi, &to) || to <= from) {
        return false;
    }
    *known = true;
    return va >= from && va < to;
}

bool linux_is_text(Linux *lx, uint64_t va)
{
    bool known = false;
    OsiLeaf leaf;

    if (va - lx->image.base >= lx->image.size) {
        return false;
    }
    if (between(lx, va, "_stext", "_etext", &known) ||
        between(lx, va, "_sinittext", "_einittext", &known)) {
        return true;
    }
    return !known &&
           osi_translate(lx->kernel.mem, lx->kernel.root, va, &leaf, NULL) &&
           leaf.executable;
}

/* Outside the image there are modules, and code made at run time. */
bool linux_is_code(Linux *lx, uint64_t va)
{
    OsiLeaf leaf;

    if (va - lx->image.base < lx->image.size) {
        return linux_is_text(lx, va);
    }
    return va >= lx->kernel_lo &&
           osi_translate(lx->kernel.mem, lx->kernel.root, va, &leaf, NULL) &&
           leaf.executable;
}

/* Where things are in the frame; ret 0 = no more. */
typedef struct Frame {
    uint8_t r15, r14, r13, r12, bx, bp, si, di, ret, size;
} Frame;

#define NOT_THERE 255

/* Without types. First today's, then with the flags that were once pushed. */
static const Frame frames64[] = {
    { 0, 8, 16, 24, 32, 40, NOT_THERE, NOT_THERE, 48, 56 },
    { 8, 16, 24, 32, 40, 48, NOT_THERE, NOT_THERE, 56, 64 },
    { 0 }
};
static const Frame frames32[] = {
    { NOT_THERE, NOT_THERE, NOT_THERE, NOT_THERE, 12, 16, 4, 8, 20, 24 },
    { NOT_THERE, NOT_THERE, NOT_THERE, NOT_THERE, 8, 12, 0, 4, 16, 20 },
    { 0 }
};

static uint8_t place(const OsiField *f)
{
    return f->size && f->offset <= FRAME_MAX - sizeof(uint64_t) ? f->offset
                                                                : NOT_THERE;
}

static bool typed_frame(const Linux *lx, Frame *f)
{
    const OsiField *s = lx->f.switch_frame;
    uint32_t size = lx->f.switch_bytes;

    *f = (Frame) { place(&s[0]), place(&s[1]), place(&s[2]), place(&s[3]),
                   place(&s[4]), place(&s[5]), place(&s[6]), place(&s[7]),
                   place(&s[8]), size };
    return size && size <= FRAME_MAX && f->ret != NOT_THERE &&
           f->ret + lx->word <= size && f->bp != NOT_THERE;
}

static uint64_t word_at(const Linux *lx, const uint8_t *b, uint8_t at)
{
    return at == NOT_THERE ? 0 : linux_word(lx, b + at);
}

/* The frame whose return address is kernel text. */
static bool choose_frame(Linux *lx, const uint8_t *b, Frame *f)
{
    const Frame *all = lx->word == 8 ? frames64 : frames32;

    if (typed_frame(lx, f)) {
        return linux_is_text(lx, word_at(lx, b, f->ret));
    }
    for (; all->ret; all++) {
        *f = *all;
        if (linux_is_text(lx, word_at(lx, b, f->ret))) {
            return true;
        }
    }
    return false;
}

static bool off_cpu(Linux *lx, const OsiTask *t, OsiError *err)
{
    const OsiCpu *cpu = linux_cpu_running(lx, t);

    if (cpu) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object, "%d (%s) runs on CPU"
                        " %d: its registers are live", t->pid, t->comm,
                        cpu->index);
    }
    if (!linux_is_object(lx, t->kernel_stack)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no kernel stack: it has exited", t->pid,
                        t->comm);
    }
    return true;
}

bool linux_kernel_regs(void *os, const OsiTask *t, OsiKernelRegs *regs,
                       OsiError *err)
{
    Linux *lx = os;
    uint32_t stack = lx->frame.thread_size ? lx->frame.thread_size : STACK_MAX;
    uint8_t b[FRAME_MAX];
    uint64_t sp;
    Frame f;

    if (!linux_can(lx, LINUX_SWITCH_FRAME, err) || !off_cpu(lx, t, err) ||
        !linux_ptr(lx, t->object, &lx->f.thread_sp, &sp, err)) {
        return false;
    }
    if (sp < t->kernel_stack || sp % lx->word ||
        sp - t->kernel_stack > stack - FRAME_MAX) {
        return osi_fail(err, OSI_ERR_BAD_DATA, sp, "%d (%s): thread.sp 0x%"
                        PRIx64 " is not in its kernel stack at 0x%" PRIx64,
                        t->pid, t->comm, sp, t->kernel_stack);
    }
    if (!osi_reader_read(&lx->kernel, sp, b, sizeof(b), err)) {
        return false;
    }
    if (!choose_frame(lx, b, &f)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, sp, "%d (%s): no return address"
                        " in the switch frame at 0x%" PRIx64, t->pid, t->comm,
                        sp);
    }
    *regs = (OsiKernelRegs) {
        .rip = word_at(lx, b, f.ret), .rsp = sp + f.size,
        .rbp = word_at(lx, b, f.bp), .rbx = word_at(lx, b, f.bx),
        .r12 = word_at(lx, b, f.r12), .r13 = word_at(lx, b, f.r13),
        .r14 = word_at(lx, b, f.r14), .r15 = word_at(lx, b, f.r15),
        .rsi = word_at(lx, b, f.si), .rdi = word_at(lx, b, f.di),
    };
    return true;
}
