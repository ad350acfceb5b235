#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx os events': what the guest OS does, a line for each, while it
runs. What the guest says of itself is the truth; a task that a CPU leaves is
the one that it had come to before, on each CPU, without a gap.

Negative controls seen red: test_control; exits told where do_exit() begins,
which does not know yet who is the last (test_threads, real-time kernel);
sites found once, before the kernel has its per-CPU areas
(test_from_the_first_process)."""
import json
import re
import struct
from pathlib import Path

import common
import tap
from fixture import kernel
from vm import build

guest = common.Guest(run=['sleeper'], smp=2)
SWITCH = re.compile(r'gdbx: CPU#(\d+) switch (\d+) (.*) -> (\d+) (.*)\n')
LINE = re.compile(r'gdbx: CPU#\d+ (fork|exec|exit|module-load|module-unload)'
                  r' ([^\n]*)\n')


def entry_of(vm, program):
    elf = (vm.sysroot() / program).read_bytes()
    return struct.unpack_from('<Q' if elf[4] == 2 else '<I', elf, 24)[0]


def a_module():
    """One that no other module needs."""
    info = json.loads((build.guest(kernel()) / 'info.json').read_text())
    return Path(info['modules'][0]).stem


def begin(gdb, *kinds):
    said = gdb.cmd('monitor gdbx os events ' + ' '.join(kinds))
    if 'the layout comes from data' in said:
        raise tap.Skip('a kernel without types: ' + said.splitlines()[-1])
    tap.check('not yet' not in said, said)
    gdb.said.clear()
    gdb.start('continue')


def end(gdb):
    """All lines since begin()."""
    gdb.interrupt()
    return gdb.wait_stop().text


def until(gdb, pattern):
    """Reads on while the guest runs, until gdb has shown that."""
    def there(_record):
        return re.search(pattern, ''.join(gdb.said))
    if not there(None):
        gdb._until(there)


def test_life_of_a_process():
    "fork, exec with its entry, exit with its status, as the guest has it"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'fork', 'exec', 'exit')
        pids = [vm.oracle.spawn('busy-a') for _ in range(5)]
        for pid in pids:
            vm.oracle.kill(pid, 9 if pid % 2 else 15)
            until(gdb, rf'exit process {pid} ')
        lines = [' '.join(m) for m in LINE.findall(end(gdb))]
        for pid in pids:
            mine = [x for x in lines if re.search(rf'\b{pid}\b', x)]
            tap.equal(len(mine), 3, f'lines of {pid}: {mine}')
            tap.check(re.fullmatch(rf'fork \d+ oracle -> process {pid}',
                                   mine[0]), mine[0])
            tap.equal(mine[1], f'exec {pid} busy-a entry '
                      f'{entry_of(vm, "bin/busy-a"):#x}', 'exec')
            tap.equal(mine[2], f'exit process {pid} busy-a signal '
                      f'{9 if pid % 2 else 15}', 'exit')


def test_threads():
    "each thread is told, and the last one ends the process"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'fork', 'exit')
        pid = vm.oracle.spawn('threads')
        tids = {t['tid'] for t in vm.oracle.tasks() if t['tgid'] == pid}
        vm.oracle.kill(pid, 9)
        until(gdb, rf'exit process {pid} ')
        text = end(gdb)
        born = {int(x) for x in re.findall(r'-> (?:thread|process) (\d+)\n',
                                           text)}
        tap.check(len(tids) > 2, tids)
        tap.equal(sorted(tids - born), [], 'threads whose birth is missing')
        gone = [int(x) for x in re.findall(r'exit thread (\d+) ', text)]
        last = re.findall(rf'exit process {pid} (\S+) signal 9', text)
        tap.equal(len(last), 1, 'ends of the process')
        tap.equal(len([t for t in gone if t in tids]), len(tids) - 1,
                  'ends of other threads')


def test_modules():
    "a module comes and goes: its name and address as in /proc/modules"
    with guest.gdb() as (vm, gdb):
        begin(gdb, 'module-load', 'module-unload')
        name = a_module()
        loaded = vm.oracle.text('read', '/proc/modules').split()
        tap.check(name not in loaded, loaded)
        vm.oracle.ask('insmod', f'/lib/modules/{name}.ko')
        until(gdb, 'module-load')
        row = [x.split() for x in vm.oracle.text('read', '/proc/modules')
               .splitlines() if x.startswith(name + ' ')][0]
        vm.oracle.ask('rmmod', name)
        until(gdb, 'module-unload')
        lines = [' '.join(m) for m in LINE.findall(end(gdb))]
        where = f'{name} at {int(row[5], 16):#x}'
        tap.equal(lines, [f'module-load {where}', f'module-unload {where}'])


def gaps(text):
    """Switches that leave a task which the CPU had not come to."""
    at, wrong = {}, []
    for cpu, pid, _, to, _ in SWITCH.findall(text):
        if at.get(cpu, pid) != pid:
            wrong.append(f'CPU {cpu} had come to {at[cpu]}, leaves {pid}')
        at[cpu] = to
    return wrong


def some_switches(gdb, vm):
    begin(gdb, 'switch')
    for _ in range(40):
        vm.oracle.ask('ping')
    return end(gdb)


def test_switches():
    "each switch leaves the task that the one before came to, on each CPU"
    with guest.gdb() as (vm, gdb):
        text = some_switches(gdb, vm)
        tap.check(len(SWITCH.findall(text)) > 50, text[-300:])
        tap.check('dropped' not in text, 'lines were dropped')
        tap.equal(gaps(text), [])


def test_control():
    "control: one line taken away is a gap"
    with guest.gdb() as (vm, gdb):
        text = some_switches(gdb, vm)
        lines = [x for x in re.findall(r'gdbx: CPU#0 [^\n]*\n', text)]
        tap.check(len(lines) > 10, lines)
        found = [i for i in range(1, len(lines) - 1)
                 if gaps(''.join(lines[:i] + lines[i + 1:]))]
        tap.check(found, 'no gap is seen')


def test_off():
    "off is off: nothing is printed, no point is left"
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx os events all')
        tap.contains(gdb.cmd('monitor gdbx os events'), 'exec')
        gdb.cmd('monitor gdbx os events off')
        tap.contains(gdb.cmd('monitor gdbx os events'), 'no events')
        gdb.start('continue')
        vm.oracle.kill(vm.oracle.spawn('busy-a'), 9)
        tap.check('gdbx: CPU' not in end(gdb), 'a line')


def test_refusals():
    "what is not understood changes nothing"
    with guest.gdb() as (vm, gdb):
        tap.contains(gdb.cmd('monitor gdbx os events nonsense'), 'no event')
        tap.contains(gdb.cmd('monitor gdbx os events off exec'), 'usage')
        tap.contains(gdb.cmd('monitor gdbx os nonsense'), 'usage')
        tap.contains(gdb.cmd('monitor gdbx os events'), 'no events')


def test_from_the_first_process():
    "from the firmware on: the first program is told, and where symbols are"
    if 'i386' in kernel():
        raise tap.Skip('what the data of a kernel without types shows is known'
                       ' only when its first process is there')
    with common.Guest(run=['sleeper'], smp=2, paused=True,
                      kernel_symbols=True) as fresh:
        with fresh.gdb() as (vm, gdb):
            tap.contains(gdb.cmd('monitor gdbx os events exec'), 'not yet')
            tap.check('vmlinux' not in gdb.run('stepi').text, 'too early')
            gdb.start('continue')
            until(gdb, r'exec 1 init entry ')
            text = end(gdb)
            tap.contains(text, f'exec 1 init entry {entry_of(vm, "init"):#x}')
            tap.contains(text, '`file target:/gdbx/vmlinux\'')
            tap.fails(gdb.cmd, 'info address do_exit',
                      exception=common.GdbError)
            gdb.cmd('file target:/gdbx/vmlinux')
            tap.contains(gdb.cmd('info address do_exit'), 'is at 0xf')
            tap.check('vmlinux' not in gdb.run('stepi').text, 'told twice')


def test_after_a_reset():
    "the machine is reset while it runs: the kernel that comes is told as well"
    if 'i386' in kernel():
        raise tap.Skip('what the data of a kernel without types shows is known'
                       ' only when its first process is there')
    with common.Guest(run=['sleeper'], smp=2) as fresh:
        with fresh.gdb() as (vm, gdb):
            begin(gdb, 'exec')
            vm.qmp.command('set-action', reboot='reset')
            vm.qmp.command('system_reset')
            until(gdb, r'exec 1 init entry ')
            end(gdb)


tap.main(globals())
