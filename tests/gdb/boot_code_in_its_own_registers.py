#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boot code in 16-bit and 32-bit views of the machine: a boot sector of ours
goes through all modes of the CPU and back, with a breakpoint in each."""
import atexit
import subprocess
import tempfile
from pathlib import Path

import common
import tap
from vm import ROOT

REAL, PROTECTED = 10000016, 10000032


def build_sector():
    """(path of the image, {label: linear address})"""
    room = tempfile.TemporaryDirectory(prefix='gdbx-boot-')
    atexit.register(room.cleanup)
    out = Path(room.name)
    source = ROOT / 'tests' / 'guest' / 'boot.S'
    for command in (['as', '--64', '-o', out / 'boot.o', source],
                    ['ld', '-Ttext=0x7c00', '-e', '0x7c00', '-o', out / 'boot',
                     out / 'boot.o'],
                    ['objcopy', '-O', 'binary', '-j', '.text', out / 'boot',
                     out / 'boot.img']):
        subprocess.run(command, check=True)
    rows = subprocess.run(['nm', out / 'boot'], check=True, text=True,
                          capture_output=True).stdout.split('\n')
    return out / 'boot.img', {r.split()[2]: int(r.split()[0], 16)
                              for r in rows if len(r.split()) == 3}


image, labels = build_sector()
guest = common.Guest(
    kernel=None, paused=True, kernel_symbols=True,
    extra=['-drive', f'if=ide,format=raw,snapshot=on,file={image}'])


def view(gdb, number, pid):
    gdb.cmd('add-inferior')
    gdb.cmd(f'inferior {number}')
    gdb.cmd(f'attach {pid}')


def run_to(gdb, inferior, label):
    """Stops at the label in that inferior, by a breakpoint of its own."""
    gdb.cmd(f'inferior {inferior}')
    gdb.cmd(f'tbreak *{labels[label]:#x}')
    stop = gdb.run('continue')
    tap.equal(stop.reason, 'breakpoint-hit', f'stop at {label}: {stop}')
    check_value(gdb, '(long)$pc', labels[label], f'$pc at {label}')
    tap.equal(gdb.cmd('info inferiors').split('*')[1].split()[0],
              str(inferior), 'inferior')


def check_value(gdb, expression, want, what=''):
    bits = 64 if want >> 32 else 32     # a `long' of a view has 32
    tap.equal(gdb.number(expression) % (1 << bits), want, what or expression)


def test_all_modes():
    "real, protected, long and back: registers, stack, code, steps in each"
    guest.stop()
    with guest.gdb() as (vm, gdb):
        run_to(gdb, 1, 'start')
        view(gdb, 2, REAL)
        view(gdb, 3, PROTECTED)

        run_to(gdb, 2, 'real_here')
        check_value(gdb, '$bx', 0x1234)
        check_value(gdb, '(long)$sp', 0x10000 + 0x7fe)
        check_value(gdb, '*(unsigned short *)$sp', 0x5678)
        check_value(gdb, f"*(unsigned short *){labels['word']:#x}", 0x4242)
        code = gdb.cmd('x/3i $pc').splitlines()
        tap.contains(code[0], 'nop')
        tap.contains(code[2], 'lgdtl')
        gdb.run('stepi')
        check_value(gdb, '(long)$pc', labels['real_here'] + 1, 'after stepi')

        run_to(gdb, 3, 'prot_here')
        check_value(gdb, '$ebx', 0xdeadbeef)
        check_value(gdb, '*(unsigned *)$sp', 0x13579bdf)
        tap.contains(gdb.cmd('x/2i $pc').splitlines()[1], '%eax,%eax')

        run_to(gdb, 1, 'long_here')
        check_value(gdb, '$rbx', 0x1122334455667788)
        gdb.cmd('inferior 2')
        for name in ('ebx', 'esp', 'eflags'):
            tap.contains(gdb.cmd(f'info registers {name}'), '<unavailable>')
        gdb.cmd('info threads')

        run_to(gdb, 3, 'prot2_here')
        check_value(gdb, '$ebx', 0xcafef00d)
        run_to(gdb, 2, 'real2_here')
        check_value(gdb, '$bx', 0x4321)
        # The machine's own inferior has a linear program counter as well.
        gdb.cmd('inferior 1')
        check_value(gdb, '$rip', labels['real2_here'], '$rip in real mode')


def test_conditions_and_writes():
    "conditions see linear addresses; a program counter that is set is one too"
    guest.stop()
    with guest.gdb() as (vm, gdb):
        run_to(gdb, 1, 'start')
        view(gdb, 2, REAL)
        here = labels['real_here']
        gdb.cmd(f'break *{here:#x} if $eip != {here:#x}')
        gdb.cmd(f'break *{here + 1:#x} if $eip == {here + 1:#x} && '
                '$esp == 0x107fe')
        gdb.run('continue')
        check_value(gdb, '(long)$pc', here + 1, '$pc')
        gdb.cmd(f'set $pc = {here:#x}')
        check_value(gdb, '(long)$pc', here, '$pc as set')
        gdb.cmd('delete')
        gdb.run('stepi')
        check_value(gdb, '(long)$pc', here + 1, 'after stepi')


def test_views_come_and_go():
    "a view is attached once, detached, attached again; the guest stays stopped"
    guest.stop()
    with guest.gdb() as (vm, gdb):
        tap.contains(gdb.cmd('monitor gdbx views'), f'attach {REAL}')
        view(gdb, 2, REAL)
        tap.contains(gdb.cmd('info threads'), f'Thread {REAL}.1')
        gdb.cmd('detach')
        tap.check(f'Thread {REAL}.' not in gdb.cmd('info threads'), 'still there')
        gdb.cmd(f'attach {REAL}')
        gdb.cmd('add-inferior')
        gdb.cmd('inferior 3')
        tap.fails(gdb.cmd, f'attach {REAL}', exception=common.GdbError)


def test_check_notices_a_wrong_value():
    "negative control: another value is noticed"
    guest.stop()
    with guest.gdb() as (vm, gdb):
        tap.fails(check_value, gdb, '1 + 1', 3)


tap.main(globals())
