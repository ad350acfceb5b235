#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps of a thread while everything else goes on: the line it waits on ends
because the other thread runs, handlers of signals are passed, jumps out of them
end somewhere, an exit ends the step.

    SMP     vCPUs of the guest (default 2)
    ICOUNT  if set, the argument of -icount; one vCPU then
"""
import os

import common
import tap
from vm import ROOT

ICOUNT = os.environ.get('ICOUNT')
SMP = 1 if ICOUNT else int(os.environ.get('SMP', '2'))
SOURCE = 'tests/guest/programs/walk.c'
LINES = (ROOT / SOURCE).read_text().splitlines()
guest = common.Guest(run=['walk', 'walk-alarm', 'busy-a'], smp=SMP,
                     extra=['-icount', ICOUNT] if ICOUNT else [])
# Each line of play(), as `next` comes by.
WALK = ['begin', 'busy', 'call the other', 'wait for the other', 'signal',
        'after the signal', 'set', 'jump']
REST = ['recursion', 'system call', 'sleep', 'string', 'call', 'end']


def line(words):
    """Number of the line with this remark."""
    found = [n for n, text in enumerate(LINES, 1) if f'/* {words} */' in text]
    tap.equal(len(found), 1, f'lines that say {words}')
    return found[0]


def at(stop, words, reason='end-stepping-range'):
    tap.equal(stop.reason, reason, stop.text)
    tap.equal(int(stop.frame['line']), line(words), f'line ({words})')


def begin(gdb, words='begin', program='walk'):
    """@program stands at that line, and no breakpoint is left."""
    gdb.attach(guest.pids[program])
    gdb.cmd(f'tbreak walk.c:{line(words)}')
    at(gdb.run('continue'), words, 'breakpoint-hit')


def walk(gdb, lines):
    for words in lines:
        at(gdb.run('next'), words)


def test_next_by_next():
    "next passes a busy line, one that waits, a handler, a sleep, recursion"
    with guest.gdb() as (vm, gdb):
        begin(gdb)
        thread = gdb.number('$_thread')
        walk(gdb, WALK[1:])
        gdb.cmd(f'tbreak walk.c:{line("recursion")}')
        at(gdb.run('continue'), 'recursion', 'breakpoint-hit')
        walk(gdb, REST[1:])
        tap.equal(gdb.number('$_thread'), thread, 'thread')


def test_next_out_of_a_handler_that_jumps():
    "next over a signal whose handler jumps away stops behind the jump"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'jump')
        stop = gdb.run('next')
        tap.equal(stop.reason, 'end-stepping-range', stop.text)
        tap.check(int(stop.frame['line']) in (line('set'), line('recursion')),
                  stop.text)


def test_breakpoint_in_a_handler():
    "a breakpoint in the handler ends the step"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'signal')
        gdb.cmd(f'break walk.c:{line("in the handler")}')
        at(gdb.run('next'), 'in the handler', 'breakpoint-hit')
        before = gdb.number('usr1')
        gdb.run('next')
        tap.equal(gdb.number('usr1'), before + 1, 'usr1')


def test_stepi_and_signals():
    "stepi under a storm of signals goes from instruction to instruction"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'end', 'walk-alarm')
        alarms, names = gdb.number('alarms'), set()
        for n in range(1, 3001):
            where = gdb.number('$rip')
            gdb.run('stepi')
            tap.check(gdb.number('$rip') != where, 'it did not move')
            names.add(gdb.cmd('info symbol $pc').split()[0])
            if n >= 200 and gdb.number('alarms') > alarms:
                break
        tap.check(gdb.number('alarms') > alarms, 'no alarm came')
        tap.check('handle' not in names, f'stepped into the handler: {names}')


def test_next_and_signals():
    "next under a storm of signals is never in the handler"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'begin', 'walk-alarm')
        alarms = gdb.number('alarms')
        for words in WALK[1:5]:
            at(gdb.run('next'), words)
        tap.check(gdb.number('alarms') > alarms, 'no alarm came')


def test_string_instruction():
    "stepi executes one iteration of a string instruction, as natively"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'string')
        gdb.cmd('tbreak string')
        gdb.run('continue')
        for left in (31, 30, 29):
            gdb.run('stepi')
            tap.equal(gdb.number('$rcx'), left, 'rcx')
        gdb.run('next')
        tap.equal(gdb.number('$rcx'), 0, 'rcx')


def test_recursion():
    "next and finish in a recursion stay in their frame"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'recursion')
        gdb.cmd(f'tbreak walk.c:{line("in depth")}')
        at(gdb.run('continue'), 'in depth', 'breakpoint-hit')
        gdb.run('next')
        at(gdb.run('next'), 'go deeper')
        at(gdb.run('next'), 'come back')
        tap.equal(gdb.number('n'), 4, 'n')
        stop = gdb.run('finish')
        tap.equal(int(stop.frame['line']), line('recursion'), stop.text)


def test_thread_that_exits():
    "next in a thread that ends gives the prompt back, with a sentence"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'leaver waits')
        gdb.cmd('set var leave = 1')
        gdb.cmd('tbreak walk.c:%d' % line('leaver goes'))
        at(gdb.run('continue'), 'leaver goes', 'breakpoint-hit')
        gdb.cmd('tbreak walk.c:%d' % line('ends here'))
        at(gdb.run('continue'), 'ends here', 'breakpoint-hit')
        # The main thread jumps: `next' has gdb look at that and then forget,
        # as natively, that another thread was stepped.
        said = ''.join(gdb.run('stepi').text for _ in range(4))
        tap.contains(said, 'exits')
        # gdb goes on.
        gdb.cmd(f'tbreak walk.c:{line("begin")}')
        at(gdb.run('continue'), 'begin', 'breakpoint-hit')


def test_thread_that_exits_alone():
    "the same of a thread that is stepped alone"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'leaver waits')
        gdb.cmd('set var leave = 1')
        gdb.cmd('tbreak walk.c:%d' % line('ends here'))
        at(gdb.run('continue'), 'ends here', 'breakpoint-hit')
        gdb.cmd('set scheduler-locking step')
        said = ''.join(gdb.run('nexti').text for _ in range(4))
        tap.contains(said, 'exits')
        gdb.cmd('set scheduler-locking off')
        mine = [t['id'] for t in gdb.threads()
                if f"Thread {guest.pids['walk']}." in t['target-id']]
        gdb.mi(f'-thread-select {mine[0]}')
        gdb.cmd(f'tbreak walk.c:{line("begin")}')
        at(gdb.run('continue'), 'begin', 'breakpoint-hit')


def test_scheduler_locking():
    "next with scheduler-locking steps that thread alone, as far"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'busy')
        gdb.cmd('set scheduler-locking step')
        walk(gdb, ['call the other', 'wait for the other'])
        gdb.cmd('set scheduler-locking off')
        walk(gdb, ['signal', 'after the signal'])


def test_continue_alone():
    "scheduler-locking: what others come to is told of that thread, or passed"
    pid = guest.boot() and guest.pids['walk']
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'the other answers')     # gdb has looked at partner
        first = f'Thread {pid}.{pid} '
        main = next(t['id'] for t in gdb.threads()
                    if first in t['target-id'] + ' ')
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        gdb.mi(f'-thread-select {main}')
        gdb.cmd('set schedule-multiple off')
        gdb.cmd('set scheduler-locking on')
        for _ in range(5):
            stop = gdb.run('continue')
            tap.contains(stop.text, 'not resumed')
            tap.equal(stop.values.get('thread-id'), main, 'thread')
        gdb.cmd('delete')
        gdb.cmd(f'tbreak walk.c:{line("begin")}')
        at(gdb.run('continue'), 'begin', 'breakpoint-hit')
        gdb.cmd(f'break walk.c:{line("the other answers")}')
        gdb.cmd(f'tbreak walk.c:{line("signal")}')
        stop = gdb.run('continue')
        at(stop, 'signal', 'breakpoint-hit')
        tap.equal(stop.values.get('thread-id'), main, 'thread')
        tap.equal(stop.text.count('passes the breakpoint'), 1, stop.text)
        gdb.cmd('set scheduler-locking off')


def test_thread_that_waits_for_ever():
    "stepped alone, while others come to a breakpoint: said once; Ctrl-C ends it"
    pid = guest.boot() and guest.pids['walk']
    with guest.gdb() as (vm, gdb):
        begin(gdb)
        gdb.cmd('break depth')
        launcher = [t['id'] for t in gdb.threads()
                    if t.get('name') == 'launcher'
                    and f'Thread {pid}.' in t['target-id']]
        gdb.mi(f'-thread-select {launcher[0]}')
        gdb.cmd('set scheduler-locking on')
        gdb.start('stepi')
        at_least = vm.oracle.counter(pid) + 3       # five hits each
        while vm.oracle.counter(pid) < at_least:
            pass
        gdb.interrupt()
        stop = gdb.wait_stop()
        tap.equal(stop.values.get('signal-name'), 'SIGINT', 'signal')
        tap.equal(stop.text.count('passes the breakpoint'), 1, stop.text)
        gdb.cmd('set scheduler-locking off')


def test_check_notices():
    "negative control: another line is noticed"
    with guest.gdb() as (vm, gdb):
        begin(gdb)
        tap.fails(at, gdb.run('next'), 'signal')


tap.main(globals())
