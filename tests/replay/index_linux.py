#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The event index of a Linux guest's recording: from where it runs programs to
the end each system call, exception, task switch, fork, exec and exit that `log'
tells there, and no other; in a real gdb, with questions by name and process."""
import re
import tempfile
from pathlib import Path

import indexfile
from gdbrun import Gdb
from recording import Machine, record, tap

PROGRAMS = ('busy-a', 'busy-b')
VECTORS = ('0 1 2 3 4 5 6 7 8 9 10 11 12 13 15 16 17 18 19 20 21 28 29 30 '
           'triple')
NEAR = 200000       # instructions in front of the first program
# kind: (what `log' is to log, what of it: number, value). What a log says of a
# kind of the CPU's is behind the instruction that the index is in front of.
LOGS = {
    'syscall': ('syscall entry', '$_number, $_arg0', 1),
    'return': ('syscall return', '$_number, $_result', 1),
    'exception': (f'exception {VECTORS}', '$_vector, $rip', 1),
    'switch': ('task-switch', '$_to_tid, $_to_pid', 0),
    'exec': ('exec', '0, $_address', 0),
    'fork': ('fork', '$_to_tid, $_to_pid', 0),
    'exit': ('exit', '$_code, $_last', 0),
}


def told(text):
    """[(icount, kind, what, value)]"""
    return sorted((int(i) - LOGS[k][2], k, int(n), int(v)) for i, k, n, v in
                  re.findall(r'^at (\d+): (\w+) (-?\d+) (-?\d+)$', text, re.M))


def compare(got, want):
    for a, b in zip(got, want):
        tap.equal(a, b, 'an event')
    tap.equal(len(got), len(want), 'events')


def forwards(gdb, first):
    gdb.cmd('monitor gdbx index off')
    gdb.cmd(f'monitor gdbx seek {first}')
    gdb.run('stepi')
    for kind, (event, values, _) in LOGS.items():
        text = gdb.cmd(f'monitor gdbx log {event} say "at %ld: {kind} %ld %ld'
                       f'\\n", $icount, {values}')
        tap.contains(text, 'point')
    text = gdb.run('continue').text
    gdb.cmd('monitor gdbx delete all')
    return told(text)


def place(text):
    return int(re.search(r'^instruction (\d+)', text, re.M)[1])


def questions(gdb, events):
    """About those of busy-a, by its name and by its number."""
    execs = [e for e in events if e.kind == 'exec']
    text = gdb.cmd('monitor gdbx when did busy-a exec')
    at = place(text)
    pid = int(re.search(r'process (\d+) "busy-a"', text)[1])
    tap.check((at, pid) in [(e.icount, e.pid) for e in execs], text)
    mine = [e for e in events if e.kind == 'syscall' and e.pid == pid and
            e.icount > at]
    for who in (pid, 'busy-a'):
        text = gdb.cmd(f'monitor gdbx last syscall write of {who}')
        tap.equal(place(text), [e for e in mine if e.what == 1][-1].icount,
                  text)
    fork = [e for e in events if e.kind == 'fork' and e.what == pid]
    for who in (pid, 'busy-a'):
        text = gdb.cmd(f'monitor gdbx when did {who} start go')
        tap.equal(place(text), fork[0].icount, text)
    gdb.run('stepi')
    tap.equal(gdb.number('$icount'), fork[0].icount, 'where it is')
    text = gdb.cmd(f'monitor gdbx next syscall of {pid} go')
    gdb.run('stepi')
    tap.contains(gdb.cmd('monitor gdbx when'), f'process {pid} ')
    tap.check(re.search(r'syscall|sysenter|int ',
                        gdb.cmd('x/i $pc')), 'a system call is next')


def test_index():
    "as it is told on the way forwards; the control lacks one"
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as room:
        path = str(Path(room) / 'rr')
        record(path, PROGRAMS, more=2000)
        with Machine('replay', path, PROGRAMS) as vm, \
                Gdb(sysroot=None, deadline=300) as gdb:
            gdb.connect(vm)
            gdb.run('stepi')
            gdb.cmd('monitor gdbx index build')
            tap.contains(gdb.run('stepi').text, 'the index has')
            tap.equal(gdb.number('$icount'), 1, 'where it is')
            events = indexfile.read(path + '.index')[3]
            first = next(e for e in events if e.kind == 'exec').icount - NEAR
            want = forwards(gdb, first)
            got = sorted((e.icount, e.kind, e.what, e.value)
                         for e in events if e.icount >= first)
            tap.note(f'{len(want)} events')
            compare(got, want)
            tap.equal({e[1] for e in want} - {'exception'},
                      set(LOGS) - {'exception', 'exit'} |
                      ({'exit'} & {e[1] for e in want}), 'kinds')
            tap.fails(compare, got[:20] + got[21:], want)
            questions(gdb, events)


tap.main(globals())
