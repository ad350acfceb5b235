#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`target remote' instead of extended-remote: the machine, processes that are
followed, steps, detach. What gdb keeps to itself there is attach: it goes to the
host, and the guest never hears of it."""
import common
import tap

RUN = ['busy-a', 'busy-b']
guest = common.Guest(run=RUN, smp=2)
NOBODY = 99999999               # more than the host's PID_MAX_LIMIT too


def connect(vm, gdb, target):
    gdb.cmd(f'target {target} {vm.gdb_target}')
    tap.equal(gdb.inferior_pids(), {1: 10000000}, 'inferiors')


def test_machine():
    "CPUs with names, the guest's tables, Ctrl-C; the doctor says what helps"
    with guest.gdb(connect=False) as (vm, gdb):
        connect(vm, gdb, 'remote')
        tap.equal(len(gdb.threads()), 2, 'threads')
        commands = [r['command'] for r in gdb.os_table('processes')]
        tap.check('busy-a' in commands, commands)
        stop = common.run_a_little(vm, gdb)
        tap.equal(stop.values['signal-name'], 'SIGINT')
        tap.contains(gdb.cmd('monitor gdbx doctor'), 'attach needs it')
        gdb.cmd('disconnect')


def test_follow_step_detach():
    "a followed process: its own inferior, symbols, steps; detach of all"
    with guest.gdb(connect=False) as (vm, gdb):
        connect(vm, gdb, 'remote')
        pid = guest.pids['busy-a']
        gdb.cmd(f'monitor gdbx follow {pid}')
        gdb.cmd('set breakpoint pending on')
        gdb.cmd('break work')
        stop = gdb.run('continue')
        tap.equal(stop.reason, 'breakpoint-hit', stop.text)
        tap.equal(gdb.inferior_pids(), {1: 10000000, 2: pid}, 'inferiors')
        tap.equal(gdb.number('$_inferior'), 2, 'inferior')
        first = gdb.number('i')
        gdb.run('continue')
        tap.equal(gdb.number('i'), first + 1, 'the next call')
        gdb.cmd('delete')
        line = int(stop.frame['line'])
        tap.check(int(gdb.run('next').frame['line']) > line, 'next')
        gdb.cmd('detach')
        gdb.cmd('inferior 1')
        gdb.cmd('detach')
        tap.equal(gdb.inferior_pids(), {}, 'inferiors')
        for name in RUN:
            tap.check(common.advances(vm.oracle, guest.pids[name]), name)


def attach_nobody(gdb):
    gdb.cmd('add-inferior')
    gdb.cmd('inferior 2')
    return gdb.cmd(f'attach {NOBODY}', check=False)


def test_attach_is_the_hosts():
    "attach is not for the guest, and the session goes on"
    with guest.gdb(connect=False) as (vm, gdb):
        connect(vm, gdb, 'remote')
        tap.contains(attach_nobody(gdb), 'ptrace')
        gdb.cmd('inferior 1')
        tap.equal(len(gdb.threads()), 2, 'threads')
        gdb.cmd('disconnect')


def test_control():
    "negative control: with extended-remote the guest is asked"
    with guest.gdb(connect=False) as (vm, gdb):
        connect(vm, gdb, 'extended-remote')
        said = attach_nobody(gdb)
        tap.contains(said, f'Attaching to process {NOBODY} failed')
        tap.check('ptrace' not in said, said)
        tap.check('attach needs it' not in gdb.cmd('monitor gdbx doctor'),
                  'the doctor advises what is done')


tap.main(globals())
