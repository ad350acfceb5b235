# SPDX-License-Identifier: GPL-2.0-or-later
"""A recording of a machine of few devices, and replays of it.

What would come from outside is the hard part of a recording, and not what is
asked here: the machine hears nothing but its timer.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / d)
                for d in ('lib', 'rsp')]
import tap  # noqa: E402,F401
from session import M, Talk, until  # noqa: E402
from vm import (MACHINE, SYSROOT, VM, die_with_parent,  # noqa: E402
                firmware)

RDI, RIP = 5, 16
DEADLINE = 120                  # a whole boot may lie before a stop


class Machine:
    """mode: record, replay or count. With gdb it stands at its first
    instruction. console: what is connected to the serial port, as -serial has
    it. sleep: with 'off' QEMU records nothing that comes from outside (keys,
    packets: it does not even let the guest have them)."""

    def __init__(self, mode, path, run=('busy-a', 'busy-b'), kernel='6.1',
                 memory='256M', gdb=True, gdb_options='', shift=3, extra=(),
                 qemu='patched', console=None, sleep='off'):
        vm = VM(run=list(run), paused=True, kernel=kernel, qemu=qemu)
        self.dir = tempfile.TemporaryDirectory(prefix='gdbx-')
        self.gdb_target = self.dir.name + '/gdb'
        self.console = Path(self.dir.name + '/console')
        arguments = vm.guest_arguments() if kernel else []
        if gdb:
            arguments += ['-S', '-gdb', f'unix:{self.gdb_target},server=on,'
                          f'wait=off{gdb_options}']
        self.process = subprocess.Popen(
            [str(vm.qemu), *firmware(), *MACHINE, '-m', memory, '-serial',
             f'{console},logfile={self.console}' if console else
             f'file:{self.console}', '-serial', 'null', '-icount',
             f'shift={shift},sleep={sleep}' + ('' if mode == 'count' else
                                           f',rr={mode},rrfile={path}'),
             *arguments,
             *extra], stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        until(lambda: not gdb or Path(self.gdb_target).exists() or
              not self.alive(), 'it listens')

    def said(self):
        return (self.console.read_text(errors='replace')
                if self.console.exists() else '')

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.terminate()        # in order: the recording is written
        self.process.wait(60)
        self.dir.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


def talk_to(vm):
    """The socket is there a moment before somebody listens."""
    while True:
        try:
            return Talk(vm)
        except ConnectionRefusedError:
            tap.check(vm.alive(), 'the emulator ended')


def addresses(program='busy', names=('work', 'counter')):
    """Of symbols of a program that is linked statically."""
    text = subprocess.run(['nm', str(SYSROOT / 'bin' / program)], check=True,
                          capture_output=True, text=True).stdout
    find = {n: int(a, 16) for a, n in
            re.findall(r'([0-9a-f]+) \w (\w+)\n', text)}
    return [find[n] for n in names]


FIRMWARE = {'kernel': None, 'memory': '64M'}
TICKS = 0x46c                   # in the BIOS data area, 4 bytes


def record_firmware(path):
    """Until its clock has ticked some times: a second, without a guest."""
    with Machine('record', path, **FIRMWARE) as vm, talk_to(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Z2,{TICKS:x},4')
        for _ in range(8):
            stop, said = talk.run()
            tap.check(re.match(rf'T05thread:p{M}\.1;watch', stop),
                      f'{stop} {said}')


_firmware = {}


def firmware_recording():
    """Its path: one for all tests of a file."""
    if not _firmware:
        _firmware['dir'] = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
        path = _firmware['dir'].name + '/rr'
        record_firmware(path)
        _firmware['path'] = path
    return _firmware['path']


def const(value):
    return '25%016x' % value


def rdi_is(value):
    """A condition as gdb sends it: the first argument."""
    return f'260005{const(value)}1327'


def insert(talk, address, condition='', packet='Z0'):
    tail = f';X{len(condition) // 2:x},{condition}' if condition else ''
    talk.ok(f'{packet},{address:x},1{tail}')


def icount(talk):
    return int(re.search(r'instruction (\d+)', talk.command('gdbx time'))[1])


def state(talk):
    return talk.command('gdbx time hash').strip()


def record(path, run=('busy-a', 'busy-b'), more=1, **options):
    """Until the programs are there, and so many bytes more: of a tick of the
    timer there are some tens."""
    with Machine('record', path, run, gdb=False, **options) as vm:
        until(lambda: vm.said().count('counter=') >= len(run), 'they run',
              DEADLINE)
        size = Path(path).stat().st_size
        until(lambda: Path(path).stat().st_size >= size + more, 'and go on',
              DEADLINE)
