#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""reverse-stepi, -step, -next, -finish, -continue with breakpoints and
watchpoints, in a real gdb attached to a process in a replay: they land where a
forward trace of the same instructions says that they must.

The trace is made by `stepi'. Where gdb ends a line is known from its line table
and its manual ("Reverse Execution"), not from what it does here.

GDBX_WALKS=N: so many commands of each kind; GDBX_SEED=N.
"""
import bisect
import contextlib
import os
import random
import re
import tempfile
from typing import NamedTuple

from recording import DEADLINE, Machine, record, tap
from gdbrun import Gdb
from vm import ROOT

WALKS = int(os.environ.get('GDBX_WALKS', 8))
SEED = tap.seed('GDBX_SEED')
SOURCE = 'tests/guest/programs/trail.c'
LINES = (ROOT / SOURCE).read_text().splitlines()
FUNCTIONS = ('kernel', 'square', 'sum', 'depth', 'fresh_page', 'play', 'main')
MARGIN = 20000000
RET = 0xc3


def line_of(mark):
    return next(n for n, text in enumerate(LINES, 1) if f'/* {mark} */' in text)


class Place(NamedTuple):
    """In front of a user instruction of the process."""
    icount: int
    pc: int
    sp: int
    value: int


class Trace:
    """What the process executes in a round, and where gdb would go in it."""

    def __init__(self, places, opcodes, starts, table):
        self.places, self.starts = places, sorted(starts.values())
        self.table = table              # [(address, line)], sorted
        self.keys = [address for address, _ in table]
        depth, self.depth = 0, []
        for n, p in enumerate(places):
            if n and p.pc in self.starts:
                depth += 1
            elif n and opcodes[places[n - 1].pc] == RET:
                depth -= 1
            self.depth.append(depth)

    def function(self, pc):
        "Where it starts."
        return self.starts[bisect.bisect(self.starts, pc) - 1]

    def line_start(self, pc):
        """Of the line's instructions in a row that @pc is among."""
        n = bisect.bisect(self.keys, pc) - 1
        while n and self.table[n - 1][1] == self.table[n][1]:
            n -= 1
        return self.keys[n]

    def line(self, pc):
        return self.table[bisect.bisect(self.keys, pc) - 1][1]

    def is_line(self, n):
        """Does a line begin there, where a step could have ended?"""
        pc = self.places[n].pc
        return pc == self.line_start(pc) and pc not in self.starts

    # Each: from place @n to the place that is returned, None: out of here.

    def stepi(self, n):
        return n - 1 if n else None

    def back(self, n, into):
        """To the beginning of the line that was executed before; @into: or in
        what it has called, of that the last one. A function's prologue is none.
        The same line elsewhere, as of a loop that is entered, is gone through."""
        depth = self.depth[n]
        start, line = (f(self.places[n].pc) for f in (self.line_start, self.line))
        for n in range(n - 1, -1, -1):
            pc = self.places[n].pc
            if self.depth[n] > depth:
                if into and pc == self.line_start(pc):
                    return n
                continue
            if self.depth[n] == depth and self.line_start(pc) == start:
                if self.is_line(n):
                    return n
                continue
            if self.line(pc) != line and pc == self.line_start(pc):
                return n
            depth = self.depth[n]
            start, line = self.line_start(pc), self.line(pc)
        return None

    def step(self, n):
        return self.back(n, True)

    def next(self, n):
        return self.back(n, False)

    def finish(self, n):
        """To the call. gdb goes to where the function was begun last, which in
        a recursion may be another frame's beginning."""
        start = self.function(self.places[n].pc)
        while n >= 0 and self.places[n].pc != start:
            n -= 1
        return n - 1 if n > 0 else None

    def last(self, n, wanted):
        """The last one before that is @wanted (index)."""
        return next((k for k in range(n - 1, -1, -1) if wanted(k)), None)

    def changed(self, n):
        """In front of the instruction that gave `value' what it has there."""
        p = self.places
        return self.last(n, lambda k: p[k].value != p[k + 1].value)


session = {}


def place(gdb):
    text = gdb.cmd('printf "%ld %ld %ld %ld\\n", $icount, $pc, $sp, value')
    return Place(*map(int, text.split()))


def seek(gdb, icount):
    gdb.cmd(f'monitor gdbx seek {icount}')
    return gdb.run('stepi')


def make_trace(gdb):
    """A round, from its first line to that of the next but one."""
    begin = line_of('begin round')
    gdb.cmd(f'tbreak trail.c:{begin}')
    gdb.run('continue')
    places = [place(gdb)]
    rounds = 0
    while rounds < 2:
        gdb.run('stepi')
        places.append(place(gdb))
        rounds += places[-1].pc == places[0].pc
        tap.check(len(places) < 5000, 'a round without an end')
    opcodes = {pc: gdb.number(f'(int)*(unsigned char *){pc:#x}')
               for pc in {p.pc for p in places}}
    starts = {name: gdb.number(f'(long)&{name}') for name in FUNCTIONS}
    table = [(int(e['pc'], 16), int(e['line'])) for e in
             gdb.mi(f'-symbol-list-lines {SOURCE.rsplit("/")[-1]}')['lines']]
    return Trace(places, opcodes, starts, sorted(table))


def begin():
    """(gdb, attached in a replay; the trace); one for all tests."""
    if not session:
        stack = session['stack'] = contextlib.ExitStack()
        path = stack.enter_context(
            tempfile.TemporaryDirectory(prefix='gdbx-rr-')) + '/rr'
        record(path, ('trail', 'busy-a'), more=20000)
        vm = stack.enter_context(Machine('replay', path, ('trail', 'busy-a')))
        gdb = session['gdb'] = stack.enter_context(Gdb())
        gdb.deadline = DEADLINE
        gdb.connect(vm)
        gdb.run('stepi')        # the log's first event: time begins
        last = int(re.search(r' of (\d+) ', gdb.cmd('monitor gdbx when'))[1])
        seek(gdb, last - MARGIN)
        pid = next(int(row['pid']) for row in gdb.os_table('processes')
                   if row['command'].endswith('trail'))
        gdb.attach(pid)
        session['trace'] = make_trace(gdb)
        tap.note(f'{len(session["trace"].places)} instructions, '
                 f'GDBX_SEED={SEED}')
    return session['gdb'], session['trace']


def stand(gdb, trace, n):
    """False: the place cannot be told by its count; something else, an
    interrupt or a fault, is at the same."""
    stop = seek(gdb, trace.places[n].icount)
    tap.equal(gdb.number('$icount'), trace.places[n].icount, f'sought: {stop}')
    return place(gdb) == trace.places[n]


def same(got, want, what):
    tap.equal(got, want, what)


def land(gdb, trace, n, command, want):
    """@command from place @n leads to @want."""
    stop = gdb.run(command)
    same(place(gdb), trace.places[want],
         f'{command} from {n}, {trace.places[n]}, to {want}: {stop}')


def walks(command, rule, start=lambda trace, n: True, prepare=None):
    """WALKS times @command from anywhere in the trace's second round."""
    gdb, trace = begin()
    draw = random.Random(SEED)
    some = [n for n in range(len(trace.places) // 2, len(trace.places))
            if start(trace, n) and rule(trace, n) is not None]
    draw.shuffle(some)
    done = []
    for n in some:
        if len(done) < WALKS and stand(gdb, trace, n):
            if prepare:
                prepare(gdb)
            try:
                land(gdb, trace, n, command, rule(trace, n))
            finally:
                gdb.cmd('delete')
            done.append(n)
    tap.check(len(done) == WALKS or len(done) > len(some) // 2,
              f'{len(done)} of {len(some)}')
    return done


def at_line(trace, n):
    return trace.is_line(n)


def test_stepi():
    "reverse-stepi: through system calls, faults and other tasks"
    walks('reverse-stepi', Trace.stepi)
    gdb, trace = begin()
    # All the way, from the end.
    n = len(trace.places) - 1
    while not stand(gdb, trace, n):
        n -= 1
    for n in range(n, len(trace.places) // 2, -1):
        land(gdb, trace, n, 'reverse-stepi', n - 1)


def test_step():
    "reverse-step: to the beginning of the line before, into callees"
    walks('reverse-step', Trace.step, at_line)


def test_next():
    "reverse-next: past callees"
    walks('reverse-next', Trace.next, at_line)


def test_finish():
    "reverse-finish: to the call"
    walks('reverse-finish', Trace.finish, lambda t, n: t.depth[n] > 0)


def test_breakpoint():
    "reverse-continue to a breakpoint: the last time before"
    for mark in ('in square', 'on the way out', 'fault', 'end of round'):
        line = line_of(mark)

        def rule(trace, n):
            start = min(a for a, l in trace.table if l == line)
            return trace.last(n, lambda k: trace.places[k].pc == start)

        walks('reverse-continue', rule, prepare=lambda gdb: gdb.cmd(
            f'break trail.c:{line}'))


def test_condition():
    "... with a condition"
    line = line_of('on the way out')

    def rule(trace, n):
        start = min(a for a, l in trace.table if l == line)
        return trace.last(n, lambda k: trace.places[k].pc == start
                          and trace.places[k].value == 1)

    walks('reverse-continue', rule, prepare=lambda gdb: gdb.cmd(
        f'break trail.c:{line} if value == 1'))


def test_watch():
    "reverse-continue to a watchpoint: who wrote this"
    walks('reverse-continue', Trace.changed,
          prepare=lambda gdb: gdb.cmd('watch value'))


def test_direction():
    "set exec-direction reverse: the same by forward names"
    gdb, _ = begin()
    try:
        for command, rule, start in (
                ('stepi', Trace.stepi, None), ('step', Trace.step, at_line),
                ('next', Trace.next, at_line)):
            # A seek's own resume goes forwards.
            def prepare(gdb):
                gdb.cmd('set exec-direction reverse')

            gdb.cmd('set exec-direction forward')
            one_direction(command, rule, start or (lambda t, n: True), prepare)
    finally:
        gdb.cmd('set exec-direction forward')


def one_direction(command, rule, start, prepare):
    gdb, trace = begin()
    draw = random.Random(SEED)
    some = [n for n in range(len(trace.places) // 2, len(trace.places))
            if start(trace, n) and rule(trace, n) is not None]
    for n in draw.sample(some, 4):
        gdb.cmd('set exec-direction forward')
        if stand(gdb, trace, n):
            prepare(gdb)
            land(gdb, trace, n, command, rule(trace, n))


def test_check_notices():
    "negative control: another instruction, another rule"
    gdb, trace = begin()
    n = next(n for n in range(len(trace.places) - 1, 0, -1)
             if trace.is_line(n) and trace.step(n) != trace.next(n)
             and stand(gdb, trace, n))
    tap.fails(land, gdb, trace, n, 'reverse-step', trace.next(n))
    tap.check(stand(gdb, trace, n), 'back')
    tap.fails(land, gdb, trace, n, 'reverse-stepi', n - 2)


try:
    tap.main(globals())
finally:
    if session:
        session['stack'].close()
