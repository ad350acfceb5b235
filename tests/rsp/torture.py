#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Thousands of random breakpoints over two processes that share all code.

The programs (tests/guest/programs/torture.c) count the calls of 2,048 small
functions, for each thread apart, by the very instruction that a breakpoint is
set on. So a condition can say "at the K-th call in this thread", which is
true once; and at each moment the counts say which stops must have been told
and how often each condition was asked:

 * each K is told once, in the right process and thread, none is missed;
 * a point's count of false is the number of calls since it was set;
 * a watchpoint on counts is told at the first change (watches.py).

    SMP             vCPUs of the guest (default 2)
    ICOUNT          if set, the argument of -icount
    TORTURE_SEED    where the random numbers start (default 1; any)
    TORTURE_STOPS   stops to see (default 600)
"""
import os
import random
import re

from session import M, Guest, Talk, on, tap
from watches import Watches

SMP = int(os.environ.get('SMP', '2'))
ICOUNT = os.environ.get('ICOUNT')
SEED = tap.seed('TORTURE_SEED')
STOPS = int(os.environ.get('TORTURE_STOPS', '600'))
FUNCTIONS, THREADS, POINTS = 2048, 2, 1200
SPAN = 400                      # how many calls ahead a condition looks
MACHINE = int(M, 16)
NAMES = ('torture-a', 'torture-b')
RDI, RIP = 5, 16
guest = Guest(run=list(NAMES), smp=SMP,
              extra=['-icount', ICOUNT] if ICOUNT else [])


# Bytecode, as gdb writes it -------------------------------------------------

def const(value):
    return '25%016x' % (value & (1 << 64) - 1)


REG_RDI, EQUAL, ADD, REF64, BIT_AND, END = '260005', '13', '02', '1a', '0f', '27'


def both(rng, a, b):
    """a && b, by `&' or by jumps."""
    if rng.random() < .5:
        return a + b + BIT_AND + END
    # a; log_not; if_goto F; b; goto E; F: const8 0; E: end
    fail = len(a) // 2 + 1 + 3 + len(b) // 2 + 3
    return (f'{a}0e20{fail:04x}{b}21{fail + 2:04x}2200{END}')


def call_is(rng, i, array, k):
    """This thread's call number @k of function @i"""
    return both(rng, REG_RDI + const(array) + EQUAL,
                REG_RDI + const(8 * i) + ADD + REF64 + const(k) + EQUAL)


def tail(conditions):
    return ';' + ''.join(f'X{len(c) // 2:x},{c}' for c in conditions)


class Process:
    """One of the programs, and its counts as they are at a stop."""

    def __init__(self, talk, name, said):
        self.talk, self.pid = talk, guest.pids[name]
        self.sled, self.works, self.labs, self.self = (
            int(said[k], 16) for k in ('sled', 'works', 'labs', 'self'))
        self.size = int(said['size'])

    def memory(self, address, length):
        self.talk.ok(f'Hgp{self.pid:x}.{self.pid:x}')
        return self.read(address, length)

    def read(self, address, length):
        data = b''
        while len(data) < length:
            part = min(0x400, length - len(data))
            answer = self.talk.ask(f'm{address + len(data):x},{part:x}')
            tap.check(not answer.startswith('E'), answer)
            data += bytes.fromhex(answer)
        return data

    def array(self, thread):
        return self.works + thread * self.size

    def counts(self, thread):
        """Calls of each function, and behind them those of the library."""
        data = self.memory(self.array(thread), 8 * (FUNCTIONS + 1))
        return [int.from_bytes(data[n:n + 8], 'little')
                for n in range(0, len(data), 8)]

    def count(self, thread, i):
        data = self.memory(self.array(thread) + 8 * i, 8)
        return int.from_bytes(data, 'little')


class Point:
    """due: {(process, thread): K still to come}; base: the counts at its
    insertion, since when the emulator counts too."""

    def __init__(self, owner, i):
        self.owner, self.i = owner, i
        self.due, self.base = {}, {}
        self.again = self.told = 0


class Torture:
    def __init__(self, talk, said, seed, lose):
        self.rng, self.talk, self.lose = random.Random(seed), talk, lose
        self.processes = {p.pid: p for p in
                          (Process(talk, n, said[n]) for n in NAMES)}
        for pid in self.processes:
            talk.attach(pid)
        self.points = {}                # (owner, i) -> Point
        self.again = {}                 # function -> arrivals asked twice
        self.serial = self.told = self.checked = self.exact = 0
        self.watches = Watches(self)
        self.one = next(iter(self.processes.values()))

    # Setting and lifting --------------------------------------------------

    def select(self, owner):
        thread = f'p{owner:x}.1' if owner == MACHINE else f'p{owner:x}.{owner:x}'
        self.talk.ok('Hg' + thread)

    def address(self, i):
        return self.one.labs if i == FUNCTIONS else self.one.sled + 16 * i

    def where(self, owner, i):
        if i == FUNCTIONS:
            return self.processes[owner].labs
        return self.one.sled + 16 * i

    def watched(self, owner):
        return (self.processes.values() if owner == MACHINE
                else [self.processes[owner]])

    def conditions(self, point):
        """Random ones, all still to come; due and base are set to suit."""
        rng, i, found = self.rng, point.i, []
        point.due, point.base = {}, {}
        point.again, point.told = self.again.get(i, 0), self.told
        for t in range(THREADS):
            now = [p.count(t, i) for p in self.watched(point.owner)]
            for p, n in zip(self.watched(point.owner), now):
                point.base[p.pid, t] = n
            k = max(now) + rng.randrange(2, SPAN)
            if point.owner == MACHINE and i % 8:
                self.serial -= 1
                k = self.serial         # never; only counts
            else:
                for p in self.watched(point.owner):
                    point.due[p.pid, t] = k
            if i == FUNCTIONS:
                found.append(REG_RDI + const(THREADS * k + t) + EQUAL + END)
            else:
                found.append(call_is(rng, i, self.one.array(t), k))
        rng.shuffle(found)
        return found

    def insert(self, owner, i):
        """A new one, or new conditions for one that is there (R12)."""
        point = self.points.setdefault((owner, i), Point(owner, i))
        self.nothing_missed(point)
        self.again[i] = self.again.get(i, 0) + 1
        conditions = self.conditions(point)
        self.select(owner)
        self.talk.ok(f'Z0,{self.where(owner, i):x},1{tail(conditions)}')

    def remove(self, owner, i):
        point = self.points.pop((owner, i))
        self.nothing_missed(point)
        self.again[i] += 1
        self.select(owner)
        self.talk.ok(f'z0,{self.where(owner, i):x},1')

    def anything(self):
        """(owner, function) at random. Of a function whose number is a
        multiple of 8 the machine is told; elsewhere it only counts, and a
        process may have a point at the same place."""
        i = self.rng.randrange(FUNCTIONS)
        if i % 8 == 0 or self.rng.random() < .1:
            return MACHINE, i
        return self.rng.choice(list(self.processes)), i

    def fill(self):
        while len(self.points) < POINTS:
            self.insert(*self.anything())
        for pid in self.processes:
            self.insert(pid, FUNCTIONS)
        self.watches.fill()

    # What the emulator tells ----------------------------------------------

    def nothing_missed(self, point):
        for (pid, t), k in point.due.items():
            now = self.processes[pid].count(t, point.i)
            tap.check(now <= k, f'missed: call {k} of function {point.i} in '
                      f'process {pid}, thread {t}, which has made {now}')

    def register(self, thread, n):
        self.talk.ok('Hg' + thread)
        return int.from_bytes(bytes.fromhex(self.talk.ask(f'p{n:x}')),
                              'little')

    def stopped(self, stop, said):
        """A stop must be a K that is due, where it is due."""
        found = re.match(r'T05thread:(p([0-9a-f]+)\.([0-9a-f]+));swbreak:;',
                         stop)
        tap.check(found, f'{stop} {said}')
        thread, owner, tid = found[1], int(found[2], 16), int(found[3], 16)
        pc, rdi = self.register(thread, RIP), self.register(thread, RDI)
        pid = owner
        if owner == MACHINE:
            pid = int.from_bytes(self.one.read(self.one.self, 8), 'little')
        p = self.processes[pid]
        if pc == p.labs:
            i, k, t = FUNCTIONS, *divmod(rdi, THREADS)
        else:
            i, t = (pc - p.sled) // 16, (rdi - p.works) // p.size
            tap.equal(pc, p.sled + 16 * i, 'PC')
            tap.equal(rdi, p.array(t), 'RDI')
            k = p.count(t, i)
        if owner != MACHINE:
            tap.equal(tid == pid, t == 0, 'it is the main thread')
        what = f'call {k} of function {i} in process {pid}, thread {t}'
        point = self.points.get((owner, i))
        tap.check(point, f'{what}: there is no such point')
        tap.equal(point.due.pop((pid, t), None), k, what)
        self.told += 1
        return point

    def answered(self, point):
        """What gdb's user may do at a stop."""
        if self.rng.random() < .2:
            return self.remove(point.owner, point.i)
        return self.insert(point.owner, point.i)

    def shake(self):
        for owner, i in self.rng.sample(sorted(self.points), 20):
            if self.rng.random() < .5:
                self.remove(owner, i)
            else:
                self.insert(owner, i)
        self.fill()

    def run(self, stops):
        self.fill()
        for n in range(stops):
            self.select(MACHINE)
            stop, said = self.talk.run()
            while self.watches.stopped(stop):
                self.watches.fill()
                self.select(MACHINE)
                stop, said = self.talk.run()
            point = self.stopped(stop, said)
            if self.lose and n == stops // 2:
                # As if this stop had not been told.
                point.due = {key: point.base[key] - 1 for key in point.base}
            self.answered(point)
            if n % 10 == 9:
                self.shake()
            if n % 200 == 199 or n == stops - 1:
                self.check()

    # What the emulator counts ---------------------------------------------

    def listed(self):
        """{(owner, address): false} of the points that are armed."""
        found = {}
        for line in self.talk.command('gdbx points').splitlines():
            row = re.search(r'0x([0-9a-f]{16}) +(machine|process (\d+)) .*'
                            r'true \d+ false (\d+)', line)
            if row and 'removed' not in line:
                owner = int(row[3] or MACHINE)
                found[owner, int(row[1], 16)] = int(row[4])
        return found

    def check(self):
        """All points: none has missed a call, none has counted another."""
        now = {(p.pid, t): p.counts(t) for p in self.processes.values()
               for t in range(THREADS)}
        false = self.listed()
        self.watches.check()
        for (owner, i), point in self.points.items():
            for (pid, t), k in point.due.items():
                tap.check(now[pid, t][i] <= k,
                          f'missed: call {k} of {i} in {pid}, {t}')
            if i == FUNCTIONS:
                continue                # counted behind the call
            calls = sum(now[key][i] - base for key, base in
                        point.base.items())
            counted = false.get((owner, self.where(owner, i)), -1)
            # A hit of another point at this place is asked for again when it
            # goes on, on each vCPU that had one at a stop; then ours is too.
            alone = (self.again[i] == point.again and
                     sum((o, i) in self.points for o in
                         (MACHINE, *self.processes)) == 1)
            most = calls + (0 if alone else SMP * (self.told - point.told))
            tap.check(calls <= counted <= most,
                      f'false at function {i} of {owner}: {counted}, not '
                      f'{calls}..{most}')
            self.exact += alone
            self.checked += calls


def torture(vm, seed, stops, lose=False):
    said = {n: vm.oracle.said(n) for n in NAMES}    # while the guest runs
    with Talk(vm) as talk:
        t = Torture(talk, said, seed, lose)
        t.run(stops)
        tap.note(f'{t.told} stops, {t.watches.told} by watchpoints; '
                 f'{t.checked} false conditions, {t.exact} counts exact')
        tap.check(t.exact > POINTS // 2, 'most counts are not exact')


@on(guest)
def test_every_hit_once(vm):
    "each true hit is told once, each false one is counted"
    tap.note(f'TORTURE_SEED={SEED} SMP={SMP} ICOUNT={ICOUNT}')
    torture(vm, SEED, STOPS)


@on(guest)
def test_a_lost_stop(vm):
    "negative control: a stop that was not told is noticed"
    tap.contains(str(tap.fails(torture, vm, SEED, 40, True)), 'missed')


@on(guest)
def test_a_lost_change(vm):
    "negative control: a change that no watchpoint told is noticed"
    said = {n: vm.oracle.said(n) for n in NAMES}
    with Talk(vm) as talk:
        t = Torture(talk, said, SEED, False)
        t.watches.fill()
        for watch in t.watches.armed.values():
            watch.base[0] -= 1
        tap.contains(str(tap.fails(t.run, 200)), 'changes')


tap.main(globals())
