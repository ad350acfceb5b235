#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What introspection reads of a real Linux guest is what its /proc says.

The guest's memory is a file. The machine is stopped, osi-image looks into the
file, and the guest is asked the same before and after. Only what it said
twice is compared: a task may do things in between.

Environment: OSI_IMAGE (the tool), KERNEL (a key of tests/guest/build.py),
OSI_APPEND (kernel command line), OSI_CPU, OSI_SMP.
"""
import os
import re
import subprocess
import tempfile

import tap
from rsp import Rsp
from vm import VM

PROGRAMS = ['busy-a', 'threads', 'sleeper', 'compat32', 'dynamic']
PF_KTHREAD = 0x200000
TICK_NS = 10_000_000
# Kernel threads up to this id are asked in detail: a question costs a lot of
# interrupts, and a kernel with real-time patches makes threads of those.
SAMPLE = 40
# Positions in the g packet of 64-bit x86, bytes.
G_WORDS = {'rip': 128, 'rsp': 56, 'fs_base': 164, 'gs_base': 172,
           'kernel_gs_base': 180, 'cr0': 188, 'cr3': 204, 'cr4': 212,
           'efer': 228}
# /proc/PID/syscall shows these, in this order, behind the number.
ARGS64 = ('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9', 'rsp', 'rip')
ARGS32 = ('rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'rip')


def kernel():
    return os.environ.get('KERNEL', '6.1')


def registers(vm, smp, lstar):
    """Register file of osi-image, as text."""
    text = vm.qmp.hmp('info registers -a').split('CPU#')[1:]
    out = []
    with Rsp(vm.gdb_target) as r:
        r.ask('qSupported:multiprocess+')
        r.xfer('features', 'target.xml')
        for i in range(smp):
            r.ask(f'Hgp1.{i + 1}')
            g = bytes.fromhex(r.ask('g').replace('x', '0'))
            rows = {k: int.from_bytes(g[o:o + 8], 'little')
                    for k, o in G_WORDS.items()}
            rows['idt_base'] = int(re.search(r'IDT=\s*(\w+)', text[i])[1], 16)
            rows['cpl'] = int(re.search(r'CPL=(\d)', text[i])[1])
            # One CPU is found by its system call entry, the rest by #PF.
            rows['lstar'] = 0 if i else lstar
            out += [f'index={i:x}'] + [f'{k}={v:x}' for k, v in rows.items()]
        r.send('D;1')
    return '\n'.join(out) + '\n'


class Snapshot:
    """The guest before, at and after one stop."""

    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix='gdbx-osi-')
        self.ram = os.path.join(self.dir.name, 'ram')
        self.regs = os.path.join(self.dir.name, 'regs')
        self.smp = int(os.environ.get('OSI_SMP', '2'))
        with VM(kernel(), PROGRAMS, smp=self.smp, memory='512M',
                cpu=os.environ.get('OSI_CPU'), gdb_options=',gdbx=off',
                append=os.environ.get('OSI_APPEND', ''), extra=[
                    '-machine', 'pc,memory-backend=ram', '-object',
                    'memory-backend-file,id=ram,size=512M,share=on,'
                    f'mem-path={self.ram}']) as vm:
            self.pids = vm.wait_ready()
            self.symbols = vm.oracle.kallsyms()
            self.before = self.ask(vm.oracle)
            self.stop(vm)
            self.after = self.ask(vm.oracle)

    def stop(self, vm):
        lstar = [a for a, _, n in self.symbols if n == 'entry_SYSCALL_64']
        vm.qmp.command('stop')
        with open(self.regs, 'w') as f:
            f.write(registers(vm, self.smp, lstar[0]))
        self.text = {c: self.osi(*c.split()) for c in (
            'os', 'tasks', 'regs all', 'exe all', 'args all', 'auxv all',
            'symbols', *(f'current {i}' for i in range(self.smp)))}
        vm.qmp.command('cont')

    def osi(self, *words):
        tool = os.environ.get('OSI_IMAGE', 'osi-image')
        r = subprocess.run([tool, self.ram, self.regs, *words],
                           capture_output=True, text=True, errors='replace')
        tap.check(r.returncode == 0, f'osi-image {words}: {r.stderr}')
        return r.stdout

    @staticmethod
    def ask(oracle):
        """{tid: facts} of the guest's own."""
        tasks = {t['tid']: t for t in oracle.tasks()}
        for tid, t in tasks.items():
            kthread = t['flags'] & PF_KTHREAD
            if tid < SAMPLE or not kthread:
                # Time run, time waited, number of runs.
                t['ran'] = read(oracle, t['tgid'], f'task/{tid}/schedstat')
            if not kthread:
                t['syscall'] = read(oracle, t['tgid'], f'task/{tid}/syscall')
            if tid == t['tgid'] and not kthread:
                t['exe'] = oracle.exe(tid)
                t['args'] = read(oracle, tid, 'cmdline')
                t['auxv'] = read(oracle, tid, 'auxv').hex()
        return tasks

    def stable(self, key):
        """{tid: value} where the guest said the same twice."""
        return {i: t[key] for i, t in self.before.items()
                if key in t and self.after.get(i, {}).get(key) == t[key]}

    def resting(self, key):
        """The same of tasks that did not run in between."""
        rest = self.stable('ran')
        return {i: v for i, v in self.stable(key).items() if i in rest}

    def rows(self, command):
        """{tid: rest of the line}"""
        lines = (re.match(r'pid=(\d+) (.*)', x)
                 for x in self.text[command].splitlines())
        return {int(m[1]): m[2] for m in lines if m and m[1] != '0'}

    def tasks(self):
        return {tid: dict(re.findall(r'(\w+)=(.*?)(?= \w+=|$)', rest))
                for tid, rest in self.rows('tasks').items()}


def read(oracle, pid, what):
    try:
        return oracle.proc(pid, what)
    except Exception:               # it ended: then it is not compared
        return b''


_snapshot = []


def snapshot():
    """One for all tests; a guest that fails is not tried again."""
    if not _snapshot:
        _snapshot.append('the first test says why there is no guest')
        _snapshot[0] = Snapshot()
    tap.check(not isinstance(_snapshot[0], str), _snapshot[0])
    return _snapshot[0]


def compare(want, got, what, least=1):
    tap.check(len(want) >= least, f'{what}: only {len(want)} to compare')
    wrong = [f'{i}: {got.get(i)!r}, the guest says {v!r}'
             for i, v in want.items() if got.get(i) != v]
    tap.check(not wrong, f'{what}: ' + '; '.join(wrong[:5]))


def column(name, convert=str):
    return {i: convert(t[name]) for i, t in snapshot().tasks().items()}


def test_every_task():
    "every thread is found, and no other"
    s = snapshot()
    mine = set(s.tasks())
    tap.equal(sorted(set(s.stable('start')) - mine), [], 'missing')
    tap.equal(sorted(mine - set(s.before) - set(s.after)), [], 'extra')


def test_identity():
    "process, parent, user, start, kernel thread, name"
    s = snapshot()
    for key, name in (('tgid', 'tgid'), ('ppid', 'ppid'), ('uid', 'uid')):
        compare(s.stable(key), column(name, int), key, 40)
    compare(s.stable('start'), column('start', lambda v: int(v) // TICK_NS),
            'start', 40)
    compare({i: bool(f & PF_KTHREAD) for i, f in s.stable('flags').items()},
            column('kthread', lambda v: v == '1'), 'kernel thread', 40)
    # The kernel lengthens the names of its workers for /proc.
    mine = column('comm')
    compare({i: True for i in s.stable('comm')},
            {i: c.startswith(mine.get(i, '?')) for i, c in
             s.stable('comm').items()}, 'name', 40)


def test_state():
    "state letters of tasks that rest"
    compare(snapshot().resting('state'), column('state'), 'state', 15)


def test_executable():
    "path of the executable, arguments, auxiliary vector"
    s = snapshot()
    compare(s.stable('exe'), s.rows('exe all'), 'exe', len(PROGRAMS))
    args = {i: a.rstrip(b'\0').replace(b'\0', b' ').decode()
            for i, a in s.stable('args').items()}
    compare(args, s.rows('args all'), 'arguments', len(PROGRAMS))
    compare(s.stable('auxv'), s.rows('auxv all'), 'auxv', len(PROGRAMS))


def saved(row):
    """The line of /proc/PID/syscall that these registers make."""
    r = {k: int(v, 16) for k, v in
         (w.split('=') for w in row.split() if '=' in w)}
    args = ARGS32 if r['compat32'] else ARGS64
    words = [str(r['orig_rax'])] + ['0x%x' % r[k] for k in args]
    return ' '.join(words)


def test_saved_registers():
    "registers of threads that wait in a system call"
    s = snapshot()
    want = {i: v.decode().strip() for i, v in s.resting('syscall').items()
            if v.count(b' ') == 8}
    got = {i: saved(r) for i, r in s.rows('regs all').items()
           if i in want and not r.startswith('error')}
    compare(want, got, 'registers', 4)


def test_current():
    "each CPU runs a task that knows it"
    s = snapshot()
    for i in range(s.smp):
        row = s.text[f'current {i}']
        tap.contains(row, ' on_cpu=1 ', f'CPU {i}')
        tap.contains(row, f' cpu={i} ', f'CPU {i}')


def test_symbols():
    "kallsyms, line by line"
    s = snapshot()
    mine = [(int(a, 16), t, n) for a, t, n in
            (x.split() for x in s.text['symbols'].splitlines())]
    tap.equal(len(mine), len(s.symbols), 'number of symbols')
    wrong = [(a, b) for a, b in zip(mine, s.symbols) if a != b]
    tap.check(not wrong, f'{len(wrong)} differ, first {wrong[:1]}')


def test_features():
    "nothing is said to be missing"
    tap.check(not re.search(r'(?m)^\S+ +no ', snapshot().text['os']),
              snapshot().text['os'])


def test_control():
    "negative control: one wrong value, one missing row are seen"
    s = snapshot()
    want = s.stable('exe')
    good = s.rows('exe all')
    one = next(iter(want))
    tap.fails(compare, want, {**good, one: good[one] + 'x'}, 'exe')
    tap.fails(compare, want, {i: v for i, v in good.items() if i != one},
              'exe')
    tap.fails(compare, {}, good, 'exe')


tap.main(globals())
