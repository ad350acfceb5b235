/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Z packets with what the client hangs on them:
 *
 *   TYPE,ADDR,KIND [;X<len>,<hex> ...] [;cmds:<persist>,X<len>,<hex> ...]
 *
 * gdb writes the expressions of a list one behind the other with nothing
 * between: "X4,2201...X9,2600...".  A second ";X" is accepted as well.
 */
#include <string.h>

#include "rsp.h"

static bool G_GNUC_PRINTF(2, 3) refuse(char **reason, const char *fmt, ...)
{
    va_list ap;

    if (reason) {
        va_start(ap, fmt);
        *reason = g_strdup_vprintf(fmt, ap);
        va_end(ap);
    }
    return false;
}

/* "X<len>,<hex>" */
static bool parse_expr(const char **p, GPtrArray *list, const char *what,
                       char **reason)
{
    const char *s = *p;
    g_autoptr(GByteArray) code = g_byte_array_new();
    g_autofree char *why = NULL;
    uint64_t len;
    GdbxAx *ax;

    if (*s++ != 'X' || !gdbx_parse_hex(&s, &len) || *s++ != ',') {
        return refuse(reason, "malformed %s", what);
    }
    if (len > GDBX_AX_MAX_CODE || !gdbx_unhex(s, len, code)) {
        return refuse(reason, "%s is not as long as it says", what);
    }
    if (list->len >= GDBX_RSP_MAX_EXPRS) {
        return refuse(reason, "more than %d expressions at one address",
                      GDBX_RSP_MAX_EXPRS);
    }
    ax = gdbx_ax_new(code->data, code->len, &why);
    if (!ax) {
        return refuse(reason, "%s: %s", what, why);
    }
    g_ptr_array_add(list, ax);
    *p = s + 2 * len;
    return true;
}

static bool parse_exprs(const char **p, GPtrArray *list, const char *what,
                        char **reason)
{
    do {
        if (!parse_expr(p, list, what, reason)) {
            return false;
        }
    } while (**p == 'X');
    return true;
}

/* Behind "cmds:" */
static bool parse_commands(const char **p, GdbxZ *z, char **reason)
{
    uint64_t persist;

    if (!gdbx_parse_hex(p, &persist) || *(*p)++ != ',') {
        return refuse(reason, "malformed command list");
    }
    z->persist = persist != 0;
    return parse_exprs(p, z->commands, "command", reason);
}

static bool parse_lists(const char *p, GdbxZ *z, char **reason)
{
    while (*p == ';') {
        p++;
        if (g_str_has_prefix(p, "cmds:")) {
            p += strlen("cmds:");
            if (!parse_commands(&p, z, reason)) {
                return false;
            }
        } else if (!parse_exprs(&p, z->conditions, "condition", reason)) {
            return false;
        }
    }
    return *p ? refuse(reason, "trailing text in the packet") : true;
}

static bool parse_place(const char **p, GdbxZ *z)
{
    uint64_t type;

    if (!gdbx_parse_hex(p, &type) || type > 4 || *(*p)++ != ',' ||
        !gdbx_parse_hex(p, &z->addr) || *(*p)++ != ',' ||
        !gdbx_parse_hex(p, &z->kind)) {
        return false;
    }
    z->type = type;
    return true;
}

bool gdbx_parse_z(const char *args, GdbxZ *out, char **reason)
{
    g_auto(GdbxZ) z = { 0 };

    z.conditions = g_ptr_array_new_with_free_func((GDestroyNotify)gdbx_ax_free);
    z.commands = g_ptr_array_new_with_free_func((GDestroyNotify)gdbx_ax_free);
    if (!parse_place(&args, &z)) {
        return refuse(reason, "malformed breakpoint packet");
    }
    if (!parse_lists(args, &z, reason)) {
        return false;
    }
    *out = z;
    memset(&z, 0, sizeof(z));
    return true;
}

void gdbx_z_clear(GdbxZ *z)
{
    g_clear_pointer(&z->conditions, g_ptr_array_unref);
    g_clear_pointer(&z->commands, g_ptr_array_unref);
    memset(z, 0, sizeof(*z));
}
