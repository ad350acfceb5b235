#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is held back while the machine is stopped in front of a handler: a
snapshot takes it along, a reset drops it, a triple fault waits for its reset.
The guest is the bare one, whose own list says what has reached it."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'guest')]
import bare  # noqa: E402
import build  # noqa: E402
import tap  # noqa: E402
from session import M, Talk, until  # noqa: E402

STEP = 512
NOWHERE = 0x3000000            # memory that the guest does not use
AGAIN = ['-action', 'reboot=reset']


def memory(talk):
    def read(address, size):
        return b''.join(bytes.fromhex(talk.ask(f'm{a:x},{min(STEP, end - a):x}'))
                        for end in [address + size]
                        for a in range(address, end, STEP))
    return read


def to(talk, name):
    """Runs to the function @name."""
    at = bare.symbols()[name]
    talk.ok(f'Z0,{at:x},1')
    stop, said = talk.run()
    tap.check('swbreak' in stop, f'{stop} {said}')
    talk.ok(f'z0,{at:x},1')
    return said


def listed(talk):
    return bare.entries(memory(talk))


def free():
    """The guest's list when nobody looks."""
    with bare.boot() as vm, Talk(vm) as talk:
        to(talk, 'bare_done')
        return listed(talk)


def stopped(talk, kind, times):
    """Stops at the event number @times of @kind; its point goes."""
    talk.command(f'gdbx break {kind} all after {times - 1}')
    stop, said = talk.run()
    tap.check(stop.startswith('T05') and f'point 1: {kind}' in said,
              f'{stop} {said}')
    talk.command('gdbx delete all')
    return said


def with_disk(room):
    """A machine whose snapshots have a place."""
    disk = f'{room}/disk'
    subprocess.run([str(build.ROOT / 'build/qemu-img'), 'create', '-q', '-f',
                    'qcow2', disk, '1M'], check=True)
    return bare.boot(extra=['-drive', f'if=none,id=d,file={disk}'])


def check_snapshot(kind, times):
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room, \
            with_disk(room) as vm, Talk(vm) as talk:
        tap.equal(vm.qmp.hmp('savevm before'), '', 'savevm')
        stopped(talk, kind, times)
        tap.equal(vm.qmp.hmp('savevm held'), '', 'savevm')
        to(talk, 'bare_done')
        tap.equal(listed(talk), free(), 'what the guest did')
        tap.equal(vm.qmp.hmp('loadvm held'), '', 'loadvm')
        to(talk, 'bare_done')
        tap.equal(listed(talk), free(), 'what it did from the snapshot on')
        # Held now, but not in that state.
        tap.equal(vm.qmp.hmp('loadvm held'), '', 'loadvm')
        tap.equal(vm.qmp.hmp('loadvm before'), '', 'loadvm')
        to(talk, 'bare_done')
        tap.equal(listed(talk), free(), 'what it did from the beginning')


def test_snapshot_of_exception():
    "a snapshot has the exception, and one without it forgets it"
    check_snapshot('exception', 12)


def test_snapshot_of_interrupt():
    "the same of an interrupt, acknowledged already"
    check_snapshot('interrupt', 2)


def state(kind=None):
    """What a migration would send, with one held or without."""
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room, \
            bare.boot() as vm, Talk(vm) as talk:
        if kind:
            stopped(talk, kind, 3)
        vm.qmp.hmp(f'migrate file:{room}/state')
        until(lambda: 'completed' in vm.qmp.hmp('info migrate'), 'written')
        return (Path(room) / 'state').read_bytes()


def test_nothing_held_nothing_saved():
    "the state has a section of ours only while something is held"
    tap.check(b'gdbx' not in state(), 'nothing is held')
    tap.check(b'gdbx-held' in state('exception'), 'control: one is held')


def test_reset_drops_it():
    "behind a reset the guest begins with nothing of it"
    want = [e for e in free() if e.cpu == 0]
    for kind, times in (('exception', 12), ('interrupt', 2)):
        with bare.boot(extra=AGAIN) as vm, Talk(vm) as talk:
            stopped(talk, kind, times)
            vm.qmp.hmp('system_reset')
            to(talk, 'bare_done')
            # Memory outlives a reset, and so does what was listed before.
            tap.equal(listed(talk)[-len(want):], want, 'what the guest did')


def register(talk, name):
    """Its number in the machine's description."""
    xml = talk.xfer('features', 'target.xml')
    names = re.findall(r'<reg name="(\w+)"', xml)
    return names.index(name)


def test_triple_fault():
    "told with the CPU as it was; the reset comes when it goes on"
    with bare.boot(extra=AGAIN) as vm, Talk(vm) as talk:
        to(talk, 'bare_begin')
        talk.command('gdbx break exception triple')
        talk.ok(f'Hgp{M}.1')
        rip, cr3 = (register(talk, n) for n in ('rip', 'cr3'))
        at = talk.ask(f'p{rip:x}')
        # Page tables without a page: no handler can be reached.
        talk.ok(f'P{cr3:x}={NOWHERE.to_bytes(8, "little").hex()}')
        stop, said = talk.run()
        tap.check('triple fault' in said, f'{stop} {said}')
        tap.equal(talk.ask(f'p{rip:x}'), at, 'rip')
        to(talk, 'bare_begin')
        tap.equal(talk.ask(f'p{rip:x}'), at, 'once more, from reset')


tap.main(globals())
