#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gdbx.py in a real gdb: `catch exception' and its like stop where `monitor
gdbx break' does; the windows of gdbx.gdb can be watched. The guest is the bare
one, which has a list of what it does."""
import contextlib
import sys

import common
import tap
from gdbrun import GdbError
from vm import ROOT

sys.path.insert(0, str(ROOT / 'tests' / 'guest'))
import bare  # noqa: E402

guest = common.Guest(**bare.options())
PORT = 0xe0


@contextlib.contextmanager
def session():
    """gdb with gdbx.py, in front of the guest's first instruction; stops at
    its last."""
    guest.stop()
    with guest.gdb(connect=False) as (vm, gdb):
        gdb.cmd(f'source {ROOT / "gdbx.py"}')
        gdb.connect(vm)
        gdb.cmd(f"break *{bare.symbols()['bare_done']:#x}")
        yield gdb


def wanted(gdb, kind, want):
    """Entries of the guest's list, which is complete now, that are wanted."""
    inferior = 'gdb.selected_inferior()'

    def read(address, size):
        text = gdb.cmd(f'python print(bytes({inferior}.read_memory('
                       f'{address}, {size})).hex())')
        return bytes.fromhex(text.strip())
    return [e for e in bare.entries(read) if e.kind == kind and want(e)]


def stops(gdb, what):
    """Program counters at all the stops; each has a line that begins so."""
    found = []
    while True:
        stop = gdb.run('continue')
        if stop.reason == 'breakpoint-hit':
            return found
        tap.equal(stop.values.get('signal-name'), 'SIGTRAP', f'{stop}')
        tap.contains(stop.text, what)
        found.append(gdb.number('(long)$pc') % (1 << 64))


def test_exception():
    "catch exception pf user: each page fault of user mode, at its instruction"
    with session() as gdb:
        tap.contains(gdb.cmd('catch exception pf user'), 'point 1')
        found = stops(gdb, 'point 1: exception')
        faults = wanted(gdb, 'exception', lambda e: e.a == 14 and e.cpl == 3)
        tap.check(len(faults) >= 4, faults)
        tap.equal(found, [e.pc for e in faults], 'places')


def test_interrupt():
    "catch interrupt nmi: it, in front of its handler"
    with session() as gdb:
        gdb.cmd('catch interrupt nmi')
        found = stops(gdb, 'point 1: interrupt NMI')
        tap.equal(found, [e.pc for e in wanted(gdb, 'interrupt',
                                               lambda e: e.a == 2)], 'places')


def test_io():
    "catch io with a condition, and a number that gdb works out"
    with session() as gdb:
        gdb.cmd(f'set $port = {PORT - 1}')
        gdb.cmd('catch io ($port + 1) out if $_size == 4 && $_value != 0')
        found = stops(gdb, 'point 1: io')
        tap.equal(len(found), len(wanted(
            gdb, 'io', lambda e: e.a == PORT and e.write and e.width == 4)),
            'stops')


def test_once():
    "tcatch stops once, with a condition too"
    with session() as gdb:
        gdb.cmd('tcatch msr efer write')
        gdb.cmd(f'tcatch io {PORT} in if $_size == 1')
        tap.equal(len(stops(gdb, 'point ')), 2, 'stops')


def test_windows():
    "gdb's own watchpoints at $io and $exc"
    with session() as gdb:
        gdb.cmd(f'rwatch *(unsigned short *)($io + {PORT})')
        stop = gdb.run('continue')
        tap.contains(stop.text, 'Hardware read watchpoint')
        gdb.cmd('delete')
        gdb.cmd('rwatch *(long *)($exc + 8 * 13)')
        stop = gdb.run('continue')
        tap.contains(stop.text, 'Hardware read watchpoint')


def test_errors():
    "what is wrong is an error of the command, and names what it did"
    with session() as gdb:
        for line, part in [('catch io', 'usage'), ('catch msr nothing', 'msr'),
                           ('catch io (1', 'parenthesis'),
                           ('catch io (no_such + 1)', 'no_such'),
                           ('print $_ospid("init")', 'no process')]:
            try:
                answer = gdb.cmd(line)
            except GdbError as e:
                tap.contains(str(e), part)
            else:
                raise tap.Failed(f'{line}: {answer}')
        tap.contains(gdb.cmd('help catch exception'), 'monitor gdbx break')
        tap.contains(gdb.cmd('monitor gdbx points'), 'no points')


if __name__ == '__main__':
    tap.main(globals())
