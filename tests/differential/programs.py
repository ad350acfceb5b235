# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the programs of the differential suite, once for both sides.

    build/differential/root/        bin/NAME and the libraries they need, as
                                    both gdbs see them
    build/differential/KERNEL/      vmlinuz and initrd of a guest that has them

The host runs the very files that are in the guest.
"""
import fcntl
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / 'tests' / 'guest'))
import build  # noqa: E402
import cpio  # noqa: E402

OUT = ROOT / 'build' / 'differential'
FILES = OUT / 'root'
PLAIN = ['-g', '-O0', '-fno-omit-frame-pointer']
STATIC = PLAIN + ['-static', '-no-pie', '-fno-pie']
# name -> (compiler, source, flags)
PROGRAMS = {
    'basics': ('gcc', 'basics.c', STATIC),
    'basics-pie': ('gcc', 'basics.c', PLAIN + ['-pie', '-fPIE']),
    'basics-static-pie': ('gcc', 'basics.c',
                          PLAIN + ['-static-pie', '-fPIE']),
    'basics-32': ('gcc', 'basics.c', STATIC + ['-m32']),
    'basics-stripped': ('gcc', 'basics.c', STATIC + ['-s']),
    'optimised': ('gcc', 'optimised.c',
                  ['-g', '-O2', '-static', '-no-pie', '-fno-pie']),
    'threads': ('gcc', 'threads.c', STATIC + ['-pthread']),
    'threads-dynamic': ('gcc', 'threads.c',
                        PLAIN + ['-pie', '-fPIE', '-pthread']),
    'signals': ('gcc', 'signals.c', STATIC),
    'watched': ('gcc', 'watched.c', STATIC),
    'watched-32': ('gcc', 'watched.c', STATIC + ['-m32']),
    'forks': ('gcc', 'forks.c', STATIC),
    'libraries': ('gcc', 'libraries.c', PLAIN + ['-pie', '-fPIE', '-ldl']),
    'libdiffer.so': ('gcc', 'library.c', PLAIN + ['-shared', '-fPIC']),
    'sleeping': ('gcc', 'sleeping.c', STATIC),
    'plusplus': ('g++', 'plusplus.cc', STATIC),
}
# Where Debian's linker looks first, on the host and in the guest.
LIBRARIES = {
    'lib64/ld-linux-x86-64.so.2': 'ld-linux-x86-64.so.2',
    'lib/x86_64-linux-gnu/libc.so.6': 'libc.so.6',
    'lib/x86_64-linux-gnu/libdl.so.2': 'libdl.so.2',
}


def compile_one(name, top):
    """Paths in the debug info are relative to the top of the checkout."""
    compiler, source, flags = PROGRAMS[name]
    target = top / 'bin' / name
    if not shutil.which(compiler):
        return
    build.run(compiler, '-Wall', f'-ffile-prefix-map={ROOT}=.',
              *[f for f in flags if not f.startswith('-l')],
              '-o', str(target), f'tests/differential/programs/{source}',
              *[f for f in flags if f.startswith('-l')], cwd=ROOT)


def files():
    """Makes all programs if need be; their key."""
    sources = sorted((*(HERE / 'programs').iterdir(), HERE / 'programs.py'))
    key = build.digest(build.run('gcc', '--version'), ROOT,
                       bool(shutil.which('g++')),
                       *(s.read_bytes() for s in sources))
    stamp = OUT / 'root.key'
    if build.is_current(stamp, key, FILES):
        return key
    build.say('building the programs (differential)')
    fresh = OUT / 'root.new'
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / 'bin').mkdir(parents=True)
    for name in PROGRAMS:
        compile_one(name, fresh)
    for path, name in LIBRARIES.items():
        found = Path(build.run('gcc', f'-print-file-name={name}').strip())
        (fresh / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found.resolve(), fresh / path)
    shutil.rmtree(FILES, ignore_errors=True)
    fresh.rename(FILES)
    stamp.write_text(key + '\n')
    return key


def guest(kernel):
    """Directory with vmlinuz and initrd: the tests' guest and our files."""
    OUT.mkdir(parents=True, exist_ok=True)
    base, out = build.guest(kernel), OUT / kernel
    with open(OUT / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        key = build.digest(files(), (base / 'initrd').stat().st_mtime_ns)
        if not build.is_current(out / 'key', key, out / 'initrd'):
            out.mkdir(exist_ok=True)
            shutil.copy(base / 'vmlinuz', out / 'vmlinuz')
            (out / 'initrd').write_bytes((base / 'initrd').read_bytes()
                                         + cpio.from_directory(FILES))
            (out / 'key').write_text(key + '\n')
    return out
