#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Instructions by class and by the registers they access, in the bare guest,
which knows how many of each it executes and where (tests/guest/bare/insns.S)."""
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'guest')]
import bare  # noqa: E402
import tap  # noqa: E402
import tracefile  # noqa: E402
from bare_events import MACHINES, Run, by_cpu, same  # noqa: E402

AT = bare.symbols()
STAGE = AT['insn_stage'], AT['insn_stage_end'] - 1
RANGE = 'range %#x-%#x' % STAGE
BRANCHES = ('call', 'ret', 'jmp', 'j', 'loop')
# class -> of which rows of the guest's table it is
CLASSES = {
    'call': lambda name: name.startswith('call'),
    'ret': lambda name: name == 'ret',
    'jmp': lambda name: name.startswith('jmp'),
    'jcc': lambda name: name in ('jne', 'je', 'loop'),
    'branch': lambda name: name.startswith(BRANCHES),
    'indirect': lambda name: name.endswith('indirect'),
    'call indirect': lambda name: name == 'call indirect',
    'cpuid': lambda name: name == 'cpuid',
    'rdtsc': lambda name: name == 'rdtsc',
    'fpu': lambda name: name == 'fpu',
    'sse': lambda name: name == 'sse',
    'lock': lambda name: name == 'lock',
    'privileged': lambda name: name in ('invlpg', 'clts', 'wbinvd'),
}
# A repeated string instruction is one.
STRINGS = lambda name: name.endswith('stosb')  # noqa: E731
REGISTERS = ('cr0', 'cr2', 'cr3', 'cr4', 'cr8', 'dr0', 'dr6', 'dr7')
WRITE = 2


def run(name, lines):
    """(the run, its trace): `{}' in a line is the file."""
    machine, smp, *extra = MACHINES[name]
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room:
        path = os.path.join(room, 't.gdbx')
        done = Run(machine, smp, [line.format(path) for line in lines], *extra)
        trace = (tracefile.read_binary(path) if os.path.exists(path)
                 else tracefile.Trace([], 0))
        return done, trace


def counts(name):
    """Every class as often as it is executed, on all CPUs together."""
    classes = dict(CLASSES, string=STRINGS)
    done, _ = run(name, [f'gdbx count insn {c} {RANGE}' for c in classes])
    cpus = MACHINES[name][1]
    for what, means in classes.items():
        found = re.search(rf'insn {what} range .*: true (\d+) ', done.points)
        want = cpus * sum(means(n) for _, n in done.instructions)
        tap.check(found and want, f'{what}: {done.points}')
        tap.equal(int(found[1]), want, what)


def order(name):
    """All branches where they are executed, in order."""
    done, trace = run(name, [f'gdbx trace insn branch {RANGE} to {{}}'])
    rows = [a for a, n in done.instructions if n.startswith(BRANCHES)]
    want = {cpu: [(a,) for a in rows] for cpu in range(MACHINES[name][1])}
    same(by_cpu([(e.cpu, e.pc) for e in trace.events]), want, 'branch')


def registers(name):
    """Control and debug registers, with the values the guest has noted."""
    done, trace = run(name, [f'gdbx trace register {r} access to {{}}'
                             for r in REGISTERS])
    first = AT['register_stage']
    last = min(a for a in AT.values() if a > first)
    want = by_cpu([(e.cpu, e.pc, bool(e.write), e.b)
                   for e in done.of('register') if e.mode == 64])
    got = by_cpu([(e.cpu, e.pc, e.fields['access'] == WRITE,
                   e.fields['new' if e.fields['access'] == WRITE else 'value'])
                  for e in trace.events if first <= e.pc < last])
    tap.check(len(want[0]) > 15, want)
    same(got, want, 'register')


def cases():
    for name, (machine, smp, *extra) in MACHINES.items():
        for what in (counts, order, registers):
            def test(what=what, name=name):
                what(name)
            test.__doc__ = (f'{what.__doc__[:-1]}: {machine}, {smp} CPUs'
                            + (', -icount' if extra else ''))
            yield f'test_{what.__name__}_{name}', test


def test_control():
    "negative control: the wrong class, or a range too small, is seen"
    done, trace = run('one', [f'gdbx trace insn call {RANGE} to {{}}'])
    tap.equal(len(trace.events), 4, 'calls')
    rows = [a for a, n in done.instructions if n == 'ret']
    tap.fails(same, by_cpu([(e.cpu, e.pc) for e in trace.events]),
              {0: [(a,) for a in rows]}, 'ret')
    less = 'range %#x-%#x' % (STAGE[0], STAGE[1] - 8)
    _, trace = run('one', [f'gdbx trace insn call {less} to {{}}'])
    tap.equal(len(trace.events), 3, 'calls in less')


if __name__ == '__main__':
    tap.main(globals(), more=list(cases()))
