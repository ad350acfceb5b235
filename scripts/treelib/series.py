# SPDX-License-Identifier: GPL-2.0-or-later
"""The patch series: read it, apply it strictly, write it out again.

Strict means that each hunk lies exactly where it says, with every line of
context: no fuzz and no offset.  The hash of each touched file before and
after is checked besides, since a damaged patch can still apply.

Patches are applied to copies of the touched files in a scratch directory,
with the book-keeping (.pc) that quilt wants, so that a staged tree is changed
all at once or not at all and quilt can take over for editing.
"""

import os
import re
import shutil
import subprocess

from .common import Failure, sha256, sha256_text, top

DIFF = ('diff', '-u')
LOUD = re.compile(r'offset|fuzz|reversed|previously applied|FAILED|malformed',
                  re.I)


class Patch:
    """One patch: its header (text before the first file) and its files."""

    def __init__(self, name, text):
        self.name, self.text = name, text
        start = re.search(r'^--- ', text, flags=re.M)
        self.header = text[:start.start()] if start else text
        self.files = []
        self.added = self.deleted = 0
        if start:
            self._scan(text[start.start():])
        if not self.files:
            raise Failure(f'{name} changes no file')

    def _scan(self, body):
        """Read file names and line counts; hunks are counted out, so that a
        deleted line "-- x" cannot pass for a file name."""
        lines = iter(body.splitlines())
        for line in lines:
            if line.startswith('--- '):
                self._file(line, next(lines, ''))
            elif line.startswith('@@'):
                self._hunk(line, lines)
            elif line:
                raise Failure(f'{self.name}: cannot read "{line[:60]}"')

    def _file(self, old, new):
        m = re.fullmatch(r'--- a/(\S+)', old)
        n = re.fullmatch(r'\+\+\+ b/(\S+)', new)
        if not m or not n or m.group(1) != n.group(1):
            raise Failure(f'{self.name}: a patch of ours edits files that '
                          f'exist, not "{old}" to "{new}"')
        path = m.group(1)
        if path.startswith('/') or '..' in path.split('/'):
            raise Failure(f'{self.name}: {path} leaves the tree')
        if path in self.files:
            raise Failure(f'{self.name}: {path} is named twice')
        self.files.append(path)

    def _hunk(self, line, lines):
        m = re.match(r'@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@', line)
        if not m or not self.files:
            raise Failure(f'{self.name}: cannot read the hunk "{line[:60]}"')
        old, new = (int(g) if g is not None else 1 for g in m.groups())
        while old > 0 or new > 0:
            kind = next(lines, None)
            if kind is None:
                raise Failure(f'{self.name}: ends inside a hunk')
            kind = kind[:1] or ' '
            if kind not in ' +-':
                raise Failure(f'{self.name}: a hunk has other counts than '
                              'its first line says')
            old -= kind in ' -'
            new -= kind in ' +'
            self.added += kind == '+'
            self.deleted += kind == '-'


class Series:
    """patches/X: the file `series` and the patches it names, in order."""

    def __init__(self, folder):
        self.folder = folder
        self.patches = []
        try:
            with open(os.path.join(folder, 'series'), encoding='utf-8') as f:
                names = [x.split('#')[0].strip() for x in f]
        except OSError:
            names = []                  # no series: nothing to apply
        for name in filter(None, names):
            if not re.fullmatch(r'[\w.+-]+', name):
                raise Failure(f'series: "{name}" is not a patch name')
            try:
                with open(os.path.join(folder, name), encoding='utf-8') as f:
                    self.patches.append(Patch(name, f.read()))
            except FileNotFoundError as e:
                raise Failure(f'series names {name}, which is not there'
                              ) from e
            except UnicodeDecodeError as e:
                raise Failure(f'{name} is not text') from e

    def touched(self):
        return sorted({f for p in self.patches for f in p.files})

    def only(self, names):
        """The same series with the patches of these names alone."""
        part = Series.__new__(Series)
        part.folder = self.folder
        part.patches = [p for p in self.patches if p.name in names]
        return part

    def identity(self):
        return sha256_text('\0'.join(p.name + '\0' + p.text
                                     for p in self.patches))


def try_patch(text, root, fuzz=0, dry=False):
    """GNU patch on ROOT; return (exit status, its words)."""
    argv = ['patch', '-p1', f'-F{fuzz}', '-N', '-t', '-r-',
            '--no-backup-if-mismatch']
    res = subprocess.run(argv + ['--dry-run'] * dry, cwd=root, text=True,
                         input=text, capture_output=True, check=False,
                         env=dict(os.environ, LC_ALL='C'))
    return res.returncode, res.stdout + res.stderr


def apply_one(patch, root):
    """Apply strictly below ROOT or raise."""
    status, words = try_patch(patch.text, root)
    loud = [x for x in words.splitlines() if LOUD.search(x)]
    if status or loud:
        why = loud[0].strip() if loud else words.strip().splitlines()[-1]
        raise Failure(f'{patch.name} does not apply strictly: {why}')


def backup(patch, root, number):
    """What `quilt push` writes down, so that quilt can edit from here."""
    pc = os.path.join(root, '.pc')
    for path in patch.files:
        dest = os.path.join(pc, patch.name, path)
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        shutil.copy2(os.path.join(root, path), dest)
    with open(os.path.join(pc, patch.name, '.timestamp'), 'wb'):
        pass
    with open(os.path.join(pc, 'applied-patches'), 'w' if number == 0
              else 'a', encoding='utf-8') as f:
        f.write(patch.name + '\n')


def original(tree, path):
    """Where PATH lies as QEMU released it, in a tree that may be patched."""
    try:
        with open(os.path.join(tree, '.pc', 'applied-patches'),
                  encoding='utf-8') as f:
            applied = f.read().split()
    except OSError:
        applied = []
    for name in applied:
        saved = os.path.join(tree, '.pc', name, path)
        if os.path.isfile(saved):
            return saved
    return os.path.join(tree, path)


def apply_all(series, pristine, scratch):
    """Apply the series to copies of PRISTINE's files below SCRATCH.

    PRISTINE may itself have patches applied: its originals are taken.
    Returns {path: (hash before, hash after)}.  SCRATCH is a new or empty
    directory of the caller; after a failure its content means nothing.
    """
    os.makedirs(os.path.join(scratch, '.pc'), exist_ok=True)
    hashes = {}
    for path in series.touched():
        src = original(pristine, path)
        if not os.path.isfile(src):
            raise Failure(f'the series touches {path}, which this QEMU does '
                          'not have')
        dest = os.path.join(scratch, path)
        os.makedirs(os.path.dirname(dest), exist_ok=True)
        shutil.copy(src, dest)
        hashes[path] = [sha256(dest), None]
    for number, patch in enumerate(series.patches):
        backup(patch, scratch, number)
        apply_one(patch, scratch)
    for path, pair in hashes.items():
        pair[1] = sha256(os.path.join(scratch, path))
    quilt_state(series, scratch)
    return {p: tuple(h) for p, h in hashes.items()}


def quilt_state(series, scratch):
    where = os.path.join('..', '..', '..',
                         os.path.relpath(series.folder, top()))
    for name, text in (('.version', '2'), ('.quilt_patches', where),
                       ('.quilt_series', 'series')):
        with open(os.path.join(scratch, '.pc', name), 'w',
                  encoding='utf-8') as f:
            f.write(text + '\n')
    with open(os.path.join(scratch, '.pc', 'applied-patches'), 'a',
              encoding='utf-8'):
        pass


def export(series, scratch):
    """Write each patch anew from the applied tree; yield (name, text).

    The state before each patch lies in .pc; the state after it is that
    before the next patch that touches the file, else the file itself.
    """
    for i, patch in enumerate(series.patches):
        text = patch.header
        for path in patch.files:
            after = [os.path.join(scratch, '.pc', p.name, path)
                     for p in series.patches[i + 1:] if path in p.files]
            after.append(os.path.join(scratch, path))
            before = os.path.join(scratch, '.pc', patch.name, path)
            res = subprocess.run(
                [*DIFF, '--label', f'a/{path}', '--label', f'b/{path}',
                 before, after[0]], capture_output=True, text=True,
                check=False)
            if res.returncode > 1:
                raise Failure(f'cannot compare {path}: {res.stderr.strip()}')
            text += res.stdout
        yield patch.name, text
