/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes in and out, where QEMU's framing does not reach: packets longer than
 * its buffer, sessions without acknowledgements.
 *
 * A packet is QEMU's until its buffer is nearly full; then what is there is
 * copied and the rest gathered here, by the same rules. So short packets, which
 * are nearly all, go the way they always did.
 *
 * Without acknowledgements nothing tells what the client has read. Whether the
 * channel takes more without blocking is asked of the channel itself.
 */
#include "qemu/osdep.h"
#include "chardev/char.h"
#include "chardev/char-fe.h"
#include "system/runstate.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"
#include "gdbstub/gdbx/wire.h"

/* Room that the longest step of QEMU's own framing needs: a run of 97. */
#define NEARLY_FULL (MAX_PACKET_LENGTH - 128)

typedef enum Gather {
    GATHER_NOTHING, GATHER_TEXT, GATHER_ESCAPE, GATHER_RUN, GATHER_SUM1,
    GATHER_SUM2,
} Gather;

static struct {
    CharBackend *chr;       /* where QEMU's stub writes to; NULL: not yet known */
    bool no_ack;
    Gather state;
    uint8_t sum, said;
    GByteArray *packet;     /* the long one */
    guint watch;            /* waits for room; 0: nobody waits */
    void (*room)(void);
} wire;

bool gdbx_no_ack(void)
{
    return wire.no_ack;
}

bool gdbx_pkt_no_ack(const char *args)
{
    gdbx_ok();
    wire.no_ack = true;
    return true;
}

void gdbx_wire_reset(void)
{
    wire.no_ack = false;
    wire.state = GATHER_NOTHING;
    if (wire.watch) {
        g_source_remove(wire.watch);
        wire.watch = 0;
    }
}

bool gdbx_hook_put(CharBackend *chr, const uint8_t *buf, int len)
{
    gdbx_hook_calls[GDBX_HOOK_PUT]++;
    wire.chr = chr;
    return wire.no_ack && len == 1 && (*buf == '+' || *buf == '-');
}

CharBackend *gdbx_wire_channel(void)
{
    return wire.chr;
}

/* --- room ------------------------------------------------------------------ */

static gboolean note_room(void *unused, GIOCondition condition, void *opaque)
{
    *(bool *)opaque = true;
    return G_SOURCE_REMOVE;
}

bool gdbx_wire_room(void)
{
    g_autoptr(GMainContext) context = NULL;
    ChardevClass *class;
    bool room = false;
    GSource *source;

    if (!wire.chr || !wire.chr->chr) {
        return true;
    }
    class = CHARDEV_GET_CLASS(wire.chr->chr);
    source = class->chr_add_watch
             ? class->chr_add_watch(wire.chr->chr, G_IO_OUT) : NULL;
    if (!source) {
        return true;            /* a channel that never blocks, or cannot tell */
    }
    context = g_main_context_new();
    g_source_set_callback(source, (GSourceFunc)(void (*)(void))note_room,
                          &room, NULL);
    g_source_attach(source, context);
    g_main_context_iteration(context, false);
    g_source_destroy(source);
    g_source_unref(source);
    return room;
}

static gboolean has_room(void *unused, GIOCondition condition, void *opaque)
{
    wire.watch = 0;
    wire.room();
    return G_SOURCE_REMOVE;
}

void gdbx_wire_when_room(void (*fn)(void))
{
    wire.room = fn;
    if (!wire.watch && wire.chr) {
        wire.watch = qemu_chr_fe_add_watch(wire.chr, G_IO_OUT | G_IO_HUP,
                                           has_room, NULL);
    }
}

/* --- long packets ------------------------------------------------------------ */

size_t gdbx_packet_left(const char *p)
{
    const char *line = gdbserver_state.line_buf;

    if (p >= line && p <= line + gdbserver_state.line_buf_index) {
        return line + gdbserver_state.line_buf_index - p;
    }
    line = wire.packet ? (const char *)wire.packet->data : NULL;
    /* Without the NUL behind it. */
    if (line && p >= line && p < line + wire.packet->len) {
        return line + wire.packet->len - 1 - p;
    }
    return strlen(p);
}

static void take_over(void)
{
    if (!wire.packet) {
        wire.packet = g_byte_array_new();
    }
    g_byte_array_set_size(wire.packet, 0);
    g_byte_array_append(wire.packet, (uint8_t *)gdbserver_state.line_buf,
                        gdbserver_state.line_buf_index);
    wire.sum = gdbserver_state.line_sum;
    wire.state = GATHER_TEXT;
}

static void add(uint8_t ch, int times)
{
    while (times--) {
        if (wire.packet->len >= GDBX_PACKET_MAX) {
            /* As QEMU does: what follows is garbage up to the next packet. */
            wire.state = GATHER_NOTHING;
            gdbserver_state.state = RS_IDLE;
            return;
        }
        g_byte_array_append(wire.packet, &ch, 1);
    }
}

/* The packet is whole. QEMU's handlers have no place for it. */
static void finish(void)
{
    bool good = wire.sum == wire.said;

    wire.state = GATHER_NOTHING;
    gdbserver_state.state = RS_IDLE;
    gdbserver_state.allow_stop_reply = false;
    gdb_put_buffer((const uint8_t *)(good ? "+" : "-"), 1);
    if (!good) {
        return;
    }
    g_byte_array_append(wire.packet, (const uint8_t *)"", 1);
    if (!gdbx_hook_packet((const char *)wire.packet->data)) {
        gdbx_error("the packet is too long for what it asks");
    }
}

static void gather_text(uint8_t ch)
{
    if (ch == '#') {
        wire.state = GATHER_SUM1;
        return;
    }
    wire.sum += ch;
    if (ch == '}') {
        wire.state = GATHER_ESCAPE;
    } else if (ch == '*') {
        wire.state = GATHER_RUN;
    } else {
        add(ch, 1);
    }
}

static void gather_sum(uint8_t ch)
{
    if (!g_ascii_isxdigit(ch)) {
        wire.state = GATHER_TEXT;
    } else if (wire.state == GATHER_SUM1) {
        wire.said = g_ascii_xdigit_value(ch) << 4;
        wire.state = GATHER_SUM2;
    } else {
        wire.said |= g_ascii_xdigit_value(ch);
        finish();
    }
}

static void gather(uint8_t ch)
{
    switch (wire.state) {
    case GATHER_TEXT:
        gather_text(ch);
        return;
    case GATHER_ESCAPE:
        wire.state = ch == '#' ? GATHER_SUM1 : GATHER_TEXT;
        if (ch != '#') {
            wire.sum += ch;
            add(ch ^ 0x20, 1);
        }
        return;
    case GATHER_RUN:
        wire.state = GATHER_TEXT;
        if (ch >= ' ' && ch <= 126 && ch != '#' && ch != '$') {
            wire.sum += ch;
            add(wire.packet->data[wire.packet->len - 1], ch - ' ' + 3);
        }
        return;
    default:
        gather_sum(ch);
    }
}

/*
 * gdb sends what its user types behind `info os' as it is, and never a run
 * length; QEMU would take a '*' for one.
 */
static bool literal_star(uint8_t ch)
{
    static const char object[] = "qXfer:osdata:read:";

    if (ch != '*' || !gdbx.client || gdbserver_state.state != RS_GETLINE ||
        gdbserver_state.line_buf_index < strlen(object) ||
        gdbserver_state.line_buf_index >= NEARLY_FULL ||
        memcmp(gdbserver_state.line_buf, object, strlen(object))) {
        return false;
    }
    gdbserver_state.line_buf[gdbserver_state.line_buf_index++] = ch;
    gdbserver_state.line_sum += ch;
    return true;
}

bool gdbx_wire_byte(uint8_t ch)
{
    if (wire.no_ack) {
        /* QEMU would wait for its acknowledgement, and drop a Ctrl-C. */
        g_byte_array_set_size(gdbserver_state.last_packet, 0);
    }
    if (runstate_is_running()) {
        wire.state = GATHER_NOTHING;
        return false;
    }
    if (wire.state == GATHER_NOTHING) {
        if (literal_star(ch)) {
            return true;
        }
        if (!gdbx.client || gdbserver_state.state != RS_GETLINE ||
            gdbserver_state.line_buf_index < NEARLY_FULL) {
            return false;
        }
        take_over();
    }
    gather(ch);
    return true;
}
