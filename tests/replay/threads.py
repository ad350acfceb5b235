#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps back of a process's thread: a forward walk of the thread, through
system calls, faults and other tasks, tells where each of them must be.

GDBX_STEPS=N: so many of them.
"""
import os
import re
import tempfile
from pathlib import Path

from recording import (DEADLINE, M, Machine, addresses, icount, insert,
                       record, talk_to, tap)

RIP = 16
MARGIN = 10000000
STEPS = int(os.environ.get('GDBX_STEPS', 120))
PROGRAMS = ('steps-a', 'steps-b')


def register(talk, n):
    return int.from_bytes(bytes.fromhex(talk.ask(f'p{n:x}')), 'little')


def here(talk):
    return icount(talk), register(talk, RIP)


def step(talk, thread, packet):
    """-> (instruction count, program counter) of the thread"""
    if packet == 'bs':
        talk.ok(f'Hc{thread}')
    stop, said = talk.run('bs' if packet == 'bs' else f'vCont;s:{thread};c')
    tap.check(stop.startswith(f'T05thread:{thread};'), f'{stop} {said}')
    tap.check('replaylog' not in stop, stop)
    return here(talk)


def seek(talk, goal):
    talk.command(f'gdbx seek {goal}')
    talk.expect(talk.run(), 'T05')
    tap.equal(icount(talk), goal, 'where it is')


def process(talk, name):
    rows = talk.xfer('osdata', 'processes')
    return int(re.search(rf'name="pid">(\d+)<(?:(?!</item>).)*{name}', rows,
                         re.S)[1])


def begin(talk):
    """Shortly before the end, when both are there."""
    talk.deadline = DEADLINE
    talk.run(f'vCont;s:p{M}.1')         # time begins
    last = int(re.search(r'% of (\d+)', talk.command('gdbx time'))[1])
    seek(talk, last - MARGIN)
    return [talk.attach(process(talk, name)) for name in PROGRAMS]


def compare(got, want):
    tap.equal(len(got), len(want), 'steps')
    for n, (a, b) in enumerate(zip(got, want)):
        tap.equal(a, b, f'step {n}')


def walk(talk, thread):
    ahead = [step(talk, thread, 's') for _ in range(STEPS)]
    back = [step(talk, thread, 'bs') for _ in range(STEPS - 1)]
    compare(back, ahead[-2::-1])
    kernel = sum(b[0] - a[0] > 1 for a, b in zip(ahead, ahead[1:]))
    tap.note(f'{kernel} of {STEPS} steps led through the kernel')
    tap.check(kernel >= 3, 'steps through the kernel')
    tap.fails(compare, [back[1]] + back[1:], ahead[-2::-1])


def off_cpu(talk, one, other):
    """The step back of a thread that does not run."""
    seek(talk, icount(talk))
    talk.ok(f'Hg{other}')
    at = here(talk)
    back = step(talk, other, 'bs')
    tap.check(back[0] < at[0] - 1000, f'{back}: far behind {at}')
    tap.equal(step(talk, other, 's')[1], at[1], 'forwards again')


def test_thread():
    "as many steps back as forwards, the same places"
    place, = addresses('steps', ('fresh_page',))
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as d:
        path = str(Path(d) / 'rr')
        record(path, PROGRAMS, more=20000)
        with Machine('replay', path, PROGRAMS) as vm, talk_to(vm) as talk:
            one, other = begin(talk)
            talk.ok(f'Hg{one}')
            insert(talk, place)
            talk.expect(talk.run(), f'T05thread:{one};swbreak')
            talk.ok(f'z0,{place:x},1')
            walk(talk, one)
            off_cpu(talk, one, other)


tap.main(globals())
