#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of every kind that a CPU and its devices make, backwards in a replay: what
`reverse-continue' tells is what `continue' told, in reverse order, each at the
instruction count where it was told. So are the lines of `log'.

The guest is the bare one, which makes every kind of them (tests/guest/bare).
"""
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'rsp', 'guest')]
import bare  # noqa: E402
import tap  # noqa: E402
from session import M, Talk  # noqa: E402

DONE = bare.symbols()['bare_done']
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
        # A replay that comes to the end of its recording is over.
        talk.run(f'vCont;s:p{M}.1')


def instruction(talk):
    return int(re.search(r'instruction (\d+)', talk.command('gdbx time'))[1])


def run(talk, packet='vCont;c'):
    """The test devices of QEMU have no state that a checkpoint could keep: what
    is read from them, and written to them later, may be another value."""
    stop, said = talk.run(packet)
    return stop, re.sub(r' value \w+ (\(pc-testdev)', r' \1', said)


def ahead(talk):
    """[(instruction, what was said)] of each stop up to the guest's end, with
    what is said on the way there last."""
    stops = []
    while True:
        stop, said = run(talk)
        if 'swbreak' in stop:
            return stops + [(instruction(talk), said)]
        tap.check(stop.startswith(f'T05thread:p{M}.'), stop)
        stops.append((instruction(talk), said))


def back(talk, most=5000):
    """The same, the latest first, down to the beginning of history."""
    stops = []
    while True:
        stop, said = run(talk, 'bc')
        tap.check(len(stops) < most, 'it does not come to the beginning')
        if 'replaylog:begin' in stop:
            return stops, said
        stops.append((instruction(talk), said))


def both(*commands):
    """(stops forwards, stops backwards, the talk's points) with those points."""
    record()
    with boot('replay') as vm, Talk(vm) as talk:
        for line in commands:
            tap.contains(talk.command('gdbx ' + line), 'point')
        talk.ok(f'Z0,{DONE:x},1')
        there = ahead(talk)
        return there, *back(talk, len(there) + 10)


def compare(there, again):
    for n, (a, b) in enumerate(zip(there, again)):
        tap.equal(b, a, f'stop {n}')
    tap.equal(len(again), len(there), 'stops')


def the_same(*commands, least=2):
    there, again, _ = both(*commands)
    compare(there[:-1], again[::-1])
    tap.check(len(again) >= least, f'{len(again)} stops')
    return again


def test_exceptions():
    "faults, traps, `int n', a triple one's beginnings"
    again = the_same('break exception all', least=50)
    # Negative controls: one is missing, or told elsewhere.
    tap.fails(compare, again, again[1:])
    tap.fails(compare, again, [(again[0][0] + 1, again[0][1])] + again[1:])


def test_interrupts():
    "of the PIC, the APIC, NMI"
    the_same('break interrupt all')


def test_ports():
    "at the position behind the access, where it was told forwards"
    the_same('break io all', least=50)


def test_device_memory_and_configuration():
    "loads and stores, PCI configuration space by both ways"
    # The test device `edu' does not keep where it is mapped in a checkpoint.
    the_same('break mmio 0xf0000000-0xffffffff', least=10)
    the_same('break pci all')


def test_system_calls():
    "SYSCALL, SYSENTER, INT 0x80; and without an OS"
    the_same('break syscall', least=10)


def test_instructions_and_registers():
    "classes of instructions, registers, model-specific ones"
    the_same('break insn string', least=100)
    the_same('break register cr0', 'break msr all', least=10)


def test_several():
    "points of several kinds, and several at one event"
    the_same('break exception all', 'break interrupt all', 'break io all',
             'break io 0x80 if $_value & 1', 'break insn in',
             'break syscall entry', 'break msr all', least=150)


def test_conditions():
    "a condition decides backwards as it does forwards"
    the_same('break exception all if $_vector == 14')
    the_same('break insn call if $icount % 3 == 1', least=50)


def test_lines():
    "what is logged: each line once, in reverse order, however it is passed"
    there, again, rest = both('log io all', 'log exception all',
                              'break msr all')
    want = [line for _, said in there for line in said.splitlines()]
    got = [line for _, said in again for line in said.splitlines()]
    got += rest.splitlines()
    logged = [line for line in want if ' io ' in line or ' exception ' in line]
    tap.check(len(logged) > 100, f'{len(logged)} lines')
    # A line that says a stop comes behind the lines of the way to it.
    tap.equal([line for line in got if line in logged], logged[::-1])
    tap.equal(sorted(got), sorted(want))
    there, again, rest = both('log io all')
    tap.equal(rest.splitlines(), there[0][1].splitlines()[::-1])
    tap.fails(tap.equal, rest.splitlines()[1:],
              there[0][1].splitlines()[::-1])


def test_forwards_again():
    "from each stop on the way back it goes forwards to the next one"
    record()
    with boot('replay') as vm, Talk(vm) as talk:
        for kind in ('exception', 'io', 'msr', 'insn string'):
            talk.command(f'gdbx break {kind}' + ' all' * (' ' not in kind))
        talk.ok(f'Z0,{DONE:x},1')
        there = ahead(talk)
        for n in range(len(there) - 2, len(there) - 40, -1):
            talk.run('bc')
            tap.equal(instruction(talk), there[n][0], f'back to stop {n}')
            _, said = run(talk)
            tap.equal((instruction(talk), said), there[n + 1], 'forwards')
            talk.run('bc')
            tap.equal(instruction(talk), there[n][0], 'back again')


tap.main(globals())
