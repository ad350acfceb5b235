/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See trace-format.h: which formats there are; numbers; lines of text. */
#include <inttypes.h>
#include <string.h>
#include "gdbstub/gdbx/trace-format.h"

static const GdbxTraceFormat *const formats[] = {
    &gdbx_trace_text, &gdbx_trace_binary, &gdbx_trace_chrome,
};

const GdbxTraceFormat *gdbx_trace_format(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (!strcmp(name, formats[i]->name)) {
            return formats[i];
        }
    }
    return NULL;
}

const GdbxTraceFormat *gdbx_trace_format_of(const char *path)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i]->suffix && g_str_has_suffix(path, formats[i]->suffix)) {
            return formats[i];
        }
    }
    return &gdbx_trace_text;
}

bool gdbx_trace_is_one(const char *data, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        size_t n = strlen(formats[i]->magic);

        if (len >= n && !memcmp(data, formats[i]->magic, n)) {
            return true;
        }
    }
    return false;
}

void gdbx_trace_put_decimal(GString *out, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = '0' + value % 10;
        value /= 10;
    } while (value);
    g_string_append_len(out, digits + at, sizeof(digits) - at);
}

void gdbx_trace_put_signed(GString *out, int64_t value)
{
    if (value < 0) {
        g_string_append_c(out, '-');
    }
    gdbx_trace_put_decimal(out, value < 0 ? -(uint64_t)value : value);
}

void gdbx_trace_put_hex(GString *out, uint64_t value)
{
    char digits[18];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value);
    digits[--at] = 'x';
    digits[--at] = '0';
    g_string_append_len(out, digits + at, sizeof(digits) - at);
}

/*
 * Lines of text:
 *
 *   SEQ TIME ICOUNT cpuN PID/TID KIND pc=0x... FIELD=VALUE... | TEXT
 *
 * TIME in ns of the virtual clock; ICOUNT `-' where instructions are not
 * counted. Lines that begin with # are about the trace.
 */
static void *open_text(GString *out)
{
    g_string_append(out, gdbx_trace_text.magic);
    g_string_append(out, ": number, ns, instruction, CPU, process/thread, "
                    "kind, values | text\n");
    return NULL;
}

static void text_kind(void *f, GString *out, const GdbxTraceKind *k,
                      unsigned index)
{
}

/* What the guest wrote stays on its line. */
static void put_line(GString *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            g_string_append_printf(out, "\\x%02x", *p);
        } else {
            g_string_append_c(out, *p);
        }
    }
}

static void put_values(GString *out, const GdbxTraceKind *k,
                       const GdbxTraceEvent *ev)
{
    for (unsigned i = 0; i < k->n; i++) {
        if (!(ev->known >> i & 1)) {
            continue;
        }
        g_string_append_c(out, ' ');
        g_string_append(out, k->field[i]);
        g_string_append_c(out, '=');
        if (k->decimal[i]) {
            gdbx_trace_put_signed(out, ev->field[i]);
        } else {
            gdbx_trace_put_hex(out, ev->field[i]);
        }
    }
}

static void text_event(void *f, GString *out, const GdbxTraceKind *k,
                       const GdbxTraceEvent *ev)
{
    if (ev->lost) {
        g_string_append_printf(out, "# %" PRIu64 " events of CPU %u are "
                               "missing here\n", ev->lost, ev->cpu);
    }
    gdbx_trace_put_decimal(out, ev->seq);
    g_string_append_c(out, ' ');
    gdbx_trace_put_signed(out, ev->time);
    g_string_append_c(out, ' ');
    if (ev->icount) {
        gdbx_trace_put_decimal(out, ev->icount);
    } else {
        g_string_append_c(out, '-');
    }
    g_string_append(out, " cpu");
    gdbx_trace_put_decimal(out, ev->cpu);
    g_string_append_c(out, ' ');
    gdbx_trace_put_signed(out, ev->pid);
    g_string_append_c(out, '/');
    gdbx_trace_put_signed(out, ev->tid);
    g_string_append_c(out, ' ');
    g_string_append(out, k->name);
    g_string_append(out, " pc=");
    gdbx_trace_put_hex(out, ev->pc);
    put_values(out, k, ev);
    if (ev->text[0]) {
        g_string_append(out, " | ");
        put_line(out, ev->text);
    }
    g_string_append_c(out, '\n');
}

static void close_text(void *f, GString *out, const GdbxTraceEnd *end)
{
    g_string_append_printf(out, "# end: %" PRIu64 " events, %" PRIu64
                           " missing\n", end->events, end->lost);
}

const GdbxTraceFormat gdbx_trace_text = {
    .name = "text", .suffix = NULL, .doc = "a line for each event",
    .magic = "# gdbx trace", .reads_text = true,
    .open = open_text, .kind = text_kind, .event = text_event,
    .close = close_text,
};
