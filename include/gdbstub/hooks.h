/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every place where QEMU's own code calls the gdb stub extension, declared
 * once, with who calls it. The patches in patches/10.0 insert these calls and
 * nothing else of substance.
 *
 * Compiled out (user-mode emulation) each hook is an empty inline, so that a
 * patched file needs no #ifdef.
 *
 * Locking: hooks run in the main thread with the BQL unless they say otherwise.
 */
#ifndef GDBSTUB_HOOKS_H
#define GDBSTUB_HOOKS_H

#ifndef CONFIG_USER_ONLY

#include "exec/memattrs.h"

/* How often each hook did more than look; for `monitor gdbx hooks`. */
typedef enum GdbxHookId {
    GDBX_HOOK_START, GDBX_HOOK_CONNECTION, GDBX_HOOK_BYTE, GDBX_HOOK_PACKET,
    GDBX_HOOK_INSN_WANTED, GDBX_HOOK_INSN, GDBX_HOOK_FETCH_FAULT,
    GDBX_HOOK_PAGE, GDBX_HOOK_ACCESS, GDBX_HOOK_STORE, GDBX_HOOK_DMA,
    GDBX_HOOK_RAM_WRITTEN,
    GDBX_HOOK_EXEC_PAGE, GDBX_HOOK_DEBUG,
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
 * @db: the block; its pc_next is where the instruction is.
 * Returns true when gdbx_hook_insn() has to be called for it.
 */
struct DisasContextBase;
bool gdbx_hook_insn_wanted(const struct DisasContextBase *db);

/*
 * Caller: x86_cpu_tlb_fill() in target/i386/tcg/system/excp_helper.c, when an
 * instruction fetch at @addr is about to raise a page fault with @error_code.
 * vCPU thread. @ra: host return address into translated code, 0 outside of it.
 * Does not return when a point at @addr stops the vCPU instead.
 */
void gdbx_hook_fetch_fault(CPUState *cs, uint64_t addr, uint32_t error_code,
                           uintptr_t ra);

/*
 * Caller: the same, when the page of @addr gets into the TLB with the rights
 * @prot (PAGE_*). vCPU thread. @paddr: its physical page, in the address space
 * that @attrs select.
 */
void gdbx_hook_exec_page(CPUState *cs, uint64_t addr, uint64_t paddr, int prot,
                         MemTxAttrs attrs);

/*
 * Caller: breakpoint_handler() in target/i386/tcg/system/bpt_helper.c, before it
 * looks for a breakpoint of the guest's own (DR0..DR3). vCPU thread.
 * Returns true when the debug exception at hand is a point's.
 */
bool gdbx_hook_debug(CPUState *cs);

/* Is anything watched, and is any of it physical memory. watch.c sets them. */
extern bool gdbx_watching, gdbx_watching_ram;

int gdbx_page_watched(CPUState *cs, uint64_t page, uint64_t ram);
void gdbx_access_check(CPUState *cs, uint64_t addr, unsigned size, void *host,
                       int flags, uintptr_t ra);
void gdbx_store_note(uint64_t addr, uint64_t low, uint64_t high, uint32_t oi);
void gdbx_ram_written(uint64_t ram, uint64_t len);

/*
 * Caller: tlb_set_page_full() in accel/tcg/cputlb.c. vCPU thread.
 * @page: linear address of the page; @ram: RAM address of it, -1: no RAM.
 * Returns BP_MEM_READ, BP_MEM_WRITE or both when such accesses to the page
 * have to come to gdbx_hook_access().
 */
static inline int gdbx_hook_page(CPUState *cs, uint64_t page, uint64_t ram)
{
    return gdbx_watching ? gdbx_page_watched(cs, page, ram) : 0;
}

/* The access is an atomic operation, which tells no value. */
#define GDBX_ACCESS_ATOMIC 0x10000
/* The access is made through the host pointer; nothing tells its value. */
#define GDBX_ACCESS_BLIND  0x20000

/*
 * Caller: the three places in accel/tcg/cputlb.c that check QEMU's own
 * watchpoints, before they do. vCPU thread, before the access is made.
 * @addr: linear; the @size bytes are within a page. @host: RAM behind @addr,
 * or anything below a page's size. @flags: BP_MEM_READ, BP_MEM_WRITE and
 * GDBX_ACCESS_*. @ra: host return address into translated code, 0 outside.
 * Does not return when the instruction has to be executed in another way.
 */
static inline void gdbx_hook_access(CPUState *cs, uint64_t addr, unsigned size,
                                    void *host, int flags, uintptr_t ra)
{
    if (gdbx_watching) {
        gdbx_access_check(cs, addr, size, host, flags, ra);
    }
}

/*
 * Caller: do_st1_mmu() to do_st16_mmu() in accel/tcg/cputlb.c, first thing: the
 * value that gdbx_hook_access() will be asked about. vCPU thread.
 * @oi: MemOpIdx; the value is in host order, @high used for 16 bytes only.
 */
static inline void gdbx_hook_store(uint64_t addr, uint64_t low, uint64_t high,
                                   uint32_t oi)
{
    if (unlikely(gdbx_watching)) {
        gdbx_store_note(addr, low, high, oi);
    }
}

/*
 * Caller: address_space_write() and address_space_unmap() in system/physmem.c,
 * around what they write: through which address space. Any thread.
 * @as: NULL when it is over.
 */
void gdbx_hook_dma(AddressSpace *as);

/*
 * Caller: invalidate_and_set_dirty() in system/physmem.c. Any thread; the bytes
 * are there already. @ram: RAM address (ram_addr_t).
 */
static inline void gdbx_hook_ram_written(uint64_t ram, uint64_t len)
{
    gdbx_hook_calls[GDBX_HOOK_RAM_WRITTEN]++;
    if (unlikely(gdbx_watching_ram)) {
        gdbx_ram_written(ram, len);
    }
}
#ifdef TCG_TCG_OP_H
/*
 * Caller: as of gdbx_hook_insn_wanted(). Emits the check in front of the
 * instruction. @eip: EIP/RIP of it.
 */
void gdbx_hook_insn(const struct DisasContextBase *db, TCGv eip);
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

struct DisasContextBase;
static inline bool gdbx_hook_insn_wanted(const struct DisasContextBase *db)
{
    return false;
}

#ifdef TCG_TCG_OP_H
static inline void gdbx_hook_insn(const struct DisasContextBase *db, TCGv eip)
{
}
#endif

#endif /* CONFIG_USER_ONLY */
#endif
