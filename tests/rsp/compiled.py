#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions decided in translated code against the evaluator.

A program (tests/guest/programs/sled.c) runs over thousands of instructions
with all registers known; each gets a breakpoint with a random condition. The
evaluator, which agrees with gdb (tests/unit/gdbstub/test-ax-gdb.py), says
which are true: those must stop, in the order of their addresses, and the others
must be counted as false, once a round.

    SMP             vCPUs of the guest (default 1)
    CONDITIONS      how many (default 6000)
    COMPILED_SEED   where the random numbers start (default 1; any)
"""
import os
import random
import re
import subprocess

from session import Guest, Talk, on, tap
from vm import ROOT

COUNT = int(os.environ.get('CONDITIONS', '6000'))
SEED = tap.seed('COMPILED_SEED')
AX_RUN = os.environ.get('GDBX_AX_RUN') or str(
    ROOT / 'build/tests/tests/unit/gdbstub/ax-run')
RSP, RIP = 7, 16
ROUNDS = 3
EDGES = [0, 1, 2, 7, 31, 63, 64, 65, 127, 128, 255, 32767, 32768, 65535,
         (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1,
         1 << 63, (1 << 64) - 1, (1 << 64) - 2]
OPS = {'add': 0x02, 'sub': 0x03, 'mul': 0x04, 'div_signed': 0x05,
       'div_unsigned': 0x06, 'rem_signed': 0x07, 'rem_unsigned': 0x08,
       'lsh': 0x09, 'rsh_signed': 0x0a, 'rsh_unsigned': 0x0b, 'bit_and': 0x0f,
       'bit_or': 0x10, 'bit_xor': 0x11, 'equal': 0x13, 'less_signed': 0x14,
       'less_unsigned': 0x15}
DIVISIONS = ('div_signed', 'div_unsigned', 'rem_signed', 'rem_unsigned')
SHIFTS = ('lsh', 'rsh_signed', 'rsh_unsigned')
LOG_NOT, BIT_NOT, EXT, REF8, IF_GOTO, GOTO = 0x0e, 0x12, 0x16, 0x17, 0x20, 0x21
REG, END, DUP, ZERO_EXT, SWAP, PICK, ROT = 0x26, 0x27, 0x28, 0x2a, 0x2b, 0x32, 0x33
guest = Guest(run=['sled'], smp=int(os.environ.get('SMP', '1')))


class Writer:
    """Random bytecode; each method leaves one value more on the stack."""

    def __init__(self, rng, data):
        self.rng, self.data, self.code = rng, data, bytearray()

    def const(self, value):
        sizes = [n for n in (1, 2, 4, 8) if value >> 8 * n == 0]
        n = self.rng.choice(sizes)
        self.code += bytes([0x22 + (1, 2, 4, 8).index(n)])
        self.code += value.to_bytes(n, 'big')

    def leaf(self):
        kind = self.rng.randrange(6)
        if kind < 3:
            n = self.rng.choice([r for r in range(RIP + 1) if r != RSP])
            self.code += bytes([REG, 0, n])
        elif kind < 5:
            self.const(self.rng.choice([self.rng.choice(EDGES),
                                        self.rng.getrandbits(64),
                                        self.rng.getrandbits(8)]))
        else:
            size = self.rng.randrange(4)
            self.const(self.data + self.rng.randrange(248))
            self.code += bytes([REF8 + size])

    def unary(self, depth):
        self.value(depth - 1)
        op = self.rng.choice([LOG_NOT, BIT_NOT, EXT, EXT, ZERO_EXT])
        self.code += bytes([op])
        if op in (EXT, ZERO_EXT):
            self.code += bytes([self.rng.choice(
                [8, 16, 32, 64, self.rng.randrange(1, 65)])])

    def binary(self, depth):
        op = self.rng.choice(list(OPS))
        self.value(depth - 1)
        if op in DIVISIONS and self.rng.random() < .8:
            self.const(self.rng.choice(
                [e for e in EDGES if e] + [self.rng.getrandbits(32) or 1]))
        elif op in SHIFTS and self.rng.random() < .8:
            self.const(self.rng.randrange(70))
        else:
            self.value(depth - 1)
        if self.rng.random() < .2:
            self.code += bytes([SWAP])
        self.code += bytes([OPS[op]])

    def shuffled(self, depth):
        """Values used twice, or in another order."""
        ops = [o for o in OPS if o not in DIVISIONS]
        kind = self.rng.randrange(3)
        self.value(depth - 1)
        if kind == 0:
            self.code += bytes([DUP])
        else:
            self.value(depth - 1)
            if kind == 1:
                self.code += bytes([PICK, self.rng.randrange(2)])
            else:
                self.value(depth - 2)
                self.code += bytes([ROT])
            self.code += bytes([OPS[self.rng.choice(ops)]])
        self.code += bytes([OPS[self.rng.choice(ops)]])

    def choice(self, depth):
        """a ? b : c, as gdb writes it."""
        self.value(depth - 1)
        if self.rng.random() < .5:
            self.code += bytes([LOG_NOT])
        jump = len(self.code)
        self.code += bytes([IF_GOTO, 0, 0])
        self.value(depth - 1)
        over = len(self.code)
        self.code += bytes([GOTO, 0, 0])
        self.code[jump + 1:jump + 3] = len(self.code).to_bytes(2, 'big')
        self.value(depth - 1)
        self.code[over + 1:over + 3] = len(self.code).to_bytes(2, 'big')

    def memory(self, depth):
        """At an address that is computed; seldom one that is nowhere."""
        self.value(depth - 1)
        self.const(self.rng.choice([0x7f, 0x3f, 0xf8 if self.rng.random() < .9
                                    else 1 << 44]))
        self.code += bytes([OPS['bit_and']])
        self.const(self.data)
        self.code += bytes([OPS['add'], REF8 + self.rng.randrange(4)])

    def value(self, depth):
        if depth <= 0 or self.rng.random() < .1:
            self.leaf()
        else:
            self.rng.choice([self.unary, self.binary, self.binary, self.binary,
                             self.shuffled, self.choice, self.memory])(depth)


def condition(rng, data):
    """Hexadecimal bytecode; about as often true as false."""
    w = Writer(rng, data)
    w.value(rng.randrange(1, 5))
    if rng.random() < .8:
        w.value(rng.randrange(0, 3))
        w.code += bytes([OPS[rng.choice(['equal', 'less_signed',
                                         'less_unsigned', 'bit_and'])]])
        if rng.random() < .5:
            w.code += bytes([LOG_NOT])
    w.code += bytes([END])
    return w.code.hex()


def number(rng):
    value = rng.getrandbits(64)
    return rng.choice([value, value >> 32, value >> 56, *EDGES])


class Sled:
    def __init__(self, said, talk, pid):
        self.talk = talk
        self.sled, self.regs, self.data, self.go, self.done = (
            int(said[k], 16) for k in ('sled', 'regs', 'data', 'go', 'done'))
        self.nops = int(said['nops'])
        self.thread = talk.attach(pid)
        talk.ok(f'Hg{self.thread}')

    def write(self, address, data):
        self.talk.ok(f'M{address:x},{len(data):x}:{data.hex()}')

    def place(self, rng):
        """New registers and memory, which the evaluator is given too."""
        values = [number(rng) for _ in range(16)]
        block = rng.randbytes(256)
        self.write(self.regs, b''.join(v.to_bytes(8, 'little')
                                       for v in values))
        self.write(self.data, block)
        lines = [f'm {self.data:x} {block.hex()}']
        # What lies behind belongs to the program: not known here.
        return lines + [f'r {n:x} {v:x}' for n, v in enumerate(values)
                        if n != RSP]

    def expected(self, setup, conditions):
        """[is it true?]"""
        lines = list(setup)
        for n, text in enumerate(conditions):
            lines += [f'r {RIP:x} {self.sled + n:x}',
                      f'Z 0,1,1;X{len(text) // 2:x},{text}']
        ran = subprocess.run([AX_RUN], input='\n'.join(lines) + '\n',
                             capture_output=True, text=True, check=True)
        said = ran.stdout.splitlines()[len(setup) + 1::2]
        tap.equal(len(said), len(conditions), 'answers')
        refused = [s for s in said if s.startswith(('refused', 'none'))]
        tap.equal(refused[:1], [], 'refused')
        return [s != 'value 0' for s in said]

    def point(self, address, text='', packet='Z0'):
        tail = f';X{len(text) // 2:x},{text}' if text else ''
        self.talk.ok(f'{packet},{address:x},1{tail}')

    def run(self):
        """PC of the next stop."""
        stop, said = self.talk.run()
        tap.check(stop.startswith(f'T05thread:{self.thread};swbreak:;'),
                  f'{stop} {said}')
        return int.from_bytes(bytes.fromhex(self.talk.ask(f'p{RIP:x}')),
                              'little')

    def false_counts(self):
        found = {}
        for line in self.talk.command('gdbx points').splitlines():
            row = re.search(r'0x([0-9a-f]{16}) .*true \d+ false (\d+)', line)
            if row and 'removed' not in line:
                found[int(row[1], 16) - self.sled] = int(row[2])
        return found

    def to_done(self):
        """Addresses of the stops until the round ends; each point that
        stopped is lifted."""
        stops = []
        pc = self.run()
        while pc != self.done:
            stops.append(pc - self.sled)
            self.point(pc, packet='z0')
            pc = self.run()
        # Past done() too.
        self.point(self.done, packet='z0')
        self.talk.run(f'vCont;s:{self.thread}')
        self.point(self.done)
        return stops


def wrong(stops, expected, conditions):
    """Lines that tell which condition was decided otherwise."""
    want = {n for n, true in enumerate(expected) if true}
    return [f'{n}: {"no " if n in want else ""}stop: {conditions[n]}'
            for n in sorted(want ^ set(stops))]


def batch(sled, rng, count):
    """-> (conditions, which are true, stops of the first round)"""
    setup = sled.place(rng)
    conditions = [condition(rng, sled.data) for _ in range(count)]
    expected = sled.expected(setup, conditions)
    for n, text in enumerate(conditions):
        sled.point(sled.sled + n, text)
    sled.point(sled.done)
    sled.write(sled.go, b'\1')
    sled.to_done()              # a part of a round, or none, or a whole one
    for n, text in enumerate(conditions):
        sled.point(sled.sled + n, text)
    before = sled.false_counts()
    stops = sled.to_done()
    for _ in range(ROUNDS - 1):
        tap.equal(sled.to_done(), [], 'stops of the false ones')
    return conditions, expected, stops, before


def check_counts(sled, expected, before):
    after = sled.false_counts()
    counts = {n: after[n] - before[n] for n, true in enumerate(expected)
              if not true}
    odd = {n: c for n, c in counts.items() if c != ROUNDS}
    tap.equal(odd, {}, f'not counted {ROUNDS} times')


@on(guest)
def test_same_decisions(vm):
    "translated code decides as the evaluator does"
    tap.note(f'COMPILED_SEED={SEED}')
    rng, said, left = random.Random(SEED), vm.oracle.said('sled'), COUNT
    with Talk(vm) as talk:
        sled = Sled(said, talk, guest.pids['sled'])
        while left > 0:
            count = min(left, sled.nops, 2000)
            conditions, expected, stops, before = batch(sled, rng, count)
            bad = wrong(stops, expected, conditions)
            for line in bad[:10]:
                tap.note(line)
            tap.equal(len(bad), 0, 'decided otherwise')
            tap.equal(stops, sorted(stops), 'order of the stops')
            check_counts(sled, expected, before)
            tap.note(f'{count} conditions, {sum(expected)} true')
            left -= count
            for n in range(count):
                if not expected[n]:
                    sled.point(sled.sled + n, packet='z0')


@on(guest)
def test_wrong_decision(vm):
    "negative control: conditions taken for others are noticed"
    rng, said = random.Random(SEED), vm.oracle.said('sled')
    with Talk(vm) as talk:
        sled = Sled(said, talk, guest.pids['sled'])
        conditions, expected, stops, before = batch(sled, rng, 200)
        tap.equal(wrong(stops, expected, conditions), [], 'differences')
        tap.check(wrong(stops, expected[::-1], conditions), 'none')
        tap.fails(check_counts, sled, expected, dict.fromkeys(before, -1))


tap.main(globals())
