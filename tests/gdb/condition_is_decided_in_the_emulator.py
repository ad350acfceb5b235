#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""condition N i == K: gdb hands the condition over ("target evals"), the stop
is exactly at K, and the false ones never reach gdb."""
import re

import common
import tap
from fixture import log_path

DISTANCE = 100000
guest = common.Guest(run=['busy-a', 'busy-b'], smp=2)


def stop_at(gdb, distance, evaluation='auto'):
    """Stops when i is so much further; returns (goal, text of info)."""
    gdb.cmd(f'set breakpoint condition-evaluation {evaluation}')
    gdb.cmd('break work')
    gdb.run('continue')
    goal = gdb.number('i') + distance
    gdb.cmd(f'condition $bpnum i == {goal}')
    stop = gdb.run('continue')
    tap.equal(stop.reason, 'breakpoint-hit', 'reason')
    return goal, gdb.cmd('info breakpoints')


def stop_packets(name):
    """How many stops went over the wire."""
    text = log_path(name).read_text(errors='replace')
    return len(re.findall(r'\$T[0-9a-f]{2}', text))


def stop_there():
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        goal, info = stop_at(gdb, DISTANCE)
        tap.equal(gdb.number('i'), goal, 'i')
        tap.equal(gdb.number('$_inferior'), 2, 'inferior')
        tap.contains(info, 'target evals')


def test_stops_exactly_there():
    "the first stop is at i == K"
    stop_there()


def test_false_ones_stay_inside():
    "a hundred thousand false conditions cost no packet"
    stop_there()
    stops = stop_packets('false_ones_stay_inside')
    tap.check(stops < 20, f'{stops} stops went over the wire')


def test_points_count_them():
    "monitor gdbx points: one true hit, the others false"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        stop_at(gdb, DISTANCE)
        rows = [line for line in gdb.cmd('monitor gdbx points').splitlines()
                if f"process {guest.pids['busy-a']}" in line
                and 'conditions 1' in line]
        tap.check(rows, 'no point with a condition')
        tap.contains(rows[0], f'true 1 false {DISTANCE - 1} ')


def test_other_process_changes_nothing():
    "the other copy passes the same code and value: no stop there"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-b'])
        stop_at(gdb, DISTANCE)
        tap.equal(gdb.inferior_pids()[gdb.number('$_inferior')],
                  guest.pids['busy-b'], 'pid')


def test_gdb_can_still_do_it():
    "control: with condition-evaluation host the same stop, by many packets"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        goal, info = stop_at(gdb, 50, 'host')
        tap.equal(gdb.number('i'), goal, 'i')
        tap.check('target evals' not in info, 'the target evaluates')
    stops = stop_packets('gdb_can_still_do_it')
    tap.check(stops >= 50, f'only {stops} stops: the count proves nothing')


tap.main(globals())
