#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Instructions by mnemonic and class, accesses to registers, and the call
stack kept from calls and returns. What gdb disassembles in a stretch of code
that is executed once a round is what must be counted for each round."""
import re

import common
import tap

guest = common.Guest(run=['insns-a', 'insns-b', 'busy-a'], smp=2)
ROUNDS = 5

CLASSES = {
    'call': lambda m, ops: m == 'call',
    'call indirect': lambda m, ops: m == 'call' and not is_direct(ops),
    'ret': lambda m, ops: m == 'ret',
    'jmp': lambda m, ops: m == 'jmp',
    'jmp indirect': lambda m, ops: m == 'jmp' and not is_direct(ops),
    'jcc': lambda m, ops: m in ('je', 'jne'),
    'branch': lambda m, ops: m in ('call', 'ret', 'jmp', 'je', 'jne'),
    'syscall': lambda m, ops: m == 'syscall',
    'sse': lambda m, ops: m in ('movd', 'addps', 'pxor'),
    'fpu': lambda m, ops: m.startswith('f'),
    'string': lambda m, ops: 'stos' in m,
    'rep': lambda m, ops: m == 'rep stos',
    'rep stosb': lambda m, ops: m == 'rep stos',
    'lock': lambda m, ops: m.startswith('lock'),
    'lock inc': lambda m, ops: m == 'lock inc',
    'cpuid': lambda m, ops: m == 'cpuid',
    'rdtsc': lambda m, ops: m == 'rdtsc',
    'privileged': lambda m, ops: False,
    'avx': lambda m, ops: False,
}
WRITES = {
    'rsp': lambda m, ops: (m in ('push', 'pop', 'call', 'ret')
                           or ops.startswith('rsp,')),
    'rbx': lambda m, ops: (m == 'cpuid' or ops == 'rbx' and m == 'pop'
                           or ops.startswith('rbx,')),
    'flags.df': lambda m, ops: m in ('std', 'cld', 'syscall'),
    'xmm0': lambda m, ops: ops.startswith('xmm0,'),
    'cr3': lambda m, ops: False,
}


def is_direct(operands):
    return operands.startswith('0x')


def executed(gdb):
    """(mnemonic, operands) of all that a round executes in insns()."""
    gdb.cmd('set disassembly-flavor intel')
    text = gdb.cmd('disassemble insns_begin,insns_end')
    lines = re.findall(r'^\s+0x\w+ <[^>]*>:\s+(.*)$', text, re.M)
    found = []
    for line in lines:
        prefix, rest = re.match(r'((?:lock|rep) )?(.*)', line).groups()
        mnemonic, _, operands = rest.partition(' ')
        found.append(((prefix or '') + mnemonic, operands.strip()))
    found.remove(('nop', ''))               # it is jumped over
    calls = sum(m == 'call' for m, _ in found)
    return found + [('ret', '')] * (calls - 1)


def counts(gdb):
    """{words of a point: how often it was true}"""
    text = gdb.cmd('monitor gdbx points')
    return {m[1]: int(m[2]) for m in re.finditer(
        r'^ *\d+ count (.*?) (?:range|process).*: true (\d+)', text, re.M)}


def where(gdb):
    first, last = (gdb.number(f'(long)&insns_{end}') for end in
                   ('begin', 'end'))
    return first, last - 1


def to_round(gdb, pid):
    """gdb in insns-a, in front of round_over()."""
    gdb.attach(pid)
    gdb.cmd('break round_over')
    gdb.run('continue')


def check_counts(found, expected, rounds):
    tap.equal(found, {what: n * rounds for what, n in expected.items()},
              f'counted in {rounds} rounds')


def test_classes():
    "of each class as many are counted as gdb disassembles, in one process"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['insns-a']
        to_round(gdb, pid)
        first, last = where(gdb)
        code = executed(gdb)
        expected = {f'insn {name}': sum(f(*insn) for insn in code)
                    for name, f in CLASSES.items()}
        for what in expected:
            gdb.cmd(f'monitor gdbx count {what} range {first:#x}-{last:#x} '
                    f'process {pid} cpl 3')
        for _ in range(ROUNDS):
            gdb.run('continue')
        found = counts(gdb)
        check_counts(found, expected, ROUNDS)
        tap.fails(check_counts, found, dict(expected, **{'insn call': 6}),
                  ROUNDS)


def test_faults():
    "what faults, even in the middle of its repetition, is counted once"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['insns-a']
        to_round(gdb, pid)
        first, last = (gdb.number(f'(long)&faulting_{end}') for end in
                       ('begin', 'end'))
        expected = {f'insn {what}': 1 for what in ('rep stosb', 'lock', 'ret')}
        for what in expected:
            gdb.cmd(f'monitor gdbx count {what} range {first:#x}-{last - 1:#x}'
                    f' process {pid} cpl 3')
        for _ in range(ROUNDS):
            gdb.run('continue')
        check_counts(counts(gdb), expected, ROUNDS)


def test_registers():
    "writes to registers are counted as gdb's disassembly has them"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['insns-a']
        to_round(gdb, pid)
        first, last = where(gdb)
        code = executed(gdb)
        expected = {f'register {name} write': sum(f(*insn) for insn in code)
                    for name, f in WRITES.items()}
        for what in expected:
            gdb.cmd(f'monitor gdbx count {what} process {pid} cpl 3 '
                    f'if $rip >= {first} && $rip <= {last}')
        for _ in range(ROUNDS):
            gdb.run('continue')
        found = counts(gdb)
        check_counts(found, expected, ROUNDS)
        tap.fails(check_counts, found, expected, ROUNDS + 1)


def test_points_come_and_go():
    "twenty points, one after the other, then at once, each count each round"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['insns-a']
        to_round(gdb, pid)

        def count(n):
            gdb.cmd(f'monitor gdbx count insn cpuid range {n + 1}-{1 << 46} '
                    f'process {pid}')

        for n in range(20):
            count(n)
            gdb.run('continue')
            tap.equal(counts(gdb), {'insn cpuid': 1}, f'point {n}')
            gdb.cmd('monitor gdbx delete all')
        for n in range(20):
            count(n)
        gdb.run('continue')
        text = gdb.cmd('monitor gdbx points')
        tap.equal(len(re.findall('insn cpuid .*: true 1 ', text)), 20,
                  'points that counted')


def test_the_other_copy():
    "the copy that shares the code is counted for itself"
    with guest.gdb() as (vm, gdb):
        b = guest.pids['insns-b']
        gdb.attach(b)
        gdb.attach(guest.pids['insns-a'])
        gdb.cmd('break round_over')
        gdb.run('continue')
        gdb.cmd('inferior 2')
        before = gdb.number('counter')
        gdb.cmd(f'monitor gdbx count insn cpuid process {b}')
        gdb.cmd('inferior 3')
        for _ in range(ROUNDS):
            gdb.run('continue')
        gdb.cmd('inferior 2')
        rounds = gdb.number('counter') - before
        found = counts(gdb)['insn cpuid']
        tap.check(abs(found - rounds) <= 1,
                  f'{found} counted in {rounds} rounds of the other copy')


def check_reborn(found, rounds):
    """5 of the process, 3 of each of the three programs that it becomes."""
    tap.equal(found, {'insn verr': 14 * rounds}, 'counted')


def test_not_followed():
    "a process that gdb does not follow: not there yet, another program, reborn"
    pid = 4321
    parent = guest.boot().oracle.spawn('reborn', pid)
    with guest.gdb() as (vm, gdb):
        try:
            gdb.cmd(f'monitor gdbx count insn verr cpl 3 process {parent}')
            gdb.cmd(f'monitor gdbx count insn verr process {pid}')
            gdb.cmd(f'monitor gdbx break syscall getppid entry process {parent}')
            for n in range(1, 4):
                gdb.start('continue')
                vm.oracle.kill(parent, 10)
                tap.contains(gdb.wait_stop().text, 'getppid')
                text = gdb.cmd('monitor gdbx points')
                tap.contains(text, f'process {parent} cpl 3: true 0 ')
                check_reborn(counts(gdb), n)
            gdb.cmd('monitor gdbx delete all')
        finally:
            vm.qmp.command('cont')
            vm.oracle.kill(parent, 9)


def test_stop_in_front():
    "a stop is in front of the instruction, once each time it is executed"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['insns-a'])
        gdb.cmd(f"monitor gdbx break insn cpuid process {guest.pids['insns-a']}")
        gdb.run('continue')
        first = gdb.number('counter')
        for n in range(1, 4):
            stop = gdb.run('continue')
            tap.check('insn cpuid at' in stop.text, f'gdb said {stop.text!r}')
            tap.check('cpuid' in gdb.cmd('x/i $pc'), 'not in front of it')
            tap.equal(gdb.number('counter'), first + n, 'rounds')
        gdb.cmd('monitor gdbx delete all')
        gdb.cmd('stepi')
        tap.check('rdtsc' in gdb.cmd('x/i $pc'), 'a step is not one')


def test_cr3():
    "a write to CR3: told with the old and the new value"
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx break register cr3 write')
        stop = gdb.run('continue')
        told = re.search(r'write of cr3, (0x\w+) -> (0x\w+): mov', stop.text)
        tap.check(told, f'gdb said {stop.text!r}')
        thread = re.search(r'CPU#(\d+)', stop.text)[1]
        gdb.cmd(f'thread 1.{int(thread) + 1}')
        tap.equal(gdb.number('$cr3'), int(told[1], 16), 'the old value')
        gdb.cmd('monitor gdbx delete all')
        gdb.cmd('stepi')
        tap.equal(gdb.number('$cr3'), int(told[2], 16), 'the new value')


def test_nonsense():
    "what is no instruction or register is said so"
    with guest.gdb() as (vm, gdb):
        for what in ('insn', 'insn frobnicate', 'insn call range 5',
                     'insn call range 9-5', 'register', 'register r99',
                     'register flags.xx', 'insn call jmp'):
            text = gdb.cmd(f'monitor gdbx count {what}', check=False)
            tap.check('usage: gdbx count' in text, f'{what}: {text!r}')
        tap.check('events' not in gdb.cmd('monitor gdbx points'),
                  'a point was set')


def gdbs_callers(gdb):
    frames = gdb.mi('-stack-list-frames 0 60')['stack']
    return [int(f['addr'], 16) for f in frames]


def recorded_callers(gdb):
    text = gdb.cmd('monitor gdbx bt')
    return [int(a, 16) for a in re.findall(r'^#\d+ +(0x\w+)', text, re.M)]


def test_callers():
    "the recorded callers are gdb's, down to main(), whoever calls"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['insns-a']
        to_round(gdb, pid)
        gdb.cmd(f'monitor gdbx callstack on process {pid}')
        gdb.cmd('break leaf')
        lengths = set()
        for _ in range(8):
            gdb.run('continue')
            callers = gdbs_callers(gdb)
            lengths.add(len(callers))
            tap.equal(recorded_callers(gdb), callers, 'callers')
        tap.check(len(lengths) >= 3, f'only chains of {lengths} frames')
        tap.fails(tap.equal, recorded_callers(gdb), callers[:-1], 'callers')


def test_callers_from_the_middle():
    "callers from before the recording are not made up"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['insns-a']
        gdb.attach(pid)
        gdb.cmd('break leaf if n == 0')
        gdb.run('continue')
        gdb.cmd(f'monitor gdbx callstack on process {pid}')
        gdb.cmd('delete')
        gdb.cmd('break compare')
        gdb.run('continue')
        callers, recorded = gdbs_callers(gdb), recorded_callers(gdb)
        tap.equal(recorded, callers[:len(recorded)], 'callers')
        tap.equal(len(callers) - len(recorded), 1, 'main() has called before')
        tap.check('here the recording of it began' in
                  gdb.cmd('monitor gdbx bt'), 'it does not say so')


def test_callers_in_another_program():
    "a process that gdb does not follow begins another program: all its calls"
    pid = guest.boot().oracle.spawn('family', 'exec', '/bin/insns')
    with guest.gdb() as (vm, gdb):
        try:
            gdb.cmd(f'monitor gdbx callstack on process {pid}')
            gdb.cmd(f'monitor gdbx break syscall getppid entry process {pid} '
                    'after 3')
            gdb.start('continue')
            vm.oracle.kill(pid, 10)
            stop = gdb.wait_stop()
            cpu = re.search(r'CPU#(\d+)', stop.text)[1]
            gdb.cmd(f'thread 1.{int(cpu) + 1}')
            text = gdb.cmd('monitor gdbx bt')
            # insns(), main(), what calls main(), _start().
            tap.check(len(re.findall(r'in /bin/insns\+0x', text)) >= 4,
                      f'it says {text!r}')
            gdb.cmd('monitor gdbx delete all')
        finally:
            vm.qmp.command('cont')
            vm.oracle.kill(pid, 9)


def test_callers_in_the_kernel():
    "from the kernel down into the program"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['insns-a']
        to_round(gdb, pid)
        gdb.cmd('delete')
        gdb.cmd('monitor gdbx callstack on')
        gdb.cmd(f'monitor gdbx break insn swapgs process {pid} cpl 0 '
                'after 20')
        stop = gdb.run('continue')
        cpu = re.search(r'CPU#(\d+)', stop.text)[1]
        gdb.cmd(f'thread 1.{int(cpu) + 1}')
        tap.equal(recorded_callers(gdb)[0], int(gdb.value('/x (long)$pc'), 16),
                  'pc')
        text = gdb.cmd('monitor gdbx bt')
        tap.check(re.search(r'in /bin/insns\+0x', text), f'it says {text!r}')


tap.main(globals())
