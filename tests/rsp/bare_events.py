#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of a guest that makes every kind of them in a known order and keeps a
list (tests/guest/bare): what the emulator reports is that list, none missing,
none twice, in order, on each CPU."""
import functools
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
from session import Talk  # noqa: E402

MACHINES = {'one': ('pc', 1), 'two': ('q35', 2),
            'counted': ('q35', 1, ['-icount', 'shift=3'])}


class Run:
    """The guest from reset to its end, with these commands typed before."""

    def __init__(self, machine, smp, commands=(), extra=()):
        with bare.boot(machine, smp, extra) as vm, Talk(vm) as talk:
            for line in commands:
                answer = talk.command(line)
                tap.check('gdbx:' not in answer and 'usage' not in answer,
                          f'{line}: {answer}')
            talk.ok(f"Z0,{bare.symbols()['bare_done']:x},1")
            self.stops = []             # [(reply, what was said before it)]
            stop = talk.run()
            while 'swbreak' not in stop[0] and len(self.stops) < 2000:
                self.stops.append(stop)
                stop = talk.run()
            self.said = stop[1]

            def read(address, size):
                parts = [bytes.fromhex(talk.ask(f'm{a:x},{n:x}')) for a, n in
                         chunks(address, size)]
                return b''.join(parts)
            self.entries = bare.entries(read, smp)
            self.instructions = bare.instructions(read)
            self.points = talk.command('gdbx points')
            self.ended = talk.command('gdbx trace stop')

    def of(self, *kinds):
        return [e for e in self.entries if e.kind in kinds]


def chunks(address, size, step=1024):
    return [(a, min(step, address + size - a))
            for a in range(address, address + size, step)]


def by_cpu(rows):
    """{cpu: [row]}; what came before 64-bit mode is CPU 0's. Between CPUs there
    is no order."""
    found = {}
    for cpu, *rest in rows:
        found.setdefault(max(cpu, 0), []).append(tuple(rest))
    return found


def same(got, want, what):
    for cpu in sorted(set(got) | set(want)):
        a, b = got.get(cpu, []), want.get(cpu, [])
        for n, (x, y) in enumerate(zip(a, b)):
            tap.equal(x, y, f'{what} {n} of CPU {cpu}')
        tap.equal(len(a), len(b), f'number of {what} of CPU {cpu}')


# QEMU's own log -------------------------------------------------------------

def logged_interrupts(text):
    """[(vector, error, by `int n', cpl, pc)]: protected and long mode."""
    return [(int(v, 16), int(e, 16), int(i), int(c), int(pc, 16))
            for v, e, i, c, pc in re.findall(
                r' v=(\w\w) e=(\w+) i=(\d) cpl=(\d) IP=\w+:\w+ pc=(\w+)',
                text)]


def by_int(e):
    """INT3 and INTO are instructions that mean to, as `int n' is."""
    return bool(e.soft) or e.a in (3, 4)


def listed_interrupts(run):
    return [(e.a, e.b if e.kind == 'exception' else 0,
             int(e.kind == 'exception' and by_int(e)), e.cpl, e.pc)
            for e in run.of('exception', 'interrupt')
            if e.mode != 16 and e.a != bare.CONSTANTS['VECTOR_SMI']]


def test_list_is_qemus():
    "the guest's list of exceptions and interrupts is QEMU's log of them"
    with tempfile.NamedTemporaryFile(prefix='gdbx-', suffix='.log') as log:
        run = Run('pc', 1, extra=['-d', 'int', '-D', log.name])
        rows = logged_interrupts(Path(log.name).read_text())
    want = listed_interrupts(run)
    tap.check(len(want) > 50, f'{len(want)} entries')
    same({0: rows}, {0: want}, 'interrupts')


# Events ---------------------------------------------------------------------

def exception_listed(e):
    address = e.c if e.a == 14 else None
    return e.pc, e.a, e.b, e.cpl, by_int(e), address


def exception_told(ev):
    f = ev.fields
    return (ev.pc, f['vector'], f.get('error', 0), f['cpl'], bool(f['soft']),
            f['address'] if f['vector'] == 14 else None)


def access_listed(e):
    return e.pc, e.a, e.width, bool(e.write), e.b


def access_told(name):
    return lambda ev: (ev.pc, ev.fields[name], ev.fields['size'],
                       bool(ev.fields['write']), ev.fields['value'])


def pci_told(ev):
    f = ev.fields
    return (ev.pc, f['bus'] << 8 | f['device'] << 3 | f['function'],
            f['register'], f['size'], bool(f['write']), f['value'])


# kind -> (filter for all, what an entry of the list and what an event is)
KINDS = {
    'exception': ('all', exception_listed, exception_told),
    'interrupt': ('all', lambda e: (e.pc, e.a, e.cpl),
                  lambda ev: (ev.pc, ev.fields['vector'], ev.fields['cpl'])),
    'io': ('0-0xffff', access_listed, access_told('port')),
    'mmio': ('0-0xffffffffffff', access_listed, access_told('address')),
    'pci': ('all', lambda e: (e.pc, e.a, e.b, e.width, bool(e.write), e.c),
            pci_told),
    'syscall': ('', lambda e: (e.a, bool(e.write), 0 if e.write else e.b),
                lambda ev: (ev.fields['number'], bool(ev.fields['entry']),
                            ev.fields.get('result', 0))),
    'msr': ('all', lambda e: (e.pc, e.a, bool(e.write), e.b),
            lambda ev: (ev.pc, ev.fields['number'], bool(ev.fields['write']),
                        ev.fields['value'])),
}


@functools.lru_cache(maxsize=None)
def traced(name):
    """(the run, its events): all kinds in one trace."""
    machine, smp, *extra = MACHINES[name]
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room:
        path = os.path.join(room, 'events.gdbx')
        run = Run(machine, smp, [
            f'gdbx trace {kind} {words} to {path}'
            for kind, (words, _, _) in KINDS.items()], *extra)
        return run, tracefile.read_binary(path)


def compare(name, kind):
    run, found = traced(name)
    _, listed, told = KINDS[kind]
    tap.equal(found.lost, 0, 'lost')
    want = by_cpu([(e.cpu, *listed(e)) for e in run.of(kind)])
    got = by_cpu([(ev.cpu, *told(ev)) for ev in found.events
                  if ev.kind == kind])
    tap.check(len(want[0]) >= 5, f'{len(want[0])} entries of {kind}')
    same(got, want, kind)


def stop_at_each(kind):
    """A stop for each, with the event's own words; the guest notices none."""
    free, _ = traced('one')
    run = Run(*MACHINES['one'], [f'gdbx break {kind} {KINDS[kind][0]}'])
    tap.equal(len(run.stops), len(free.of(kind)), 'stops')
    for reply, said in run.stops:
        tap.check(reply.startswith('T05') and f'point 1: {kind}' in said,
                  f'{reply} {said}')
    tap.equal(run.entries, free.entries, 'what the guest did')


def cases():
    for kind in KINDS:
        def stop(kind=kind):
            stop_at_each(kind)
        stop.__doc__ = f'a stop for each {kind}, which the guest does not notice'
        yield f'test_stops_{kind}', stop
    for name, (machine, smp, *extra) in MACHINES.items():
        for kind in KINDS:
            def test(name=name, kind=kind):
                compare(name, kind)
            test.__doc__ = f'each {kind}, in order: {machine}, {smp} CPUs'
            test.__doc__ += ', -icount' if extra else ''
            yield f'test_{kind}_{name}', test


def test_control():
    "negative control: one missing, twice, changed or in another order is seen"
    rows = [(1, 2, 3), (4, 5, 6), (7, 8, 9)]
    for bad in (rows[1:], rows[:-1], rows[:1] + rows, rows[::-1],
                rows[:2] + [(7, 8, 10)]):
        tap.fails(same, {0: bad}, {0: rows}, 'rows')
    tap.fails(same, {0: rows, 1: rows}, {0: rows}, 'rows')


if __name__ == '__main__':
    tap.main(globals(), more=list(cases()))
