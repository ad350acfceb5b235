# SPDX-License-Identifier: GPL-2.0-or-later
"""Where QEMU's source comes from, and whether it is the right one.

Tried in this order: what the user gives, the cache of an earlier run,
Debian's source package, the official release.  A source is known by the
hash of its tarball; one that is not listed is judged by its VERSION and by
the files that the series touches (see `judge`).
"""

import hashlib
import os
import re
import shutil
import tempfile
import urllib.request

from . import series as series_mod
from .common import (Failure, cache_dir, output, run, say, sha256, top,
                     upstream)


class Source:
    """A tarball or a directory, with the hash that names its content."""

    def __init__(self, path, origin):
        self.path, self.origin = os.path.abspath(path), origin
        self.is_dir = os.path.isdir(self.path)
        if self.is_dir:
            self.identity = 'dir-' + listing_hash(self.path)
        else:
            self.identity = sha256(self.path)
            if self.identity is None:
                raise Failure(f'cannot read {path}')

    def unpack(self, dest):
        """Put the source at DEST, which must not exist."""
        tmp = dest + '.tmp'
        shutil.rmtree(tmp, ignore_errors=True)
        os.makedirs(tmp)
        try:
            if self.is_dir:
                copy_tree(self.path, tmp)
            else:
                say(f'    unpacking {os.path.basename(self.path)}')
                res = output('tar', '-xf', self.path, '-C', tmp,
                             '--strip-components=1', '--no-same-owner')
                if res.returncode:
                    why = (res.stderr.strip().splitlines() or ['?'])[0]
                    raise Failure(f'cannot unpack {self.path} ({why})')
            if not os.path.isfile(os.path.join(tmp, 'VERSION')):
                raise Failure(f'{self.path} is not a QEMU source: it has no '
                              'file VERSION')
            os.rename(tmp, dest)
        finally:
            shutil.rmtree(tmp, ignore_errors=True)


def listing_hash(path):
    """Names, sizes and times of a directory: quick, and new after an edit."""
    h = hashlib.sha256()
    for folder, dirs, files in os.walk(path):
        dirs[:] = sorted(d for d in dirs if d not in ('.git', 'build'))
        for name in sorted(files):
            st = os.lstat(os.path.join(folder, name))
            h.update(f'{folder}/{name} {st.st_size} {st.st_mtime_ns}\n'
                     .encode(errors='replace'))
    return h.hexdigest()


def copy_tree(src, dest):
    def skip(folder, names):
        return [n for n in names if n == '.git'
                or (folder == src and n == 'build')]
    say(f'    copying {src}')
    shutil.copytree(src, dest, symlinks=True, ignore=skip,
                    dirs_exist_ok=True)


def version_of(tree):
    with open(os.path.join(tree, 'VERSION'), encoding='utf-8',
              errors='replace') as f:
        version = f.read(64).strip()
    if not re.fullmatch(r'\d+(\.\d+)+', version):
        raise Failure(f'QEMU\'s VERSION says "{version[:40]}", not a version')
    return version


# Getting it ----------------------------------------------------------------

def given(path):
    if not os.path.exists(path):
        raise Failure(f'--qemu={path}: there is no such file or directory')
    known = upstream()['qemu']['tarballs']
    source = Source(path, 'given')
    want = known.get(os.path.basename(path))
    if want and not source.is_dir and source.identity != want:
        raise Failure(f'{path} is damaged or altered: its sha256 is '
                      f'{source.identity}, upstream.json has {want}')
    return source


def from_cache():
    """The pinned tarball, if an earlier run left it whole."""
    for name, sha in upstream()['qemu']['tarballs'].items():
        path = os.path.join(cache_dir(), 'files', sha[:16], name)
        if sha256(path) == sha:
            return Source(path, 'cache')
    return None


def from_debian():
    want = upstream()['qemu']['debian']
    res = output(top('scripts/debfetch'), '--suite', want['suites'],
                 '--source', f'{want["package"]}={want["version"]}')
    if res.returncode:
        raise Failure((res.stderr.strip().splitlines() or ['?'])[-1])
    for path in res.stdout.split():
        if '.orig.tar.' in path and not path.endswith('.asc'):
            return Source(path, 'Debian')
    raise Failure('Debian\'s source package has no tarball')


def from_release():
    url = upstream()['qemu']['release']
    path = os.path.join(cache_dir(), 'release', os.path.basename(url))
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with urllib.request.urlopen(url, timeout=30) as answer, \
                    tempfile.NamedTemporaryFile(
                        dir=os.path.dirname(path), delete=False) as f:
                shutil.copyfileobj(answer, f)
            os.rename(f.name, path)
        except (OSError, ValueError) as e:
            raise Failure(f'release tarball: {getattr(e, "reason", e)}'
                          ) from e
    return Source(path, 'release')


def obtain(path=None):
    """The source to use; each place that fails says why in the end."""
    if path:
        return given(path)
    cached = from_cache()
    if cached:
        return cached
    why = []
    for place, get in (('Debian\'s source package', from_debian),
                       ('the official release', from_release)):
        say(f'    trying {place}')
        try:
            return get()
        except Failure as e:
            why.append(str(e))
    raise Failure(f'QEMU {upstream()["series"]} cannot be fetched '
                  f'({"; ".join(why)}): give a source with '
                  '--qemu=TARBALL|DIR')


# Judging it ----------------------------------------------------------------

def unlike(tree, touched):
    """The touched files that are not as upstream.json has them."""
    return [p for p, h in sorted(touched.items())
            if sha256(series_mod.original(tree, p)) != h['before']]


def judge(identity, tree, series):
    """Say why this source is good for the series, or raise.

    The pinned version must be the pinned content.  Another 10.0.z may
    differ in what the series does not touch; where it differs in what the
    series touches, only a strict apply speaks for it.
    """
    up = upstream()
    version, pin = version_of(tree), up['qemu']['version']
    if not version.startswith(up['series'] + '.'):
        raise Failure(f'this is QEMU {version}; the series is for '
                      f'{up["series"]}.z')
    if identity in up['qemu']['tarballs'].values():
        return f'QEMU {version}, the pinned tarball'
    other = unlike(tree, up['touched'])
    if not other:
        return (f'QEMU {version}, not a tarball we know; all '
                f'{len(up["touched"])} files that the series touches are '
                f'those of {pin}')
    if version == pin:
        raise Failure(f'this source says it is QEMU {pin} but '
                      f'{other[0]} has another hash than upstream.json: '
                      'it is damaged or altered')
    with tempfile.TemporaryDirectory() as scratch:
        series_mod.apply_all(series, tree, scratch)
    return (f'QEMU {version}, other than the pin {pin} in {len(other)} '
            'touched file(s); the series applies strictly')


def unpack_members(tarball, names, dest):
    """Take some files out of a tarball; names are below its top folder."""
    os.makedirs(dest, exist_ok=True)
    run('tar', '-xf', tarball, '-C', dest, '--strip-components=1',
        '--no-same-owner', '--wildcards', *[f'*/{n}' for n in names])
