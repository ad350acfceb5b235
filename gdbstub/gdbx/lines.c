/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for a reader who may be slow: see lines.h. */
#include <string.h>
#include <glib.h>

#include "lines.h"

#define MARK_MAX 64     /* the sentence with the longest number */

void gdbx_lines_init(GdbxLines *l, size_t size)
{
    g_assert(size >= 4 * MARK_MAX);
    *l = (GdbxLines) { .ring = g_malloc(size), .size = size };
}

void gdbx_lines_deinit(GdbxLines *l)
{
    g_free(l->ring);
    *l = (GdbxLines) { 0 };
}

void gdbx_lines_clear(GdbxLines *l)
{
    *l = (GdbxLines) { .ring = l->ring, .size = l->size };
}

static void append(GdbxLines *l, const char *text, size_t len)
{
    size_t tail = (l->head + l->used) % l->size;
    size_t first = MIN(len, l->size - tail);

    if (!len) {
        return;
    }
    memcpy(l->ring + tail, text, first);
    memcpy(l->ring, text + first, len - first);
    l->used += len;
}

/* Byte in front of what would be appended now. */
static char last_byte(const GdbxLines *l)
{
    return l->used ? l->ring[(l->head + l->used - 1) % l->size] : l->last;
}

static uint64_t count(const char *text, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++) {
        n += text[i] == '\n';
    }
    return MAX(n, 1);
}

static void mark(GdbxLines *l)
{
    char text[MARK_MAX];
    char before = last_byte(l);
    size_t len;

    g_snprintf(text, sizeof(text), "%sgdbx: %" G_GUINT64_FORMAT " line%s "
               "dropped\n", before && before != '\n' ? "\n" : "",
               (guint64)l->dropped, l->dropped == 1 ? "" : "s");
    len = strlen(text);
    append(l, text, len);
    l->dropped = 0;
}

void gdbx_lines_put(GdbxLines *l, const char *text, size_t len)
{
    if (!len) {
        return;
    }
    if (l->dropped && l->used <= l->size / 2 &&
        len <= l->size - l->used - MARK_MAX) {
        mark(l);
    }
    if (l->dropped || len > l->size - l->used) {
        l->dropped += count(text, len);
        return;
    }
    append(l, text, len);
}

bool gdbx_lines_any(const GdbxLines *l)
{
    return l->used || l->dropped;
}

/* Length without the beginning of a line, unless that is all. */
static size_t whole_lines(const char *buf, size_t len)
{
    size_t n = len;

    while (n && buf[n - 1] != '\n') {
        n--;
    }
    return n ? n : len;
}

size_t gdbx_lines_take(GdbxLines *l, char *buf, size_t max)
{
    size_t len, first;

    if (!l->used && l->dropped) {
        mark(l);
    }
    len = MIN(max, l->used);
    first = MIN(len, l->size - l->head);
    if (!len) {
        return 0;
    }
    memcpy(buf, l->ring + l->head, first);
    memcpy(buf + first, l->ring, len - first);
    if (len < l->used) {
        len = whole_lines(buf, len);
    }
    l->head = (l->head + len) % l->size;
    l->used -= len;
    l->last = buf[len - 1];
    return len;
}

void gdbx_lines_drop(GdbxLines *l)
{
    size_t first = MIN(l->used, l->size - l->head);
    uint64_t n = 0;

    if (!l->used) {
        return;
    }
    for (size_t i = 0; i < l->used; i++) {
        n += l->ring[i < first ? l->head + i : i - first] == '\n';
    }
    l->dropped += n + (last_byte(l) != '\n');
    l->used = 0;
}
