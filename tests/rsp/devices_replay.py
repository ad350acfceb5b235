# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses to devices of the firmware, stopped at in a recording and in its
replay: the same ones, at the same instructions."""
import contextlib
import re
import tempfile

from session import M, Talk, tap
from vm import VM

STOPS = 8
# A replay ends with its recording: that goes on for some more.
MORE = 8
POINTS = {
    'io': 'break io 0x70-0x71', 'mmio': 'break mmio qemu-xhci',
    'pci': 'break pci all register 0',
}


@contextlib.contextmanager
def machine(folder, mode):
    with VM(kernel=None, memory='64M', paused=True, extra=[
            '-device', 'qemu-xhci', '-icount', f'shift=7,rr={mode},rrfile={folder}/log']) as vm:
        yield vm


def told(vm, point, stops):
    """[(what was said, instruction count)] of the first stops."""
    with Talk(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        tap.contains(talk.command(f'gdbx {point}'), 'point ')
        seen = []
        for _ in range(stops):
            stop, said = talk.run()
            tap.check(re.match(rf'T05thread:p{M}\.0*1;', stop), f'{stop} {said}')
            seen.append((said, int(re.search(
                r'instruction (\d+)', talk.command('gdbx time'))[1])))
        talk.command('gdbx delete all')
        return seen


def recorded(folder, point):
    with machine(folder, 'record') as vm:
        seen = told(vm, point, STOPS + MORE)
        vm.qmp.command('quit')
        vm.process.wait()
    return seen[:STOPS]


def replayed(folder, point, stops=STOPS):
    with machine(folder, 'replay') as vm:
        return told(vm, point, stops)


def check(kind):
    with tempfile.TemporaryDirectory(prefix='gdbx-') as folder:
        seen = recorded(folder, POINTS[kind])
        for said, _ in seen:
            tap.contains(said, f'point 1: {kind} ')
        counts = [n for _, n in seen]
        tap.equal(counts, sorted(counts), 'instruction counts')
        tap.equal(replayed(folder, POINTS[kind]), seen, 'replay')


def test_ports():
    "ports of the clock"
    check('io')


def test_memory():
    "memory of devices"
    check('mmio')


def test_config():
    "PCI configuration space"
    check('pci')


def test_control():
    "negative control: other accesses are not the same"
    with tempfile.TemporaryDirectory(prefix='gdbx-') as folder:
        seen = recorded(folder, POINTS['io'])
        tap.fails(tap.equal, replayed(folder, 'break io 0x71', 2), seen[:2])


tap.main(globals())
