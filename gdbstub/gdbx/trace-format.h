/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a trace looks in its file. A format appends to a buffer; who has the file
 * writes the buffer out.
 *
 * Pure: GLib and libc only.
 */
#ifndef GDBX_TRACE_FORMAT_H
#define GDBX_TRACE_FORMAT_H

#include <glib.h>
#include "gdbstub/gdbx/trace-ring.h"

/* A kind of event, as its type says. Strings live as long as the trace. */
typedef struct GdbxTraceKind {
    const char *name;
    unsigned n;                             /* of fields */
    const char *field[GDBX_TRACE_FIELDS];
    bool decimal[GDBX_TRACE_FIELDS];
} GdbxTraceKind;

/* Told at the end. */
typedef struct GdbxTraceEnd {
    uint64_t events, lost;
} GdbxTraceEnd;

typedef struct GdbxTraceFormat {
    const char *name;       /* of the option "as NAME" */
    const char *suffix;     /* of a file of it; NULL: what has no other */
    const char *doc;
    /* The first bytes of each such file. */
    const char *magic;
    bool reads_text;        /* events shall have a text */
    void *(*open)(GString *out);
    /* In front of the first event of it. @index: GdbxTraceEvent.kind */
    void (*kind)(void *f, GString *out, const GdbxTraceKind *k, unsigned index);
    void (*event)(void *f, GString *out, const GdbxTraceKind *k,
                  const GdbxTraceEvent *ev);
    /* @name: of the process, or its thread; once for each. May be NULL. */
    void (*task)(void *f, GString *out, int64_t pid, int64_t tid,
                 const char *name);
    /* Frees @f. */
    void (*close)(void *f, GString *out, const GdbxTraceEnd *end);
} GdbxTraceFormat;

extern const GdbxTraceFormat gdbx_trace_text, gdbx_trace_binary,
                             gdbx_trace_chrome;

/* By the name of the format, or of a file (NULL: none has this name). */
const GdbxTraceFormat *gdbx_trace_format(const char *name);
const GdbxTraceFormat *gdbx_trace_format_of(const char *path);
/* Do these first bytes of a file say that it is a trace? */
bool gdbx_trace_is_one(const char *data, size_t len);

/* printf takes half of the time of a trace. */
void gdbx_trace_put_decimal(GString *out, uint64_t value);
void gdbx_trace_put_signed(GString *out, int64_t value);
void gdbx_trace_put_hex(GString *out, uint64_t value);      /* with 0x */

#endif
