/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text on its way to a reader who may be slower than its writers: a buffer of
 * fixed size. What does not fit is dropped, whole texts only, and counted in
 * lines; the count stands in the text where they are missing:
 *
 *   gdbx: 1234 lines dropped
 *
 * Once it is full the buffer takes nothing until half of it has been read, so
 * that the gaps are few and long.
 *
 * Pure: GLib and libc only. No lock.
 */
#ifndef GDBX_LINES_H
#define GDBX_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct GdbxLines {
    char *ring;
    size_t size;
    size_t head, used;      /* bytes */
    uint64_t dropped;       /* lines missing behind what is in the ring */
    char last;              /* byte in front of what comes next; 0: none */
} GdbxLines;

/* @size: bytes, at least 256. */
void gdbx_lines_init(GdbxLines *l, size_t size);
void gdbx_lines_deinit(GdbxLines *l);

void gdbx_lines_put(GdbxLines *l, const char *text, size_t len);
/* Is there anything to take? */
bool gdbx_lines_any(const GdbxLines *l);
/*
 * Moves at most @max (>= 64) bytes to @buf, whole lines where that is possible;
 * 0: there is nothing.
 */
size_t gdbx_lines_take(GdbxLines *l, char *buf, size_t max);
/* Drops all that waits; the next take tells how much. */
void gdbx_lines_drop(GdbxLines *l);
/* Forgets everything, as after gdbx_lines_init(). */
void gdbx_lines_clear(GdbxLines *l);

#endif
