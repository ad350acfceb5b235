/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many small packets in a row.
 *
 * gdb asks one thing at a time: a stop with a thousand breakpoints is two
 * thousand packets, each sent some 20 us after the answer to the last. A turn
 * of the main loop costs as much again (the watch of a channel is taken down
 * and put up, which wakes the loop once for nothing). So while the guest stands
 * still, what comes next is awaited here for a moment, on the socket itself.
 *
 * Only plain sockets: what else a channel may be goes the way it always did.
 */
#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "chardev/char-fe.h"
#include "chardev/char-socket.h"
#include "io/channel.h"
#include "system/runstate.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/wire.h"

/* gdb is done with an answer long before, if it asks on at all. */
#define MOMENT_NS   (200 * SCALE_US)
/* Others have a turn of the main loop at least as often. */
#define TURN_NS     (10 * SCALE_MS)

static SocketChardev *plain_socket(void)
{
    CharBackend *be = gdbx_wire_channel();
    Chardev *chr = be ? be->chr : NULL;
    SocketChardev *s = chr ? (SocketChardev *)
        object_dynamic_cast(OBJECT(chr), TYPE_CHARDEV_SOCKET) : NULL;

    return s && s->state == TCP_CHARDEV_STATE_CONNECTED && s->sioc &&
           s->ioc == QIO_CHANNEL(s->sioc) && !s->is_telnet ? s : NULL;
}

/* May a packet begin in these bytes that lets the guest run? */
static bool resumes(const uint8_t *buf, size_t n)
{
    static const char vcont[] = "vCont;";

    for (size_t i = 0; i < n; i++) {
        if (buf[i] == '$' &&
            (i + 1 == n || strchr("cCsSbDkR", buf[i + 1]) ||
             !memcmp(buf + i + 1, vcont, MIN(n - i - 1, strlen(vcont))))) {
            return true;
        }
    }
    return false;
}

/*
 * Bytes that have come by then, at most @len; 0: none, or the client is gone, or
 * the guest is to run on. A vCPU that came to a stop of its own while the machine
 * stopped has asked for one, too: the main loop has to see that before, or it
 * would stop what has just been started.
 */
static size_t await(uint8_t *buf, size_t len)
{
    SocketChardev *s = plain_socket();
    GPollFD fd = { .fd = s ? s->sioc->fd : -1, .events = G_IO_IN };
    ssize_t n = 0;

    if (s && qemu_poll_ns(&fd, 1, MOMENT_NS) == 1 && fd.revents == G_IO_IN) {
        /* An end or an error shows again, to the channel's own reader. */
        n = recv(fd.fd, buf, len, MSG_PEEK);
        n = n > 0 && !resumes(buf, n) ? recv(fd.fd, buf, n, 0) : 0;
    }
    return n > 0 ? n : 0;
}

void gdbx_hook_received(void)
{
    int64_t end = get_clock() + TURN_NS;
    uint8_t buf[MAX_PACKET_LENGTH];

    gdbx_hook_calls[GDBX_HOOK_RECEIVED]++;
    while (gdbx.on && gdbx.client && !runstate_is_running() &&
           !gdbx_run.unseen && get_clock() < end) {
        size_t n = await(buf, sizeof(buf));

        if (!n) {
            return;
        }
        for (size_t i = 0; i < n; i++) {
            gdb_read_byte(buf[i]);
        }
    }
}
