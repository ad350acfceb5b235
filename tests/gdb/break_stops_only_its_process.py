#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A breakpoint of a process stops that process and no other, though both
copies of the program share the page of code and its address."""
import common
import tap

guest = common.Guest(run=['busy-a', 'busy-b'], smp=2)


def stops_in(gdb, turns):
    """The inferiors in which the next stops are."""
    seen = set()
    for _ in range(turns):
        stop = gdb.run('continue')
        tap.equal(stop.reason, 'breakpoint-hit', 'reason')
        seen.add(gdb.number('$_inferior'))
    return seen


def check_only(seen, inferior):
    tap.equal(seen, {inferior}, 'stopped in inferiors')


def test_one_copy_stops():
    "twenty hits are all in the process that the breakpoint belongs to"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        check_only(stops_in(gdb, 20), 2)
        pid = gdb.inferior_pids()[2]
        tap.equal(pid, guest.pids['busy-a'], 'pid')


def test_the_other_copy_runs_on():
    "between hits in one copy the counter of the other grows"
    address = int(guest.boot().oracle.said('busy-b')['counter'], 16)
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        values = []
        for _ in range(common.MANY_STOPS):
            gdb.run('continue')
            value = common.read_on_cpu(gdb, 'busy-b', address)
            values += [value] if value is not None else []
            if values and values[-1] > values[0]:
                return
        raise tap.Failed(f"busy-b's counter stood still at {values[:3]}")


def test_each_hit_is_the_next_call():
    "no call is missed: i grows by one from hit to hit"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        gdb.run('continue')
        first = gdb.number('i')
        for n in range(1, 10):
            gdb.run('continue')
            tap.equal(gdb.number('i'), first + n, 'i')


def test_two_breakpoints_two_processes():
    "with both copies attached the breakpoint is hit in both"
    with guest.gdb() as (vm, gdb):
        a = gdb.attach(guest.pids['busy-a'])
        b = gdb.attach(guest.pids['busy-b'])
        gdb.cmd('break work')
        seen = set()
        for _ in range(common.MANY_STOPS * 5):
            seen |= stops_in(gdb, 1)
            if seen == {a, b}:
                return
        raise tap.Failed(f'only seen in inferiors {seen}')


def test_deleted_is_gone():
    "after delete the process runs on"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        gdb.run('continue')
        gdb.cmd('delete')
        gdb.start('continue')
        tap.check(common.advances(vm.oracle, guest.pids['busy-a']),
                  'busy-a does not run')
        gdb.interrupt()
        gdb.wait_stop()


def test_check_notices_another_process():
    "negative control: a hit in another inferior is noticed"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-b'])
        gdb.cmd('break work')
        tap.fails(check_only, stops_in(gdb, 2), 3)


tap.main(globals())
