#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Backwards in a replay of the firmware: a forward walk tells where each step
and each hit must be; the way back has to meet the same places.

GDBX_RUNS=N: the whole so often (once in `make check`).
"""
import contextlib
import os
import re
import tempfile
import time
from pathlib import Path

from recording import (FIRMWARE, M, TICKS, Machine, firmware_recording,
                       icount, state, talk_to, tap)

RUNS = int(os.environ.get('GDBX_RUNS', 1))
RIP = 16
EARLY = 500000                  # the recording is longer than some of this


@contextlib.contextmanager
def replay(**options):
    with Machine('replay', firmware_recording(), **FIRMWARE, **options) as vm, \
            talk_to(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Hcp{M}.1')
        yield vm, talk


def pc(talk):
    return int.from_bytes(bytes.fromhex(talk.ask(f'p{RIP:x}')), 'little')


def here(talk):
    return icount(talk), pc(talk)


def walk(talk, packet, steps):
    places = []
    for _ in range(steps):
        talk.expect(talk.run(packet), rf'T05thread:p{M}\.0*1;')
        places.append(here(talk) + (state(talk),))
    return places


def seek(talk, goal):
    tap.contains(talk.command(f'gdbx seek {goal}'), 'the next resume')
    talk.expect(talk.run(), 'T05')
    tap.equal(icount(talk), goal, 'where it is')
    return here(talk) + (state(talk),)


def test_steps():
    "so many steps forwards, the same places and states backwards"
    for _ in range(RUNS):
        with replay() as (vm, talk):
            first = 1000
            ahead = [seek(talk, first + n) for n in range(40)]
            back = walk(talk, 'bs', 39)
            tap.equal(back, ahead[-2::-1], 'backwards')
            talk.expect(talk.run(f'vCont;s:p{M}.1'), 'T05')
            tap.equal(icount(talk), first + 1, 'a step forwards')


def test_begin():
    "the beginning of history is told, and again"
    for _ in range(RUNS):
        with replay() as (vm, talk):
            walk(talk, f'vCont;s:p{M}.1', 3)
            for packet in ('bc', 'bc', 'bs'):
                talk.expect(talk.run(packet),
                            rf'T05thread:p{M}\.0*1;replaylog:begin;')
                tap.equal(icount(talk), 0, 'where it is')


def test_breakpoint():
    "each hit of a breakpoint, backwards in turn, and with a condition"
    for _ in range(RUNS):
        with replay() as (vm, talk):
            place = repeated(talk)
            ahead = hits(talk, 'vCont;c', place, 6)
            back = hits(talk, 'bc', place, 5)
            tap.equal(back, ahead[-2::-1], 'backwards')
            # $icount is the register that differs at each of them.
            wanted = ahead[1][0]
            talk.ok(f'z0,{place:x},1')
            seek(talk, ahead[-1][0] + 1)
            n = register(talk, 'icount')
            condition = f'26{n:04x}25{wanted:016x}1327'
            talk.ok(f'Z0,{place:x},1;X{len(condition) // 2:x},{condition}')
            talk.expect(talk.run('bc'), rf'T05thread:p{M}\.0*1;swbreak')
            tap.equal(here(talk), ahead[1], 'the one whose condition is true')


def register(talk, name):
    """Its number in the description."""
    text = talk.xfer('features', 'target.xml')
    names = re.findall(r'<reg name="(\w+)"', text)
    return names.index(name)


def repeated(talk):
    """An address that comes by again and again."""
    seen = {}
    seek(talk, 200000)
    for _ in range(400):
        talk.run(f'vCont;s:p{M}.1')
        at = pc(talk)
        seen[at] = seen.get(at, 0) + 1
    best = max(seen, key=lambda a: (seen[a], a))
    tap.check(seen[best] > 3, 'a loop is there')
    seek(talk, 200000)
    return best


def hits(talk, packet, place, times):
    """gdb steps over its breakpoint before it goes on."""
    found = []
    for _ in range(times):
        if packet == 'vCont;c' and pc(talk) == place:
            with contextlib.suppress(tap.Failed):
                talk.ok(f'z0,{place:x},1')
            talk.run(f'vCont;s:p{M}.1')
        talk.ok(f'Z0,{place:x},1')
        talk.expect(talk.run(packet), rf'T05thread:p{M}\.0*1;swbreak')
        found.append(here(talk))
        tap.equal(found[-1][1], place, 'where it is')
    return found


def test_watch():
    "who wrote this: each change, backwards in turn"
    with replay() as (vm, talk):
        talk.ok(f'Z2,{TICKS:x},4')
        ahead = []
        for _ in range(5):
            talk.expect(talk.run(), rf'T05thread:p{M}\.1;watch:46c;')
            ahead.append(icount(talk))
        back = []
        for _ in range(4):
            talk.expect(talk.run('bc'), rf'T05thread:p{M}\.1;watch:46c;')
            back.append(icount(talk))
        # Behind the write forwards, in front of it backwards.
        tap.equal(back, [n - 1 for n in ahead[::-1]][:4], 'changes')


def test_end():
    "the end of the recording is told, forwards; time goes back from there"
    with replay() as (vm, talk):
        for packet in ('vCont;c', 'vCont;c', f'vCont;s:p{M}.1'):
            talk.expect(talk.run(packet),
                        rf'T05thread:p{M}\.0*1;replaylog:end;')
        at = icount(talk)
        tap.equal(walk(talk, 'bs', 3)[-1][0], at - 3, 'back from it')


def test_interrupt():
    "Ctrl-C ends a journey; the machine is of use afterwards"
    with replay() as (vm, talk):
        seek(talk, EARLY * 3)
        talk.resume('bc')
        talk.sock.sendall(b'\x03')
        talk.expect(talk.stop(), rf'T0[25]thread:p{M}\.')
        # Where it set out from, if it had come there once more.
        at = icount(talk)
        tap.check(at <= EARLY * 3, f'at {at}')
        seek(talk, EARLY * 2)
        want = state(talk)
        seek(talk, 100)
        seek(talk, EARLY * 2)
        tap.equal(state(talk), want, 'the same state')


def test_no_interrupt_is_lost():
    "Ctrl-C at any time of a journey, and behind it, ends it or the next one"
    with replay() as (vm, talk):
        broken = 0
        for n in range(100):
            seek(talk, EARLY * 2)
            talk.resume('bs')
            until = time.monotonic() + n * 2e-5     # somewhere on its way
            while time.monotonic() < until:
                pass
            talk.sock.sendall(b'\x03')
            stop = talk.stop()[0]
            at = icount(talk)
            if stop.startswith('T05'):
                talk.expect(talk.run('bs'), rf'T02thread:p{M}\.')
                tap.equal(icount(talk), at, 'it has not moved')
            else:
                talk.expect((stop, ''), rf'T02thread:p{M}\.')
                broken += 1
            talk.expect(talk.run('bs'), 'T05')      # and it is over
        tap.note(f'{broken} of 100 on their way')


EVENT_RANDOM = 27               # replay/replay-internal.h
HEADER = 12


def test_interrupt_where_nothing_comes():
    "Ctrl-C ends a journey that waits for what never comes"
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as room:
        log = Path(room) / 'rr'
        data = Path(firmware_recording()).read_bytes()
        # A random number, and nobody wants one.
        log.write_bytes(data[:HEADER] + bytes([EVENT_RANDOM]) + bytes(8) +
                        data[HEADER:])
        with Machine('replay', log, **FIRMWARE) as vm, talk_to(vm) as talk:
            talk.ok(f'Hgp{M}.1')
            talk.ok(f'Hcp{M}.1')
            for _ in range(3):
                tap.contains(talk.command(f'gdbx seek {EARLY}'),
                             'the next resume')
                talk.resume('vCont;c')
                talk.sock.sendall(b'\x03')
                talk.expect(talk.stop(), rf'T02thread:p{M}\.')
                tap.equal(icount(talk), 0, 'where it is')


def test_missed():
    "an event that is found and not met again is told as that"
    # Found in an interval that has a page of the future.
    with replay() as (vm, talk):
        at = tick(talk, 3)
        ticks = talk.ask(f'm{TICKS:x},4')
        tap.contains(talk.command(
            f'gdbx break interrupt 8 if *(int *){TICKS:#x} == '
            f'{int.from_bytes(bytes.fromhex(ticks), "little")}'), 'point')
        talk.expect(talk.run('bc'), 'T05.*replaylog:begin')
        seek(talk, at)
        talk.command('gdbx time forget-page')
        stop, said = talk.run('bc')
        tap.contains(said, 'was not met there again')
        tap.contains(stop, 'T06')


def tick(talk, n):
    """Where the clock has ticked so often. -> instruction count"""
    talk.ok(f'Z2,{TICKS:x},4')
    for _ in range(n):
        talk.expect(talk.run(), 'T05.*watch')
    talk.ok(f'z2,{TICKS:x},4')
    return icount(talk)


def test_spoilt():
    "negative control: a page that is not restored is another state"
    with replay() as (vm, talk):
        seek(talk, EARLY)
        want = state(talk)
        seek(talk, EARLY * 2)
        talk.command('gdbx time forget-page')
        seek(talk, EARLY)
        tap.fails(tap.equal, state(talk), want)


def test_budget():
    "checkpoint-memory= is kept to"
    with replay(gdb_options=',checkpoint-memory=70M') as (vm, talk):
        seek(talk, EARLY * 3)
        for n in range(60):
            talk.run('bs')
        text = talk.command('gdbx time')
        used, most = map(int, re.search(r'(\d+) of (\d+) MiB', text).groups())
        tap.equal(most, 70, 'budget')
        tap.check(used <= most, text)


tap.main(globals())
