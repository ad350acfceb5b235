# SPDX-License-Identifier: GPL-2.0-or-later
"""A stopped guest as files: its memory, its registers, and what it said of
itself just before and just after.

    ram          guest RAM; all of it lies below 4 GiB
    regs         registers, as osi-image reads them
    files/       the guest's files
    truth.json   what the guest said (see Saved)

As a program: saved.py DIRECTORY [NAME=VALUE...] makes one, the names being
those of the environment of guest_equals_proc.py.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'lib'))
from oracle import OracleError  # noqa: E402
from rsp import Rsp  # noqa: E402
from vm import VM  # noqa: E402

PROGRAMS = ['busy-a', 'threads', 'sleeper', 'compat32', 'dynamic', 'jailed',
            'spaces', 'deleted', 'handles', 'mappings', 'calls', 'states',
            'creds']
# Where the guest has a disk these run from there, once its cache was emptied.
FROM_DISK = [['/disk/bin/calls'], ['/disk/bin/dynamic'], ['/disk/bin/threads'],
             ['/disk/bin/holes', '/disk/bin/busybox']]
SLEEPING = ['sleeper', 'handles', 'deleted', 'calls', 'creds']
SAMPLE = 64     # bytes of memory to compare
NOT_I386 = ['compat32']
MEMORY = '512M'
# Position in the g packet of 64-bit x86, bytes: "info registers" lacks it.
KERNEL_GS_BASE = 180
NAMES64 = ('rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 '
           'r15').split()
NAMES32 = NAMES64[:8]


def kernel():
    return os.environ.get('KERNEL', '6.1')


def is_i386():
    return kernel().endswith(('-i386', '-nopae'))


def with_disk():
    return os.environ.get('OSI_DISK', '') == '1'


def smp():
    return int(os.environ.get('OSI_SMP', '2'))


def programs():
    return [p for p in PROGRAMS if not (is_i386() and p in NOT_I386)]


# Registers ------------------------------------------------------------------

def of_cpu(text, kernel_gs_base, lstar):
    """Registers of one vCPU out of QEMU's `info registers'."""
    def number(pattern):
        return int(re.search(pattern, text)[1], 16)

    wide = 'RAX=' in text
    rows = {n: number(rf'\b{n.upper()}\s*=(\w+)') for n in NAMES64} if wide \
        else {n: number(rf'\bE{n[1:].upper()}=(\w+)') for n in NAMES32}
    rows['rip'] = number(r'\b[RE]IP=(\w+)')
    for name in ('cr0', 'cr3', 'cr4', 'efer'):
        rows[name] = number(rf'\b{name.upper()}=(\w+)')
    for name, pattern in (('fs_base', r'\bFS =\w+ (\w+)'),
                          ('gs_base', r'\bGS =\w+ (\w+)'),
                          ('tr_base', r'\bTR =\w+ (\w+)'),
                          ('idt_base', r'\bIDT=\s*(\w+)'),
                          ('cpl', r'\bCPL=(\d)'), ('halted', r'\bHLT=(\d)')):
        rows[name] = number(pattern)
    rows['kernel_gs_base'] = kernel_gs_base
    rows['lstar'] = lstar
    return rows


def registers(vm, lstar):
    """Register file of osi-image, as text."""
    text = vm.qmp.hmp('info registers -a').split('CPU#')[1:]
    out = []
    with Rsp(vm.gdb_target) as r:
        r.ask('qSupported:multiprocess+')
        r.xfer('features', 'target.xml')
        for i, part in enumerate(text):
            r.ask(f'Hgp1.{i + 1}')
            g = bytes.fromhex(r.ask('g').replace('x', '0'))
            gs = int.from_bytes(g[KERNEL_GS_BASE:KERNEL_GS_BASE + 8],
                                'little')
            # One CPU is found by its system call entry, the rest by #PF.
            rows = of_cpu(part, gs, 0 if i else lstar)
            out += [f'index={i:x}'] + [f'{k}={v:x}' for k, v in rows.items()]
        r.send('D;1')
    return '\n'.join(out) + '\n'


# The guest ------------------------------------------------------------------

def ask_maybe(function, *args):
    """A guest without such a thing (a module, a table) says nothing."""
    try:
        return function(*args)
    except OracleError:
        return b''


def prepare(vm):
    """What the kernel command line cannot ask for."""
    info = json.loads((vm.guest / 'info.json').read_text())
    for module in info['modules']:
        vm.oracle.ask('insmod', f'/lib/modules/{module}')
    if vm.disk:
        vm.oracle.ask('write', '/proc/sys/vm/drop_caches', '3')
        for program in FROM_DISK:
            vm.oracle.spawn(*program)


def resident(vm):
    """{path in the guest: (path of the same file below files/, "101...")}"""
    top = vm.sysroot()
    files = [f for f in sorted(top.glob('*/*'))
             if f.is_file() and not f.is_symlink()]
    names = [('/disk/' if vm.disk else '/') + str(f.relative_to(top))
             for f in files]
    return {n: (str(f.relative_to(top)), vm.oracle.text('resident', n))
            for n, f in zip(names, files)}


def said(vm):
    rows = [r.split('\t') for r in vm.oracle.text('programs').splitlines()]
    return {int(pid): (name, dict(w.split('=', 1) for w in words.split()
                                  if '=' in w))
            for pid, name, words in rows}


def objects(vm, programs_):
    """{pid: what the dynamic linker of a program says of itself}"""
    return {pid: vm.oracle.text('read', f'/tmp/objects.{pid}')
            for pid, (name, _) in programs_.items()
            if name.endswith('dynamic')}


class Saved:
    """before, after: {path below /proc: text, bytes being latin-1}; kallsyms:
    text; programs: {pid: [name, words it said]}; resident, objects: as
    above."""

    def __init__(self, directory):
        self.ram, self.regs = directory / 'ram', directory / 'regs'
        self.files = directory / 'files'
        self.__dict__.update(json.loads((directory / 'truth.json')
                                        .read_text()))

    @staticmethod
    def take(directory):
        ram = directory / 'ram'
        with VM(kernel(), programs(), smp=smp(), memory=MEMORY,
                cpu=os.environ.get('OSI_CPU'), gdb_options=',gdbx=off',
                disk=with_disk(), append=os.environ.get('OSI_APPEND', ''),
                extra=['-machine', 'pc,memory-backend=ram', '-object',
                       f'memory-backend-file,id=ram,size={MEMORY},share=on,'
                       f'mem-path={ram}']) as vm:
            vm.wait_ready()
            prepare(vm)
            truth = {'kallsyms': ask_maybe(vm.oracle.compressed, 'read',
                                           '/proc/kallsyms').decode(),
                     'programs': said(vm), 'smp': smp()}
            truth['objects'] = objects(vm, truth['programs'])
            there = resident(vm)
            truth['before'] = dump(vm)
            vm.qmp.command('stop')
            copy(ram, directory / 'ram.now')
            (directory / 'regs').write_text(registers(vm, lstar(vm, truth)))
            vm.qmp.command('cont')
            truth['after'] = dump(vm)
            shutil.copytree(vm.sysroot(), directory / 'files', symlinks=True,
                            dirs_exist_ok=True)
            truth['resident'] = {p: (*there[p], now) for p, (_, now)
                                 in resident(vm).items()}
            truth['memory'] = memory(vm, truth)
        os.rename(directory / 'ram.now', ram)
        (directory / 'truth.json').write_text(json.dumps(truth))
        return Saved(directory)


def memory(vm, truth):
    """{pid: [[address, hexadecimal]]} at the ends and in the middle of the
    mappings of programs that sleep. Asked last: it makes pages present."""
    out = {}
    for pid, (name, _) in truth['programs'].items():
        if Path(name).name in SLEEPING:
            maps = truth['before'][f'{pid}/maps']
            out[pid] = [[at, vm.oracle.peek(pid, at, SAMPLE).hex()]
                        for at in samples(maps)]
    return out


def samples(maps):
    for start, end, path in re.findall(r'(?m)^(\w+)-(\w+) r\S+ \S+ \S+ \S+ *'
                                       r'(.*)$', maps):
        if path not in ('[vvar]', '[vsyscall]', '[vvar_vclock]'):
            start, end = int(start, 16), int(end, 16)
            yield from (start, (start + end) // 2, end - SAMPLE)


def dump(vm):
    return {k: v.decode('latin-1') for k, v in vm.oracle.dump().items()}


def lstar(vm, truth):
    """QEMU shows this register nowhere: it is what the kernel put there."""
    built = vm.guest / 'System.map'
    text = built.read_text() if built.is_file() else truth['kallsyms']
    found = re.search(r'(?m)^(\w+) \w entry_SYSCALL_64$', text)
    return int(found[1], 16) if found else 0


def copy(source, target):
    """The guest runs on while its memory is looked into."""
    subprocess.run(['cp', '--sparse=always', source, target], check=True)


def main():
    directory = Path(sys.argv[1])
    os.environ.update(w.split('=', 1) for w in sys.argv[2:])
    directory.mkdir(parents=True, exist_ok=True)
    Saved.take(directory)


if __name__ == '__main__':
    main()
