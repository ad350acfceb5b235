#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the guest OS does, as points: break, log, count of exec, fork, exit, task
switches, returns to user mode; against what a program counts itself."""
import re

import common
import tap

guest = common.Guest(run=['sleeper', 'syscalls32', 'busy-a', 'busy-b'])
GO = 10     # SIGUSR1


def hits(gdb, number):
    """How often the point @number was true."""
    return int(re.search(rf'^ *{number} .*: true (\d+)',
                         gdb.cmd('monitor gdbx points'), re.M)[1])


def number_of(said):
    return int(re.search(r'point (\d+)', said)[1])


def family(gdb, vm, pid, *lines):
    """Its deed with points there; gdb is stopped where it is done."""
    gdb.attach(pid)
    gdb.cmd('break done')
    numbers = [number_of(gdb.cmd('monitor gdbx ' + line)) for line in lines]
    gdb.start('continue')
    vm.oracle.sock.sendall(f'kill {pid} {GO}\n'.encode())
    stop = gdb.wait_stop()
    return stop, numbers


def test_counts_are_what_the_program_counts():
    "20 forks: 20 of it, 20 exits, 20 execs of none; vforks execute"
    for deed, execs in (('fork', 0), ('vfork', 20)):
        vm = guest.boot()
        pid = vm.oracle.spawn('family', deed, 20)
        with guest.gdb() as (vm, gdb):
            _stop, n = family(gdb, vm, pid, f'count fork process {pid}',
                              'count exit family if $_last == 1',
                              'count os exec family',
                              f'count fork if $_pid == {pid}',
                              'count module-load')
            tap.equal([hits(gdb, x) for x in n], [20, 20, execs, 20, 0], deed)
            tap.equal(gdb.number('made'), 20, 'what the program counted')
            gdb.quit()
        vm.oracle.answer()


def test_break_and_log():
    "break stops in the kernel, with a line that says what it is"
    vm = guest.boot()
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx break task-switch busy-a')
        stop = gdb.run('continue')
        tap.contains(stop.text, 'task-switch from')
        tap.contains(stop.text, '"busy-a"')
        gdb.cmd('monitor gdbx delete all')
        pid = guest.pids['syscalls32']
        gdb.cmd(f'monitor gdbx break return-to-user process {pid}')
        stop = gdb.run('continue')
        tap.contains(stop.text, f'return-to-user of thread {pid}')
        tap.equal(gdb.number('$cs & 3'), 3, 'privilege level')
        gdb.cmd('monitor gdbx delete all')


def test_every_other_switch_is_of_the_other():
    "switches from a task and to it alternate: none is missed on one CPU"
    vm = guest.boot()
    with guest.gdb() as (vm, gdb):
        me = guest.pids['busy-a']
        gdb.cmd(f'monitor gdbx log task-switch if $_tid == {me} || '
                f'$_to_tid == {me}')
        gdb.cmd('monitor gdbx break task-switch busy-a after 41')
        text = gdb.run('continue').text
        turns = re.findall(r'task-switch from (\d+) "[^"]*" to (\d+)', text)
        tap.check(len(turns) >= 40, text)
        went = [int(a) == me for a, b in turns]
        tap.check(all(a != b for a, b in zip(went, went[1:-1])), turns)


def test_what_is_refused():
    "a kind that there is not, and no kind, are one line each"
    vm = guest.boot()
    with guest.gdb() as (vm, gdb):
        tap.contains(gdb.cmd('monitor gdbx break os nonsense'), 'which?')
        tap.contains(gdb.cmd('monitor gdbx break os'), 'which?')


def test_check_notices_a_wrong_count():
    "negative control: a point on another process's forks counts none"
    vm = guest.boot()
    pid = vm.oracle.spawn('family', 'fork', 3)
    with guest.gdb() as (vm, gdb):
        _stop, n = family(gdb, vm, pid,
                          f"count fork process {guest.pids['busy-a']}")
        tap.equal(hits(gdb, n[0]), 0, 'forks of another')
        tap.fails(tap.equal, hits(gdb, n[0]), 3, 'forks')
        gdb.quit()
    vm.oracle.answer()


tap.main(globals())
