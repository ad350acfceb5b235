/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FPU, SSE and AVX registers that the kernel saved when a thread left the CPU.
 *
 * Where: task.thread.fpu, or (6.16) right behind task_struct; in it the state
 * itself, or (5.16) a pointer to it. What: the FXSAVE image, and with XSAVE a
 * header at 512 and the upper halves of the YMM registers, which come first in
 * both the standard and the compacted format: Intel SDM vol. 1 ch. 13.4.
 */
#include "linux-threads.h"

#define FXSAVE          512
#define XHEADER         64
#define YMM_AT          (FXSAVE + XHEADER)
#define YMM_BYTES       256
#define AREA            (YMM_AT + YMM_BYTES)
#define XCOMP_COMPACT   (1ull << 63)
#define CR4_OSFXSR      (1ull << 9)
#define CR4_OSXSAVE     (1ull << 18)
#define MXCSR_INIT      0x1f80
#define FCW_INIT        0x37f
#define VOTERS_MAX      32

enum { X87 = 1, SSE = 2, AVX = 4 };     /* bits of the header */
enum { AT_FCW = 0, AT_MXCSR = 24, AT_XSTATE_BV = FXSAVE,
       AT_XCOMP_BV = FXSAVE + 8, AT_ZEROS = FXSAVE + 16 };

typedef struct Area {
    uint8_t b[AREA];
    uint64_t at;
    bool xsave, compact;
    uint64_t bv, supported;     /* components; bv: not in their initial state */
} Area;

/* Of any CPU: the kernel sets them alike. */
static uint64_t cr4_of(const Linux *lx)
{
    uint64_t cr4 = 0;

    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        cr4 |= lx->view->cpus[i].cr4;
    }
    return cr4;
}

/* The address of struct fpu of a task. */
static bool find_fpu(Linux *lx, uint64_t task, uint64_t *fpu, OsiError *err)
{
    const LinuxFields *f = &lx->f;

    if (f->thread_fpu.size == lx->word) {
        return linux_member(lx, task, &f->thread_fpu, fpu, "task", err);
    }
    *fpu = task + (f->thread_fpu.size ? f->thread_fpu.offset : f->task_bytes);
    return true;
}

static bool no_fxsave(OsiError *err)
{
    return osi_fail(err, OSI_ERR_UNSUPPORTED, 0, "the kernel saves the FPU by"
                    " FSAVE (CR4.OSFXSR is clear)");
}

static bool can_find(Linux *lx, OsiError *err)
{
    const LinuxFields *f = &lx->f;

    if (!lx->btf) {
        if (!(cr4_of(lx) & CR4_OSFXSR)) {
            return no_fxsave(err);
        }
        return linux_guess_fpu(lx, err);
    }
    if (!linux_can(lx, LINUX_FPU, err)) {
        return false;
    }
    if (!(f->fpu_fpstate.size && f->fps_regs.size) && !f->fpu_state.size) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "BTF: struct fpu has neither"
                        " fpstate nor state");
    }
    if (!f->thread_fpu.size && !f->task_bytes) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "BTF: no task_struct to look"
                        " for struct fpu in or behind");
    }
    if (!(cr4_of(lx) & CR4_OSFXSR)) {
        return no_fxsave(err);
    }
    return true;
}

static bool find_area(Linux *lx, uint64_t task, Area *a, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    uint64_t fpu, state;

    a->supported = 0;
    if (lx->fpu_guess) {
        a->at = task + lx->fpu_guess;
        return true;
    }
    if (!find_fpu(lx, task, &fpu, err)) {
        return false;
    }
    if (f->fpu_fpstate.size && f->fps_regs.size) {
        if (!linux_member(lx, fpu, &f->fpu_fpstate, &state, "struct fpu",
                          err)) {
            return false;
        }
        if (!linux_is_object(lx, state)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, fpu, "fpu.fpstate is 0x%"
                            PRIx64, state);
        }
        a->at = state + f->fps_regs.offset;
        if (f->fps_xfeatures.size) {
            linux_field(lx, state, &f->fps_xfeatures, &a->supported, NULL);
        }
        return true;
    }
    a->at = fpu + f->fpu_state.offset;
    if (linux_sym(lx, "xfeatures_mask_all", &state) ||
        linux_sym(lx, "xfeatures_mask", &state)) {
        osi_reader_uint(&lx->kernel, state, 8, &a->supported, NULL);
    }
    return true;
}

/* Is it what FXSAVE or XSAVE writes? Reserved bits are zero. */
static bool plausible(const Area *a)
{
    if (osi_le32(a->b + AT_MXCSR) >> 16) {
        return false;
    }
    if (!a->xsave) {
        return true;
    }
    for (int i = AT_ZEROS; i < YMM_AT; i++) {
        if (a->b[i]) {
            return false;
        }
    }
    return !a->compact ? osi_le64(a->b + AT_XCOMP_BV) == 0
                       : !(a->bv & ~osi_le64(a->b + AT_XCOMP_BV));
}

static bool read_area(Linux *lx, uint64_t task, Area *a, OsiError *err)
{
    size_t len;

    if (!find_area(lx, task, a, err)) {
        return false;
    }
    a->xsave = cr4_of(lx) & CR4_OSXSAVE;
    len = a->xsave ? YMM_AT : FXSAVE;
    if (!osi_reader_read(&lx->kernel, a->at, a->b, len, err)) {
        return false;
    }
    a->bv = a->xsave ? osi_le64(a->b + AT_XSTATE_BV) : X87 | SSE;
    a->compact = a->xsave && osi_le64(a->b + AT_XCOMP_BV) & XCOMP_COMPACT;
    if (!plausible(a)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, a->at, "no saved FPU state at"
                        " 0x%" PRIx64 ": reserved bits are set", a->at);
    }
    if (a->compact) {
        a->supported |= osi_le64(a->b + AT_XCOMP_BV) & AVX;
    }
    /* A component that is not in the compacted area has no room there. */
    if (a->bv & AVX) {
        a->supported |= AVX;
        return osi_reader_read(&lx->kernel, a->at + YMM_AT, a->b + YMM_AT,
                               YMM_BYTES, err);
    }
    return true;
}

/* What is in its initial state was not written: say what that state is. */
static void fill(const Area *a, OsiFpu *fpu)
{
    memset(fpu, 0, sizeof(*fpu));
    memcpy(fpu->fxsave, a->b, 416);
    if (!(a->bv & X87)) {
        memset(fpu->fxsave, 0, AT_MXCSR);
        memset(fpu->fxsave + 32, 0, 128);
        fpu->fxsave[AT_FCW] = FCW_INIT & 0xff;
        fpu->fxsave[AT_FCW + 1] = FCW_INIT >> 8;
    }
    if (!(a->bv & SSE)) {
        memset(fpu->fxsave + 160, 0, 256);
        /* The standard format keeps MXCSR all the same. */
        if (a->compact && !(a->bv & AVX)) {
            fpu->fxsave[AT_MXCSR] = MXCSR_INIT & 0xff;
            fpu->fxsave[AT_MXCSR + 1] = MXCSR_INIT >> 8;
        }
    }
    fpu->has_ymm = a->supported & AVX;
    if (a->bv & AVX) {
        memcpy(fpu->ymm_high, a->b + YMM_AT, YMM_BYTES);
    }
}

bool linux_saved_fpu(void *os, const OsiTask *t, OsiFpu *fpu, OsiError *err)
{
    Linux *lx = os;
    const OsiCpu *cpu;
    Area a;

    if (t->kernel_thread || !t->mm) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no FPU registers: %s", t->pid, t->comm,
                        t->kernel_thread ? "a kernel thread" : "it has exited");
    }
    if (!can_find(lx, err)) {
        return false;
    }
    cpu = linux_cpu_running(lx, t);
    if (cpu) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object, "%d (%s) runs on CPU"
                        " %d: its FPU registers are live", t->pid, t->comm,
                        cpu->index);
    }
    if (!read_area(lx, t->object, &a, err)) {
        return false;
    }
    fill(&a, fpu);
    return true;
}

/* ---- evidence ---- */

typedef struct Vote {
    Linux *lx;
    int voters, votes, compact, ymm;
    OsiError why;
} Vote;

static bool vote(void *opaque, const OsiTask *t)
{
    Vote *v = opaque;
    Area a;

    if (t->kernel_thread || !t->mm) {
        return true;
    }
    v->voters++;
    if (read_area(v->lx, t->object, &a, &v->why)) {
        v->votes++;
        v->compact += a.compact;
        v->ymm += (a.supported & AVX) != 0;
    }
    return v->voters < VOTERS_MAX;
}

void linux_fpu_feature(Linux *lx, GArray *rows)
{
    const LinuxFields *f = &lx->f;
    Vote v = { .lx = lx };
    OsiError err;

    if (!can_find(lx, &err)) {
        linux_row_no(rows, "fpu", &err, LINUX_FIX_TYPES);
        return;
    }
    linux_each_task(lx, vote, &v, NULL);
    if (!v.voters) {
        osi_fail(&err, OSI_ERR_NO_SUCH, 0, "no process to read one of");
        linux_row_no(rows, "fpu", &err, "let the guest boot on");
    } else if (v.votes * 2 <= v.voters) {
        linux_row_no(rows, "fpu", &v.why, LINUX_FIX_TYPES);
    } else {
        linux_row(rows, "fpu", "%s%s, %s%s: plausible in %d of %d threads",
                  lx->fpu_guess ? "by what it looks like" : f->thread_fpu.size
                  ? "thread.fpu" : "behind task_struct", lx->fpu_guess ? ""
                  : f->fpu_fpstate.size ? ".fpstate->regs" : ".state",
                  !(cr4_of(lx) & CR4_OSXSAVE) ? "FXSAVE" : v.compact
                  ? "XSAVE compacted" : "XSAVE standard",
                  v.ymm ? " with AVX" : "", v.votes, v.voters);
    }
}
