/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a followed process's threads: live ones of a CPU, or those the
 * guest kernel saved when the thread left user mode. The machine's registers
 * are QEMU's own business.
 *
 * Unknown ones are "xx", never an error (R11).
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

typedef struct Selected {
    GdbxInferior *inf;
    GdbxUserThread thread;
    OsiUserRegs saved;
    bool known;          /* the thread has user registers */
} Selected;

/* False: the machine is selected, QEMU's code shall answer. */
static bool selected(Selected *s)
{
    s->inf = gdbx_selected();
    if (!s->inf) {
        return false;
    }
    s->known = gdbx_user_thread(s->inf, gdbx.general.tid, &s->thread,
                                &s->saved, NULL);
    return true;
}

static void append_reg(GString *out, const Selected *s, unsigned n)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    /* Sizes are needed of a thread without registers too. */
    GdbxUserThread none = { .saved = &s->saved, .compat32 = s->inf->compat32 };
    unsigned size = 0;

    if (gdbx.arch->read_user(s->known ? &s->thread : &none, n, buf, &size) &&
        s->known) {
        gdbx_append_hex(out, buf->data, buf->len);
        return;
    }
    for (size = MAX(size, buf->len); size; size--) {
        g_string_append(out, "xx");
    }
}

bool gdbx_pkt_read_regs(const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Selected s = { 0 };
    unsigned in_g;

    if (!selected(&s)) {
        return false;
    }
    gdbx.arch->process_regs(s.inf->compat32, &in_g);
    for (unsigned n = 0; n < in_g; n++) {
        append_reg(out, &s, n);
    }
    gdbx_reply(out);
    return true;
}

bool gdbx_pkt_read_reg(const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Selected s = { 0 };
    unsigned in_g;
    uint64_t n;

    if (!selected(&s)) {
        return false;
    }
    if (!gdbx_parse_hex(&args, &n) || *args ||
        n >= gdbx.arch->process_regs(s.inf->compat32, &in_g)) {
        gdb_put_packet("E14");
        return true;
    }
    append_reg(out, &s, n);
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

/* QEMU takes what is not hex for zeroes, and any length. */
static bool fits_machine(uint64_t n, const GByteArray *value)
{
    g_autoptr(GByteArray) now = g_byte_array_new();

    return n < gdbserver_state.g_cpu->gdb_num_regs &&
           gdb_read_register(gdbserver_state.g_cpu, now, n) == value->len;
}

bool gdbx_pkt_write_reg(const char *args)
{
    g_autoptr(GByteArray) buf = g_byte_array_new();
    Selected s = { 0 };
    bool process = selected(&s);
    unsigned in_g;
    uint64_t n;

    if (!gdbx_parse_hex(&args, &n) || *args++ != '=' || strlen(args) % 2 ||
        !gdbx_unhex(args, strlen(args) / 2, buf) ||
        (!process && !fits_machine(n, buf))) {
        gdb_put_packet("E22");
    } else if (!process) {
        return false;
    } else if (n >= gdbx.arch->process_regs(s.inf->compat32, &in_g)) {
        gdb_put_packet("E22");
    } else if (writable(&s)) {
        gdbx_guest_stale();
        if (gdbx.arch->write_user(&s.thread, n, buf->data, buf->len)) {
            gdbx_ok();
        } else {
            gdbx_error("register %d cannot be written", (int)n);
        }
    }
    return true;
}

/* gdb writes single registers (P) where it can, and it can. */
bool gdbx_pkt_write_regs(const char *args)
{
    if (!gdbx_selected()) {
        return false;
    }
    gdbx_error("a process's registers are written one by one");
    return true;
}

static bool make_features(const char *annex, GString *out)
{
    GdbxInferior *inf = gdbx_selected();

    if (strcmp(annex, "target.xml")) {
        return false;
    }
    g_string_append(out, gdbx.arch->process_xml(inf && inf->compat32));
    return true;
}

bool gdbx_pkt_features(const char *args)
{
    return gdbx_selected() && gdbx_xfer("features", args, make_features);
}
