#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The state of the machine at an instruction count is the same however one
got there: a walk at random, forwards and back, and a run forwards only that
tells a hash of registers, RAM and devices at all places where the walk landed.

GDBX_RECORDINGS=NAME,...: of what (inputs.py); GDBX_LANDINGS=N; GDBX_SEED=N.
KERNEL=NAME: the kernel of those that have one.
"""
import os

import inputs
import walk
from recording import tap

LANDINGS = int(os.environ.get('GDBX_LANDINGS', 60))
SEED = int(os.environ.get('GDBX_SEED', 1))
RECORDINGS = os.environ.get('GDBX_RECORDINGS', 'firmware,keyboard').split(',')


def kinds(landings):
    names = [how.split()[0] for *_, how in landings]
    return ', '.join(f'{names.count(n)} {n}' for n in sorted(set(names)))


def walked(name):
    with inputs.made(name) as (path, options):
        vm, talk = walk.replay(path, options)
        with vm, talk:
            way = walk.Walk(talk, SEED)
            way.go(LANDINGS)
            tap.check('not wholly' not in talk.command('gdbx time'),
                      talk.command('gdbx time'))
            # Negative control: a page is forgotten.
            goal = way.landings[0][0]
            walk.seek(talk, way.last - 1)
            talk.command('gdbx time forget-page')
            walk.seek(talk, goal)
            spoilt = (*walk.here(talk), 'spoilt')
        vm, talk = walk.replay(path, options)
        with vm, talk:
            wrong, faults = walk.judge(talk, way.landings + [spoilt])
        tap.note(f'{len(way.landings)} landings ({kinds(way.landings)}; '
                 f'{faults} not compared) in {way.last} instructions')
        tap.check(any(w.startswith('spoilt') for w in wrong),
                  'the negative control was not noticed')
        wrong = [w for w in wrong if not w.startswith('spoilt')]
        tap.check(not wrong, f'{len(wrong)} differ: {wrong[:5]}')


def case(name):
    def test():
        walked(name)
    test.__doc__ = f'a walk in the recording {name} lands where forwards does'
    return f'test_{name}', test


tap.main(globals(), more=[case(name) for name in RECORDINGS])
