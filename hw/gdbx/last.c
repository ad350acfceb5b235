/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What passed last at a port or at an address of a device, for gdb, which reads
 * what it watches: a real read would have effects. Only what points mean is
 * noted. A place is a byte for each port and a small cache for memory, from
 * which an older address falls out.
 *
 * Several vCPUs may write at once; each byte is one of theirs.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "access.h"

#define PORTS 0x10000
#define LINES 4096              /* bytes of memory that are kept */

typedef struct Byte {
    uint64_t address;
    uint8_t value;
} Byte;

static uint8_t ports[PORTS];
static Byte bytes[LINES];

static Byte *line(uint64_t address)
{
    return &bytes[(address ^ address >> 12) % LINES];
}

void hw_last_note(const HwAccess *a)
{
    for (unsigned i = 0; i < a->size; i++) {
        uint64_t address = a->address + i;
        uint8_t value = a->value >> (8 * i);

        if (a->port) {
            qatomic_set(&ports[address % PORTS], value);
        } else {
            qatomic_set(&line(address)->address, address);
            qatomic_set(&line(address)->value, value);
        }
    }
}

void hw_last_read(bool port, uint64_t address, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++, address++) {
        if (port) {
            buf[i] = address < PORTS ? ports[address] : 0;
        } else {
            buf[i] = line(address)->address == address ? line(address)->value
                                                       : 0;
        }
    }
}
