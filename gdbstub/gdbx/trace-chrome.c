/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as Chrome's "JSON Array Format" of trace events, which
 * ui.perfetto.dev and chrome://tracing open.
 *
 * A track for each CPU (process "CPUs", under the pid that the machine has in
 * gdb) has the tasks that it runs, from one task switch to the next, and its
 * interrupts. A track for each thread of the guest has its system calls from
 * entry to return, and all else as instants. Nothing is looked up here: what the
 * trace does not contain is not shown.
 */
#include <inttypes.h>
#include <string.h>
#include "gdbstub/gdbx/trace-format.h"

#define CPUS_PID 10000000       /* GDBX_MACHINE_PID */

typedef struct Chrome {
    GHashTable *calling;        /* tid -> it is in a system call */
    GHashTable *cpus;           /* cpu + 1 -> 1: known, 2: a task is shown */
} Chrome;

static void *open_chrome(GString *out)
{
    Chrome *c = g_new0(Chrome, 1);

    c->calling = g_hash_table_new(NULL, NULL);
    c->cpus = g_hash_table_new(NULL, NULL);
    g_string_append(out, gdbx_trace_chrome.magic);
    g_string_append_printf(out, "\"ph\":\"M\",\"pid\":%d,\"args\":{\"name\":"
                           "\"CPUs\"}}", CPUS_PID);
    return c;
}

static void chrome_kind(void *f, GString *out, const GdbxTraceKind *k,
                        unsigned index)
{
}

/* Bytes that are not ASCII are taken for Latin-1: the file stays valid. */
static void put_text(GString *out, const char *text, size_t len)
{
    g_string_append_c(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char ch = text[i];

        if (ch == '"' || ch == '\\') {
            g_string_append_c(out, '\\');
            g_string_append_c(out, ch);
        } else if (ch < ' ' || ch > '~') {
            g_string_append_printf(out, "\\u%04x", ch);
        } else {
            g_string_append_c(out, ch);
        }
    }
    g_string_append_c(out, '"');
}

static void begin(GString *out, const char *phase, int64_t ns, int64_t pid,
                  int64_t tid)
{
    uint64_t t = MAX(ns, 0);
    char rest[4] = { '0' + t / 100 % 10, '0' + t / 10 % 10, '0' + t % 10 };

    g_string_append(out, ",\n{\"ph\":\"");
    g_string_append(out, phase);
    g_string_append(out, "\",\"ts\":");
    gdbx_trace_put_decimal(out, t / 1000);
    g_string_append_c(out, '.');
    g_string_append_len(out, rest, 3);
    g_string_append(out, ",\"pid\":");
    gdbx_trace_put_signed(out, pid);
    g_string_append(out, ",\"tid\":");
    gdbx_trace_put_signed(out, tid);
}

/* The first word of what is said of it; of a number the kind, too. */
static void put_name(GString *out, const char *text, const char *kind)
{
    size_t len = strcspn(text, " (");

    g_string_append(out, ",\"name\":");
    if (!len) {
        put_text(out, kind, strlen(kind));
    } else if (g_ascii_isdigit(*text)) {
        g_string_append_printf(out, "\"%s %.*s\"", kind, (int)len, text);
    } else {
        put_text(out, text, len);
    }
}

static void put_args(GString *out, const GdbxTraceKind *k,
                     const GdbxTraceEvent *ev)
{
    g_string_append(out, ",\"cat\":\"");
    g_string_append(out, k->name);
    g_string_append(out, "\",\"args\":{\"pc\":\"");
    gdbx_trace_put_hex(out, ev->pc);
    g_string_append(out, "\",\"cpu\":");
    gdbx_trace_put_decimal(out, ev->cpu);
    if (ev->icount) {
        g_string_append(out, ",\"icount\":");
        gdbx_trace_put_decimal(out, ev->icount);
    }
    for (unsigned i = 0; i < k->n; i++) {
        if (ev->known >> i & 1) {
            g_string_append(out, ",\"");
            g_string_append(out, k->field[i]);
            g_string_append(out, k->decimal[i] ? "\":" : "\":\"");
            if (k->decimal[i]) {
                gdbx_trace_put_signed(out, ev->field[i]);
            } else {
                gdbx_trace_put_hex(out, ev->field[i]);
                g_string_append_c(out, '"');
            }
        }
    }
    if (ev->text[0]) {
        g_string_append(out, ",\"text\":");
        put_text(out, ev->text, strlen(ev->text));
    }
    if (ev->lost) {
        g_string_append(out, ",\"missing before\":");
        gdbx_trace_put_decimal(out, ev->lost);
    }
    g_string_append(out, "}}");
}

static bool field(const GdbxTraceKind *k, const GdbxTraceEvent *ev,
                  const char *name, uint64_t *value)
{
    for (unsigned i = 0; i < k->n; i++) {
        if (ev->known >> i & 1 && !strcmp(k->field[i], name)) {
            *value = ev->field[i];
            return true;
        }
    }
    return false;
}

static void put_cpu(Chrome *c, GString *out, unsigned cpu)
{
    gpointer key = GUINT_TO_POINTER(cpu + 1);

    if (!g_hash_table_contains(c->cpus, key)) {
        g_hash_table_insert(c->cpus, key, GINT_TO_POINTER(1));
        g_string_append_printf(out, ",\n{\"ph\":\"M\",\"pid\":%d,\"tid\":%u,"
                               "\"name\":\"thread_name\",\"args\":{\"name\":"
                               "\"CPU %u\"}}", CPUS_PID, CPUS_PID + cpu + 1,
                               cpu);
    }
}

static void instant(Chrome *c, GString *out, const GdbxTraceKind *k,
                    const GdbxTraceEvent *ev, bool of_cpu)
{
    if (of_cpu || ev->pid <= 0) {
        put_cpu(c, out, ev->cpu);
        begin(out, "i", ev->time, CPUS_PID, CPUS_PID + ev->cpu + 1);
    } else {
        begin(out, "i", ev->time, ev->pid, ev->tid);
    }
    g_string_append(out, ",\"s\":\"t\"");
    put_name(out, ev->text, k->name);
    put_args(out, k, ev);
}

/* A call that has not returned when the next begins never will. */
static void syscall_event(Chrome *c, GString *out, const GdbxTraceKind *k,
                          const GdbxTraceEvent *ev, bool entry)
{
    gpointer key = GINT_TO_POINTER((int)ev->tid);
    bool inside = g_hash_table_contains(c->calling, key);

    if (inside && entry) {
        begin(out, "E", ev->time, ev->pid, ev->tid);
        g_string_append_c(out, '}');
    }
    if (entry) {
        g_hash_table_add(c->calling, key);
        begin(out, "B", ev->time, ev->pid, ev->tid);
        put_name(out, ev->text, k->name);
        put_args(out, k, ev);
    } else if (inside) {
        g_hash_table_remove(c->calling, key);
        begin(out, "E", ev->time, ev->pid, ev->tid);
        put_args(out, k, ev);
    } else {
        instant(c, out, k, ev, false);
    }
}

/* The last name between quotes: [switch] from 1 "init" to 2 "sh" */
static void put_task(GString *out, const char *text)
{
    const char *name = g_strrstr(text, "\" to ");

    name = name ? strchr(name + 1, '"') : NULL;
    g_string_append(out, ",\"name\":");
    if (name && name[1]) {
        put_text(out, name + 1, strlen(name + 1) - 1);
    } else {
        put_text(out, "task", 4);
    }
}

/* @to: the thread that the CPU of @ev runs from now on; 0: none. */
static void switch_event(Chrome *c, GString *out, const GdbxTraceKind *k,
                         const GdbxTraceEvent *ev, uint64_t to)
{
    gpointer key = GUINT_TO_POINTER(ev->cpu + 1);
    int64_t tid = CPUS_PID + ev->cpu + 1;

    put_cpu(c, out, ev->cpu);
    if (GPOINTER_TO_INT(g_hash_table_lookup(c->cpus, key)) == 2) {
        begin(out, "E", ev->time, CPUS_PID, tid);
        g_string_append_c(out, '}');
        g_hash_table_insert(c->cpus, key, GINT_TO_POINTER(1));
    }
    if (to) {
        g_hash_table_insert(c->cpus, key, GINT_TO_POINTER(2));
        begin(out, "B", ev->time, CPUS_PID, tid);
        put_task(out, ev->text);
        put_args(out, k, ev);
    }
}

static void chrome_event(void *f, GString *out, const GdbxTraceKind *k,
                         const GdbxTraceEvent *ev)
{
    Chrome *c = f;
    uint64_t value;

    if (!strcmp(k->name, "syscall") && ev->tid > 0 &&
        field(k, ev, "entry", &value)) {
        syscall_event(c, out, k, ev, value);
    } else if ((g_str_has_prefix(ev->text, "switch from ") ||
                g_str_has_prefix(ev->text, "from ")) &&
               field(k, ev, "to_tid", &value)) {
        switch_event(c, out, k, ev, value);
    } else {
        instant(c, out, k, ev, !strcmp(k->name, "interrupt"));
    }
}

static void put_label(GString *out, const char *what, int64_t pid, int64_t tid,
                      const char *name)
{
    g_string_append_printf(out, ",\n{\"ph\":\"M\",\"pid\":%" PRId64 ",\"tid\":%"
                           PRId64 ",\"name\":\"%s\",\"args\":{\"name\":",
                           pid, tid, what);
    put_text(out, name, strlen(name));
    g_string_append(out, "}}");
}

static void chrome_task(void *f, GString *out, int64_t pid, int64_t tid,
                        const char *name)
{
    put_label(out, "thread_name", pid, tid, name);
    if (pid == tid) {
        put_label(out, "process_name", pid, tid, name);
    }
}

static void close_chrome(void *f, GString *out, const GdbxTraceEnd *end)
{
    Chrome *c = f;

    g_string_append_printf(out, ",\n{\"ph\":\"M\",\"pid\":%d,\"name\":"
                           "\"process_labels\",\"args\":{\"labels\":\"%"
                           PRIu64 " events, %" PRIu64 " missing\"}}\n]\n",
                           CPUS_PID, end->events, end->lost);
    g_hash_table_unref(c->calling);
    g_hash_table_unref(c->cpus);
    g_free(c);
}

const GdbxTraceFormat gdbx_trace_chrome = {
    .name = "chrome", .suffix = ".json",
    .doc = "opens in ui.perfetto.dev and chrome://tracing",
    .magic = "[\n{\"name\":\"process_name\",", .reads_text = true,
    .open = open_chrome, .kind = chrome_kind, .event = chrome_event,
    .task = chrome_task, .close = close_chrome,
};
