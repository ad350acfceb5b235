/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first instruction of a signal handler, told by its registers and by the
 * frame that the kernel has just built: arch/x86/include/asm/sigframe.h,
 * include/uapi/asm/{sigcontext,ucontext}.h and arch/x86/kernel/signal*.c of
 * Linux; all of it is ABI. No other state is needed, so any thread may ask.
 */
#include "introspect/thread.h"
#include "linux-threads.h"

#define SIGNALS 64
#define FRAME_MAX 16384         /* with AVX-512 and AMX state it is 12 KiB */

/* struct rt_sigframe of a 64-bit program, from the stack pointer on. */
enum { RT64_UC = 8, RT64_ALT = RT64_UC + 16, RT64_MC = RT64_UC + 40,
       RT64_IP = RT64_MC + 128, RT64_CS = RT64_MC + 144,
       RT64_BYTES = RT64_CS + 8 };
/* struct rt_sigframe_ia32 and sigframe_ia32. */
enum { RT32_UC = 16 + 128, RT32_ALT = RT32_UC + 8, RT32_MC = RT32_UC + 20,
       OLD32_MC = 8, MC32_IP = 56, MC32_CS = 60, RT32_BYTES = RT32_MC + 64 };

static bool in_frame(uint64_t p, uint64_t sp)
{
    return p > sp && p - sp < FRAME_MAX;
}

/* Stack for handlers in use: what is below it is no frame of this handler. */
static void fill_low(OsiSignalFrame *out, uint64_t base, uint64_t size)
{
    out->low = out->sp - base < size ? base : 0;
}

/* General registers that were saved: offsets from struct sigcontext_64. */
static void fill64(OsiSignalFrame *out, const uint8_t *mc)
{
    out->gpr[OSI_RDI] = osi_le(mc + 64, 8);
    out->gpr[OSI_RSI] = osi_le(mc + 72, 8);
    out->gpr[OSI_RDX] = osi_le(mc + 96, 8);
    out->gpr[OSI_RAX] = osi_le(mc + 104, 8);
    out->gpr[OSI_RCX] = osi_le(mc + 112, 8);
    out->gpr[OSI_RSP] = osi_le(mc + 120, 8);
}

/* The same from struct sigcontext_32. */
static void fill32(OsiSignalFrame *out, const uint8_t *mc)
{
    out->gpr[OSI_RDI] = osi_le(mc + 16, 4);
    out->gpr[OSI_RSI] = osi_le(mc + 20, 4);
    out->gpr[OSI_RSP] = osi_le(mc + 28, 4);
    out->gpr[OSI_RDX] = osi_le(mc + 36, 4);
    out->gpr[OSI_RCX] = osi_le(mc + 40, 4);
    out->gpr[OSI_RAX] = osi_le(mc + 44, 4);
}

static bool frame64(const OsiCpu *c, OsiVirtFn read, void *opaque,
                    OsiSignalFrame *out)
{
    uint8_t b[RT64_BYTES];
    uint16_t cs;

    if (c->gpr[OSI_RDI] - 1 >= SIGNALS || c->gpr[OSI_RAX] ||
        c->gpr[OSI_RDX] != c->rsp + RT64_UC ||
        !in_frame(c->gpr[OSI_RSI], c->rsp) ||
        !read(opaque, c->rsp, b, sizeof(b))) {
        return false;
    }
    cs = osi_le(b + RT64_CS, 2);
    if ((cs != LINUX_CS_USER64 && cs != LINUX_CS_USER32) ||
        !osi_le(b, 8)) {
        return false;
    }
    *out = (OsiSignalFrame) { .sp = c->rsp, .word = 8,
                              .pc = osi_le(b + RT64_IP, 8) };
    fill64(out, b + RT64_MC);
    fill_low(out, osi_le(b + RT64_ALT, 8), osi_le(b + RT64_ALT + 16, 8));
    return true;
}

static bool cs32(const uint8_t *mc)
{
    uint16_t cs = osi_le(mc + MC32_CS, 2);

    return cs == LINUX_CS_USER32 || cs == LINUX_CS_USER_I386;
}

static bool frame32(const OsiCpu *c, OsiVirtFn read, void *opaque,
                    OsiSignalFrame *out)
{
    uint32_t sp = c->rsp, sig = c->gpr[OSI_RAX], dx = c->gpr[OSI_RDX],
             cx = c->gpr[OSI_RCX];
    uint8_t b[RT32_BYTES];
    bool rt = cx == sp + RT32_UC && dx == sp + 16;

    if (sig - 1 >= SIGNALS || (!rt && (cx || dx)) ||
        !read(opaque, sp, b, sizeof(b)) || osi_le(b + 4, 4) != sig ||
        !cs32(b + (rt ? RT32_MC : OLD32_MC))) {
        return false;
    }
    *out = (OsiSignalFrame) {
        .sp = sp, .word = 4,
        .pc = osi_le(b + (rt ? RT32_MC : OLD32_MC) + MC32_IP, 4),
    };
    fill32(out, b + (rt ? RT32_MC : OLD32_MC));
    if (rt) {
        fill_low(out, osi_le(b + RT32_ALT, 4), osi_le(b + RT32_ALT + 8, 4));
    }
    return true;
}

bool osi_signal_frame(const OsiCpu *cpu, bool code64, OsiVirtFn read,
                      void *opaque, OsiSignalFrame *out)
{
    return code64 ? frame64(cpu, read, opaque, out)
                  : frame32(cpu, read, opaque, out);
}

/* Its return takes the first word off the stack and then calls the kernel. */
bool osi_in_signal_handler(const OsiSignalFrame *f, uint64_t sp)
{
    return sp >= f->low && sp <= f->sp + 2 * f->word;
}
