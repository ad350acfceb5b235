#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input to configure: one clear line and a non-zero exit, each time.

configure runs in a copy of the tree, so that what it does cannot harm the
tree under test.
"""

import contextlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile

import delta
import tap
from treelib import series as series_mod, source, stage
from treelib.common import (Failure, cache_dir, read_json, top,
                            upstream)

NOWHERE = 'http://127.0.0.1:9'          # the discard port: refused at once


@contextlib.contextmanager
def checkout():
    """The tracked parts of the tree that configure needs, elsewhere."""
    with tempfile.TemporaryDirectory() as tmp:
        for name in ('configure', 'scripts', 'patches', 'upstream.json',
                     'include', 'gdbstub', 'introspect', 'target'):
            copy = (shutil.copytree if os.path.isdir(top(name))
                    else shutil.copy)
            copy(top(name), os.path.join(tmp, name))
        yield tmp


def configure(tree, *args, **env):
    """Run it; return its exit status and what it wrote to stderr."""
    env = dict(os.environ, **env)
    for name in [k for k, v in env.items() if v is None]:
        del env[name]
    res = subprocess.run([os.path.join(tree, 'configure'), *args],
                         cwd='/', env=env, capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, check=False)
    return res.returncode, res.stderr


def refused(result, *words):
    """One line that holds WORDS, and a non-zero exit."""
    status, text = result
    tap.check(status not in (0, None) and status > 0, f'exit {status}')
    lines = [x for x in text.splitlines()
             if not x.startswith('debfetch: reading')]
    tap.check(len(lines) == 1, f'not one line: {text}')
    for word in words:
        tap.contains(lines[0], word)
    tap.check('Traceback' not in text, text)
    tap.note(lines[0])


def forged_qemu(tmp, version, edit=None):
    """A source with QEMU's touched files and a VERSION of one's choice."""
    tree, src = delta.pristine_released(), os.path.join(tmp, 'qemu')
    shutil.copytree(tree, src)
    with open(os.path.join(src, 'VERSION'), 'w', encoding='utf-8') as f:
        f.write(version + '\n')
    if edit:
        path = os.path.join(src, edit[0])
        with open(path, encoding='utf-8') as f:
            text = f.read()
        with open(path, 'w', encoding='utf-8') as f:
            f.write(edit[1](text))
    return src


def needs_meson():
    """configure makes its Python environment first; offline that needs
    what an earlier run left in the cache."""
    if not os.path.isdir(os.path.join(cache_dir(), 'files')):
        raise tap.Skip('nothing in the download cache yet')


def test_unknown_argument():
    "an argument that it does not know"
    with checkout() as tree:
        refused(configure(tree, '--frobnicate'), '--frobnicate', '--help')


def test_missing_package():
    "a missing tool is one sentence with the name of its package"
    with checkout() as tree, tempfile.TemporaryDirectory() as path:
        for tool in ('sh', 'dirname', 'id', 'python3'):
            os.symlink(shutil.which(tool), os.path.join(path, tool))
        refused(configure(tree, PATH=path), 'ninja-build', 'libglib2.0-dev',
                '--install-deps')


def test_missing_package_no_root():
    "--install-deps without the right to: the exact command"
    if os.geteuid() != 0:
        raise tap.Skip('needs root to become somebody else')
    with checkout() as tree, tempfile.TemporaryDirectory() as path:
        for tool in ('sh', 'dirname', 'id', 'python3', 'apt-get'):
            os.symlink(shutil.which(tool), os.path.join(path, tool))
        for d in (tree, path):
            os.chmod(d, 0o755)
        res = subprocess.run(
            [shutil.which('setpriv'), '--reuid=65534', '--clear-groups',
             os.path.join(tree, 'configure'), '--install-deps'],
            cwd='/', env={'PATH': path}, capture_output=True, text=True,
            check=False)
        refused((res.returncode, res.stderr), 'not root',
                'apt-get install --no-install-recommends', 'ninja-build')


def test_no_such_source():
    "--qemu with a path that is not there"
    needs_meson()
    with checkout() as tree:
        refused(configure(tree, '--qemu=/nonexistent/qemu.tar.xz'),
                '/nonexistent/qemu.tar.xz', 'no such file')


def test_not_qemu():
    "--qemu with something that is not a tarball, or not QEMU"
    needs_meson()
    with checkout() as tree, tempfile.TemporaryDirectory() as tmp:
        junk = os.path.join(tmp, 'junk.tar.xz')
        with open(junk, 'wb') as f:
            f.write(b'not a tarball')
        refused(configure(tree, f'--qemu={junk}'), 'cannot unpack')
        other = os.path.join(tmp, 'other.tar')
        with tarfile.open(other, 'w') as tar:
            info = tarfile.TarInfo('other-1/README')
            info.size = 2
            tar.addfile(info, io.BytesIO(b'x\n'))
        refused(configure(tree, f'--qemu={other}'), 'not a QEMU source')


def test_wrong_hash():
    "a tarball of a known name with another content"
    needs_meson()
    name = list(upstream()['qemu']['tarballs'])[0]
    with checkout() as tree, tempfile.TemporaryDirectory() as tmp:
        with open(os.path.join(tmp, name), 'wb') as f:
            f.write(b'x')
        refused(configure(tree, f'--qemu={tmp}/{name}'), 'damaged or altered',
                upstream()['qemu']['tarballs'][name])


def test_altered_source():
    "a source that says it is the pinned one, but a touched file differs"
    needs_meson()
    with checkout() as tree, tempfile.TemporaryDirectory() as tmp:
        src = forged_qemu(tmp, upstream()['qemu']['version'],
                          ('meson.build', lambda t: t + '\n'))
        refused(configure(tree, f'--qemu={src}'), 'meson.build',
                'damaged or altered')


def test_other_series():
    "a QEMU that is not 10.0.z"
    needs_meson()
    with checkout() as tree, tempfile.TemporaryDirectory() as tmp:
        refused(configure(tree, f'--qemu={forged_qemu(tmp, "10.1.0")}'),
                '10.1.0', '10.0')


def test_patch_conflict():
    "a newer 10.0.z to which a patch does not apply strictly"
    needs_meson()
    with checkout() as tree, tempfile.TemporaryDirectory() as tmp:
        src = forged_qemu(tmp, '10.0.99', ('meson.build',
                                           lambda t: '# more\n' + t))
        refused(configure(tree, f'--qemu={src}'), 'strictly', 'offset')


def test_damaged_patch():
    "a patch of ours that was damaged on the way"
    needs_meson()
    with checkout() as tree, tempfile.TemporaryDirectory() as tmp:
        name = stage.own_series().patches[0].name
        path = os.path.join(tree, 'patches', upstream()['series'], name)
        with open(path, encoding='utf-8') as f:
            text = f.read()
        with open(path, 'w', encoding='utf-8') as f:
            f.write(delta.change_added(text))
        src = forged_qemu(tmp, upstream()['qemu']['version'])
        refused(configure(tree, f'--qemu={src}'), 'damaged patch')


@contextlib.contextmanager
def environment(**env):
    """Change this process's own environment for a while."""
    old = {k: os.environ.get(k) for k in env}
    os.environ.update(env)
    try:
        yield
    finally:
        for name, value in old.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def test_unreachable_source():
    "no cache, no mirror, no release: why not, and what to do"
    with tempfile.TemporaryDirectory() as cache, environment(
            GDBX_CACHE=cache, http_proxy=NOWHERE, https_proxy=NOWHERE), \
            contextlib.redirect_stdout(io.StringIO()):
        e = tap.fails(source.obtain, exception=Failure)
        tap.note(e)
        for word in ('cannot be fetched', 'release', '--qemu='):
            tap.contains(str(e), word)


def test_unreachable():
    "no cache and no mirror: configure says so"
    with checkout() as tree, tempfile.TemporaryDirectory() as cache:
        refused(configure(tree, GDBX_CACHE=cache, http_proxy=NOWHERE,
                          https_proxy=NOWHERE, no_proxy=None),
                'cannot be')


def judge(version, edit=None):
    with tempfile.TemporaryDirectory() as tmp:
        return source.judge('unknown', forged_qemu(tmp, version, edit),
                            stage.own_series())


def test_newer_accepted():
    "a newer 10.0.z is taken for its hashes, or for a strict apply: it says"
    tap.contains(judge('10.0.99'), 'are those of 10.0.13')
    tap.contains(judge('10.0.99', ('meson.build', lambda t: t + '# end\n')),
                 'applies strictly')


def test_cache_damaged():
    "a damaged tarball in the cache is not used"
    name, sha = list(upstream()['qemu']['tarballs'].items())[0]
    with tempfile.TemporaryDirectory() as cache:
        folder = os.path.join(cache, 'files', sha[:16])
        os.makedirs(folder)
        with open(os.path.join(folder, name), 'wb') as f:
            f.write(b'rotten')
        with environment(GDBX_CACHE=cache):
            tap.check(source.from_cache() is None, 'it was taken')


def test_unsaved_edit_kept():
    "an edit of a staged file that is in no patch is not overwritten"
    series = stage.own_series()
    path = series.touched()[0]
    with tempfile.TemporaryDirectory() as tmp:
        tree = delta.pristine_released()
        with open(os.path.join(tree, path), 'a', encoding='utf-8') as f:
            f.write('/* by hand */\n')
        hashes = series_mod.apply_all(series, delta.pristine(), tmp)
        tap.equal(stage.edited(tree, {}, {path: hashes[path]}), [path])
        shutil.copy(os.path.join(tmp, path), os.path.join(tree, path))
        tap.equal(stage.edited(tree, {}, {path: hashes[path]}), [])


def test_state_damaged():
    "a damaged state file counts as none"
    with tempfile.TemporaryDirectory() as tmp:
        for text in ('', '[1]', '{"a":'):
            path = os.path.join(tmp, 'x.json')
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
            tap.equal(read_json(path), {})


tap.main(globals())
