# SPDX-License-Identifier: GPL-2.0-or-later
"""What the delta tests share: the series, a copy to corrupt, the source."""

import atexit
import contextlib
import os
import re
import shutil
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, 'scripts'))

# pylint: disable=wrong-import-position
import tap                                             # noqa: E402
from treelib import series as series_mod, stage        # noqa: E402
from treelib.common import build                       # noqa: E402


def pristine():
    tree = build('pristine', 'src')
    if not os.path.isfile(os.path.join(tree, 'VERSION')):
        raise tap.Skip('QEMU\'s source is not staged: run ./configure')
    return tree


def pristine_released():
    """A copy of the touched files as released; removed at exit."""
    tree, copy = pristine(), tempfile.mkdtemp()
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    for path in stage.own_series().touched():
        dest = os.path.join(copy, path)
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        shutil.copy(series_mod.original(tree, path), dest)
    return copy


def empty(complaints):
    """A gate is green when it has nothing to say."""
    tap.check(not complaints, '; '.join(complaints))


def red(complaints, word):
    """The negative control of a gate: it must say WORD."""
    tap.check(complaints, 'the negative control was not noticed')
    tap.check(any(word in c for c in complaints),
              f'noticed, but not as "{word}": {complaints}')


@contextlib.contextmanager
def corrupted(edit, which=0):
    """The series with EDIT(text) done to one patch, in a scratch copy."""
    with tempfile.TemporaryDirectory() as tmp:
        folder = os.path.join(tmp, 'patches')
        shutil.copytree(stage.own_series().folder, folder)
        name = series_mod.Series(folder).patches[which].name
        path = os.path.join(folder, name)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        changed = edit(text)
        tap.check(changed != text, 'the corruption changed nothing')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(changed)
        yield series_mod.Series(folder)


def shift_hunks(text, by=1):
    """Move every hunk BY lines: it still applies, with an offset."""
    return re.sub(r'^@@ -(\d+),(\d+) \+(\d+),(\d+) @@',
                  lambda m: '@@ -{},{} +{},{} @@'.format(
                      int(m[1]) + by, m[2], int(m[3]) + by, m[4]),
                  text, flags=re.M)


def change_context(text):
    """Alter the first context line of the first hunk: fuzz would take it."""
    return re.sub(r'^(@@ .*\n (?:.*))$', r'\1 altered', text, count=1,
                  flags=re.M)


def change_added(text):
    """Alter an added line: the patch still applies and round-trips."""
    return re.sub(r'^(\+(?!\+\+ ).*\S.*)$', r'\1 ', text, count=1,
                  flags=re.M)
