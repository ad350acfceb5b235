/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Console output towards gdb, bounded.
 *
 * vCPU threads and the main thread append to a buffer; the main loop sends it
 * as O packets while gdb waits for a stop, the only time when gdb takes them.
 * A write to the client blocks the main loop, and with it the guest's devices
 * and Ctrl-C, when the socket is full. gdb acknowledges each packet as it reads
 * it; so only a few are on their way at a time, and a client that reads nothing
 * costs lines, told as "N lines dropped", never time.
 *
 * A stop reply ends gdb's wait, so it comes behind all that was said before. It
 * is held back until then, but for no longer than the client likes: Ctrl-C, a
 * new packet or a machine that runs again drops the rest.
 *
 * Acknowledgements come back in the order of the packets: those of O packets
 * first, then that of the stop reply, which QEMU keeps for itself
 * (gdbserver_state.last_packet). QEMU takes any byte for a request to stop while
 * the guest runs, so an acknowledgement must not get there. A refused packet is
 * sent again, behind the others.
 *
 * A client that has done away with acknowledgements (QStartNoAckMode) gets what
 * its channel takes without blocking.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/thread.h"
#include "block/aio.h"
#include "system/runstate.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/lines.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/wire.h"

#define CAPACITY  (256 * 1024)
#define CHUNK     1900      /* bytes of text; twice that in a packet */
#define IN_FLIGHT 4
#define HURRY     16        /* packets that any socket takes */
#define LAST      (HURRY + 1)   /* one more, come what may */
#define ATTEMPTS  3

typedef struct Sent {
    GString *text;
    unsigned attempts;
} Sent;

static QemuMutex lock;      /* lines and scheduled */
static GdbxLines lines;
static bool scheduled;
static QEMUBH *bh;
static GQueue flight = G_QUEUE_INIT;    /* of Sent, oldest first */
static GString *held;       /* a stop reply that waits; owned */
static __thread GString *elsewhere;     /* gdbx_output_into() */

static void sent_free(void *opaque)
{
    Sent *s = opaque;

    g_string_free(s->text, TRUE);
    g_free(s);
}

/* Not by gdb_put_packet(): the answer that QEMU keeps is not this one. */
static void transmit(const GString *text)
{
    g_autoptr(GString) s = g_string_new("$O");
    uint8_t sum = 0;

    gdbx_append_hex(s, text->str, text->len);
    for (size_t i = 1; i < s->len; i++) {
        sum += s->str[i];
    }
    g_string_append_printf(s, "#%02x", sum);
    gdb_put_buffer((const uint8_t *)s->str, s->len);
}

/*
 * Without acknowledgements the channel says whether there is room, and a hurry
 * is no reason to block.
 */
static bool room_for_one(unsigned limit, unsigned sent)
{
    if (!gdbx_no_ack()) {
        return g_queue_get_length(&flight) < limit;
    }
    return limit == LAST || (sent < limit && gdbx_wire_room());
}

static bool gdb_waits(void)
{
    return gdbx.client &&
           (held || gdbx_run.reply_due ||
            (gdbserver_state.allow_stop_reply && runstate_is_running()));
}

static void release(void)
{
    g_autoptr(GString) s = g_steal_pointer(&held);

    if (s) {
        gdbx_reply(s);
    }
}

static void go_on(void);

/*
 * Sends until so many packets are on their way; without acknowledgements, so
 * many at a time. False: there is more.
 */
static bool pump(unsigned limit)
{
    unsigned sent = 0;

    while (gdb_waits()) {
        bool room = room_for_one(limit, sent);
        char text[CHUNK];
        size_t len = 0;
        bool more;
        Sent *s;

        qemu_mutex_lock(&lock);
        more = gdbx_lines_any(&lines);
        if (more && room) {
            len = gdbx_lines_take(&lines, text, sizeof(text));
        }
        qemu_mutex_unlock(&lock);
        if (!more) {
            release();
            return true;
        }
        if (!room) {
            if (gdbx_no_ack()) {
                gdbx_wire_when_room(go_on);
            }
            return false;
        }
        s = g_new0(Sent, 1);
        s->text = g_string_new_len(text, len);
        transmit(s->text);
        sent++;
        if (gdbx_no_ack()) {
            sent_free(s);
        } else {
            g_queue_push_tail(&flight, s);
        }
    }
    return false;
}

static void go_on(void)
{
    pump(IN_FLIGHT);
}

static void pump_bh(void *opaque)
{
    qemu_mutex_lock(&lock);
    scheduled = false;
    qemu_mutex_unlock(&lock);
    pump(IN_FLIGHT);
}

void gdbx_output_into(GString *text)
{
    elsewhere = text;
}

void gdbx_output(const char *text, size_t len)
{
    bool wake;

    if (elsewhere) {
        g_string_append_len(elsewhere, text, len);
        return;
    }
    qemu_mutex_lock(&lock);
    gdbx_lines_put(&lines, text, len);
    wake = !scheduled;
    scheduled = true;
    qemu_mutex_unlock(&lock);
    if (wake) {
        qemu_bh_schedule(bh);
    }
}

void gdbx_output_init(void)
{
    qemu_mutex_init(&lock);
    gdbx_lines_init(&lines, CAPACITY);
    bh = aio_bh_new(iohandler_get_aio_context(), pump_bh, NULL);
}

static void forget_flight(void)
{
    g_queue_clear_full(&flight, sent_free);
}

void gdbx_output_reset(void)
{
    forget_flight();
    if (held) {
        g_string_free(g_steal_pointer(&held), TRUE);
    }
    qemu_mutex_lock(&lock);
    gdbx_lines_clear(&lines);
    qemu_mutex_unlock(&lock);
}

void gdbx_output_resumed(void)
{
    pump(IN_FLIGHT);
}

void gdbx_output_stop(const GString *reply)
{
    if (held) {
        g_string_free(held, TRUE);
    }
    held = g_string_new_len(reply->str, reply->len);
    pump(IN_FLIGHT);
}

void gdbx_output_hurry(void)
{
    if (!pump(HURRY) && gdb_waits()) {
        qemu_mutex_lock(&lock);
        gdbx_lines_drop(&lines);
        qemu_mutex_unlock(&lock);
        pump(LAST);         /* the word about it, and the reply */
        release();
    }
}

void gdbx_output_overtaken(void)
{
    if (held) {
        gdbx_output_hurry();
    }
}

static bool acknowledged(uint8_t ch)
{
    Sent *s = g_queue_pop_head(&flight);

    if (!s) {
        /* A stray one; QEMU would stop the guest for it. */
        return runstate_is_running() && !gdbserver_state.last_packet->len;
    }
    if (ch == '-' && ++s->attempts < ATTEMPTS) {
        transmit(s->text);
        g_queue_push_tail(&flight, s);
    } else {
        sent_free(s);
    }
    pump(IN_FLIGHT);
    return true;
}

bool gdbx_output_byte(uint8_t ch)
{
    if (!gdbx.client || gdbserver_state.state != RS_IDLE) {
        return false;
    }
    switch (ch) {
    case '+':
    case '-':
        return acknowledged(ch);
    case '$':
        gdbx_output_overtaken();
        if (!runstate_is_running()) {
            forget_flight();    /* whoever asks on does not acknowledge them */
        }
        return false;
    case 0x03:
        if (!held) {
            return false;
        }
        gdbx_output_hurry();
        return true;
    default:
        return false;
    }
}
