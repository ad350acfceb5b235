#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The patch series: strict, byte-identical, recorded, explained, small.

Each gate is run on the series as it is and on a corrupted copy, where it has
to be red.
"""

import os
import subprocess
import tempfile

import delta
import tap
from treelib import gates, series as series_mod, stage
from treelib.common import Failure, top, upstream

GOOD = '--- a/x\n+++ b/x\n@@ -1,1 +1,1 @@\n-a\n+b\n'


def test_strict():
    "every hunk applies where it says, without fuzz and offset"
    delta.empty(gates.strict(stage.own_series(), delta.pristine()))


def test_strict_sees_offset():
    "control: a hunk that is one line off is refused"
    with delta.corrupted(delta.shift_hunks) as series:
        delta.red(gates.strict(series, delta.pristine()), 'offset')


def test_strict_sees_fuzz():
    "control: a hunk with one wrong line of context is refused"
    with delta.corrupted(delta.change_context) as series:
        delta.red(gates.strict(series, delta.pristine()), 'FAILED')


def test_round_trip():
    "the series is exported byte for byte as it was imported"
    delta.empty(gates.round_trip(stage.own_series(), delta.pristine()))


def test_round_trip_sees_noise():
    "control: a function name behind @@ would not come back"
    def noise(text):
        return text.replace(' @@\n', ' @@ static void f(void)\n', 1)
    with delta.corrupted(noise) as series:
        delta.empty(gates.strict(series, delta.pristine()))
        delta.red(gates.round_trip(series, delta.pristine()), 'export')


def quilt_export(series, pristine, tmp):
    """Push and refresh each patch with quilt; return {name: text}."""
    folder = os.path.join(tmp, 'patches')
    tree = os.path.join(tmp, 'tree')
    os.makedirs(tree)
    subprocess.run(['cp', '-r', series.folder, folder], check=True)
    for path in series.touched():
        os.makedirs(os.path.dirname(os.path.join(tree, path)),
                    exist_ok=True)
        subprocess.run(['cp', series_mod.original(pristine, path),
                        os.path.join(tree, path)], check=True)
    env = dict(os.environ, QUILT_PATCHES=folder)
    texts = {}
    for patch in series.patches:
        for verb in ('push', 'refresh'):
            subprocess.run(
                ['quilt', '--quiltrc', top('scripts/quiltrc'), verb],
                cwd=tree, env=env, check=True, capture_output=True)
        with open(os.path.join(folder, patch.name), encoding='utf-8') as f:
            texts[patch.name] = f.read()
    return texts


def test_quilt_agrees():
    "quilt, with our settings, writes the same bytes"
    series = stage.own_series()
    with tempfile.TemporaryDirectory() as tmp:
        try:
            texts = quilt_export(series, delta.pristine(), tmp)
        except FileNotFoundError as e:
            raise tap.Skip('quilt is not here') from e
    for patch in series.patches:
        tap.check(texts[patch.name] == patch.text,
                  f'quilt writes {patch.name} otherwise')


def test_hashes():
    "each touched file has the recorded hash before and after the series"
    delta.empty(gates.hashes(stage.own_series(), delta.pristine(),
                             upstream()['touched']))


def test_hashes_see_damage():
    "control: a damaged added line applies and round-trips, and is noticed"
    with delta.corrupted(delta.change_added) as series:
        delta.empty(gates.strict(series, delta.pristine()))
        delta.empty(gates.round_trip(series, delta.pristine()))
        delta.red(gates.hashes(series, delta.pristine(),
                               upstream()['touched']), 'after')


def test_hashes_see_other_source():
    "control: a wrong pre-image hash and a missing entry are noticed"
    touched = upstream()['touched']
    path = sorted(touched)[0]
    wrong = dict(touched, **{path: {'before': '0' * 64,
                                    'after': touched[path]['after']}})
    delta.red(gates.hashes(stage.own_series(), delta.pristine(), wrong),
              'before')
    del wrong[path]
    delta.red(gates.hashes(stage.own_series(), delta.pristine(), wrong),
              'not in upstream.json')


def test_headers():
    "each patch says what, why here, rung, what breaks, status, when to drop"
    delta.empty(gates.headers(stage.own_series()))


def test_headers_control():
    "control: a header without any one of its fields is red"
    for field in gates.FIELDS:
        with delta.corrupted(
                lambda t, f=field: t.replace(f'{f}:', 'Nothing:', 1)) as s:
            delta.red(gates.headers(s), f'"{field}:"')


def test_size():
    "at most 20 patches, 25 files and few deleted lines"
    series = stage.own_series()
    tap.note(f'{len(series.patches)} patches, {len(series.touched())} files,'
             f' +{sum(p.added for p in series.patches)}'
             f' -{sum(p.deleted for p in series.patches)} lines')
    delta.empty(gates.size(series))


def test_size_control():
    "control: a series that is too large is red in each count"
    series = stage.own_series()
    many = series.only([])
    body = ''.join(f'-{i}\n' for i in range(20)) + '+x\n' * 400
    for i in range(30):
        many.patches.append(series_mod.Patch(
            f'{i:04}-x.patch',
            f'--- a/f{i}\n+++ b/f{i}\n@@ -1,20 +1,400 @@\n{body}'))
    for word in ('patches', 'files', 'deleted', 'added'):
        delta.red(gates.size(many), word)


def test_hostile_patches():
    "a patch that leaves the tree, makes a file or lies about counts"
    for text, why in (
            (GOOD.replace('a/x', 'a/../x').replace('b/x', 'b/../x'),
             'leaves the tree'),
            (GOOD.replace('a/x', 'a//etc/x').replace('b/x', 'b//etc/x'),
             'leaves the tree'),
            (GOOD.replace('--- a/x', '--- /dev/null'), 'files that exist'),
            (GOOD.replace('+++ b/x', '+++ b/y'), 'files that exist'),
            (GOOD.replace('-1,1', '-1,9'), 'ends inside'),
            (GOOD.replace('-1,1', '-1,x'), 'cannot read the hunk'),
            (GOOD + GOOD, 'twice'),
            (GOOD + 'junk\n', 'cannot read'),
            ('words only\n', 'changes no file')):
        e = tap.fails(series_mod.Patch, 'p', text, exception=Failure)
        tap.contains(str(e), why)


def test_hostile_series():
    "a series that names a missing patch or a path"
    for line, why in (('gone.patch', 'not there'), ('../x', 'not a patch')):
        with tempfile.TemporaryDirectory() as tmp:
            with open(os.path.join(tmp, 'series'), 'w',
                      encoding='utf-8') as f:
                f.write(line + '\n')
            e = tap.fails(series_mod.Series, tmp, exception=Failure)
            tap.contains(str(e), why)


tap.main(globals())
