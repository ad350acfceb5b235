#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Binary memory packets, packets longer than QEMU's buffer, and sessions
without acknowledgements. Physical memory below 640 KiB, which Linux leaves
alone, is what is written."""
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from rsp import checksum, escape, frame  # noqa: E402
from session import ONE, Talk, goes_on, on, places, until  # noqa: E402
from output import (LINE, argument, check_lines, point, read_on,  # noqa: E402
                    true_hits)

PHYS = 0x0300000000000000
FREE = PHYS + 0x50000
SEED = 7


def noise(size):
    data = random.Random(SEED).randbytes(size)
    return bytes(range(256)) + data[256:]


def binary(talk, address, size):
    answer = talk.ask(f'x{address:x},{size:x}')
    tap.equal(answer[:1], 'b', answer[:20])
    return answer[1:].encode('latin-1')


def write(talk, address, data):
    return talk.ask(b'X%x,%x:%s' % (address, len(data), escape(data)))


def limit(talk):
    return int(re.search('PacketSize=([0-9a-f]+)', talk.ask(
        'qSupported:multiprocess+'))[1], 16)


@on(ONE)
def test_binary_memory(vm):
    "what X writes x and m read, each byte value, up to the packet's size"
    with Talk(vm) as talk:
        size = limit(talk)
        tap.check(size > 4096, f'PacketSize is {size}')
        before = binary(talk, FREE, size)
        # Escapes double a byte at most; the packet's size counts without.
        for n in (0, 1, 255, 256, 3000, 4090, 4096, 5000, size - 40):
            data = noise(n)[:n]
            tap.equal(write(talk, FREE, data), 'OK', n)
            tap.check(binary(talk, FREE, n) == data, f'{n} bytes differ')
            if n <= size // 2:
                tap.equal(talk.ask(f'm{FREE:x},{n:x}'), data.hex(), n)
        tap.equal(write(talk, FREE, before[:size - 40]), 'OK')


@on(ONE)
def test_long_writes_in_hex(vm):
    "M longer than QEMU's buffer, with run lengths and escapes in it"
    with Talk(vm) as talk:
        before = binary(talk, FREE, 4000)
        head = b'M%x,%x:' % (FREE, 4000)
        tap.equal(talk.ask(head + b'5a' * 4000), 'OK')
        tap.check(binary(talk, FREE, 4000) == b'Z' * 4000, 'written')
        # "0" and 18 more of it, again and again; some in the long part.
        tap.equal(talk.ask(b'M%x,%x:' % (FREE, 3800) + b'0*/' * 400), 'OK')
        tap.check(binary(talk, FREE, 3800) == bytes(3800), 'run lengths')
        tap.equal(talk.ask(head + before.hex().encode()), 'OK')


@on(ONE)
def test_process_and_machine(vm):
    "x equals m in a process and in the machine; X is refused where M is"
    work, counter = places(vm)
    with Talk(vm) as talk:
        for who in ('machine', 'process'):
            if who == 'process':
                talk.attach(ONE.pids['busy-a'])
            else:
                continue_in_busy(vm, talk, work)
            data = binary(talk, int(work, 16), 64)
            tap.equal(talk.ask(f'm{work},40'), data.hex(), who)
            tap.equal(talk.ask('x0,4')[:1], 'E', 'nothing is there')
        tap.check(write(talk, int(work, 16), b'x').startswith('E.'), 'code')
        number = binary(talk, int(counter, 16), 8)
        tap.equal(write(talk, int(counter, 16), number), 'OK')


def continue_in_busy(vm, talk, work):
    """The machine's CPU is in a process where that address is mapped."""
    talk.ok(f'Z0,{work},1')
    talk.expect(talk.run(), 'T05')
    talk.ok(f'z0,{work},1')


@on(ONE)
def test_malformed(vm):
    "lengths that lie, packets too long for anything: refused, and it goes on"
    with Talk(vm) as talk:
        size = limit(talk)
        for bad in (b'X', b'X0', b'X0,', b'X%x,4:abc' % FREE,
                    b'X%x,2:abc' % FREE, b'X%x,ffffffffffffffff:a' % FREE,
                    b'Xzz,1:a', b'x', b'x0', b'x0,', b'x0,1x',
                    b'x%x,%x' % (FREE, size + 1)):
            tap.equal(talk.ask(bad)[:1], 'E', bad)
        tap.check(talk.ask(b'q' * (size - 100)).startswith('E.'), 'q...')
        for junk in (frame(b'M' + b'0' * size), frame(b'X' * (3 * size))):
            talk.send_bytes(junk)           # as QEMU's own: no answer
            talk.nothing_is_due()
        long = frame(b'X' + b'0' * 5000)
        talk.send_bytes(long[:-2] + b'%02x' % (int(long[-2:], 16) ^ 1))
        tap.equal(talk.read_item(), b'-', 'a wrong sum')
        talk.nothing_is_due()


# Without acknowledgements ----------------------------------------------------

class Quiet(Talk):
    def __init__(self, vm):
        super().__init__(vm)
        self.ok('QStartNoAckMode')
        self.ack = False

    def resume(self, payload='vCont;c'):
        self.send(payload)


@on(ONE)
def test_no_acknowledgement(vm):
    "after QStartNoAckMode neither + nor - is sent, whatever comes"
    with Quiet(vm) as talk:
        start = len(talk.transcript)
        talk.attach(ONE.pids['busy-a'])
        talk.send_bytes(b'$qC#00')          # nobody asks for it again
        talk.nothing_is_due()
        for _ in range(3):
            talk.resume()
            talk.interrupt()
            talk.expect(talk.stop(), 'T02')
        tap.equal(write(talk, FREE, binary(talk, FREE, 5000)), 'OK')
        acks = [d for way, d in talk.transcript[start:]
                if way == '<' and d in (b'+', b'-')]
        tap.equal(acks, [], 'acknowledgements')
    with Talk(vm) as talk:                  # the next client has them again
        talk.send('qC')
        tap.equal(talk.read_item(), b'+')


def storm(vm, talk, work):
    """Stopped in work(), then every call prints more than anybody reads."""
    talk.attach(ONE.pids['busy-a'])
    talk.ok(point(work))
    talk.expect(talk.run(), 'T05')
    talk.ok(f'z0,{work},1')
    first = argument(talk)
    talk.ok(point(work, None, [LINE]))
    talk.resume()
    before = vm.oracle.counter(ONE.pids['busy-a'])
    until(lambda: vm.oracle.counter(ONE.pids['busy-a']) > before + 200000,
          'two hundred thousand lines')
    return first


@on(ONE)
def test_slow_reader(vm):
    "a client that reads nothing costs lines, counted, not the guest's time"
    work, _ = places(vm)
    with Quiet(vm) as talk:
        first = storm(vm, talk, work)
        goes_on(ONE)
        talk.interrupt()
        reply, text = read_on(talk)
        tap.check(reply.startswith('T02'), reply)
        tap.check('dropped' in text, 'nothing was dropped')
        tap.equal(check_lines(text, first) - first, true_hits(talk, work),
                  'lines and dropped')
        talk.nothing_is_due()


@on(ONE)
def test_impatient(vm):
    "a second Ctrl-C: what waits is dropped, told, and the stop comes"
    work, _ = places(vm)
    with Quiet(vm) as talk:
        first = storm(vm, talk, work)
        talk.interrupt()
        until(lambda: vm.qmp.command('query-status')['status'] == 'paused',
              'the machine stops')
        talk.interrupt()
        reply, text = read_on(talk)
        tap.check(reply.startswith('T02'), reply)
        tap.equal(check_lines(text, first) - first, true_hits(talk, work))
        talk.nothing_is_due()


@on(ONE)
def test_vanish(vm):
    "a client that goes in a storm leaves the guest running"
    work, _ = places(vm)
    with Quiet(vm) as talk:
        storm(vm, talk, work)
    goes_on(ONE)


def test_control():
    "negative control: noise has what must be escaped; sums are sums"
    tap.check(set(b'#$}*\0') <= set(noise(256)), 'nothing to escape')
    tap.check(len(escape(noise(256))) > 256, 'not escaped')
    tap.equal(frame(b'ab')[-2:], b'%02x' % checksum(b'ab'))


if __name__ == '__main__':
    tap.main(globals())
