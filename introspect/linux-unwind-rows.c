/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ORC tables row by row, for whoever writes them in another format. A row whose
 * registers no unwinder here could follow ends the stack.
 */
#include "linux-threads.h"

static bool base_of(OsiOrcBase from, OsiUnwindBase *to)
{
    static const struct {
        OsiOrcBase from;
        OsiUnwindBase to;
    } same[] = {
        { OSI_ORC_SP, OSI_UNWIND_SP }, { OSI_ORC_BP, OSI_UNWIND_BP },
        { OSI_ORC_DX, OSI_UNWIND_DX }, { OSI_ORC_DI, OSI_UNWIND_DI },
        { OSI_ORC_R10, OSI_UNWIND_R10 }, { OSI_ORC_R13, OSI_UNWIND_R13 },
        { OSI_ORC_SP_INDIRECT, OSI_UNWIND_SP_INDIRECT },
        { OSI_ORC_BP_INDIRECT, OSI_UNWIND_BP_INDIRECT },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
        if (same[i].from == from) {
            *to = same[i].to;
            return true;
        }
    }
    return false;
}

static OsiUnwindKind kind_of(OsiOrcKind kind)
{
    switch (kind) {
    case OSI_ORC_END:
        return OSI_UNWIND_END;
    case OSI_ORC_CALL:
        return OSI_UNWIND_CALL;
    case OSI_ORC_REGS:
        return OSI_UNWIND_REGS;
    case OSI_ORC_PARTIAL:
        return OSI_UNWIND_PARTIAL;
    default:
        return OSI_UNWIND_NOTHING;
    }
}

static OsiUnwindRow row_of(const OsiOrcRule *r, uint64_t address)
{
    OsiUnwindRow row = {
        .address = address, .kind = kind_of(r->kind), .exact = r->exact,
        .offset = r->sp_offset, .bp_offset = r->bp_offset,
    };

    row.bp = r->bp == OSI_ORC_PREV_SP ? OSI_UNWIND_BP_AT_CFA
             : r->bp == OSI_ORC_BP ? OSI_UNWIND_BP_AT_BP
             : OSI_UNWIND_BP_SAME;
    if (row.kind >= OSI_UNWIND_CALL &&
        (!base_of(r->sp, &row.base) || (row.bp == OSI_UNWIND_BP_SAME &&
                                        r->bp != OSI_ORC_UNDEFINED))) {
        row.kind = OSI_UNWIND_NOTHING;
    }
    return row;
}

bool linux_each_unwind(void *os, const OsiModule *m, OsiUnwindFn fn,
                       void *opaque, OsiError *err)
{
    Linux *lx = os;
    const LinuxUnwind *u = linux_unwind(lx);
    const OsiOrcTable *t = !u->bytes ? NULL
                           : m ? linux_orc_of(lx, m->base) : &u->orc;
    OsiOrcRule r;

    if (!t) {
        return u->bytes ? osi_fail(err, OSI_ERR_NO_SUCH, m->object,
                                   "%s has no ORC tables", m->name)
                        : osi_fail(err, u->why.kind, u->why.address, "%s",
                                   u->why.message);
    }
    for (size_t i = 0; i < t->n; i++) {
        OsiUnwindRow row;

        osi_orc_rule(&u->layout, &u->coding, t->entries + i * u->layout.size,
                     &r);
        row = row_of(&r, osi_orc_address(t, i));
        if (!fn(opaque, &row)) {
            break;
        }
    }
    return true;
}

bool linux_has_frame_pointers(void *os)
{
    Linux *lx = os;

    return !linux_unwind(lx)->bytes && linux_frame_pointers(lx);
}

const char *linux_build_id_of(void *os)
{
    return linux_build_id(os);
}
