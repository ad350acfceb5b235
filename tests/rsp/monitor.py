#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx break': points by number, with no OS and no help of gdb's.

Negative controls seen red: without the pass at a resume (test_each_turn), the
filter by privilege (test_firmware), the rank of gdb's own (test_gdbs_own)."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from session import (HELD, M, ONE, TWO, Talk,  # noqa: E402
                     goes_on, on, places, until)

RESET = 0xfffffff0              # where an x86 begins
TRAP = rf'T05thread:p{M}\.0*1;$'


def say(talk, line, pattern):
    text = talk.command(line).replace('\r', '')
    tap.check(re.search(pattern, text), f'{line}: {text!r}, want {pattern}')
    return text


def told(stop, number, address):
    tap.check(re.match(TRAP, stop[0]), f'{stop}: want {TRAP}')
    tap.check(re.fullmatch(rf'gdbx: point {number} hit at 0x0*{address} '
                           r'\(CPU#\d+, cr3 0x[0-9a-f]+, cpl [0-3]\)\n',
                           stop[1]), f'{stop[1]!r} is not what is said')


def row(talk, number):
    rows = [line.split() for line in talk.command('gdbx points').splitlines()]
    found = [' '.join(r) for r in rows if r[:1] == [str(number)]]
    tap.equal(len(found), 1, f'rows of point {number}')
    return found[0]


def register(vm, name):
    return int(re.search(rf'\b{name}=([0-9a-f]+)',
                         vm.qmp.hmp('info registers'))[1], 16)


# What it says ---------------------------------------------------------------

@on(HELD)
def test_usage(vm):
    "help, usage and refusals; nothing is set by what is not understood"
    with Talk(vm) as talk:
        say(talk, 'gdbx help', r'gdbx break ADDR \[cr3 VALUE\] \[cpl 0\.\.3\]')
        say(talk, 'gdbx help break', r'(?s)usage: gdbx break ADDR.*eval "')
        say(talk, 'gdbx help nonsense', "no command 'nonsense'")
        say(talk, 'gdbx break', '^usage: gdbx break ADDR')
        say(talk, 'gdbx break main', "not a number: 'main'.*eval")
        for bad in ('0x', '0x10000000000000000', '18446744073709551616', '-1',
                    '0x12q', '1' * 300):
            say(talk, f'gdbx break {bad}', 'not a number')
        for bad in ('cr3', 'cpl', 'tid 5', '5'):
            say(talk, f'gdbx break 16 {bad}', '^usage')
        say(talk, 'gdbx break 16 cpl 4', "no value of cpl: '4'")
        say(talk, 'gdbx break 16 cr3 x', "no value of cr3: 'x'")
        say(talk, 'gdbx points now', '^usage: gdbx points\\n')
        for bad in ('', '0', 'x', '1 2'):
            say(talk, f'gdbx delete {bad}', '^usage')
        say(talk, 'gdbx delete all', 'there are none')
        say(talk, 'gdbx points', '^no points$')


@on(HELD)
def test_list(vm):
    "points are listed by number, deleted by number, gone with the client"
    with Talk(vm) as talk:
        say(talk, 'gdbx break 0xfffff', '^point 1 at 0xfffff$')
        say(talk, 'gdbx break 18 cpl 3 cr3 0x1234567', '^point 2 at 0x12$')
        say(talk, 'gdbx break 18', '^point 3 at 0x12$')
        tap.equal(row(talk, 2), '2 0x0000000000000012 machine armed true 0 '
                  'false 0 conditions 0 cr3 0x1234000 cpl 3')
        talk.ok('Z0,40,1')
        say(talk, 'gdbx points', r'(?m)^ +gdb 0x0+40 machine +armed')
        talk.ok('z0,40,1')
        say(talk, 'gdbx delete 4', 'no point 4')
        tap.equal(talk.command('gdbx delete 2'), '')
        tap.check(row(talk, 3), '3 is there')
        say(talk, 'gdbx break 20', '^point 4')
        tap.equal(talk.command('gdbx delete all'), '')
        tap.check(' 3 0x' not in talk.command('gdbx points'), 'it is left')
        say(talk, 'gdbx break 20', '^point 1')
    with Talk(vm) as talk:
        say(talk, 'gdbx points', '^no points$')


@on(HELD)
def test_bounded(vm):
    "there is a last one"
    with Talk(vm) as talk:
        for i in range(10000):
            talk.command(f'gdbx break {i * 16}')
        say(talk, 'gdbx break 1', '10000 points already')
        tap.equal(talk.command('gdbx points').count(' machine '), 10000)
        tap.equal(talk.command('gdbx delete all'), '')


@on(HELD)
def test_nobody_there(vm):
    "QEMU's own console with no gdb: refused, for nobody would be told"
    tap.contains(vm.qmp.hmp('gdbx break 16'), 'no gdb is connected')
    until(lambda: 'no points' in vm.qmp.hmp('gdbx points'),
          'the stub sees that its client has gone')


# Where it stops -------------------------------------------------------------

@on(HELD)
def test_firmware(vm):
    "the first jump of the firmware: stops, and `continue' passes"
    with Talk(vm) as talk:
        # The reset vector holds a far jump within the first MiB.
        code = bytes.fromhex(talk.ask(f'm{RESET:x},5'))
        tap.equal(code[0], 0xea, 'a far jump')
        entry = int.from_bytes(code[3:5], 'little') * 16 + \
            int.from_bytes(code[1:3], 'little')
        say(talk, f'gdbx break {entry:#x} cpl 0', '^point 1')
        say(talk, f'gdbx break {entry:#x} cpl 3', '^point 2')
        say(talk, f'gdbx break {entry:#x} cr3 0x1000', '^point 3')
        told(talk.run(), 1, f'{entry:x}')
        tap.contains(row(talk, 1), 'true 1 false 0')
        tap.contains(row(talk, 2), 'true 0 false 0')
        tap.contains(row(talk, 3), 'true 0 false 0')
        talk.resume()
        until(lambda: vm.qmp.hmp('info registers -a').count('EIP=0000fff0')
              == 0, 'the firmware goes on')
        talk.interrupt()
        talk.expect(talk.stop(), rf'T02thread:p{M}\.0*[12];$')


@on(ONE)
def test_filters(vm):
    "by CR3 and CPL in a guest of two processes that share the code"
    work, _ = places(vm)
    with Talk(vm) as talk:
        thread = talk.attach(ONE.pids['busy-a'])
        talk.ok(f'Z0,{work},1')
        talk.expect(talk.run(), rf'T05thread:{thread};.*swbreak')
        talk.ok(f'z0,{work},1')
        root = register(vm, 'CR3')
        say(talk, f'gdbx break 0x{work} cr3 {root:#x} cpl 3', '^point 1')
        say(talk, f'gdbx break 0x{work} cpl 0', '^point 2')
        say(talk, f'gdbx break 0x{work} cr3 {root + 0x100000:#x}', '^point 3')
        talk.ok(f'Hgp{M}.1')
        for _ in range(20):
            told(talk.run(), 1, work)
            tap.equal(register(vm, 'CR3') & ~0xfff, root & ~0xfff, 'CR3')
        tap.contains(row(talk, 1), 'true 20 false 0')
        for other in (2, 3):
            tap.contains(row(talk, other), 'true 0 false 0')
        talk.command('gdbx delete 1')
        talk.resume()
        goes_on(ONE)
        talk.interrupt()
        talk.expect(talk.stop(), 'T02')


@on(ONE)
def test_each_turn(vm):
    "each turn of the loop stops once: the counter goes by ones"
    work, counter = places(vm)
    with Talk(vm) as talk:
        talk.attach(ONE.pids['busy-a'])
        talk.ok(f'Z0,{work},1')
        talk.run()
        talk.ok(f'z0,{work},1')
        root = register(vm, 'CR3')
        say(talk, f'gdbx break 0x{work} cr3 {root:#x}', '^point 1')
        talk.ok(f'Hgp{M}.1')
        # A new point at the place where the CPU is counts from here on.
        told(talk.run(), 1, work)
        value = talk.number(counter)
        for _ in range(1000):
            told(talk.run(), 1, work)
            value += 1
            tap.equal(talk.number(counter), value, 'counter')


@on(ONE)
def test_moved(vm):
    "gdb puts the CPU in front of the point: it stops there again"
    work, counter = places(vm)
    with Talk(vm) as talk:
        say(talk, f'gdbx break 0x{work} cpl 3', '^point 1')
        told(talk.run(), 1, work)
        value = talk.number(counter)
        # rip is register 16; busy's work() begins with lea 1(%rdi),%rax.
        step = talk.run(f'vCont;s:p{M}.1')
        tap.check(step[0].startswith('T05'), step)
        tap.equal(step[1], '', 'console')
        tap.check(register(vm, 'RIP') != int(work, 16), 'no step was made')
        talk.ok('P10=' + int(work, 16).to_bytes(8, 'little').hex())
        told(talk.run(), 1, work)
        tap.equal(talk.number(counter), value, 'counter')


@on(ONE)
def test_changed(vm):
    "gdb changes a register and stays: `continue' passes"
    work, counter = places(vm)
    with Talk(vm) as talk:
        say(talk, f'gdbx break 0x{work} cpl 3', '^point 1')
        told(talk.run(), 1, work)
        value = talk.number(counter)
        talk.command('gdbx delete all')
        root = register(vm, 'CR3')
        say(talk, f'gdbx break 0x{work} cr3 {root:#x}', '^point 1')
        told(talk.run(), 1, work)
        # rdi, the argument
        talk.ok('P5=' + (value + 1000).to_bytes(8, 'little').hex())
        told(talk.run(), 1, work)
        tap.equal(talk.number(counter), value + 1001, 'counter')


@on(ONE)
def test_gdbs_own(vm):
    "gdb's breakpoint at the same place is what is reported"
    work, _ = places(vm)
    with Talk(vm) as talk:
        thread = talk.attach(ONE.pids['busy-a'])
        root_of = talk.ask(f'Z0,{work},1')
        tap.equal(root_of, 'OK')
        talk.run()
        root = register(vm, 'CR3')
        say(talk, f'gdbx break 0x{work} cr3 {root:#x}', '^point 1')
        talk.run(f'vCont;s:{thread}')
        stop = talk.run()
        talk.expect(stop, rf'T05thread:{thread};.*swbreak')
        tap.equal(stop[1], '', 'console')
        tap.contains(row(talk, 1), 'true 1 ')
        # The machine's own too, though the point was set later.
        talk.ok(f'z0,{work},1')
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Z0,{work},1')
        talk.command('gdbx delete all')
        say(talk, f'gdbx break 0x{work} cpl 3', '^point 1')
        stop = talk.run()
        talk.expect(stop, rf'T05thread:p{M}\.0*1;.*swbreak')
        tap.equal(stop[1], '', 'console')


@on(TWO)
def test_running(vm):
    "set and deleted on QEMU's console while two vCPUs run"
    work, _ = places(vm)
    with Talk(vm) as talk:
        talk.resume()
        goes_on(TWO)
        for _ in range(10):
            vm.qmp.hmp('gdbx break 0x7fff00000000')
            vm.qmp.hmp('gdbx delete 1')
        goes_on(TWO)
        vm.qmp.hmp(f'gdbx break 0x{work}')
        stop = talk.stop()
        talk.expect(stop, rf'T05thread:p{M}\.0*[12];$')
        tap.contains(stop[1], 'gdbx: point 1 hit')
    vm.qmp.command('cont')
    goes_on(TWO)


@on(ONE)
def test_left(vm):
    "a client that goes takes its points along"
    work, _ = places(vm)
    with Talk(vm) as talk:
        say(talk, f'gdbx break 0x{work}', '^point 1')
        told(talk.run(), 1, work)
        told(talk.run(), 1, work)
    until(lambda: 'no points' in vm.qmp.hmp('gdbx points'),
          'the stub sees that its client has gone')
    vm.qmp.command('cont')
    goes_on(ONE)


tap.main(globals())
