/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "gdbstub/gdbx/ax-internal.h"
#include "gdbstub/gdbx/emit.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/sites.h"

/* More points at one instruction, or longer conditions: the helper decides. */
#define MAX_POINTS 4
#define MAX_INSNS 64
#define MAX_DEPTH 16

typedef struct Compiler {
    const GdbxSite *site;
    GdbxView view;
    TCGv_i64 slot[MAX_DEPTH + 1];   /* values on the expression's stack */
    TCGv_i64 scratch;
    TCGv_i64 missed;                /* bits: points whose conditions are false */
    unsigned depth;
    bool peeks;
} Compiler;

static const GdbxAxInsn *insn_at(const GdbxAx *ax, guint i)
{
    return &g_array_index(ax->insns, GdbxAxInsn, i);
}

/* The constant divisor or shift count of instruction @i, if it has one. */
static bool constant_operand(const GdbxAx *ax, guint i, uint64_t *value)
{
    if (!i || insn_at(ax, i - 1)->op != AX_CONST64) {
        return false;
    }
    for (guint j = 0; j < i; j++) {
        const GdbxAxInsn *in = insn_at(ax, j);

        if ((in->op == AX_GOTO || in->op == AX_IF_GOTO) && in->target == i) {
            return false;
        }
    }
    *value = insn_at(ax, i - 1)->imm;
    return true;
}

static bool insn_compiles(const GdbxSite *s, GdbxView view, const GdbxAx *ax,
                          guint i)
{
    const GdbxAxInsn *in = insn_at(ax, i);
    uint64_t c;

    switch (in->op) {
    case AX_GOTO:
    case AX_IF_GOTO:
        return in->target > i;
    case AX_DIV_SIGNED:
    case AX_DIV_UNSIGNED:
    case AX_REM_SIGNED:
    case AX_REM_UNSIGNED:
        /* By 0 is an error, by -1 may trap on the host. */
        return constant_operand(ax, i, &c) && c && c != UINT64_MAX;
    case AX_REG:
        return s->reg(s, view, in->imm, NULL);
    case AX_PICK:
        return in->imm < MAX_DEPTH;
    case AX_ADD:
    case AX_SUB:
    case AX_MUL:
    case AX_LSH:
    case AX_RSH_SIGNED:
    case AX_RSH_UNSIGNED:
    case AX_LOG_NOT:
    case AX_BIT_AND:
    case AX_BIT_OR:
    case AX_BIT_XOR:
    case AX_BIT_NOT:
    case AX_EQUAL:
    case AX_LESS_SIGNED:
    case AX_LESS_UNSIGNED:
    case AX_EXT:
    case AX_ZERO_EXT:
    case AX_REF8:
    case AX_REF16:
    case AX_REF32:
    case AX_REF64:
    case AX_CONST64:
    case AX_DUP:
    case AX_POP:
    case AX_SWAP:
    case AX_ROT:
    case AX_END:
        return true;
    default:
        return false;
    }
}

/* The stack's depth behind @in where it is @depth in front of it. */
static int depth_after(const GdbxAxInsn *in, int depth)
{
    switch (in->op) {
    case AX_DUP:
    case AX_PICK:
        return depth + 1;
    default:
        return depth + gdbx_ax_ops[in->op].pushes - gdbx_ax_ops[in->op].pops;
    }
}

static bool compiles(const GdbxSite *s, GdbxView view, const GdbxAx *ax)
{
    int depth[MAX_INSNS];
    bool reachable = true;
    int d = 0;

    if (ax->insns->len > MAX_INSNS) {
        return false;
    }
    memset(depth, 0xff, sizeof(depth));
    for (guint i = 0; i < ax->insns->len; i++) {
        const GdbxAxInsn *in = insn_at(ax, i);

        if (depth[i] >= 0) {
            d = depth[i];
            reachable = true;
        }
        if (!reachable) {
            continue;
        }
        if (!insn_compiles(s, view, ax, i)) {
            return false;
        }
        d = depth_after(in, d);
        if (d < 0 || d > MAX_DEPTH) {
            return false;
        }
        if (in->op == AX_GOTO || in->op == AX_IF_GOTO) {
            depth[in->target] = d;
        }
        reachable = in->op != AX_GOTO && in->op != AX_END;
    }
    return true;
}

/* A shift by what C and TCG leave undefined; see ax.h. */
static void emit_shift(Compiler *c, unsigned op, TCGv_i64 a, TCGv_i64 count)
{
    TCGv_i64 zero = tcg_constant_i64(0), most = tcg_constant_i64(63);

    if (op == AX_RSH_SIGNED) {
        tcg_gen_umin_i64(c->scratch, count, most);
        tcg_gen_sar_i64(a, a, c->scratch);
        return;
    }
    tcg_gen_andi_i64(c->scratch, count, 63);
    if (op == AX_LSH) {
        tcg_gen_shl_i64(a, a, c->scratch);
    } else {
        tcg_gen_shr_i64(a, a, c->scratch);
    }
    tcg_gen_movcond_i64(TCG_COND_GTU, a, count, most, zero, a);
}

static void emit_binary(Compiler *c, const GdbxAxInsn *in)
{
    TCGv_i64 b = c->slot[--c->depth], a = c->slot[c->depth - 1];

    switch (in->op) {
    case AX_ADD:
        tcg_gen_add_i64(a, a, b);
        break;
    case AX_SUB:
        tcg_gen_sub_i64(a, a, b);
        break;
    case AX_MUL:
        tcg_gen_mul_i64(a, a, b);
        break;
    case AX_DIV_SIGNED:
        tcg_gen_div_i64(a, a, b);
        break;
    case AX_DIV_UNSIGNED:
        tcg_gen_divu_i64(a, a, b);
        break;
    case AX_REM_SIGNED:
        tcg_gen_rem_i64(a, a, b);
        break;
    case AX_REM_UNSIGNED:
        tcg_gen_remu_i64(a, a, b);
        break;
    case AX_BIT_AND:
        tcg_gen_and_i64(a, a, b);
        break;
    case AX_BIT_OR:
        tcg_gen_or_i64(a, a, b);
        break;
    case AX_BIT_XOR:
        tcg_gen_xor_i64(a, a, b);
        break;
    case AX_EQUAL:
        tcg_gen_setcond_i64(TCG_COND_EQ, a, a, b);
        break;
    case AX_LESS_SIGNED:
        tcg_gen_setcond_i64(TCG_COND_LT, a, a, b);
        break;
    case AX_LESS_UNSIGNED:
        tcg_gen_setcond_i64(TCG_COND_LTU, a, a, b);
        break;
    case AX_LSH:
    case AX_RSH_SIGNED:
    case AX_RSH_UNSIGNED:
        emit_shift(c, in->op, a, b);
        break;
    default:
        g_assert_not_reached();
    }
}

static void emit_shuffle(Compiler *c, const GdbxAxInsn *in)
{
    TCGv_i64 *sp = &c->slot[c->depth];    /* the next free one */

    switch (in->op) {
    case AX_DUP:
        tcg_gen_mov_i64(sp[0], sp[-1]);
        c->depth++;
        break;
    case AX_PICK:
        tcg_gen_mov_i64(sp[0], sp[-1 - (int)in->imm]);
        c->depth++;
        break;
    case AX_SWAP:
        tcg_gen_mov_i64(c->scratch, sp[-1]);
        tcg_gen_mov_i64(sp[-1], sp[-2]);
        tcg_gen_mov_i64(sp[-2], c->scratch);
        break;
    case AX_ROT:
        /* a b c => c a b */
        tcg_gen_mov_i64(c->scratch, sp[-1]);
        tcg_gen_mov_i64(sp[-1], sp[-2]);
        tcg_gen_mov_i64(sp[-2], sp[-3]);
        tcg_gen_mov_i64(sp[-3], c->scratch);
        break;
    default:
        c->depth--;     /* pop */
        break;
    }
}

/* An instruction that is neither a jump nor the end. */
static void emit_insn(Compiler *c, const GdbxAxInsn *in)
{
    TCGv_i64 top = c->depth ? c->slot[c->depth - 1] : NULL;

    switch (in->op) {
    case AX_CONST64:
        tcg_gen_movi_i64(c->slot[c->depth++], in->imm);
        break;
    case AX_REG:
        c->site->reg(c->site, c->view, in->imm, c->slot[c->depth++]);
        break;
    case AX_REF8:
    case AX_REF16:
    case AX_REF32:
    case AX_REF64:
        c->site->peek(c->site, top, top, 1u << (in->op - AX_REF8));
        c->peeks = true;
        break;
    case AX_EXT:
        tcg_gen_shli_i64(top, top, in->imm);
        tcg_gen_sari_i64(top, top, in->imm);
        break;
    case AX_ZERO_EXT:
        tcg_gen_andi_i64(top, top, in->imm);
        break;
    case AX_LOG_NOT:
        tcg_gen_setcondi_i64(TCG_COND_EQ, top, top, 0);
        break;
    case AX_BIT_NOT:
        tcg_gen_not_i64(top, top);
        break;
    case AX_DUP:
    case AX_PICK:
    case AX_SWAP:
    case AX_ROT:
    case AX_POP:
        emit_shuffle(c, in);
        break;
    default:
        emit_binary(c, in);
        break;
    }
}

/* Goes to @yes when @ax is true, on otherwise. */
static void emit_condition(Compiler *c, const GdbxAx *ax, TCGLabel *yes)
{
    TCGLabel *label[MAX_INSNS] = { NULL }, *no = gen_new_label();
    unsigned depth[MAX_INSNS];
    bool reachable = true;

    c->depth = 0;
    for (guint i = 0; i < ax->insns->len; i++) {
        const GdbxAxInsn *in = insn_at(ax, i);

        if (label[i]) {
            gen_set_label(label[i]);
            c->depth = depth[i];
            reachable = true;
        }
        if (!reachable) {
            continue;
        }
        if (in->op == AX_GOTO || in->op == AX_IF_GOTO) {
            c->depth -= in->op == AX_IF_GOTO;
            if (!label[in->target]) {
                label[in->target] = gen_new_label();
            }
            depth[in->target] = c->depth;
            if (in->op == AX_GOTO) {
                tcg_gen_br(label[in->target]);
            } else {
                tcg_gen_brcondi_i64(TCG_COND_NE, c->slot[c->depth], 0,
                                    label[in->target]);
            }
        } else if (in->op == AX_END) {
            if (c->depth) {
                tcg_gen_brcondi_i64(TCG_COND_NE, c->slot[c->depth - 1], 0,
                                    yes);
            }
            tcg_gen_br(no);
        } else {
            emit_insn(c, in);
        }
        reachable = in->op != AX_GOTO && in->op != AX_END;
    }
    gen_set_label(no);
}

/* Pointer to this vCPU's element of @array. */
static TCGv_ptr slot_of(const GdbxSite *s, void *array, unsigned shift)
{
    TCGv_i32 index;
    TCGv_ptr p;

    if (!s->parallel) {
        return tcg_constant_ptr(array);
    }
    index = tcg_temp_new_i32();
    p = tcg_temp_new_ptr();
    tcg_gen_ld_i32(index, tcg_env, s->cpu + offsetof(CPUState, cpu_index));
    tcg_gen_shli_i32(index, index, shift);
    tcg_gen_ext_i32_ptr(p, index);
    tcg_gen_addi_ptr(p, p, (intptr_t)array);
    return p;
}

static void emit_count(Compiler *c, const GdbxPoint *p)
{
    TCGv_ptr slot = slot_of(c->site, p->compiled->missed, 3);

    tcg_gen_ld_i64(c->scratch, slot, 0);
    tcg_gen_addi_i64(c->scratch, c->scratch, 1);
    tcg_gen_st_i64(c->scratch, slot, 0);
}

/* Goes on when a condition of @p is true, else counts and goes to @next. */
static void emit_conditions(Compiler *c, const GdbxPoint *p, unsigned index,
                            TCGLabel *next)
{
    TCGLabel *yes = gen_new_label();

    c->view = p->view;
    c->peeks = false;
    for (guint i = 0; i < p->conditions->len; i++) {
        emit_condition(c, g_ptr_array_index(p->conditions, i), yes);
    }
    if (c->peeks) {
        /* What cannot be read counts as true: the helper will say so. */
        tcg_gen_ld8u_i64(c->scratch, slot_of(c->site, gdbx_unread, 0), 0);
        tcg_gen_brcondi_i64(TCG_COND_NE, c->scratch, 0, yes);
    }
    if (c->missed) {
        /* The helper may have to decide, and to count, for another point. */
        tcg_gen_ori_i64(c->missed, c->missed, 1 << index);
    } else {
        emit_count(c, p);
    }
    tcg_gen_br(next);
    gen_set_label(yes);
}

static bool conditions_compile(const GdbxSite *s, const GdbxPoint *p)
{
    guint insns = 0;

    for (guint i = 0; p->conditions && i < p->conditions->len; i++) {
        const GdbxAx *ax = g_ptr_array_index(p->conditions, i);

        insns += ax->insns->len;
        if (insns > MAX_INSNS || !compiles(s, p->view, ax)) {
            return false;
        }
    }
    return insns;
}

/* Goes to @next unless the point may be hit. */
static void emit_guard(Compiler *c, const GdbxPoint *p, unsigned index,
                       TCGLabel *next)
{
    const GdbxSite *s = c->site;

    tcg_gen_brcondi_i64(TCG_COND_NE, s->pc, p->addr, next);
    tcg_gen_ld_i64(c->scratch, tcg_constant_ptr(&p->compiled->armed), 0);
    tcg_gen_brcondi_i64(TCG_COND_EQ, c->scratch, 0, next);
    if (p->mask) {
        s->space(s, c->scratch);
        tcg_gen_andi_i64(c->scratch, c->scratch, p->mask);
        tcg_gen_brcondi_i64(TCG_COND_NE, c->scratch, p->space, next);
    }
    if (conditions_compile(s, p)) {
        emit_conditions(c, p, index, next);
    }
}

/* The points that may be here; more than MAX_POINTS: as many as counted. */
static unsigned collect(const GdbxSite *s, const GdbxPoint *found[MAX_POINTS])
{
    unsigned n = 0;

    for (GdbxPoint *p = gdbx_points_at(s->offset); p; p = p->next) {
        if ((p->cpl >= 0 && p->cpl != s->cpl) ||
            !gdbx_site_reaches(p->addr, s->ram)) {
            continue;
        }
        if (n < MAX_POINTS) {
            found[n] = p;
        }
        n++;
    }
    return n;
}

void gdbx_emit_site(const GdbxSite *s)
{
    const GdbxPoint *found[MAX_POINTS];
    unsigned n = collect(s, found);
    Compiler c = { .site = s };
    TCGLabel *hit, *none, *out;

    if (!n) {
        return;
    }
    if (n > MAX_POINTS) {
        s->call(s);
        return;
    }
    for (int i = 0; i <= MAX_DEPTH; i++) {
        c.slot[i] = tcg_temp_new_i64();
    }
    c.scratch = tcg_temp_new_i64();
    hit = gen_new_label();
    none = gen_new_label();
    out = gen_new_label();
    if (n == 1) {
        emit_guard(&c, found[0], 0, out);
        s->call(s);
        gen_set_label(out);
        return;
    }
    c.missed = tcg_temp_new_i64();
    tcg_gen_movi_i64(c.missed, 0);
    for (unsigned i = 0; i < n; i++) {
        TCGLabel *next = gen_new_label();

        emit_guard(&c, found[i], i, next);
        tcg_gen_br(hit);
        gen_set_label(next);
    }
    tcg_gen_br(none);
    gen_set_label(hit);
    s->call(s);
    tcg_gen_br(out);
    gen_set_label(none);
    for (unsigned i = 0; i < n; i++) {
        TCGLabel *next = gen_new_label();

        tcg_gen_brcondi_i64(TCG_COND_TSTEQ, c.missed, 1 << i, next);
        emit_count(&c, found[i]);
        gen_set_label(next);
    }
    gen_set_label(out);
}
