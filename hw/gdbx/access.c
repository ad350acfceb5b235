/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CPU accesses a device: what kinds of events is that?
 *
 * QEMU lets an instruction that accesses a device be the last of its block of
 * translated code: IN and OUT end it, and an access to memory begins the
 * instruction anew in a block that does (cpu_io_recompile()) before it is made.
 * So a stop behind it needs nothing more, with one exception: a repeated
 * string instruction goes round inside its block. One that accesses ports is
 * translated otherwise while a point may mean it (GDBX_CF_PORTS); one that
 * accesses memory is executed again, alone, before the access is made
 * (gdbx_event_alone()). With instructions counted neither is needed, and no
 * block is another than without points: counts do not change.
 *
 * What devices do among each other does not come by here: those accesses are no
 * instruction's.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bitmap.h"
#include "qemu/bswap.h"
#include "qemu/rcu.h"
#include "exec/address-spaces.h"
#include "exec/memop.h"
#include "exec/target_page.h"
#include "hw/core/cpu.h"
#include "gdbstub/hooks.h"
#include "access.h"

bool gdbx_devices;              /* hooks.h */

/*
 * Accesses to other ports are let go at once. An access of up to four bytes is
 * noted by its first port. Changes while no vCPU runs.
 */
#define PORTS 65536
unsigned long gdbx_ports[BITS_TO_LONGS(PORTS)];
#define WIDEST 4

static GPtrArray *filters[2];   /* HwFilter of the live points: io, mmio */
static bool config;             /* points of PCI configuration space */
static bool (*config_wants)(const HwAccess *a);
static HwConfigFn config_seen;

static const GdbxEventKind kind_of[2] = { GDBX_EVENT_IO, GDBX_EVENT_MMIO };

void hw_config_listener(bool (*wants)(const HwAccess *a), HwConfigFn seen)
{
    config_wants = wants;
    config_seen = seen;
}

static void collect(const GdbxEventPoint *p, void *opaque)
{
    g_ptr_array_add(opaque, p->filter);
}

static bool any_port(void)
{
    for (guint i = 0; i < filters[0]->len; i++) {
        if (((HwFilter *)g_ptr_array_index(filters[0], i))->port) {
            return true;
        }
    }
    return config;
}

static bool any_memory(void)
{
    for (guint i = 0; i < filters[0]->len; i++) {
        if (((HwFilter *)g_ptr_array_index(filters[0], i))->memory) {
            return true;
        }
    }
    return config || filters[1]->len;
}

/* Ports may also be meant by the name of who has them, or what is behind. */
static void note_ports(void)
{
    bitmap_zero(gdbx_ports, PORTS);
    for (guint i = 0; i < filters[0]->len; i++) {
        const HwFilter *f = g_ptr_array_index(filters[0], i);
        uint64_t first = f->first < WIDEST ? 0 : f->first - (WIDEST - 1);

        if (f->port && first < PORTS) {
            bitmap_set(gdbx_ports, first, MIN(f->last, PORTS - 1) - first + 1);
        }
    }
    if (config) {
        bitmap_fill(gdbx_ports, PORTS);
    }
}

void hw_points_changed(void)
{
    CPUState *cs;
    bool ports;

    for (int i = 0; i < 2; i++) {
        filters[i] = filters[i] ?: g_ptr_array_new();
        g_ptr_array_set_size(filters[i], 0);
        gdbx_event_points_each(kind_of[i], collect, filters[i]);
    }
    config = gdbx_event_wanted(GDBX_EVENT_PCI);
    gdbx_devices = any_memory();
    note_ports();
    ports = any_port();
    CPU_FOREACH(cs) {
        if (ports) {
            cs->tcg_cflags |= GDBX_CF_PORTS;
        } else {
            cs->tcg_cflags &= ~GDBX_CF_PORTS;
        }
    }
}

/* The quick look: bit n is kind n, bit 2 configuration space. */
static unsigned wanted(const HwAccess *a)
{
    unsigned kinds = config && config_wants(a) ? 4 : 0;

    for (int k = 0; k < 2; k++) {
        for (guint i = 0; i < filters[k]->len; i++) {
            if (hw_filter_match(g_ptr_array_index(filters[k], i), a)) {
                kinds |= 1u << k;
                break;
            }
        }
    }
    return kinds;
}

static bool announce(CPUState *cs, GdbxEventKind kind, const HwAccess *a,
                     uint64_t pc, uint64_t count, uintptr_t ra)
{
    GdbxEvent ev = {
        .kind = kind, .pc = pc, .ra = ra, .behind = true,
        .stops_behind = true,
        .known = (1u << (a->port ? HW_FIELD_PORT + 1 : HW_FIELD_PORT)) - 1,
        .field = {
            [HW_FIELD_ADDRESS] = a->address, [HW_FIELD_VALUE] = a->value,
            [HW_FIELD_SIZE] = a->size, [HW_FIELD_WRITE] = a->write,
            [HW_FIELD_OFFSET] = a->offset, [HW_FIELD_COUNT] = count,
            [HW_FIELD_PORT] = a->address,
            [HW_FIELD_REGION] = (uintptr_t)a->mr,
        },
    };

    return gdbx_event(cs, &ev);
}

bool hw_event_match(const void *filter, const GdbxEvent *ev)
{
    HwAccess a = {
        .port = ev->known & (1u << HW_FIELD_PORT),
        .write = ev->field[HW_FIELD_WRITE],
        .address = ev->field[HW_FIELD_ADDRESS],
        .mr = (MemoryRegion *)(uintptr_t)ev->field[HW_FIELD_REGION],
        .offset = ev->field[HW_FIELD_OFFSET],
        .size = ev->field[HW_FIELD_SIZE],
    };

    return hw_filter_match(filter, &a);
}

/* "out 0x3f8 size 1 value 0x41 (serial+0x0, isa-serial)" */
void hw_event_text(CPUState *cs, GdbxEvent *ev)
{
    bool port = ev->known & (1u << HW_FIELD_PORT);
    uint64_t address = ev->field[HW_FIELD_ADDRESS];
    static const char *const words[] = { "read", "write", "in", "out" };
    g_autoptr(GString) place = g_string_new(NULL);

    hw_append_place(place, port, address);
    g_snprintf(ev->text, sizeof(ev->text), "%s 0x%" PRIx64 " size %d value 0x%"
               PRIx64 " (%s)", words[2 * port + !!ev->field[HW_FIELD_WRITE]],
               address, (int)ev->field[HW_FIELD_SIZE],
               ev->field[HW_FIELD_VALUE], place->str);
}

static void seen(CPUState *cs, const HwAccess *a, uintptr_t ra)
{
    unsigned kinds = wanted(a);
    uint64_t pc, count = 1;
    bool stop = false;

    if (!kinds) {
        return;
    }
    pc = gdbx_event_pc(cs, ra);
    if (!gdbx_event_repeats(cs, pc, &count)) {
        count = 1;
    }
    hw_last_note(a);
    for (int k = 0; k < 2; k++) {
        if (kinds & (1u << k)) {
            stop |= announce(cs, kind_of[k], a, pc, count, ra);
        }
    }
    if (kinds & 4) {
        stop |= config_seen(cs, a, pc, ra);
    }
    if (stop) {
        gdbx_event_stop_behind(cs);
    }
}

/* Which region has the address; several in one page are hidden behind one. */
static void find_region(HwAccess *a, AddressSpace *as)
{
    hwaddr at, len = a->size;

    RCU_READ_LOCK_GUARD();
    a->mr = address_space_translate(as, a->address, &at, &len, a->write,
                                    MEMTXATTRS_UNSPECIFIED);
    a->offset = at;
}

static HwAccess memory_access(CPUState *cs, const CPUTLBEntryFull *full,
                              uint64_t addr, MemoryRegion *mr, uint64_t offset,
                              uint32_t op, bool write)
{
    uint64_t in_page = addr & (qemu_target_page_size() - 1);
    HwAccess a = {
        .write = write, .size = memop_size(op), .mr = mr, .offset = offset,
        .address = (full->phys_addr & ~(hwaddr)(qemu_target_page_size() - 1)) |
                   in_page,
    };

    if (mr->subpage) {
        find_region(&a, cpu_get_address_space(cs,
                            cpu_asidx_from_attrs(cs, full->attrs)));
    }
    return a;
}

static void one_iteration(CPUState *cs, const HwAccess *a, uintptr_t ra)
{
    if (gdbx_event_loops(cs, ra) && wanted(a)) {
        gdbx_event_alone(cs, ra);
    }
}

void gdbx_device_begin(CPUState *cs, const CPUTLBEntryFull *full,
                       uint64_t addr, MemoryRegion *mr, uint64_t offset,
                       uint32_t op, uintptr_t ra)
{
    HwAccess a = memory_access(cs, full, addr, mr, offset, op, false);

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DEVICE_BEGIN]);
    one_iteration(cs, &a, ra);
}

void gdbx_device_read(CPUState *cs, const CPUTLBEntryFull *full, uint64_t addr,
                      MemoryRegion *mr, uint64_t offset, uint32_t op,
                      uint64_t value, uintptr_t ra)
{
    HwAccess a = memory_access(cs, full, addr, mr, offset, op, false);

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DEVICE_READ]);
    a.value = (op & MO_BSWAP) == MO_BE ? bswap64(value) >> (64 - 8 * a.size)
                                       : value;
    seen(cs, &a, ra);
}

void gdbx_device_write(CPUState *cs, const CPUTLBEntryFull *full,
                       uint64_t addr, MemoryRegion *mr, uint64_t offset,
                       uint32_t op, uint64_t value, uintptr_t ra)
{
    HwAccess a = memory_access(cs, full, addr, mr, offset, op, true);

    qatomic_inc(&gdbx_hook_calls[GDBX_HOOK_DEVICE_WRITE]);
    a.value = extract64(value, 0, 8 * a.size);
    one_iteration(cs, &a, ra);
    seen(cs, &a, ra);
}

void gdbx_port_access(CPUState *cs, uint32_t port, unsigned size, uint64_t value,
                      bool write, uintptr_t ra)
{
    HwAccess a = {
        .port = true, .write = write, .address = (uint16_t)port, .size = size,
        .value = extract64(value, 0, 8 * size),
    };

    find_region(&a, &address_space_io);
    seen(cs, &a, ra);
}
