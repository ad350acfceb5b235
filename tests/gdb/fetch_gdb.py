#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Unpacks another Debian suite's gdb into build/, libraries and all, and
prints the path of a program that runs it. Nothing is installed: the gdb is
started through its own dynamic linker.

    GDB=$(tests/gdb/fetch_gdb.py --suite trixie) ...
"""
import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_PACKAGES = 120
# Named by libraries, never loaded by gdb.
NOT_NEEDED = re.compile(r'^libc-bin$|-common$|-data$|^libdebconf|^liblocale')
RUN = '''#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
here=$(dirname "$(readlink -f "$0")")
PYTHONHOME="$here/usr" exec "$here/usr/lib64/ld-linux-x86-64.so.2" \\
    --library-path "$here/usr/lib/x86_64-linux-gnu" "$here/usr/bin/gdb" \\
    --data-directory="$here/usr/share/gdb" "$@"
'''


class FetchError(Exception):
    """One clear line: why there is no such gdb."""


def output(*args):
    p = subprocess.run(args, capture_output=True, text=True)
    if p.returncode:
        words = p.stderr.strip().splitlines()
        raise FetchError(words[-1] if words else f'{args[0]} failed')
    return p.stdout.strip()


def depends(deb):
    """Names of the libraries a package asks for, first alternatives only."""
    fields = output('dpkg-deb', '-f', deb, 'Depends', 'Pre-Depends')
    text = re.sub(r'(?m)^(Pre-)?Depends:', ',', fields.replace('\n ', ' '))
    names = [part.split('|')[0].split('(')[0].strip().split(':')[0]
             for part in text.replace('\n', ',').split(',')]
    return [n for n in names
            if n.startswith('lib') and not NOT_NEEDED.search(n)]


def unpack(suite, top):
    todo, seen = ['gdb'], set()
    debfetch = str(ROOT / 'scripts' / 'debfetch')
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if len(seen) > MAX_PACKAGES:
            raise FetchError('gdb asks for too many packages')
        deb = output(debfetch, '--suite', suite, '--binary', name)
        deb = deb.splitlines()[0]
        subprocess.run(['dpkg-deb', '-x', deb, str(top)], check=True)
        todo += depends(deb)
    for path in ('usr/share/doc', 'usr/share/man', 'usr/share/locale'):
        shutil.rmtree(top / path, ignore_errors=True)


def usr_merge(top):
    """Older packages still hold /lib; newer ones only /usr/lib."""
    for name in ('lib', 'lib64'):
        old, new = top / name, top / 'usr' / name
        if old.is_dir() and not old.is_symlink():
            shutil.copytree(old, new, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(old)


def version(gdb):
    """(13, 1) of any gdb that runs."""
    try:
        first = output(gdb, '-nx', '--version').splitlines()[0]
    except (OSError, IndexError) as e:
        raise FetchError(f'{gdb} does not run: {e}') from None
    found = re.search(r'(\d+)\.(\d+)[^ ]*$', first)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def fetch(suite):
    """Path of the runner of that suite's gdb, unpacked if need be."""
    top = ROOT / 'build' / f'gdb-{suite}'
    top.parent.mkdir(exist_ok=True)
    with open(top.parent / f'.gdb-{suite}.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        runner = top / 'run'
        if not runner.exists():
            print(f'gdb: fetching the gdb of {suite}', file=sys.stderr)
            fresh = top.with_suffix('.new')
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            unpack(suite, fresh)
            usr_merge(fresh)
            (fresh / 'run').write_text(RUN)
            (fresh / 'run').chmod(0o755)
            version(str(fresh / 'run'))
            shutil.rmtree(top, ignore_errors=True)
            os.rename(fresh, top)
    return str(runner)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('.')[0])
    p.add_argument('--suite', default='trixie')
    args = p.parse_args()
    try:
        print(fetch(args.suite))
    except (FetchError, OSError, subprocess.SubprocessError) as e:
        print(f'gdb: {e}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
