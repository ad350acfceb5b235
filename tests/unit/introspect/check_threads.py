# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of threads: registers, system calls, kernel stacks."""
import re
import struct

import tap
from answers import compare
from saved import is_i386

# /proc/PID/syscall shows these, in this order, behind the number.
ARGS64 = ('rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9', 'rsp', 'rip')
ARGS32 = ('rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'rip')
# What sleeper.c leaves in registers.
PLANTED = {'rbx': 0x1111, 'r12': 0x1212, 'r13': 0x1313, 'r14': 0x1414,
           'r15': 0x1515}
PLANTED_I386 = {'rbx': 0x1111, 'rcx': 0x2222, 'rdx': 0x3333, 'rsi': 0x4444}
PLANTED_XMM7 = struct.pack('<QQ', 0x7777777711111111, 0x7777777722222222)


def saved_line(row):
    """The line of /proc/PID/syscall that these registers make."""
    r = {k: int(v, 16) for k, v in
         (w.split('=') for w in row.split() if '=' in w)}
    args = ARGS32 if r['compat32'] else ARGS64
    number = r['orig_rax']
    return ' '.join([str(number)] + ['0x%x' % r[k] for k in args])


def waiting(s):
    """{tid: line} of threads that wait in a system call"""
    return {i: v.strip() for i, v in s.twice.thread_file('syscall').items()
            if v.count(' ') == 8 and i in s.tasks()
            and s.tasks()[i]['kthread'] == '0'}


def saved_registers(s):
    "registers of threads that wait in a system call"
    want = waiting(s)
    got = {i: saved_line(r) for i, r in s.rows('regs all').items()
           if i in want and not r.startswith('error')}
    compare(want, got, 'registers', 12)


def planted_registers(s):
    "registers that a program has set before it sleeps"
    pid = s.program('sleeper')
    row = dict(w.split('=') for w in s.rows('regs all')[pid].split())
    planted = PLANTED_I386 if is_i386() else PLANTED
    compare(planted, {k: int(row[k], 16) for k in planted}, 'planted')


def planted_sse(s):
    "an SSE register that a program has set before it sleeps"
    row = dict(w.split('=') for w in
               s.rows('fpu all')[s.program('sleeper')].split())
    tap.equal(row['xmm7'], PLANTED_XMM7.hex(), 'xmm7')


def thread_base(s):
    "glibc's pointer to itself lies at the thread's base"
    word = 4 if is_i386() else 8
    base = 'gs_base' if is_i386() else 'fs_base'
    want, got = {}, {}
    for tid in waiting(s):
        row = dict(w.split('=') for w in s.rows('regs all')[tid].split())
        if row['compat32'] == '1' and not is_i386():
            continue
        at = int(row[base], 16)
        want[tid] = at.to_bytes(word, 'little').hex()
        # struct pthread: tcb, dtv, self
        got[tid] = s.text(f'mem {tid},{at + 2 * word:x},{word:x}').strip()
    compare(want, got, 'thread base', 12)


def system_call(s):
    "number and arguments of the current system call"
    got = {}
    for i, row in s.rows('syscall all').items():
        r = dict(re.findall(r'(\w+)=(\S*)', row))
        if 'nr' in r:
            words = [*r['args'].split(','), r['sp'], r['pc']]
            got[i] = ' '.join([r['nr']] + ['0x' + w for w in words])
    want = waiting(s)
    compare(want, got, 'system call', 12)
    names = {i: re.search(r'name=(\S*)', s.rows('syscall all')[i])[1]
             for i in want}
    pause = names[s.program('sleeper')]
    tap.check('pause' in pause or not pause, f'{pause} is not pause')


def current(s):
    "each CPU runs a task that knows it"
    for i in range(s.saved.smp):
        row = s.text(f'current {i}')
        tap.contains(row, ' on_cpu=1 ', f'CPU {i}')
        tap.contains(row, f' cpu={i} ', f'CPU {i}')


def addresses(s):
    """{(name, module or ''): [addresses]} of the guest's kallsyms"""
    out = {}
    for m in re.finditer(r'(?m)^(\w+) \w (\S+)(?:\s+\[(\w+)\])?$',
                         s.saved.kallsyms):
        out.setdefault((m[2], m[3] or ''), []).append(int(m[1], 16))
    return out


def thread(s, tid):
    return s.twice.before.tasks[tid]['dir']


def hidden_text(s):
    """[(start, end)]: functions that /proc/PID/stack leaves out, since they
    are only how one waits."""
    where = {n: int(a, 16) for a, n in re.findall(
        r'(?m)^(\w+) \w (__(?:sched|lock)_text_(?:start|end))$',
        s.saved.kallsyms)}
    return [(where[f'__{k}_text_start'], where[f'__{k}_text_end'])
            for k in ('sched', 'lock') if f'__{k}_text_start' in where]


def kernel_stack(s):
    "kernel stacks, frame by frame"
    known, hidden_by_guest = addresses(s), hidden_text(s)
    want = {}
    for i, text in s.twice.thread_file('stack').items():
        frames = re.findall(r'\] (\S+)\+(0x\w+)/0x\w+(?: \[(\w+)\])?', text)
        if frames:
            want[i] = [{a + int(off, 16) for a in known[name, module]}
                       for name, off, module in frames]
    wrong, named = [], 0
    for i, frames in want.items():
        row = s.rows('stack all').get(i, '')
        mine = re.findall(r'(?m)^  (\w+) sp=\w+( \?)? (\S+?)\+(0x\w+)', row)
        pcs = [int(pc, 16) for pc, *_ in mine]
        hidden = len(mine) - len(frames)
        if hidden < 0 or not all(pc in frame for pc, frame in
                                 zip(pcs[hidden:], frames)) \
                or not all(any(a <= pc < b for a, b in hidden_by_guest)
                           for pc in pcs[:hidden]):
            wrong.append(f'{i}: {[m[2] for m in mine]} but guest says '
                         f'{s.twice.before.files[thread(s, i) + "/stack"]!r} '
                         + row.partition('\n')[0])
        for pc, _, name, off in mine:
            if int(off, 16) and (name, '') in known:
                tap.check(int(pc, 16) - int(off, 16) in known[name, ''],
                          f'{pc} is not {name}+{off}')
                named += 1
    tap.check(len(want) >= 30, f'only {len(want)} stacks')
    tap.check(not wrong, f'{len(wrong)} of {len(want)}: '
              + '; '.join(wrong[:3]))
    tap.check(named > 60, f'only {named} frames have names')
