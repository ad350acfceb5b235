#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine without an operating system, or not yet: an empty list with its
reason, an error that says so, never a hang, a crash or an invention."""
import common
import tap

def check_no_os(gdb):
    for kind in ('processes', 'threads'):
        rows = gdb.os_table(kind)
        tap.check(all('pid' not in r for r in rows), f'{kind}: {rows}')
        tap.check(len(rows) == 1 and rows[0].get('reason'),
                  f'{kind}: no reason in {rows}')
    tap.check(gdb.threads(), 'no CPU thread')
    tap.contains(gdb.cmd('monitor gdbx os'), 'none recognised')
    gdb.cmd('add-inferior')
    gdb.cmd('inferior 2')
    tap.fails(gdb.cmd, 'attach 1', exception=common.GdbError)
    gdb.cmd('inferior 1')


def test_at_reset():
    "held at the first instruction (real mode)"
    with common.Guest(kernel=None, paused=True) as guest, \
            guest.gdb() as (vm, gdb):
        check_no_os(gdb)
        gdb.cmd('stepi 5')
        check_no_os_again(gdb)


def check_no_os_again(gdb):
    tap.check(all('pid' not in r for r in gdb.os_table('processes')),
              'processes before there is an OS')


def test_firmware_that_never_boots():
    "the firmware runs and finds nothing to boot"
    with common.Guest(kernel=None) as guest, guest.gdb() as (vm, gdb):
        for _ in range(5):
            check_no_os_again(gdb)
            gdb.start('continue')
            vm.qmp.command('query-status')
            gdb.interrupt()
            gdb.wait_stop()
        check_no_os(gdb)


def test_kernel_that_has_not_started():
    "a kernel is loaded, the machine is at its first instruction"
    with common.Guest(paused=True) as guest, guest.gdb() as (vm, gdb):
        check_no_os(gdb)


def test_every_moment_of_the_boot():
    "stopped again and again while the kernel boots: lists, never a crash"
    # Everything on the console, so that there is something to wait for.
    with common.Guest(paused=True, append='ignore_loglevel') as guest, \
            guest.gdb() as (vm, gdb):
        counts, booting = [], True
        while booting and len(counts) < 60:
            rows = gdb.os_table('processes')
            counts.append(sum('pid' in r for r in rows))
            # The idle task alone is no process: then the list is empty.
            tap.check(counts[-1] or not rows or rows[0].get('reason'),
                      f'odd rows {rows}')
            gdb.start('continue')
            booting = vm.wait_console(600)
            gdb.interrupt()
            gdb.wait_stop()
        tap.note(f'processes seen: {counts}')
        tap.check(counts[0] == 0 and counts[-1] > 0, 'the guest never began')


def test_check_notices_processes():
    "negative control: a guest with processes is no machine without an OS"
    with common.Guest() as guest, guest.gdb() as (vm, gdb):
        tap.fails(check_no_os, gdb)


tap.main(globals())
