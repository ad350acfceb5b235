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
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

typedef struct Selected {
    GdbxThread thread;
    OsiUserRegs saved;
    bool machine;
    bool known;          /* the thread has registers */
} Selected;

GdbxView gdbx_view(int64_t pid)
{
    const GdbxInferior *inf = gdbx_inferior(pid);

    return !inf ? GDBX_VIEW_MACHINE
         : inf->compat32 ? GDBX_VIEW_PROCESS32 : GDBX_VIEW_PROCESS;
}

static void select_thread(Selected *s)
{
    const GdbxInferior *inf = gdbx_selected();

    *s = (Selected) { .machine = !inf };
    if (inf) {
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

static void append_reg(GString *out, const Selected *s, unsigned n,
                       const GdbxRegInfo *info)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();

    if (s->known && read_reg(s, n, info, buf)) {
        gdbx_append_hex(out, buf->data, buf->len);
        return;
    }
    for (unsigned i = 0; i < info->bytes; i++) {
        g_string_append(out, "xx");
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

/* What cannot be written is refused before anything is changed. */
static bool writable(const Selected *s)
{
    if (s->known && s->thread.cs) {
        return true;
    }
    gdbx_error("registers of thread %d cannot be written: it is not in user "
               "mode on a CPU now", (int)gdbx.general.tid);
    return false;
}

/* gdb restores all registers after a call: what is there already may be. */
static bool write_reg(const Selected *s, unsigned n, const GdbxRegInfo *info,
                      const uint8_t *value)
{
    g_autoptr(GByteArray) now = g_byte_array_new();

    if (info->source == GDBX_REG_CPU) {
        return gdbx.arch->write_reg(&s->thread, n, value);
    }
    return read_reg(s, n, info, now) && !memcmp(now->data, value, info->bytes);
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
    } else if (writable(&s)) {
        if (write_reg(&s, n, &info, buf->data)) {
            gdbx_guest_stale();
            gdbx_ok();
        } else {
            gdbx_error("register %s cannot be written", info.name);
        }
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
