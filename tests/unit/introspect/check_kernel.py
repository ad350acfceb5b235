# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the kernel's own: modules, symbols, the page cache; and of memory
that comes out of it."""
import re
import subprocess
import tempfile
from pathlib import Path

import tap
from answers import compare
from saved import with_disk
from vm import BUILD
from kernels import DEBFETCH, BuildError, run


def modules(s):
    "modules: name, size, references, state, address"
    want = [(m[0], m[1], m[2], m[3][0], int(m[4], 16)) for m in re.findall(
        r'(?m)^(\S+) (\d+) (\d+) \S+ (\S+) (0x\w+)',
        s.twice.before.files['modules'])]
    got = [(m[0], m[1], m[2], m[3], int(m[4], 16)) for m in re.findall(
        r'(?m)^(\S+) size=(\d+) users=(-?\d+) state=(.) base=(\w+)',
        s.text('modules'))]
    tap.check(want, 'the guest has no modules')
    tap.equal(got, want, 'modules')


def module_symbols(s):
    "symbols of modules, line by line"
    for name in re.findall(r'(?m)^(\S+) ', s.twice.before.files['modules']):
        want = [(int(a, 16), t, n) for a, t, n in re.findall(
            rf'(?m)^(\w+) (\w) (\S+)\s+\[{name}\]$', s.saved.kallsyms)]
        got = [(int(a, 16), t, n) for a, t, n in
               (x.split() for x in s.text(f'modsyms {name}').splitlines())]
        tap.check(len(want) > 2, f'{name}: only {len(want)} symbols')
        tap.equal(got, want, f'symbols of {name}')


def symbols(s):
    "kallsyms, line by line"
    want = [(int(a, 16), t, n) for a, t, n in re.findall(
        r'(?m)^(\w+) (\w) (\S+)$', s.saved.kallsyms)]
    mine = [(int(a, 16), t, n) for a, t, n in
            (x.split() for x in s.text('symbols').splitlines())]
    tap.equal(len(mine), len(want), 'number of symbols')
    wrong = [(a, b) for a, b in zip(mine, want) if a != b]
    tap.check(not wrong, f'{len(wrong)} differ, first {wrong[:1]}')


def objects(s):
    """{path: address of a file object} of all that is mapped"""
    return {m[1]: m[0] for rest in s.rows('mapped all').values()
            for m in re.findall(r'(?m)^\w+ object=(\w+) (/.*)$', rest)}


def contents(s):
    "files out of the page cache, byte by byte, with honest holes"
    found, pages, holes, files = objects(s), 0, 0, 0
    for path, (here, before, after) in s.saved.resident.items():
        if path not in found or before != after:
            continue
        data = (s.saved.files / here).read_bytes()
        got, missing = s.cached(found[path])
        tap.equal(len(got), len(data), f'size of {path}')
        tap.equal(sorted(missing), [n for n, c in enumerate(before)
                                    if c == '0'], f'holes of {path}')
        for n in set(range(len(before))) - missing:
            at = slice(4096 * n, 4096 * n + 4096)
            tap.check(got[at] == data[at], f'{path}: page {n} differs')
        files, holes = files + 1, holes + len(missing)
        pages += len(before) - len(missing)
    tap.note(f'{files} files, {pages} pages, {holes} holes')
    tap.check(files >= 3 and pages >= 300, f'{files} files, {pages} pages')
    tap.check(bool(holes) == with_disk(), f'{holes} holes')


def memory(s):
    "memory of processes, also what is in no page table"
    want = {f'{pid},{at:x},{len(data) // 2:x}': data
            for pid, rows in s.saved.memory.items() for at, data in rows
            if int(pid) in s.twice.resting(lambda f: f.tasks)}
    got = {k: s.text(f'mem {k}').strip() for k in want}
    compare(want, got, 'memory', 60)


def bpftool():
    """Debian's, unpacked; installed it need not be."""
    top = BUILD / 'bpftool'
    if not top.is_dir():
        try:
            deb = run(DEBFETCH, '--suite', 'bookworm,bookworm-security',
                      '--binary', 'bpftool').split('\n')[0]
            run('dpkg-deb', '-x', deb, f'{top}.new')
            Path(f'{top}.new').rename(top)
        except (BuildError, OSError) as e:
            raise tap.Skip(f'no bpftool: {e}') from None
    return top / 'usr/sbin/bpftool'


def types_in(blob):
    """How many types bpftool finds in these bytes."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(blob)
        f.flush()
        r = subprocess.run([bpftool(), 'btf', 'dump', 'file', f.name],
                           capture_output=True, text=True)
    tap.check(r.returncode == 0, f'bpftool: {r.stderr.strip()}')
    return len(re.findall(r'(?m)^\[\d+\] ', r.stdout))


def types(s):
    "another witness: bpftool reads as many types out of the guest's memory"
    row = re.search(r'(?m)^btf +ok +(\d+) types in (\d+) bytes at 0x(\w+)',
                    s.text('os'))
    image = re.search(r'(?m)^kernel +ok .* at 0x(\w+) \(physical 0x(\w+)\)',
                      s.text('os'))
    # The image lies in one piece.
    at = int(row[3], 16) - int(image[1], 16) + int(image[2], 16)
    with open(s.saved.ram, 'rb') as f:
        f.seek(at)
        blob = f.read(int(row[2]))
    tap.equal(types_in(blob), int(row[1]), 'types')
    tap.fails(types_in, blob[:-4096])
    tap.fails(types_in, b'\0' + blob[1:])
