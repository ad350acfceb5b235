/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes over the wire beside what QEMU's framing does: long packets, no
 * acknowledgements, room in the channel. Main thread, BQL.
 */
#ifndef GDBX_WIRE_H
#define GDBX_WIRE_H

/*
 * PacketSize: bytes of a packet after unescaping, either way. gdb reads and
 * writes memory and files in pieces of that, so more of it means fewer round
 * trips; but it reads files ahead by as much, needed or not.
 */
#define GDBX_PACKET_MAX 0x4000

/* The client has asked for QStartNoAckMode: nobody acknowledges anything. */
bool gdbx_no_ack(void);

/* A client is gone. */
void gdbx_wire_reset(void);

/* A byte from the client; true: it was for us, nobody else may see it. */
bool gdbx_wire_byte(uint8_t ch);

/*
 * Would a packet of a few KiB be taken without blocking now? True for a channel
 * that cannot tell.
 */
bool gdbx_wire_room(void);
/* @fn is called once, from the main loop, when it would. */
void gdbx_wire_when_room(void (*fn)(void));

/* Where the client is; NULL: nothing has been written yet. */
struct CharBackend *gdbx_wire_channel(void);

/*
 * Bytes from @p, which is in the packet that is being handled, to its end:
 * binary data may hold NULs.
 */
size_t gdbx_packet_left(const char *p);

#endif
