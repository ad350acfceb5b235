#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""step, next, finish, until and advance in a process, with breakpoints on the
way whose conditions the emulator decides: each command ends on the line where
it would natively, and each breakpoint is hit as often as the code says.

    SMP     vCPUs of the guest (default 4)
    ICOUNT  if set, the argument of -icount; one vCPU then
"""
import os
import re

import common
import tap
from vm import ROOT

ICOUNT = os.environ.get('ICOUNT')
SMP = 1 if ICOUNT else int(os.environ.get('SMP', '4'))
SOURCE = 'tests/guest/programs/steps.c'
LINES = (ROOT / SOURCE).read_text().splitlines()
guest = common.Guest(run=['steps-a', 'steps-b', 'busy-a'], smp=SMP,
                     extra=['-icount', ICOUNT] if ICOUNT else [])
FALSE = 'x == 12345'


def line(words):
    """Number of the line with this remark."""
    found = [n for n, text in enumerate(LINES, 1) if f'/* {words} */' in text]
    tap.equal(len(found), 1, f'lines that say {words}')
    return found[0]


def at(gdb, stop, words, reason='end-stepping-range'):
    tap.equal(stop.reason, reason, stop.text)
    tap.equal(int(stop.frame['line']), line(words), f'line ({words})')
    tap.equal(gdb.number('$_inferior'), 2, 'inferior')


def begin(gdb, words='begin round'):
    """steps-a stands where its round comes to that line first, and no
    breakpoint is left. It is attached to anywhere in a round, where the next
    time at that line need not be the first."""
    gdb.attach(guest.pids['steps-a'])
    for place in dict.fromkeys(('begin round', words)):
        gdb.cmd(f'tbreak steps.c:{line(place)}')
        at(gdb, gdb.run('continue'), place, 'breakpoint-hit')


def false_count(gdb, function):
    """How often the conditions of the point there were false."""
    where = gdb.number(f'(long)&{function}')
    for text in gdb.cmd('monitor gdbx points').splitlines():
        row = re.search(r'0x([0-9a-f]{16}) .*true (\d+) false (\d+)', text)
        # gdb stops behind the prologue.
        if row and where <= int(row[1], 16) < where + 16:
            return int(row[3])
    raise tap.Failed(f'no point in {function}')


def test_next_over_false_conditions():
    "next over a call, past ten false conditions"
    with guest.gdb() as (vm, gdb):
        begin(gdb)
        gdb.cmd(f'break square if {FALSE}')
        at(gdb, gdb.run('next'), 'call sum')
        at(gdb, gdb.run('next'), 'after sum')
        tap.equal(false_count(gdb, 'square'), 10, 'false conditions')
        at(gdb, gdb.run('next'), 'system call')
        tap.equal(false_count(gdb, 'square'), 15, 'false conditions')


def test_next_stops_at_a_true_one():
    "next is ended by the one true condition; finish gives the value"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'call sum')
        gdb.cmd('break square if x == 7')
        at(gdb, gdb.run('next'), 'in square', 'breakpoint-hit')
        tap.equal(gdb.number('x'), 7, 'x')
        stop = gdb.run('finish')
        tap.equal(stop.reason, 'function-finished', stop.text)
        tap.contains(stop.text + str(stop.values), '49')
        tap.equal(int(stop.frame['line']), line('call square'), 'line')
        stop = gdb.run('finish')
        tap.contains(stop.text + str(stop.values), '285')
        tap.equal(int(stop.frame['line']), line('call sum'), 'line')


def test_step_into():
    "step goes into a function from a line that has a breakpoint itself"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'in sum')
        gdb.cmd(f"break steps.c:{line('call square')} if i == 3")
        at(gdb, gdb.run('continue'), 'call square', 'breakpoint-hit')
        tap.equal(gdb.number('i'), 3, 'i')
        at(gdb, gdb.run('step'), 'in square')
        tap.equal(gdb.number('x'), 3, 'x')


def test_step_into_a_false_condition():
    "step into a function with a false breakpoint: by gdb, or as gdb has it"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'call square')
        gdb.cmd('set breakpoint condition-evaluation host')
        gdb.cmd(f'break square if {FALSE}')
        at(gdb, gdb.run('step'), 'in square')
        # With the condition handed over, gdb puts its own breakpoint for the
        # end of the prologue at the same place and does not send it.
        gdb.cmd('set breakpoint condition-evaluation target')
        gdb.cmd(f"tbreak steps.c:{line('end of sum')}")
        gdb.cmd(f"tbreak steps.c:{line('call square')}")
        gdb.run('continue')
        stop = gdb.run('step')
        tap.note(f'{stop.reason} in line {stop.frame["line"]}')
        tap.check(int(stop.frame['line']) in
                  (line('in square'), line('end of sum')), stop.text)


def test_until_and_advance():
    "until leaves the loop, advance reaches its line"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'in sum')
        gdb.cmd(f'break square if {FALSE}')
        stop = gdb.run(f"advance {line('end of sum')}")
        tap.equal(int(stop.frame['line']), line('end of sum'), 'line')
        tap.equal(false_count(gdb, 'square'), 10, 'false conditions')
        tap.equal(gdb.number('s'), 285, 's')
        stop = gdb.run(f"until {line('call square')}")
        # The frame ends first: until stops in the caller.
        tap.equal(int(stop.frame['line']), line('call sum'), 'line')


def test_over_a_system_call_and_a_fault():
    "next over a system call; stepi over an instruction that faults"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'system call')
        at(gdb, gdb.run('next'), 'after the call')
        gdb.cmd(f'tbreak steps.c:{line("fault")}')
        at(gdb, gdb.run('continue'), 'fault', 'breakpoint-hit')
        at(gdb, gdb.run('next'), 'after the fault')
        tap.equal(gdb.number('page[0]'), 1, 'page[0]')


def test_ignore_count():
    "a condition and an ignore count: the count is of true ones"
    with guest.gdb() as (vm, gdb):
        begin(gdb)
        gdb.cmd('break square if x % 2 == 1')
        gdb.cmd('ignore $bpnum 3')
        at(gdb, gdb.run('continue'), 'in square', 'breakpoint-hit')
        tap.equal(gdb.number('x'), 7, 'x')


def test_rounds_are_whole():
    "thirty rounds by next, with breakpoints true and false on the way"
    with guest.gdb() as (vm, gdb):
        begin(gdb)
        first = gdb.number('counter')
        gdb.cmd(f'break square if {FALSE}')
        gdb.cmd('break sum if n == 5')
        for n in range(30):
            at(gdb, gdb.run('next'), 'call sum')
            tap.equal(gdb.number('counter'), first + n + 1, 'counter')
            at(gdb, gdb.run('next'), 'after sum')
            at(gdb, gdb.run('next'), 'in sum', 'breakpoint-hit')
            gdb.cmd(f"tbreak steps.c:{line('begin round')}")
            at(gdb, gdb.run('continue'), 'begin round', 'breakpoint-hit')
        tap.equal(false_count(gdb, 'square'), 15 * 30, 'false conditions')


def test_check_notices():
    "negative control: another line, and another count, are noticed"
    with guest.gdb() as (vm, gdb):
        begin(gdb)
        gdb.cmd(f'break square if {FALSE}')
        gdb.cmd('break square if x == 4')
        stop = gdb.run('next')
        tap.fails(at, gdb, stop, 'after sum')
        stop = gdb.run('next')
        tap.fails(at, gdb, stop, 'after sum')
        tap.check(false_count(gdb, 'square') < 10, 'all ten were false')


tap.main(globals())
