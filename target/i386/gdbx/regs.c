/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers read and written while the CPUs stand still: of the machine and of
 * a user thread on a CPU through QEMU's own description, of any other thread
 * from what the guest kernel saved.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/gdbstub.h"
#include "gdbx/regs.h"
#include "gdbx/regs-desc.h"

static void append_int(GByteArray *out, uint64_t value, unsigned bytes)
{
    uint8_t le[8];

    stq_le_p(le, value);
    g_byte_array_append(out, le, bytes);
}

/* QEMU's value in as many bytes as our description says. */
static bool read_machine(CPUState *cs, const Reg *r, GByteArray *out)
{
    static const uint8_t zeroes[16];
    guint end = out->len + r->bits / 8;

    if (!gdb_read_register(cs, out, r->machine)) {
        return false;
    }
    if (out->len < end) {
        g_byte_array_append(out, zeroes, MIN(end - out->len, sizeof(zeroes)));
    }
    g_byte_array_set_size(out, end);
    return true;
}

static bool read_live(CPUState *cs, const Reg *r, GByteArray *out)
{
    switch (r->kind) {
    case K_ORIG:
        append_int(out, -1, r->bits / 8);   /* not in a system call */
        return true;
    case K_CPL:
        append_int(out, cpu_env(cs)->hflags & HF_CPL_MASK, r->bits / 8);
        return true;
    default:
        return r->machine >= 0 && read_machine(cs, r, out);
    }
}

static bool read_saved(const GdbxThread *t, const Reg *r, GByteArray *out)
{
    if (r->kind == K_SPACE) {
        append_int(out, t->root, r->bits / 8);
    } else if (r->kind == K_CPL) {
        append_int(out, t->saved->cs & 3, r->bits / 8);
    } else if (r->saved >= 0) {
        append_int(out, *(const uint64_t *)((const char *)t->saved + r->saved),
                   r->bits / 8);
    } else {
        return false;
    }
    return true;
}

bool gdbx_i386_read_reg(const GdbxThread *t, unsigned n, GByteArray *out)
{
    const Reg *r = gdbx_i386_reg(t->view, n);

    return r && (t->cs ? read_live(t->cs, r, out) : read_saved(t, r, out));
}

/* Not to be changed at all, or not in a process's name. */
static bool read_only(GdbxView view, const Reg *r)
{
    return r->machine < 0 ||
           (view != GDBX_VIEW_MACHINE &&
            (r->kind == K_SPACE || r->kind == K_SEG));
}

bool gdbx_i386_write_reg(const GdbxThread *t, unsigned n, const uint8_t *buf)
{
    const Reg *r = gdbx_i386_reg(t->view, n);
    g_autoptr(GByteArray) now = g_byte_array_new();
    uint8_t wide[16] = { 0 };
    int machine;

    if (!r || !t->cs || r->bits / 8 > sizeof(wide)) {
        return false;
    }
    /* gdb writes -1 here to say "no system call to restart": so it is. */
    if (r->kind == K_ORIG) {
        return true;
    }
    if (read_only(t->view, r)) {
        /* gdb restores all registers after a call: no change is no error. */
        return read_live(t->cs, r, now) && !memcmp(now->data, buf, now->len);
    }
    machine = r->machine;
    if (r->kind == K_ST) {
        /* QEMU reads st(i), but writes the register that has number i. */
        machine = M_ST + (r->machine - M_ST + cpu_env(t->cs)->fpstt) % 8;
    }
    memcpy(wide, buf, r->bits / 8);
    t->cs->cc->gdb_write_register(t->cs, wide, machine);
    return true;
}
