#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each hook is reached by a session: QEMU itself counts the calls."""

import os
import sys
import tempfile
from pathlib import Path

import delta
import hooks
import tap
from fixture import Guest
from rsp import Rsp
from vm import VM, VMError

sys.path.append(str(Path(__file__).resolve().parents[1] / 'guest'))
import disk  # noqa: E402

guest = Guest(run=['busy-a', 'busy-b', 'signals', 'device-a'], smp=2,
              extra=['-device', 'pc-testdev'])


def recording():
    """Counts of a machine that records and of its replay, which goes back:
    what only such ones reach."""
    seen = []
    with tempfile.TemporaryDirectory(prefix='gdbx-') as folder:
        for mode in ('record', 'replay'):
            with VM(kernel=None, gdb='tcp', paused=True, extra=[
                    '-icount', f'shift=7,rr={mode},rrfile={folder}/log',
                    *disk.options(folder)]) as vm, Rsp(vm.gdb_target) as r:
                r.ask('qSupported:multiprocess+')
                for _ in range(8 if mode == 'record' else 3):
                    r.ask('vCont;s')
                r.ask(f'Z2,{disk.ROUNDS:x},4')
                for _ in range(3 if mode == 'record' else 2):
                    r.ask('vCont;c')
                if mode == 'replay':
                    r.ask('bs')
                seen.append(hooks.counts(r.command('gdbx hooks')))
    return {name: sum(s[name] for s in seen) for name in seen[0]}


def test_session_reaches_all():
    "attach, break, watch, catch, continue on a Linux guest: every hook was reached"
    with guest.gdb() as (_vm, gdb):
        for kind in ('interrupt', 'msr'):
            gdb.cmd(f'monitor gdbx break {kind} once')
            gdb.run('continue')
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        gdb.run('continue')
        gdb.cmd('watch counter')
        gdb.run('continue')
        gdb.cmd('delete')
        gdb.attach(guest.pids['signals'])
        gdb.cmd('catch syscall kill')
        gdb.run('continue')
        gdb.run('continue')
        gdb.cmd('delete')
        gdb.attach(guest.pids['device-a'])
        for what, line in (5, 'io 0xe0 in'), (7, 'io 0xe0 out'), \
                (9, 'mmio pc-testdev'), (10, 'mmio pc-testdev'):
            gdb.cmd(f'set var what = {what}')
            gdb.cmd(f'monitor gdbx break {line} once')
            gdb.run('continue')
        seen = hooks.counts(gdb.cmd('monitor gdbx hooks'))
    for name, calls in recording().items():
        seen[name] += calls
    for name, calls in sorted(seen.items()):
        tap.note(f'{name} {calls}')
    delta.empty(hooks.unreached(hooks.declared(), seen))


def test_idle_session_is_red():
    "control: a guest that runs nothing does not reach the hooks of code"
    try:
        with VM(kernel=None, gdb='tcp', paused=True) as vm, \
                Rsp(vm.gdb_target) as r:
            r.ask('qSupported:multiprocess+')
            seen = hooks.counts(r.command('gdbx hooks'))
    except VMError as e:
        raise tap.Skip(str(e)) from e
    delta.red(hooks.unreached(hooks.declared(), seen),
              'gdbx_hook_insn was never reached')
    tap.check(seen['gdbx_hook_packet'] > 0, 'not even a packet was counted')


if not os.path.exists(os.path.join(delta.TOP, 'build/qemu-system-x86_64')):
    print('1..0 # SKIP there is no build/qemu-system-x86_64: make')
    sys.exit(0)
tap.main(globals())
