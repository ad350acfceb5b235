/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent expressions for people: the layout of gdb's "maint agent-eval", so
 * that what the stub received can be compared with what gdb says it sent.
 */
#include "ax-internal.h"

static void append_insn(const GdbxAx *ax, const GdbxAxInsn *in, GString *out)
{
    const uint8_t *p = ax->code + in->offset;
    const GdbxAxOp *op = &gdbx_ax_ops[*p];

    g_string_append_printf(out, "%3u  %s", in->offset, op->name);
    if (*p == AX_PRINTF) {
        g_string_append_printf(out, " \"%s\", %u args",
                               (const char *)p + 4, p[1]);
    } else if (op->operand) {
        g_string_append_printf(out, " %" G_GUINT64_FORMAT,
                               gdbx_ax_operand(p + 1, op->operand));
    }
    g_string_append_c(out, '\n');
}

void gdbx_ax_disassemble(const GdbxAx *ax, GString *out)
{
    for (unsigned i = 0; i < ax->insns->len; i++) {
        append_insn(ax, &g_array_index(ax->insns, GdbxAxInsn, i), out);
    }
}

const char *gdbx_ax_status_text(GdbxAxStatus status)
{
    static const char *const text[] = {
        [GDBX_AX_OK] = "no error",
        [GDBX_AX_BAD_MEMORY] = "memory cannot be read",
        [GDBX_AX_BAD_REGISTER] = "no such register",
        [GDBX_AX_DIV_ZERO] = "division by zero",
        [GDBX_AX_TOO_LONG] = "the expression loops too long",
        [GDBX_AX_NO_VARIABLE] = "no such trace state variable",
    };

    return (unsigned)status < G_N_ELEMENTS(text) ? text[status] : "unknown";
}
