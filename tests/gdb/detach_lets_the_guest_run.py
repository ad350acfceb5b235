#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""detach, disconnect, or a gdb that dies: the guest runs on, undisturbed."""
import common
import tap

guest = common.Guest(run=['busy-a', 'busy-b'], smp=2)


def check_undisturbed(vm):
    for name, pid in guest.pids.items():
        tap.check(common.advances(vm.oracle, pid), f'{name} does not run')
        status = vm.oracle.proc(pid, 'status').decode()
        tap.contains(status, 'TracerPid:\t0', name)


def stop_in_a(gdb):
    gdb.attach(guest.pids['busy-a'])
    gdb.cmd('break work')
    gdb.run('continue')


def test_detach_process_then_machine():
    "after detach of the process and then of the machine both copies count"
    with guest.gdb() as (vm, gdb):
        stop_in_a(gdb)
        gdb.cmd('detach')
        gdb.cmd('inferior 1')
        gdb.cmd('detach')
        check_undisturbed(vm)


def test_detached_process_does_not_stop():
    "a breakpoint of a detached process is gone with it"
    with guest.gdb() as (vm, gdb):
        stop_in_a(gdb)
        gdb.cmd('detach')
        gdb.cmd('inferior 1')
        gdb.start('continue')
        check_undisturbed(vm)
        gdb.interrupt()
        gdb.wait_stop()


def test_machine_stays_when_process_goes():
    "the machine is still there after the process was detached"
    with guest.gdb() as (vm, gdb):
        stop_in_a(gdb)
        gdb.cmd('detach')
        gdb.cmd('inferior 1')
        tap.equal(len(gdb.threads()), 2, 'CPU threads')
        tap.check(gdb.os_table('processes'), 'no processes')


def test_gdb_is_killed():
    "a gdb that is killed at a breakpoint: the next one finds all in order"
    with guest.gdb() as (vm, gdb):
        stop_in_a(gdb)
        gdb.process.kill()
        gdb.process.wait()
    with guest.gdb() as (vm, gdb):
        tap.equal(list(gdb.inferior_pids()), [1], 'inferiors')
        gdb.start('continue')
        check_undisturbed(vm)
        gdb.interrupt()
        gdb.wait_stop()


def test_quit():
    "quit leaves the guest running"
    with guest.gdb() as (vm, gdb):
        stop_in_a(gdb)
        tap.equal(gdb.quit(), 0, "gdb's exit status")
        check_undisturbed(vm)


def test_check_notices_a_stopped_guest():
    "negative control: a guest that is held does not answer"
    with guest.gdb() as (vm, gdb):
        vm.oracle.deadline, before = 2, vm.oracle.deadline
        tap.fails(check_undisturbed, vm, exception=common.OracleError)
        vm.oracle.deadline = before
        gdb.cmd('detach')
        # The question is still on its way: take the answer off the line.
        vm.oracle.answer()
        check_undisturbed(vm)


tap.main(globals())
