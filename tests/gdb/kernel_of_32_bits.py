#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A process of a 32-bit kernel that describes nothing of itself (no BTF, no
symbols of data): attach, breakpoint, condition, step, a sleeper's stack.

Negative control seen red: test_control."""
import os

import common
import tap
from fixture import kernel
from vm import ROOT

guest = common.Guest(run=['busy-a', 'busy-b', 'sleeper'], smp=2)


def attach(vm, gdb, name):
    tap.check('i386' in kernel(), 'this is of 32-bit kernels')
    gdb.cmd(f'set sysroot {os.path.relpath(vm.sysroot(), ROOT)}')
    gdb.attach(guest.pids[name])


def test_breakpoint():
    "a breakpoint of one of two twins, with a condition in the emulator"
    with guest.gdb() as (vm, gdb):
        attach(vm, gdb, 'busy-a')
        goal = gdb.number('counter') // 1000 * 1000 + 2000
        gdb.cmd(f'break work if i == {goal}')
        stop = gdb.run('continue')
        tap.equal(stop.reason, 'breakpoint-hit', 'reason')
        tap.contains(stop.text, '"busy-a" hit Breakpoint')
        tap.equal(gdb.number('i'), goal, 'i')
        tap.contains(gdb.cmd('bt'), '#1 ')
        tap.contains(gdb.run('next').text, 'next = i + 1')
        tap.contains(gdb.run('finish').text, f'= {goal + 1}')


def test_sleeper():
    "a process that sleeps: its frames and its own values"
    with guest.gdb() as (vm, gdb):
        attach(vm, gdb, 'sleeper')
        frames = gdb.cmd('bt')
        tap.contains(frames, 'main () at tests/guest/programs/sleeper.c')
        said = gdb.cmd('info auxv')
        tap.contains(said, 'AT_ENTRY')
        tap.contains(said, '/bin/sleeper')


def test_control():
    "control: the twin has another counter at the same address"
    with guest.gdb() as (vm, gdb):
        attach(vm, gdb, 'busy-a')
        first = gdb.number('counter')
        gdb.attach(guest.pids['busy-b'])
        tap.check(gdb.number('counter') != first, 'the same counter')


tap.main(globals())
