/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent expressions: evaluation.  Runs inside the vCPU thread at every hit of
 * a conditional breakpoint, so it does nothing that the verifier could have
 * done before.  The number of steps needs no count per instruction: without a
 * backward jump no more can run than there are instructions, so only backward
 * jumps are charged, with the distance that they repeat.
 */
#include <string.h>

#include "ax-internal.h"
#include "uninit.h"

typedef struct Machine {
    const GdbxAxEnv *env;
    uint64_t bad;       /* address or register that was refused */
    unsigned prints;
} Machine;

static GdbxAxStatus divide(unsigned op, uint64_t a, uint64_t b, uint64_t *r)
{
    if (!b) {
        return GDBX_AX_DIV_ZERO;
    }
    if (op == AX_DIV_UNSIGNED) {
        *r = a / b;
    } else if (op == AX_REM_UNSIGNED) {
        *r = a % b;
    } else if (b == UINT64_MAX) {
        /* By -1: INT64_MIN / -1 would trap on the host. */
        *r = op == AX_DIV_SIGNED ? -a : 0;
    } else if (op == AX_DIV_SIGNED) {
        *r = (int64_t)a / (int64_t)b;
    } else {
        *r = (int64_t)a % (int64_t)b;
    }
    return GDBX_AX_OK;
}

/* C leaves these undefined from 64 on; the guest must not choose for us. */
static uint64_t shift(unsigned op, uint64_t a, uint64_t count)
{
    if (op == AX_RSH_SIGNED) {
        return (int64_t)a >> MIN(count, 63);
    }
    if (count > 63) {
        return 0;
    }
    return op == AX_LSH ? a << count : a >> count;
}

/* Two values in, one out. */
static GdbxAxStatus binary(unsigned op, uint64_t a, uint64_t b, uint64_t *r)
{
    switch (op) {
    case AX_ADD:
        *r = a + b;
        break;
    case AX_SUB:
        *r = a - b;
        break;
    case AX_MUL:
        *r = a * b;
        break;
    case AX_BIT_AND:
        *r = a & b;
        break;
    case AX_BIT_OR:
        *r = a | b;
        break;
    case AX_BIT_XOR:
        *r = a ^ b;
        break;
    case AX_EQUAL:
        *r = a == b;
        break;
    case AX_LESS_SIGNED:
        *r = (int64_t)a < (int64_t)b;
        break;
    case AX_LESS_UNSIGNED:
        *r = a < b;
        break;
    case AX_LSH:
    case AX_RSH_SIGNED:
    case AX_RSH_UNSIGNED:
        *r = shift(op, a, b);
        break;
    default:
        return divide(op, a, b, r);
    }
    return GDBX_AX_OK;
}

static GdbxAxStatus load(Machine *m, uint64_t *slot, size_t size)
{
    uint64_t v = 0;

    if (!m->env->mem || !m->env->mem(m->env->opaque, *slot, &v, size)) {
        m->bad = *slot;
        return GDBX_AX_BAD_MEMORY;
    }
    *slot = GUINT64_FROM_LE(v);
    return GDBX_AX_OK;
}

static GdbxAxStatus load_reg(Machine *m, unsigned regno, uint64_t *slot)
{
    if (!m->env->reg || !m->env->reg(m->env->opaque, regno, slot)) {
        m->bad = regno;
        return GDBX_AX_BAD_REGISTER;
    }
    return GDBX_AX_OK;
}

static GdbxAxStatus getv(const GdbxAxEnv *env, unsigned number, uint64_t *slot)
{
    int64_t v;

    if (!env->tsv_get || !env->tsv_get(env->opaque, number, &v)) {
        return GDBX_AX_NO_VARIABLE;
    }
    *slot = v;
    return GDBX_AX_OK;
}

static GdbxAxStatus setv(const GdbxAxEnv *env, unsigned number, uint64_t v)
{
    if (!env->tsv_set || !env->tsv_set(env->opaque, number, v)) {
        return GDBX_AX_NO_VARIABLE;
    }
    return GDBX_AX_OK;
}

/* Instructions that only move values about. */
static uint64_t *shuffle(const GdbxAxInsn *in, uint64_t *sp)
{
    uint64_t top = *sp;

    switch (in->op) {
    case AX_DUP:
        *++sp = top;
        break;
    case AX_PICK:
        top = sp[-(ptrdiff_t)in->imm];
        *++sp = top;
        break;
    case AX_SWAP:
        sp[0] = sp[-1];
        sp[-1] = top;
        break;
    case AX_ROT:
        /* a b c => c a b */
        sp[0] = sp[-1];
        sp[-1] = sp[-2];
        sp[-2] = top;
        break;
    default:
        /* The trace family: nothing is recorded, the table knows the pops. */
        sp += gdbx_ax_ops[in->op].pushes - gdbx_ax_ops[in->op].pops;
        break;
    }
    return sp;
}

/* An instruction that is neither a jump nor the end. */
static GdbxAxStatus step(Machine *m, const GdbxAx *ax, const GdbxAxInsn *in,
                         uint64_t **spp)
{
    uint64_t *sp = *spp;
    const GdbxAxFormat *format;

    switch (in->op) {
    case AX_CONST64:
        *++*spp = in->imm;
        return GDBX_AX_OK;
    case AX_REG:
        return load_reg(m, in->imm, ++*spp);
    case AX_REF8:
    case AX_REF16:
    case AX_REF32:
    case AX_REF64:
        return load(m, sp, 1u << (in->op - AX_REF8));
    case AX_EXT:
        *sp = (int64_t)(*sp << in->imm) >> in->imm;
        return GDBX_AX_OK;
    case AX_ZERO_EXT:
        *sp &= in->imm;
        return GDBX_AX_OK;
    case AX_LOG_NOT:
        *sp = !*sp;
        return GDBX_AX_OK;
    case AX_BIT_NOT:
        *sp = ~*sp;
        return GDBX_AX_OK;
    case AX_GETV:
        return getv(m->env, in->imm, ++*spp);
    case AX_SETV:
        return setv(m->env, in->imm, *sp);
    case AX_PRINTF:
        if (m->prints++ >= GDBX_AX_MAX_PRINTS) {
            return GDBX_AX_TOO_LONG;
        }
        format = g_ptr_array_index(ax->formats, in->imm);
        gdbx_ax_print(format, sp - 2, m->env);
        *spp -= 2 + ax->code[in->offset + 1];
        return GDBX_AX_OK;
    case AX_DUP:
    case AX_PICK:
    case AX_SWAP:
    case AX_ROT:
    case AX_POP:
    case AX_TRACE:
    case AX_TRACE_QUICK:
    case AX_TRACE16:
    case AX_TRACEV:
    case AX_TRACENZ:
        *spp = shuffle(in, sp);
        return GDBX_AX_OK;
    default:
        --*spp;
        return binary(in->op, sp[-1], sp[0], &sp[-1]);
    }
}

/* From the first instruction to "end"; *SPP starts on an empty stack. */
static GdbxAxStatus run(Machine *m, const GdbxAx *ax, uint64_t **spp)
{
    const GdbxAxInsn *first = (const GdbxAxInsn *)ax->insns->data;
    const GdbxAxInsn *in = first;
    unsigned left = GDBX_AX_MAX_LOOP;

    while (in->op != AX_END) {
        const GdbxAxInsn *next = in + 1;
        GdbxAxStatus status;

        if (in->op == AX_GOTO || (in->op == AX_IF_GOTO && *(*spp)-- != 0)) {
            next = first + in->target;
            if (next <= in) {
                if (in - next >= left) {
                    return GDBX_AX_TOO_LONG;
                }
                left -= in - next + 1;
            }
        } else if (in->op != AX_IF_GOTO) {
            status = step(m, ax, in, spp);
            if (status != GDBX_AX_OK) {
                return status;
            }
        }
        in = next;
    }
    return GDBX_AX_OK;
}

GdbxAxStatus gdbx_ax_eval(const GdbxAx *ax, const GdbxAxEnv *env,
                          uint64_t *value, uint64_t *bad_address)
{
    /* The slot under the stack is what an empty stack has as its top. */
    GDBX_UNINIT uint64_t stack[GDBX_AX_MAX_STACK + 1];
    uint64_t *sp = stack;
    Machine m = { .env = env };
    GdbxAxStatus status;

    stack[0] = 0;
    status = run(&m, ax, &sp);
    if (status == GDBX_AX_OK && value) {
        *value = *sp;
    }
    if ((status == GDBX_AX_BAD_MEMORY || status == GDBX_AX_BAD_REGISTER) &&
        bad_address) {
        *bad_address = m.bad;
    }
    return status;
}
