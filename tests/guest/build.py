#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the guests of the tests: Debian kernel + small initramfs.

    build/guest/sysroot/            the guest's files, for gdb's `set sysroot'
    build/guest/kernel-6.1/vmlinuz  taken out of Debian's package
    build/guest/kernel-6.1/initrd   the sysroot and two modules of that kernel
    build/guest/kernel-6.1/info.json  package, version, release

Nothing is installed and no root is needed. Work is done again only when
what it is made from has changed (sources, flags, compiler, busybox).
"""
import argparse
import fcntl
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import cpio  # noqa: E402

OUT = ROOT / 'build' / 'guest'
BUSYBOX = Path('/bin/busybox')

# Debian suites to ask and what the package's name looks like. The signed
# and the unsigned package hold the same kernel: take what can be had.
KERNELS = {
    '5.10': ('bullseye,bullseye-security', r'linux-image-5\.10\.0-\d+-amd64'),
    '6.1': ('bookworm,bookworm-security', r'linux-image-6\.1\.0-\d+-amd64'),
    '6.12': ('trixie,trixie-security',
             r'linux-image-6\.12\.[0-9.]+\+deb13[0-9.]*-amd64'),
    '6.12-rt': ('trixie,trixie-security',
                r'linux-image-6\.12\.[0-9.]+\+deb13[0-9.]*-rt-amd64'),
}
# Without dependencies among themselves; something to load in a test.
MODULES = ('drivers/net/dummy.ko', 'lib/crc8.ko', 'lib/crc7.ko')
MODULES_KEPT = 2

STATIC = ['-static', '-no-pie']
COMMON = ['-g', '-O1', '-Wall', '-Wno-unused-parameter', '-std=gnu11',
          '-fno-omit-frame-pointer']
# name in the guest -> (directory, sources, flags)
PROGRAMS = {
    'init': ('init', ['init.c'], STATIC),
    'bin/oracle': ('init', ['oracle.c', 'spawn.c', 'tasks.c'], STATIC),
    'bin/busy': ('programs', ['busy.c'], STATIC),
    'bin/busy-pie': ('programs', ['busy.c'], ['-pie', '-fPIE']),
    'bin/threads': ('programs', ['threads.c'], STATIC + ['-pthread']),
    'bin/crowd': ('programs', ['crowd.c'], STATIC + ['-pthread']),
    'bin/dynamic': ('programs', ['dynamic.c'], ['-pie', '-fPIE', '-ldl']),
    'lib/libplug.so': ('programs', ['plug.c'], ['-shared', '-fPIC']),
    'bin/compat32': ('programs', ['compat32.c'],
                     ['-m32', '-nostdlib', '-static', '-no-pie', '-fno-pic',
                      '-fno-stack-protector', '-Wl,--build-id=none']),
    'bin/chain': ('programs', ['chain.c'], STATIC),
    'bin/signals': ('programs', ['signals.c'], STATIC),
    'bin/faults': ('programs', ['faults.c'], STATIC),
    'bin/strings': ('programs', ['strings.c'],
                    STATIC + ['-Wl,-Ttext-segment=0x70000000']),
    'bin/hwbreak': ('programs', ['hwbreak.c'], STATIC),
    'bin/remaps': ('programs', ['remaps.c'], STATIC),
    'bin/files': ('programs', ['files.c'], STATIC),
    # Where no other program is: points of the machine are hit in all.
    'bin/pages': ('programs', ['pages.c'],
                  STATIC + ['-Wl,-Ttext-segment=0x50000000']),
    'bin/torture': ('programs', ['torture.c'],
                    ['-no-pie', '-fno-pie', '-pthread', '-fno-builtin', '-ldl',
                     '-Wl,-Ttext-segment=0x60000000']),
    'bin/steps': ('programs', ['steps.c'], STATIC + ['-O0']),
    'bin/sled': ('programs', ['sled.c'], STATIC + ['-fno-pie']),
    'bin/load': ('programs', ['load.c'], ['-no-pie', '-fno-pie',
                                          '-fno-builtin']),
    'bin/sleeper': ('programs', ['sleeper.c'], STATIC),
    'bin/watched': ('programs', ['watched.c'], STATIC),
}
LINKS = {'bin/busy-a': 'busy', 'bin/busy-b': 'busy', 'bin/sh': 'busybox',
         'bin/watch-a': 'watched', 'bin/watch-b': 'watched',
         'bin/steps-a': 'steps', 'bin/steps-b': 'steps',
         'bin/torture-a': 'torture', 'bin/torture-b': 'torture'}
# What the dynamic programs need of the C library: guest path -> names asked
# of the compiler.
LIBRARIES = {
    'lib64/ld-linux-x86-64.so.2': 'ld-linux-x86-64.so.2',
    'lib/libc.so.6': 'libc.so.6',
    'lib/libdl.so.2': 'libdl.so.2',
}


class BuildError(Exception):
    """One clear line for the user."""


def say(text):
    print('guest: ' + text, file=sys.stderr, flush=True)


def run(*args, **kw):
    """The command's output; its last words become the error."""
    try:
        p = subprocess.run(args, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, **kw)
    except FileNotFoundError:
        raise BuildError(f'{args[0]} is missing: run ./configure '
                         '--install-deps') from None
    if p.returncode:
        last = (p.stderr.strip() or p.stdout.strip()).splitlines()
        raise BuildError(f'{Path(args[0]).name} failed: '
                         + (last[-1] if last else f'exit {p.returncode}'))
    return p.stdout


def digest(*parts):
    h = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        h.update(len(data).to_bytes(8, 'little') + data)
    return h.hexdigest()


def is_current(stamp, key, *outputs):
    return (stamp.is_file() and stamp.read_text().strip() == key
            and all(o.exists() for o in outputs))


def compile_program(cc, target, directory, sources, flags):
    """Paths in the debug info are relative to the top of the checkout."""
    target.parent.mkdir(parents=True, exist_ok=True)
    names = [f'tests/guest/{directory}/{s}' for s in sources]
    compiler_flags = [f for f in flags if not f.startswith('-l')]
    libs = [f for f in flags if f.startswith('-l')]
    run(cc, *COMMON, f'-ffile-prefix-map={ROOT}=.', *compiler_flags,
        '-o', str(target), *names, *libs, cwd=ROOT)


def build_sysroot(cc, out):
    if not BUSYBOX.is_file():
        raise BuildError('busybox is missing: install the package '
                         'busybox-static')
    for name, (directory, sources, flags) in PROGRAMS.items():
        compile_program(cc, out / name, directory, sources, flags)
    shutil.copy(BUSYBOX, out / 'bin' / 'busybox')
    for path, name in LIBRARIES.items():
        found = Path(run(cc, f'-print-file-name={name}').strip())
        if not found.is_absolute():
            raise BuildError(f'{name} not found: install libc6-dev')
        (out / path).parent.mkdir(exist_ok=True)
        shutil.copy(found.resolve(), out / path)
    for path, target in LINKS.items():
        (out / path).symlink_to(target)


def sysroot(cc='gcc'):
    """Makes build/guest/sysroot and base.cpio; returns their key."""
    sources = sorted((*HERE.glob('init/*.[ch]'), *HERE.glob('programs/*.[ch]'),
                      HERE / 'build.py', HERE / 'cpio.py'))
    libc = run(cc, '-print-file-name=libc.so.6').strip()
    key = digest(run(cc, '--version'), BUSYBOX.read_bytes()
                 if BUSYBOX.is_file() else '', Path(libc).stat().st_mtime
                 if os.path.isabs(libc) else '', ROOT,
                 *(s.read_bytes() for s in sources))
    final, stamp, base = OUT / 'sysroot', OUT / 'sysroot.key', OUT / 'base.cpio'
    if is_current(stamp, key, final, base):
        return key
    say('building the programs')
    fresh = OUT / 'sysroot.new'
    shutil.rmtree(fresh, ignore_errors=True)
    build_sysroot(cc, fresh)
    base.write_bytes(cpio.from_directory(fresh))
    shutil.rmtree(final, ignore_errors=True)
    fresh.rename(final)
    stamp.write_text(key + '\n')
    return key


def natural(text):
    return [int(t) if t.isdigit() else t for t in re.split(r'(\d+)', text)]


def fetch_deb(kernel):
    """Path of the newest package of that kernel which can be downloaded."""
    suites, name = KERNELS[kernel]
    debfetch = str(ROOT / 'scripts' / 'debfetch')
    listed = run(debfetch, '--suite', suites, '--list',
                 f'^{name}(-unsigned)?$'.replace(r'\d', '[0-9]'))
    found = [line.split() for line in listed.splitlines() if line.strip()]
    # Newest first; of one version the signed package, which sorts first.
    found.sort(key=lambda f: f[0])
    found.sort(key=lambda f: natural(f[1]), reverse=True)
    error = BuildError(f'no kernel package {name} in {suites}')
    for package, version in found[:6]:
        try:
            paths = run(debfetch, '--suite', suites, '--binary',
                        f'{package}={version}')
            return Path(paths.split('\n')[0])
        except BuildError as e:
            error = e
    raise error


def unpack_kernel(deb):
    """(vmlinuz bytes, release, {module path: bytes}) of a .deb."""
    p = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', str(deb)],
                         stdout=subprocess.PIPE)
    vmlinuz, release, modules = None, None, {}
    with tarfile.open(fileobj=p.stdout, mode='r|') as tar:
        for member in tar:
            name = member.name.lstrip('./')
            if name.startswith('boot/vmlinuz-'):
                vmlinuz = tar.extractfile(member).read()
                release = name[len('boot/vmlinuz-'):]
            elif member.isfile() and any(m in name for m in MODULES):
                data = tar.extractfile(member).read()
                if name.endswith('.xz'):
                    name, data = name[:-3], lzma.decompress(data)
                modules[Path(name).name] = data
    if p.wait() or not vmlinuz:
        raise BuildError(f'{deb.name}: no kernel in this package')
    return vmlinuz, release, dict(sorted(modules.items())[:MODULES_KEPT])


def kernel_files(kernel, deb, out):
    """vmlinuz, modules.cpio and info.json of one kernel."""
    vmlinuz, release, modules = unpack_kernel(deb)
    out.mkdir(parents=True, exist_ok=True)
    entries = [('lib/modules', 0o040755, b'')]
    entries += [(f'lib/modules/{n}', 0o100644, d) for n, d in modules.items()]
    (out / 'modules.cpio').write_bytes(cpio.archive(entries))
    (out / 'vmlinuz').write_bytes(vmlinuz)
    package = run('dpkg-deb', '-f', str(deb), 'Package').strip()
    version = run('dpkg-deb', '-f', str(deb), 'Version').strip()
    info = {'package': package, 'version': version, 'release': release,
            'modules': sorted(modules), 'kernel': kernel}
    (out / 'info.json').write_text(json.dumps(info, indent=2) + '\n')
    say(f'kernel {kernel}: {release} from {package} {version}')


def guest(kernel='6.1', deb=None):
    """Directory with vmlinuz, initrd and info.json, made if need be."""
    if kernel not in KERNELS:
        raise BuildError(f"unknown kernel '{kernel}', known: "
                         + ' '.join(KERNELS))
    OUT.mkdir(parents=True, exist_ok=True)
    out = OUT / f'kernel-{kernel}'
    with open(OUT / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        key = sysroot()
        if deb or not (out / 'info.json').is_file():
            if not deb:
                say(f'fetching kernel {kernel}')
                deb = fetch_deb(kernel)
            kernel_files(kernel, Path(deb), out)
            (out / 'initrd.key').unlink(missing_ok=True)
        if not is_current(out / 'initrd.key', key, out / 'initrd'):
            data = (OUT / 'base.cpio').read_bytes()
            data += (out / 'modules.cpio').read_bytes()
            (out / 'initrd').write_bytes(data)
            (out / 'initrd.key').write_text(key + '\n')
    return out


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('--kernel', action='append', metavar='VERSION',
                   help='one of: ' + ', '.join(KERNELS) + ', all')
    p.add_argument('--deb', metavar='FILE', help='take the kernel from this '
                   'package instead of fetching one')
    args = p.parse_args()
    wanted = args.kernel or ['6.1']
    try:
        for kernel in KERNELS if 'all' in wanted else wanted:
            print(guest(kernel, args.deb))
    except (BuildError, OSError, tarfile.TarError) as e:
        print(f'guest: {e}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
