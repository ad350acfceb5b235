# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's own configure and ninja, run for the patched or pristine tree.

Both trees are compiled by ccache with paths that look alike (../src/...), so
the second build finds most of its objects made.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys

from . import host
from .common import (Failure, build, read_json, run, say, sha256_text, top,
                     write_json)

# A slim system emulator; firmware comes from the packages seabios and
# qemu-system-data, since Debian's tarball has none.
FIRMWARE = ('/usr/share/seabios', '/usr/share/qemu', '/usr/lib/ipxe/qemu')
ARGS = (
    '--disable-download', '--disable-install-blobs',
    '--target-list=x86_64-softmmu', '--without-default-features',
    '--enable-tcg', '--enable-slirp', '--enable-capstone',
    '--enable-pixman', '--enable-plugins', '--enable-system',
    '--enable-tools', '--firmwarepath=' + ':'.join(FIRMWARE),
)
TARGETS = ('qemu-system-x86_64', 'qemu-img')


def environment():
    env = dict(os.environ, LC_ALL='C.UTF-8')
    env.setdefault('CCACHE_BASEDIR', top())
    env.setdefault('CCACHE_NOHASHDIR', '1')
    env.setdefault('CCACHE_MAXSIZE', '5G')
    compiler = os.environ.get('CC', 'gcc')
    if 'ccache' not in compiler and shutil.which('ccache'):
        compiler = 'ccache ' + compiler
    env['CC'] = compiler
    return env


def configure(name, extra):
    """Run QEMU's configure in build/NAME/obj unless that was done so."""
    obj, state_file = build(name, 'obj'), build(name, 'configured.json')
    env = environment()
    argv = ['../src/configure', f'--python={host.python()}', *ARGS, *extra]
    identity = sha256_text('\0'.join(
        [*argv, env['CC'], sys.version,
         read_json(build(name, 'source.json')).get('identity', '')]))
    if (read_json(state_file).get('identity') == identity
            and os.path.exists(os.path.join(obj, 'build.ninja'))):
        return False
    shutil.rmtree(obj, ignore_errors=True)
    os.makedirs(obj)
    log = build(name, 'configure.log')
    say(f'    QEMU\'s configure ({name}); its words go to '
        f'{os.path.relpath(log)}')
    try:
        run(*argv, log=log, cwd=obj, env=env, what='QEMU\'s configure',
            stdin=subprocess.DEVNULL)
    except Failure as e:
        raise Failure(f'{e}: {reason(log)}') from e
    write_json(state_file, {'identity': identity, 'extra': list(extra)})
    return True


def reason(log):
    """The line of QEMU's configure that says why it stopped."""
    with open(log, encoding='utf-8', errors='replace') as f:
        lines = f.read().splitlines()
    for line in lines:
        if 'ERROR:' in line:
            return line.strip()
    return lines[-1].strip() if lines else 'it said nothing'


def extra_of(name):
    return read_json(build(name, 'configured.json')).get('extra', [])


class Progress:
    """Ninja's [n/m] lines, thinned: all on a terminal, each 5 % else."""

    def __init__(self, label):
        self.label, self.shown = label, -1
        self.tty = sys.stdout.isatty()

    def line(self, text):
        m = re.match(r'\[(\d+)/(\d+)\] (.*)', text)
        if not m:
            if text and not text.startswith('ninja: '):
                self.end()
                print(text, flush=True)
            return
        done, total = int(m.group(1)), int(m.group(2))
        if self.tty:
            print(f'\r\x1b[K{self.label}: {done}/{total}', end='', flush=True)
            self.shown = done
        elif done * 20 // total > self.shown:
            self.shown = done * 20 // total
            print(f'{self.label}: {done} of {total}', flush=True)

    def end(self):
        if self.tty and self.shown >= 0:
            print(flush=True)


def ninja(name, targets, label):
    argv = ['ninja', '-C', build(name, 'obj'), *targets]
    jobs = os.environ.get('GDBX_JOBS')
    if jobs:
        argv[1:1] = ['-j', jobs]
    progress = Progress(label)
    env = dict(environment(), NINJA_STATUS='[%f/%t] ')
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=env,
                          stderr=subprocess.STDOUT, errors='replace',
                          stdin=subprocess.DEVNULL) as proc:
        for text in proc.stdout:
            progress.line(text.rstrip('\n'))
    progress.end()
    if proc.returncode:
        raise Failure(f'{label} failed; the lines above say why, and `'
                      f'{shlex.join(["ninja", "-C", f"build/{name}/obj"])}` '
                      'repeats it')


def link_firmware(name):
    """Let a QEMU that runs in its build directory find the firmware.

    There it looks for each part of --firmwarepath below qemu-bundle/.
    """
    for path in FIRMWARE:
        link = build(name, 'obj', 'qemu-bundle' + path)
        if not os.path.lexists(link):
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(path, link)


def link_results(name, where):
    os.makedirs(where, exist_ok=True)
    for target in TARGETS:
        link = os.path.join(where, target)
        to = os.path.relpath(build(name, 'obj', target), where)
        if os.path.islink(link) and os.readlink(link) == to:
            continue
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(to, link)


def compile_tree(name):
    ninja(name, TARGETS, f'building QEMU ({name})')
    link_firmware(name)
    link_results(name, build() if name == 'patched' else build(name))
