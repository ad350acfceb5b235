#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions on memory that the guest has not got in its TLB, while it is
mapped anew all the time: each sees what is there.

Negative control, seen red: remembered page walks that are not compared with
the page tables (target/i386/gdbx/walk.c).
"""
import re

from session import Guest, Talk, on, tap

guest = Guest(run=['remaps'], smp=1)
RDI = 5
CALLS = 2000


def const(value):
    return f'25{value:016x}'


def stop_at(talk, hot, code):
    text = f'Z0,{hot},1;X{len(code) // 2:x},{code}'
    talk.ok(text)
    stop = talk.run()
    talk.ok(text.replace('Z0', 'z0', 1).split(';')[0])
    return stop


@on(guest)
def test_remapped(vm):
    "a value that is there for a while stops at the first call that can see it"
    said = vm.oracle.said('remaps')
    page, hot, counter = (said[n][2:] for n in ('page', 'hot', 'counter'))
    with Talk(vm) as talk:
        thread = talk.attach(guest.pids['remaps'])
        talk.ok(f'Z0,{hot},1')
        talk.expect(talk.run(), f'T05thread:{thread};')
        talk.ok(f'z0,{hot},1')
        for turn in range(60):
            now = talk.number(counter) + 1 + turn % 3
            # *page == now
            code = f'{const(int(page, 16))}1a{const(now)}1327'
            talk.expect(stop_at(talk, hot, code), f'T05thread:{thread};')
            tap.equal(talk.number(counter), now, 'turn')
            tap.equal(talk.number(page), now, 'the page')
            tap.equal(int.from_bytes(bytes.fromhex(talk.ask(f'p{RDI}')),
                                     'little'), 0, 'call')
        counts = re.search(rf'0x0*{hot} .* true (\d+) false (\d+)',
                           talk.command('gdbx points'))
        # Of the last condition: whole turns, the call at hand among them.
        tap.check(counts[1] == '1' and int(counts[2]) > 0, counts[0])
        tap.equal(int(counts[2]) % CALLS, 0, 'false ones')


tap.main(globals())
