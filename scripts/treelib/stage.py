# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's source under build/, with our directories and the series on it.

    build/pristine/src   as released (but see `pristine_patches`)
    build/patched/src    the same, our files as links, the series applied

Links keep the inner loop short: an edit of our file is seen by the next
`make`.  A directory of ours that QEMU lacks is one link; in a directory that
QEMU has too, each of our files is one.
"""

import contextlib
import os
import shutil
import tempfile

from . import series as series_mod
from .common import (Failure, build, read_json, say, sha256, top, upstream,
                     write_json)

OVERLAY = ('gdbstub', 'introspect', 'replay', 'target', 'hw', 'include')


def own_series():
    return series_mod.Series(top('patches', upstream()['series']))


# Overlay -------------------------------------------------------------------

def own_paths(root=None):
    """Every file of ours that is laid over QEMU, as relative paths."""
    root = root or top()
    for name in OVERLAY:
        for folder, dirs, files in os.walk(os.path.join(root, name)):
            dirs[:] = sorted(d for d in dirs if d != '__pycache__')
            for file in sorted(files):
                if not file.endswith(('.orig', '.rej', '~', '.swp')):
                    yield os.path.relpath(os.path.join(folder, file), root)


def plan_links(paths, pristine):
    """Return the set of relative paths to link; raise on a collision."""
    links = set()
    for path in paths:
        parts = path.split('/')
        for i in range(1, len(parts)):
            head = '/'.join(parts[:i])
            if not os.path.isdir(os.path.join(pristine, head)):
                links.add(head)
                break
        else:
            if os.path.lexists(os.path.join(pristine, path)):
                raise Failure(f'{path} is a file of QEMU\'s: ours must have '
                              'another name')
            links.add(path)
    return links


def lay_links(src, pristine):
    """Make SRC's links what our directories are now; True if any changed."""
    state = build('patched', 'links.json')
    old = set(read_json(state).get('links', []))
    new = plan_links(own_paths(), pristine)
    changed = False
    for path in sorted(old - new):
        with contextlib.suppress(OSError):
            if os.path.islink(os.path.join(src, path)):
                os.unlink(os.path.join(src, path))
                changed = True
    for path in sorted(new):
        where = os.path.join(src, path)
        to = os.path.relpath(top(path), os.path.dirname(where))
        if os.path.islink(where) and os.readlink(where) == to:
            continue
        if os.path.lexists(where):
            os.unlink(where)
        os.symlink(to, where)
        changed = True
    write_json(state, {'links': sorted(new)})
    return changed


# Series --------------------------------------------------------------------

def replace_file(new, old):
    """Give OLD the content of NEW; leave it and its time if it has that."""
    if sha256(new) != sha256(old):
        shutil.copyfile(new, old)


def edited(tree, state, fresh):
    """Touched files that hold what neither the last nor this series made."""
    lost = []
    after = state.get('after', {})
    for path in sorted(set(after) | set(fresh)):
        before, will = fresh.get(path, (None, None))
        if sha256(os.path.join(tree, path)) not in (
                after.get(path, before), will):
            lost.append(path)
    return lost


def lay_series(name, series, pristine, force=False):
    """Bring build/NAME/src to PRISTINE plus SERIES; True if it changed."""
    tree, state_file = build(name, 'src'), build(name, 'series.json')
    state = read_json(state_file)
    if state.get('identity') == series.identity() and not force:
        return False
    os.makedirs(build(name), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build(name)) as scratch:
        hashes = series_mod.apply_all(series, pristine, scratch)
        lost = edited(tree, state, hashes)
        if lost and not force:
            raise Failure(f'{os.path.relpath(tree, top())}/{lost[0]} has '
                          'changes that are in no patch: `quilt refresh` '
                          'there, or discard with scripts/series apply '
                          '--force')
        gone = set(state.get('after', {})) - set(hashes)
        for path in sorted(gone):
            replace_file(series_mod.original(pristine, path),
                         os.path.join(tree, path))
        for path in hashes:
            replace_file(os.path.join(scratch, path),
                         os.path.join(tree, path))
        shutil.rmtree(os.path.join(tree, '.pc'), ignore_errors=True)
        os.rename(os.path.join(scratch, '.pc'), os.path.join(tree, '.pc'))
    write_json(state_file, {'identity': series.identity(),
                            'after': {p: h[1] for p, h in hashes.items()}})
    return True


def check_after(touched, after):
    """The patched files must be the recorded ones; raise else."""
    for path, have in sorted(after.items()):
        want = touched.get(path, {}).get('after')
        if have != want:
            raise Failure(f'{path} is not what upstream.json says the series '
                          'makes of it: a damaged patch, or a new one '
                          '(then: scripts/series refresh-hashes)')


def has_blobs(tree):
    return os.path.exists(os.path.join(
        tree, 'pc-bios/edk2-x86_64-code.fd.bz2'))


# Trees ---------------------------------------------------------------------

def staged_identity():
    """Which source lies in both trees; None unless both are whole."""
    ids = {read_json(build(n, 'source.json')).get('identity')
           for n in ('pristine', 'patched')}
    whole = all(os.path.isfile(build(n, 'src', 'VERSION'))
                for n in ('pristine', 'patched'))
    return ids.pop() if whole and len(ids) == 1 else None


def clear(name):
    """Forget a tree and what was built from it: its times are older than
    the objects of another source, which ninja would take for current."""
    for part in ('source.json', 'series.json', 'configured.json',
                 'links.json'):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(build(name, part))
    for part in ('src', 'obj'):
        shutil.rmtree(build(name, part), ignore_errors=True)


def stage(source, verify):
    """Unpack SOURCE into both trees; VERIFY(tree) may refuse it before
    anything that was there is lost."""
    os.makedirs(build(), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build()) as scratch:
        fresh = os.path.join(scratch, 'src')
        source.unpack(fresh)
        verify(fresh)
        for name in ('pristine', 'patched'):
            clear(name)
            os.makedirs(build(name), exist_ok=True)
        say('    making the second copy')
        shutil.copytree(fresh, build('patched', 'src'), symlinks=True)
        os.rename(fresh, build('pristine', 'src'))
    for name in ('pristine', 'patched'):
        write_json(build(name, 'source.json'),
                   {'identity': source.identity, 'from': source.origin})


def sync(strict=True, force=False):
    """Bring both trees up to date with our files and patches."""
    pristine = build('pristine', 'src')
    if not os.path.isfile(os.path.join(pristine, 'VERSION')):
        raise Failure('nothing is configured yet: run ./configure')
    series = own_series()
    few = series.only([] if has_blobs(pristine)
                      else upstream()['pristine_patches'])
    lay_series('pristine', few, pristine)
    lay_series('patched', series, pristine, force)
    lay_links(build('patched', 'src'), pristine)
    try:
        check_after(upstream()['touched'],
                    read_json(build('patched', 'series.json'))['after'])
    except Failure as e:
        if strict:
            raise
        say(f'note: {e}')
