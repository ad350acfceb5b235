#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's symbols, its modules' and its backtraces in a gdb that was given
no file: all of it comes from the guest."""
import json
import random
import re
from pathlib import Path

import common
import kernel
import tap
from fixture import kernel as kernel_name
from vm import build

guest = common.Guest(run=['sleeper', 'busy-a'], smp=2, kernel_symbols=True)


def modules():
    info = json.loads((build.guest(kernel_name()) / 'info.json').read_text())
    return [Path(m).stem for m in info['modules']]


def check_address(gdb, name, known):
    value = gdb.number(f"(long)&'{name}'") % (1 << 64)
    tap.check(value in known[name], f'{name} at {value:#x}')


def test_symbols_are_where_kallsyms_says():
    "functions and data, by name and back by address, with the guest's KASLR"
    vm = guest.boot()
    known = kernel.symbols(vm.oracle)
    plain = sorted(n for n in known if re.fullmatch(r'[a-z]\w+', n)
                   and len(known[n]) == 1 and min(known[n]) >= kernel.USER_END)
    with guest.gdb() as (vm, gdb):
        check_address(gdb, 'do_sys_openat2', known)
        for name in random.Random(1).sample(plain, 60):
            check_address(gdb, name, known)
        here = min(known['do_sys_openat2'])
        tap.contains(gdb.cmd(f'info symbol {here + 5:#x}'), 'do_sys_openat2 + 5')
        tap.contains(gdb.cmd(f'x/i {here:#x}'), '<do_sys_openat2>')


def test_backtrace_through_an_interrupt():
    "from a timer's handler out to what it interrupted, as the kernel's tables"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        gdb.cmd('break hrtimer_interrupt')
        for _ in range(4):
            stop = gdb.run('continue')
            tap.equal(stop.reason, 'breakpoint-hit', 'stop')
            shown = [int(f['addr'], 16) for f in
                     gdb.mi('-stack-list-frames')['stack']]
            pid = gdb.number('$ostid')
            if not pid:
                continue        # an idle task has no number to ask by
            said = gdb.cmd(f'monitor gdbx os stack {pid}')
            pcs = [int(pc, 16) for pc in re.findall(
                r'(?m)^\s+(?:#\d+\s+)?(?:0x)?(\w{16})\b', said)]
            mine = [pc for pc in shown if pc >= kernel.USER_END]
            tap.check(len(pcs) > 2, said)
            tap.equal(mine, pcs, f'frames; {said}')
            tap.check(len(shown) - len(mine) <= 1, 'guessed frames')


def test_a_breakpoint_by_name():
    "break on a system call's function stops whoever makes it"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        gdb.cmd('break do_sys_openat2')
        gdb.start('continue')
        vm.oracle.sock.sendall(b'read /proc/uptime\n')
        stop = gdb.wait_stop()
        tap.equal(stop.frame.get('func'), 'do_sys_openat2', 'function')
        tap.contains(gdb.cmd('backtrace'), 'do_syscall_64')
        gdb.cmd('delete')
        gdb.start('continue')
        vm.oracle.answer()


def test_modules_are_libraries():
    "each with its sections; its symbols are where kallsyms says"
    vm = guest.boot()
    for name in modules():
        vm.oracle.ask('insmod', f'/lib/modules/{name}.ko')
    known = kernel.symbols(vm.oracle)
    lines = vm.oracle.compressed('read', '/proc/kallsyms').decode().splitlines()
    mine = [line.split()[2] for line in lines if line.endswith(']')
            and line.split()[1] in 'tT']
    try:
        with guest.gdb() as (vm, gdb):
            text = gdb.cmd('info sharedlibrary')
            for name in modules():
                tap.contains(text, f'/gdbx/modules/{name}.ko')
            tap.check(mine, 'no module has a function')
            for name in mine:
                check_address(gdb, name, known)
                where = min(known[name])
                tap.contains(gdb.cmd(f'info symbol {where:#x}'), name)
    finally:
        guest.boot()
        for name in modules():
            vm.oracle.ask('rmmod', name)


def test_modules_come_and_go():
    "catch load and catch unload of a module, told when it happens"
    guest.boot()
    name = modules()[0]
    with guest.gdb() as (vm, gdb):
        tap.check(name not in gdb.cmd('info sharedlibrary'), 'there already')
        for what in ('load', 'unload'):
            gdb.cmd(f'catch {what} {name}')
            gdb.start('continue')
            vm.oracle.sock.sendall((f'insmod /lib/modules/{name}.ko\n' if what ==
                                    'load' else f'rmmod {name}\n').encode())
            stop = gdb.wait_stop()
            tap.equal(stop.reason, 'solib-event', f'stop: {stop}')
            tap.equal(name in gdb.cmd('info sharedlibrary'), what == 'load',
                      f'{name} is listed')
            gdb.cmd('delete')
            gdb.start('continue')
            vm.oracle.answer()
            gdb.interrupt()
            gdb.wait_stop()


def test_check_notices_a_wrong_address():
    "negative control: a symbol that is elsewhere is noticed"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        tap.fails(check_address, gdb, 'do_sys_openat2', {'do_sys_openat2': {1}})


tap.main(globals())
