#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulator's list of a program's system calls is the one that a tracer of
ours in the guest makes by ptrace: call by call, return by return, each thread's in
its order. Signals, restarts, forks, vforks with exec, threads are among them.

What differs is known: ptrace is told inside the kernel that a call was
interrupted, before it is made EINTR or made again."""
import os
import struct
import tempfile

import common
import tap
import tracefile

# One CPU: with two, ptrace waits for a tick of the kernel's at most stops.
guest = common.Guest(run=['sleeper'], smp=int(os.environ.get('SMP', '1')))
GO, EXECVE = 10, 59
CALL = struct.Struct('<iiQ6Q')
INTERRUPTED = {-4, -512, -513, -514, -516}
ROUNDS = os.environ.get('ROUNDS', '360')


def signed(v):
    return v - (1 << 64) if v >> 63 else v


def result(v):
    return 'interrupted' if signed(v) in INTERRUPTED else signed(v)


def of_tracer(data, n):
    """{tid: [call]} as ptrace has seen them."""
    out = {}
    for i in range(n):
        tid, entry, number, *values = CALL.unpack_from(data, i * CALL.size)
        out.setdefault(tid, []).append(
            (number, tuple(values)) if entry else (number, result(values[0])))
    return out


def of_emulator(events):
    """{tid: [call]} of the emulator's trace."""
    out = {}
    for e in events:
        f = e.fields
        out.setdefault(e.tid, []).append(
            (f['number'], tuple(f[f'arg{i}'] for i in range(6)))
            if f['entry'] else (f['number'], result(f['result'])))
    return out


def after_exec(calls):
    """The first process is not traced from its beginning."""
    for i, (number, values) in enumerate(calls):
        if number == EXECVE and values == 0:
            return calls[i:]
    return []


def differences(want, got):
    """(how many calls are equal, the first difference of each thread)."""
    equal, different = 0, []
    first = min(want)
    for tid, calls in want.items():
        mine, its = got.get(tid, []), calls
        if tid == first:
            mine, its = after_exec(mine), after_exec(its)
        for i, pair in enumerate(zip(its, mine)):
            if pair[0] != pair[1]:
                different.append(f'{tid}, call {i}: {pair}')
                break
            equal += 1
        if len(its) != len(mine):
            different.append(f'{tid}: {len(its)} and {len(mine)}: '
                             f'{its[len(mine):][:2]} {mine[len(its):][:2]}')
    return equal, different


def run(program, *args):
    """What ptrace and what the emulator have seen of it."""
    vm = guest.boot()
    pid = vm.oracle.spawn('tracer', program, *args)
    with guest.gdb(deadline=200) as (vm, gdb), \
            tempfile.TemporaryDirectory() as where:
        path, dump = f'{where}/t.gdbx', f'{where}/calls'
        gdb.attach(pid)
        gdb.cmd('break done')
        gdb.cmd(f'monitor gdbx trace syscall if $ospid != {pid} to {path} '
                'lossless')
        gdb.start('continue')
        vm.oracle.sock.sendall(f'kill {pid} {GO}\n'.encode())
        stop = gdb.wait_stop()
        tap.contains(stop.text, 'done')
        said = gdb.cmd('monitor gdbx trace stop')
        tap.contains(said, ' 0 lost')
        n = gdb.number('n_calls')
        gdb.cmd(f'dump binary memory {dump} &calls[0] &calls[{n}]')
        with open(dump, 'rb') as f:
            want = of_tracer(f.read(), n)
        got = of_emulator(tracefile.read_binary(path).events)
        gdb.cmd('delete')
        gdb.quit()
    vm.oracle.answer()
    return want, got


def test_all_kinds_of_calls():
    "10,000 calls and more, each with its arguments and its result"
    want, got = run('/bin/syscalls', ROUNDS)
    equal, different = differences(want, got)
    tap.check(not different, '\n'.join(different[:8]))
    results = [r for calls in want.values() for _, r in calls]
    tap.check(results.count('interrupted') >= 100, 'too few interrupted calls')
    tap.note(f'{equal} beginnings and ends of {len(want)} threads equal; '
             f"{results.count('interrupted')} interrupted")
    tap.check(equal >= 20000 * int(ROUNDS) // 360, equal)
    control(want, got)


def control(want, got):
    """Negative control: a call less, a result and an argument changed."""
    tid = max(want, key=lambda t: len(want[t]))
    calls = got[tid]
    at = len(calls) // 2
    for damaged in (calls[:at] + calls[at + 1:],
                    calls[:at] + [(calls[at][0], 12345)] + calls[at + 1:],
                    calls[:-1]):
        tap.check(differences(want, {**got, tid: damaged})[1],
                  'a damaged list is not noticed')


tap.main(globals())
