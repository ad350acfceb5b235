/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `info os`: tables of the guest. A table that cannot be made has one row that
 * says why: an empty answer never comes without its reason.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "hw/regions.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

static void column(GString *out, const char *name, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);

static void column(GString *out, const char *name, const char *fmt, ...)
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

/* As the guest's /proc/PID/cmdline, kernel threads in brackets. */
static void process_row(GString *out, OsiGuest *g, const OsiTask *t)
{
    g_autofree char *command = osi_command_line(g, t, NULL);

    column(out, "pid", "%d", t->tgid);
    column(out, "ppid", "%d", t->ppid);
    column(out, "user", "%u", t->uid);
    column(out, "state", "%c", t->state);
    column(out, "cores", "%d", t->cpu);
    column(out, "name", "%s", t->comm);
    column(out, "command", "%s", command ? command : t->comm);
}

static void thread_row(GString *out, OsiGuest *g, const OsiTask *t)
{
    column(out, "pid", "%d", t->tgid);
    column(out, "tid", "%d", t->pid);
    column(out, "state", "%c", t->state);
    column(out, "core", "%d", t->cpu);
    column(out, "oncpu", "%s", t->on_cpu ? "yes" : "no");
    column(out, "command", "%s", t->comm);
}

static void reason_row(GString *out, const char *reason)
{
    g_string_append(out, "<item>");
    column(out, "reason", "%s", reason);
    g_string_append(out, "</item>\n");
}

static void task_rows(GString *out, bool leaders,
                      void (*row)(GString *, OsiGuest *, const OsiTask *))
{
    OsiGuest *g = gdbx_guest();
    OsiError err = { 0 };
    size_t n = 0;
    const OsiTask *t = osi_tasks(g, &n, &err);
    gsize before = out->len;

    if (!t) {
        reason_row(out, err.message);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (!t[i].pid || (leaders && t[i].pid != t[i].tgid)) {
            continue;
        }
        g_string_append(out, "<item>");
        row(out, g, &t[i]);
        g_string_append(out, "</item>\n");
    }
    if (out->len == before) {
        reason_row(out, "the guest has no process yet, only its idle task");
    }
}

static void make_processes(GString *out)
{
    task_rows(out, true, process_row);
}

static void make_all_threads(GString *out)
{
    task_rows(out, false, thread_row);
}

static bool region_row(void *opaque, const HwRegion *r)
{
    GString *out = opaque;

    g_string_append(out, "<item>");
    column(out, "space", "%s", r->port ? "port" : "memory");
    column(out, "start", "0x%" PRIx64, r->start);
    column(out, "last", "0x%" PRIx64, r->last);
    column(out, "kind", "%s", r->kind);
    column(out, "region", "%s", r->name);
    column(out, "device", "%s", r->device);
    g_string_append(out, "</item>\n");
    return true;
}

static void make_regions(GString *out)
{
    hw_each_region(region_row, out);
}

static void make_types(GString *out);

static const struct {
    const char *type, *doc;
    void (*make)(GString *out);
} tables[] = {
    { "types", "Tables of the guest", make_types },
    { "processes", "Processes of the guest", make_processes },
    { "threads", "Threads of the guest", make_all_threads },
    { "regions", "Devices and memory by guest address", make_regions },
};

static void make_types(GString *out)
{
    for (size_t i = 1; i < ARRAY_SIZE(tables); i++) {
        g_string_append(out, "<item>");
        column(out, "Type", "%s", tables[i].type);
        column(out, "Description", "%s", tables[i].doc);
        g_string_append(out, "</item>\n");
    }
}

bool gdbx_make_osdata(const char *annex, GString *out)
{
    const char *type = *annex ? annex : "types";

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if (!strcmp(type, tables[i].type)) {
            g_string_append_printf(out, "<osdata type=\"%s\">\n", type);
            tables[i].make(out);
            g_string_append(out, "</osdata>\n");
            return true;
        }
    }
    return false;
}

bool gdbx_pkt_osdata(const char *args)
{
    return gdbx_xfer("osdata", args, gdbx_make_osdata);
}
