# SPDX-License-Identifier: GPL-2.0-or-later
"""What breakpoints and watchpoints cost a program that runs by them.

Each figure is a pair from one machine, in turns: the program's own count of
its work in a second of the emulator's CPU time, free and with the points
armed. Nothing is hit in any of them."""
import contextlib
import random
import re
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'rsp')]
from gdbrun import Gdb, find_gdb  # noqa: E402
from measure import WHICH, cpu_seconds, say, summary  # noqa: E402
from rsp import Rsp  # noqa: E402
from vm import SYSROOT, VM  # noqa: E402

MACHINE = 'p989680.1'
RDX, RSI, RDI = 3, 4, 5
NEVER = 0x7fff123456789abc
FALSE = '220027'                # const8 0; end


class Client(Rsp):
    """As gdb would begin; the machine is stopped."""

    def __init__(self, vm):
        super().__init__(vm.gdb_target, deadline=60)
        self.ask('qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+')
        self.ask('?')

    def ok(self, packet):
        answer = self.ask(packet)
        if answer != 'OK':
            raise RuntimeError(f'{packet[:60]}: {answer[:200]}')

    def attach(self, pid):
        answer = self.ask(f'vAttach;{pid:x}')
        if not answer.startswith('T'):
            raise RuntimeError(f'attach {pid}: {answer}')
        return f'p{pid:x}.{pid:x}'

    def go(self):
        self.ok('Hg' + MACHINE)
        self.send('vCont;c')
        self.read_item()

    def halt(self):
        self.interrupt()
        answer = self.answer()
        while answer.startswith('O'):
            answer = self.answer()
        if not answer.startswith('T02'):
            raise RuntimeError(f'something was hit: {answer}')


def const(value):
    return '25%016x' % (value & (1 << 64) - 1)


def reg(n):
    return '26%04x' % n


def tail(code):
    return f';X{len(code) // 2:x},{code}'


@contextlib.contextmanager
def program(vm, kind):
    """(pid, what it said) of load.c at that work; it ends afterwards."""
    pid = vm.oracle.spawn('load', kind)
    said = vm.oracle.said('load')
    try:
        yield pid, {k: int(said[k], 0) for k in
                    ('counter', 'hot', 'labs', 'array', 'size')}
    finally:
        vm.oracle.kill(pid, 9)


def speed(vm, pid, seconds):
    """Turns in a second of CPU; nothing is waited for, a measurement needs a
    stretch of time."""
    vm.oracle.counter(pid)
    start, first = cpu_seconds(vm.process.pid), vm.oracle.counter(pid)
    time.sleep(seconds)
    end, last = cpu_seconds(vm.process.pid), vm.oracle.counter(pid)
    return (last - first) / (end - start)


def armed_speed(vm, pid, seconds, packets):
    """The same with points: [(thread to select, packet)]"""
    with Client(vm) as client:
        for thread in {t for t, _ in packets} - {MACHINE}:
            client.attach(int(thread.split('.')[1], 16))
        for thread, packet in packets:
            client.ok('Hg' + thread)
            client.ok(packet)
        client.go()
        rate = speed(vm, pid, seconds)
        client.halt()
    vm.qmp.command('cont')
    return rate


def thread(pid):
    return f'p{pid:x}.{pid:x}'


def pair(vm, pid, plan, name, packets):
    free, armed = [], []
    for n in range(plan['rounds']):
        free.append(speed(vm, pid, plan['seconds']))
        armed.append(armed_speed(vm, pid, plan['seconds'], packets))
        say(f'{name}, round {n + 1}: {free[-1]:.4g} and {armed[-1]:.4g} /s')
    ratios = summary([a / b for a, b in zip(free, armed)], 3)
    return {'free': summary(free, 0)['median'],
            'armed': summary(armed, 0)['median'],
            'slowdown': ratios['median'],
            'noise_percent': ratios['noise_percent']}


# False conditions on the hottest function -----------------------------------

def false_conditions(said):
    """{name: bytecode}"""
    i, p, a = reg(RDX), reg(RDI), reg(RSI)
    equal, add, ref64, end = '13', '02', '1a', '27'
    cell = f'{a}{i}22070f220804{add}{ref64}'         # a[i & 7]
    return {
        'condition_register': f'{i}{const(NEVER)}{equal}{end}',
        'condition_arithmetic':
            f'{i}220304' f'2207{add}' f'{const(NEVER)}{equal}{end}',
        'condition_memory':
            f'{const(said["counter"])}{ref64}{const(NEVER)}{equal}{end}',
        'condition_pointer':
            # p->x == 1 && a[i & 7] > 100
            f'{p}{ref64}2201{equal}' f'2264{cell}14' f'0f{end}',
        'condition_untouched':
            # memory that the program itself does not use
            f'{const(said["array"])}{ref64}{const(NEVER)}{equal}{end}',
    }


def conditions(vm, plan):
    found = {}
    with program(vm, 'call_hot') as (pid, said):
        for name, code in false_conditions(said).items():
            found[name] = pair(vm, pid, plan, name, [
                (thread(pid), f'Z0,{said["hot"]:x},1{tail(code)}')])
    return found


# Others' code ---------------------------------------------------------------

def library(vm, plan):
    """A breakpoint in libc belongs to a process that sleeps."""
    with program(vm, 'idle') as (owner, its), \
            program(vm, 'call_library') as (pid, _):
        return {'library_of_another': pair(
            vm, pid, plan, 'library_of_another',
            [(thread(owner), f'Z0,{its["labs"]:x},1')])}


def candidates(vm, rng, owner, its, count):
    """Places all over the kernel and the C library."""
    kernel = [(MACHINE, address) for address, kind, name in
              vm.oracle.kallsyms() if kind in 'tT' and address >> 32 and
              not name.startswith(('__pfx', '.', '_stext', '_text'))]
    base = its['labs'] & ~0xfffff
    library = [(thread(owner), base + 16 * n) for n in range(0x8000)]
    return rng.sample(kernel, count) + rng.sample(library, count // 3)


def not_executed(vm, places, seconds):
    """Those at which nothing has come by while the guest worked."""
    with Client(vm) as client:
        for t in {t for t, _ in places} - {MACHINE}:
            client.attach(int(t.split('.')[1], 16))
        for t, address in places:
            client.ok('Hg' + t)
            client.ok(f'Z0,{address:x},1{tail(FALSE)}')
        client.go()
        time.sleep(seconds)
        client.halt()
        rows = re.findall(r'0x([0-9a-f]{16}) .*false (\d+)',
                          client.command('gdbx points'))
    vm.qmp.command('cont')
    quiet = {int(a, 16) for a, n in rows if n == '0'}
    return [p for p in places if p[1] in quiet]


def thousand(vm, plan):
    rng = random.Random(1)
    with program(vm, 'idle') as (owner, its), \
            program(vm, 'mixture') as (pid, _):
        places = candidates(vm, rng, owner, its, plan['points'] * 3 // 2)
        places = not_executed(vm, places, 3 * plan['seconds'])
        places = rng.sample(places, min(plan['points'], len(places)))
        # What comes by once in a while all the same must not stop the guest.
        found = pair(vm, pid, plan, 'thousand_points',
                     [(t, f'Z0,{a:x},1{tail(FALSE)}') for t, a in places])
        found['points'] = len(places)
        return {'thousand_points': found}


# Watchpoints ----------------------------------------------------------------

def watch(vm, plan):
    found = {}
    for kind in ('writes', 'writes_elsewhere'):
        with program(vm, kind) as (pid, said):
            found['watched_' + kind] = pair(
                vm, pid, plan, 'watched_' + kind,
                [(thread(pid), f'Z2,{said["array"]:x},{said["size"]:x}')])
    return found


# gdb's own round trip -------------------------------------------------------

def round_trip(vm, plan):
    """Seconds from `continue' to the next stop, gdb removing and inserting
    all breakpoints at each."""
    times = []
    with program(vm, 'call_hot') as (pid, said):
        with Gdb(path=find_gdb()) as gdb:
            gdb.cmd(f'file {SYSROOT}/bin/load')
            gdb.connect(vm)
            gdb.attach(pid)
            for n in range(plan['points'] - 1):
                gdb.mi(f"-break-insert *{said['labs'] + 0x10000 + 16 * n:#x}")
            gdb.cmd('break hot')
            gdb.run('continue')
            for n in range(plan['trips']):
                start = time.monotonic()
                gdb.run('continue')
                times.append(time.monotonic() - start)
            gdb.cmd('delete')
        vm.qmp.command('cont')
    result = summary([1000 * t for t in times], 1)
    say(f"round trip with {plan['points']} points: {result['median']} ms")
    return {'points': plan['points'], 'ms': result['median'],
            'noise_percent': result['noise_percent']}


# Nothing armed --------------------------------------------------------------

@contextlib.contextmanager
def paused_program(which, kind):
    """In a machine that stands still."""
    with VM(qemu=which, smp=1, append='nokaslr') as vm:
        vm.wait_ready()
        with program(vm, kind) as (pid, _):
            vm.qmp.command('stop')
            yield vm, pid
            vm.qmp.command('cont')


def slice_of(vm, pid, seconds):
    vm.qmp.command('cont')
    try:
        return speed(vm, pid, seconds)
    finally:
        vm.qmp.command('stop')


def nothing_armed(plan, kinds):
    """Machines that take turns, each for a moment: what the host does otherwise
    meets both. New ones in each round: where things lie in memory matters too."""
    found = {}
    for kind in kinds:
        rates = {w: [] for w in WHICH}
        for n in range(plan['rounds']):
            with contextlib.ExitStack() as stack:
                vms = [(w, *stack.enter_context(paused_program(w, kind)))
                       for w in WHICH]
                for turn in range(plan['slices']):
                    for which, vm, pid in vms[::1 if turn % 2 else -1]:
                        rates[which].append(slice_of(vm, pid, plan['slice']))
            say(f"nothing armed, {kind}, round {n + 1}: " + ', '.join(
                f"{w} {statistics.median(rates[w][-plan['slices']:]):.4g} /s"
                for w in WHICH))
        ratios = summary([a / b for a, b in zip(rates['pristine'],
                                                rates['patched'])], 4)
        found['nothing_armed_' + kind] = {
            'free': summary(rates['pristine'], 0)['median'],
            'armed': summary(rates['patched'], 0)['median'],
            'slowdown': ratios['median'],
            'noise_percent': ratios['noise_percent']}
    return found


def points(plan):
    found = {}
    with VM(run=[], smp=1) as vm:
        vm.wait_ready()
        for part in (conditions, library, thousand, watch):
            found.update(part(vm, plan))
        trip = round_trip(vm, plan)
    found.update(nothing_armed(plan, ('compute', 'system_calls')))
    return {'pairs': found, 'round_trip': trip}
