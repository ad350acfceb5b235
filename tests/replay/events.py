#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exceptions, interrupts and MSRs in a recording and in its replay: the same
ones at the same instructions, whether or not the machine stops at them."""
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'rsp', 'guest')]
import bare  # noqa: E402
import tap  # noqa: E402
from session import M, Talk  # noqa: E402

KINDS = ('exception', 'interrupt', 'msr')


def counted(text):
    """[(kind, what, instruction)] of the lines that a log prints."""
    return re.findall(r'^at (\d+): (\d+) (\d+) ([0-9a-f]+)$', text, re.M)


class Run:
    """The guest from reset to its end; @stop: the kinds at which it stops."""

    def __init__(self, mode, path, stop=(), log=KINDS):
        extra = ['-icount', f'shift=3,rr={mode},rrfile={path}']
        self.stops, said = [], ''
        with bare.boot('pc', 1, extra) as vm, Talk(vm) as talk:
            talk.deadline = 60
            for n, kind in enumerate(log):
                field = '$_number' if kind == 'msr' else '$_vector'
                talk.command(f'gdbx log {kind} all say "at %lu: {n} %lu %lx\\n"'
                             f', $icount, {field}, $rip')
            for kind in stop:
                talk.command(f'gdbx break {kind} all')
            talk.ok(f"Z0,{bare.symbols()['bare_done']:x},1")
            answer = talk.run()
            while 'swbreak' not in answer[0]:
                tap.check(answer[0].startswith('T05'), answer)
                said += answer[1]
                self.stops.append((self.instruction(talk), answer[1]))
                answer = talk.run()
            said += answer[1]
            self.end = self.instruction(talk)
            self.points = talk.command('gdbx points')
            if mode == 'record':
                talk.ok(f"z0,{bare.symbols()['bare_done']:x},1")
                # A replay that comes to the end of its recording is over.
                talk.run(f'vCont;s:p{M}.1')
        self.events = counted(said)

    @staticmethod
    def instruction(talk):
        return int(re.search(r'instruction (\d+)',
                             talk.command('gdbx time'))[1])


recording = {}


def record():
    """(path of the recording, the run that was recorded)"""
    if not recording:
        recording['dir'] = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
        recording['path'] = recording['dir'].name + '/rr'
        recording['run'] = Run('record', recording['path'])
    return recording['path'], recording['run']


def same(got, want):
    for n, (a, b) in enumerate(zip(got.events, want.events)):
        tap.equal(a, b, f'event {n}')
    tap.equal(len(got.events), len(want.events), 'events')
    tap.equal(got.end, want.end, 'the end, in instructions')


def test_replay_is_the_recording():
    "each event is told at its instruction again"
    path, want = record()
    tap.check(len(want.events) > 70, f'{len(want.events)} events')
    tap.equal({e[1] for e in want.events}, {'0', '1', '2'}, 'kinds')
    same(Run('replay', path), want)


def test_replay_with_stops():
    "a replay that stops at each of them is the same, and at their instructions"
    path, want = record()
    got = Run('replay', path, KINDS)
    same(got, want)
    tap.equal([str(n) for n, _ in got.stops], [e[0] for e in want.events],
              'instructions of the stops')


def test_recording_with_stops():
    "so is a recording that stops at each: no instruction is executed twice"
    _, want = record()
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as room:
        got = Run('record', room + '/rr', KINDS)
        same(got, want)
        tap.equal(len(got.stops), len(want.events), 'stops')
        same(Run('replay', room + '/rr'), want)


def test_control():
    "negative control: an event that is missing, twice or elsewhere is noticed"
    _, want = record()

    def changed(events):
        other = Run.__new__(Run)
        other.events, other.end = events, want.end
        tap.fails(same, other, want)

    e = want.events
    changed(e[:-1])
    changed(e[:5] + e[4:])
    changed(e[:5] + [(str(int(e[5][0]) + 1), *e[5][1:])] + e[6:])


tap.main(globals())
