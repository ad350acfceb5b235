/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of a replay become records of its index. See index.h. vCPU threads. */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "gdbstub/fault.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/os-points.h"
#include "gdbstub/gdbx/syscall.h"

/* In front of which instruction; as reverse-continue stops for it. */
static uint64_t place(CPUState *cs, const GdbxEvent *ev)
{
    uint64_t icount = gdbx_icount_at(cs, ev->ra);

    return icount - (!ev->ra && icount);
}

static void of_call(IndexRecord *r, const GdbxEvent *ev)
{
    bool entry = ev->field[GDBX_CALL_ENTRY];

    r->kind = entry ? GDBX_INDEX_SYSCALL : GDBX_INDEX_RETURN;
    r->what = ev->field[GDBX_CALL_NUMBER];
    r->value = ev->field[entry ? GDBX_CALL_ARG0 : GDBX_CALL_RESULT];
    r->flags = ev->field[GDBX_CALL_COMPAT32] ? GDBX_INDEX_COMPAT32 : 0;
}

static void of_exception(IndexRecord *r, const GdbxEvent *ev)
{
    r->kind = GDBX_INDEX_EXCEPTION;
    r->what = ev->field[GDBX_EXC_VECTOR];
    r->value = ev->pc;
    r->flags = (ev->field[GDBX_EXC_CPL] & GDBX_INDEX_CPL) |
               ev->field[GDBX_EXC_KIND] << GDBX_INDEX_TRAP;
}

static void of_switch(IndexRecord *r, const OsiEvent *os)
{
    r->kind = GDBX_INDEX_SWITCH;
    r->what = os->to_pid;
    r->value = os->to_tgid;
    if (os->pid) {
        index_name(r->icount, os->pid, os->name);
    }
    if (os->to_pid) {
        index_name(r->icount, os->to_pid, os->to_name);
    }
}

/* False: it is none that is kept. */
static bool of_os(IndexRecord *r, const OsiEvent *os)
{
    if (!os) {
        return false;
    }
    r->pid = os->tgid;
    r->tid = os->pid;
    switch (os->kind) {
    case OSI_EVENT_SWITCH:
        of_switch(r, os);
        return true;
    case OSI_EVENT_EXEC:
        r->kind = GDBX_INDEX_EXEC;
        r->value = os->address;
        index_name(r->icount, os->pid, os->name);
        return true;
    case OSI_EVENT_FORK:
        r->kind = GDBX_INDEX_FORK;
        r->pid = os->to_tgid;
        r->tid = os->to_pid;
        r->what = os->pid;
        r->value = os->tgid;
        index_name(r->icount, os->pid, os->name);
        return true;
    case OSI_EVENT_EXIT:
        r->kind = GDBX_INDEX_EXIT;
        r->what = os->code;
        r->value = os->last;
        return true;
    default:
        return false;
    }
}

static void run(CPUState *cs, GdbxCatch *c, GdbxEvent *ev,
                const GdbxEventWho *who)
{
    IndexRecord r = {
        .icount = place(cs, ev),
        .pid = who->known ? who->ids.tgid : -1,
        .tid = who->known ? who->ids.pid : -1,
    };

    switch (ev->kind) {
    case GDBX_EVENT_SYSCALL:
        of_call(&r, ev);
        break;
    case GDBX_EVENT_EXCEPTION:
        of_exception(&r, ev);
        break;
    case GDBX_EVENT_OS:
        if (!of_os(&r, gdbx_os_at_hand())) {
            return;
        }
        break;
    default:
        return;
    }
    index_add(&r);
}

const GdbxEventAction gdbx_action_index = {
    .name = "index", .names_task = true, .run = run, .journeys = &index_live,
};
