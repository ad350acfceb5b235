#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx follow': gdb learns of processes by itself, of one that does
not run yet before its first instruction.

Negative control seen red: gdb told where the kernel execs instead of at the
entry point (test_first_instruction)."""
import contextlib
import re
import struct

import common
import tap
from fixture import kernel

guest = common.Guest(run=['sleeper', 'busy-a'], smp=2)
GO = 10     # SIGUSR1


class Asked:
    """Questions that the guest may not answer yet, as it is stopped."""

    def __init__(self, vm, gdb):
        self.vm, self.gdb, self.due = vm, gdb, 0

    def run(self, *words):
        """continue, and a question to the guest meanwhile; the first stop."""
        self.gdb.start('continue')
        self.vm.oracle.sock.sendall(' '.join(words).encode() + b'\n')
        self.due += 1
        return self.gdb.wait_stop()

    def answers(self):
        while self.due:
            self.due -= 1
            self.vm.oracle.answer()


@contextlib.contextmanager
def session(*before):
    with guest.gdb() as (vm, gdb):
        gdb.cmd('set breakpoint pending on')
        for line in before:
            gdb.cmd(line)
        asked = Asked(vm, gdb)
        try:
            yield vm, gdb, asked
        finally:
            gdb.quit()
            asked.answers()


def entry_of(vm, program):
    elf = (vm.sysroot() / program).read_bytes()
    return struct.unpack_from('<Q' if elf[4] == 2 else '<I', elf, 24)[0]


def test_one_that_runs():
    "by pid and by name: at the next resume, with its symbols"
    pid = guest.boot() and guest.pids['busy-a']
    for what in (pid, 'busy-a', '/bin/busy'):
        with session(f'monitor gdbx follow {what}', 'break work') as (
                vm, gdb, asked):
            stop = gdb.run('continue')
            tap.contains(stop.text, f'process {pid} is executing new program')
            tap.equal(stop.frame.get('func'), 'work', what)
            tap.equal(gdb.inferior_pids(), {1: 10000000, 2: pid}, what)
            tap.equal(gdb.number('i') > 0, True)


def test_step_behind_it():
    "stepi as the first resume: the processes are there, then the step"
    pid = guest.boot() and guest.pids['busy-a']
    for line in ('stepi', 'stepi 3'):
        with session('monitor gdbx follow busy-a') as (vm, gdb, asked):
            stop = gdb.run(line)
            tap.contains(stop.text, f'process {pid} is executing new program')
            tap.equal(stop.reason, 'end-stepping-range', stop.text)
            tap.equal(gdb.number('$_inferior'), 1, 'the machine has stepped')


def test_no_step_behind_a_prompt():
    "a stop that is shown ends the step: continue is no step then"
    with session('monitor gdbx follow busy-a', 'catch exec') as (
            vm, gdb, asked):
        tap.equal(gdb.run('stepi').reason, 'exec', 'the stop')
        stop = common.run_a_little(vm, gdb)
        tap.equal(stop.values.get('signal-name'), 'SIGINT', stop.text)


def test_first_instruction():
    "a program that is started later: breakpoints in it, nothing executed yet"
    with session('monitor gdbx follow busy-b', 'catch exec') as (
            vm, gdb, asked):
        stop = asked.run('spawn', 'busy-b')
        tap.equal(stop.reason, 'exec', stop.text)
        tap.equal(gdb.number('(long)$pc'), entry_of(vm, 'bin/busy'))
        tap.equal(gdb.number('counter'), 0, 'counter')
        tap.equal(gdb.number('*(long *)$rsp'), 1, 'argc')
        tap.contains(gdb.cmd('info auxv'), '"/bin/busy-b"')
        gdb.cmd('stepi')
        tap.check(gdb.number('(long)$pc') != entry_of(vm, 'bin/busy'),
                  'it has moved on')
        gdb.cmd('break main')
        gdb.cmd('break work')
        tap.equal(gdb.run('continue').frame.get('func'), 'main')
        tap.equal(gdb.run('continue').frame.get('func'), 'work')
        tap.equal(gdb.number('i'), 0, 'its first call')


def test_break_main_pending():
    "break main, typed before anything is known, is hit in it"
    for program, name in (('busy-pie', 'busy-pie'), ('dynamic', 'dynamic')):
        with session(f'monitor gdbx follow {name}', 'break main') as (
                vm, gdb, asked):
            stop = asked.run('spawn', program)
            tap.equal(stop.frame.get('func'), 'main', stop.text)
            tap.contains(gdb.cmd('info inferiors'), program)


def test_every_new_one():
    "new: each program that begins, whatever its name; off ends it"
    with session('monitor gdbx follow new', 'catch exec') as (
            vm, gdb, asked):
        stop = asked.run('spawn', 'busy-b')
        tap.contains(stop.text, '/bin/busy')
        gdb.cmd('monitor gdbx follow off')
        tap.contains(gdb.cmd('monitor gdbx follow'), 'no process')
        before = gdb.inferior_pids()
        gdb.start('continue')
        asked.answers()
        vm.oracle.spawn('busy-b')
        gdb.interrupt()
        stop = gdb.wait_stop()
        tap.equal(stop.values.get('signal-name'), 'SIGINT', stop.text)
        tap.equal(gdb.inferior_pids(), before, 'after off')


def test_children():
    "children: forked processes become inferiors although gdb lets go of them"
    vm = guest.boot()
    pid = vm.oracle.spawn('family', 'fork', 3)
    with session(f'monitor gdbx follow {pid} children', 'break born') as (vm, gdb, asked):
        stop = asked.run('kill', str(pid), str(GO))
        seen = []
        while stop.frame.get('func') == 'born':
            seen.append(gdb.number('i'))
            stop = gdb.run('continue')
            tap.contains(stop.text, 'exited')
            gdb.cmd('inferior 1')
            if len(seen) < 3:
                stop = gdb.run('continue')
        tap.equal(seen, [0, 1, 2], 'children at born()')


def test_silent_exits():
    "exits off: gdb is not stopped, the process is shown as exited"
    vm = guest.boot()
    pid = vm.oracle.spawn('family', 'exit', 3)
    with session('monitor gdbx follow exits off') as (vm, gdb, asked):
        gdb.attach(pid)
        gdb.attach(guest.pids['busy-a'])
        gdb.start('continue')
        vm.oracle.kill(pid, GO)
        while any(t['tid'] == pid and t['state'] not in 'XZ'
                  for t in vm.oracle.tasks()):
            pass
        gdb.interrupt()
        stop = gdb.wait_stop()
        tap.equal(stop.values.get('signal-name'), 'SIGINT', stop.text)
        tap.contains(gdb.cmd('info threads'), 'exited')
        gdb.cmd('set schedule-multiple off')
        gdb.cmd('inferior 2')
        stop = gdb.run('continue')
        tap.contains(stop.text, 'exited with code 03')


def test_words():
    "what is not understood changes nothing; rules are listed"
    with session() as (vm, gdb, asked):
        tap.contains(gdb.cmd('monitor gdbx follow'), 'no process')
        tap.contains(gdb.cmd('monitor gdbx follow 999999'), 'no process')
        tap.contains(gdb.cmd('monitor gdbx follow 2'), 'no user memory')
        tap.contains(gdb.cmd('monitor gdbx follow exits maybe'), 'usage')
        gdb.cmd('monitor gdbx follow sh new children')
        said = gdb.cmd('monitor gdbx follow')
        for word in ('sh', 'new', 'children'):
            tap.contains(said, word)
        tap.contains(gdb.cmd('monitor gdbx follow off xyz'), 'not followed')
        gdb.cmd('monitor gdbx follow off sh')
        tap.check(not re.search(r'\bsh\b', gdb.cmd('monitor gdbx follow')),
                  'sh is still there')
        gdb.cmd('monitor gdbx follow off')
        tap.contains(gdb.cmd('monitor gdbx follow'), 'no process')


def test_gone_with_the_client():
    "another gdb finds no rule, and no point is left in the guest"
    with session('monitor gdbx follow new') as (vm, gdb, asked):
        pass
    with session() as (vm, gdb, asked):
        tap.contains(gdb.cmd('monitor gdbx follow'), 'no process')


tap.main(globals())
