# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernels of the guests: which there are, and how they are had."""
import lzma
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

DEBFETCH = str(Path(__file__).resolve().parents[2] / 'scripts' / 'debfetch')

BULLSEYE = 'bullseye,bullseye-security'
BOOKWORM = 'bookworm,bookworm-security'
TRIXIE = 'trixie,trixie-security'


class Kernel(NamedTuple):
    """Debian suites to ask and what the package's name looks like. The
    signed and the unsigned package hold the same kernel: take what can be
    had."""
    suites: str
    name: str
    arch: str = 'amd64'


KERNELS = {
    '5.10': Kernel(BULLSEYE, r'linux-image-5\.10\.0-\d+-amd64'),
    '5.10-cloud': Kernel(BULLSEYE, r'linux-image-5\.10\.0-\d+-cloud-amd64'),
    # bullseye-security lists packages for i386 that the mirrors lack.
    '5.10-i386': Kernel('bullseye', r'linux-image-5\.10\.0-\d+-686-pae',
                        'i386'),
    '6.1': Kernel(BOOKWORM, r'linux-image-6\.1\.0-\d+-amd64'),
    '6.1-cloud': Kernel(BOOKWORM, r'linux-image-6\.1\.0-\d+-cloud-amd64'),
    '6.1-i386': Kernel('bookworm', r'linux-image-6\.1\.0-\d+-686-pae',
                       'i386'),
    # Page tables of two levels.
    '6.1-nopae': Kernel('bookworm', r'linux-image-6\.1\.0-\d+-686', 'i386'),
    '6.12': Kernel(TRIXIE, r'linux-image-6\.12\.[0-9.]+\+deb13[0-9.]*-amd64'),
    '6.12-rt': Kernel(TRIXIE,
                      r'linux-image-6\.12\.[0-9.]+\+deb13[0-9.]*-rt-amd64'),
    # Built from Debian's source: no types, no symbols, one CPU (tiny.py).
    'tiny': Kernel(BOOKWORM, 'linux-source-6.1'),
    # Whatever Debian offers today: what no-one has seen is what is asked.
    'newest': Kernel('trixie-backports,forky,sid',
                     r'linux-image-[0-9.]+\+deb[0-9.]+-amd64'),
}
# Without dependencies among themselves; something to load in a test.
PLAIN = ('crc7', 'crc8', 'dummy')
PLAIN_KEPT = 2
# For a disk with ext4. What a kernel has built in, or lacks, is no module.
DISK = ('virtio', 'virtio_ring', 'virtio_pci_modern_dev',
        'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_blk', 'crc16',
        'crc32c_generic', 'crc32c-cryptoapi', 'libcrc32c', 'mbcache', 'jbd2',
        'ext4')


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
        why = [line for line in last if ' error: ' in line] or last[-1:]
        raise BuildError(f'{Path(args[0]).name} failed: '
                         + (why[0] if why else f'exit {p.returncode}'))
    return p.stdout


def natural(text):
    return [int(t) if t.isdigit() else t for t in re.split(r'(\d+)', text)]


def debfetch(kernel, *args):
    suites, _, arch = KERNELS[kernel]
    return run(DEBFETCH, '--suite', suites,
               *(['--arch', arch] if arch != 'amd64' else []), *args)


def fetch_debs(kernel):
    """Paths of the newest package of that kernel which can be downloaded,
    with the packages it is divided into."""
    name = KERNELS[kernel].name
    listed = debfetch(kernel, '--list',
                      f'^{name}(-unsigned)?$'.replace(r'\d', '[0-9]'))
    found = [line.split() for line in listed.splitlines() if line.strip()]
    # Newest first; of one version the signed package, which sorts first.
    found.sort(key=lambda f: f[0])
    found.sort(key=lambda f: natural(f[1]), reverse=True)
    error = BuildError(f'no kernel package {name} in {KERNELS[kernel].suites}')
    for package, version in found[:6]:
        try:
            deb = debfetch(kernel, '--binary', f'{package}={version}')
            deb = Path(deb.split('\n')[0])
            return [deb] + divided(kernel, deb)
        except BuildError as e:
            error = e
    raise error


def divided(kernel, deb):
    """Newer kernel packages are empty: image and modules are in others."""
    depends = run('dpkg-deb', '-f', str(deb), 'Depends')
    return [Path(debfetch(kernel, '--binary', f'{name}={version}')
                 .split('\n')[0])
            for name, version in re.findall(
                r'(linux-(?:binary|modules)-\S+) \(= ([^)]+)\)', depends)]


def files_of(deb):
    """(name, member, open archive) of each file in a .deb."""
    p = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', str(deb)],
                         stdout=subprocess.PIPE)
    with tarfile.open(fileobj=p.stdout, mode='r|') as tar:
        for member in tar:
            if member.isfile():
                yield member.name.lstrip('./'), member, tar
    if p.wait():
        raise BuildError(f'{deb.name}: cannot be unpacked')


def unpack_kernel(debs):
    """(vmlinuz bytes, release, {module: bytes}) of its .debs."""
    vmlinuz, release, modules = None, None, {}
    for deb in debs:
        for name, member, tar in files_of(deb):
            # boot/vmlinuz-RELEASE or usr/lib/modules/RELEASE/vmlinuz
            found = re.fullmatch(r'boot/vmlinuz-(.+)|'
                                 r'(?:usr/)?lib/modules/([^/]+)/vmlinuz', name)
            if found:
                vmlinuz = tar.extractfile(member).read()
                release = found[1] or found[2]
                continue
            module = re.fullmatch(r'.*/kernel/.*/([^/]+)\.ko(\.xz)?', name)
            if module and module[1] in PLAIN + DISK:
                data = tar.extractfile(member).read()
                modules[module[1]] = lzma.decompress(data) if module[2] \
                    else data
    if not vmlinuz:
        raise BuildError(f'{debs[0].name}: no kernel in this package')
    return vmlinuz, release, modules


def plain_modules(modules):
    """Those to load in a test."""
    return [m for m in PLAIN if m in modules][:PLAIN_KEPT]


def needs(data):
    """Names of the modules that a module says it needs."""
    found = re.search(rb'\0depends=([^\0]*)\0', data)
    return found[1].decode().split(',') if found and found[1] else []


def disk_modules(modules):
    """Those for the disk in an order in which they can be loaded."""
    same = {m.replace('-', '_'): m for m in modules}
    order = []

    def add(name):
        name = same.get(name.replace('-', '_'))
        if name and name not in order:
            for other in needs(modules[name]):
                add(other)
            order.append(name)

    for name in DISK:
        add(name)
    return order
