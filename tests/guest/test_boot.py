#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guests themselves: each kernel boots, all programs run, the oracle
tells the truth about things that we know; a guest that fails is one line.
Run on pristine QEMU: what stands here does not depend on our patches."""
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]
import tap  # noqa: E402
from fixture import Guest  # noqa: E402
from vm import VM, OracleError, VMError  # noqa: E402

DEADLINE = 60
ALL = ['busy-a', 'busy-b', 'busy-pie', 'threads', 'dynamic', 'compat32',
       'chain', 'signals', 'faults', 'files', 'sleeper']
COUNTING = [n for n in ALL if n not in ('chain', 'sleeper')]
guest = Guest(qemu='pristine', run=ALL, smp=2, gdb=None)


def test_all_programs_run():
    "every program runs and those that count count"
    oracle = guest.boot().oracle
    tap.equal(sorted(guest.pids), sorted(ALL), 'programs')
    for name in COUNTING:
        first = oracle.counter(guest.pids[name])
        end = time.monotonic() + DEADLINE
        while oracle.counter(guest.pids[name]) <= first:
            tap.check(time.monotonic() < end, f'{name} does not count')


def test_tasks():
    "the list of tasks has init, the oracle and each program under its name"
    tasks = {t['tid']: t for t in guest.boot().oracle.tasks()}
    tap.equal(tasks[1]['comm'], 'init')
    for name, pid in guest.pids.items():
        tap.equal(tasks[pid]['comm'], name)
        tap.equal(tasks[tasks[pid]['ppid']]['comm'], 'oracle')


def test_files_of_a_process():
    "maps, auxv, exe and memory of a process belong together"
    oracle = guest.boot().oracle
    pid = guest.pids['sleeper']
    tap.equal(oracle.exe(pid), '/bin/sleeper')
    tap.contains(oracle.proc(pid, 'maps').decode(), '/bin/sleeper')
    auxv = dict(struct.iter_unpack('<QQ', oracle.proc(pid, 'auxv')))
    tap.equal(auxv[6], 4096, 'AT_PAGESZ')
    address = int(oracle.said('sleeper')['signature'], 16)
    tap.equal(oracle.peek(pid, address, 8),
              (0x736c656570).to_bytes(8, 'little'), 'signature')


def test_spawn_and_kill():
    "a program can be started and ended on demand"
    oracle = guest.boot().oracle
    pid = oracle.spawn('sleeper')
    tap.check(any(t['tid'] == pid for t in oracle.tasks()), 'not started')
    oracle.kill(pid, 9)
    for _ in range(100):
        states = [t['state'] for t in oracle.tasks() if t['tid'] == pid]
        if states in ([], ['Z']):
            return
    raise tap.Failed(f'still there: {states}')


def test_modules():
    "a module of this kernel can be loaded"
    oracle = guest.boot().oracle
    info = json.loads((guest.vm.guest / 'info.json').read_text())
    module = info['modules'][0]
    oracle.ask('insmod', f'/lib/modules/{module}')
    tap.contains(oracle.text('read', '/proc/modules'),
                 module.replace('.ko', ' '))


def test_kernel_symbols():
    "kallsyms come whole: sorted ones of the text, with addresses"
    symbols = guest.boot().oracle.kallsyms()
    tap.check(len(symbols) > 50000, f'only {len(symbols)} symbols')
    by_name = {n: a for a, _, n in symbols}
    tap.check(by_name['_text'] >= 0xffffffff80000000, '_text has no address')


def test_errors_are_told():
    "negative control: what the guest does not have is an error"
    oracle = guest.boot().oracle
    for words in (('read', '/nowhere'), ('counter', 1), ('peek', 1, 0, 8),
                  ('spawn', 'nothing'), ('dance',), ('peek', 1)):
        tap.fails(oracle.ask, *words, exception=OracleError)


def failure(**options):
    with VM(qemu='pristine', gdb=None, kernel=guest_kernel(),
            **options) as vm:
        return str(tap.fails(vm.wait_ready, exception=VMError))


def guest_kernel():
    return os.environ.get('KERNEL', '6.1')


def test_program_that_does_not_exist():
    "a guest whose program cannot start is one line that names it"
    guest.stop()
    tap.contains(failure(run=['nothing']), 'nothing: did not start')


def test_guest_that_does_not_boot():
    "a kernel that panics ends the wait at once, with its last words"
    tap.contains(failure(append='rdinit=/nowhere root=/dev/none'),
                 'the guest did not get ready')


def test_emulator_that_does_not_start():
    "an option that QEMU refuses is one line with QEMU's own words"
    vm = VM(qemu='pristine', kernel=None, extra=['-no-such-option'])
    e = tap.fails(vm.start, exception=VMError)
    tap.contains(str(e), 'no-such-option')


def test_nothing_is_left():
    "a machine leaves no process and no file"
    with VM(qemu='pristine', kernel=None) as vm:
        pid, directory = vm.process.pid, vm.dir
        tap.check(directory.is_dir(), 'no directory while it runs')
    expect_gone(pid, directory)


def expect_gone(pid, directory):
    tap.check(not directory.exists(), f'{directory} is left')
    tap.check(not Path(f'/proc/{pid}').exists(), f'process {pid} is left')


TERMINATED = '''
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from vm import VM
with VM(qemu='pristine', kernel=None) as vm:
    print(vm.process.pid, vm.dir, flush=True)
    signal.pause()
'''


def test_nothing_is_left_when_terminated():
    "a test that is told to end takes its machine along"
    p = subprocess.Popen([sys.executable, '-c', TERMINATED,
                          str(HERE.parent / 'lib')], stdout=subprocess.PIPE,
                         text=True)
    pid, directory = p.stdout.readline().split()
    tap.check(Path(directory).is_dir(), 'no directory while it runs')
    p.terminate()
    tap.equal(p.wait(), 143, 'exit status')
    expect_gone(int(pid), Path(directory))


tap.main(globals())
