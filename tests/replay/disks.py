#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest whose every write depends on all it has read (tests/guest/disk.S): its
disk goes back with the rest, and its image is not touched.

GDBX_SEEKS=N: so many places.
"""
import contextlib
import os
import random
import re
import sys
import tempfile
from pathlib import Path

from recording import M, Machine, icount, state, talk_to, tap

sys.path.append(str(Path(__file__).resolve().parents[1] / 'guest'))
import disk  # noqa: E402
from disk import FAILED, ROUNDS, SUM  # noqa: E402

SEEKS = int(os.environ.get('GDBX_SEEKS', 8))
SEED = int(os.environ.get('GDBX_SEED', 1))
FOLDER = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
HERE = Path(FOLDER.name)


def number(talk, address):
    return int.from_bytes(bytes.fromhex(talk.ask(f'm{address:x},4')),
                          'little')


def recording():
    path = HERE / 'rr'
    if not path.exists():
        with Machine('record', path, kernel=None, memory='64M', sleep='on',
                     extra=disk.options(HERE)) as vm, talk_to(vm) as talk:
            talk.ok(f'Hgp{M}.1')
            talk.ok(f'Z2,{ROUNDS:x},4')
            while number(talk, ROUNDS) != 200:
                talk.expect(talk.run(), rf'T05thread:p{M}\.1;watch')
            tap.equal(number(talk, FAILED), 0, 'failed requests')
    return path


@contextlib.contextmanager
def replay(path, extra, gdb_options=''):
    with Machine('replay', path, kernel=None, memory='64M', sleep='on', extra=extra,
                 gdb_options=gdb_options) as vm, talk_to(vm) as talk:
        talk.deadline = 60
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Hcp{M}.1')
        yield talk


def place(talk):
    return [icount(talk), number(talk, ROUNDS), number(talk, SUM),
            state(talk)]


def seek(talk, goal):
    tap.contains(talk.command(f'gdbx seek {goal}'), 'the next resume')
    talk.expect(talk.run(), 'T05')
    return place(talk)


def test_round_trip():
    "the same disk, sum and state at each place, whichever way; no file is written"
    path = recording()
    dice = random.Random(SEED)
    with replay(path, disk.options(HERE)) as talk:
        talk.run(f'vCont;s:p{M}.1')
        last = int(re.search(r'% of (\d+)', talk.command('gdbx time'))[1])
        talk.ok(f'Z2,{ROUNDS:x},4')
        while number(talk, ROUNDS) != 2:
            talk.run()
        first = icount(talk)
        talk.ok(f'z2,{ROUNDS:x},4')
        # At the first of them most of the disk was not written yet.
        goals = [first, *sorted(dice.sample(range(first, last), SEEKS))]
        want = {g: seek(talk, g) for g in goals}
        tap.check(want[goals[-1]][1] > 3, 'it writes')
    # The image itself, to show that it is not written.
    before = disk.image(HERE).read_bytes()
    with replay(path, disk.options(HERE, snapshot='off')) as talk:
        dice.shuffle(goals)
        for n, goal in enumerate(goals):
            tap.equal(seek(talk, goal), want[goal], f'seek {n} to {goal}')
        goals.sort()
        seek(talk, goals[-1])
        for goal in goals[-2::-1]:
            # Back by the sum's own changes too.
            talk.ok(f'Z2,{ROUNDS:x},4')
            talk.expect(talk.run('bc'), rf'T05thread:p{M}\.1;watch')
            talk.ok(f'z2,{ROUNDS:x},4')
            tap.equal(seek(talk, goal), want[goal], f'back to {goal}')
        # Negative control: a block is forgotten.
        seek(talk, last - 100)
        talk.command('gdbx time forget-block')
        tap.fails(tap.equal, seek(talk, goals[0]), want[goals[0]])
        talk.expect(talk.run(), 'T05.*replaylog:end')
    tap.check(before == disk.image(HERE).read_bytes(), 'the image is as it was')


def refused(extra, *words):
    path = str(HERE / 'refused')
    with Machine('record', path, kernel=None, memory='64M', sleep='on', extra=extra) as vm, \
            talk_to(vm) as talk:
        talk.run(f'vCont;s:p{M}.1')
    with replay(path, extra) as talk:
        answer = talk.ask('bs')
        for word in words:
            tap.contains(answer, word)
        tap.contains(talk.command('gdbx seek 1'), words[0])


def test_refused():
    "a disk that cannot be brought back is named when one goes back"
    refused(disk.options(HERE, behind=False), 'is not behind driver=blkreplay')
    refused(disk.options(HERE, discard='unmap'), 'has discard=unmap')


try:
    tap.main(globals())
finally:
    FOLDER.cleanup()
