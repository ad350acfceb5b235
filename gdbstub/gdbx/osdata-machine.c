/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `info os' tables of the machine and of the kernel as a program. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "hw/regions.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/osdata.h"
#include "introspect/qemu.h"

#define SYMBOLS_MAX 2000

/* --- CPUs ------------------------------------------------------------------ */

static const char *cpu_mode(CPUState *cs, const OsiCpu *c)
{
    if (!(c->cr0 & 1)) {
        return "real";
    }
    if (gdbx.arch->is_64bit(cs)) {
        return "64-bit";
    }
    return c->efer & 0x400 ? "compatibility" : "protected";   /* EFER.LMA */
}

/* Where a kernel is: a user program's symbols are gdb's affair. */
static void place(GString *out, const OsiCpu *c)
{
    uint64_t offset = 0;
    const char *name = c->cpl ? NULL
                     : osi_symbol_in(gdbx_guest(), c->rip, &offset, NULL);

    gdbx_os_column(out, "pc", "0x%" PRIx64, c->rip);
    gdbx_os_column(out, "function", name ? "%s+0x%" PRIx64 : "", name, offset);
}

static void cpu_row(GString *out, CPUState *cs)
{
    TimelineMark now = timeline_now();
    const OsiTask *t = gdbx_current(cs, NULL);
    OsiCpu c;

    gdbx.arch->osi_cpu(cs, &c);
    gdbx_os_item(out);
    gdbx_os_column(out, "cpu", "%d", cs->cpu_index);
    gdbx_os_column(out, "state", "%s", cs->halted ? "halted" : "running");
    gdbx_os_column(out, "mode", "%s", cpu_mode(cs, &c));
    gdbx_os_column(out, "cpl", "%d", c.cpl);
    gdbx_os_column(out, "pid", t ? "%d" : "?", t ? t->tgid : 0);
    gdbx_os_column(out, "tid", t ? "%d" : "?", t ? t->pid : 0);
    gdbx_os_column(out, "task", "%s", t ? t->comm : "?");
    gdbx_os_column(out, "cr3", "0x%" PRIx64, c.cr3);
    gdbx_os_column(out, "icount", now.mode == TIMELINE_LIVE ? "-"
                   : "%" PRIu64, now.icount);
    place(out, &c);
    gdbx_os_end(out);
}

bool gdbx_os_cpus(GString *out, const char *args)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        cpu_row(out, cs);
    }
    return true;
}

/* --- the address map ---------------------------------------------------------- */

static bool region_row(void *opaque, const HwRegion *r)
{
    GString *out = opaque;

    gdbx_os_item(out);
    gdbx_os_column(out, "space", "%s", r->port ? "port" : "memory");
    gdbx_os_column(out, "start", "0x%" PRIx64, r->start);
    gdbx_os_column(out, "last", "0x%" PRIx64, r->last);
    gdbx_os_column(out, "kind", "%s", r->kind);
    gdbx_os_column(out, "region", "%s", r->name);
    gdbx_os_column(out, "device", "%s", r->device);
    gdbx_os_end(out);
    return true;
}

bool gdbx_os_regions(GString *out, const char *args)
{
    hw_each_region(region_row, out);
    return true;
}

/* --- page tables ---------------------------------------------------------------- */

static void flags_text(GString *s, uint64_t entry)
{
    static const struct {
        int bit;
        const char *name;
    } flags[] = {
        { 0, "P" }, { 1, "RW" }, { 2, "US" }, { 3, "PWT" }, { 4, "PCD" },
        { 5, "A" }, { 6, "D" }, { 7, "PS/PAT" }, { 8, "G" }, { 63, "XD" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (entry >> flags[i].bit & 1) {
            g_string_append_printf(s, "%s%s", s->len ? " " : "",
                                   flags[i].name);
        }
    }
}

static bool level_row(void *opaque, const OsiLevel *l)
{
    g_autoptr(GString) flags = g_string_new(NULL);
    GString *out = opaque;

    flags_text(flags, l->entry);
    gdbx_os_item(out);
    gdbx_os_column(out, "level", "%d", l->level);
    gdbx_os_column(out, "entry", "0x%" PRIx64, l->address);
    gdbx_os_column(out, "value", "0x%" PRIx64, l->entry);
    gdbx_os_column(out, "flags", "%s", flags->str);
    gdbx_os_column(out, "leads to", !l->present ? "not present"
                   : l->leaf ? "physical 0x%" PRIx64 : "table 0x%" PRIx64,
                   l->next);
    gdbx_os_end(out);
    return true;
}

/* Of the process @pid, or without one of the selected inferior or CPU. */
static bool root_of(const char *pid, OsiRoot *root, OsiError *err)
{
    GdbxInferior *inf = gdbx_selected();
    const OsiTask *t;
    uint64_t n;

    if (*pid) {
        t = gdbx_word_number(pid, &n) && n <= INT32_MAX
            ? osi_task_by_pid(gdbx_guest(), n, err)
            : (osi_fail(err, OSI_ERR_NO_SUCH, 0, "'%s' is no pid", pid), NULL);
        if (!t) {
            return false;
        }
        if (!t->root.table) {
            return osi_fail(err, OSI_ERR_NO_SUCH, 0, "%d (%s) has no page "
                            "tables of its own", t->pid, t->comm);
        }
        *root = t->root;
    } else if (inf) {
        *root = inf->root;
    } else {
        OsiCpu c;

        gdbx.arch->osi_cpu(gdbserver_state.g_cpu ?: first_cpu, &c);
        *root = osi_cpu_root(&c);
    }
    return true;
}

bool gdbx_os_pagetable(GString *out, const char *args)
{
    OsiMemory mem = osi_qemu_memory();
    GdbxWord addr, pid = "", more;
    OsiError err = { 0 };
    OsiRoot root;
    uint64_t va;

    if (!gdbx_next_word(&args, addr) || !gdbx_word_number(addr, &va)) {
        return false;
    }
    if (gdbx_next_word(&args, pid) && gdbx_next_word(&args, more)) {
        return false;
    }
    if (!root_of(pid, &root, &err) ||
        !osi_each_level(&mem, root, va, level_row, out, &err)) {
        gdbx_os_reason(out, err.message);
    }
    return true;
}

/* --- the kernel as a program --------------------------------------------------- */

bool gdbx_os_modules(GString *out, const char *args)
{
    OsiError err = { 0 };
    size_t n = 0;
    const OsiModule *m = osi_modules(gdbx_guest(), &n, &err);

    if (!m && err.kind) {
        gdbx_os_reason(out, err.message);
    }
    for (size_t i = 0; i < n; i++) {
        gdbx_os_item(out);
        gdbx_os_column(out, "name", "%s", m[i].name);
        gdbx_os_column(out, "base", "0x%" PRIx64, m[i].base);
        gdbx_os_column(out, "size", "%" PRIu64, m[i].size);
        gdbx_os_column(out, "users", m[i].users < 0 ? "?" : "%d", m[i].users);
        gdbx_os_column(out, "state", "%c", m[i].state);
        gdbx_os_end(out);
    }
    return true;
}

typedef struct Search {
    GString *out;
    const char *pattern;
    unsigned rows;
} Search;

static bool symbol_row(void *opaque, const char *name, char type,
                       uint64_t value)
{
    Search *s = opaque;

    if (!g_pattern_match_simple(s->pattern, name)) {
        return true;
    }
    if (s->rows++ == SYMBOLS_MAX) {
        gdbx_os_reason(s->out, "... and more");
        return false;
    }
    gdbx_os_item(s->out);
    gdbx_os_column(s->out, "address", "0x%" PRIx64, value);
    gdbx_os_column(s->out, "type", "%c", type);
    gdbx_os_column(s->out, "name", "%s", name);
    gdbx_os_end(s->out);
    return !gdbx_os_late(s->out);
}

bool gdbx_os_symbols(GString *out, const char *args)
{
    Search s = { .out = out };
    OsiError err = { 0 };
    GdbxWord word, more;

    if (!gdbx_next_word(&args, word) || gdbx_next_word(&args, more)) {
        return false;
    }
    s.pattern = word;
    if (!osi_each_symbol(gdbx_guest(), symbol_row, &s, &err)) {
        gdbx_os_reason(out, err.message);
    }
    return true;
}
