# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person waits for with a process of the guest in gdb, beside the same
program on the host with gdb and gdbserver: attaching, a thousand threads,
Ctrl-C; and a busy line, beside a packet for each instruction."""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'lib')]
from gdbrun import Gdb, find_gdb  # noqa: E402
from measure import cpu_seconds, say, summary  # noqa: E402
from vm import SYSROOT, VM  # noqa: E402

READY_FD = 3
SIDES = ('native', 'guest')


class Native:
    """The host with gdbserver; None where that is not installed."""

    def __init__(self):
        self.server = shutil.which('gdbserver')

    @contextlib.contextmanager
    def program(self, name, *args):
        read_end, write_end = os.pipe()
        with subprocess.Popen(
                [SYSROOT / 'bin' / name, *map(str, args)],
                preexec_fn=lambda: os.dup2(write_end, READY_FD),
                pass_fds=[READY_FD], stdout=subprocess.DEVNULL,
                start_new_session=True) as p:
            os.close(write_end)
            with os.fdopen(read_end) as f:
                f.readline()
            try:
                yield p.pid
            finally:
                os.killpg(p.pid, signal.SIGKILL)

    def connect(self, gdb):
        gdb.cmd(f'target extended-remote | exec {self.server} --once --multi -'
                ' 2>/dev/null')

    def cpu(self):
        return 0


class Guest:
    """One machine; its programs stay until it ends."""

    def __init__(self, vm):
        self.vm, self.running = vm, {}

    @contextlib.contextmanager
    def program(self, name, *args):
        if name not in self.running:
            self.running[name] = self.vm.oracle.spawn(name, *args)
        yield self.running[name]
        self.vm.qmp.command('cont')

    def connect(self, gdb):
        gdb.connect(self.vm)

    def cpu(self):
        """Seconds of the emulator's; a stopped guest spends none."""
        return cpu_seconds(self.vm.process.pid)


def timed(do, *args):
    """Milliseconds."""
    start = time.monotonic()
    do(*args)
    return 1000 * (time.monotonic() - start)


@contextlib.contextmanager
def attached(side, name, *args):
    """(gdb, {what: ms}): everything comes from the target, as by default."""
    with side.program(name, *args) as pid, \
            Gdb(path=find_gdb(), sysroot=None) as gdb:
        ms = {'connect': timed(side.connect, gdb)}
        before = side.cpu()
        ms['attach'] = timed(gdb.attach, pid)
        ms['stub'] = 1000 * (side.cpu() - before)
        yield gdb, ms


def attach_once(side):
    with attached(side, 'tenlibs') as (gdb, ms):
        libraries = gdb.cmd('info sharedlibrary').count('Yes')
        if libraries < 10 or 'main' not in gdb.cmd('backtrace'):
            raise RuntimeError(f'{libraries} libraries with symbols')
        return ms


def interrupted(gdb):
    gdb.interrupt()
    gdb.wait_stop()


def threads_once(side, n):
    """@n threads, all asleep."""
    with attached(side, 'many', 2 * n) as (gdb, ms):
        ms['info threads'] = timed(gdb.cmd, 'info threads')
        ms['info threads again'] = timed(gdb.cmd, 'info threads')
        gdb.start('continue')
        ms['Ctrl-C'] = timed(interrupted, gdb)
        if gdb.cmd('info threads').count('Thread') < n:
            raise RuntimeError('not all threads are listed')
        return ms


# What the guest does, and the commands in front of `continue' or the like.
SITUATIONS = {
    'an idle guest': (None, [], 'continue'),
    'system calls without end': ('system_calls', [], 'continue'),
    'user code': ('call_hot', [], 'continue'),
    'false conditions': ('call_hot', ['break hot if $rdx == -1'], 'continue'),
    'a condition that gdb decides':
        ('call_hot', ['watch counter if counter == -1'], 'continue'),
    'a step of a sleeping thread': ('idle', [], 'stepi'),
}


def interrupt_once(vm, kind, commands, go, trips):
    """Milliseconds from Ctrl-C to the prompt, each time anew."""
    pid = vm.oracle.spawn('load', kind) if kind else None
    times = []
    with Gdb(path=find_gdb()) as gdb:
        gdb.cmd(f'file {SYSROOT}/bin/load')
        gdb.connect(vm)
        if pid:
            gdb.attach(pid)
        for line in commands:
            gdb.cmd(line)
        for n in range(trips):
            gdb.start(go)
            time.sleep(0.1)             # well under way; nothing is awaited
            times.append(timed(interrupted, gdb))
    vm.qmp.command('cont')
    if pid:
        vm.oracle.kill(pid, signal.SIGKILL)
    return times


def interrupts(vm, trips):
    found = {}
    for name, (kind, commands, go) in SITUATIONS.items():
        times = interrupt_once(vm, kind, commands, go, trips)
        found[name] = dict(summary(times, 1), most=round(max(times), 1))
        say(f"Ctrl-C, {name}: {found[name]['median']:.0f} ms, "
            f"at most {found[name]['most']:.0f}")
    return found


def busy_line(vm, pid, turns, ranges):
    """Turns a second of a loop on one line, gdb typing `next'."""
    with Gdb(path=find_gdb()) as gdb:
        gdb.cmd(f'file {SYSROOT}/bin/walk')
        gdb.connect(vm)
        gdb.attach(pid)
        gdb.cmd(f"set range-stepping {'on' if ranges else 'off'}")
        gdb.cmd(f'set var rounds = {turns}')
        gdb.cmd('tbreak play')
        gdb.run('continue')
        while 'busy' not in gdb.run('next').text:
            pass
        ms = timed(gdb.run, 'next')
        if gdb.number('i') != turns:
            raise RuntimeError('the line was left early')
        gdb.cmd('set var rounds = 1')
    vm.qmp.command('cont')
    return 1000 * turns / ms


def both(sides, once, rounds):
    """{side: {what: summary}}, the sides taking turns."""
    found = {name: {} for name in sides}
    for n in range(rounds):
        for name, side in sides.items():
            for what, ms in once(side).items():
                found[name].setdefault(what, []).append(ms)
    for name, whats in found.items():
        found[name] = {w: summary(v, 1) for w, v in whats.items()}
    return found


def processes(plan):
    rounds = plan['rounds']
    with VM('6.1', [], smp=2, memory='1G') as vm:
        vm.wait_ready()
        vm.oracle.deadline = 600
        sides = {'guest': Guest(vm)}
        if shutil.which('gdbserver'):
            sides['native'] = Native()
        result = {'attach': both(sides, attach_once, rounds)}
        say('attach: %.0f ms' % result['attach']['guest']['attach']['median'])
        n = plan['threads']
        result['threads'] = both(sides, lambda s: threads_once(s, n), rounds)
        result['threads']['count'] = n
        say('info threads: %.0f ms' %
            result['threads']['guest']['info threads']['median'])
    with VM('6.1', [], smp=2) as vm:
        vm.wait_ready()
        result['interrupts'] = interrupts(vm, plan['trips'])
    with VM('6.1', ['walk'], smp=2) as vm:
        pid = vm.wait_ready()['walk']
        slow, fast = plan['turns']
        line = {'packets': [], 'range': []}
        for _ in range(rounds):
            line['packets'].append(busy_line(vm, pid, slow, False))
            line['range'].append(busy_line(vm, pid, fast, True))
        result['busy_line'] = {k: summary(v, 0) for k, v in line.items()}
        result['busy_line']['ratio'] = round(
            result['busy_line']['range']['median']
            / result['busy_line']['packets']['median'], 0)
        say(f"busy line: {result['busy_line']['ratio']:.0f} times a packet "
            'for each instruction')
    return result
