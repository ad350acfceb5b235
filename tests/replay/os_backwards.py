#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest OS does, backwards in a replay in a real gdb: points at its events
and at system calls, lines of `log' and `os events'. Backwards is forwards in
reverse order, each at the instruction count where it was told."""
import contextlib
import re
import tempfile

from recording import DEADLINE, Machine, record, tap
from gdbrun import Gdb

STOPS = 14
MARGIN = 30000000               # the program goes round thirty times in it
session = {}


def begin():
    """gdb in a replay, near its end; one for all tests."""
    if session:
        return session['gdb']
    stack = session['stack'] = contextlib.ExitStack()
    path = stack.enter_context(
        tempfile.TemporaryDirectory(prefix='gdbx-rr-')) + '/rr'
    record(path, ('deeds',), more=20000)
    vm = stack.enter_context(Machine('replay', path, ('deeds',)))
    gdb = session['gdb'] = stack.enter_context(Gdb())
    gdb.deadline = DEADLINE
    gdb.connect(vm)
    gdb.run('stepi')            # the log's first event: time begins
    last = int(re.search(r' of (\d+) ', gdb.cmd('monitor gdbx when'))[1])
    session['base'] = last - MARGIN
    seek(gdb, session['base'])
    return gdb


def seek(gdb, place):
    gdb.cmd(f'monitor gdbx seek {place}')
    gdb.run('stepi')
    tap.equal(gdb.number('$icount'), place, 'where it is')


def told(gdb, stop):
    """(instruction count, what is said of the stop, lines on the way to it)"""
    lines = [line for line in stop.text.splitlines()
             if re.match('gdbx: |deed |.*hit Catchpoint', line)]
    return gdb.number('$icount'), lines


def both(*commands):
    """STOPS of `continue', one less of `reverse-continue'."""
    gdb = begin()
    gdb.cmd('monitor gdbx delete all', check=False)
    seek(gdb, session['base'])
    for line in commands:
        tap.contains(gdb.cmd('monitor gdbx ' + line), 'point')
    return walk(gdb)


def walk(gdb):
    there = [told(gdb, gdb.run('continue')) for _ in range(STOPS)]
    again = [told(gdb, gdb.run('reverse-continue'))
             for _ in range(STOPS - 1)]
    return there, again


def compare(there, again):
    for n, (a, b) in enumerate(zip(there[-2::-1], again)):
        tap.equal(b, a, f'stop {n} backwards')
    tap.check(there[0][0] < there[-1][0], 'time goes on')
    tap.equal(len(again), len(there) - 1, 'stops')


def test_processes():
    "fork, exec, exit; a condition; a point that counts first"
    there, again = both('break exec', 'break exit', 'break fork')
    compare(there, again)
    tap.fails(compare, there, again[1:] + again[:1])
    compare(*both('break os exec if $_pid & 2'))
    compare(*both('break fork after 3'))


def test_switches_and_lines():
    "task switches, returns to user mode, lines of the kernel's log"
    compare(*both('break task-switch'))
    compare(*both('break return-to-user'))
    compare(*both('break printk deed'))


def test_calls_of_all():
    "where they begin, in all programs"
    compare(*both('break syscall entry'))
    compare(*both('break syscall wait4 entry if $_arg0 & 1'))


def test_kinds_together():
    "of the CPU and of the OS"
    compare(*both('break interrupt all', 'break exception pf ud',
                  'break os switch deeds', 'break syscall entry'))


def test_lines():
    "what is only said is said in reverse order, once"
    gdb = begin()
    gdb.cmd('monitor gdbx delete all', check=False)
    gdb.cmd('monitor gdbx os events fork exec exit')
    gdb.cmd('monitor gdbx log syscall exit_group')
    gdb.cmd('monitor gdbx break printk deed')
    seek(gdb, session['base'])
    there, again = walk(gdb)
    gdb.cmd('monitor gdbx os events off')

    def said(stops):
        """Those that no stop is told by."""
        return [line for _, lines in stops for line in lines
                if 'printk' not in line]
    # What was said on the way from the first stop to the last one.
    want = said(there[1:])[::-1]
    tap.check(len(want) > 2 * STOPS, f'{len(want)} lines')
    tap.equal(said(again), want)
    tap.fails(tap.equal, said(again)[1:], want)


try:
    tap.main(globals())
finally:
    if session:
        session['stack'].close()
