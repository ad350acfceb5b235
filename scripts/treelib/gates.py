# SPDX-License-Identifier: GPL-2.0-or-later
"""The gates that keep the delta honest, as functions.

Each returns a list of sentences, empty when all is well, so that the tests
can run it on the tree as it is and on a copy that they have corrupted.
"""

import os
import re
import tempfile

from . import series as series_mod
from .common import Failure, sha256
from .stage import OVERLAY, plan_links

# What a patch's header must say, each as `Field: text`.
FIELDS = ('What', 'Why here', 'Rung', 'Without it', 'Upstream-Status',
          'Drop-when')
RUNGS = ('registration', 'build line', 'list line', 'hook call', 'accessor',
         'logic')
STATUSES = ('Inappropriate', 'Pending', 'Submitted', 'Backport', 'Denied',
            'Accepted')
MAX_PATCHES, MAX_FILES, MAX_DELETED, MAX_ADDED = 20, 25, 10, 300


def overlay(paths, pristine, series):
    """No path of ours is in QEMU, and no patch edits a path of ours."""
    bad = []
    paths = set(paths)
    for path in sorted(paths):
        try:
            plan_links([path], pristine)
        except Failure as e:
            bad.append(str(e))
    for patch in series.patches:
        for path in patch.files:
            own = path in paths or (
                path.split('/')[0] in OVERLAY and not os.path.isfile(
                    series_mod.original(pristine, path)))
            if own:
                bad.append(f'{patch.name} edits {path}, a file of ours')
    return bad


def strict(series, pristine):
    """Each patch applies exactly where it says."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            series_mod.apply_all(series, pristine, scratch)
        except Failure as e:
            return [str(e)]
    return []


def round_trip(series, pristine):
    """What is imported is exported with the same bytes."""
    bad = []
    with tempfile.TemporaryDirectory() as scratch:
        series_mod.apply_all(series, pristine, scratch)
        for patch, (name, text) in zip(series.patches,
                                       series_mod.export(series, scratch)):
            if patch.text != text:
                bad.append(f'{name} is written otherwise than the export '
                           'writes it (scripts/series export)')
    return bad


def hashes(series, pristine, touched):
    """Each touched file is the recorded one, before and after."""
    with tempfile.TemporaryDirectory() as scratch:
        found = series_mod.apply_all(series, pristine, scratch)
    bad = [f'{p} is in upstream.json but no patch touches it'
           for p in sorted(set(touched) - set(found))]
    for path, pair in sorted(found.items()):
        if path not in touched:
            bad.append(f'{path} is touched but not in upstream.json')
            continue
        for when, have in zip(('before', 'after'), pair):
            if touched[path].get(when) != have:
                bad.append(f'{path} {when} the series is not what '
                           'upstream.json says '
                           '(scripts/series refresh-hashes)')
    return bad


def header_fields(patch):
    """{field: text} of a patch's header, lines joined."""
    names = '|'.join(FIELDS)
    found = re.findall(rf'^({names}):[ \t]*(.*(?:\n(?!(?:{names}):).+)*)',
                       patch.header, flags=re.M)
    return {name: ' '.join(text.split()) for name, text in found}


def headers(series):
    """Each header says all that the next person needs."""
    bad = []
    for patch in series.patches:
        fields = header_fields(patch)
        lines = patch.header.splitlines()
        if not lines or not re.match(r'\S+: \S', lines[0]):
            bad.append(f'{patch.name}: the first line is not "area: what"')
        if not re.fullmatch(r'\d{4}-[a-z0-9-]+\.patch', patch.name):
            bad.append(f'{patch.name}: a name is NNNN-area-what.patch')
        for field in FIELDS:
            if len(fields.get(field, '')) < 4:
                bad.append(f'{patch.name}: the header has no "{field}:"')
        if not any(r in fields.get('Rung', '').lower() for r in RUNGS):
            bad.append(f'{patch.name}: "Rung:" is none of '
                       + ', '.join(RUNGS))
        if not fields.get('Upstream-Status', '').startswith(STATUSES):
            bad.append(f'{patch.name}: "Upstream-Status:" is none of '
                       + ', '.join(STATUSES))
    return bad


def size(series):
    """The series stays small."""
    counts = (
        ('patches', len(series.patches), MAX_PATCHES),
        ('touched files', len(series.touched()), MAX_FILES),
        ('deleted lines', sum(p.deleted for p in series.patches),
         MAX_DELETED),
        ('added lines', sum(p.added for p in series.patches), MAX_ADDED))
    return [f'{have} {what}, at most {limit} are wanted'
            for what, have, limit in counts if have > limit]


def staged_links(tree, paths, pristine):
    """Each of our files is seen in the staged tree, by a link."""
    bad = []
    for path in sorted(plan_links(paths, pristine)):
        if not os.path.islink(os.path.join(tree, path)):
            bad.append(f'{path} is not linked into the staged tree (make)')
    for path in paths:
        if sha256(os.path.join(tree, path)) is None:
            bad.append(f'{path} cannot be read in the staged tree')
    return bad
