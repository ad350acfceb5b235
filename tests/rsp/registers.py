#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine's registers on the wire: the same values as QEMU's own
description gives, of pristine QEMU at the reset vector and of this one with a
guest in 64-bit mode; writes; and that a condition sees what `p' reads.

QEMU's own description is served to a client that cannot do multiprocess.
"""
import re
import xml.etree.ElementTree as ET

import session
import tap
from rsp import Rsp
from session import HELD, ONE, M, on
from vm import VM

# Opcodes of agent expressions.
LOG_NOT, BIT_AND, BIT_OR, EQUAL = 0x0e, 0x0f, 0x10, 0x13
CONST64, REG, END = 0x25, 0x26, 0x27
READ_ONLY = ('cpl', 'ospid', 'ostid', 'icount')


def described(talk, annex):
    """[(name, bits, type, in g)] in the order of their numbers."""
    text = re.sub(r'(?s)<!--.*?-->', '', talk.xfer('features', annex))
    regs = []
    for feature in re.findall(r'<feature name="([^"]+)">(.*?)</feature>',
                              text, re.S):
        for reg in re.findall(r'<reg [^>]*/>', feature[1]):
            at = ET.fromstring(reg).attrib
            regs.append((at['name'], int(at['bitsize']), at['type'],
                         not feature[0].startswith('org.qemu')))
    return regs


def values(talk, regs):
    """{name: (bits, hex)} read one by one."""
    return {name: (bits, talk.ask(f'p{n:x}'))
            for n, (name, bits, *_) in enumerate(regs)}


def plain_values(vm, cpu=1):
    """As QEMU itself describes and reads them."""
    with Rsp(vm.gdb_target, deadline=session.DEADLINE) as talk:
        talk.ask('qSupported:')
        talk.ask(f'Hg{cpu:02x}')
        return values(talk, described(talk, 'i386-64bit.xml'))


def our_values(vm, cpu=1):
    with session.Talk(vm) as talk:
        talk.ok(f'Hgp{M}.{cpu}')
        return values(talk, described(talk, 'target.xml'))


def compare(want, got):
    """Each register that QEMU has is there and has the same value."""
    tap.check(len(want) > 60, f'QEMU has only {len(want)} registers')
    wrong = [f'{name}: {got.get(name)}, QEMU has {value}'
             for name, value in want.items() if got.get(name) != value]
    tap.check(not wrong, '; '.join(wrong[:5]))


def test_reset_vector():
    "at the first instruction pristine QEMU's registers; a linear counter"
    with VM(kernel=None, qemu='pristine', gdb='tcp', paused=True) as vm:
        want = plain_values(vm)
    for options in ('', ',gdbx=off'):
        with VM(kernel=None, gdb='tcp', gdb_options=options,
                paused=True) as vm:
            compare(want, plain_values(vm))
            if not options:
                got = our_values(vm)
                # Reset vector: Intel SDM volume 3, 10.1.4.
                tap.equal(got['rip'], (64, 'f0ffffff00000000'), 'rip')
                compare(dict(want, rip=got['rip']), got)


@on(ONE)
def test_running_guest(vm):
    "in 64-bit mode too, and the pretty cr3 is the plain one"
    vm.qmp.command('stop')
    want = plain_values(vm)
    got = our_values(vm)
    compare(want, got)
    tap.equal(got['cr3'], got['cr3_fields'], 'cr3')
    tap.equal(got['rflags'][1], want['eflags'][1] + '0' * 8, 'rflags')


@on(ONE)
def test_control(vm):
    "negative control: one wrong value, one missing register are seen"
    vm.qmp.command('stop')
    want = plain_values(vm)
    for name in ('rip', 'cr4', 'xmm3'):
        bits, text = want[name]
        other = f'{int(text[0], 16) ^ 1:x}{text[1:]}'
        tap.fails(compare, want, {**want, name: (bits, other)})
        tap.fails(compare, want,
                  {k: v for k, v in want.items() if k != name})


@on(HELD)
def test_layout(vm):
    "g is the standard features in gdb's order; every CPU has its own"
    with session.Talk(vm) as talk:
        for cpu in (1, 2):
            talk.ok(f'Hgp{M}.{cpu}')
            regs = described(talk, 'target.xml')
            tap.equal([r[0] for r in regs[:17]],
                      'rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 '
                      'r14 r15 rip'.split(), 'the first')
            tap.equal([r[0] for r in regs if r[3]][-2:],
                      ['fs_base', 'gs_base'], 'the last of g')
            tap.check(sorted(regs, key=lambda r: not r[3]) == regs,
                      'what g holds does not come first')
            one_by_one = values(talk, regs)
            tap.equal(talk.ask('g'),
                      ''.join(one_by_one[r[0]][1] for r in regs if r[3]), 'g')
            types = {r[0]: r[2] for r in regs}
            for name in ('cr3', 'rflags', 'icount'):
                tap.equal(types[name], 'uint64', name)
            tap.equal(one_by_one['ospid'][1], '00' * 4, 'ospid of no OS')
        tap.equal(talk.ask(f'p{len(regs):x}'), 'E14', 'one too many')


@on(HELD)
def test_write_each(vm):
    "P changes each register of g, and nothing else of them"
    with session.Talk(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        regs = described(talk, 'target.xml')
        before = values(talk, regs)
        # What QEMU keeps: not the tags and pointers of the FPU, no selector
        # in real mode without its base, only some flags.
        fixed = ('ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop', 'eflags',
                 'mxcsr', 'fstat', 'fctrl', 'cs', 'ss', 'ds', 'es', 'fs',
                 'gs', 'fs_base', 'gs_base')
        for n, (name, bits, _, in_g) in enumerate(regs):
            if not in_g or name in fixed or re.fullmatch(r'r(8|9|1\d)', name):
                continue
            value = '5a' * 4 if bits == 64 else '5a' * (bits // 8)
            value = value.ljust(bits // 4, '0')
            talk.ok(f'P{n:x}={value}')
            tap.equal(talk.ask(f'p{n:x}'), value, name)
            talk.ok(f'P{n:x}={before[name][1]}')
            tap.equal(values(talk, regs), before, f'after {name}')


@on(HELD)
def test_x87_stack(vm):
    "st(i) is written where it is read, wherever the top is"
    with session.Talk(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        regs = described(talk, 'target.xml')
        number = {r[0]: n for n, r in enumerate(regs)}
        talk.ok(f"P{number['fstat']:x}=00280000")      # the top is 5
        talk.ok(f"P{number['st2']:x}={'11' * 10}")
        got = values(talk, regs)
        tap.equal(got['st2'][1], '11' * 10, 'st2')
        others = {got[f'st{i}'][1] for i in range(8) if i != 2}
        tap.equal(others, {'00' * 10}, 'the others')
        # G has fstat behind the stack: it counts all the same.
        whole = talk.ask('g')
        talk.ok(f"P{number['fstat']:x}=00000000")
        talk.ok('G' + whole)
        tap.equal(talk.ask('g'), whole, 'g')


@on(HELD)
def test_refused(vm):
    "what cannot be written says so; malformed P and G change nothing"
    with session.Talk(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        regs = described(talk, 'target.xml')
        before = values(talk, regs)
        for n, (name, bits, *_) in enumerate(regs):
            now = before[name][1]
            if name in READ_ONLY:
                talk.ok(f'P{n:x}={now}')
                answer = talk.ask(f'P{n:x}=7{now[1:]}')
                tap.equal(answer, f'E.register {name} cannot be written',
                          'answer')
        g = talk.ask('g')
        for bad in ('P', 'P0', 'P0=', 'P0=12', 'P0=' + 'zz' * 8,
                    'P0=' + '11' * 9, f'P{len(regs):x}=' + '11' * 8,
                    'Pffffffffffffffff=' + '11' * 8,
                    'P100000000=' + '11' * 8, 'G', 'G1', 'Gzz', 'G' + '11',
                    'G' + '11' * 9, 'G' + g + '11', 'G' + g[:-1] + 'x'):
            tap.equal(talk.ask(bad), 'E22', bad[:20])
        tap.equal(values(talk, regs), before, 'registers')


# Conditions ----------------------------------------------------------------

def operation(*parts):
    return b''.join(bytes((p,)) if isinstance(p, int) else p for p in parts)


def same(n, value):
    """Bytecode: register @n is @value."""
    return operation(REG, n.to_bytes(2, 'big'), CONST64,
                     value.to_bytes(8, 'big'), EQUAL)


def different(n, value):
    return same(n, value) + bytes((LOG_NOT,))


def any_of(terms):
    code = terms[0]
    for term in terms[1:]:
        code += term + bytes((BIT_OR,))
    return code + bytes((END,))


def integers(talk, regs):
    return {n: int.from_bytes(bytes.fromhex(talk.ask(f'p{n:x}')), 'little')
            for n, (name, bits, *_) in enumerate(regs) if bits <= 64}


def stops_at(talk, thread, where, code):
    """Leaves this place, as gdb would, and runs until the condition holds
    there; the caller's argument then."""
    talk.expect(talk.run(f'vCont;s:{thread}'), 'T05')
    talk.ok(f'Z1,{where},1;X{len(code):x},{code.hex()}')
    answer, said = talk.run()
    talk.ok(f'z1,{where},1')
    tap.check(answer.startswith('T05') and not said, (answer, said))
    return int.from_bytes(bytes.fromhex(talk.ask('p5')), 'little')


def condition_sees(vm, thread, process):
    """In a condition every integer register that stands still has the value
    that p reads: `any is different' holds at no visit but where p says so."""
    where = session.places(vm)[0]
    with session.Talk(vm) as talk:
        if process:
            thread = talk.attach(ONE.pids['busy-a'])
        talk.ok(f'Hg{thread}')
        regs = described(talk, 'target.xml')
        always = any_of([operation(CONST64, (1).to_bytes(8, 'big'))])
        seen = []
        # The other copy comes by at the same address: only one address space.
        stops_at(talk, thread, where, always)
        space = [n for n, r in enumerate(regs) if r[0] == 'cr3'][0]
        mine = integers(talk, regs)[space]
        here = any_of([same(space, mine)])
        for _ in range(4):
            stops_at(talk, thread, where, here)
            seen.append(integers(talk, regs))
        still = {n: v for n, v in seen[-1].items()
                 if all(s[n] == v for s in seen)}
        names = {regs[n][0] for n in still}
        tap.check(names >= {'rsp', 'rbp', 'cs', 'ss', 'fs_base', 'gs_base',
                            'cr3', 'cpl', 'ospid', 'ostid', 'icount', 'rip',
                            'fctrl', 'mxcsr'}, f'only {names} stand still')
        goal = seen[-1][5] + 3000
        wanted = [n for n in still if regs[n][0] != 'cr3']
        here = operation(same(space, mine), BIT_AND, END)
        while True:
            code = any_of([same(5, goal)] + [different(n, still[n])
                                             for n in wanted])[:-1]
            if stops_at(talk, thread, where, code + here) == goal:
                break
            # A page fault elsewhere changes cr2: then it does differ.
            now = integers(talk, regs)
            moved = [n for n in wanted if now[n] != still[n]]
            tap.check(moved, f'a stop at {now[5]}, and all is as it was')
            tap.check(regs[moved[0]][0] in ('cr2', 'cr8'), regs[moved[0]][0])
            wanted = [n for n in wanted if n not in moved]
        # Control: with one value off, the next visit is a stop.
        goal += 3000
        for n in wanted:
            off = any_of([same(5, goal), different(n, still[n] ^ 1)])[:-1]
            tap.check(stops_at(talk, thread, where, off + here) < goal,
                      f'{regs[n][0]} is not looked at')
        talk.send('D;' + M)


@on(ONE)
def test_condition_of_the_machine(vm):
    "a condition of the machine sees each register as p reads it"
    condition_sees(vm, f'p{M}.1', False)


@on(ONE)
def test_condition_of_a_process(vm):
    "so does one of a process"
    condition_sees(vm, None, True)


# Instruction count -----------------------------------------------------------

STEPS = 600
COUNTED = ['-icount', 'shift=3']


def counted():
    return VM(kernel=None, gdb='unix', paused=True, extra=COUNTED)


def number(talk, n):
    return int.from_bytes(bytes.fromhex(talk.ask(f'p{n:x}')), 'little')


def trace():
    """[(linear address, icount)] of the firmware's first instructions."""
    with counted() as vm, session.Talk(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        n = {r[0]: i for i, r in enumerate(described(talk, 'target.xml'))}
        rows = []
        for _ in range(STEPS):
            cs = number(talk, n['cs'])
            rows.append((number(talk, n['rip']), cs,
                         number(talk, n['icount'])))
            talk.run(f'vCont;s:p{M}.1')
        return rows, n['icount']


def test_icount():
    "$icount goes up by one with each step, and a condition stops exactly there"
    rows, n = trace()
    counts = [r[2] for r in rows]
    tap.equal(counts, list(range(counts[0], counts[0] + STEPS)), 'counts')
    # Flat 32-bit code: there linear addresses are gdb's.
    flat = [r for r in rows if r[1] == 8]
    again = [r for r in flat if sum(r[0] == s[0] for s in flat) > 3]
    tap.check(again, f'{len(flat)} flat ones, no loop in them')
    for rip, _, count in (again[len(again) // 2], again[-1], flat[-1]):
        with counted() as vm, session.Talk(vm) as talk:
            talk.ok(f'Hgp{M}.1')
            code = any_of([same(n, count)])
            talk.ok(f'Z1,{rip:x},1;X{len(code):x},{code.hex()}')
            answer, said = talk.run()
            tap.check(answer.startswith('T05') and not said, (answer, said))
            tap.equal(number(talk, 16), rip, 'rip')
            tap.equal(number(talk, n), count, 'icount')


tap.main(globals())
