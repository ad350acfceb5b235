/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check in front of user code while a thread is looked for (step.h). */
#include "qemu/osdep.h"
#include "gdbstub/gdbx/emit.h"
#include "gdbstub/gdbx/step.h"

static void load(TCGv_i64 out, const uint64_t *field)
{
    tcg_gen_ld_i64(out, tcg_constant_ptr(field), 0);
}

void gdbx_emit_step(const GdbxSite *s)
{
    TCGv_i64 a = tcg_temp_new_i64(), b = tcg_temp_new_i64();
    TCGLabel *out = gen_new_label();

    load(b, &gdbx_step_watch.start);
    tcg_gen_sub_i64(a, s->pc, b);
    load(b, &gdbx_step_watch.length);
    tcg_gen_brcond_i64(TCG_COND_LTU, a, b, out);
    s->space(s, a);
    load(b, &gdbx_step_watch.mask);
    tcg_gen_and_i64(a, a, b);
    load(b, &gdbx_step_watch.space);
    tcg_gen_brcond_i64(TCG_COND_NE, a, b, out);
    s->step(s);
    gen_set_label(out);
}
