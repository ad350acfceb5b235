#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the guests of the tests: Debian kernel + small initramfs.

    build/guest/sysroot/            the guest's files, for gdb's `set sysroot'
    build/guest/sysroot-i386/       those of a guest of 32 bits
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
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import cpio  # noqa: E402
import tiny  # noqa: E402
from kernels import (DEBFETCH, KERNELS, BuildError, debfetch,  # noqa: E402
                     disk_modules, fetch_debs, plain_modules, run, say,
                     unpack_kernel)

OUT = ROOT / 'build' / 'guest'
BUSYBOX = Path('/bin/busybox')
DISK_SIZE = '64M'

STATIC = ['-static', '-no-pie']
COMMON = ['-g', '-O1', '-Wall', '-Wno-unused-parameter', '-std=gnu11',
          '-fno-omit-frame-pointer', '-D_FILE_OFFSET_BITS=64']
# name in the guest -> (directory, sources, flags)
# With the C library and its loader ten, all of the same package.
TEN_LIBRARIES = {'BrokenLocale': 1, 'anl': 1, 'm': 6, 'mvec': 1,
                 'nss_compat': 2, 'nss_hesiod': 2, 'resolv': 2, 'dl': 2}
PROGRAMS = {
    'init': ('init', ['init.c'], STATIC),
    'bin/oracle': ('init', ['oracle.c', 'spawn.c', 'tasks.c', 'dump.c',
                            'files.c'], STATIC),
    'bin/busy': ('programs', ['busy.c'], STATIC),
    'bin/busy-pie': ('programs', ['busy.c'], ['-pie', '-fPIE']),
    'bin/timers': ('programs', ['timers.c'], STATIC),
    'bin/threads': ('programs', ['threads.c'], STATIC + ['-pthread']),
    'bin/crowd': ('programs', ['crowd.c'], STATIC + ['-pthread']),
    'bin/dynamic': ('programs', ['dynamic.c'], ['-pie', '-fPIE', '-ldl']),
    'lib/libplug.so': ('programs', ['plug.c'], ['-shared', '-fPIC']),
    'bin/tlsvars': ('programs', ['tlsvars.c'],
                    ['-pie', '-fPIE', '-pthread', '-ldl']),
    'lib/libtls-early.so': ('programs', ['tlslib.c'],
                            ['-shared', '-fPIC', '-DTLS_NAME=early',
                             '-ftls-model=initial-exec']),
    'lib/libtls-late.so': ('programs', ['tlslib.c'],
                           ['-shared', '-fPIC', '-DTLS_NAME=late']),
    'lib/libtls-closed.so': ('programs', ['tlslib.c'],
                             ['-shared', '-fPIC', '-DTLS_NAME=closed']),
    'lib/libtls-reopened.so': ('programs', ['tlslib.c'],
                               ['-shared', '-fPIC', '-DTLS_NAME=reopened']),
    'bin/opens': ('programs', ['opens.c'], ['-pie', '-fPIE', '-ldl']),
    'bin/static-pie': ('programs', ['busy.c'], ['-static-pie', '-fPIE']),
    'bin/compat32': ('programs', ['compat32.c'],
                     ['-m32', '-nostdlib', '-static', '-no-pie', '-fno-pic',
                      '-fno-stack-protector', '-Wl,--build-id=none']),
    'bin/chain': ('programs', ['chain.c'], STATIC),
    'bin/signals': ('programs', ['signals.c'], STATIC),
    'bin/tracer': ('programs', ['tracer.c'], STATIC),
    'bin/syscalls': ('programs', ['syscalls.c'], STATIC + ['-pthread']),
    'bin/syscalls32': ('programs', ['syscalls32.c'],
                       ['-m32', '-nostdlib', '-static', '-no-pie', '-fno-pic',
                        '-fno-stack-protector', '-Wl,--build-id=none']),
    'bin/reborn': ('programs', ['reborn.c'], STATIC),
    'bin/faults': ('programs', ['faults.c'], STATIC),
    'bin/traps': ('programs', ['traps.c'], STATIC + ['-mno-red-zone']),
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
    'bin/walk': ('programs', ['walk.c'], STATIC + ['-O0', '-pthread', '-no-pie',
                                                  '-fno-pie']),
    'bin/trail': ('programs', ['trail.c'],
                  ['-O0', '-no-pie', '-fno-pie', '-gno-column-info']),
    'bin/far': ('programs', ['far.c'],
                ['-O0', '-no-pie', '-fno-pie', '-gno-column-info']),
    'bin/sled': ('programs', ['sled.c'], STATIC + ['-fno-pie']),
    'bin/insns': ('programs', ['insns.c'], STATIC),
    'bin/load': ('programs', ['load.c'], ['-no-pie', '-fno-pie',
                                          '-fno-builtin']),
    'bin/many': ('programs', ['many.c'], STATIC + ['-pthread']),
    'bin/sleeper': ('programs', ['sleeper.c'], STATIC),
    'bin/jailed': ('programs', ['jailed.c'], STATIC),
    'bin/spaces': ('programs', ['spaces.c'], STATIC),
    'bin/deleted': ('programs', ['deleted.c'], STATIC),
    'bin/handles': ('programs', ['handles.c'], STATIC),
    'bin/mappings': ('programs', ['mappings.c'], STATIC),
    'bin/calls': ('programs', ['calls.c'], STATIC + ['-pthread']),
    'bin/family': ('programs', ['family.c'], STATIC + ['-pthread']),
    'bin/kmsg': ('programs', ['kmsg.c'], STATIC),
    'bin/deeds': ('programs', ['deeds.c'], STATIC),
    'bin/holes': ('programs', ['holes.c'], STATIC),
    'bin/states': ('programs', ['states.c'], STATIC),
    'bin/creds': ('programs', ['creds.c'], STATIC),
    'bin/watched': ('programs', ['watched.c'], STATIC),
    'bin/devices': ('programs', ['devices.c'], STATIC),
    'bin/names': ('programs', ['names.c'], STATIC),
    'bin/libs': ('programs', ['libs.c'], ['-pie', '-fPIE', '-pthread']),
    'bin/tenlibs': ('programs', ['libs.c'],
                    ['-pie', '-fPIE', '-pthread', '-Wl,--no-as-needed',
                     *(f'-l:lib{name}.so.{version}'
                       for name, version in TEN_LIBRARIES.items())]),
}
LINKS = {'bin/busy-a': 'busy', 'bin/busy-b': 'busy', 'bin/sh': 'busybox',
         'bin/watch-a': 'watched', 'bin/watch-b': 'watched',
         'bin/device-a': 'devices', 'bin/device-b': 'devices',
         'bin/steps-a': 'steps', 'bin/steps-b': 'steps',
         'bin/walk-alarm': 'walk',
         'bin/insns-a': 'insns', 'bin/insns-b': 'insns',
         'bin/torture-a': 'torture', 'bin/torture-b': 'torture'}
# What the dynamic programs need of the C library: guest path -> names asked
# of the compiler.
LIBRARIES = {
    'lib64/ld-linux-x86-64.so.2': 'ld-linux-x86-64.so.2',
    'lib/libc.so.6': 'libc.so.6',
    'lib/libdl.so.2': 'libdl.so.2',
    **{f'lib/lib{name}.so.{version}': f'lib{name}.so.{version}'
       for name, version in TEN_LIBRARIES.items()},
}
# The same for a guest of 32 bits, whose programs are fewer.
PROGRAMS_I386 = ['init', 'bin/oracle', 'bin/busy', 'bin/threads', 'bin/crowd',
                 'bin/dynamic', 'lib/libplug.so', 'bin/files', 'bin/sleeper',
                 'bin/jailed', 'bin/spaces', 'bin/deleted', 'bin/handles',
                 'bin/mappings', 'bin/calls', 'bin/states', 'bin/creds',
                 'bin/holes', 'bin/static-pie', 'bin/opens', 'bin/tlsvars',
                 'lib/libtls-early.so', 'lib/libtls-late.so', 'lib/libtls-closed.so',
                 'lib/libtls-reopened.so']
LINKS_I386 = {'bin/busy-a': 'busy', 'bin/busy-b': 'busy', 'bin/sh': 'busybox'}
LIBRARIES_I386 = {
    'lib/ld-linux.so.2': 'ld-linux.so.2',
    'lib/libc.so.6': 'libc.so.6',
    'lib/libdl.so.2': 'libdl.so.2',
}


class Arch(NamedTuple):
    """What a guest of that architecture has in its file system."""
    directory: str
    flags: list
    programs: dict
    links: dict
    libraries: dict


ARCHES = {
    'amd64': Arch('sysroot', [], PROGRAMS, LINKS, LIBRARIES),
    'i386': Arch('sysroot-i386', ['-m32'],
                 {name: PROGRAMS[name] for name in PROGRAMS_I386},
                 LINKS_I386, LIBRARIES_I386),
}


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


def busybox(arch):
    """The static shell and gzip of the guest."""
    if arch == 'amd64':
        if not BUSYBOX.is_file():
            raise BuildError('busybox is missing: install the package '
                             'busybox-static')
        return BUSYBOX
    out = OUT / f'busybox-{arch}'
    if not out.is_file():
        deb = run(DEBFETCH, '--suite', 'bookworm', '--arch', arch,
                  '--binary', 'busybox-static').split('\n')[0]
        top = OUT / f'busybox-{arch}.new'
        run('dpkg-deb', '-x', deb, str(top))
        found = [f for f in top.glob('**/bin/busybox') if f.is_file()]
        if not found:
            raise BuildError(f'{Path(deb).name}: no busybox in this package')
        shutil.copy(found[0], out)
        shutil.rmtree(top)
    return out


def build_sysroot(cc, arch, out):
    for name, (directory, sources, flags) in arch.programs.items():
        compile_program(cc, out / name, directory, sources,
                        arch.flags + flags)
    for path, name in arch.libraries.items():
        found = Path(run(cc, *arch.flags, f'-print-file-name={name}').strip())
        if not found.is_absolute():
            raise BuildError(f'{name} not found: install libc6-dev and '
                             'gcc-multilib')
        (out / path).parent.mkdir(exist_ok=True)
        shutil.copy(found.resolve(), out / path)
    for path, target in arch.links.items():
        (out / path).symlink_to(target)


def sysroot(name='amd64', cc='gcc'):
    """Makes the sysroot and its cpio of that architecture; their key."""
    arch, box = ARCHES[name], busybox(name)
    sources = sorted((*HERE.glob('init/*.[ch]'), *HERE.glob('programs/*.[ch]'),
                      HERE / 'build.py', HERE / 'cpio.py'))
    libc = run(cc, *arch.flags, '-print-file-name=libc.so.6').strip()
    key = digest(run(cc, '--version'), box.read_bytes(),
                 Path(libc).stat().st_mtime if os.path.isabs(libc) else '',
                 ROOT, *(s.read_bytes() for s in sources))
    final = OUT / arch.directory
    stamp, base = OUT / f'{arch.directory}.key', base_cpio(name)
    if is_current(stamp, key, final, base):
        return key
    say(f'building the programs ({name})')
    fresh = OUT / f'{arch.directory}.new'
    shutil.rmtree(fresh, ignore_errors=True)
    build_sysroot(cc, arch, fresh)
    shutil.copy(box, fresh / 'bin' / 'busybox')
    base.write_bytes(cpio.from_directory(fresh))
    shutil.rmtree(final, ignore_errors=True)
    fresh.rename(final)
    stamp.write_text(key + '\n')
    return key


def base_cpio(arch):
    return OUT / ('base.cpio' if arch == 'amd64' else f'base-{arch}.cpio')


def kernel_files(kernel, debs, out):
    """vmlinuz, modules.cpio, disk.cpio and info.json of one kernel."""
    vmlinuz, release, modules = unpack_kernel(debs)
    plain, disk = plain_modules(modules), disk_modules(modules)
    out.mkdir(parents=True, exist_ok=True)
    write_modules(out / 'modules.cpio', 'lib/modules',
                  {f'{m}.ko': modules[m] for m in plain})
    # They are loaded in the order of their names.
    write_modules(out / 'disk.cpio', 'lib/modules/disk',
                  {f'{i:02}-{m}.ko': modules[m] for i, m in enumerate(disk)})
    (out / 'vmlinuz').write_bytes(vmlinuz)
    write_info(kernel, debs[0], out, release, [f'{m}.ko' for m in plain])


def write_modules(path, directory, files):
    entries = [(directory, 0o040755, b'')]
    entries += [(f'{directory}/{n}', 0o100644, d) for n, d in files.items()]
    path.write_bytes(cpio.archive(entries))


def write_info(kernel, deb, out, release, modules):
    package = run('dpkg-deb', '-f', str(deb), 'Package').strip()
    version = run('dpkg-deb', '-f', str(deb), 'Version').strip()
    info = {'package': package, 'version': version, 'release': release,
            'modules': modules, 'kernel': kernel}
    (out / 'info.json').write_text(json.dumps(info, indent=2) + '\n')
    say(f'kernel {kernel}: {release} from {package} {version}')


def tiny_files(kernel, out):
    """The same of the kernel that is built here. What was built is kept where
    debfetch keeps its files: it takes long."""
    deb = Path(debfetch(kernel, '--binary', KERNELS[kernel].name)
               .split('\n')[0])
    kept = (Path(deb).parents[2] / 'tiny'
            / digest(tiny.config(), deb.name, run('gcc', '--version'))[:16])
    if not (kept / 'release').is_file():
        say('building the kernel tiny; this takes some minutes')
        parts = tiny.build(run, deb, OUT / 'tiny.work')
        kept.mkdir(parents=True, exist_ok=True)
        for name, data in zip(('vmlinuz', 'System.map', 'release'), parts):
            (kept / name).write_bytes(data)
    out.mkdir(parents=True, exist_ok=True)
    write_modules(out / 'modules.cpio', 'lib/modules', {})
    for name in ('vmlinuz', 'System.map'):
        shutil.copy(kept / name, out / name)
    (out / 'key').write_text(digest(tiny.config()))
    write_info(kernel, deb, out, (kept / 'release').read_text(), [])


def is_made(kernel, out):
    """@out has all that a kernel has had since disks came."""
    if not (out / 'info.json').is_file():
        return False
    if kernel == 'tiny':
        return is_current(out / 'key', digest(tiny.config()))
    return (out / 'disk.cpio').is_file()


def make_kernel(kernel, deb, out):
    if kernel == 'tiny':
        tiny_files(kernel, out)
        return
    if not deb:
        say(f'fetching kernel {kernel}')
    kernel_files(kernel, [Path(deb)] if deb else fetch_debs(kernel), out)


def guest(kernel='6.1', deb=None, disk=False):
    """Directory with vmlinuz, initrd and info.json, made if need be; with
    @disk also initrd-disk, and an image of a disk as build/guest/disk.img."""
    if kernel not in KERNELS:
        raise BuildError(f"unknown kernel '{kernel}', known: "
                         + ' '.join(KERNELS))
    OUT.mkdir(parents=True, exist_ok=True)
    out = OUT / f'kernel-{kernel}'
    with open(OUT / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        arch = KERNELS[kernel].arch
        key = sysroot(arch)
        if deb or not is_made(kernel, out):
            make_kernel(kernel, deb, out)
            for stamp in out.glob('initrd*.key'):
                stamp.unlink()
        make_initrd(out, arch, key, 'initrd', 'modules.cpio')
        if disk:
            make_initrd(out, arch, key, 'initrd-disk', 'modules.cpio',
                        'disk.cpio')
            make_disk(key, OUT / ARCHES[arch].directory)
    return out


def make_initrd(out, arch, key, name, *parts):
    stamp = out / f'{name}.key'
    if not is_current(stamp, key, out / name):
        data = base_cpio(arch).read_bytes()
        (out / name).write_bytes(data + b''.join((out / p).read_bytes()
                                                 for p in parts))
        stamp.write_text(key + '\n')


def make_disk(key, directory):
    """The programs on a disk with ext4. Its identity is fixed, so that the
    same programs make the same disk."""
    stamp, image = OUT / 'disk.key', OUT / 'disk.img'
    if is_current(stamp, key, image):
        return
    image.unlink(missing_ok=True)
    run('mke2fs', '-q', '-t', 'ext4', '-d', str(directory), '-U',
        '67646278-0000-4000-8000-000000000001', str(image), DISK_SIZE,
        env=dict(os.environ, PATH=os.environ.get('PATH', '') + ':/usr/sbin'))
    stamp.write_text(key + '\n')


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
