/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports, device memory, PCI, model-specific registers. QEMU's pc-testdev is at
 * port 0xe0 and physical 0xff000000, its edu at 00:04.0.
 */
#include "core.h"

#define EDU     (4 << 3)
#define EDU_BAR 0xc1000000ull
#define ECAM    0xb0000000ull

static int by_width(int width)
{
    return width == 8 ? 3 : width / 2;
}

/* A write is noted before it is made: what it causes comes after. */
void port_out(int width, u16 port, u32 value)
{
    static u64 (*const f[])(u64, u64) = { out1, out2, out4 };
    static const u8 *const at[] = { out1_at, out2_at, out4_at };
    int n = by_width(width);

    note(KIND_IO, width, 1, at[n], port, value);
    f[n](port, value);
}

u32 port_in(int width, u16 port)
{
    static u64 (*const f[])(u64) = { in1, in2, in4 };
    static const u8 *const at[] = { in1_at, in2_at, in4_at };
    int n = by_width(width);
    u32 value = f[n](port) & (0xffffffffu >> (32 - 8 * width));

    note(KIND_IO, width, 0, at[n], port, value);
    return value;
}

void mmio_write(int width, u64 address, u64 value)
{
    static u64 (*const f[])(u64, u64) = { store1, store2, store4, store8 };
    static const u8 *const at[] = { store1_at, store2_at, store4_at,
                                    store8_at };
    int n = by_width(width);

    note(KIND_MMIO, width, 1, at[n], address, value);
    f[n](address, value);
}

u64 mmio_read(int width, u64 address)
{
    static u64 (*const f[])(u64) = { load1, load2, load4, load8 };
    static const u8 *const at[] = { load1_at, load2_at, load4_at, load8_at };
    int n = by_width(width);
    u64 value = f[n](address) & (~0ull >> (64 - 8 * width));

    note(KIND_MMIO, width, 0, at[n], address, value);
    return value;
}

void msr_write(u32 number, u64 value)
{
    note(KIND_MSR, 0, 1, write_msr_at, number, value);
    write_msr(number, value);
}

u64 msr_read(u32 number)
{
    u64 value = read_msr(number);

    note(KIND_MSR, 0, 0, read_msr_at, number, value);
    return value;
}

void apic_send(u32 to, u32 command)
{
    mmio_write(4, APIC + 0x310, to << 24);
    mmio_write(4, APIC + 0x300, command);
}

u32 pci_read(u32 bdf, u32 reg)
{
    u32 value;

    port_out(4, 0xcf8, 0x80000000 | bdf << 8 | reg);
    value = port_in(4, 0xcfc);
    note(KIND_PCI, 4, 0, in4_at, bdf, reg)->c = value;
    return value;
}

void pci_write(u32 bdf, u32 reg, u32 value)
{
    port_out(4, 0xcf8, 0x80000000 | bdf << 8 | reg);
    note(KIND_PCI, 4, 1, out4_at, bdf, reg)->c = value;
    port_out(4, 0xcfc, value);
}

static void pci_stage(void)
{
    u64 at = ECAM | EDU << 12;
    u32 host = pci_read(0, 0), value;

    pci_read(EDU, 0);
    pci_write(EDU, 0x10, EDU_BAR);
    pci_write(EDU, 4, 2);
    pci_read(31 << 3, 0);               /* nobody is there on a PC */
    if (host >> 16 != 0x29c0) {         /* not Q35: there is no ECAM */
        return;
    }
    pci_write(0, 0x64, 0);
    pci_write(0, 0x60, ECAM | 1);
    value = mmio_read(4, at);
    note(KIND_PCI, 4, 0, load4_at, EDU, 0)->c = value;
    value = mmio_read(2, at + 0x2c);
    note(KIND_PCI, 2, 0, load2_at, EDU, 0x2c)->c = value;
    note(KIND_PCI, 1, 1, store1_at, EDU, 0x3c)->c = 0x5a;
    mmio_write(1, at + 0x3c, 0x5a);
}

static u32 part(const void *from, int n, int width)
{
    u32 value = 0;

    for (int i = 0; i < width; i++) {
        value |= (u32)((const u8 *)from)[n * width + i] << (8 * i);
    }
    return value;
}

static void port_stage(void)
{
    u32 words[3] = { 0x01020304, 0x11121314, 0x21222324 };
    static u64 (*const out[])(u64, const void *, u64) =
        { string_out1, string_out2, string_out4 };
    static u64 (*const in[])(u64, void *, u64) =
        { string_in1, string_in2, string_in4 };
    static const u8 *const out_at[] = { string_out1_at, string_out2_at,
                                        string_out4_at };
    static const u8 *const in_at[] = { string_in1_at, string_in2_at,
                                       string_in4_at };

    for (int n = 0, width = 1; n < 3; n++, width *= 2) {
        u32 mask = 0xffffffffu >> (32 - 8 * width);

        port_out(width, 0xe0, 0xa1b2c3d4 & mask);
        port_in(width, 0xe0);
        for (int i = 0; i < 3; i++) {
            note(KIND_IO, width, 1, out_at[n], 0xe8, part(words, i, width));
        }
        out[n](0xe8, words, 3);
        in[n](0xe8, words, 3);
        for (int i = 0; i < 3; i++) {
            note(KIND_IO, width, 0, in_at[n], 0xe8, part(words, i, width));
        }
    }
    port_in(1, 0x1234);                 /* nobody has it */
    port_out(2, 0x1234, 0xbeef);
}

static void memory_stage(void)
{
    for (int width = 1; width <= 8; width *= 2) {
        mmio_write(width, 0xff000100,
                   0x1122334455667788 & (~0ull >> (64 - 8 * width)));
        mmio_read(width, 0xff000100);
    }
    if (this_cpu() == 0) {
        mmio_read(4, EDU_BAR);
        mmio_write(4, EDU_BAR + 4, 0x12345678);
        mmio_read(4, EDU_BAR + 4);
        mmio_write(8, EDU_BAR + 0x80, 0x400000);
        mmio_read(8, EDU_BAR + 0x80);
    }
    mmio_read(4, APIC + 0x30);
    mmio_read(4, 0xd0000000);           /* nobody has it */
}

static void msr_stage(void)
{
    msr_read(0xc0000080);
    msr_write(0xc0000081, (u64)(U32 | 3) << 48 | (u64)K64 << 32);
    msr_write(0xc0000082, (u64)syscall_entry);
    msr_write(0xc0000084, 0);
    msr_write(0xc0000100, 0x123456789000);
    msr_read(0xc0000100);
    msr_write(0xc0000102, 0xffff888000000000 + this_cpu());
    msr_read(0xc0000102);
    msr_read(0x1b);
}

void device_stage(void)
{
    if (this_cpu() == 0) {
        pci_stage();
    }
    port_stage();
    memory_stage();
    msr_stage();
}
