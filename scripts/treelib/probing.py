# SPDX-License-Identifier: GPL-2.0-or-later
"""How the series fares on another release of QEMU.

    ok        applies where it says
    drift     applies after a shift of lines or with less context
    moved     its file is gone, but one of that name elsewhere takes it
    conflict  somebody has to look

A patch that does not apply is left out and the next ones are tried on what
is there: one conflict shall not hide the others.
"""

import os
import re
import shutil
import tempfile

from . import series as series_mod

MAX_FUZZ = 2


def retarget(patch, path, other):
    """The patch's text with one file looked for elsewhere."""
    return patch.text.replace(f'--- a/{path}\n', f'--- a/{other}\n').replace(
        f'+++ b/{path}\n', f'+++ b/{other}\n')


def drift_of(words):
    """The largest offset, and whether context was given up."""
    offsets = [abs(int(n)) for n in re.findall(r'offset (-?\d+) line', words)]
    detail = [f'{max(offsets)} lines'] if offsets else []
    if 'fuzz' in words:
        detail.append('less context')
    return ', '.join(detail)


def try_one(patch, root, others):
    """Return (status, detail) and leave the patch applied if it can be.

    OTHERS(name) lists the paths of the release whose last part is NAME; the
    caller's copy holds none but the touched files, so OTHERS(path, True)
    brings one in.
    """
    text, moved = patch.text, []
    for path in patch.files:
        if os.path.exists(os.path.join(root, path)):
            continue
        found = others(os.path.basename(path))
        if len(found) != 1:
            return 'conflict', f'{path} is gone'
        others(found[0], True)
        moved.append(f'{path} is {found[0]}')
        text = retarget(patch, path, found[0])
    for fuzz in (0, MAX_FUZZ):
        status, words = series_mod.try_patch(text, root, fuzz, dry=True)
        if status == 0:
            series_mod.try_patch(text, root, fuzz)
            detail = drift_of(words)
            if moved:
                return 'moved', '; '.join(moved)
            return ('drift', detail) if detail else ('ok', '')
    failed = re.findall(r'Hunk #(\d+) FAILED at (\d+)', words)
    where = ', '.join(f'hunk {n} at line {at}' for n, at in failed)
    return 'conflict', where or 'does not apply'


def probe(series, tree):
    """Probe SERIES on the source at TREE (left as it is); yield
    (patch name, status, detail)."""
    with tempfile.TemporaryDirectory() as root:
        def take(path):
            dest = os.path.join(root, path)
            os.makedirs(os.path.dirname(dest), exist_ok=True)
            shutil.copy(os.path.join(tree, path), dest)

        def others(name, bring=False):
            if bring:
                return take(name)
            return [os.path.relpath(os.path.join(folder, name), tree)
                    for folder, _, files in os.walk(tree) if name in files]

        for path in series.touched():
            if os.path.isfile(os.path.join(tree, path)):
                take(path)
        for patch in series.patches:
            yield (patch.name, *try_one(patch, root, others))
