#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`info os' tables of one process, of CPUs and page tables: what the guest's
own /proc says, or memory itself; wrong arguments are one clear row."""
import re

import common
import tap

RUN = ['sleeper', 'dynamic', 'threads', 'busy-a']
guest = common.Guest(run=RUN, smp=2)
PHYS = 0x0300000000000000


def reason(gdb, line):
    rows = gdb.os_table(line)
    tap.equal(len(rows), 1, f'rows of {line}')
    return rows[0].get('reason', f'no reason: {rows}')


def maps_of(text):
    return [(f'0x{m[1]}', f'0x{m[2]}', m[3], hex(int(m[4], 16)), m[5], m[6])
            for m in re.finditer(r'^0*(\w+)-0*(\w+) (\S+) (\w+) (\S+) (\d+)',
                                 text, re.M)]


def test_maps():
    "every line of /proc/PID/maps"
    oracle = guest.boot().oracle
    for name in ('sleeper', 'dynamic'):
        pid = guest.pids[name]
        want = maps_of(oracle.proc(pid, 'maps').decode())
        with guest.gdb() as (vm, gdb):
            rows = gdb.os_table(f'maps {pid}')
        got = [(r['start'], r['end'], r['rights'], r['offset'], r['device'],
                r['inode']) for r in rows]
        tap.check(len(want) > 5, f'{len(want)} mappings')
        tap.equal(got, want, name)


def test_system_calls():
    "number and arguments are those of /proc/PID/syscall"
    oracle = guest.boot().oracle
    pid = guest.pids['sleeper']
    said = oracle.proc(pid, 'syscall').decode().split()
    with guest.gdb() as (vm, gdb):
        row, = gdb.os_table(f'syscalls {pid}')
        rows = gdb.os_table('syscalls')
    check_call(row, said)
    tap.check(len(rows) > 20, f'{len(rows)} threads')
    tap.contains([r for r in rows if r['name'] == 'waiter'][0]['syscall'],
                 'futex(')


def check_call(row, said):
    tap.equal(row['number'], said[0], 'number')
    got = re.findall(r'0x[0-9a-f]+', row['syscall'])
    tap.equal([int(x, 16) for x in got], [int(x, 16) for x in said[1:7]],
              'arguments')
    tap.check(row['syscall'].startswith('pause('), row['syscall'])


def test_stack():
    "a sleeper's kernel stack begins in the scheduler and ends at the entry"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        rows = gdb.os_table(f"stack {guest.pids['sleeper']}")
    names = [r['function'].split('+')[0] for r in rows]
    tap.check(names[0] in ('__schedule', 'schedule'), names)
    tap.check(any('sys_pause' in n for n in names), names)
    tap.check('entry_SYSCALL' in names[-1], names)


def test_page_table():
    "the walk ends at the byte that the process reads there"
    guest.boot()
    pid = guest.pids['busy-a']
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        where = gdb.number('(long)&counter')
        rows = gdb.os_table(f'pagetable {where:#x} {pid}')
        tap.equal([r['level'] for r in rows], ['4', '3', '2', '1'], 'levels')
        for row in rows:
            read = gdb.number(f"*(long *)({PHYS} + {row['entry']})")
            tap.equal(read & 2**64 - 1,
                      int(row['value'], 16), 'entry')
        physical = int(rows[-1]['leads to'].split()[1], 16)
        tap.equal(gdb.number(f'*(long *)({PHYS} + {physical})'),
                  gdb.number('counter'), 'counter')
        tap.equal(gdb.os_table(f'pagetable {where}')[0]['entry'],
                  rows[0]['entry'], 'of the selected inferior')
        rows = gdb.os_table(f'pagetable 0 {pid}')
        tap.equal(rows[-1]['leads to'], 'not present', 'nothing at 0')


def test_files_and_libraries():
    "open files of one process and of all; libraries"
    guest.boot()
    pid = guest.pids['dynamic']
    with guest.gdb() as (vm, gdb):
        one = gdb.os_table(f'files {pid}')
        every = gdb.os_table('files')
        libs = [r['path'] for r in gdb.os_table(f'libs {pid}')]
    tap.equal([r['fd'] for r in one], ['0', '1', '2'], 'descriptors')
    tap.equal([r for r in every if r['pid'] == str(pid)], one, 'the same')
    tap.check('/lib/libplug.so' in libs and '/lib/libc.so.6' in libs, libs)


def test_cpus_and_symbols():
    "what each CPU runs; kernel symbols by pattern"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        cpus = gdb.os_table('cpus')
        names = {t['name'].split('/')[0] for t in gdb.threads()}
        text = gdb.cmd('info os symbols linux_ban*')
        loops = gdb.os_table('symbols schedule')
        table = gdb.cmd('info os')
    tap.equal([r['cpu'] for r in cpus], ['0', '1'], 'CPUs')
    for row in cpus:
        tap.check(row['task'].split('/')[0] in names, f'{row} {names}')
        tap.equal(row['mode'], '64-bit', 'mode')
    tap.contains(text, 'linux_banner')
    tap.equal([r['name'] for r in loops], ['schedule'])
    for line in ('maps PID', 'pagetable ADDR [PID]', 'files [PID]'):
        tap.contains(table, line)


def test_wrong_arguments():
    "one row that says how it is used, or what is not there"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        for line in ('maps', 'maps x', 'maps 1 2', 'maps -1', 'stack',
                     'pagetable', 'pagetable x', 'pagetable 1 2 3', 'symbols',
                     'processes 1', 'cpus all', 'files 0x', 'syscalls x'):
            tap.contains(reason(gdb, line),
                         f'usage: info os {line.split()[0]}')
        for line in ('maps 99999', 'files 99999', 'stack 4000000',
                     'pagetable 0 99999', 'libs 99999'):
            tap.contains(reason(gdb, line), 'no task')
        tap.contains(reason(gdb, 'syscalls 99999'), 'no such process')
        tap.contains(reason(gdb, f"libs {guest.pids['busy-a']}"), 'static')
        tap.contains(reason(gdb, 'nonsense'), 'no such table')
        tap.contains(reason(gdb, 'pagetable 0x800000000000'), 'canonical')


def test_control():
    "negative control: another call and another argument are noticed"
    good = {'number': '34', 'syscall': 'pause(0x1, 0x2, 0x3, 0x4, 0x5, 0x6)'}
    said = ['34', '0x1', '0x2', '0x3', '0x4', '0x5', '0x6', '0x7', '0x8']
    check_call(good, said)
    tap.fails(check_call, dict(good, number='35'), said)
    tap.fails(check_call, good, said[:3] + ['0x9'] + said[4:])
    tap.check(maps_of('00400000-00401000 r--p 00000000 00:02 7 /x\n')
              != maps_of('00400000-00401000 r-xp 00000000 00:02 7 /x\n'),
              'rights are not compared')


tap.main(globals())
