/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as binary records, version 1. All numbers are little-endian; records
 * begin at multiples of 8.
 *
 *   file    "GDBXTRC1", then records
 *   record  u32 size of all of it, u8 type, u8 kind, u16 cpu, then by type:
 *   1 kind  u32 mask of the fields that are shown in decimal, u32 number of
 *           fields, name of the kind, names of the fields; each ends with NUL
 *   2 event u64 number, i64 ns, u64 instruction, u64 pc, i32 pid, i32 tid,
 *           u64 events of this CPU that are missing in front of it,
 *           u32 mask of the fields that follow, u16 bytes of text, u8 executed,
 *           u8 0, u64 for each field, text
 *   3 end   u64 events, u64 missing
 *
 * A reader skips types that it does not know. A file without an end was cut.
 */
#include <string.h>
#include "gdbstub/gdbx/trace-format.h"

enum { KIND = 1, EVENT = 2, END = 3 };

static void put(GString *out, uint64_t value, unsigned bytes)
{
    uint64_t little = GUINT64_TO_LE(value);

    g_string_append_len(out, (const char *)&little, bytes);
}

/* Returns where the record begins: finish() fills in its size. */
static size_t begin(GString *out, int type, unsigned kind, unsigned cpu)
{
    size_t start = out->len;

    put(out, 0, 4);
    put(out, type, 1);
    put(out, kind, 1);
    put(out, cpu, 2);
    return start;
}

/*
 * What is in the buffer may begin anywhere in the file, but a record has a
 * size that keeps the next one aligned.
 */
static void finish(GString *out, size_t start)
{
    uint32_t size;

    put(out, 0, -(out->len - start) & 7);
    size = GUINT32_TO_LE(out->len - start);
    memcpy(out->str + start, &size, 4);
}

static void *open_binary(GString *out)
{
    g_string_append(out, gdbx_trace_binary.magic);
    return NULL;
}

static void binary_kind(void *f, GString *out, const GdbxTraceKind *k,
                        unsigned index)
{
    size_t start = begin(out, KIND, index, 0);
    uint32_t decimal = 0;

    for (unsigned i = 0; i < k->n; i++) {
        decimal |= (uint32_t)k->decimal[i] << i;
    }
    put(out, decimal, 4);
    put(out, k->n, 4);
    g_string_append_len(out, k->name, strlen(k->name) + 1);
    for (unsigned i = 0; i < k->n; i++) {
        g_string_append_len(out, k->field[i], strlen(k->field[i]) + 1);
    }
    finish(out, start);
}

static void binary_event(void *f, GString *out, const GdbxTraceKind *k,
                         const GdbxTraceEvent *ev)
{
    size_t start = begin(out, EVENT, ev->kind, ev->cpu), len = strlen(ev->text);

    put(out, ev->seq, 8);
    put(out, ev->time, 8);
    put(out, ev->icount, 8);
    put(out, ev->pc, 8);
    put(out, ev->pid, 4);
    put(out, ev->tid, 4);
    put(out, ev->lost, 8);
    put(out, ev->known, 4);
    put(out, len, 2);
    put(out, ev->behind, 1);
    put(out, 0, 1);
    for (unsigned i = 0; i < GDBX_TRACE_FIELDS; i++) {
        if (ev->known >> i & 1) {
            put(out, ev->field[i], 8);
        }
    }
    g_string_append_len(out, ev->text, len);
    finish(out, start);
}

static void close_binary(void *f, GString *out, const GdbxTraceEnd *end)
{
    size_t start = begin(out, END, 0, 0);

    put(out, end->events, 8);
    put(out, end->lost, 8);
    finish(out, start);
}

const GdbxTraceFormat gdbx_trace_binary = {
    .name = "binary", .suffix = ".gdbx", .doc = "records, see trace-binary.c",
    .magic = "GDBXTRC1", .reads_text = false,
    .open = open_binary, .kind = binary_kind, .event = binary_event,
    .close = close_binary,
};
