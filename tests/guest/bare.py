# SPDX-License-Identifier: GPL-2.0-or-later
"""The bare guest: a ROM in place of firmware that makes events of every kind in
a known order, and keeps a list of them in its memory.

    with bare.boot(smp=2) as vm:
        ... gdb connects, points are set, the guest runs to bare_done ...
        entries = bare.entries(read_memory, cpus=2)

bare/bare.h says what an entry has.
"""
import fcntl
import re
import struct
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]
import build  # noqa: E402
from vm import VM  # noqa: E402

SOURCES = HERE / 'bare'
OUT = build.OUT / 'bare'
FLAGS = ['-m64', '-O1', '-g', '-Wall', '-std=gnu11', '-ffreestanding',
         '-fno-pic', '-fno-pie', '-mno-red-zone', '-mgeneral-regs-only',
         '-fno-stack-protector', '-fno-asynchronous-unwind-tables',
         '-fcf-protection=none', f'-ffile-prefix-map={build.ROOT}=.']
LINK = ['-nostdlib', '-static', '-no-pie', '-Wl,--build-id=none',
        '-Wl,-z,noexecstack']
ENTRY = struct.Struct('<HBBBBHQQQQ')
CONSTANTS = {n: int(v, 0) for n, v in re.findall(
    r'#define (\w+) +(0x[0-9a-f]+|\d+)\b', (SOURCES / 'bare.h').read_text())}
KINDS = {v: n[len('KIND_'):].lower() for n, v in CONSTANTS.items()
         if n.startswith('KIND_')}


class Entry(NamedTuple):
    """What the guest did. cpu: -1 in code that comes before 64-bit mode."""
    cpu: int
    kind: str
    width: int
    write: int
    cpl: int
    soft: int
    mode: int
    pc: int
    a: int
    b: int
    c: int


def rom():
    """(path of the image, path of the program with symbols), made if need be"""
    sources = sorted(SOURCES.glob('*.[chS]')) + [SOURCES / 'bare.ld']
    key = build.digest(build.run('gcc', '--version'), *FLAGS, *LINK,
                       *(s.read_bytes() for s in sources))
    OUT.mkdir(parents=True, exist_ok=True)
    program, image, stamp = (OUT / n for n in ('bare', 'bare.rom', 'key'))
    with open(OUT / '.lock', 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not build.is_current(stamp, key, program, image):
            names = [str(s.relative_to(build.ROOT)) for s in sources
                     if s.suffix in ('.c', '.S')]
            build.run('gcc', *FLAGS, *LINK, f'-Wl,-T,{SOURCES / "bare.ld"}',
                      '-o', str(program), *names, cwd=build.ROOT)
            build.run('objcopy', '-O', 'binary', '-j', '.text', '-j',
                      '.rodata', '-j', '.reset', '--gap-fill', '0',
                      '--pad-to', '0x100000', str(program), str(image))
            stamp.write_text(key + '\n')
    return image, program


def symbols():
    """{name: address}"""
    rows = build.run('nm', str(rom()[1])).splitlines()
    return {r.split()[2]: int(r.split()[0], 16) for r in rows
            if len(r.split()) == 3}


def options(machine='pc', extra=()):
    """Of VM: a machine that is held before its first instruction."""
    return {'kernel': None, 'paused': True, 'memory': '64M', 'extra': [
        '-M', machine, '-bios', str(rom()[0]), '-device', 'pc-testdev',
        '-device', 'edu,addr=4', *extra]}


def boot(machine='pc', smp=1, extra=(), **others):
    return VM(smp=smp, **options(machine, extra), **others)


def _log(read, base, cpu):
    end = int.from_bytes(read(base, 8), 'little')
    size = CONSTANTS['ENTRY_SIZE']
    count = (end - base) // size - 1 if end else 0
    data = read(base + size, count * size)
    return [Entry(cpu, KINDS[k], *rest) for k, *rest in
            ENTRY.iter_unpack(data)]


def entries(read, cpus=1):
    """[Entry], each CPU's in order; CPU 0 begins with what it did before
    64-bit mode. read(address, length) -> bytes of memory."""
    found = _log(read, CONSTANTS['EARLY_LOG'], -1)
    for cpu in range(cpus):
        found += _log(read, CONSTANTS['CPU_LOG']
                      + cpu * CONSTANTS['CPU_LOG_SIZE'], cpu)
    return found


def instructions(read):
    """[(address, kind)]: what insn_stage executes, in order, once a CPU."""
    at = symbols()
    data = read(at['insn_table'], at['insn_table_end'] - at['insn_table'])
    return [(address, name.rstrip(b'\0').decode()) for address, name in
            struct.iter_unpack('<Q24s', data)]
