/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info os TABLE [ARGUMENTS]': the list of tables and what they are made with.
 * gdb passes what its user types as it is, so tables may have arguments. A
 * table that cannot be made has one row that says why: an empty answer never
 * comes without its reason.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/osdata.h"
#include "gdbstub/gdbx/rows.h"

/* Of the 2 s that gdb waits; what is left is for slow machines. */
#define TABLE_US  700000

static gint64 deadline;
static bool late;

void gdbx_os_item(GString *out)
{
    g_string_append(out, "<item>");
}

void gdbx_os_end(GString *out)
{
    g_string_append(out, "</item>\n");
}

void gdbx_os_column(GString *out, const char *name, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list ap;

    va_start(ap, fmt);
    text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_string_append_printf(out, "<column name=\"%s\">", name);
    gdbx_append_xml(out, text);
    g_string_append(out, "</column>");
}

void gdbx_os_reason(GString *out, const char *reason)
{
    gdbx_os_item(out);
    gdbx_os_column(out, "reason", "%s", reason);
    gdbx_os_end(out);
}

bool gdbx_os_late(GString *out)
{
    if (!late && g_get_monotonic_time() > deadline) {
        late = true;
        gdbx_os_reason(out, "... and more: gdb does not wait longer");
    }
    return late;
}

bool gdbx_os_number(const char *args, uint64_t *value)
{
    GdbxWord word, more;

    return gdbx_next_word(&args, word) && !gdbx_next_word(&args, more) &&
           gdbx_word_number(word, value);
}

const OsiTask *gdbx_os_task(GString *out, const char *args, bool *understood)
{
    OsiError err = { 0 };
    const OsiTask *t;
    uint64_t id;

    *understood = gdbx_os_number(args, &id) && id <= INT32_MAX;
    if (!*understood) {
        return NULL;
    }
    t = osi_task_by_pid(gdbx_guest(), id, &err);
    if (!t) {
        gdbx_os_reason(out, err.message);
    }
    return t;
}

static bool make_types(GString *out, const char *args);

static const GdbxOsTable tables[] = {
    { "types", "", "Tables of the guest", make_types },
    { "processes", "", "Processes of the guest", gdbx_os_processes },
    { "threads", "", "Threads of the guest, kernel threads too",
      gdbx_os_threads },
    { "cpus", "", "What runs on each CPU, its mode and address space",
      gdbx_os_cpus },
    { "modules", "", "Kernel modules", gdbx_os_modules },
    { "files", "[PID]", "Open files, of one process or of all", gdbx_os_files },
    { "maps", "PID", "Mappings of a process", gdbx_os_maps },
    { "libs", "PID", "Shared libraries of a process", gdbx_os_libs },
    { "stack", "TID", "Where a task sleeps in the kernel", gdbx_os_stack },
    { "syscalls", "[PID]", "System call that each thread is in",
      gdbx_os_syscalls },
    { "pagetable", "ADDR [PID]", "Walk to an address, entry by entry",
      gdbx_os_pagetable },
    { "symbols", "PATTERN", "Kernel symbols by name, with * and ?",
      gdbx_os_symbols },
    { "regions", "", "Devices and memory by guest address", gdbx_os_regions },
};

static bool make_types(GString *out, const char *args)
{
    for (size_t i = 1; i < ARRAY_SIZE(tables); i++) {
        gdbx_os_item(out);
        gdbx_os_column(out, "Type", "%s%s%s", tables[i].name,
                       *tables[i].params ? " " : "", tables[i].params);
        gdbx_os_column(out, "Description", "%s", tables[i].doc);
        gdbx_os_end(out);
    }
    return true;
}

static const GdbxOsTable *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if (!strcmp(name, tables[i].name)) {
            return &tables[i];
        }
    }
    return NULL;
}

/* @args may hold anything: gdb's user typed it. */
static void fill(GString *out, const GdbxOsTable *t, const char *args)
{
    GdbxWord word;
    const char *rest = args;
    gsize before = out->len;

    if ((!*t->params && gdbx_next_word(&rest, word)) || !t->make(out, args)) {
        g_autofree char *usage = g_strdup_printf(
            "usage: info os %s%s%s", t->name, *t->params ? " " : "", t->params);

        g_string_truncate(out, before);
        gdbx_os_reason(out, usage);
    } else if (out->len == before) {
        gdbx_os_reason(out, "none");
    }
}

bool gdbx_make_osdata(const char *annex, GString *out)
{
    const GdbxOsTable *t = &tables[0];
    const char *args = annex;
    GdbxWord name;

    if (gdbx_next_word(&args, name)) {
        t = find(name);
    }
    if (!t) {
        /* An error would be "Can not fetch data now." to gdb's user. */
        g_string_append(out, "<osdata type=\"types\">\n");
        gdbx_os_reason(out, "no such table; `info os' lists them");
        g_string_append(out, "</osdata>\n");
        return true;
    }
    deadline = g_get_monotonic_time() + TABLE_US;
    late = false;
    g_string_append_printf(out, "<osdata type=\"%s\">\n", t->name);
    fill(out, t, args);
    g_string_append(out, "</osdata>\n");
    return true;
}

bool gdbx_pkt_osdata(const char *args)
{
    return gdbx_xfer("osdata", args, gdbx_make_osdata);
}
