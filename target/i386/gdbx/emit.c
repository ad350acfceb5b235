/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x86 part of the check in translated code: which instructions get one, and
 * where registers are in front of an instruction.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "exec/translator.h"
#include "system/cpu-timers.h"
#include "tcg/tcg-op.h"
#include "gdbx/emit.h"
#include "gdbx/regs.h"
#include "gdbstub/hooks.h"
#include "gdbstub/gdbx/sites.h"
#include "gdbstub/gdbx/step.h"

#define HELPER_H "gdbx/helper.h"
#include "exec/helper-proto.h.inc"
#include "exec/helper-gen.h.inc"
#include "exec/helper-info.c.inc"
#undef HELPER_H

typedef GdbxI386Site Site;

/*
 * The first instruction of such a block has been begun before, in another
 * block, and passed its check there: it is done again alone because it
 * accessed a device or a watched page or wrote over its own block
 * (CF_NOIRQ), or because an atomic access needs the other vCPUs stopped.
 * Replay of an exception is the one other user of CF_NOIRQ; it clears
 * CF_USE_ICOUNT.
 */
static bool done_again(const DisasContextBase *db)
{
    uint32_t flags = tb_cflags(db->tb);

    if (!(flags & CF_PARALLEL) && (current_cpu->tcg_cflags & CF_PARALLEL)) {
        return true;
    }
    return (flags & CF_NOIRQ) && db->num_insns == 1 &&
           (!icount_enabled() || (flags & CF_USE_ICOUNT));
}

/* An instruction begins on its block's first page: i386_tr_translate_insn(). */
static uint64_t ram_page(const DisasContextBase *db)
{
    tb_page_addr_t page = tb_page_addr0(db->tb);

    return page == -1 ? GDBX_NO_RAM : page & TARGET_PAGE_MASK;
}

static bool step_wanted(const DisasContextBase *db)
{
    return (tb_cflags(db->tb) & GDBX_CF_STEP) &&
           (db->tb->flags & HF_CPL_MASK) == 3;
}

static bool point_wanted(const DisasContextBase *db)
{
    return gdbx_points_armed() &&
           gdbx_site_wanted(ram_page(db), db->pc_next & ~TARGET_PAGE_MASK);
}

/* A single step executes its instruction before points count (R6). */
static bool single_step(const DisasContextBase *db)
{
    return tb_cflags(db->tb) & CF_SINGLE_STEP;
}

bool gdbx_hook_insn_wanted(const DisasContextBase *db)
{
    bool step = step_wanted(db), insn = gdbx_i386_insn_wanted(db);

    if (!step && !insn && !gdbx_points_armed()) {
        return false;
    }
    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_INSN_WANTED]);
    return (insn || ((step || point_wanted(db)) && !single_step(db))) &&
           !done_again(db);
}

/* A field of env that is one of the translator's globals, or NULL. */
static TCGTemp *global_at(size_t offset)
{
    for (int i = 0; i < tcg_ctx->nb_globals; i++) {
        TCGTemp *t = &tcg_ctx->temps[i];

        if (t->kind == TEMP_GLOBAL && t->mem_offset == offset) {
            return t;
        }
    }
    return NULL;
}

void gdbx_i386_sync_flags(const GdbxI386Site *s)
{
    if (s->cc_op != CC_OP_DYNAMIC) {
        tcg_gen_movi_i32(temp_tcgv_i32(global_at(offsetof(CPUX86State, cc_op))),
                         s->cc_op);
    }
}

static void call(const GdbxSite *site)
{
    const Site *s = container_of(site, Site, site);

    gdbx_i386_sync_flags(s);
    gen_helper_gdbx_point(tcg_env, s->eip, tcg_constant_i32(site->again));
}

static void step(const GdbxSite *site)
{
    const Site *s = container_of(site, Site, site);

    gdbx_i386_sync_flags(s);
    gen_helper_gdbx_step(tcg_env, s->eip, tcg_constant_i32(site->again));
}

static void space(const GdbxSite *site, TCGv_i64 out)
{
#ifdef TARGET_X86_64
    tcg_gen_ld_i64(out, tcg_env, offsetof(CPUX86State, cr[3]));
#else
    tcg_gen_ld32u_i64(out, tcg_env, offsetof(CPUX86State, cr[3]));
#endif
}

static void peek(const GdbxSite *site, TCGv_i64 out, TCGv_i64 addr,
                 unsigned size)
{
    gen_helper_gdbx_peek(out, tcg_env, addr, tcg_constant_i32(size));
}

static void from_tl(TCGv_i64 out, TCGv in, unsigned bits)
{
    tcg_gen_extu_tl_i64(out, in);
    if (bits == 32) {
        tcg_gen_ext32u_i64(out, out);
    }
}

/*
 * A field of env: when it is one of the translator's globals, what memory has
 * may be old.
 */
static void field(size_t offset, unsigned bits, TCGv_i64 out)
{
    TCGTemp *t = global_at(offset);

    if (t) {
        if (t->base_type == TCG_TYPE_I64) {
            tcg_gen_mov_i64(out, temp_tcgv_i64(t));
        } else {
            tcg_gen_extu_i32_i64(out, temp_tcgv_i32(t));
        }
        if (bits < 64) {
            tcg_gen_andi_i64(out, out, MAKE_64BIT_MASK(0, bits));
        }
        return;
    }
    if (bits == 16) {
        tcg_gen_ld16u_i64(out, tcg_env, offset);
    } else if (bits == 32) {
        tcg_gen_ld32u_i64(out, tcg_env, offset);
    } else {
        tcg_gen_ld_i64(out, tcg_env, offset);
    }
}

static bool reg(const GdbxSite *site, GdbxView view, unsigned n, TCGv_i64 out)
{
    GdbxRegPlace place;

    if (!gdbx_i386_reg_place(view, site->cs64, n, &place)) {
        return false;
    }
    if (!out) {
        return true;
    }
    switch (place.kind) {
    case GDBX_PLACE_GPR:
        field(offsetof(CPUX86State, regs) + place.index * sizeof(target_ulong),
              place.bits == 32 ? 32 : TARGET_LONG_BITS, out);
        break;
    case GDBX_PLACE_PC:
        from_tl(out, container_of(site, Site, site)->eip, place.bits);
        break;
    case GDBX_PLACE_CPL:
        tcg_gen_movi_i64(out, site->cpl);
        break;
    case GDBX_PLACE_ENV:
        field(place.offset, place.bits, out);
        break;
    default:
        tcg_gen_movi_i64(out, place.value);
        break;
    }
    return true;
}

void gdbx_hook_insn(const DisasContextBase *db, TCGv eip)
{
    uint32_t flags = db->tb->flags;
    Site s = {
        .site = {
            .ram = ram_page(db), .offset = db->pc_next & ~TARGET_PAGE_MASK,
            .cpl = flags & HF_CPL_MASK, .cs64 = flags & HF_CS64_MASK,
            .parallel = tb_cflags(db->tb) & CF_PARALLEL,
            .again = (flags & HF_RF_MASK) && db->num_insns == 1,
            .cpu = offsetof(X86CPU, parent_obj) - offsetof(X86CPU, env),
            .pc = tcg_temp_new_i64(),
            .call = call, .step = step, .space = space, .reg = reg, .peek = peek,
        },
        .eip = eip,
        .cc_op = tcg_get_insn_start_param(db->insn_start, 1),
    };

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_INSN]);
    tcg_gen_extu_tl_i64(s.site.pc, eip);
    if (!s.site.cs64) {
        /* Outside of 64-bit code CS has a base. */
        tcg_gen_addi_i64(s.site.pc, s.site.pc, (uint32_t)db->tb->cs_base);
        tcg_gen_ext32u_i64(s.site.pc, s.site.pc);
    }
    if (step_wanted(db) && !single_step(db)) {
        gdbx_emit_step(&s.site);
    }
    if (point_wanted(db) && !single_step(db)) {
        gdbx_emit_site(&s.site);
    }
    /* Last: what it announces happens, unless it is what stops itself. */
    gdbx_i386_emit_insn(db, &s);
}
