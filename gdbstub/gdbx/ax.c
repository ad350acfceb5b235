/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent expressions: the verifier.
 *
 * Three passes, each linear in the code:  scan() splits the bytes into
 * instructions, resolve() turns jump offsets into indices, flow() walks every
 * path once and computes the depth of the stack at each instruction.  What
 * passes needs no check of stack, operands or jumps when it runs.
 *
 * Unreachable code must decode but its stack is not judged: it cannot run.
 */
#include <string.h>

#include "ax-internal.h"

const GdbxAxOp gdbx_ax_ops[AX_OP_COUNT] = {
    /* name, operand bytes, pops, pushes */
    [AX_ADD] = { "add", 0, 2, 1 },
    [AX_SUB] = { "sub", 0, 2, 1 },
    [AX_MUL] = { "mul", 0, 2, 1 },
    [AX_DIV_SIGNED] = { "div_signed", 0, 2, 1 },
    [AX_DIV_UNSIGNED] = { "div_unsigned", 0, 2, 1 },
    [AX_REM_SIGNED] = { "rem_signed", 0, 2, 1 },
    [AX_REM_UNSIGNED] = { "rem_unsigned", 0, 2, 1 },
    [AX_LSH] = { "lsh", 0, 2, 1 },
    [AX_RSH_SIGNED] = { "rsh_signed", 0, 2, 1 },
    [AX_RSH_UNSIGNED] = { "rsh_unsigned", 0, 2, 1 },
    [AX_TRACE] = { "trace", 0, 2, 0 },
    [AX_TRACE_QUICK] = { "trace_quick", 1, 1, 1 },
    [AX_LOG_NOT] = { "log_not", 0, 1, 1 },
    [AX_BIT_AND] = { "bit_and", 0, 2, 1 },
    [AX_BIT_OR] = { "bit_or", 0, 2, 1 },
    [AX_BIT_XOR] = { "bit_xor", 0, 2, 1 },
    [AX_BIT_NOT] = { "bit_not", 0, 1, 1 },
    [AX_EQUAL] = { "equal", 0, 2, 1 },
    [AX_LESS_SIGNED] = { "less_signed", 0, 2, 1 },
    [AX_LESS_UNSIGNED] = { "less_unsigned", 0, 2, 1 },
    [AX_EXT] = { "ext", 1, 1, 1 },
    [AX_REF8] = { "ref8", 0, 1, 1 },
    [AX_REF16] = { "ref16", 0, 1, 1 },
    [AX_REF32] = { "ref32", 0, 1, 1 },
    [AX_REF64] = { "ref64", 0, 1, 1 },
    [AX_IF_GOTO] = { "if_goto", 2, 1, 0 },
    [AX_GOTO] = { "goto", 2, 0, 0 },
    [AX_CONST8] = { "const8", 1, 0, 1 },
    [AX_CONST16] = { "const16", 2, 0, 1 },
    [AX_CONST32] = { "const32", 4, 0, 1 },
    [AX_CONST64] = { "const64", 8, 0, 1 },
    [AX_REG] = { "reg", 2, 0, 1 },
    [AX_END] = { "end", 0, 0, 0 },
    [AX_DUP] = { "dup", 0, 1, 2 },
    [AX_POP] = { "pop", 0, 1, 0 },
    [AX_ZERO_EXT] = { "zero_ext", 1, 1, 1 },
    [AX_SWAP] = { "swap", 0, 2, 2 },
    [AX_GETV] = { "getv", 2, 0, 1 },
    [AX_SETV] = { "setv", 2, 1, 1 },
    /*
     * gdb emits "getv 1; tracev 1; pop" for one value: tracev leaves the
     * stack alone, whatever the manual's picture says.
     */
    [AX_TRACEV] = { "tracev", 2, 0, 0 },
    [AX_TRACENZ] = { "tracenz", 0, 2, 0 },
    [AX_TRACE16] = { "trace16", 2, 1, 1 },
    [AX_PICK] = { "pick", 1, 0, 1 },    /* and see stack_need() */
    [AX_ROT] = { "rot", 0, 3, 3 },
    [AX_PRINTF] = { "printf", 3, 0, 0 },
};

/* The state of one verification. */
typedef struct Verify {
    GdbxAx *ax;
    uint32_t *index;    /* of the instruction that starts at an offset */
    char *why;          /* set once, by the first refusal */
} Verify;

#define NOWHERE UINT32_MAX

static bool G_GNUC_PRINTF(2, 3) refuse(Verify *v, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    v->why = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    return false;
}

static GdbxAxInsn *insn_at(const GdbxAx *ax, unsigned i)
{
    return &g_array_index(ax->insns, GdbxAxInsn, i);
}

/* printf: argument count, length of the format, the format with its NUL. */
static bool scan_printf(Verify *v, GdbxAxInsn *in, size_t *size)
{
    const uint8_t *p = v->ax->code + in->offset + 1;
    size_t room = v->ax->len - in->offset - *size;
    size_t len = gdbx_ax_operand(p + 1, 2);
    g_autofree char *why = NULL;
    GdbxAxFormat *format;

    if (!len || len > room || p[3 + len - 1] || memchr(p + 3, 0, len - 1)) {
        return refuse(v, "printf at %u: its format is not terminated",
                      in->offset);
    }
    format = gdbx_ax_format_new((const char *)p + 3, p[0], &why);
    if (!format) {
        return refuse(v, "printf at %u: %s", in->offset, why);
    }
    in->imm = v->ax->formats->len;
    g_ptr_array_add(v->ax->formats, format);
    *size += len;
    return true;
}

/* Bring the operand into the shape that evaluation wants. */
static bool scan_operand(Verify *v, GdbxAxInsn *in, size_t *size)
{
    const uint8_t *p = v->ax->code + in->offset + 1;

    in->imm = gdbx_ax_operand(p, gdbx_ax_ops[in->op].operand);
    switch (in->op) {
    case AX_EXT:
    case AX_ZERO_EXT:
        if (in->imm < 1 || in->imm > 64) {
            return refuse(v, "%s at %u: %u bits", gdbx_ax_ops[in->op].name,
                          in->offset, (unsigned)in->imm);
        }
        in->imm = 64 - in->imm;
        if (in->op == AX_ZERO_EXT) {
            in->imm = UINT64_MAX >> in->imm;
        }
        break;
    case AX_CONST8:
    case AX_CONST16:
    case AX_CONST32:
        in->op = AX_CONST64;
        break;
    case AX_IF_GOTO:
    case AX_GOTO:
        in->target = in->imm;
        break;
    case AX_PRINTF:
        return scan_printf(v, in, size);
    }
    return true;
}

static bool scan(Verify *v)
{
    const GdbxAx *ax = v->ax;
    size_t at, size;

    for (at = 0; at < ax->len; at += size) {
        GdbxAxInsn in = { .op = ax->code[at], .offset = at };

        if (in.op >= AX_OP_COUNT || !gdbx_ax_ops[in.op].name) {
            return refuse(v, "opcode 0x%02x at %zu is not supported",
                          in.op, at);
        }
        size = 1 + gdbx_ax_ops[in.op].operand;
        if (size > ax->len - at) {
            return refuse(v, "%s at %zu: operand is cut off",
                          gdbx_ax_ops[in.op].name, at);
        }
        v->index[at] = ax->insns->len;
        if (!scan_operand(v, &in, &size)) {
            return false;
        }
        g_array_append_val(ax->insns, in);
    }
    return true;
}

static bool is_jump(const GdbxAxInsn *in)
{
    return in->op == AX_GOTO || in->op == AX_IF_GOTO;
}

static bool resolve(Verify *v)
{
    for (unsigned i = 0; i < v->ax->insns->len; i++) {
        GdbxAxInsn *in = insn_at(v->ax, i);

        if (!is_jump(in)) {
            continue;
        }
        if (in->target >= v->ax->len || v->index[in->target] == NOWHERE) {
            return refuse(v, "jump at %u: no instruction starts at %u",
                          in->offset, in->target);
        }
        in->target = v->index[in->target];
    }
    return true;
}

/* How many values an instruction wants to find, and how many it takes. */
static unsigned stack_need(const GdbxAx *ax, const GdbxAxInsn *in,
                           unsigned *pops)
{
    *pops = gdbx_ax_ops[in->op].pops;
    if (in->op == AX_PRINTF) {
        /* Function and channel, both ours to ignore, lie on the arguments. */
        *pops = 2 + ax->code[in->offset + 1];
    }
    return in->op == AX_PICK ? in->imm + 1 : *pops;
}

/* The paths still to be walked: depth[] marks what was queued already. */
typedef struct Paths {
    int16_t *depth;
    uint32_t *queue;
    unsigned queued;
} Paths;

static bool flow_to(Verify *v, Paths *paths, const GdbxAxInsn *from,
                    uint32_t to, int depth)
{
    if (to >= v->ax->insns->len) {
        return refuse(v, "%s at %u: the code ends without \"end\"",
                      gdbx_ax_ops[from->op].name, from->offset);
    }
    if (paths->depth[to] < 0) {
        paths->depth[to] = depth;
        paths->queue[paths->queued++] = to;
    } else if (paths->depth[to] != depth) {
        return refuse(v, "%s at %u: stack of %d meets stack of %d at %u",
                      gdbx_ax_ops[from->op].name, from->offset, depth,
                      paths->depth[to], insn_at(v->ax, to)->offset);
    }
    return true;
}

/* Follow one instruction to its successors. */
static bool flow_insn(Verify *v, Paths *paths, uint32_t i)
{
    const GdbxAxInsn *in = insn_at(v->ax, i);
    const GdbxAxOp *op = &gdbx_ax_ops[in->op];
    int depth = paths->depth[i];
    unsigned pops;

    if (stack_need(v->ax, in, &pops) > depth) {
        return refuse(v, "%s at %u: stack holds only %d",
                      op->name, in->offset, depth);
    }
    depth += op->pushes - (int)pops;
    if (depth > GDBX_AX_MAX_STACK) {
        return refuse(v, "%s at %u: stack exceeds %d values",
                      op->name, in->offset, GDBX_AX_MAX_STACK);
    }
    if (in->op == AX_END) {
        return true;
    }
    if (is_jump(in) && !flow_to(v, paths, in, in->target, depth)) {
        return false;
    }
    return in->op == AX_GOTO || flow_to(v, paths, in, i + 1, depth);
}

static bool flow(Verify *v)
{
    unsigned count = v->ax->insns->len;
    g_autofree int16_t *depth = g_new(int16_t, count);
    g_autofree uint32_t *queue = g_new(uint32_t, count);
    Paths paths = { depth, queue, 1 };

    memset(depth, -1, count * sizeof(*depth));
    depth[0] = 0;
    queue[0] = 0;
    while (paths.queued) {
        if (!flow_insn(v, &paths, queue[--paths.queued])) {
            return false;
        }
    }
    return true;
}

GdbxAx *gdbx_ax_new(const uint8_t *code, size_t len, char **reason)
{
    g_autoptr(GdbxAx) ax = g_new0(GdbxAx, 1);
    g_autofree uint32_t *index = NULL;
    Verify v = { .ax = ax };
    bool good;

    ax->insns = g_array_new(FALSE, FALSE, sizeof(GdbxAxInsn));
    ax->formats = g_ptr_array_new_with_free_func(
        (GDestroyNotify)gdbx_ax_format_free);
    if (!len || len > GDBX_AX_MAX_CODE) {
        good = refuse(&v, "%zu bytes of code", len);
    } else {
        ax->code = memcpy(g_malloc(len), code, len);
        ax->len = len;
        v.index = index = g_new(uint32_t, len);
        memset(index, 0xff, len * sizeof(*index));
        good = scan(&v) && resolve(&v) && flow(&v);
    }
    if (!good) {
        if (reason) {
            *reason = v.why;
        } else {
            g_free(v.why);
        }
        return NULL;
    }
    return g_steal_pointer(&ax);
}

void gdbx_ax_free(GdbxAx *ax)
{
    if (ax) {
        g_array_unref(ax->insns);
        g_ptr_array_unref(ax->formats);
        g_free(ax->code);
        g_free(ax);
    }
}

bool gdbx_ax_equal(const GdbxAx *a, const GdbxAx *b)
{
    if (!a || !b) {
        return a == b;
    }
    return a->len == b->len && !memcmp(a->code, b->code, a->len);
}

bool gdbx_ax_reads(const GdbxAx *ax, unsigned regno)
{
    for (unsigned i = 0; i < ax->insns->len; i++) {
        const GdbxAxInsn *in = insn_at(ax, i);

        if (in->op == AX_REG && in->imm == regno) {
            return true;
        }
    }
    return false;
}
