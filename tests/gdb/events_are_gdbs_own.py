#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""fork, vfork, exec and exit of an attached process are gdb's own events.
The program counts what it makes; gdb must have seen as many, each once.

Negative controls seen red: an event that comes while another waits is dropped
(test_processes_that_fork); points stay at an exec (test_exec_forgets)."""
import contextlib
import re

import common
import tap
from fixture import kernel

guest = common.Guest(run=['sleeper', 'busy-a'], smp=4)
GO = 10     # SIGUSR1


@contextlib.contextmanager
def family(*deed, before=()):
    """(go, gdb, pid): attached to a program that does that at go()."""
    vm = guest.boot()
    pid = vm.oracle.spawn('family', *deed)
    asked = False
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        gdb.cmd('set breakpoint pending on')
        for line in before:
            gdb.cmd(line)

        def go():
            """Lets it do it; the first stop. The guest may stop before it
            has answered, so the answer is taken when gdb has let go."""
            nonlocal asked
            gdb.start('continue')
            vm.oracle.sock.sendall(f'kill {pid} {GO}\n'.encode())
            asked = True
            return gdb.wait_stop()
        try:
            yield go, gdb, pid
        finally:
            if gdb.process.poll() is None:
                gdb.quit()
            if asked:
                vm.oracle.answer()


def seen(stop, what):
    """Children that gdb says it was told of."""
    return [int(x) for x in re.findall(
        rf'Detaching after {what} from child process (\d+)', stop.text)]


def test_each_fork():
    "as many forks as the program made, each child another one, let go"
    for deed, what in (('fork', 'fork'), ('vfork', 'vfork'),
                       ('spawn', 'vfork')):
        with family(deed, 20, before=['break done']) as (go, gdb, pid):
            stop = go()
            children = seen(stop, what)
            tap.equal(len(set(children)), 20, f'{deed}: {stop.text}')
            tap.equal(len(children), 20, deed)
            tap.equal(gdb.number('made'), 20, 'what the program counted')


def test_threads_that_fork():
    "four threads fork at once on two CPUs: none is lost, none told twice"
    with family('threads', 25, before=['break done']) as (go, gdb, pid):
        stop = go()
        children = seen(stop, 'fork')
        tap.equal(len(children), 100, 'events')
        tap.equal(len(set(children)), 100, 'children')
        tap.equal(gdb.number('made'), 100, 'what the program counted')


def test_processes_that_fork():
    "three processes fork at once on four CPUs: the sum of what they count"
    vm = guest.boot()
    others = [vm.oracle.spawn('family', 'fork', 20) for _ in range(2)]
    with family('fork', 20, before=['break done']) as (go, gdb, pid):
        for other in others:
            gdb.attach(other)
        gdb.start('continue')
        for p in (*others, pid):
            vm.oracle.sock.sendall(f'kill {p} {GO}\n'.encode())
        children, made = [], []
        while len(made) < 3:
            stop = gdb.wait_stop()
            tap.equal(stop.frame.get('func'), 'done', stop.text)
            children += seen(stop, 'fork')
            made.append(gdb.number('made'))
            if len(made) < 3:
                gdb.start('continue')
        tap.equal(made, [20] * 3, 'what each counted')
        tap.equal(len(children), 60, 'events')
        tap.equal(len(set(children)), 60, 'children')
        gdb.quit()
        for _ in range(3):
            vm.oracle.answer()


def test_catch_fork():
    "catch fork and catch vfork stop, with the parent's frame"
    for deed, kind in (('fork', 'fork'), ('vfork', 'vfork')):
        with family(deed, 2, before=[f'catch {kind}', 'break done']) as (
                go, gdb, pid):
            stop = go()
            tap.equal(stop.reason, kind, stop.text)
            tap.contains(gdb.cmd('backtrace'), f'do_{deed} (i=0)')
            tap.equal(gdb.number('made'), 0, 'before the child has run')
            stop = gdb.run('continue')
            tap.equal(stop.reason, kind, stop.text)
            tap.contains(gdb.cmd('backtrace'), f'do_{deed} (i=1)')
            stop = gdb.run('continue')
            tap.equal(stop.frame.get('func'), 'done', stop.text)


def check_four(deed):
    """follow-fork-mode x detach-on-fork: who is at which breakpoint, and what
    gdb is left with."""
    for follow in ('parent', 'child'):
        for detach in ('on', 'off'):
            with family(deed, 1, before=[
                    f'set follow-fork-mode {follow}',
                    f'set detach-on-fork {detach}', 'break born',
                    'break done']) as (go, gdb, pid):
                say = f'{deed} {follow} {detach}'
                stop = go()
                alone = follow == 'parent' and detach == 'on'
                tap.equal(stop.frame.get('func'), 'done' if alone else 'born',
                          f'{say}: {stop.text}')
                pids = set(gdb.inferior_pids().values())
                child = gdb.number('$_inferior') == 3 and gdb.inferior_pids(
                    )[3]
                tap.equal(bool(child), not alone, say)
                want = {10000000, pid, child} - {False}
                if follow == 'child' and detach == 'on':
                    want.remove(pid)
                tap.equal(pids, want, say)
                if alone:
                    continue
                stop = gdb.run('continue')
                tap.contains(stop.text, f'(process {child}) exited', say)
                if detach == 'off':
                    gdb.cmd('inferior 2')
                    stop = gdb.run('continue')
                    tap.equal(stop.frame.get('func'), 'done', say)
                    tap.equal(gdb.number('made'), 1, say)


def test_four_ways_of_fork():
    "follow-fork-mode and detach-on-fork, all four, with fork()"
    check_four('fork')


def test_four_ways_of_vfork():
    "follow-fork-mode and detach-on-fork, all four, with vfork() and exec"
    check_four('vfork')


def test_child_of_vfork_before_its_exec():
    "a breakpoint between vfork and exec: in the child, which gdb has kept"
    with family('vfork', 1, before=[
            'set detach-on-fork off', 'break execve', 'break done']) as (
            go, gdb, pid):
        stop = go()
        tap.contains(stop.text, 'execve', stop.text)
        tap.equal(gdb.number('$_inferior'), 3, 'in the child')
        tap.contains(gdb.cmd('backtrace'), 'do_vfork (i=0)')


def test_chain():
    "a child of a child of a child: each is told"
    with family('chain', 4, before=['set detach-on-fork off', 'break born']
                ) as (go, gdb, pid):
        stop = go()
        tap.equal(gdb.number('i'), 1, 'the last of the chain ends first')
        tap.equal(len(gdb.inferior_pids()), 6, 'machine, family, four')
        stop = gdb.run('continue')
        tap.contains(stop.text, 'exited with code 01')


def test_exit_status():
    "the status and the signal that the guest's wait() would give"
    for code in (0, 3, 77, 255):
        with family('exit', code) as (go, gdb, pid):
            stop = go()
            tap.contains(stop.text, f'(process {pid}) exited '
                         + (f'with code 0{code:o}' if code else 'normally'))
            tap.equal(gdb.number('$_exitcode'), code, '$_exitcode')
    # gdb's numbers of Linux's 6, 7, 9, 10, 11 and 34
    for sig, name in ((6, 'SIGABRT'), (7, 'SIGBUS'), (9, 'SIGKILL'),
                      (12, 'SIGUSR2'), (11, 'SIGSEGV'), (34, 'SIG34')):
        with family('signal', sig) as (go, gdb, pid):
            stop = go()
            tap.contains(stop.text, f'terminated with signal {name}')


def test_leader_ends_first():
    "the first thread ends, the process lives on in another; its end is told"
    with family('leader', 9) as (go, gdb, pid):
        stop = go()
        tap.contains(stop.text, 'exited with code 011')


def test_exec():
    "a new program: symbols, pending breakpoints, its first instruction"
    for deed in ('exec', 'exec-thread'):
        with family(deed, '/bin/busy-b', before=[
                'catch exec', 'break work', 'info threads']) as (
                go, gdb, pid):
            stop = go()
            tap.equal(stop.reason, 'exec', stop.text)
            tap.equal(gdb.number('(long)$pc'), gdb.number('(long)&_start'),
                      'it stops at the entry point')
            tap.contains(gdb.cmd('info auxv'), '/bin/busy-b')
            tap.contains(gdb.cmd('info inferiors'), f'process {pid} ')
            stop = gdb.run('continue')
            tap.equal(stop.frame.get('func'), 'work', stop.text)
            tap.equal(gdb.number('i'), 0, 'its first call')
            stop = gdb.run('continue')
            tap.equal(gdb.number('i'), 1, 'its second call')


def test_exec_forgets():
    "a breakpoint of the old program is not in the new one (R12)"
    with family('exec', '/bin/busy-b', before=['break born', 'catch exec']
                ) as (go, gdb, pid):
        go()
        said = gdb.cmd('monitor gdbx points')
        tap.check(not re.search(rf'process {pid} +armed', said), said)


def test_other_class():
    "a 64-bit program executes a 32-bit one"
    if 'i386' in kernel():
        raise tap.Skip('there is no other class')
    with family('exec', '/bin/compat32', before=['catch exec']) as (
            go, gdb, pid):
        stop = go()
        tap.equal(stop.reason, 'exec', stop.text)
        tap.contains(gdb.cmd('show architecture'), 'i386')
        tap.check(gdb.number('(unsigned)$eip') > 0, 'eip')
        tap.contains(gdb.cmd('info registers eip'), '_start')
        gdb.cmd('stepi')


tap.main(globals())
