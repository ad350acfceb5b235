/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel stacks. Three ways, the first that the kernel allows:
 *
 *   ORC tables, as the kernel's own unwinder goes by;
 *   a chain of frame pointers, where a kernel was built with them;
 *   words on the stack that are return addresses, each marked as a guess.
 *
 * A step must move up the stack or, by saved registers, to another one; the
 * number of such changes and of frames is bounded.
 */
#include "linux-threads.h"

#define CHANGES_MAX     8
#define FRAMES_MAX      1024
#define STEP_MAX        65536           /* bytes of one frame */
#define SCAN_MAX        65536
#define PROLOGUE        24              /* bytes of code that make a frame */
#define GAP_MAX         33              /* bytes left free at the top, + 1 */
#define RING_MASK       3               /* of a code selector */
#define ENCODED_64      1ull            /* frame pointer to saved registers */
#define ENCODED_32      0x80000000ull   /* the same: this bit is clear */

enum { PT_R13 = 2, PT_BP = 4, PT_R10 = 7, PT_DX = 12, PT_DI = 14, PT_IP = 16,
       PT_CS = 17, PT_SP = 19 };        /* in lx->pt_regs */

typedef struct Walk {
    Linux *lx;
    const OsiTask *t;
    uint64_t ip, sp, bp, r10, r13, dx, di;
    bool exact;             /* ip is where it stands */
    bool full;              /* r10 and its likes are known */
    int changes;            /* of stacks */
    uint64_t top;           /* of the task's stack, 0 unknown */
    OsiFrame *frames;
    size_t max, n;
} Walk;

typedef enum Step { MORE, END, BAD } Step;

static bool emit(Walk *w, bool guess)
{
    if (w->n >= w->max || w->n >= FRAMES_MAX) {
        return false;
    }
    w->frames[w->n++] = (OsiFrame) { w->ip, w->sp, w->exact, guess };
    return true;
}

static Step bad(OsiError *err, OsiErrorKind kind, uint64_t at,
                const char *what, uint64_t value)
{
    osi_fail(err, kind, at, "%s 0x%" PRIx64, what, value);
    return BAD;
}

static bool word(Walk *w, uint64_t va, uint64_t *v, OsiError *err)
{
    return osi_reader_uint(&w->lx->kernel, va, w->lx->word, v, err);
}

/* ---- saved registers on the way ---- */

static uint64_t reg_of(const Linux *lx, const uint8_t *b, int i)
{
    return osi_le(b + lx->pt_regs[i].offset, lx->pt_regs[i].size);
}

/* To another stack, or up this one. */
static bool may_go(Walk *w, uint64_t sp)
{
    if (sp > w->sp && sp - w->sp <= STEP_MAX) {
        return true;
    }
    return ++w->changes <= CHANGES_MAX;
}

static Step to_interrupted(Walk *w, uint64_t ip, uint64_t cs, uint64_t sp,
                           OsiError *err)
{
    if (cs & RING_MASK) {
        return END;         /* it came from user mode */
    }
    if (!may_go(w, sp)) {
        return bad(err, OSI_ERR_BAD_DATA, sp, "too many changes of stacks, the"
                   " last to", sp);
    }
    w->ip = ip;
    w->sp = sp;
    return MORE;
}

static Step through_regs(Walk *w, uint64_t at, OsiError *err)
{
    Linux *lx = w->lx;
    uint8_t b[LINUX_PT_REGS_BYTES];
    Step s;

    if (!osi_reader_read(&lx->kernel, at, b, lx->pt_regs_bytes, err)) {
        return BAD;
    }
    s = to_interrupted(w, reg_of(lx, b, PT_IP), reg_of(lx, b, PT_CS),
                       reg_of(lx, b, PT_SP), err);
    if (s == MORE) {
        w->bp = reg_of(lx, b, PT_BP);
        w->r10 = reg_of(lx, b, PT_R10);
        w->r13 = reg_of(lx, b, PT_R13);
        w->dx = reg_of(lx, b, PT_DX);
        w->di = reg_of(lx, b, PT_DI);
        w->full = true;
    }
    return s;
}

/* What the CPU pushes: ip cs flags sp ss. */
static Step through_iret(Walk *w, uint64_t at, OsiError *err)
{
    uint64_t v[4];

    for (int i = 0; i < 4; i++) {
        if (!word(w, at + 8 * i, &v[i], err)) {
            return BAD;
        }
    }
    w->full = false;
    return to_interrupted(w, v[0], v[1], v[3], err);
}

/* ---- ORC ---- */

/* The value that offsets are added to. */
static bool base_of(Walk *w, const OsiOrcRule *r, uint64_t *base, OsiError *err)
{
    switch (r->sp) {
    case OSI_ORC_SP: case OSI_ORC_SP_INDIRECT:
        *base = w->sp;
        return true;
    case OSI_ORC_BP: case OSI_ORC_BP_INDIRECT:
        *base = w->bp;
        return true;
    case OSI_ORC_R10: case OSI_ORC_R13: case OSI_ORC_DX: case OSI_ORC_DI:
        if (w->full) {
            *base = r->sp == OSI_ORC_R10 ? w->r10 : r->sp == OSI_ORC_R13
                    ? w->r13 : r->sp == OSI_ORC_DX ? w->dx : w->di;
            return true;
        }
        return osi_fail(err, OSI_ERR_NO_SUCH, w->ip, "the stack pointer of the"
                        " caller is in a register that was not saved");
    default:
        return osi_fail(err, OSI_ERR_UNSUPPORTED, w->ip, "ORC: a stack pointer"
                        " by register number %u", r->sp_number);
    }
}

/* The stack pointer of the caller, or where saved registers are. */
static bool frame_address(Walk *w, const OsiOrcRule *r, uint64_t *cfa,
                          OsiError *err)
{
    uint64_t base;

    if (!base_of(w, r, &base, err)) {
        return false;
    }
    if (r->sp == OSI_ORC_SP_INDIRECT) {
        if (!word(w, base, &base, err)) {
            return false;
        }
        *cfa = base + r->sp_offset;
        return true;
    }
    *cfa = base + r->sp_offset;
    return r->sp != OSI_ORC_BP_INDIRECT || word(w, *cfa, cfa, err);
}

static bool caller_bp(Walk *w, const OsiOrcRule *r, uint64_t cfa, OsiError *err)
{
    switch (r->bp) {
    case OSI_ORC_UNDEFINED:
        return true;        /* not changed by this function */
    case OSI_ORC_PREV_SP:
        return word(w, cfa + r->bp_offset, &w->bp, err);
    case OSI_ORC_BP:
        return word(w, w->bp + r->bp_offset, &w->bp, err);
    default:
        return osi_fail(err, OSI_ERR_UNSUPPORTED, w->ip,
                        "ORC: a frame pointer by a register unknown here");
    }
}

static Step through_call(Walk *w, const OsiOrcRule *r, uint64_t cfa,
                         OsiError *err)
{
    uint64_t ip;

    if (!may_go(w, cfa)) {
        return bad(err, OSI_ERR_BAD_DATA, cfa, "the stack does not go up: from"
                   " 0x%" PRIx64, w->sp);
    }
    if (!word(w, cfa - w->lx->word, &ip, err) ||
        !caller_bp(w, r, cfa, err)) {
        return BAD;
    }
    w->ip = ip;
    w->sp = cfa;
    w->full = false;
    return MORE;
}

/*
 * Code that was made at run time (BPF, trampolines) has no entry; the kernel
 * itself takes it to have a frame pointer.
 */
static const OsiOrcRule with_frame_pointer = {
    OSI_ORC_CALL, OSI_ORC_BP, OSI_ORC_PREV_SP, 16, -16, false, 0
};

static bool rule_for(Walk *w, OsiOrcRule *rule)
{
    const LinuxUnwind *u = linux_unwind(w->lx);
    uint64_t pc = w->ip - !w->exact;
    const OsiOrcTable *t = linux_orc_of(w->lx, pc);

    if (t && osi_orc_find(t, &u->layout, &u->coding, pc, rule)) {
        return true;
    }
    *rule = with_frame_pointer;
    return false;
}

static Step orc_step(Walk *w, OsiError *err)
{
    OsiOrcRule r;
    uint64_t cfa, from = w->ip;
    bool known = rule_for(w, &r);
    Step s;

    if (r.kind == OSI_ORC_END) {
        return END;
    }
    if (r.kind == OSI_ORC_NOTHING) {
        return bad(err, OSI_ERR_NO_SUCH, from, "ORC: code that cannot be"
                   " unwound at", from);
    }
    if (!frame_address(w, &r, &cfa, err)) {
        return BAD;
    }
    s = r.kind == OSI_ORC_CALL ? through_call(w, &r, cfa, err)
        : r.kind == OSI_ORC_REGS ? through_regs(w, cfa, err)
        : through_iret(w, cfa, err);
    w->exact = r.exact;
    if (s == MORE && !linux_is_code(w->lx, w->ip)) {
        return bad(err, OSI_ERR_BAD_DATA, from, known ? "the caller would be"
                   " no code:" : "made at run time, without unwind data: code"
                   " at", known ? w->ip : from);
    }
    return s;
}

static void by_orc(Walk *w, OsiError *err)
{
    Step s;

    while (emit(w, false)) {
        s = orc_step(w, err);
        if (s != MORE) {
            return;
        }
    }
    osi_fail(err, OSI_ERR_LIMIT, w->sp, "more than %zu frames", w->n);
}

/* ---- frame pointers ---- */

/* The size is found with the user's registers; without any, as usual. */
static uint64_t stack_top(Walk *w)
{
    if (!w->top) {
        w->top = w->t->kernel_stack + (linux_find_frame(w->lx, NULL)
                 ? w->lx->frame.thread_size : w->lx->word * 2048);
    }
    return w->top;
}

static bool on_stack(Walk *w, uint64_t va)
{
    return va > w->t->kernel_stack && va < stack_top(w);
}

/* Entry code leaves the address of saved registers in the frame pointer. */
static bool encoded(const Linux *lx, uint64_t bp, uint64_t *regs)
{
    if (lx->word == 8) {
        *regs = bp & ~ENCODED_64;
        return bp & ENCODED_64;
    }
    *regs = bp | ENCODED_32;
    return bp && !(bp & ENCODED_32);
}

/*
 * Interrupted before its function had made a frame, the return address is
 * still at the stack pointer, or above the frame pointer just pushed. Found by
 * the instructions that make it: push %rbp, soon after mov %rsp, %rbp.
 */
static bool before_frame(Walk *w, uint64_t *at)
{
    static const uint8_t move[] = { 0x48, 0x89, 0xe5 };
    size_t wide = w->lx->word == 8, n = 2 + wide;
    uint8_t b[PROLOGUE];
    uint64_t from;
    OsiSymbol s;

    if (!w->exact || !linux_symbol_at(w->lx, w->ip, &s) ||
        w->ip - s.value >= sizeof(b)) {
        return false;
    }
    from = w->ip - s.value;
    *at = w->sp;
    if (!from || !osi_reader_read(&w->lx->kernel, s.value, b, sizeof(b),
                                  NULL)) {
        return !from;
    }
    for (size_t push = 0, i = 0; i + n <= sizeof(b); i++) {
        if (!push && b[i] == 0x55) {
            push = i + 1;
        } else if (push && !memcmp(b + i, move + !wide, n)) {
            *at = from < push ? w->sp : w->sp + w->lx->word;
            return from <= i;
        }
    }
    return false;
}

static Step fp_step(Walk *w, OsiError *err)
{
    unsigned size = w->lx->word;
    uint64_t regs, ip, at;

    if (before_frame(w, &at) && word(w, at, &ip, NULL) &&
        linux_is_code(w->lx, ip)) {
        w->ip = ip;
        w->sp = at + size;
        w->exact = false;
        return MORE;
    }
    if (encoded(w->lx, w->bp, &regs) && on_stack(w, regs)) {
        /* Those at the top are the user's, or a kernel thread's empty ones. */
        if (stack_top(w) - regs < w->lx->pt_regs_bytes + GAP_MAX ||
            !w->lx->pt_regs[PT_IP].size) {
            return END;
        }
        w->exact = true;
        return through_regs(w, regs, err);
    }
    /* Entry code has the user's value, a thread's first function none. */
    if (!on_stack(w, w->bp)) {
        return END;
    }
    if (w->bp + size <= w->sp || w->bp % size) {
        return bad(err, OSI_ERR_BAD_DATA, w->bp, "frame pointers do not go up:"
                   " from 0x%" PRIx64, w->sp);
    }
    if (!word(w, w->bp + size, &ip, err) || !ip) {
        return ip ? BAD : END;
    }
    if (!linux_is_code(w->lx, ip)) {
        return bad(err, OSI_ERR_BAD_DATA, w->bp + size,
                   "no return address but", ip);
    }
    w->sp = w->bp + 2 * size;
    w->ip = ip;
    w->exact = false;
    return word(w, w->bp, &w->bp, err) ? MORE : BAD;
}

static void by_frame_pointers(Walk *w, OsiError *err)
{
    while (emit(w, false)) {
        if (fp_step(w, err) != MORE) {
            return;
        }
    }
    osi_fail(err, OSI_ERR_LIMIT, w->sp, "more than %zu frames", w->n);
}

/* A chain that was one comes to the registers at the top of the stack. */
#define TOP_SLACK 256

static bool vote_chain(void *opaque, const OsiTask *t)
{
    LinuxUnwind *u = ((Linux *)opaque)->unwind;
    OsiFrame frames[64];
    OsiKernelRegs r;
    OsiError err = { 0 };
    Walk w = { .lx = opaque, .t = t, .frames = frames,
               .max = G_N_ELEMENTS(frames) };

    if (!linux_kernel_regs(opaque, t, &r, NULL)) {
        return true;
    }
    w.ip = r.rip;
    w.sp = r.rsp;
    w.bp = r.rbp;
    by_frame_pointers(&w, &err);
    u->fp_votes += !err.kind && w.n > 2 &&
                   stack_top(&w) - w.sp < TOP_SLACK;
    return ++u->fp_voters < LINUX_FP_VOTERS;
}

bool linux_frame_pointers(Linux *lx)
{
    LinuxUnwind *u = (LinuxUnwind *)linux_unwind(lx);

    if (!u->fp_voters) {
        linux_each_task(lx, vote_chain, lx, NULL);
    }
    return u->fp_votes * 2 > u->fp_voters;
}

/* ---- guesses ---- */

/* Is there a call in front of @ip? Direct, or through a register or memory. */
static bool follows_call(Walk *w, uint64_t ip)
{
    uint8_t b[7];

    if (!osi_reader_read(&w->lx->kernel, ip - 7, b, sizeof(b), NULL)) {
        return false;
    }
    if (b[2] == 0xe8) {
        return true;
    }
    for (int len = 2; len <= 7; len++) {
        const uint8_t *at = b + 7 - len;

        if (at[0] == 0xff && (at[1] >> 3 & 7) == 2) {
            return true;
        }
    }
    return false;
}

static void by_guess(Walk *w, OsiError *err)
{
    unsigned size = w->lx->word;
    uint64_t end = stack_top(w), ip, at = w->sp - w->sp % size;

    if (!on_stack(w, at)) {
        end = at + 8192;
    }
    emit(w, false);
    for (; at < end && at - w->sp < SCAN_MAX; at += size) {
        if (!word(w, at, &ip, err)) {
            return;
        }
        if (!linux_is_code(w->lx, ip) || !follows_call(w, ip)) {
            continue;
        }
        w->ip = ip;
        w->sp = at + size;
        w->exact = false;
        if (!emit(w, true)) {
            osi_fail(err, OSI_ERR_LIMIT, at, "more than %zu frames", w->n);
            return;
        }
        w->sp = at;
    }
    osi_fail(err, OSI_ERR_NO_SUCH, linux_unwind(w->lx)->why.address,
             "guessed from the words on the stack: neither frame pointers nor"
             " ORC (%.90s)", linux_unwind(w->lx)->why.message);
}

/* ---- the start ---- */

static bool from_cpu(Walk *w, const OsiCpu *cpu, OsiError *err)
{
    const OsiTask *t = w->t;

    if (cpu->cpl == 3) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object, "%d (%s) is in user"
                        " mode on CPU %d: it has no kernel stack now", t->pid,
                        t->comm, cpu->index);
    }
    w->ip = cpu->rip;
    w->sp = cpu->rsp;
    w->bp = cpu->gpr[OSI_RBP];
    w->r10 = cpu->gpr[OSI_R10];
    w->r13 = cpu->gpr[OSI_R13];
    w->dx = cpu->gpr[OSI_RDX];
    w->di = cpu->gpr[OSI_RDI];
    w->exact = w->full = true;
    return true;
}

static bool from_switch(Walk *w, OsiError *err)
{
    OsiKernelRegs r;
    OsiSymbol s;

    if (!linux_kernel_regs(w->lx, w->t, &r, err)) {
        return false;
    }
    w->ip = r.rip;
    w->sp = r.rsp;
    w->bp = r.rbp;
    w->r13 = r.r13;
    /* A task that never ran starts at the first byte of a function. */
    w->exact = linux_symbol_at(w->lx, r.rip, &s) && s.value == r.rip;
    return true;
}

bool linux_kernel_stack(void *os, const OsiTask *t, OsiFrame *frames,
                        size_t max, size_t *n, OsiError *err)
{
    Linux *lx = os;
    Walk w = { .lx = lx, .t = t, .frames = frames, .max = max };
    const OsiCpu *cpu = linux_cpu_running(lx, t);
    OsiError why = { 0 };

    if (!(cpu ? from_cpu(&w, cpu, &why) : from_switch(&w, &why))) {
        goto fail;
    }
    if (linux_unwind(lx)->bytes) {
        by_orc(&w, &why);
    } else if (linux_frame_pointers(lx)) {
        by_frame_pointers(&w, &why);
    } else {
        by_guess(&w, &why);
    }
    if (!w.n) {
        goto fail;
    }
    *n = w.n;
    if (err) {
        *err = why;
    }
    return true;
fail:
    if (err) {
        *err = why;
    }
    return false;
}
