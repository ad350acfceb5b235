#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx break' in a real gdb: in firmware, and in one of two processes
by its CR3; a SIGTRAP with one sentence, and `continue' goes on."""
import re

import common
import tap

guest = common.Guest(run=['busy-a', 'busy-b'], smp=2)
firmware = common.Guest(kernel=None, paused=True)


def hit(stop, number):
    """The stop is that of point @number; what it says of CR3."""
    tap.equal(stop.values.get('signal-name'), 'SIGTRAP', 'reason')
    found = re.search(rf'gdbx: point {number} hit at 0x([0-9a-f]+) '
                      r'\(CPU#\d, cr3 0x([0-9a-f]+), cpl (\d)\)', stop.text)
    tap.check(found, stop.text)
    return int(found[2], 16)


def test_firmware():
    "the code behind the reset vector, in real mode"
    with firmware.gdb() as (vm, gdb):
        gdb.cmd('set $to = *(unsigned short *)0xfffffff3 * 16 + '
                '*(unsigned short *)0xfffffff1')
        gdb.cmd('eval "monitor gdbx break %#lx", $to')
        hit(gdb.run('continue'), 1)
        tap.contains(gdb.cmd('monitor gdbx points'), ' true 1 ')
        gdb.start('continue')
        gdb.interrupt()
        tap.equal(gdb.wait_stop().values.get('signal-name'), 'SIGINT')


def test_by_cr3():
    "one of two processes, each call once; gdb's own breakpoint goes first"
    with guest.gdb() as (vm, gdb):
        gdb.run('stepi')
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('tbreak work')
        gdb.run('continue')
        cr3 = gdb.number('$cr3')
        gdb.cmd('eval "monitor gdbx break %#lx cr3 %#lx", work, $cr3')
        first, turns = gdb.number('i'), []
        for _ in range(20):
            tap.equal(hit(gdb.run('continue'), 1), cr3, 'CR3')
            gdb.cmd('inferior 2')
            turns.append(gdb.number('i'))
        tap.equal(turns, list(range(turns[0], turns[0] + 20)), 'calls')
        tap.check(turns[0] - first in (0, 1), (first, turns))
        gdb.cmd('break work')
        stop = gdb.run('continue')
        tap.equal(stop.reason, 'breakpoint-hit', 'reason')
        gdb.cmd('delete')
        gdb.cmd('monitor gdbx delete 1')
        gdb.start('continue')
        vm.oracle.ask('ping')
        gdb.interrupt()
        tap.equal(gdb.wait_stop().values.get('signal-name'), 'SIGINT')


def test_long_table():
    "a table of any length arrives, and the next command has its own answer"
    with firmware.gdb() as (vm, gdb):
        gdb.cmd('python [gdb.execute("monitor gdbx break %d" % (n * 16), '
                'to_string=True) for n in range(2000)]')
        text = gdb.cmd('monitor gdbx points')
        tap.equal(text.count(' machine '), 2000, 'rows')
        tap.contains(gdb.cmd('monitor gdbx time'), 'instructions')


tap.main(globals())
