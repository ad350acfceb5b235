#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx trace' on a Linux guest: as many system calls as the program
itself has counted, and tracks on which nothing overlaps."""
import collections
import copy
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import chrometrace  # noqa: E402
import tap  # noqa: E402
import tracefile  # noqa: E402
from session import Guest, Talk, on, until  # noqa: E402

LINUX = Guest(run=['busy-a'], smp=2)
CPUS = 10000000


def say(talk, line, part):
    answer = talk.command('gdbx ' + line)
    tap.check(part in answer, f'{line}: {answer}')


def traced(vm, talk, path, lines, program, events):
    """Runs until @program has done that many turns."""
    for line in lines:
        say(talk, f'trace {line} to {path}', 'point')
    talk.resume()
    count = vm.oracle.counter
    start = count(program)
    until(lambda: count(program) > start + events, 'the program works')
    talk.interrupt()
    talk.expect(talk.stop(), 'T02')


@on(LINUX)
def test_every_call(vm):
    "an entry and a return for each turn that the program counts, in order"
    pid = vm.oracle.spawn('load', 'system_calls')
    counter = vm.oracle.said('load')['counter'][2:]
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room, \
            Talk(vm) as talk:
        path = Path(room) / 't.gdbx'
        talk.attach(pid)
        before = talk.number(counter)
        traced(vm, talk, path, [f'syscall getppid process {pid} lossless'],
               pid, 100000)
        talk.ok(f'Hgp{pid:x}.{pid:x}')
        turns = talk.number(counter) - before
        say(talk, 'trace stop', ' 0 lost')
        events = tracefile.read_binary(path).events
    vm.qmp.command('cont')
    vm.oracle.kill(pid, 9)
    tap.equal({(e.kind, e.pid, e.tid) for e in events},
              {('syscall', pid, pid)}, 'whose')
    entry = [e.fields['entry'] for e in events]
    # Of the first call the entry may have been before, of the last the return
    # may come later.
    at = 1 - entry[0]
    tap.equal(entry, [(n + at + 1) % 2 for n in range(len(entry))], 'entries')
    returns = len(entry) - sum(entry)
    tap.check(turns > 100000 and abs(returns - turns) <= 1,
              f'{returns} returns, {turns} turns')
    tap.check(all(a.time <= b.time for a, b in zip(events, events[1:])),
              'time goes back')


def tracks(shown):
    """{(pid, tid): phases in order}"""
    found = collections.defaultdict(list)
    for e in shown:
        if e['ph'] in 'BE':
            found[e['pid'], e['tid']].append(e)
    return found


def check_track(key, events):
    """Begin and end take turns, time does not go back."""
    tap.check(all(a['ts'] <= b['ts'] for a, b in zip(events, events[1:])),
              f'{key}: time goes back')
    phases = ''.join(e['ph'] for e in events)
    tap.equal(phases, ('BE' * len(phases))[:len(phases)], f'{key}')


@on(LINUX)
def test_tracks(vm):
    "what a viewer shows: CPUs with their tasks, threads with their calls"
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room, \
            Talk(vm) as talk:
        path = Path(room) / 't.json'
        traced(vm, talk, path, ['task-switch', 'syscall', 'interrupt'],
               LINUX.pids['busy-a'], 1000)
        say(talk, 'trace stop', ' 0 lost')
        shown = json.loads(path.read_text())
    tap.equal(chrometrace.errors(shown), [], 'rules of the format')
    found = tracks(shown)
    for key, events in found.items():
        check_track(key, events)
    names = {e['pid']: e['args']['name'] for e in shown
             if e['name' if 'name' in e else 'ph'] == 'process_name'}
    tap.equal(names[CPUS], 'CPUs', 'name')
    tap.check('oracle' in names.values(), names)
    on_cpus = {e['name'] for key in found for e in found[key]
               if key[0] == CPUS and e['ph'] == 'B'}
    tap.check('oracle' in on_cpus, on_cpus)
    calls = {e['name'] for key in found for e in found[key]
             if names.get(key[0]) == 'oracle' and e['ph'] == 'B'}
    tap.check({'read', 'write'} <= calls, calls)


def test_control():
    "negative control: slices that overlap, or go back in time, are seen"
    good = [{'ph': 'B', 'ts': 1}, {'ph': 'E', 'ts': 2}, {'ph': 'B', 'ts': 2}]
    check_track('good', good)
    for bad in (good[1:], good[::2], [good[0], {'ph': 'E', 'ts': 0}]):
        tap.fails(check_track, 'bad', bad)


GOOD = [
    {'ph': 'M', 'name': 'process_name', 'pid': 1, 'args': {'name': 'init'}},
    {'ph': 'B', 'name': 'read', 'pid': 1, 'tid': 1, 'ts': 1.5, 'cat': 'x'},
    {'ph': 'i', 'name': 'pf', 'pid': 1, 'tid': 1, 'ts': 2, 's': 't'},
    {'ph': 'E', 'pid': 1, 'tid': 1, 'ts': 3, 'args': {}},
]
# (event, what is put in, or None: what is taken out)
DAMAGE = [
    (0, {'name': 'proces_name'}), (0, {'args': {}}), (0, {'args': 7}),
    (0, {'pid': '1'}), (0, {'ph': 'Z'}), (0, {'ph': ''}), (0, {'pid': 2}),
    (1, {'ts': '1.5'}), (1, {'ts': -1}), (1, {'ts': 4}), (1, {'name': ''}),
    (1, {'tid': None}), (1, {'cat': 3}), (1, {'tid': 2}), (1, {'ph': 'X'}),
    (1, {'ph': 'E'}), (2, {'s': 'x'}), (2, {'pid': 2}), (3, {'name': 'write'}),
    (3, {'ts': 1}), (1, None), (0, None),
]


def test_control_of_the_rules():
    "negative control: each rule of the format is seen to be broken"
    tap.equal(chrometrace.errors(GOOD), [], 'what is right')
    for n, change in DAMAGE:
        bad = copy.deepcopy(GOOD)
        if change is None:
            del bad[n]
        else:
            bad[n].update(change)
        tap.check(chrometrace.errors(bad), f'{n} {change} is not seen')
    tap.check(chrometrace.errors({'traceEvents': 5}), 'no array')


if __name__ == '__main__':
    tap.main(globals())
