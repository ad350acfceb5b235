#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Breakpoints and conditions in a recording and in its replay: the same
session, of the machine and of a process, stops at the same instructions.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / d)
                for d in ('lib', 'rsp')]
import tap  # noqa: E402
from session import M, Talk, until  # noqa: E402
from vm import (MACHINE, SYSROOT, VM, die_with_parent,  # noqa: E402
                firmware)

RDI, RIP = 5, 16
FIRST = 3000                    # the call of work() where it begins
HITS = 12
MARGIN = 100000
DEADLINE = 120                  # a whole boot lies before the first stop


def const(value):
    return '25%016x' % value


def rdi_is(value):
    return f'260005{const(value)}1327'


def memory_is(address, value):
    return f'{const(address)}1a{const(value)}1327'


class Session:
    """The same questions of a machine that records and of one that replays."""

    def __init__(self, vm, work, counter, shift=0, margin=False):
        self.work, self.counter, self.shift = work, counter, shift
        self.trail = []
        with Talk(vm) as self.talk:
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


class Machine:
    """One that stands at its first instruction and hears nothing from
    outside: what would come from a socket is the hard part of a recording, and
    not what is asked here."""

    def __init__(self, mode, path):
        vm = VM(run=['busy-a', 'busy-b'], paused=True)
        self.dir = tempfile.TemporaryDirectory(prefix='gdbx-')
        self.gdb_target = self.dir.name + '/gdb'
        self.process = subprocess.Popen(
            [str(vm.qemu), *firmware(), *MACHINE, '-S', '-m', '256M',
             '-serial', 'null', '-serial', 'null',
             '-gdb', f'unix:{self.gdb_target},server=on,wait=off',
             '-icount', f'shift=auto,rr={mode},rrfile={path}',
             *vm.guest_arguments()], stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        until(lambda: Path(self.gdb_target).exists() or
              self.process.poll() is not None, 'it listens')

    def stop(self):
        self.process.terminate()        # in order: the recording is written
        self.process.wait(60)
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


def addresses():
    """Of work() and the counter; the program is linked statically."""
    names = subprocess.run(['nm', str(SYSROOT / 'bin/busy')], check=True,
                           capture_output=True, text=True).stdout
    find = {n: int(a, 16) for a, n in
            re.findall(r'([0-9a-f]+) \w (work|counter)\n', names)}
    return find['work'], find['counter']


def trail(mode, path, **options):
    with Machine(mode, path) as vm:
        return Session(vm, *addresses(), **options).trail


recording = {}


def record():
    if not recording:
        recording['dir'] = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
        recording['path'] = str(Path(recording['dir'].name) / 'rr')
        recording['trail'] = trail('record', recording['path'], margin=True)
    return recording['path'], recording['trail']


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


tap.main(globals())
