#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`make demo': a stock gdb looks into a Debian guest from outside.

Boots a guest with two copies of one program, runs a gdb session in six steps
and prints what was typed and what gdb really answered. Each step is checked;
the first that does not hold ends the demo with one line and status 1.
"""
import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'lib'))
import tap  # noqa: E402
from gdbrun import Gdb, GdbError, find_gdb  # noqa: E402
from vm import VM, VMError, OracleError, build  # noqa: E402

PROGRAMS = ('busy-a', 'busy-b')
# Far enough that the false ones can be counted, near enough to wait for.
CONDITION_DISTANCE = 4000000
MAX_TRIES = 50


class DemoError(Exception):
    """A step that does not hold; the text says what was seen instead."""


def check(condition, text):
    if not condition:
        raise DemoError(text)


class Screen:
    """The text: what is explained, typed, answered and concluded."""

    def __init__(self):
        self.colour = sys.stdout.isatty() and os.environ.get('TERM') != 'dumb'

    def _paint(self, code, text):
        return f'\x1b[{code}m{text}\x1b[0m' if self.colour else text

    def title(self, text):
        print('\n' + self._paint('1', text), flush=True)

    def say(self, text):
        print('   ' + text, flush=True)

    def typed(self, line):
        print('   (gdb) ' + self._paint('1', line), flush=True)

    def answer(self, text):
        for line in text.strip('\n').splitlines():
            print('   ' + line.rstrip(), flush=True)

    def good(self, text):
        print('   ' + self._paint('32', '=> ' + text), flush=True)


class Session:
    """One guest and one gdb; every command is shown with its answer."""

    def __init__(self, vm, gdb, screen):
        self.vm, self.gdb, self.screen = vm, gdb, screen
        self.pids = vm.oracle.programs()
        self.pid_a, self.pid_b = (self.pids[n] for n in PROGRAMS)
        self.counter = int(vm.oracle.said('busy-b')['counter'], 16)

    def type(self, line, show=lambda text: text):
        self.screen.typed(line)
        text = self.gdb.cmd(line)
        self.screen.answer(show(text))
        return text

    def go(self, line='continue'):
        self.screen.typed(line)
        stop = self.gdb.run(line)
        self.screen.answer(re.sub(r'^Continuing\.\n', '', stop.text))
        return stop


def some_lines(wanted, head=4):
    """A long table, cut to its head and the rows with a wanted word."""
    def show(text):
        lines = text.strip('\n').splitlines()
        kept = [line for i, line in enumerate(lines)
                if i < head or any(w in line for w in wanted)]
        if len(kept) < len(lines):
            kept.append(f'... {len(lines) - len(kept)} lines more')
        return '\n'.join(kept)
    return show


# The six steps ------------------------------------------------------------

def step_connect(s):
    """Connect. Each CPU is a thread, named after the guest's task on it."""
    s.tasks = s.vm.oracle.tasks()
    s.gdb.cmd('set schedule-multiple off')
    s.type('set schedule-multiple on')
    s.type(f'target extended-remote {s.vm.gdb_target}')
    s.type('info threads')
    names = {t['comm']: t['tid'] for t in s.tasks}
    cpus = s.gdb.threads()
    check(len(cpus) == s.vm.smp, f'{len(cpus)} threads for {s.vm.smp} CPUs')
    for cpu in cpus:
        name = cpu.get('name', '')
        check(name in names or name.startswith('swapper'),
              f"thread {cpu['id']} is called '{name}', no task of the guest")
    s.screen.good(' and '.join(
        f"CPU {i} runs {c['name']}" for i, c in enumerate(cpus))
        + ': read out of guest memory, no symbol file given')


def step_processes(s):
    """The guest's processes and threads. No vmlinux, no profile, no agent."""
    s.type('info os processes', some_lines(PROGRAMS + ('oracle',)))
    s.type('info os threads', some_lines(PROGRAMS, head=3))
    seen = {int(r['pid']): r['name'] for r in s.gdb.os_table('processes')
            if 'pid' in r}
    told = {t['tgid']: t['comm'] for t in s.tasks if t['tgid'] == t['tid']}
    user = {p: c for p, c in told.items() if p in s.pids.values()}
    check(user.items() <= seen.items(), 'a program of the guest is missing')
    # Kernel workers come and go between the two lists; programs do not.
    strange = [p for p in set(seen) ^ set(told)
               if not seen.get(p, told.get(p)).startswith('kworker')]
    check(not strange, f'gdb and the guest disagree about pid {strange}')
    s.screen.good(f'{len(seen)} processes; the guest\'s own /proc said the '
                  f'same {len(told)} a moment ago')


def step_attach(s):
    """Attach to one copy: its registers, its memory, its threads."""
    s.type('add-inferior')
    s.type('inferior 2')
    s.type(f'attach {s.pid_a}')
    s.type('info threads')
    s.type('info inferiors')
    s.type('x/2i $pc')
    s.type('print counter')
    before = s.gdb.number('counter')
    check(before > 0, 'its counter reads as 0')
    check(s.gdb.inferior_pids().get(2) == s.pid_a, 'inferior 2 is not busy-a')
    s.type('backtrace')
    s.screen.good('user registers and memory of busy-a, through its own page '
                  'tables, whatever runs on the CPUs')


def counter_of_other(s):
    """busy-b's counter as its own CPU sees it, when it is on one."""
    for cpu in s.gdb.threads():
        if cpu.get('name') == 'busy-b' and '[running]' in cpu.get(
                'details', ''):
            here = s.gdb.mi('-thread-info')['current-thread-id']
            s.gdb.mi(f"-thread-select {cpu['id']}")
            value = s.gdb.number(f'*(unsigned long *){s.counter:#x}')
            s.gdb.mi(f'-thread-select {here}')
            return value
    return None


def step_break(s):
    """A breakpoint of this process only; both copies share its code page."""
    s.type('break work')
    before, seen, hits = None, None, 0
    for turn in range(MAX_TRIES):
        stop = s.go() if turn < 2 else s.gdb.run('continue')
        hits += 1
        check(stop.reason == 'breakpoint-hit', f'stopped by {stop.reason}')
        here = s.gdb.number('$_inferior')
        check(here == 2, f'stopped in inferior {here}, not in 2')
        value = counter_of_other(s)
        if value is not None and before is not None and value > before:
            seen = value
            break
        before = value if before is None else before
    check(seen is not None, "busy-b's counter stood still")
    s.screen.good(f'{hits} hits, all in busy-a; meanwhile busy-b counted from '
                  f'{before} to {seen}')


def step_condition(s):
    """A condition: the emulator decides, false ones never reach gdb."""
    goal = s.gdb.number('i') + CONDITION_DISTANCE
    s.type(f'condition 1 i == {goal}')
    start = time.monotonic()
    stop = s.go()
    seconds = time.monotonic() - start
    check(stop.reason == 'breakpoint-hit', f'stopped by {stop.reason}')
    check(s.gdb.number('i') == goal, f"i is {s.gdb.value('i')}, not {goal}")
    text = s.type('info breakpoints')
    check('target evals' in text, 'gdb says that it evaluates it itself')
    s.type('monitor gdbx points')
    s.screen.good(f'{CONDITION_DISTANCE - 1} false, then the true one: '
                  f'{seconds:.1f} s, {CONDITION_DISTANCE / seconds:.0f} '
                  'conditions a second')


def step_detach(s):
    """Detach: the guest runs on, undisturbed."""
    s.type('detach')
    s.type('inferior 1')
    s.type('detach')
    first = [s.vm.oracle.counter(p) for p in (s.pid_a, s.pid_b)]
    for pid, then, name in zip((s.pid_a, s.pid_b), first, PROGRAMS):
        for _ in range(MAX_TRIES):
            if s.vm.oracle.counter(pid) > then:
                break
        else:
            raise DemoError(f'{name} does not count any more')
    s.screen.good('both copies count on: '
                  + ', '.join(f'{n} {c}' for n, c in zip(PROGRAMS, first)))


STEPS = (step_connect, step_processes, step_attach, step_break,
         step_condition, step_detach)


# Around them --------------------------------------------------------------

def header(screen, vm, gdb):
    info = (vm.guest / 'info.json').read_text()
    release = re.search(r'"release": "([^"]*)"', info)[1]
    version = subprocess.run([str(vm.qemu), '--version'], text=True,
                             capture_output=True).stdout.splitlines()[0]
    screen.title('QEMU gdbx: a stock gdb looks into a guest from outside')
    screen.say('gdb      %d.%d, unmodified' % gdb.version)
    screen.say('QEMU     ' + version.replace('QEMU emulator version ', ''))
    screen.say(f'guest    Debian, Linux {release}, {vm.smp} CPUs, KASLR on; '
               'nothing in it knows of gdb')
    screen.say('programs busy-a and busy-b: the same file, a loop that calls '
               'work(i) and counts')


def demo(screen, args):
    gdb_path = find_gdb()
    step = 'boot'
    try:
        with VM(kernel=args.kernel, run=PROGRAMS, smp=2) as vm:
            with Gdb(path=gdb_path) as gdb:
                header(screen, vm, gdb)
                start = time.monotonic()
                vm.wait_ready()
                screen.say(f'booted   in {time.monotonic() - start:.1f} s')
                s = Session(vm, gdb, screen)
                for number, function in enumerate(STEPS, 1):
                    step = f'step {number}'
                    screen.title(f'{number}  {function.__doc__}')
                    function(s)
    except (DemoError, GdbError, VMError, OracleError) as e:
        raise DemoError(f'{step}: {e}') from None


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    p.add_argument('--kernel', default='6.1', choices=build.KERNELS)
    args = p.parse_args()
    screen, start = Screen(), time.monotonic()
    try:
        demo(screen, args)
    except (DemoError, build.BuildError, tap.Skip, GdbError) as e:
        print(f'\ndemo: {e}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    screen.title(f'All six steps hold ({time.monotonic() - start:.0f} s).')
    return 0


if __name__ == '__main__':
    sys.exit(main())
