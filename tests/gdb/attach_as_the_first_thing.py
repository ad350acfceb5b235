#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""With machine=off gdb begins with no inferior and the guest goes on, so that
`attach' works as the first thing typed, and as the IDEs type it."""
import common
import tap

RUN = ['busy-a', 'busy-b']
guest = common.Guest(run=RUN, smp=2, gdb_options=',machine=off')
usual = common.Guest(run=RUN, smp=2)


def runs(vm):
    return vm.qmp.command('query-status')['running']


def test_guest_runs_until_attach():
    "connected and nothing attached: it runs, tables can be read"
    with guest.gdb() as (vm, gdb):
        tap.equal(gdb.inferior_pids(), {})
        rows = gdb.os_table('processes')
        tap.check(any(r['command'] == 'busy-a' for r in rows), rows)
        tap.check(runs(vm), 'the guest stands')
        pid = guest.pids['busy-a']
        tap.check(common.advances(vm.oracle, pid), 'the program stands')


def test_attach_and_detach():
    "attach holds the guest, detach lets it go; the other program too"
    with guest.gdb() as (vm, gdb):
        for name in RUN:
            gdb.cmd(f'attach {guest.pids[name]}')
            tap.equal(gdb.inferior_pids(), {1: guest.pids[name]})
            tap.check(not runs(vm), 'the guest runs on')
            gdb.cmd('break work')
            tap.equal(gdb.run('continue').reason, 'breakpoint-hit')
            gdb.cmd('delete')
            gdb.cmd('detach')
            tap.check(common.advances(vm.oracle, guest.pids[name]), name)


def test_as_an_ide_does():
    "-list-thread-groups --available, -target-attach"
    with guest.gdb() as (vm, gdb):
        groups = gdb.mi('-list-thread-groups --available')['groups']
        pid = next(g['id'] for g in groups if g['description'] == 'busy-b')
        gdb.mi(f'-target-attach {pid}')
        tap.equal(gdb.threads()[0]['target-id'], f'Thread {pid}.{pid}')


def test_machine_can_be_attached():
    "by the number of the machine"
    with guest.gdb() as (vm, gdb):
        gdb.cmd('attach 10000000')
        tap.contains(gdb.threads()[0]['details'], 'CPU#0')


def test_guest_goes_on_after_the_last_exit():
    "the only process that gdb has ends: the guest does not stay stopped"
    with guest.gdb() as (vm, gdb):
        pid = vm.oracle.spawn('busy-a')
        gdb.cmd(f'attach {pid}')
        gdb.start('continue')
        vm.oracle.kill(pid, 9)
        tap.equal(gdb.wait_stop().reason, 'exited-signalled')
        tap.check(common.advances(vm.oracle, guest.pids['busy-b']), 'stands')


def test_control():
    "negative control: usually gdb begins with the machine, which stands"
    guest.stop()
    with usual.gdb() as (vm, gdb):
        tap.equal(gdb.inferior_pids(), {1: 10000000})
        tap.check(not runs(vm), 'the guest runs')
        text = gdb.cmd(f"attach {usual.pids['busy-a']}", check=False)
        tap.contains(text, "Can't kill process")


tap.main(globals())
