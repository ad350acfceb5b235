/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87 and SSE registers that the guest's kernel saved for a thread: an FXSAVE
 * image, Intel SDM vol. 1 table 10-2, as gdb numbers its parts. And of those
 * that a CPU has, what QEMU's stub does not tell (it says 0).
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "gdbx/regs.h"
#include "gdbx/regs-desc.h"

/* Places in the image. */
enum { FCW = 0, FSW = 2, FTW = 4, FOP = 6, FIP = 8, FCS = 12, FDP = 16,
       FDS = 20, MXCSR = 24, ST0 = 32, XMM0 = 160 };

/* Two bits for each register: 0 valid, 1 zero, 2 special, 3 empty. */
static uint32_t tag_of(uint64_t mantissa, uint16_t exponent)
{
    exponent &= 0x7fff;
    if (!exponent && !mantissa) {
        return 1;
    }
    return exponent == 0x7fff || !(mantissa >> 63) ? 2 : 0;
}

/* FXSAVE keeps one bit for each: is it there at all. */
static uint32_t full_tags(const uint8_t *image)
{
    unsigned top = lduw_le_p(image + FSW) >> 11 & 7;
    uint32_t tags = 0;

    for (unsigned i = 0; i < 8; i++) {
        bool there = image[FTW] >> i & 1;
        const uint8_t *st = image + ST0 + 16 * ((i - top) & 7);

        tags |= (there ? tag_of(ldq_le_p(st), lduw_le_p(st + 8)) : 3)
                << (2 * i);
    }
    return tags;
}

static uint32_t control(const uint8_t *image, int i)
{
    switch (i) {
    case 0:
        return lduw_le_p(image + FCW);
    case 1:
        return lduw_le_p(image + FSW);
    case 2:
        return full_tags(image);
    case 3:
        return lduw_le_p(image + FCS);
    case 4:
        return ldl_le_p(image + FIP);
    case 5:
        return lduw_le_p(image + FDS);
    case 6:
        return ldl_le_p(image + FDP);
    default:
        return lduw_le_p(image + FOP) & 0x7ff;
    }
}

bool gdbx_i386_saved_fpu(const OsiFpu *fpu, const Reg *r, GByteArray *out)
{
    const uint8_t *image = fpu->fxsave;
    int n = r->machine;
    uint32_t value;

    if (r->kind == K_ST) {
        g_byte_array_append(out, image + ST0 + 16 * (n - M_ST), 10);
    } else if (r->kind == K_PLAIN && n >= M_XMM &&
               n < M_XMM + CPU_NB_REGS) {
        g_byte_array_append(out, image + XMM0 + 16 * (n - M_XMM), 16);
    } else if (r->kind == K_PLAIN && n == M_MXCSR) {
        g_byte_array_append(out, image + MXCSR, 4);
    } else if (r->kind == K_PLAIN && n >= M_FCTRL && n < M_FCTRL + 8) {
        value = cpu_to_le32(control(image, n - M_FCTRL));
        g_byte_array_append(out, (uint8_t *)&value, 4);
    } else {
        return false;
    }
    return true;
}

static uint32_t live_tags(const CPUX86State *env)
{
    uint32_t tags = 0;

    for (unsigned i = 0; i < 8; i++) {
        const floatx80 *st = &env->fpregs[i].d;

        tags |= (env->fptags[i] ? 3 : tag_of(st->low, st->high)) << (2 * i);
    }
    return tags;
}

bool gdbx_i386_live_fpu(const CPUX86State *env, const Reg *r, GByteArray *out)
{
    uint32_t value;

    switch (r->machine - M_FCTRL) {
    case 2:
        value = live_tags(env);
        break;
    case 3:
        value = env->fpcs;
        break;
    case 4:
        value = env->fpip;
        break;
    case 5:
        value = env->fpds;
        break;
    case 6:
        value = env->fpdp;
        break;
    case 7:
        value = env->fpop & 0x7ff;
        break;
    default:
        return false;
    }
    value = cpu_to_le32(value);
    g_byte_array_append(out, (uint8_t *)&value, 4);
    return true;
}
