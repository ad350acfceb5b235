#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx tfind N': hit N counted from the start, wherever one is, is the
N-th stop on the way forwards; and in a real gdb what reverse-continue comes by
N-th from the other end."""
import random
import re
import tempfile

from gdbrun import Gdb
from recording import FIRMWARE, TICKS, Machine, firmware_recording, tap
import bare
from session import M, Talk

SEED = 7
SYMBOLS = bare.symbols()
DONE = SYMBOLS['bare_done']
recording = {}


def boot(mode):
    return bare.boot('pc', 1, ['-icount', f'shift=3,rr={mode},rrfile='
                               f'{recording["dir"].name}/rr'])


def record():
    if recording:
        return
    recording['dir'] = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
    with boot('record') as vm, Talk(vm) as talk:
        talk.ok(f'Z0,{DONE:x},1')
        talk.run()
        talk.ok(f'z0,{DONE:x},1')
        talk.run(f'vCont;s:p{M}.1')     # a replay ends with its recording


def instruction(talk):
    return int(re.search(r'instruction (\d+)', talk.command('gdbx time'))[1])


def place(talk, said):
    """What of a stop is the same each time."""
    said = ''.join(line + '\n' for line in said.splitlines()
                   if not re.match(r'gdbx: hit \d+$', line))
    return instruction(talk), said, talk.ask('p10')


def forwards(talk):
    """Each stop up to the guest's end, that one included."""
    stops = []
    while True:
        stop, said = talk.run()
        tap.check(stop.startswith(f'T05thread:p{M}.'), stop)
        stops.append(place(talk, said))
        if 'swbreak' in stop:
            return stops


def rip(talk):
    return int.from_bytes(bytes.fromhex(talk.ask('p10')), 'little')


def find(talk, n, where=''):
    text = talk.command(f'gdbx tfind {n}{where}')
    tap.contains(text, f'goes to hit {n},')
    return talk.run('bc')


def compare(talk, stops, numbers):
    for n in numbers:
        stop, said = find(talk, n)
        tap.contains(said, f'gdbx: hit {n}\n')
        tap.equal(place(talk, said), stops[n - 1], f'hit {n}')


def draw(stops, most=25):
    dice = random.Random(SEED)
    every = range(1, len(stops) + 1)
    return {1, len(stops)} | set(dice.sample(every, min(most, len(stops))))


def try_points(*commands, least):
    record()
    with boot('replay') as vm, Talk(vm) as talk:
        talk.deadline = 60
        for line in commands:
            tap.contains(talk.command('gdbx ' + line), 'point')
        talk.ok(f'Z0,{DONE:x},1')
        stops = forwards(talk)
        tap.check(len(stops) >= least, f'{len(stops)} stops')
        numbers = list(draw(stops))
        random.Random(SEED).shuffle(numbers)
        compare(talk, stops, numbers)
        # Control: one is missing.
        tap.fails(compare, talk, stops[1:], [1])
        # Forwards again from the first: the next stop is the second.
        find(talk, 1)
        _, said = talk.run()
        tap.equal(place(talk, said), stops[1], 'forwards again')
        at = instruction(talk)
        stop, said = find(talk, len(stops) + 1)
        tap.contains(stop, 'replaylog:begin')
        tap.contains(said, f'there are {len(stops)} hits')
        tap.equal(instruction(talk), at, 'where it was')
        find(talk, 1, f' at {DONE:#x}')
        tap.equal(rip(talk), DONE, 'at an address')
        tap.equal(instruction(talk), stops[-1][0], 'at an address')


def test_events():
    "exceptions, ports, system calls, together"
    # pc-testdev (0xe0) has no state in a checkpoint: each read is another event.
    try_points('break exception all', 'break io all if $_port >> 4 != 0xe',
               'break syscall entry', 'break insn string', least=100)


def test_conditions():
    "what a condition lets pass is no hit"
    try_points('break insn call if $icount % 3 == 1', least=50)


def test_not_performed():
    "other resumes than reverse-continue forget it, as does a wrong command"
    record()
    with boot('replay') as vm, Talk(vm) as talk:
        talk.ok(f'Z0,{DONE:x},1')
        for wrong in ('', '0', 'x', '1 2', '1 at', '1 at x', '1 at 2 3'):
            tap.contains(talk.command(f'gdbx tfind {wrong}'), 'usage')
        talk.command('gdbx tfind 1')
        stop, said = talk.run(f'vCont;s:p{M}.1')
        tap.contains(said, 'forgotten')
        tap.equal(instruction(talk), 1, 'a step')
        stop, said = talk.run('bc')
        tap.contains(stop, 'replaylog:begin')


def ticks(gdb):
    """Where each write of the clock is, the latest first."""
    places = []
    while True:
        text = gdb.run('reverse-continue').text
        if re.search('No more reverse-execution history|Reached end of '
                     'recorded history', text):
            return places
        tap.check(len(places) < 100, f'no end: {text}')
        places.append((gdb.number('$icount'), gdb.number('$pc')))


def try_gdb(command, clean=''):
    """In a real gdb, both ways."""
    with Machine('replay', firmware_recording(), **FIRMWARE) as vm, \
            Gdb(sysroot=None) as gdb:
        gdb.connect(vm)
        gdb.run('stepi')
        gdb.cmd('monitor gdbx seek end')
        gdb.run('stepi')
        gdb.cmd(command)
        want = ticks(gdb)[::-1]
        tap.check(len(want) >= 5, f'{want}')
        numbers = list(range(1, len(want) + 1))
        random.Random(SEED).shuffle(numbers)
        for n in numbers:
            tap.contains(gdb.cmd(f'monitor gdbx tfind {n}'), 'goes to hit')
            tap.contains(gdb.run('reverse-continue').text, f'gdbx: hit {n}')
            tap.equal((gdb.number('$icount'), gdb.number('$pc')),
                      want[n - 1], f'hit {n}')
        return want


def test_gdb_watchpoint():
    "in front of the N-th write"
    recording['pc'] = try_gdb(f'watch *(int *){TICKS:#x}')[-1][1]


def test_gdb_breakpoint():
    "at the N-th time it comes by"
    if 'pc' not in recording:
        test_gdb_watchpoint()
    try_gdb(f'break *{recording["pc"]:#x}')


tap.main(globals())
