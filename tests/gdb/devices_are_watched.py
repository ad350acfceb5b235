#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses to devices in a real gdb: points by name and port, gdb's own
watchpoints on ports and on the memory of a device, with the value that passed."""
import common
import tap

guest = common.Guest(run=['device-a', 'device-b'], smp=2,
                     extra=['-device', 'edu,addr=5,id=learner',
                            '-device', 'pc-testdev'])
# As in programs/devices.c.
NOTHING, OUT_LONG, IN_LONG, REP_OUTS, STORE, EDU = 0, 3, 6, 7, 9, 15
IO, PHYS, IOMEM = 0x0100000000000000, 0x0300000000000000, 0xff000000


def attached(gdb, what):
    """Number of the inferior that is device-a and does @what; b does nothing."""
    gdb.attach(guest.pids['device-b'])
    gdb.cmd(f'set var what = {NOTHING}')
    a = gdb.attach(guest.pids['device-a'])
    gdb.cmd(f'set var what = {what}')
    return a


def now(gdb, bits=32):
    return gdb.number('now') & ((1 << bits) - 1)


def stops(gdb, point, inferior, place, times=4):
    """At a point by number: in the program, in the function, value by value."""
    tap.contains(gdb.cmd(f'monitor gdbx {point}'), 'point ')
    values = []
    for _ in range(times):
        stop = gdb.run('continue')
        tap.contains(stop.text, f'value {now(gdb):#x} ')
        tap.equal(gdb.number('$_inferior'), inferior, 'inferior')
        tap.contains(gdb.cmd('info symbol $pc'), place)
        values.append(now(gdb))
    tap.equal(values, list(range(values[0], values[0] + times)), 'values')
    gdb.cmd('monitor gdbx delete all')


def test_points():
    "by port, by a device's id, with a condition"
    with guest.gdb() as (vm, gdb):
        a = attached(gdb, OUT_LONG)
        stops(gdb, 'break io 0xe0 out', a, 'out_long')
        stops(gdb, 'break io pc-testdev '
              'if $_size == 4 && ($rax & 0xffffffff) == $_value', a, 'out_long')
        gdb.cmd(f'set var what = {EDU}')
        stops(gdb, 'break io learner write offset 4', a, 'store_device')


def test_string():
    "rep outsb: a stop for each byte, in order"
    with guest.gdb() as (vm, gdb):
        attached(gdb, REP_OUTS)
        gdb.cmd('monitor gdbx break io 0xe0')
        text = ''
        for _ in range(20):
            stop = gdb.run('continue')
            at = stop.text.index(' value ') + len(' value ')
            text += chr(int(stop.text[at:].split()[0], 16))
        tap.contains('abcdefgh' * 4, text)
        gdb.cmd('monitor gdbx delete all')


def watched(gdb, kind, expression, want):
    """A watchpoint of gdb's stops three times with the value."""
    gdb.cmd(f'{kind} {expression}')
    for _ in range(3):
        stop = gdb.run('continue')
        tap.contains(stop.reason, 'watchpoint-trigger', 'reason')
        tap.equal(gdb.number(expression), want(gdb), 'value')
    gdb.cmd('delete')


def test_windows():
    "awatch on a port, watch on the memory of a device"
    with guest.gdb() as (vm, gdb):
        attached(gdb, OUT_LONG)
        watched(gdb, 'awatch', f'*(unsigned *)({IO:#x} + 0xe0)', now)
        gdb.cmd(f'set var what = {STORE}')
        watched(gdb, 'watch', f'*(unsigned *)({PHYS + IOMEM:#x} + 0x100)',
                lambda g: now(g, 7))


def test_control():
    "negative control: a point that lets some pass is noticed"
    with guest.gdb() as (vm, gdb):
        a = attached(gdb, OUT_LONG)
        tap.fails(stops, gdb, 'break io 0xe0 if $_value & 3', a, 'out_long', 8)
        gdb.cmd('monitor gdbx delete all')


tap.main(globals())
