# SPDX-License-Identifier: GPL-2.0-or-later
"""The live stub under random packets: those that gdb sends, mutated, cut off,
out of order, many at a time, with and without acknowledgements.

 * still: none that resumes or writes. RAM and all registers are the same
   before and after, and each packet has its one answer.
 * moving: resumes and Ctrl-C among them. The guest goes on as if nothing had
   been.
 * wild: writes too. Only the emulator has to live.

No hang (each block ends with a packet whose answer comes), no crash, no word
of a sanitizer, no growing memory. FUZZ_PACKETS=10000000 makes it longer,
FUZZ_SEED=N another draw, `any' a new one; GDBX_QEMU names an emulator built
with --enable-asan.
"""
import hashlib
import os
import random
import re
import select
import socket
import tempfile
import time
from pathlib import Path

import seeds
from session import DEADLINE, Guest, goes_on, tap, until
from rsp import RspError, expand, frame  # in a directory that session adds

PACKETS = int(os.environ.get('FUZZ_PACKETS', 60000))
SEED = tap.seed('FUZZ_SEED')
BLOCK = 250
SESSION = 20                    # blocks
HANG = 60
GROWTH = 64 << 10             # KiB
# A packet whose answer no other one has, whatever is selected.
MARK, MARKED = b'qqemu.sstepbits', b'ENABLE=1,NOIRQ=2,NOTIMER=4'
RUN = ['busy-a', 'busy-b', 'sleeper', 'threads']
MEMORY = '256M'
SANITIZER = re.compile(r'(?m)^.*(?:runtime error|AddressSanitizer|'
                       r'LeakSanitizer).*$')

# What resumes or ends the guest, and what writes to it.
RESUMES = re.compile(rb'[cCsSkRi]|b[cs]|D|vCont;|vKill|vRun|vAttach;?$')
WRITES = re.compile(rb'[MXGP]|[cs].|[CS].*;')  # c and s may move the PC
ENDS = re.compile(rb'k|R')      # the emulator
HIDDEN = re.compile(rb'\$')     # may begin a packet that nobody meant


def allowed(raw, kind):
    payload = expand(raw)
    if ENDS.match(payload) or payload.startswith(b'qqemu.sstepbits'):
        return False
    if (payload.startswith(b'qSupported') and
            b'multiprocess+' not in payload.split(b'\0')[0]):
        return False        # from there on it would be QEMU's own stub
    if kind == 'still' and (RESUMES.match(payload) or
                            b'*' in raw or raw.endswith(b'}')):
        return False        # the latter two are another packet than they look
    if kind != 'still' and payload.startswith(b'vKill'):
        return False        # QEMU does it, if the client is not ours any more
    if payload.startswith(b'qRcmd'):
        return seeds.harmless_command(payload)
    if kind != 'wild' and (WRITES.match(payload) or HIDDEN.search(payload)
                           or payload.startswith(b'Qqemu.Phy')):
        return False
    return True


class Stream:
    """One session's bytes, both ways, at the speed of the stub."""

    def __init__(self, vm):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(vm.gdb_target)
        self.vm, self.buffer = vm, b''
        self.ack = True

    def close(self):
        self.sock.close()

    def pump(self, data, until):
        """Sends, and reads until this has come. -> all that came"""
        end, sent, got = time.monotonic() + HANG, 0, b''
        while sent < len(data) or until not in got[-1 << 17:]:
            reads, writes, _ = select.select(
                [self.sock], [self.sock] if sent < len(data) else [], [],
                max(0, end - time.monotonic()))
            if not reads and not writes:
                raise RspError(f'no answer in {HANG} s; last: {got[-80:]!r}')
            if writes:
                sent += self.sock.send(data[sent:sent + 4096])
            if reads:
                more = self.sock.recv(1 << 20)
                if not more:
                    raise RspError('the stub closed the connection')
                got += more
        if self.ack:
            self.sock.sendall(b'+')     # before, it would be in a packet
        return got

    def ask(self, payload):
        """The answer to one packet, and no other outstanding."""
        got = self.pump(frame(payload) + frame(MARK), MARKED)
        return [a for a in answers(got) if a != MARKED]


def answers(data):
    """Payloads of packets, without the console's words."""
    found = re.findall(rb'(?s)\$([^#$]*)#[0-9a-f]{2}', data)
    return [a for a in found if not re.fullmatch(rb'O([0-9a-f]{2})+', a)]


class Fuzzer:
    def __init__(self, guest, kind, dice):
        self.guest, self.kind, self.dice = guest, kind, dice
        self.vm = guest.boot()
        self.vm.oracle.deadline = DEADLINE * 2
        self.names = seeds.names(guest)
        self.seeds = seeds.packets(self.names)
        self.sent, self.sessions = 0, 0

    def payload(self):
        while True:
            text = self.dice.choice(self.seeds)
            if self.dice.random() < .7:
                text = seeds.mutate(text, self.dice)
            if allowed(text, self.kind):
                return text

    def packet(self):
        """Bytes of one packet; now and then not quite one."""
        data, chance = frame(self.payload()), self.dice.random()
        if self.kind == 'still' or chance < .93:
            return data
        return self.dice.choice([
            data[:self.dice.randrange(len(data))],          # cut off
            data[:-2] + b'zz', data[:-2] + b'00', data[1:], # no checksum
            b'\x03', b'+', b'-', b'\x03\x03', data + b'-', b'}', b'$',
            bytes(self.dice.randrange(256) for _ in range(8))])

    def block(self):
        self.sent += BLOCK
        return b''.join(self.packet() for _ in range(BLOCK))

    def begin(self):
        """A session as gdb begins it, with processes attached."""
        s = Stream(self.vm)
        s.pump(frame(b'qSupported:multiprocess+;swbreak+;hwbreak+;'
                     b'vContSupported+;fork-events+;exec-events+') +
               frame(b'?') + frame(MARK), MARKED)
        for pid in self.dice.sample('abst', self.dice.randint(0, 3)):
            s.ask(b'vAttach;%s' % self.names[pid].encode())
        if self.dice.random() < .5:
            s.ask(b'QStartNoAckMode')
            s.ack = False
        self.sessions += 1
        return s

    def still_block(self, s):
        sent = [self.payload() for _ in range(BLOCK)]
        self.sent += BLOCK
        got = answers(s.pump(b''.join(map(frame, sent)) + frame(MARK), MARKED))
        if len(got) != BLOCK + 1:
            for payload in sent:
                n = len(s.ask(payload))
                tap.check(n == 1, f'{payload!r}: {n} answers')
            tap.note(f'{len(got) - 1} answers to {BLOCK} packets, once')

    def moving_block(self, s):
        """Whatever it leaves running is stopped, and the stub answers."""
        s.pump(self.block() + b'#00\x03' + frame(MARK), b'')
        end = time.monotonic() + HANG
        while True:
            s.sock.sendall(b'#00\x03' + frame(MARK))
            got = b''
            while MARKED not in got and select.select([s.sock], [], [], .5)[0]:
                more = s.sock.recv(1 << 20)
                if not more:
                    raise RspError('the stub closed the connection')
                got = got[-100:] + more
                if s.ack:
                    s.sock.sendall(b'+')
            # E01: it was QEMU's client for a while, and has detached.
            if MARKED in got or got.endswith(b'$E01#a6'):
                return
            if time.monotonic() > end:
                raise RspError(f'no answer in {HANG} s: {got!r}')

    def session(self, blocks):
        s = self.begin()
        try:
            for _ in range(blocks):
                if self.kind == 'still':
                    self.still_block(s)
                else:
                    self.moving_block(s)
        except (RspError, OSError) as e:
            time.sleep(float(os.environ.get("FUZZ_LINGER", 0)))
            self.vm.process.poll()
            raise tap.Failed(f'seed {SEED}, {self.sent} sent: {e}; '
                             f'exit {self.vm.process.returncode}; '
                             f"{self.vm.log('qemu')[-3000:]}") from None
        finally:
            s.close()
            check_words(self.vm)
        # What is still unread may stop the machine.
        until(lambda: f'disconnected:unix:{self.vm.gdb_target}'
              in self.vm.qmp.hmp('info chardev'), 'the end of the session')

    def run(self, packets):
        while self.sent < packets:
            self.session(SESSION)
            yield


def check_words(vm):
    words = SANITIZER.findall(vm.log('qemu'))
    tap.check(not words, f'seed {SEED}: {words[:3]}')


def resident(vm):
    """KiB that the emulator has, without the guest's RAM."""
    with open(f'/proc/{vm.process.pid}/status', encoding='ascii') as f:
        return int(re.search(r'RssAnon:\s*(\d+)', f.read())[1])


class Machine(Guest):
    """One whose RAM can be looked at from outside."""

    def __init__(self, smp, folder):
        self.ram = Path(folder) / 'ram'
        super().__init__(run=RUN, smp=smp, memory=MEMORY, extra=[
            '-machine', 'pc,memory-backend=ram', '-no-shutdown', '-object',
            f'memory-backend-file,id=ram,size={MEMORY},share=on,'
            f'mem-path={self.ram}'])

    def fingerprint(self):
        with open(self.ram, 'rb') as f:
            ram = hashlib.file_digest(f, 'blake2b').hexdigest()
        return ram, self.vm.qmp.hmp('info registers -a')


def fuzz(kind, share, smp):
    """The guest, after as many packets of this kind."""
    dice = random.Random(f'{SEED} {kind}')
    tap.note(f'FUZZ_SEED={SEED}')
    begun, first = time.monotonic(), None
    with (tempfile.TemporaryDirectory(prefix='gdbx-fuzz-') as folder,
          Machine(smp, folder) as guest):
        f = Fuzzer(guest, kind, dice)
        f.vm.qmp.command('stop')
        before = guest.fingerprint()
        for _ in f.run(PACKETS * share // 10):
            tap.check(f.vm.alive(), f'seed {SEED}: {f.vm.last_words("qemu")}')
            first = first or resident(f.vm)
            if kind == 'moving':
                f.vm.qmp.command('cont')
                goes_on(guest)
        if kind == 'still':
            tap.check(guest.fingerprint() == before, f'seed {SEED}: changed')
            f.vm.qmp.command('cont')
            goes_on(guest)
            f.vm.qmp.command('stop')
            tap.check(guest.fingerprint() != before, 'control: it ran')
        grown = resident(f.vm) - first
        rate = f.sent / (time.monotonic() - begun)
        tap.note(f'{f.sent} packets in {f.sessions} sessions, {rate:.0f}/s, '
                 f'{first} KiB, {grown} KiB more at the end')
        tap.check(grown < GROWTH, f'{grown} KiB more')


def test_still():
    "neither resumed nor written: RAM and registers stay; an answer for each"
    fuzz('still', 5, 1)


def test_moving():
    "resumes and Ctrl-C too: the guest goes on"
    fuzz('moving', 4, 2)


def test_wild():
    "writes of memory and registers too: the emulator goes on"
    fuzz('wild', 1, 2)


if __name__ == "__main__":
    tap.main(globals())
