# SPDX-License-Identifier: GPL-2.0-or-later
"""What points at events cost the guest: those of somebody else, those whose
condition is false, those that become a trace; and where there are none.

As in points.py: pairs of the program's own count in a second of the
emulator's CPU time, free and with the points armed."""
import re
import tempfile
from pathlib import Path

from measure import say, summary
from points import Client, nothing_armed, program, speed, thread
from vm import VM

MILLION = 1000000


def armed_speed(vm, pid, seconds, arm):
    """(speed, what arm(client) has returned); @arm may return a function that
    is called with the client when the guest has stopped again."""
    with Client(vm) as client:
        after = arm(client)
        client.go()
        rate = speed(vm, pid, seconds)
        client.halt()
        said = after(client) if after else None
    vm.qmp.command('cont')
    return rate, said


def typed(line, attach=None):
    def arm(client):
        if attach:
            client.attach(attach)
        answer = client.command('gdbx ' + line)
        if not answer.startswith('point'):
            raise RuntimeError(f'{line}: {answer}')
    return arm


def catch_syscalls_of(pid):
    def arm(client):
        client.attach(pid)
        client.ok('Hg' + thread(pid))
        client.ok('QCatchSyscalls:1')
    return arm


def pair(vm, pid, plan, name, arm):
    free, armed = [], []
    for n in range(plan['rounds']):
        free.append(speed(vm, pid, plan['seconds']))
        armed.append(armed_speed(vm, pid, plan['seconds'], arm)[0])
        say(f'{name}, round {n + 1}: {free[-1]:.4g} and {armed[-1]:.4g} /s')
    ratios = summary([a / b for a, b in zip(free, armed)], 3)
    return {'free': summary(free, 0)['median'],
            'armed': summary(armed, 0)['median'],
            'slowdown': ratios['median'],
            'noise_percent': ratios['noise_percent']}


# {name: (what the program does, what is typed)}; @ is the program, # a process
# that sleeps.
PAIRS = {
    'syscalls_false': ('system_calls',
                       'count syscall process @ if $_number == 9999'),
    'exceptions_false': ('page_faults', 'count exception pf if $_cpl == 2'),
    'ports_false': ('ports', 'count io 0x80 if $_value == 0x99'),
    'ports_elsewhere': ('ports', 'count io 0x3f8-0x3ff'),
    'memory_false': ('device_memory',
                     'count mmio 0xff000000-0xff000fff if $_value == 0x99'),
    'insns_of_another': ('call_hot', 'count insn call process #'),
}


def pairs(vm, plan):
    found = {}
    with program(vm, 'idle') as (owner, _):
        with program(vm, 'system_calls') as (pid, _):
            found['syscalls_of_another'] = pair(
                vm, pid, plan, 'syscalls_of_another', catch_syscalls_of(owner))
        for name, (kind, line) in PAIRS.items():
            with program(vm, kind) as (pid, _):
                line = line.replace('@', str(pid)).replace('#', str(owner))
                arm = typed(line)
                found[name] = pair(vm, pid, plan, name, arm)
    return found


# A trace ---------------------------------------------------------------------

def trace_once(vm, pid, seconds, path):
    """CPU seconds that a million events cost beyond what the program does
    anyway, events lost."""
    def arm(client):
        typed(f'trace syscall process {pid} to {path}')(client)
        return lambda c: c.command('gdbx trace stop')
    free = speed(vm, pid, seconds)
    rate, said = armed_speed(vm, pid, seconds, arm)
    events, lost = map(int, re.search(
        r'(\d+) events, .* (\d+) lost', said).groups())
    if not events:
        raise RuntimeError(said)
    # An entry and a return for each turn; what is lost has cost nearly nothing.
    kept = events / (events + lost)
    return MILLION * (1 / rate - 1 / free) / (2 * kept), lost


def traces(vm, plan):
    found = {}
    with program(vm, 'system_calls') as (pid, _), \
            tempfile.TemporaryDirectory(prefix='gdbx-') as room:
        for name in ('t.txt', 't.gdbx', 't.json'):
            runs = []
            for _ in range(plan['rounds']):
                runs.append(trace_once(vm, pid, plan['seconds'],
                                       Path(room) / name))
            key = {'txt': 'text', 'gdbx': 'binary', 'json': 'chrome'}[
                name.split('.')[1]]
            found[key] = summary([s for s, _ in runs], 3)
            found[key]['lost'] = max(n for _, n in runs)
            say(f"trace {key}: {found[key]['median']} CPU s for a million")
    return found


def events(plan):
    with VM(run=[], smp=1) as vm:
        vm.wait_ready()
        found = pairs(vm, plan)
        trace = traces(vm, plan)
    found.update(nothing_armed(plan, ('page_faults', 'ports',
                                       'device_memory')))
    return {'pairs': found, 'trace': trace}
