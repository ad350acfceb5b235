#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""From a recording under way straight to its past, in the same run. A replay of
the recording's file, which only goes forwards, says what each place is like.

GDBX_SEEKS=N: so many places; GDBX_SEED=N.
"""
import contextlib
import os
import random
import sys
import tempfile
from pathlib import Path

from recording import (FIRMWARE, M, RIP, TICKS, Machine, icount, state, talk_to,
                       tap)
from gdbrun import Gdb

sys.path.append(str(Path(__file__).resolve().parents[1] / 'guest'))
import disk  # noqa: E402
from disk import ROUNDS, SUM  # noqa: E402

SEEKS = int(os.environ.get('GDBX_SEEKS', 12))
SEED = int(os.environ.get('GDBX_SEED', 1))


@contextlib.contextmanager
def machine(mode, path, options=FIRMWARE):
    with Machine(mode, path, **options) as vm, talk_to(vm) as talk:
        talk.deadline = 60
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Hcp{M}.1')
        yield talk


def stops(talk, address, times):
    "so many changes of four bytes there"
    talk.ok(f'Z2,{address:x},4')
    for _ in range(times):
        talk.expect(talk.run(), rf'T05thread:p{M}\.1;watch')
    talk.ok(f'z2,{address:x},4')


def here(talk):
    return icount(talk), talk.ask(f'p{RIP:x}'), state(talk)


def seek(talk, goal):
    tap.contains(talk.command(f'gdbx seek {goal}'), 'the next resume')
    talk.expect(talk.run(), 'T05')
    tap.equal(icount(talk), goal, 'where it is')
    return here(talk)


def there(path, places, options=FIRMWARE):
    "What a replay of the file says of @places."
    with machine('replay', path, options) as talk:
        talk.run(f'vCont;s:p{M}.1')
        return [seek(talk, p[0]) for p in sorted(places)]


def wander(talk, end, seeks=SEEKS):
    "Places all over the past, in any order."
    dice = random.Random(SEED)
    places = []
    for goal in dice.sample(range(1, end), seeks):
        places.append(seek(talk, goal))
        if goal > 1:
            talk.expect(talk.run('bs'), 'T05')
            places.append(here(talk))
    return places


def test_firmware():
    "steps, hits, both ends, and places at random are those of a replay"
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as d:
        path = d + '/rr'
        with machine('record', path) as talk:
            stops(talk, TICKS, 3)
            end = icount(talk)
            pc = talk.ask(f'p{RIP:x}')
            tap.contains(talk.command('gdbx time'), 'record: instruction')
            places = []
            for n in range(1, 6):
                talk.expect(talk.run('bs'), rf'T05thread:p{M}\.0*1;$')
                tap.equal(icount(talk), end - n, 'a step back')
                places.append(here(talk))
            tap.contains(talk.command('gdbx time'), 'replay: instruction')
            talk.ok(f'Z2,{TICKS:x},4')
            for packet in 2 * ['bc'] + 2 * ['vCont;c']:
                talk.expect(talk.run(packet), rf'T05thread:p{M}\.0*1;watch')
                places.append(here(talk)) if packet == 'bc' else None
            talk.expect(talk.run(), rf'T05thread:p{M}\.0*1;watch')
            tap.equal((icount(talk), talk.ask(f'p{RIP:x}')), (end, pc),
                      'where it was stopped')
            talk.expect(talk.run(), 'T05.*replaylog:end')
            tap.equal(icount(talk), end, 'the end')
            talk.ok(f'z2,{TICKS:x},4')
            places += wander(talk, end)
            talk.expect(talk.run('bc'), 'T05.*replaylog:begin')
            tap.equal(icount(talk), 0, 'the beginning')
            # Negative control: a page is forgotten.
            seek(talk, end)
            talk.command('gdbx time forget-page')
            bad = seek(talk, min(places)[0])
        want = there(path, places)
        tap.equal(sorted(places), want, 'what a replay says')
        tap.fails(tap.equal, bad, want[0])


def test_disk():
    "what was written to a disk goes back; its image has all that was recorded"
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as d:
        path = d + '/rr'
        image = disk.image(d)
        options = {'kernel': None, 'memory': '64M', 'sleep': 'on',
                   'extra': disk.options(d, snapshot='off')}
        before = image.read_bytes()
        # With few checkpoints all is read again.
        few = {**options, 'gdb_options': ',checkpoint-memory=1M'}
        with machine('record', path, few) as talk:
            # What is read first is the image's, and is written later.
            stops(talk, SUM, 1)
            early = icount(talk) - 1
            stops(talk, ROUNDS, 60)
            end = icount(talk)
            places = wander(talk, end) + [seek(talk, early)]
            after = image.read_bytes()
            talk.expect(talk.run(), 'T05.*replaylog:end')
        tap.check(after != before, 'it was written')
        tap.check(after == image.read_bytes(), 'going back writes nothing')
        image.write_bytes(before)
        tap.equal(sorted(places), there(path, places, options),
                  'what a replay says')


def test_gdb():
    "in gdb: back while it is recorded, and forwards again"
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as d, \
            Machine('record', d + '/rr', **FIRMWARE) as vm, \
            Gdb(sysroot=None) as gdb:
        gdb.connect(vm)
        gdb.cmd(f'watch *(int *){TICKS:#x}')
        gdb.run('continue')
        gdb.run('continue')
        end, pc = gdb.number('$icount'), gdb.number('$pc')
        tap.contains(gdb.cmd('monitor gdbx when'), 'record')
        gdb.run('reverse-stepi')
        tap.equal(gdb.number('$icount'), end - 1, 'a step back')
        tap.contains(gdb.cmd('monitor gdbx when'), 'replay')
        gdb.run('reverse-continue')
        gdb.run('reverse-continue')
        tap.check(gdb.number('$icount') < end - 1000, 'the change before')
        text = gdb.run('reverse-continue')
        tap.equal(gdb.number('$icount'), 0, f'the beginning: {text}')
        gdb.run('continue')
        gdb.run('continue')
        tap.equal((gdb.number('$icount'), gdb.number('$pc')), (end, pc),
                  'where it was stopped')


tap.main(globals())
