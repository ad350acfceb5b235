/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of /proc about a task and what it was started with; see procfs.h. */
#include "qemu/osdep.h"
#include "introspect/process.h"
#include "gdbstub/gdbx/procfs.h"

#define STRINGS_MAX (2 * 1024 * 1024)   /* of arguments or environment */
#define PAGE        4096
#define TICK_NS     10000000            /* USER_HZ is 100 on x86 */

static int threads_of(OsiGuest *g, const OsiTask *t)
{
    size_t n = 0;
    const OsiTask *all = osi_tasks(g, &n, NULL);
    int count = 0;

    for (size_t i = 0; i < n; i++) {
        count += all[i].tgid == t->tgid && all[i].pid;
    }
    return count;
}

static uint64_t size_of(OsiGuest *g, const OsiTask *t)
{
    size_t n = 0;
    const OsiVma *v = t->kernel_thread || !t->mm ? NULL
                                                 : osi_vmas(g, t, &n, NULL);
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        /* The page of the old vsyscalls is in nobody's count. */
        sum += v[i].object ? v[i].end - v[i].start : 0;
    }
    return sum;
}

/* ---- status ---- */

static const char *state_name(char state)
{
    static const struct {
        char letter;
        const char *name;
    } names[] = {
        { 'R', "running" }, { 'S', "sleeping" }, { 'D', "disk sleep" },
        { 'T', "stopped" }, { 't', "tracing stop" }, { 'X', "dead" },
        { 'Z', "zombie" }, { 'P', "parked" }, { 'I', "idle" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].letter == state) {
            return names[i].name;
        }
    }
    return "unknown";
}

static void append_creds(GString *out, const OsiCreds *c)
{
    g_string_append_printf(out, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid,
                           c->suid, c->fsuid);
    g_string_append_printf(out, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid,
                           c->sgid, c->fsgid);
    if (c->has_groups) {
        g_string_append(out, "Groups:\t");
        for (size_t i = 0; i < c->n_groups; i++) {
            g_string_append_printf(out, "%s%u", i ? " " : "", c->groups[i]);
        }
        g_string_append(out, " \n");
    }
}

static void append_caps(GString *out, const OsiCreds *c)
{
    const struct {
        const char *name;
        uint64_t bits;
    } rows[] = {
        { "CapInh", c->cap_inheritable }, { "CapPrm", c->cap_permitted },
        { "CapEff", c->cap_effective }, { "CapBnd", c->cap_bounding },
        { "CapAmb", c->cap_ambient },
    };

    for (size_t i = 0; c->has_caps && i < ARRAY_SIZE(rows); i++) {
        g_string_append_printf(out, "%s:\t%016" PRIx64 "\n", rows[i].name,
                               rows[i].bits);
    }
}

bool gdbx_proc_status(OsiGuest *g, const OsiTask *t, GString *out)
{
    OsiCreds creds = { 0 };
    bool known = osi_creds(g, t, &creds, NULL);
    uint64_t size = size_of(g, t);

    g_string_append_printf(out, "Name:\t%s\nState:\t%c (%s)\n", t->comm,
                           t->state, state_name(t->state));
    g_string_append_printf(out, "Tgid:\t%d\nPid:\t%d\nPPid:\t%d\n", t->tgid,
                           t->pid, t->ppid);
    if (known) {
        append_creds(out, &creds);
    }
    if (size) {
        g_string_append_printf(out, "VmSize:\t%8" PRIu64 " kB\n", size / 1024);
    }
    g_string_append_printf(out, "Threads:\t%d\n", threads_of(g, t));
    if (known) {
        append_caps(out, &creds);
        g_free(creds.groups);
    }
    return true;
}

/* ---- stat: 52 columns, 0 for what is not known ---- */

static void append_columns(GString *out, const uint64_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_string_append_printf(out, " %" PRIu64, v[i]);
    }
}

bool gdbx_proc_stat(OsiGuest *g, const OsiTask *t, GString *out)
{
    const uint64_t zeros[16] = { 0 };
    OsiTaskNumbers n = { 0 };
    OsiExtents e = { 0 };

    osi_task_numbers(g, t, &n, NULL);
    osi_extents(g, t, &e, NULL);
    /* 1..9: no terminal is known, its group is -1 then; 10..17: times. */
    g_string_append_printf(out, "%d (%s) %c %d %d %d 0 -1 %u", t->pid, t->comm,
                           t->state, t->ppid, n.pgrp, n.session, n.flags);
    append_columns(out, zeros, 8);
    g_string_append_printf(out, " %d %d %d 0 %" PRIu64, n.priority, n.nice,
                           threads_of(g, t), t->start_time / TICK_NS);
    /* 23..25: size, pages, limit; 26..28 */
    append_columns(out, (uint64_t[]) { size_of(g, t), 0, 0, e.code_start,
                                       e.code_end, e.stack_start }, 6);
    append_columns(out, zeros, 10);     /* 29..38 */
    g_string_append_printf(out, " %d", t->cpu);
    append_columns(out, zeros, 5);      /* 40..44 */
    append_columns(out, (uint64_t[]) { e.data_start, e.data_end, e.brk_start,
                                       e.arg_start, e.arg_end, e.env_start,
                                       e.env_end, 0 }, 8);
    g_string_append_c(out, '\n');
    return true;
}

/* ---- what it was started with ---- */

bool gdbx_proc_comm(OsiGuest *g, const OsiTask *t, GString *out)
{
    g_string_append_printf(out, "%s\n", t->comm);
    return true;
}

/* Up to the first page that cannot be read, as the kernel does. */
static void append_memory(OsiGuest *g, const OsiTask *t, uint64_t start,
                          uint64_t end, GString *out)
{
    uint8_t page[PAGE];

    end = MIN(end, start + STRINGS_MAX);
    while (start < end) {
        size_t part = MIN(end - start, PAGE - start % PAGE);

        if (!osi_process_read(g, t, start, page, part, NULL)) {
            break;
        }
        g_string_append_len(out, (char *)page, part);
        start += part;
    }
}

/*
 * A program may have written a longer title over its arguments and on into
 * its environment: then it ends at the first NUL.
 */
bool gdbx_proc_cmdline(OsiGuest *g, const OsiTask *t, GString *out)
{
    OsiExtents e;
    const char *nul;

    if (t->kernel_thread || !t->mm) {
        return true;
    }
    if (!osi_extents(g, t, &e, NULL)) {
        return false;
    }
    append_memory(g, t, e.arg_start, e.arg_end, out);
    if (out->len && out->str[out->len - 1] && e.env_start == e.arg_end &&
        out->len == e.arg_end - e.arg_start) {
        append_memory(g, t, e.env_start, e.env_end, out);
        nul = memchr(out->str, 0, out->len);
        g_string_truncate(out, nul ? nul - out->str : out->len);
    }
    return true;
}

bool gdbx_proc_environ(OsiGuest *g, const OsiTask *t, GString *out)
{
    OsiExtents e;

    if (t->kernel_thread || !t->mm) {
        return true;
    }
    if (!osi_extents(g, t, &e, NULL) || !e.env_end) {
        return false;
    }
    append_memory(g, t, e.env_start, e.env_end, out);
    return true;
}

bool gdbx_proc_auxv(OsiGuest *g, const OsiTask *t, GString *out)
{
    g_autoptr(GByteArray) v = NULL;

    if (t->kernel_thread || !t->mm) {
        return true;
    }
    v = osi_auxv(g, t, NULL);
    if (!v) {
        return false;
    }
    g_string_append_len(out, (char *)v->data, v->len);
    return true;
}

bool gdbx_proc_filter(OsiGuest *g, const OsiTask *t, GString *out)
{
    OsiExtents e;

    if (!osi_extents(g, t, &e, NULL) || e.core_filter < 0) {
        return false;
    }
    g_string_append_printf(out, "%08x\n", e.core_filter);
    return true;
}
