#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Breakpoints and conditions in a recording and in its replay: the same
session, of the machine and of a process, stops at the same instructions.
"""
import re
import tempfile
from pathlib import Path

import recording
from recording import M, RDI, RIP, addresses, const, rdi_is, tap

FIRST = 3000                    # the call of work() where it begins
HITS = 12
MARGIN = 100000
DEADLINE = 120                  # a whole boot lies before the first stop


def memory_is(address, value):
    return f'{const(address)}1a{const(value)}1327'


class Session:
    """The same questions of a machine that records and of one that replays."""

    def __init__(self, vm, work, counter, shift=0, margin=False):
        self.work, self.counter, self.shift = work, counter, shift
        self.trail = []
        with recording.talk_to(vm) as self.talk:
            self.talk.deadline = DEADLINE
            self.machine()
            self.process()
            if margin:
                # A replay that comes to the end of its recording is over.
                self.machine(FIRST + 100 * MARGIN)
                self.trail.pop()

    def register(self, thread, n):
        self.talk.ok('Hg' + thread)
        return int.from_bytes(bytes.fromhex(self.talk.ask(f'p{n:x}')),
                              'little')

    def run(self, packet='vCont;c', what='swbreak:;'):
        """To the next stop; it goes on the trail."""
        stop, said = self.talk.run(packet)
        found = re.match(r'T05thread:(p[0-9a-f]+\.[0-9a-f]+);' + what, stop)
        tap.check(found, f'{stop} {said}')
        time = re.search(r'instruction (\d+)', self.talk.command('gdbx time'))
        self.trail.append((found[1], int(time[1]),
                           self.register(found[1], RIP),
                           self.register(found[1], RDI)))
        return found[1]

    def point(self, condition, packet='Z0'):
        tail = f';X{len(condition) // 2:x},{condition}' if condition else ''
        self.talk.ok(f'{packet},{self.work:x},1{tail}')

    def machine(self, call=FIRST):
        """One of busy-a and busy-b, whichever is first."""
        self.talk.ok(f'Hgp{M}.1')
        self.point(rdi_is(call))
        self.run()
        self.talk.ok(f'Hgp{M}.1')
        self.point('', 'z0')

    def process(self):
        rows = self.talk.xfer('osdata', 'processes')
        pid = int(re.search(r'name="pid">(\d+)<(?:(?!</item>).)*busy-a', rows,
                            re.S)[1])
        thread = self.talk.attach(pid)
        value = self.talk.number(f'{self.counter:x}')
        for n in range(1, HITS + 1):
            goal = value + 1000 * n + self.shift
            self.talk.ok('Hg' + thread)
            self.point(rdi_is(goal) if n % 2 else
                       memory_is(self.counter, goal))
            self.talk.ok(f'Hgp{M}.1')
            tap.equal(self.run(), thread, 'thread')
            self.talk.ok('Hg' + thread)
            self.point('', 'z0')
            for _ in range(3):
                self.run(f'vCont;s:{thread}', '')
            tap.equal(self.talk.number(f'{self.counter:x}') >= goal, True,
                      'the counter has come so far')


def machine(mode, path):
    return recording.Machine(mode, path, shift='auto', sleep='on')


def trail(mode, path, **options):
    with machine(mode, path) as vm:
        return Session(vm, *addresses(), **options).trail


kept = {}


def record():
    if not kept:
        kept['dir'] = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
        kept['path'] = str(Path(kept['dir'].name) / 'rr')
        kept['trail'] = trail('record', kept['path'], margin=True)
    return kept['path'], kept['trail']


def test_same_stops():
    "the replay stops at the instructions where the recording did"
    path, want = record()
    tap.note(f'{len(want)} stops, the last at instruction {want[-1][1]}')
    for n, (got, asked) in enumerate(zip(trail('replay', path), want)):
        tap.equal(got, asked, f'stop {n}')


def test_another_condition():
    "negative control: other conditions stop elsewhere"
    path, want = record()
    tap.check(trail('replay', path, shift=1) != want, 'the same trail')


if __name__ == "__main__":
    tap.main(globals())
