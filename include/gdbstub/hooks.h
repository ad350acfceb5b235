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

#include "qemu/atomic.h"
#include "exec/memattrs.h"

/* How often each hook did more than look; for `monitor gdbx hooks`. */
typedef enum GdbxHookId {
    GDBX_HOOK_START, GDBX_HOOK_CONNECTION, GDBX_HOOK_BYTE, GDBX_HOOK_PUT,
    GDBX_HOOK_RECEIVED,
    GDBX_HOOK_PACKET,
    GDBX_HOOK_INSN_WANTED, GDBX_HOOK_INSN, GDBX_HOOK_FETCH_FAULT,
    GDBX_HOOK_PAGE, GDBX_HOOK_ACCESS, GDBX_HOOK_STORE, GDBX_HOOK_DMA,
    GDBX_HOOK_RAM_WRITTEN,
    GDBX_HOOK_EXEC_PAGE, GDBX_HOOK_DEBUG,
    GDBX_HOOK_SYSCALL, GDBX_HOOK_USER,
    GDBX_HOOK_DELIVER, GDBX_HOOK_INTERRUPT, GDBX_HOOK_MSR,
    GDBX_HOOK_RECORDING,
    GDBX_HOOK_PORT_IN, GDBX_HOOK_PORT_OUT, GDBX_HOOK_PORT_STRING,
    GDBX_HOOK_DEVICE_BEGIN, GDBX_HOOK_DEVICE_READ, GDBX_HOOK_DEVICE_WRITE,
    GDBX_HOOK_TURN, GDBX_HOOK_BUDGET, GDBX_HOOK_KEEP_CODE,
    GDBX_HOOK_DISK,
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
 * Returns true when nobody else may see it: an interrupt (0x03) between packets
 * while the guest was stopped (for a moment that gdb does not see, or because
 * gdb has not sent the resume yet that its user means); an acknowledgement of
 * what the extension has sent; part of a packet too long for QEMU's buffer.
 */
bool gdbx_hook_byte(uint8_t ch);

/*
 * Caller: gdb_put_buffer() in gdbstub/system.c, first thing: what goes out, and
 * where. Returns true when it must not: an acknowledgement nobody wants.
 */
struct CharBackend;
bool gdbx_hook_put(struct CharBackend *chr, const uint8_t *buf, int len);

/*
 * Caller: gdb_chr_receive() in gdbstub/system.c, last thing: the bytes that had
 * come have been read. May read and serve those that come next.
 */
void gdbx_hook_received(void);

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

/*
 * Caller: replay_enable() in replay/replay.c, when the recording @name has been
 * opened as @f, before it is read. @record: it is going to be written. @header:
 * bytes in front of its events; @version: what they begin with.
 * Returns the file to use in its place, which may be @f. Exits, with a message,
 * when it cannot be replayed.
 */
FILE *gdbx_hook_recording(FILE *f, const char *name, bool record,
                          unsigned header, uint32_t version);

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
/* Does anybody want to know of system calls? Set while no vCPU runs. */
extern bool gdbx_syscalls_wanted;

void gdbx_syscall_made(CPUState *cs, int len, uintptr_t ra);
void gdbx_syscall_user(CPUState *cs);

/*
 * Caller: helper_syscall() and helper_sysenter() in target/i386/tcg, before they
 * change anything, and helper_raise_interrupt() for the vector 0x80. vCPU thread.
 * @len: bytes of the instruction. @ra: host return address into translated code
 * where EIP has not been written back, else 0.
 */
static inline void gdbx_hook_syscall(CPUState *cs, int len, uintptr_t ra)
{
    if (unlikely(gdbx_syscalls_wanted)) {
        gdbx_syscall_made(cs, len, ra);
    }
}

/*
 * Caller: helper_sysret(), helper_sysexit() and helper_iret_protected() in
 * target/i386/tcg/seg_helper.c, when they are done: the CPU may be in user mode.
 */
static inline void gdbx_hook_user(CPUState *cs)
{
    if (unlikely(gdbx_syscalls_wanted)) {
        gdbx_syscall_user(cs);
    }
}

/* Is a delivery held back on some CPU: held.c of the architecture sets it. */
extern bool gdbx_held;
void gdbx_deliver_held(CPUState *cs);

/*
 * Caller: cpu_handle_exception() in accel/tcg/cpu-exec.c, first thing. vCPU
 * thread, no BQL. The exception or interrupt in front of which the CPU had
 * stopped is delivered. May not return.
 */
static inline void gdbx_hook_deliver(CPUState *cs)
{
    if (unlikely(qatomic_read(&gdbx_held))) {
        gdbx_deliver_held(cs);
    }
}

/* Are there points of exceptions or interrupts; of MSRs. x86 sets them. */
extern bool gdbx_traps, gdbx_msrs;

/*
 * Are kinds of instructions wanted anywhere (target/i386/gdbx/insn-sets.h), or
 * does a replay look back? Then which instructions have faulted is noted, and
 * which an interrupt came in front of. vCPU thread.
 */
extern bool gdbx_insn_wanted_now, gdbx_back_looks;
void gdbx_insn_faulted(CPUState *cs, int vector);
void gdbx_insn_interrupted(CPUState *cs);

void gdbx_trap_seen(CPUState *cs, int vector, bool soft, int error,
                    uint64_t next, bool hw, uintptr_t ra);
void gdbx_msr_seen(CPUState *cs, bool write, uint64_t value, uintptr_t ra);

/* Beside the architecture's 0..255. */
#define GDBX_VECTOR_TRIPLE 256
#define GDBX_VECTOR_SMI 257

/*
 * Callers, in front of what they do, with nothing of it done: do_interrupt_all()
 * in target/i386/tcg/seg_helper.c; check_exception() in excp_helper.c, where a
 * triple fault resets the machine; x86_cpu_exec_interrupt() in
 * system/seg_helper.c, before an SMI is taken. vCPU thread. Arguments are those
 * of do_interrupt_all(); @ra: host return address into translated code, or 0.
 * Does not return when the CPU stops in front of it.
 */
static inline void gdbx_hook_interrupt(CPUState *cs, int vector, bool soft,
                                       int error, uint64_t next, bool hw,
                                       uintptr_t ra)
{
    if (unlikely(gdbx_insn_wanted_now | gdbx_back_looks) && !soft && !hw) {
        gdbx_insn_faulted(cs, vector);
    }
    if (unlikely(gdbx_back_looks) && hw) {
        gdbx_insn_interrupted(cs);
    }
    if (unlikely(qatomic_read(&gdbx_traps))) {
        gdbx_trap_seen(cs, vector, soft, error, next, hw, ra);
    }
}

/*
 * Caller: helper_wrmsr() and helper_rdmsr() in
 * target/i386/tcg/system/misc_helper.c, before the instruction changes
 * anything; ECX has the number. vCPU thread.
 * Does not return when the CPU stops in front of the instruction.
 */
static inline void gdbx_hook_msr(CPUState *cs, bool write, uint64_t value,
                                 uintptr_t ra)
{
    if (unlikely(qatomic_read(&gdbx_msrs))) {
        gdbx_msr_seen(cs, write, value, ra);
    }
}

/* Is there a point for which a device's memory is looked at: hw/gdbx/access.c. */
extern bool gdbx_devices;

/* What the next two hooks are about: the access of @size bytes in @op's order. */
struct MemoryRegion;
void gdbx_device_begin(CPUState *cs, const CPUTLBEntryFull *full,
                       uint64_t addr, struct MemoryRegion *mr, uint64_t offset,
                       uint32_t op, uintptr_t ra);
void gdbx_device_read(CPUState *cs, const CPUTLBEntryFull *full, uint64_t addr,
                      struct MemoryRegion *mr, uint64_t offset, uint32_t op,
                      uint64_t value, uintptr_t ra);
void gdbx_device_write(CPUState *cs, const CPUTLBEntryFull *full,
                       uint64_t addr, struct MemoryRegion *mr, uint64_t offset,
                       uint32_t op, uint64_t value, uintptr_t ra);

/*
 * Caller: int_ld_mmio_beN() in accel/tcg/cputlb.c, in front of the access and
 * behind it. vCPU thread with the BQL; the instruction is the last of its block.
 * @full: of the page; @addr: linear; @offset: in @mr; @op: MemOp of the access,
 * which says in which order @value is. @ra: host return address into translated
 * code, 0 outside. The first does not return when a string instruction has to be
 * executed in another way.
 */
static inline void gdbx_hook_device_begin(CPUState *cs,
                                          const CPUTLBEntryFull *full,
                                          uint64_t addr,
                                          struct MemoryRegion *mr,
                                          uint64_t offset, uint32_t op,
                                          uintptr_t ra)
{
    if (unlikely(gdbx_devices)) {
        gdbx_device_begin(cs, full, addr, mr, offset, op, ra);
    }
}

static inline void gdbx_hook_device_read(CPUState *cs,
                                         const CPUTLBEntryFull *full,
                                         uint64_t addr,
                                         struct MemoryRegion *mr,
                                         uint64_t offset, uint32_t op,
                                         uint64_t value, uintptr_t ra)
{
    if (unlikely(gdbx_devices)) {
        gdbx_device_read(cs, full, addr, mr, offset, op, value, ra);
    }
}

/* Caller: int_st_mmio_leN(), in front of the access; the same otherwise. */
static inline void gdbx_hook_device_write(CPUState *cs,
                                          const CPUTLBEntryFull *full,
                                          uint64_t addr,
                                          struct MemoryRegion *mr,
                                          uint64_t offset, uint32_t op,
                                          uint64_t value, uintptr_t ra)
{
    if (unlikely(gdbx_devices)) {
        gdbx_device_write(cs, full, addr, mr, offset, op, value, ra);
    }
}

/*
 * Set in CPUState.tcg_cflags of all vCPUs while a point may mean an access to a
 * port: translated code with this bit tells of them. See gdbstub/gdbx/step.h.
 */
#define GDBX_CF_PORTS 0x00080000

/* Of translated code (target/i386/gdbx/emit-port.c): what was done or will be. */
extern unsigned long gdbx_ports[];      /* a bit each: may a point mean it? */
void gdbx_port_access(CPUState *cs, uint32_t port, unsigned size,
                      uint64_t value, bool write, uintptr_t ra);
/*
 * Caller: rr_cpu_thread_fn() in accel/tcg/tcg-accel-ops-rr.c, before it asks for
 * how many instructions may be executed next. vCPU thread, BQL and replay mutex
 * held, no vCPU executes: the machine may become what it was at another time.
 */
void gdbx_hook_turn(void);

/*
 * Caller: replay_get_instructions() in replay/replay.c: @n instructions may be
 * executed as far as the log goes. vCPU thread, replay mutex held, perhaps no
 * BQL. Returns how many of them shall be.
 */
int gdbx_hook_budget(int n);

/*
 * Caller: cpu_common_post_load() in hw/core/cpu-system.c, before all translated
 * code is thrown away. Returns true when what has to go has gone.
 */
bool gdbx_hook_keep_code(void);

/*
 * Callers: blkreplay_co_preadv(), blkreplay_co_pwritev() and
 * blkreplay_co_pwrite_zeroes() in block/blkreplay.c, by gdbx_hook_disk(). That
 * file is also in tools that have nothing of the extension, so it has the
 * pointer; NULL: nobody is there. Coroutines of the main context, BQL.
 */
struct BlockDriverState;
typedef struct GdbxDisks {
    /* Where to read to instead, and done() is called then; NULL: nowhere. */
    struct QEMUIOVector *(*read)(struct BlockDriverState *bs, int64_t bytes);
    /* The request ends: @qiov gets what is to be read. Frees @own. */
    void (*done)(struct BlockDriverState *bs, int64_t offset,
                 struct QEMUIOVector *own, struct QEMUIOVector *qiov, int ret);
    /* The result of writing @qiov (NULL: zeros); 1: write to the image. */
    int (*write)(struct BlockDriverState *bs, int64_t offset, int64_t bytes,
                 struct QEMUIOVector *qiov);
} GdbxDisks;
extern const GdbxDisks *gdbx_disks;

static inline const GdbxDisks *gdbx_hook_disk(void)
{
    return gdbx_disks;
}

#ifdef TCG_TCG_OP_H
/*
 * Callers: gen_helper_in_func() and gen_helper_out_func() in
 * target/i386/tcg/translate.c, behind and in front of the access. Translation.
 * @size: log2 of the bytes.
 */
void gdbx_hook_port_in(int size, TCGv_i32 port, TCGv value);
void gdbx_hook_port_out(int size, TCGv_i32 port, TCGv_i32 value);
/*
 * Caller: do_gen_rep() there. @ports: the instruction is INS or OUTS. True:
 * it must not go round within its block of translated code.
 */
bool gdbx_hook_port_string(bool ports);

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

static inline void gdbx_hook_deliver(CPUState *cs)
{
}

#define GDBX_VECTOR_TRIPLE 256
static inline void gdbx_hook_interrupt(CPUState *cs, int vector, bool soft,
                                       int error, uint64_t next, bool hw,
                                       uintptr_t ra)
{
}

static inline void gdbx_hook_syscall(CPUState *cs, int len, uintptr_t ra)
{
}

static inline void gdbx_hook_user(CPUState *cs)
{
}

#ifdef TCG_TCG_OP_H
static inline void gdbx_hook_insn(const struct DisasContextBase *db, TCGv eip)
{
}

static inline void gdbx_hook_port_in(int size, TCGv_i32 port, TCGv value)
{
}

static inline void gdbx_hook_port_out(int size, TCGv_i32 port, TCGv_i32 value)
{
}

static inline bool gdbx_hook_port_string(bool ports)
{
    return false;
}
#endif

#endif /* CONFIG_USER_ONLY */
#endif
