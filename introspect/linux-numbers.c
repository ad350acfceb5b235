/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers of tasks and address spaces that only /proc shows. */
#include "linux.h"

/* enum pid_type of Linux: which of signal_struct.pids. */
enum { PGID = 2, SID = 3 };

#define PRIO_RT_MAX     100     /* include/linux/sched/prio.h */
#define PRIO_NICE_0     120
#define CORE_SHIFT      2       /* MMF_DUMP_FILTER_SHIFT, sched/coredump.h */
#define CORE_MASK       0x1ffu  /* nine kinds of mappings */

/* The id in the first pid namespace, 0 unknown. */
static int32_t id_of(Linux *lx, uint64_t signal, unsigned which)
{
    const LinuxFields *f = &lx->f;
    uint64_t pid, nr;

    if (f->sig_pids.size < (which + 1) * lx->word || !f->pid_numbers.offset ||
        !f->upid_nr.size ||
        !osi_reader_uint(&lx->kernel, signal + f->sig_pids.offset +
                         which * lx->word, lx->word, &pid, NULL) ||
        !linux_is_object(lx, pid) ||
        !linux_field(lx, pid + f->pid_numbers.offset, &f->upid_nr, &nr,
                     NULL)) {
        return 0;
    }
    return nr;
}

bool linux_task_numbers(void *os, const OsiTask *t, OsiTaskNumbers *n,
                        OsiError *err)
{
    Linux *lx = os;
    const LinuxFields *f = &lx->f;
    OsiTaskNumbers out = { 0 };
    uint64_t signal, flags, prio, nice;

    if (!linux_can(lx, LINUX_TASKS, err) ||
        !linux_member(lx, t->object, &f->signal, &signal, "task", err) ||
        !linux_member(lx, t->object, &f->flags, &flags, "task", err)) {
        return false;
    }
    out.flags = flags;
    out.pgrp = linux_is_object(lx, signal) ? id_of(lx, signal, PGID) : 0;
    out.session = linux_is_object(lx, signal) ? id_of(lx, signal, SID) : 0;
    if (f->prio.size && f->static_prio.size &&
        linux_field(lx, t->object, &f->prio, &prio, NULL) &&
        linux_field(lx, t->object, &f->static_prio, &nice, NULL)) {
        out.has_priority = true;
        out.priority = (int)prio - PRIO_RT_MAX;
        out.nice = (int)nice - PRIO_NICE_0;
    }
    *n = out;
    return true;
}

bool linux_extents(void *os, const OsiTask *t, OsiExtents *e, OsiError *err)
{
    Linux *lx = os;
    const LinuxFields *f = &lx->f;
    OsiExtents out = { .core_filter = -1 };
    uint64_t flags;
    const struct {
        const OsiField *field;
        uint64_t *to;
    } wanted[] = {
        { &f->arg_start, &out.arg_start }, { &f->arg_end, &out.arg_end },
        { &f->env_start, &out.env_start }, { &f->env_end, &out.env_end },
        { &f->start_code, &out.code_start }, { &f->end_code, &out.code_end },
        { &f->start_data, &out.data_start }, { &f->end_data, &out.data_end },
        { &f->start_brk, &out.brk_start }, { &f->brk, &out.brk },
        { &f->start_stack, &out.stack_start },
    };

    if (t->kernel_thread || !t->mm) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no address space", t->pid, t->comm);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (wanted[i].field->size &&
            !linux_member(lx, t->mm, wanted[i].field, wanted[i].to, "mm",
                          err)) {
            return false;
        }
    }
    if (f->mm_flags.size &&
        linux_member(lx, t->mm, &f->mm_flags, &flags, "mm", NULL)) {
        out.core_filter = flags >> CORE_SHIFT & CORE_MASK;
    }
    *e = out;
    return true;
}
