/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMCOREINFO as text; see vmcoreinfo.h. */
#include <glib.h>
#include <string.h>
#include "vmcoreinfo.h"

#define NAME_MAX_LEN 128

size_t osi_vmcoreinfo_length(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && (text[n] == '\n' || g_ascii_isprint(text[n]))) {
        n++;
    }
    return n;
}

/* The line that starts at *@at, without its end; moves *@at behind it. */
static bool next_line(const char *text, size_t len, size_t *at,
                      const char **line, size_t *n)
{
    const char *end;

    if (*at >= len) {
        return false;
    }
    *line = text + *at;
    end = memchr(*line, '\n', len - *at);
    *n = end ? (size_t)(end - *line) : len - *at;
    *at += *n + 1;
    return true;
}

bool osi_vmcoreinfo_string(const char *text, size_t len, const char *key,
                           char *value, size_t max)
{
    size_t at = 0, n, k = strlen(key);
    const char *line;

    while (next_line(text, len, &at, &line, &n)) {
        if (n > k && line[k] == '=' && !strncmp(line, key, k)) {
            g_snprintf(value, max, "%.*s", (int)MIN(n - k - 1, max),
                       line + k + 1);
            return true;
        }
    }
    return false;
}

static bool whole(const char *value, const char *end)
{
    return end != value && !*end;
}

bool osi_vmcoreinfo_hex(const char *text, size_t len, const char *key,
                        uint64_t *value)
{
    char s[32], *end;
    uint64_t v;

    if (!osi_vmcoreinfo_string(text, len, key, s, sizeof(s))) {
        return false;
    }
    v = g_ascii_strtoull(s, &end, 16);
    if (!whole(s, end)) {
        return false;
    }
    *value = v;
    return true;
}

bool osi_vmcoreinfo_number(const char *text, size_t len, const char *key,
                           int64_t *value)
{
    char s[32], *end;
    int64_t v;

    if (!osi_vmcoreinfo_string(text, len, key, s, sizeof(s))) {
        return false;
    }
    v = g_ascii_strtoll(s, &end, 10);
    if (!whole(s, end)) {
        return false;
    }
    *value = v;
    return true;
}

void osi_vmcoreinfo_symbols(const char *text, size_t len, OsiVmcoreinfoFn fn,
                            void *opaque)
{
    static const char kind[] = "SYMBOL(";
    size_t at = 0, n;
    const char *line;

    while (next_line(text, len, &at, &line, &n)) {
        const char *name = line + sizeof(kind) - 1;
        const char *close = n ? memchr(line, ')', n) : NULL;
        char key[NAME_MAX_LEN + sizeof(kind) + 1], only[NAME_MAX_LEN + 1];
        uint64_t v;

        if (n < sizeof(kind) || strncmp(line, kind, sizeof(kind) - 1) ||
            !close || close - name > NAME_MAX_LEN) {
            continue;
        }
        g_snprintf(only, sizeof(only), "%.*s", (int)(close - name), name);
        g_snprintf(key, sizeof(key), "%s%s)", kind, only);
        if (osi_vmcoreinfo_hex(line, n, key, &v) && !fn(opaque, only, v)) {
            return;
        }
    }
}
