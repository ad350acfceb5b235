/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of what gdb has selected: a CPU of the machine, or a thread of a
 * followed process, with the live registers of a CPU or those the guest kernel
 * saved when the thread left user mode.
 *
 * Unknown ones are "xx", never an error (R11).
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "system/hw_accel.h"
#include "replay/timeline.h"
#include "exec/cpu-common.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"
#include "gdbstub/gdbx/syscall.h"

typedef struct Selected {
    GdbxThread thread;
    GdbxSaved saved;
    bool machine;
    bool known;          /* the thread has registers */
} Selected;

GdbxView gdbx_view(int64_t pid)
{
    const GdbxInferior *inf = gdbx_inferior(pid);

    return pid == GDBX_REAL_PID ? GDBX_VIEW_REAL
         : pid == GDBX_PROTECTED_PID ? GDBX_VIEW_PROTECTED
         : !inf ? GDBX_VIEW_MACHINE
         : inf->compat32 ? GDBX_VIEW_PROCESS32 : GDBX_VIEW_PROCESS;
}

static void select_thread(Selected *s)
{
    const GdbxInferior *inf = gdbx_selected();
    const OsiTask *t = inf ? NULL : gdbx_task_thread(gdbx.general.tid);

    *s = (Selected) { .machine = !inf && !t };
    if (t) {
        s->known = gdbx_task_registers(t, &s->thread, &s->saved.regs);
    } else if (inf) {
        s->known = gdbx_user_thread(inf, gdbx.general.tid, &s->thread,
                                    &s->saved, NULL);
    } else {
        s->thread.cs = gdbserver_state.g_cpu;
        s->known = true;
        cpu_synchronize_state(s->thread.cs);
    }
    s->thread.view = gdbx_view(gdbx.general.pid);
}

/* The task whose thread this is: of a CPU, the one that runs on it. */
static int32_t task_number(const Selected *s, GdbxRegSource source)
{
    const OsiTask *t;

    if (!s->machine) {
        return source == GDBX_REG_OSPID ? s->thread.pid : s->thread.tid;
    }
    t = gdbx_current(s->thread.cs, NULL);
    return !t ? 0 : source == GDBX_REG_OSPID ? t->tgid : t->pid;
}

static bool read_reg(const Selected *s, unsigned n, const GdbxRegInfo *info,
                     GByteArray *out)
{
    uint8_t le[8];

    if (info->source == GDBX_REG_CPU) {
        return gdbx.arch->read_reg(&s->thread, n, out);
    }
    stq_le_p(le, info->source == GDBX_REG_ICOUNT
             ? timeline_now().icount : task_number(s, info->source));
    g_byte_array_append(out, le, info->bytes);
    return true;
}

/*
 * The program counter of a process that has ended, which gdb keeps for a while:
 * 0, for gdb does not resume anything without one.
 */
static bool has_ended(const Selected *s, const GdbxRegInfo *info)
{
    const GdbxInferior *inf = gdbx_selected();

    return inf && inf->gone && !s->known &&
           (!strcmp(info->name, "rip") || !strcmp(info->name, "eip"));
}

static void append_reg(GString *out, const Selected *s, unsigned n,
                       const GdbxRegInfo *info)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();

    if (s->known && read_reg(s, n, info, buf)) {
        gdbx_append_hex(out, buf->data, buf->len);
        return;
    }
    for (unsigned i = 0; i < info->bytes; i++) {
        g_string_append(out, has_ended(s, info) ? "00" : "xx");
    }
}

bool gdbx_pkt_read_regs(const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    GdbxRegInfo info;
    Selected s;

    select_thread(&s);
    for (unsigned n = 0;
         gdbx.arch->reg_info(s.thread.view, n, &info) && info.in_g; n++) {
        append_reg(out, &s, n, &info);
    }
    gdbx_reply(out);
    return true;
}

/* A number is at most that of a register of ours: no cast may wrap it. */
static bool parse_number(const char **args, GdbxView view, unsigned *n,
                         GdbxRegInfo *info)
{
    uint64_t value;

    if (!gdbx_parse_hex(args, &value) || value > UINT16_MAX) {
        return false;
    }
    *n = value;
    return gdbx.arch->reg_info(view, *n, info);
}

bool gdbx_pkt_read_reg(const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    GdbxRegInfo info;
    Selected s;
    unsigned n;

    select_thread(&s);
    if (!parse_number(&args, s.thread.view, &n, &info) || *args) {
        gdb_put_packet("E14");
        return true;
    }
    append_reg(out, &s, n, &info);
    gdbx_reply(out);
    return true;
}

/* Where the kernel has saved it, for a thread that does not run. */
static bool write_saved(const Selected *s, unsigned n, const GdbxRegInfo *info,
                        const uint8_t *value)
{
    const OsiTask *t = osi_task_by_pid(gdbx_guest(), s->thread.tid, NULL);
    OsiUserRegs standing;
    OsiError err = { 0 };
    GdbxSavedReg reg;
    OsiPlace place;
    const char *why = gdbx.arch->write_saved(&s->thread, n, value, &reg);
    uint8_t le[8];

    if (!why && t && gdbx_syscall_regs(t, &standing, NULL)) {
        why = gdbx_syscall_write(t, reg.offset, reg.value);
        if (!why) {
            return true;
        }
    }
    if (!why && (!t || !osi_saved_user_place(gdbx_guest(), t, reg.offset,
                                             &place, &err))) {
        why = t ? err.message : "the thread is gone";
    }
    if (why) {
        gdbx_error("register %s of thread %d, which is not in user mode on a "
                   "CPU now, cannot be written: %s", info->name,
                   (int)s->thread.tid, why);
        return false;
    }
    if (reg.offset == offsetof(OsiUserRegs, rip)) {
        gdbx_call_moved(t->pid, &s->saved.regs, reg.value);
    } else if (reg.offset == offsetof(OsiUserRegs, rax)) {
        gdbx_call_argument(t->pid, &s->saved.regs);
    }
    stq_le_p(le, reg.value);
    cpu_physical_memory_write(place.pa, le, place.bytes);
    return true;
}

static bool write_live(const Selected *s, unsigned n, const GdbxRegInfo *info,
                       const uint8_t *value)
{
    if (info->source != GDBX_REG_CPU ||
        !gdbx.arch->write_reg(&s->thread, n, value)) {
        gdbx_error("register %s cannot be written", info->name);
        return false;
    }
    if (!s->machine) {
        gdbx_call_over(s->thread.cs, s->thread.tid);
    }
    return true;
}

/* True: done. gdb restores all registers after a call: equal is no error. */
static bool write_reg(const Selected *s, unsigned n, const GdbxRegInfo *info,
                      const uint8_t *value)
{
    g_autoptr(GByteArray) now = g_byte_array_new();

    if (!s->known) {
        gdbx_error("registers of thread %d cannot be written: they are not "
                   "known", (int)gdbx.general.tid);
        return false;
    }
    if (!s->thread.cs || info->source != GDBX_REG_CPU) {
        if (read_reg(s, n, info, now) &&
            !memcmp(now->data, value, info->bytes)) {
            return true;
        }
    }
    if (!s->machine && !gdbx_selected()) {
        /* `threads tasks': what its last switch saved is not its user's. */
        gdbx_error("register %s of task %d, which no CPU runs, cannot be "
                   "written", info->name, (int)s->thread.tid);
        return false;
    }
    return s->thread.cs ? write_live(s, n, info, value)
                        : write_saved(s, n, info, value);
}

bool gdbx_pkt_write_reg(const char *args)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    GdbxRegInfo info;
    Selected s;
    unsigned n;

    select_thread(&s);
    if (!parse_number(&args, s.thread.view, &n, &info) || *args++ != '=' ||
        strlen(args) != 2 * info.bytes ||
        !gdbx_unhex(args, info.bytes, buf)) {
        gdb_put_packet("E22");
    } else if (write_reg(&s, n, &info, buf->data)) {
        gdbx_guest_stale();
        gdbx_ok();
    }
    return true;
}

/*
 * Bytes of the registers that a G of @len bytes holds, 0 if it ends inside of
 * one. All of them are of the CPU.
 */
static size_t fit(GdbxView view, size_t len, unsigned *count)
{
    GdbxRegInfo info;
    size_t sum = 0;

    for (*count = 0; sum < len && gdbx.arch->reg_info(view, *count, &info) &&
         info.in_g; ++*count) {
        sum += info.bytes;
    }
    return sum == len ? sum : 0;
}

/* gdb writes single registers (P) where it can, and it can. */
bool gdbx_pkt_write_regs(const char *args)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    GdbxRegInfo info;
    unsigned count;
    Selected s;

    select_thread(&s);
    if (!s.machine) {
        gdbx_error("a process's registers are written one by one");
        return true;
    }
    if (strlen(args) % 2 || !gdbx_unhex(args, strlen(args) / 2, buf) ||
        !fit(s.thread.view, buf->len, &count)) {
        gdb_put_packet("E22");
        return true;
    }
    /* Twice: fstat, which says which register st0 is, comes behind st0. */
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;

        for (unsigned n = 0; n < count; n++) {
            gdbx.arch->reg_info(s.thread.view, n, &info);
            gdbx.arch->write_reg(&s.thread, n, buf->data + at);
            at += info.bytes;
        }
    }
    gdbx_guest_stale();
    gdbx_ok();
    return true;
}

static bool make_features(const char *annex, GString *out)
{
    if (strcmp(annex, "target.xml")) {
        return false;
    }
    g_string_append(out, gdbx.arch->description(gdbx_view(gdbx.general.pid)));
    return true;
}

bool gdbx_pkt_features(const char *args)
{
    return gdbx_xfer("features", args, make_features);
}
