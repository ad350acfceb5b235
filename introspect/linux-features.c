/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was found of Linux, with evidence, and what was not, with the reason. */
#include <stdarg.h>
#include "linux.h"

G_GNUC_PRINTF(4, 5)
static void row(GArray *rows, const char *name, bool ok, const char *fmt, ...)
{
    OsiFeature f = { .name = name, .ok = ok };
    va_list ap;

    va_start(ap, fmt);
    g_vsnprintf(f.text, sizeof(f.text), fmt, ap);
    va_end(ap);
    g_array_append_val(rows, f);
}

static void feature_image(Linux *lx, GArray *rows)
{
    row(rows, "kernel", true, "%s, %" PRIu64 " MiB at 0x%" PRIx64
        " (physical 0x%" PRIx64 "), found by the %s of CPU %d", lx->release,
        lx->image.size >> 20, lx->image.base, lx->image.pa,
        lx->image.anchor_name, lx->image.cpu);
    row(rows, "address-space", true, "%d-level page tables at physical 0x%"
        PRIx64 ", %s", lx->kernel.root.paging == OSI_PAGING_5LEVEL ? 5 : 4,
        lx->kernel.root.table, lx->own_root ? "the kernel's own"
        : "borrowed from a CPU until the kernel has its own");
}

static void feature_tables(Linux *lx, GArray *rows)
{
    uint64_t start;

    if (lx->syms) {
        row(rows, "kallsyms", true, "%zu symbols, %s",
            osi_kallsyms_count(lx->syms), osi_kallsyms_layout(lx->syms));
    } else {
        row(rows, "kallsyms", false, "%s", lx->no_syms.message);
    }
    if (!lx->btf) {
        row(rows, "btf", false, "%s", lx->no_btf.message);
        return;
    }
    row(rows, "btf", true, "%zu types in %zu bytes at 0x%" PRIx64 "%s%s",
        osi_btf_types(lx->btf), osi_btf_bytes(lx->btf),
        lx->image.base + lx->btf_at,
        linux_sym(lx, "__start_BTF", &start) &&
        start == lx->image.base + lx->btf_at ? " = __start_BTF" : "",
        osi_btf_truncated(lx->btf) ? ", cut at an unknown kind" : "");
}

static void feature_tasks(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_TASKS, &err)) {
        row(rows, "tasks", false, "%s", err.message);
    } else if (lx->walk_note.kind) {
        row(rows, "tasks", false, "%u tasks, then the list breaks at 0x%"
            PRIx64 ": %s", lx->tasks_seen, lx->walk_note.address,
            lx->walk_note.message);
    } else {
        row(rows, "tasks", true, "%u tasks in %u processes, from init_task at"
            " 0x%" PRIx64, lx->tasks_seen, lx->leaders_seen, lx->init_task);
    }
}

static void feature_current(Linux *lx, GArray *rows)
{
    GString *s = g_string_new(NULL);
    bool ok = lx->view->n_cpus > 0;

    for (size_t i = 0; i < lx->view->n_cpus; i++) {
        const OsiCpu *c = &lx->view->cpus[i];
        OsiError err;
        OsiTask t;

        if (linux_current(lx, c, &t, &err)) {
            g_string_append_printf(s, "%sCPU %d runs %d %s", i ? ", " : "",
                                   c->index, t.pid, t.comm);
        } else {
            g_string_append_printf(s, "%sCPU %d: %s", i ? ", " : "", c->index,
                                   err.message);
            ok = false;
        }
    }
    row(rows, "current", ok, "%s", s->str);
    g_string_free(s, true);
}

static void feature_regs(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_REGS, &err) || !linux_find_frame(lx, &err)) {
        row(rows, "user-registers", false, "%s", err.message);
        return;
    }
    row(rows, "user-registers", true, "pt_regs at stack + %u - %u - %u,"
        " by %d of %d threads", lx->frame.thread_size, lx->frame.pad,
        LINUX_PT_REGS_BYTES, lx->frame.votes, lx->frame.voters);
}

void linux_features(void *os, GArray *rows)
{
    static const struct { LinuxCan can; const char *name; } plain[] = {
        { LINUX_EXE, "exe-path" }, { LINUX_CMDLINE, "command-line" },
        { LINUX_AUXV, "auxv" },
    };
    Linux *lx = os;
    OsiError err;

    feature_image(lx, rows);
    feature_tables(lx, rows);
    feature_tasks(lx, rows);
    feature_current(lx, rows);
    feature_regs(lx, rows);
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        bool ok = linux_can(lx, plain[i].can, &err);

        row(rows, plain[i].name, ok, "%s", ok ? "members known from BTF"
                                              : err.message);
    }
    linux_pti(lx);
    row(rows, "pti", lx->pti >= 0, "%s", lx->pti < 0
        ? "no process to tell it from" : lx->pti
        ? "on: a user and a kernel table for each process" : "off");
}
