# SPDX-License-Identifier: GPL-2.0-or-later
"""lldb's gdb-remote: threads, registers, memory, a breakpoint, a step; and the
machine outlives it, whether it detaches or kills."""
import shutil
import subprocess

import common
from common import tap

guest = common.Guest(run=['busy-a', 'busy-b'], smp=2, gdb='tcp')
NAMES = ['lldb'] + [f'lldb-{n}' for n in range(22, 12, -1)]


def lldb(vm, *lines):
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if not program:
        raise tap.Skip('no lldb here; install Debian\'s lldb')
    words = [program, '--no-use-colors', '-x', '--batch']
    for line in (f'gdb-remote {vm.gdb_target}',) + lines:
        words += ['-o', line]
    return subprocess.run(words, capture_output=True, text=True, timeout=120,
                          check=False).stdout


def goes_on(vm, pid):
    before = vm.oracle.counter(pid)
    while vm.oracle.counter(pid) <= before:
        pass
    tap.contains(vm.qmp.hmp('gdbx points'), 'no points')


def test_breakpoint_and_step():
    "it connects, lists the CPUs, stops at a breakpoint, steps and detaches"
    vm = guest.boot()
    work = int(vm.oracle.said('busy-a')['work'], 16)
    said = lldb(vm, 'thread list', 'memory read --format x --size 8 -c 1 $rsp',
                f'breakpoint set -a {work:#x}', 'process continue',
                'thread step-inst', 'register read rip', 'breakpoint delete -f',
                'process plugin packet send qfThreadInfo', 'process detach')
    for part in ('thread #2', 'stop reason = breakpoint 1.1',
                 'instruction step into', 'response: mp989680.1,p989680.2',
                 'Process 10000000 detached'):
        tap.contains(said, part)
    rip = int(said.split('rip = ')[1].split()[0], 16)
    tap.check(work < rip < work + 16, f'{rip:#x} is not behind {work:#x}')
    goes_on(vm, guest.pids['busy-a'])


def test_kill_is_refused():
    "`process kill' and an end without detach leave a machine that runs"
    vm = guest.boot()
    for lines in (('process kill',), ('thread list', 'quit'), ('no-command',)):
        lldb(vm, 'breakpoint set -a 0x401000', *lines)
        tap.check(vm.alive(), 'the machine was killed')
        goes_on(vm, guest.pids['busy-a'])


tap.main(globals())
