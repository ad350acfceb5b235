#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each hook is reached by a session: QEMU itself counts the calls."""

import os
import sys

import delta
import hooks
import tap
from fixture import Guest
from rsp import Rsp
from vm import VM, VMError

guest = Guest(run=['busy-a', 'busy-b'], smp=2)


def test_session_reaches_all():
    "attach, break, watch, continue on a Linux guest: every hook was reached"
    with guest.gdb() as (_vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        gdb.cmd('break work')
        gdb.run('continue')
        gdb.cmd('watch counter')
        gdb.run('continue')
        seen = hooks.counts(gdb.cmd('monitor gdbx hooks'))
        gdb.cmd('delete')
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
