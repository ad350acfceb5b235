#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Following processes in a recording and in its replay: the same programs are
told at their births, at the same instructions; so is a breakpoint of one."""
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'rsp')]
import tap  # noqa: E402
import points  # noqa: E402
from rsp import Rsp  # noqa: E402
from session import M, Talk  # noqa: E402

FOLLOWED = ('busy-a', 'busy-b')
HITS = 3


class Gdb(Talk):
    """One that understands exec events."""

    def __init__(self, vm):
        # The socket is there a moment before somebody listens.
        while True:
            try:
                Rsp.__init__(self, vm.gdb_target, deadline=points.DEADLINE)
                break
            except ConnectionRefusedError:
                tap.check(vm.process.poll() is None, 'the emulator ended')
        self.ask('qSupported:multiprocess+;swbreak+;hwbreak+;fork-events+;'
                 'vfork-events+;exec-events+;vContSupported+')
        self.ask('?')

    def instruction(self):
        return int(re.search(r'instruction (\d+)',
                             self.command('gdbx time'))[1])


def machine_break(talk, work, value):
    """To that call of whoever comes by; no breakpoint is left."""
    condition = points.rdi_is(value)
    talk.ok(f'Hgp{M}.1')
    talk.ok(f'Z0,{work:x},1;X{len(condition) // 2:x},{condition}')
    stop, said = talk.run()
    tap.check(stop.startswith(f'T05thread:p{M}.1;swbreak'), f'{stop} {said}')
    talk.ok(f'Hgp{M}.1')
    talk.ok(f'z0,{work:x},1')


def trail(mode, path):
    """[(what, thread, instruction)]"""
    work, _ = points.addresses()
    found = []
    with points.machine(mode, path) as vm, Gdb(vm) as talk:
        # The first runs, the second does not yet. The stop is for the guest's
        # OS to be found: a replay does not look for it by the host's clock.
        machine_break(talk, work, 1)
        talk.command('gdbx follow ' + ' '.join(FOLLOWED))
        for _ in FOLLOWED:
            stop, said = talk.run()
            match = re.match(r'T05thread:(p[^;]*);(?:core:\w+;)?exec:(\w+);',
                             stop)
            tap.check(match, f'{stop} {said}')
            found.append((bytes.fromhex(match[2]).decode(), match[1],
                          talk.instruction()))
        thread = found[-1][1]
        talk.ok('Hg' + thread)
        talk.ok(f'Z0,{work:x},1')
        for _ in range(HITS):
            stop, said = talk.run()
            tap.check(stop.startswith(f'T05thread:{thread};swbreak'),
                      f'{stop} {said}')
            found.append(('work', thread, talk.instruction()))
            talk.ok('Hg' + thread)
            talk.ok(f'z0,{work:x},1')
            talk.run(f'vCont;s:{thread}')
            talk.ok(f'Z0,{work:x},1')
        if mode == 'record':
            # A replay that comes to the end of its recording is over.
            talk.ok(f'z0,{work:x},1')
            machine_break(talk, work, 100000)
    return found


def compare(got, want):
    tap.equal(len(got), len(want), 'stops')
    for n, (a, b) in enumerate(zip(got, want)):
        tap.equal(a, b, f'stop {n}')


def test_same_births():
    "programs at their births and a breakpoint: at the same instructions"
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as directory:
        path = directory + '/rr'
        want = trail('record', path)
        tap.note(f'{want}')
        compare(trail('replay', path), want)
    # Control: one instruction later, or one stop less, is another trail.
    what, thread, instruction = want[1]
    tap.fails(compare, [want[0], (what, thread, instruction + 1)] + want[2:],
              want)
    tap.fails(compare, want[:-1], want)


tap.main(globals())
