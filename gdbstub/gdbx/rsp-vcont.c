/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vCont: actions behind ';', each with an optional ":thread-id".
 *
 *   c   C<sig>   s   S<sig>   t   r<start>,<end>
 *
 * C and S become c and s with a signal: whoever resumes asks first what to do
 * and only then what to deliver.
 */
#include "rsp.h"

/* "c", "s", "t" take no operand. */
static bool parse_kind(const char **p, GdbxAction *a)
{
    char letter = *(*p)++;
    uint64_t sig;

    a->kind = g_ascii_tolower(letter);
    switch (letter) {
    case 'c':
    case 's':
    case 't':
        return true;
    case 'C':
    case 'S':
        if (!gdbx_parse_hex(p, &sig) || sig > 255) {
            return false;
        }
        a->sig = sig;
        return true;
    case 'r':
        return gdbx_parse_hex(p, &a->start) && *(*p)++ == ',' &&
               gdbx_parse_hex(p, &a->end);
    default:
        return false;
    }
}

static bool parse_action(const char **p, GdbxAction *a)
{
    if (*(*p)++ != ';' || !parse_kind(p, a)) {
        return false;
    }
    if (**p == ':') {
        ++*p;
        a->has_tid = true;
        if (!gdbx_parse_tid(p, &a->tid)) {
            return false;
        }
    }
    return !**p || **p == ';';
}

GArray *gdbx_parse_vcont(const char *args, char **reason)
{
    g_autoptr(GArray) actions = g_array_new(FALSE, TRUE, sizeof(GdbxAction));
    const char *why = "malformed vCont action";
    bool good;

    do {
        GdbxAction a = { 0 };

        good = parse_action(&args, &a);
        if (good && actions->len >= GDBX_RSP_MAX_ACTIONS) {
            why = "too many vCont actions";
            good = false;
        }
        g_array_append_val(actions, a);
    } while (good && *args);

    if (!good) {
        if (reason) {
            *reason = g_strdup(why);
        }
        return NULL;
    }
    return g_steal_pointer(&actions);
}
