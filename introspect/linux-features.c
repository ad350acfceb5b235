/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found of Linux, with evidence, and what was not, with the reason. */
#include <stdarg.h>
#include "linux-threads.h"

void linux_row(GArray *rows, const char *name, const char *fmt, ...)
{
    OsiFeature f = { .name = name, .ok = true };
    va_list ap;

    va_start(ap, fmt);
    g_vsnprintf(f.text, sizeof(f.text), fmt, ap);
    va_end(ap);
    g_array_append_val(rows, f);
}

void linux_row_no(GArray *rows, const char *name, const OsiError *why,
                  const char *fix)
{
    OsiFeature f = { .name = name, .address = why->address };

    g_strlcpy(f.text, why->message, sizeof(f.text));
    g_strlcpy(f.fix, fix, sizeof(f.fix));
    g_array_append_val(rows, f);
}

void linux_row_can(Linux *lx, GArray *rows, const char *name, LinuxCan what)
{
    OsiError err;

    if (linux_can(lx, what, &err)) {
        linux_row(rows, name, "members known from %s", linux_engine_name(lx));
    } else {
        linux_row_no(rows, name, &err, LINUX_FIX_TYPES);
    }
}

static void feature_image(Linux *lx, GArray *rows)
{
    linux_row(rows, "kernel", "%s, %" PRIu64 " MiB at 0x%" PRIx64
        " (physical 0x%" PRIx64 "), found by the %s of CPU %d", lx->release,
        lx->image.size >> 20, lx->image.base, lx->image.pa,
        lx->image.anchor_name, lx->image.cpu);
    linux_row(rows, "address-space", "%d-level page tables at physical 0x%"
        PRIx64 ", %s", lx->kernel.root.paging - OSI_PAGING_32BIT + 2,
        lx->kernel.root.table, !lx->own_root
        ? "borrowed from a CPU until the kernel has its own"
        : lx->top_table ? "the kernel's own, told by its data"
        : "the kernel's own");
}

static void feature_tables(Linux *lx, GArray *rows)
{
    uint64_t start;

    if (lx->syms) {
        linux_row(rows, "kallsyms", "%zu symbols, %s",
                  osi_kallsyms_count(lx->syms), osi_kallsyms_layout(lx->syms));
    } else {
        linux_row_no(rows, "kallsyms", &lx->no_syms, LINUX_FIX_SYMBOLS);
    }
    if (!lx->own_btf) {
        linux_row_no(rows, "btf", &lx->no_btf, LINUX_FIX_TYPES);
        return;
    }
    linux_row(rows, "btf", "%zu types in %zu bytes at 0x%" PRIx64 "%s%s",
              osi_btf_types(lx->own_btf), osi_btf_bytes(lx->own_btf),
              lx->image.base + lx->btf_at,
              linux_sym(lx, "__start_BTF", &start) &&
              start == lx->image.base + lx->btf_at ? " = __start_BTF" : "",
              osi_btf_truncated(lx->own_btf) ? ", cut at an unknown kind" : "");
}

static void feature_tasks(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_TASKS, &err)) {
        linux_row_no(rows, "tasks", &err, LINUX_FIX_TYPES);
    } else if (lx->walk_note.kind) {
        osi_fail(&err, lx->walk_note.kind, lx->walk_note.address,
                 "%u tasks, then the list breaks: %.120s", lx->tasks_seen,
                 lx->walk_note.message);
        linux_row_no(rows, "tasks", &err, "step the guest a little: a list"
                     " may have been in the middle of a change");
    } else {
        linux_row(rows, "tasks", "%u tasks in %u processes, from init_task at"
                  " 0x%" PRIx64, lx->tasks_seen, lx->leaders_seen,
                  lx->init_task);
    }
}

static void feature_current(Linux *lx, GArray *rows)
{
    g_autoptr(GString) s = g_string_new(NULL);
    OsiError bad = { 0 }, err;

    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        const OsiCpu *c = &lx->view->cpus[i];
        OsiTask t;

        if (linux_current(lx, c, &t, &err)) {
            g_string_append_printf(s, "%sCPU %d runs %d %s", i ? ", " : "",
                                   c->index, t.pid, t.comm);
        } else if (!bad.kind) {
            osi_fail(&bad, err.kind, err.address, "CPU %d: %.150s", c->index,
                     err.message);
        }
    }
    if (bad.kind) {
        linux_row_no(rows, "current", &bad, "a CPU in firmware or early boot"
                     " runs no task; let it go on");
    } else {
        linux_row(rows, "current", "%s", s->str);
    }
}

static void feature_regs(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_REGS, &err) || !linux_find_frame(lx, &err)) {
        linux_row_no(rows, "user-registers", &err, "there must be processes"
                     " that wait in the kernel: let the guest boot on");
        return;
    }
    linux_row(rows, "user-registers", "pt_regs at stack + %u - %u - %u,"
              " by %d of %d threads", lx->frame.thread_size, lx->frame.pad,
              lx->pt_regs_bytes, lx->frame.votes, lx->frame.voters);
}

static void feature_pti(Linux *lx, GArray *rows)
{
    OsiError err;

    linux_pti(lx);
    if (lx->pti < 0) {
        osi_fail(&err, OSI_ERR_NO_SUCH, 0, "no process to tell it from");
        linux_row_no(rows, "pti", &err, "let the guest boot on");
    } else {
        linux_row(rows, "pti", "%s", lx->pti
                  ? "on: a user and a kernel table for each process" : "off");
    }
}

void linux_features(void *os, GArray *rows)
{
    Linux *lx = os;

    feature_image(lx, rows);
    feature_tables(lx, rows);
    linux_profile_features(lx, rows);
    linux_vmcoreinfo_feature(lx, rows);
    feature_pti(lx, rows);
    feature_tasks(lx, rows);
    feature_current(lx, rows);
    feature_regs(lx, rows);
    linux_kernel_features(lx, rows);
    linux_row_can(lx, rows, "exe-path", LINUX_EXE);
    linux_row_can(lx, rows, "command-line", LINUX_CMDLINE);
    linux_row_can(lx, rows, "auxv", LINUX_AUXV);
    linux_row_process(lx, rows);
    linux_row_vmas(lx, rows);
    linux_row_can(lx, rows, "open-files", LINUX_FILES);
    linux_row_pagecache(lx, rows);
    linux_row_can(lx, rows, "credentials", LINUX_CREDS);
    linux_row_can(lx, rows, "namespaces", LINUX_NAMESPACES);
    linux_row_can(lx, rows, "control-group", LINUX_CGROUP);
    linux_row_modules(lx, rows);
    linux_events_features(lx, rows);
}
