/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet pieces: numbers, thread ids, binary replies, XML. */
#include <string.h>

#include "rsp.h"

static const char hexdigits[] = "0123456789abcdef";

bool gdbx_parse_hex(const char **p, uint64_t *v)
{
    const char *s = *p;
    uint64_t value = 0;

    if (!g_ascii_isxdigit(*s)) {
        return false;
    }
    for (; g_ascii_isxdigit(*s); s++) {
        if (value >> 60) {
            return false;
        }
        value = value << 4 | (unsigned)g_ascii_xdigit_value(*s);
    }
    *p = s;
    *v = value;
    return true;
}

void gdbx_append_hex(GString *out, const void *data, size_t size)
{
    const uint8_t *p = data;
    size_t at = out->len;

    /* Registers and memory pass here: fill in place, not byte by byte. */
    g_string_set_size(out, at + 2 * size);
    for (; size--; p++) {
        out->str[at++] = hexdigits[*p >> 4];
        out->str[at++] = hexdigits[*p & 15];
    }
}

bool gdbx_unhex(const char *hex, size_t nbytes, GByteArray *out)
{
    guint at = out->len;

    /* Look before making room: NBYTES is the client's word, HEX the truth. */
    for (size_t i = 0; i < nbytes; i++) {
        if (!g_ascii_isxdigit(hex[2 * i]) ||
            !g_ascii_isxdigit(hex[2 * i + 1])) {
            return false;
        }
    }
    if (nbytes > G_MAXINT32 - at) {
        return false;
    }
    g_byte_array_set_size(out, at + nbytes);
    for (size_t i = 0; i < nbytes; i++) {
        out->data[at + i] = g_ascii_xdigit_value(hex[2 * i]) << 4 |
                            g_ascii_xdigit_value(hex[2 * i + 1]);
    }
    return true;
}

/* "-1" or a number that int64_t holds. */
static bool parse_id(const char **p, int64_t *id)
{
    const char *s = *p;
    uint64_t v;

    if (s[0] == '-') {
        /* "-1f" is no id; "-1" may be followed by ';', ',' or the end. */
        if (s[1] != '1' || g_ascii_isxdigit(s[2])) {
            return false;
        }
        *id = -1;
        *p = s + 2;
        return true;
    }
    if (!gdbx_parse_hex(&s, &v) || v > INT64_MAX) {
        return false;
    }
    *id = v;
    *p = s;
    return true;
}

bool gdbx_parse_tid(const char **p, GdbxTid *out)
{
    const char *s = *p;
    GdbxTid id = { 0, -1 };

    if (*s == 'p') {
        s++;
        if (!parse_id(&s, &id.pid)) {
            return false;
        }
        if (*s == '.') {
            s++;
            if (!parse_id(&s, &id.tid)) {
                return false;
            }
        }
        if (id.pid == -1 && id.tid != -1) {
            return false;
        }
    } else {
        if (!parse_id(&s, &id.tid)) {
            return false;
        }
        id.pid = id.tid == -1 ? -1 : 0;
    }
    *p = s;
    *out = id;
    return true;
}

static void append_id(GString *out, int64_t id)
{
    if (id == -1) {
        g_string_append(out, "-1");
    } else {
        g_string_append_printf(out, "%" G_GINT64_MODIFIER "x", (uint64_t)id);
    }
}

void gdbx_append_tid(GString *out, int64_t pid, int64_t tid)
{
    g_string_append_c(out, 'p');
    append_id(out, pid);
    g_string_append_c(out, '.');
    append_id(out, tid);
}

static bool needs_escape(uint8_t c)
{
    return c == '}' || c == '#' || c == '$' || c == '*';
}

static void append_escaped_byte(GString *out, uint8_t c)
{
    if (needs_escape(c)) {
        g_string_append_c(out, '}');
        c ^= 0x20;
    }
    g_string_append_c(out, (char)c);
}

void gdbx_append_escaped(GString *out, const void *data, size_t size)
{
    const uint8_t *p = data;

    while (size--) {
        append_escaped_byte(out, *p++);
    }
}

bool gdbx_parse_xfer(const char *args, char **annex,
                     uint64_t *offset, uint64_t *length)
{
    const char *colon = strrchr(args, ':');
    const char *p;
    uint64_t o, l;

    if (!colon) {
        return false;
    }
    p = colon + 1;
    if (!gdbx_parse_hex(&p, &o) || *p++ != ',' ||
        !gdbx_parse_hex(&p, &l) || *p) {
        return false;
    }
    *annex = g_strndup(args, colon - args);
    *offset = o;
    *length = l;
    return true;
}

bool gdbx_xfer_reply(GString *out, const void *object, size_t size,
                     uint64_t offset, uint64_t length, size_t max)
{
    const uint8_t *p = object;
    size_t begin = out->len;
    size_t end, i;

    if (offset > size) {
        return false;
    }
    end = offset + MIN(length, size - offset);
    g_string_append_c(out, 'm');
    for (i = offset; i < end; i++) {
        size_t used = out->len - begin;

        if (used + 1 + needs_escape(p[i]) > max) {
            break;
        }
        append_escaped_byte(out, p[i]);
    }
    if (i == size) {
        out->str[begin] = 'l';
    }
    return true;
}

/* XML 1.0 "Char", and no control characters: terminals obey those. */
static bool xml_can_hold(gunichar c)
{
    return c >= 0x20 && !(c >= 0x7f && c <= 0x9f) && (c & 0xfffe) != 0xfffe;
}

static const char *xml_entity(gunichar c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    default:
        return NULL;
    }
}

void gdbx_append_xml(GString *out, const char *text)
{
    while (*text) {
        gunichar c = g_utf8_get_char_validated(text, -1);

        if ((gint32)c < 0) {
            /* One byte of an invalid or cut sequence. */
            g_string_append_c(out, '?');
            text++;
            continue;
        }
        if (!xml_can_hold(c)) {
            g_string_append_c(out, '?');
        } else if (xml_entity(c)) {
            g_string_append(out, xml_entity(c));
        } else {
            g_string_append_unichar(out, c);
        }
        text = g_utf8_next_char(text);
    }
}
