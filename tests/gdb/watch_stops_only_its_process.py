#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Watchpoints in a real gdb: the owner's process stops and no other, with the
values of before and after, at the line that did it; whole arrays, memory that the
kernel writes, physical memory with its writer."""
import common
import tap

guest = common.Guest(run=['watch-a', 'watch-b'], smp=2, cpu='max',
                     extra=['-device', 'edu,addr=5,dma_mask=0xffffffff'])
# As in programs/watched.c.
NOTHING, STORE, STOS, KERNEL, ALIAS, DMA = 0, 1, 5, 15, 16, 19
PHYS = 0x0300000000000000


def values(stop):
    """(old, new) as gdb tells them of a watchpoint that has triggered."""
    tap.equal(stop.reason, 'watchpoint-trigger', 'reason')
    return int(stop.values['value']['old']), int(stop.values['value']['new'])


def chain(gdb, inferior, times=10):
    """@times stops in @inferior; each old value is the new one of before."""
    last = None
    for _ in range(times):
        old, new = values(gdb.run('continue'))
        tap.equal(gdb.number('$_inferior'), inferior, 'inferior')
        tap.check(last is None or (old, new) == (last, last + 1),
                  f'{last} -> {old} -> {new}')
        last = new


def copied(gdb, inferior, bits):
    """The kernel copies byte by byte: a value of which more than one byte
    changes has a stop for each, in order. Stands at store_kernel()."""
    was = gdb.number('value')
    gdb.cmd(f'set var x = value ^ {bits:#x}')
    for n in range(8):
        if bits >> 8 * n & 0xff:
            want = was ^ bits & 0xff << 8 * n
            tap.equal(values(gdb.run('continue')), (was, want), 'value')
            tap.equal(gdb.number('$_inferior'), inferior, 'inferior')
            was = want


def do(gdb, what):
    gdb.cmd(f'set var what = {what}')


def test_only_its_process():
    "both copies write to the same address; one is watched"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['watch-b'])
        do(gdb, STORE)
        a = gdb.attach(guest.pids['watch-a'])
        do(gdb, STORE)
        gdb.cmd('watch value')
        chain(gdb, a)
        tap.contains(gdb.cmd('info symbol $pc'), 'store_long')


def test_interrupt():
    "Ctrl-C gives the prompt although gdb itself decides at each write"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['watch-a'])
        do(gdb, STORE)
        gdb.cmd('watch value if value == -1')
        for _ in range(5):
            # At whatever moment: the guest hardly moves, so none is awaited.
            gdb.start('continue')
            vm.qmp.command('query-status')
            gdb.interrupt()
            stop = gdb.wait_stop()
            tap.equal(stop.values['signal-name'], 'SIGINT')


def test_kernel():
    "read() into the watched variable: told at the system call's end"
    with guest.gdb() as (vm, gdb):
        a = gdb.attach(guest.pids['watch-a'])
        do(gdb, KERNEL)
        # Attached in the middle of it, perhaps: the watch is for the next one.
        gdb.cmd('break store_kernel')
        for n, bits in enumerate((1, 0x0103, 0x01030100)):
            tap.equal(gdb.run('continue').reason, 'breakpoint-hit', 'reason')
            if not n:
                gdb.cmd('watch value')
            copied(gdb, a, bits)
        tap.contains(gdb.cmd('bt'), 'store_kernel')


def test_array():
    "an array of 64 KiB: each byte of a string instruction"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['watch-a'])
        do(gdb, STOS)
        gdb.cmd('set max-value-size unlimited')
        # Printing takes gdb itself 19 s of CPU time a MiB, at each stop.
        gdb.cmd("watch -l *(unsigned char (*)[65536])array")
        first = None
        for i in range(4):
            stop = gdb.run('continue')
            tap.equal(stop.reason, 'watchpoint-trigger', 'reason')
            at = gdb.number('$rdi')
            tap.check(first is None or at == first + i, f'{first} {i} {at}')
            first = first or at
        tap.contains(gdb.cmd('info symbol $pc'), 'rep_stos')


def test_physical():
    "any writer, by physical address: a process, then a device, each by name"
    said = guest.boot().oracle.said('watch-a')
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['watch-a'])
        do(gdb, ALIAS)
        gdb.cmd('inferior 1')
        gdb.cmd(f"watch *(long *)({PHYS:#x} + {said['physical']} + 16)")
        chain(gdb, 1, 4)
        stop = gdb.run('continue')
        tap.contains(stop.text, 'watch-a (pid')
        gdb.cmd('delete')
        gdb.cmd('inferior 2')
        do(gdb, DMA)
        gdb.cmd('inferior 1')
        gdb.cmd(f"watch *(long *)({PHYS:#x} + {said['physical']} + 32)")
        stop = gdb.run('continue')
        old, new = values(stop)
        tap.check(old != new, f'{old} {new}')
        tap.contains(stop.text, 'device edu (PCI')


def test_finish_and_step():
    "step and finish end early when the value changes, and work when it does not"
    with guest.gdb() as (vm, gdb):
        a = gdb.attach(guest.pids['watch-a'])
        do(gdb, STORE)
        gdb.cmd('break store_long')
        tap.equal(gdb.run('continue').reason, 'breakpoint-hit', 'reason')
        gdb.cmd('watch value')
        values(gdb.run('finish'))
        tap.equal(gdb.run('finish').reason, 'function-finished', 'reason')
        tap.equal(gdb.run('continue').reason, 'breakpoint-hit', 'reason')
        values(gdb.run('next'))
        tap.equal(gdb.number('$_inferior'), a, 'inferior')


def test_control():
    "negative control: a stop in the wrong inferior is noticed"
    with guest.gdb() as (vm, gdb):
        b = gdb.attach(guest.pids['watch-b'])
        do(gdb, STORE)
        gdb.cmd('watch value')
        tap.fails(chain, gdb, b + 1, 1)


tap.main(globals())
