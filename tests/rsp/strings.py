#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Points on a repeated string instruction: the guest's flags live over it, and
what is counted there is exact.

Negative controls, seen red by altering the code: without the store of cc_op in
target/i386/gdbx/emit.c (test_flags, both); with each false condition counted
at once where several points are (test_two_points).
"""
import re

from session import M, Guest, Talk, goes_on, on, tap

guest = Guest(run=['strings'], smp=1)
EFLAGS = 17
FALSE = 'X3,220027'
# 2 / 2 - 1, but by a divisor that is no constant: left to the interpreter.
SLOW_FALSE = 'X8,2202280622010327'


def place(vm, name):
    return vm.oracle.said('strings')[name][2:]


def carry(talk):
    return int(talk.ask(f'p{EFLAGS:x}')[:2], 16) & 1


@on(guest)
def test_flags_of_a_process(vm):
    "a process's breakpoint: CF is what the comparison left, there and behind"
    point, bad = place(vm, 'point'), place(vm, 'bad')
    with Talk(vm) as talk:
        thread = talk.attach(guest.pids['strings'])
        for _ in range(20):
            talk.ok(f'Z0,{point},1')
            talk.expect(talk.run(), f'T05thread:{thread};')
            tap.equal(carry(talk), 1, 'CF')
            talk.ok(f'z0,{point},1')
            talk.run(f'vCont;s:{thread}')
        tap.equal(talk.number(bad), 0, 'turns with wrong flags')
    vm.qmp.command('cont')


@on(guest)
def test_flags_of_the_machine(vm):
    "a numbered point, which passes at `continue': the same"
    point, bad = place(vm, 'point'), place(vm, 'bad')
    with Talk(vm) as talk:
        talk.command(f'gdbx break 0x{point} cpl 3')
        for _ in range(20):
            tap.check(talk.run()[0].startswith('T05'), 'a stop')
            tap.equal(carry(talk), 1, 'CF')
        tap.equal(talk.number(bad), 0, 'turns with wrong flags')
    vm.qmp.command('cont')


@on(guest)
def test_two_points(vm):
    "several points at one place: each false condition counts once"
    # One more is the turn at hand, another an interrupt among its iterations.
    point, counter = place(vm, 'point'), place(vm, 'counter')
    with Talk(vm) as talk:
        thread = talk.attach(guest.pids['strings'])
        # Stopped in front of the point, not within its iterations.
        talk.ok(f'Z0,{point},1')
        talk.expect(talk.run(), f'T05thread:{thread};')
        talk.ok(f'z0,{point},1')
        first = talk.number(counter)
        talk.ok(f'Z0,{point},1;{FALSE}')
        talk.ok(f'Z1,{point},1;{SLOW_FALSE}')
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Z0,{point},1;{FALSE}')
        talk.ok(f'Z1,{point},1;{FALSE}')
        talk.resume()
        goes_on(guest, ['strings'])
        talk.interrupt()
        talk.expect(talk.stop(), 'T02')
        talk.ok(f'Hg{thread}')
        turns = talk.number(counter) - first
        counts = [int(n) for n in re.findall(
            rf'0x0*{point} .* false (\d+) ', talk.command('gdbx points'))]
        tap.equal(len(counts), 4, 'points')
        tap.check(counts == [counts[0]] * 4 and
                  0 <= counts[0] - turns <= 2,
                  f'{turns} turns, counted {counts}')
    vm.qmp.command('cont')


tap.main(globals())
