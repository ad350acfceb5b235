#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A breakpoint at an address where the guest has a hardware breakpoint of its
own: both are told to whom they belong, and the guest goes on.

Negative control, seen red: without the hook in breakpoint_handler() the first
resume never ends, the guest takes its own breakpoint for ever.
"""
from session import Guest, Talk, goes_on, on, tap

guest = Guest(run=['hwbreak'], smp=1)


@on(guest)
def test_both_are_told(vm):
    "gdb's at each turn, the guest's at each turn"
    said = vm.oracle.said('hwbreak')
    spot, child = said['spot'][2:], int(said['child'])
    parent = guest.pids['hwbreak']
    with Talk(vm) as talk:
        thread = talk.attach(child)
        for _ in range(20):
            talk.ok(f'Z0,{spot},1')
            talk.expect(talk.run(), f'T05thread:{thread};')
            talk.ok(f'z0,{spot},1')
            talk.expect(talk.run(f'vCont;s:{thread}'), f'T05thread:{thread};')
        talk.resume()
        first = vm.oracle.counter(parent)
        goes_on(guest, ['hwbreak'])
        talk.interrupt()
        talk.expect(talk.stop(), 'T02')
        tap.check(first >= 20, f'the guest was told {first} times')
    vm.qmp.command('cont')


tap.main(globals())
