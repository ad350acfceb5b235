/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols out of a System.map: lines "ffffffff81000000 T _text", as nm(1)
 * prints them, of a kernel as it was linked. Where it was loaded is not known
 * here: osi_kallsyms_move().
 */
#include <string.h>
#include "kallsyms-table.h"

#define LINE_MAX_LEN (OSI_SYMBOL_NAME_MAX + 32)
#define SYMBOLS_MAX 4000000

static const char *hex(const char *p, const char *end, uint64_t *value)
{
    const char *from = p;

    for (*value = 0; p < end && g_ascii_isxdigit(*p); p++) {
        *value = *value << 4 | g_ascii_xdigit_value(*p);
    }
    return p - from > 0 && p - from <= 16 ? p : NULL;
}

/* One line without its newline. False when it is no symbol. */
static bool add_line(OsiKallsyms *ks, const char *p, const char *end)
{
    uint64_t value;
    const char *name;

    p = hex(p, end, &value);
    if (!p || end - p < 4 || p[0] != ' ' || !g_ascii_isgraph(p[1]) ||
        p[2] != ' ') {
        return false;
    }
    name = p + 3;
    if (end - name > OSI_SYMBOL_NAME_MAX || memchr(name, 0, end - name) ||
        ks->pool->len > OSI_SYMBOL_POOL_MAX) {
        return false;
    }
    ks->value[ks->n] = value;
    ks->name[ks->n++] = ks->pool->len;
    g_byte_array_append(ks->pool, (const uint8_t *)p + 1, 1);
    g_byte_array_append(ks->pool, (const uint8_t *)name, end - name);
    g_byte_array_append(ks->pool, (const uint8_t *)"", 1);
    return true;
}

static uint32_t count_lines(const char *text, size_t len)
{
    uint32_t n = 1;

    for (size_t i = 0; i < len && n < SYMBOLS_MAX; i++) {
        n += text[i] == '\n';
    }
    return n;
}

OsiKallsyms *osi_kallsyms_from_map(const char *text, size_t len, OsiError *err)
{
    uint32_t lines = count_lines(text, len);
    OsiKallsyms *ks = osi_kallsyms_new(lines);
    const char *p = text, *end = text + len;

    ks->layout = "a System.map";
    for (uint32_t line = 1; p < end && line <= lines; line++) {
        const char *nl = memchr(p, '\n', end - p), *stop = nl ? nl : end;

        if (stop > p && stop[-1] == '\r') {
            stop--;
        }
        if (stop > p && !add_line(ks, p, stop)) {
            osi_fail(err, OSI_ERR_BAD_DATA, 0,
                     "line %u is not \"address type name\": no System.map",
                     line);
            osi_kallsyms_free(ks);
            return NULL;
        }
        p = nl ? nl + 1 : end;
    }
    if (!ks->n) {
        osi_fail(err, OSI_ERR_BAD_DATA, 0, "a System.map without symbols");
        osi_kallsyms_free(ks);
        return NULL;
    }
    osi_kallsyms_index_names(ks);
    osi_kallsyms_index_values(ks);
    return ks;
}

/* What lies below is an offset (per-CPU variables) or a constant. */
void osi_kallsyms_move(OsiKallsyms *ks, uint64_t from, uint64_t by,
                       uint64_t mask)
{
    for (uint32_t i = 0; i < ks->n; i++) {
        if (ks->value[i] >= from) {
            ks->value[i] = (ks->value[i] + by) & mask;
        }
    }
    g_clear_pointer(&ks->order, g_free);
    osi_kallsyms_index_values(ks);
}
