/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every place where QEMU's own code calls the gdb stub extension, declared
 * once, with who calls it. The patches in patches/10.0 insert these calls and
 * nothing else of substance.
 *
 * Compiled out (user-mode emulation) each hook is an empty inline, so that a
 * patched file needs no #ifdef.
 *
 * Locking: all but the two insn hooks run in the main thread with the BQL.
 */
#ifndef GDBSTUB_HOOKS_H
#define GDBSTUB_HOOKS_H

#ifndef CONFIG_USER_ONLY

/* How often each hook did more than look; for `monitor gdbx hooks`. */
typedef enum GdbxHookId {
    GDBX_HOOK_START, GDBX_HOOK_CONNECTION, GDBX_HOOK_BYTE, GDBX_HOOK_PACKET,
    GDBX_HOOK_INSN_WANTED, GDBX_HOOK_INSN, GDBX_HOOK_FETCH_FAULT,
    GDBX_HOOK__COUNT
} GdbxHookId;

extern uint64_t gdbx_hook_calls[GDBX_HOOK__COUNT];

/*
 * Caller: gdbserver_start() in gdbstub/system.c, before the chardev is made.
 * Takes the extension's own options (",gdbx=on|off") out of @device.
 * Returns false with @errp set when they are wrong.
 */
bool gdbx_hook_start(GString *device, Error **errp);

/*
 * Caller: gdb_chr_event() in gdbstub/system.c, first thing.
 * @opened: a client has connected; false: it is gone.
 */
void gdbx_hook_connection(bool opened);

/*
 * Caller: gdb_read_byte() in gdbstub/gdbstub.c, first thing, for each byte.
 * Returns true when it was an interrupt (0x03) between packets while the guest
 * was stopped: for a moment that gdb does not see, or because gdb has not sent
 * the resume yet that its user means.
 */
bool gdbx_hook_byte(uint8_t ch);

/*
 * Caller: gdb_handle_packet() in gdbstub/gdbstub.c, before QEMU looks at the
 * packet. @line: the packet's text, NUL-terminated.
 * Returns true when the packet was handled and answered (or will be).
 */
bool gdbx_hook_packet(const char *line);

/*
 * Caller: i386_tr_translate_insn() in target/i386/tcg/translate.c, per
 * instruction at translation. vCPU thread, no BQL.
 * @pc: address the instruction is translated at; only its page offset is good
 * for all virtual aliases of the code.
 * Returns true when gdbx_hook_insn() has to be called for it.
 */
bool gdbx_hook_insn_wanted(uint64_t pc);

/*
 * Caller: x86_cpu_tlb_fill() in target/i386/tcg/system/excp_helper.c, when an
 * instruction fetch at @addr is about to raise a page fault with @error_code.
 * vCPU thread. @ra: host return address into translated code, 0 outside of it.
 * Does not return when a point at @addr stops the vCPU instead.
 */
void gdbx_hook_fetch_fault(CPUState *cs, uint64_t addr, uint32_t error_code,
                           uintptr_t ra);

#ifdef TCG_TCG_OP_H
/* Caller: as above. Emits the check in front of the instruction. @eip: EIP/RIP */
void gdbx_hook_insn(TCGv eip);
#endif

#else /* CONFIG_USER_ONLY */

static inline bool gdbx_hook_byte(uint8_t ch)
{
    return false;
}

static inline bool gdbx_hook_packet(const char *line)
{
    return false;
}

static inline bool gdbx_hook_insn_wanted(uint64_t pc)
{
    return false;
}

#ifdef TCG_TCG_OP_H
static inline void gdbx_hook_insn(TCGv eip)
{
}
#endif

#endif /* CONFIG_USER_ONLY */
#endif
