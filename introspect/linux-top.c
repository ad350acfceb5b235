/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The task on a CPU where no symbol tells it: by the top of its kernel stack.
 *
 * The CPU has to know that address to enter the kernel: i386 keeps it in its
 * TSS (sp1), x86-64 in a per-CPU variable that the first instructions at LSTAR
 * load into the stack pointer. Whose stack it is, the tasks say. An idle task
 * hangs on no list: its own stack, or a register, points to it.
 */
#include "linux.h"

#define TSS_SP1     12          /* in both, Intel SDM vol. 3A figures 8-2, 8-11 */
#define ENTRY_BYTES 128         /* of code at LSTAR that are looked at */
#define GAP_MAX     32          /* above what is pushed on an empty stack */
#define PAGE        4096
#define STACK_MAX   65536

typedef struct StackOf {
    uint64_t stack, task;       /* lowest address; owner */
} StackOf;

/* ---- where the top is kept ---- */

/*
 * mov %gs:SLOT, %rsp is 65 48 8b 24 25 and an address of 32 bits, or, since
 * kernels are position independent, 65 48 8b 25 and a distance. A kernel for
 * one CPU has plain variables, and no prefix 65.
 */
static bool decode_slot(const uint8_t *code, size_t len, uint64_t at,
                        uint64_t *slot, bool *plain)
{
    for (size_t i = 1; i + 8 <= len; i++) {
        if (code[i] != 0x48 || code[i + 1] != 0x8b) {
            continue;
        }
        *plain = code[i - 1] != 0x65;
        if (code[i + 2] == 0x24 && code[i + 3] == 0x25) {
            *slot = (int32_t)osi_le32(code + i + 4);
            return true;
        }
        if (code[i + 2] == 0x25) {
            *slot = at + i + 7 + (int32_t)osi_le32(code + i + 3);
            return true;
        }
    }
    return false;
}

/* Of any vCPU: all enter at the same place. */
static bool find_slot(Linux *lx, OsiError *err)
{
    uint8_t code[ENTRY_BYTES];
    uint64_t lstar = 0;

    if (lx->top_slot_known) {
        return true;
    }
    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        if (lx->view->cpus[i].lstar - lx->image.base < lx->image.size) {
            lstar = lx->view->cpus[i].lstar;
            break;
        }
    }
    if (!lstar) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0,
                        "no symbol current_task, and no CPU has LSTAR in the"
                        " kernel, whose code would tell where stacks are");
    }
    if (!osi_reader_read(&lx->kernel, lstar, code, sizeof(code), err)) {
        return false;
    }
    lx->top_slot_known = decode_slot(code, sizeof(code), lstar, &lx->top_slot,
                                     &lx->top_slot_plain);
    return lx->top_slot_known ||
           osi_fail(err, OSI_ERR_NO_SUCH, lstar,
                    "no load of a stack pointer in the first %d bytes at LSTAR"
                    " (0x%" PRIx64 ")", ENTRY_BYTES, lstar);
}

/* Where LSTAR is not known: kernels up to 5.12 have it in the TSS as well. */
static bool top_by_tss(Linux *lx, const OsiCpu *cpu, uint64_t *base,
                       uint64_t *top)
{
    uint64_t gs = cpu->gs_base >= lx->kernel_lo ? cpu->gs_base
                                                : cpu->kernel_gs_base;

    *base = gs >= lx->kernel_lo ? gs : 0;
    return osi_reader_uint(&lx->kernel, cpu->tr_base + TSS_SP1, lx->word, top,
                           NULL) && linux_is_object(lx, *top);
}

static bool top_by_gs(Linux *lx, const OsiCpu *cpu, uint64_t *base,
                      uint64_t *top, OsiError *err)
{
    uint64_t gs[2] = { cpu->gs_base, cpu->kernel_gs_base };
    OsiError why;

    if (!find_slot(lx, &why)) {
        return top_by_tss(lx, cpu, base, top) ||
               osi_fail(err, why.kind, why.address, "%s", why.message);
    }
    if (lx->top_slot_plain) {
        *base = 0;
        return osi_reader_uint(&lx->kernel, lx->top_slot, 8, top, err);
    }
    for (int k = 0; k < 2; k++) {
        uint64_t want = gs[cpu->cpl == 3 ? !k : k];

        if (want >= lx->kernel_lo &&
            osi_reader_uint(&lx->kernel, want + lx->top_slot, 8, top, NULL) &&
            linux_is_object(lx, *top)) {
            *base = want;
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_OS, cpu->gs_base,
                    "neither GS base has a stack pointer at offset 0x%" PRIx64,
                    lx->top_slot);
}

static bool top_of(Linux *lx, const OsiCpu *cpu, uint64_t *base, uint64_t *top,
                   OsiError *err)
{
    if (osi_cpu_paging(cpu) != lx->image.root.paging) {
        return osi_fail(err, OSI_ERR_NO_OS, cpu->rip,
                        "CPU %d is not in the kernel's paging mode",
                        cpu->index);
    }
    if (lx->word == 8) {
        return top_by_gs(lx, cpu, base, top, err);
    }
    *base = 0;
    return osi_reader_uint(&lx->kernel, cpu->tr_base + TSS_SP1, 4, top, err);
}

/* ---- whose stack that is ---- */

static bool note_stack(void *opaque, const OsiTask *t)
{
    StackOf s = { t->kernel_stack, t->object };

    if (s.stack) {
        g_array_append_val((GArray *)opaque, s);
    }
    return true;
}

static int by_stack(const void *a, const void *b)
{
    uint64_t x = ((const StackOf *)a)->stack, y = ((const StackOf *)b)->stack;

    return x < y ? -1 : x > y;
}

/* Once a stop. */
static GArray *all_stacks(Linux *lx)
{
    if (!lx->stacks) {
        lx->stacks = g_array_new(false, false, sizeof(StackOf));
        linux_each_task(lx, note_stack, lx->stacks, NULL);
        g_array_sort(lx->stacks, by_stack);
    }
    return lx->stacks;
}

static uint64_t owner_of(GArray *stacks, uint64_t base)
{
    guint lo = 0, hi = stacks->len;

    while (lo < hi) {
        guint mid = lo + (hi - lo) / 2;
        const StackOf *s = &g_array_index(stacks, StackOf, mid);

        if (s->stack == base) {
            return s->task;
        }
        if (s->stack < base) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return 0;
}

static bool owns(Linux *lx, uint64_t task, uint64_t base)
{
    uint64_t stack;

    return linux_is_object(lx, task) &&
           linux_field(lx, task, &lx->f.stack, &stack, NULL) && stack == base;
}

/* A task that no list has: what runs on a stack keeps pointers to itself. */
static uint64_t owner_unlisted(Linux *lx, const OsiCpu *cpu, uint64_t base,
                               uint64_t top)
{
    g_autofree uint8_t *b = g_malloc(top - base);

    for (int i = 0; i < OSI_GPRS; i++) {
        if (owns(lx, cpu->gpr[i], base)) {
            return cpu->gpr[i];
        }
    }
    if (!osi_reader_read(&lx->kernel, base, b, top - base, NULL)) {
        return 0;
    }
    for (uint64_t i = top - base; i >= lx->word; i -= lx->word) {
        uint64_t p = linux_word(lx, b + i - lx->word);

        /* Not a place in the stack itself: most pointers there are. */
        if (p - base >= top - base && owns(lx, p, base)) {
            return p;
        }
    }
    return 0;
}

/* Stacks begin on a page, and their size is known from user frames. */
static bool base_of(Linux *lx, uint64_t top, uint64_t *base, OsiError *err)
{
    uint64_t end = OSI_ALIGN_UP(top, PAGE);

    if (!linux_find_frame(lx, err)) {
        return false;
    }
    if (end - top > GAP_MAX || lx->frame.thread_size > STACK_MAX ||
        end < lx->frame.thread_size) {
        return osi_fail(err, OSI_ERR_BAD_DATA, top,
                        "0x%" PRIx64 " is not the top of a kernel stack", top);
    }
    *base = end - lx->frame.thread_size;
    return true;
}

/*
 * Walks over all tasks inside of a walk: that one's evidence must survive, and
 * what these walks ask about current tasks gets no answer.
 */
static bool stack_of_top(Linux *lx, uint64_t top, uint64_t *base,
                         uint64_t *owner, OsiError *err)
{
    OsiError note = lx->walk_note;
    uint32_t tasks = lx->tasks_seen, leaders = lx->leaders_seen;
    bool ok;

    lx->in_stacks = true;
    ok = base_of(lx, top, base, err);
    if (ok) {
        *owner = owner_of(all_stacks(lx), *base);
    }
    lx->in_stacks = false;
    lx->walk_note = note;
    lx->tasks_seen = tasks;
    lx->leaders_seen = leaders;
    return ok;
}

bool linux_current_by_stack(Linux *lx, const OsiCpu *cpu, uint64_t *object,
                            uint64_t *gs, OsiError *err)
{
    uint64_t top = 0, base = 0, task = 0, found_gs = 0;

    if (lx->in_stacks) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "the stacks are not known");
    }
    if (!top_of(lx, cpu, &found_gs, &top, err) ||
        !stack_of_top(lx, top, &base, &task, err)) {
        return false;
    }
    if (!task) {
        task = owner_unlisted(lx, cpu, base, top);
    }
    if (!task) {
        return osi_fail(err, OSI_ERR_NO_SUCH, base,
                        "CPU %d is on the stack at 0x%" PRIx64 ", which is of"
                        " no task", cpu->index, base);
    }
    *object = task;
    *gs = found_gs;
    return true;
}
