#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx doctor' names the setting that would help where the packets
show it, and nothing where they do not; gdbx.gdb has the settings."""
import re

import common
import tap
from vm import ROOT

guest = common.Guest(run=['busy-a', 'busy-b'], smp=1)


def advice(gdb):
    """Lines of advice about gdb, without what the guest lacks."""
    text = gdb.cmd('monitor gdbx doctor')
    tap.contains(text, 'guest OS:\n')
    return re.findall(r'^  - (.*)', text.split('guest OS:')[0], re.M)


def has(lines, words):
    return any(words in line for line in lines)


def test_all_is_well():
    "a session with gdbx.gdb: nothing to say, and each stop is told"
    guest.boot()
    with guest.gdb(connect=False) as (vm, gdb):
        gdb.cmd('set schedule-multiple off')
        gdb.cmd(f'source {ROOT / "gdbx.gdb"}')
        gdb.connect(vm)
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        gdb.run('continue')
        tap.equal(advice(gdb), [], 'advice')
        tap.contains(gdb.cmd('show schedule-multiple'), 'on')
        tap.check(gdb.number('*(char *)($phys + 0xffff0)') is not None, '')
        # The machine's first stop is not swallowed (stepi 0).
        gdb.cmd('delete')
        gdb.cmd('inferior 1')
        gdb.cmd('break *%d' % gdb.number('(long)$pc'))
        gdb.cmd('inferior 2')
        tap.equal(gdb.run('continue').reason, 'breakpoint-hit')


def test_settings():
    "schedule-multiple off, acknowledgements, target remote"
    guest.boot()
    with guest.gdb(connect=False) as (vm, gdb):
        gdb.cmd('set schedule-multiple off')
        gdb.cmd('set remote noack-packet off')
        gdb.connect(vm)
        gdb.attach(guest.pids['busy-a'])
        before = advice(gdb)
        gdb.cmd('break work')
        gdb.run('continue')
        after = advice(gdb)
    tap.check(has(before, 'noack-packet'), before)
    tap.check(not has(before, 'schedule-multiple'), before)
    tap.check(has(after, 'schedule-multiple'), after)
    with guest.gdb(connect=False) as (vm, gdb):
        gdb.cmd(f'target remote {vm.gdb_target}')
        tap.check(has(advice(gdb), 'extended-remote'), 'target remote')


def test_conditions_in_gdb():
    "a condition that gdb judges itself, hit again and again"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('set $turns = 0')
        gdb.cmd('break work if $turns++ == 150')
        gdb.run('continue')
        tap.check(has(advice(gdb), 'full registers'), advice(gdb))


def test_help_lists_all():
    "`monitor gdbx' is made of the commands, the options and the packets"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        text = gdb.cmd('monitor gdbx')
        for words in ('gdbx doctor', 'gdbx break ADDR', 'gdbx=on|off',
                      'sysroot=DIRECTORY', 'qGetTLSAddr:', 'vCont;'):
            tap.contains(text, words)
        tap.equal(text, gdb.cmd('monitor gdbx help'))


def test_control():
    "negative control: advice that is not there is not found"
    tap.check(not has(['`set schedule-multiple on\': ...'], 'sysroot'), '')
    tap.check(has(['`set schedule-multiple on\': ...'], 'schedule'), '')


tap.main(globals())
