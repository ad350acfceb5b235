/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words behind `monitor gdbx NOUN': see args.h. */
#include <string.h>
#include <glib.h>

#include "args.h"

static const char blanks[] = " \t\r\n";

/* The next word's place and length; *args moves behind it. */
static const char *next(const char **args, size_t *len)
{
    const char *p = *args + strspn(*args, blanks);

    *len = strcspn(p, blanks);
    if (*len) {
        *args = p + *len;
    }
    return p;
}

bool gdbx_next_word(const char **args, GdbxWord word)
{
    size_t len;
    const char *p = next(args, &len);

    if (!len) {
        return false;
    }
    len = MIN(len, GDBX_WORD_MAX - 1);
    memcpy(word, p, len);
    word[len] = '\0';
    return true;
}

bool gdbx_next_path(const char **args, char *path, size_t size)
{
    const char *before = *args;
    size_t len;
    const char *p = next(args, &len);

    if (!len || len >= size) {
        *args = before;
        return false;
    }
    memcpy(path, p, len);
    path[len] = '\0';
    return true;
}

bool gdbx_word_number(const char *word, uint64_t *value)
{
    bool hex = g_ascii_strncasecmp(word, "0x", 2) == 0;
    const char *p = hex ? word + 2 : word;
    unsigned base = hex ? 16 : 10;
    uint64_t v = 0;

    if (!*p) {
        return false;
    }
    for (; *p; p++) {
        int digit = g_ascii_xdigit_value(*p);

        if (digit < 0 || (unsigned)digit >= base ||
            v > (UINT64_MAX - digit) / base) {
            return false;
        }
        v = v * base + digit;
    }
    *value = v;
    return true;
}
