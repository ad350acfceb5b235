#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A witness that nobody here wrote: drgn, with the kernel's debug package,
finds the same tasks, open files and kernel stacks in the same memory.

    drgn_witness.py DIRECTORY VMLINUX

by hand, with a directory of saved.py and the vmlinux of that very kernel;
python3-drgn must be importable (a distribution's package, or PYTHONPATH).
As a test without both it is a skip. Environment: DRGN_SAVED, DRGN_VMLINUX.
"""
import os
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import tap

PAGE = 4096
DATA = 2 * PAGE         # where memory begins in the core file


def osi(saved, *words):
    r = subprocess.run([os.environ.get('OSI_IMAGE', 'osi-image'),
                        saved / 'ram', saved / 'regs', *words],
                       capture_output=True, check=True)
    return r.stdout.decode('utf-8', 'replace')


def records(text):
    return {int(a): r for a, r in re.findall(
        r'(?ms)^pid=(\d+) (.*?)\n(?=pid=\d|\Z)', text) if a != '0'}


def load(virtual, physical, size):
    return struct.pack('<IIQQQQQQ', 1, 7, DATA + physical, virtual, physical,
                       size, size, PAGE)


def vmcoreinfo(ram):
    at = ram.find(b'OSRELEASE=')
    while at >= 0 and at % PAGE:
        at = ram.find(b'OSRELEASE=', at + 1)
    tap.check(at >= 0, 'no VMCOREINFO in this memory')
    return ram[at:at + PAGE].split(b'\0')[0]


def write_core(saved, path):
    """An ELF core: the image at its address, all memory at its direct map."""
    ram = (saved / 'ram').read_bytes()
    m = re.search(r'(\d+) MiB at 0x(\w+) \(physical 0x(\w+)\)',
                  osi(saved, 'os'))
    size, va, pa = int(m[1]) << 20, int(m[2], 16), int(m[3], 16)
    symbol = int(osi(saved, 'symbol', 'page_offset_base').split()[0], 16)
    base = struct.unpack_from('<Q', ram, symbol - va + pa)[0]
    info = vmcoreinfo(ram)
    note = struct.pack('<III', 11, len(info), 0) + b'VMCOREINFO\0\0' + info
    note += b'\0' * (-len(note) % 4)
    with open(path, 'wb') as f:
        f.write(b'\x7fELF\x02\x01\x01' + b'\0' * 9 + struct.pack(
            '<HHIQQQIHHHHHH', 4, 62, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0))
        f.write(struct.pack('<IIQQQQQQ', 4, 0, PAGE, 0, 0, len(note),
                            len(note), 4))
        f.write(load(va, pa, size) + load(base, 0, len(ram)))
        f.seek(PAGE)
        f.write(note)
        f.seek(DATA)
        f.write(ram)


def inputs():
    words = os.environ.get('DRGN_SAVED'), os.environ.get('DRGN_VMLINUX')
    if not all(words):
        raise tap.Skip('name a saved guest and its vmlinux in DRGN_SAVED and '
                       'DRGN_VMLINUX (linux-image-VERSION-dbg has it)')
    try:
        import drgn
    except ImportError as e:
        raise tap.Skip(f'no drgn: {e}') from None
    return drgn, Path(words[0]), words[1]


def kernel_part(trace):
    """Inlined functions share a frame."""
    out = []
    for frame in trace:
        if frame.pc >> 63 and out[-1:] != [frame.pc]:
            out.append(frame.pc)
    return out


def theirs(drgn, core, vmlinux):
    """{pid: (object, name, {fd: (object, position)}, stack or None)}"""
    from drgn.helpers.linux.fs import for_each_file
    from drgn.helpers.linux.pid import for_each_task
    p = drgn.Program()
    p.set_core_dump(core)
    p.load_debug_info([vmlinux])
    out = {}
    for t in for_each_task(p):
        files = {fd: (f.value_(), f.f_pos.value_())
                 for fd, f in for_each_file(t)} if t.files.value_() else {}
        stack = None if t.on_cpu.value_() else kernel_part(p.stack_trace(t))
        out[t.pid.value_()] = (t.value_(), t.comm.string_().decode(), files,
                               stack)
    return out


def ours(saved):
    files, stacks = (records(osi(saved, c, 'all'))
                     for c in ('files', 'stack'))
    out = {}
    for pid, row in records(osi(saved, 'tasks')).items():
        m = re.search(r'object=(\w+) .*?comm=(.*)', row)
        out[pid] = (int(m[1], 16), m[2], {
            int(fd): (int(o, 16), int(pos)) for fd, o, pos in re.findall(
                r'(?m)^fd=(\d+) object=(\w+) pos=(\d+)', files[pid])},
            [int(pc, 16) for pc in
             re.findall(r'(?m)^  (\w+) sp=', stacks[pid])])
    return out


def test_drgn_agrees():
    "drgn finds the same tasks, open files and kernel stacks"
    drgn, saved, vmlinux = inputs()
    with tempfile.TemporaryDirectory(prefix='gdbx-drgn-') as directory:
        core = Path(directory) / 'core'
        write_core(saved, core)
        want = theirs(drgn, core, vmlinux)
    got = ours(saved)
    tap.check(len(want) > 20, f'drgn sees only {len(want)} tasks')
    for part, what in ((0, 'objects'), (1, 'names'), (2, 'open files')):
        tap.equal({i: v[part] for i, v in got.items()},
                  {i: v[part] for i, v in want.items()}, what)
    # drgn shows nothing of a task that was interrupted in user mode.
    stacks = {i: v[3] for i, v in want.items() if v[3]}
    tap.equal({i: got[i][3] for i in stacks}, stacks, 'stacks')
    tap.note(f'{len(want)} tasks, {sum(len(v[2]) for v in want.values())} '
             f'open files, {len(stacks)} stacks')
    one = next(iter(stacks))
    tap.fails(tap.equal, {**stacks, one: stacks[one][1:]}, stacks)


if __name__ == '__main__':
    saved_arguments, sys.argv = sys.argv, sys.argv[:1]
    if len(saved_arguments) == 3:
        os.environ['DRGN_SAVED'], os.environ['DRGN_VMLINUX'] = \
            saved_arguments[1:]
    tap.main(globals())
