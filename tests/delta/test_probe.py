#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The probe tells ok, drift, moved and conflict apart, on forged trees."""

import os
import re
import tempfile

import delta
import tap
from treelib import probing, series as series_mod, stage
from treelib.common import top

LINES = [f'line {i}' for i in range(40)]


def forged(edits):
    """A series with one patch: the EDITS {old line: new line} to src/a.c."""
    new = [edits.get(x, x) for x in LINES]
    with tempfile.TemporaryDirectory() as tmp:
        for name, lines in (('old', LINES), ('new', new)):
            put(os.path.join(tmp, name), lines)
        diff = os.popen(f'cd {tmp} && diff -u --label a/src/a.c '
                        '--label b/src/a.c old new').read()
    part = stage.own_series().only([])
    part.patches = [series_mod.Patch('0001-x.patch', 'x: y\n\n' + diff)]
    return part


def put(path, lines):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write('\n'.join(lines) + '\n')


def probe(lines, path='src/a.c', extra=()):
    """Probe the patch of line 20 on a tree that holds LINES at PATH."""
    with tempfile.TemporaryDirectory() as tree:
        put(os.path.join(tree, path), lines)
        for other in extra:
            put(os.path.join(tree, other), lines)
        (_, status, detail), = probing.probe(
            forged({'line 20': 'line twenty'}), tree)
        with open(os.path.join(tree, path), encoding='utf-8') as f:
            tap.check('twenty' not in f.read(), 'the probe wrote to its tree')
        return status, detail


def test_ok():
    "the same file: ok"
    tap.equal(probe(LINES), ('ok', ''))


def test_drift():
    "seven lines above: drift, and by how much"
    tap.equal(probe(['new'] * 7 + LINES), ('drift', '7 lines'))


def test_less_context():
    "the outermost context changed: drift, with less context"
    lines = [x if x != 'line 17' else 'other' for x in LINES]
    tap.equal(probe(lines), ('drift', 'less context'))


def test_moved():
    "the file in another directory: moved, and where to"
    tap.equal(probe(LINES, 'lib/deep/a.c'),
              ('moved', 'src/a.c is lib/deep/a.c'))


def test_gone():
    "no such file, or two that might be it: conflict"
    tap.equal(probe(LINES, 'lib/b.c'), ('conflict', 'src/a.c is gone'))
    tap.equal(probe(LINES, 'lib/a.c', ['bin/a.c'])[0], 'conflict')


def test_conflict():
    "the patched line itself changed: conflict"
    lines = [x if x != 'line 20' else 'other' for x in LINES]
    tap.equal(probe(lines)[0], 'conflict')


def test_own_release():
    "on the pinned source every patch is ok"
    for name, status, detail in probing.probe(stage.own_series(),
                                              delta.pristine_released()):
        tap.equal((name, status), (name, 'ok'), detail)


def test_page():
    "docs/delta.md is of this series (reported, never blocking)"
    try:
        with open(top('docs/delta.md'), encoding='utf-8') as f:
            page = f.read()
    except FileNotFoundError as e:
        raise tap.Skip('not written yet: scripts/probe --write') from e
    found = re.search(r'series (\w+)', page)
    if not found or found[1] != stage.own_series().identity()[:16]:
        raise tap.Skip('docs/delta.md is of another series: '
                       'scripts/probe --write')


tap.main(globals())
