#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""attach PID: the process's registers, memory, threads and files, whether or
not it is the one that runs. One CPU, so that most are not."""
import re
import struct
import tempfile
from pathlib import Path

import common
import tap

RUN = ['busy-a', 'busy-b', 'threads', 'sleeper', 'dynamic', 'busy-pie',
       'compat32']
guest = common.Guest(run=RUN, smp=1)


def counter_range(vm, name):
    """(least, a function that gives the most) its counter can be."""
    pid = guest.pids[name]
    return vm.oracle.counter(pid), lambda: vm.oracle.counter(pid)


def check_between(low, value, high):
    tap.check(low <= value <= high, f'{value} is not in {low}..{high}')


def test_memory_of_each_copy():
    "the same address in two processes gives the counter of each"
    vm = guest.boot()
    low = {n: vm.oracle.counter(guest.pids[n]) for n in ('busy-a', 'busy-b')}
    with guest.gdb() as (vm, gdb):
        got = {}
        for name in low:
            gdb.attach(guest.pids[name])
            tap.contains(gdb.cmd('info symbol &counter'), 'counter')
            got[name] = gdb.number('counter')
        gdb.cmd('disconnect')
    guest.boot()
    for name in low:
        check_between(low[name], got[name],
                      vm.oracle.counter(guest.pids[name]))
    tap.check(got['busy-a'] != got['busy-b'],
              'both copies show one counter: one page table is read twice')


def test_memory_equals_proc_mem():
    "text and data of a sleeping process are what /proc/PID/mem says"
    vm = guest.boot()
    pid = guest.pids['sleeper']
    address = int(vm.oracle.said('sleeper')['signature'], 16)
    want = {a: vm.oracle.peek(pid, a, 64) for a in (address, 0x401000)}
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        for a, data in want.items():
            read = gdb.mi(f'-data-read-memory-bytes {a:#x} 64')['memory']
            tap.equal(read[0]['contents'], data.hex(), f'memory at {a:#x}')
        tap.equal(gdb.number('signature'), 0x736c656570, 'signature')


def test_registers_of_a_sleeper():
    "the saved user registers of a process that waits in a system call"
    pid = guest.boot() and guest.pids['sleeper']
    stack = guest.vm.oracle.proc(pid, 'syscall').split()
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        for name, want in (('rbx', 0x1111), ('r12', 0x1212), ('r13', 0x1313),
                           ('r14', 0x1414), ('r15', 0x1515), ('orig_rax', 34),
                           ('rdi', 0x736c656570), ('rsp', int(stack[-2], 16)),
                           ('rip', int(stack[-1], 16))):
            tap.equal(gdb.number(f'(long)${name}'), want, name)
        tap.contains(gdb.cmd('backtrace'), 'rest (a=')
        for i, want in enumerate((0x7777777711111111, 0x7777777722222222)):
            tap.equal(gdb.number(f'$xmm7.v2_int64[{i}]'), want, 'xmm7')
        tap.equal(gdb.number('(int)$mxcsr'), 0x1f80, 'mxcsr')
        tap.equal(gdb.number('$fctrl'), 0x37f, 'fctrl')
        tap.equal(gdb.number('$ftag'), 0xffff, 'ftag: nothing is used')


def test_threads_with_names():
    "all threads of the process, named as it named them, each with its frame"
    pid = guest.boot() and guest.pids['threads']
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        mine = [t for t in gdb.threads() if f'Thread {pid}.' in t['target-id']]
        tap.equal(sorted(t['name'] for t in mine),
                  ['sleeper', 'spinner', 'threads', 'waiter'], 'names')
        for thread in mine:
            gdb.mi(f"-thread-select {thread['id']}")
            text = gdb.cmd('backtrace')
            want = {'threads': 'main', 'spinner': 'spin'}.get(thread['name'],
                                                           thread['name'])
            tap.contains(text, want, thread['name'])


def test_auxiliary_vector():
    "info auxv is the guest's /proc/PID/auxv"
    pid = guest.boot() and guest.pids['busy-a']
    raw = guest.vm.oracle.proc(pid, 'auxv')
    want = dict(struct.iter_unpack('<QQ', raw))
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        rows = [line.split() for line in gdb.cmd('info auxv').splitlines()]
        got = {int(r[0]): r for r in rows if r and r[0].isdigit()}
        tap.equal(set(got), set(want), 'entries')
        tap.equal(int(got[9][-1], 0), want[9], 'AT_ENTRY')
        tap.equal(int(got[6][-1], 0), want[6], 'AT_PAGESZ')


def test_position_independent():
    "symbols of a position independent program are moved to where it is"
    vm = guest.boot()
    address = int(vm.oracle.said('busy-pie')['counter'], 16)
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-pie'])
        tap.equal(gdb.number('(long)&counter'), address, '&counter')


def test_libraries():
    "shared libraries, one of them opened at run time, with their symbols"
    vm = guest.boot()
    address = int(vm.oracle.said('dynamic')['plug'], 16)
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['dynamic'])
        text = gdb.cmd('info sharedlibrary')
        for name in ('libc.so.6', 'libplug.so'):
            tap.contains(text, name)
        tap.equal(gdb.number('(long)&plug_step'), address, '&plug_step')


def test_pages_that_are_not_there():
    "code that the process never touched is read out of the page cache"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['dynamic']
        gdb.attach(pid)
        maps = gdb.cmd(f'monitor gdbx os maps {pid}')
        start, end, offset = (int(x, 16) for x in re.search(
            r'(\w+)-(\w+) r-xp +(\w+) /lib/libc.so.6', maps).groups())
        with tempfile.NamedTemporaryFile() as f:
            gdb.cmd(f'dump binary memory {f.name} {start} {end}')
            got = Path(f.name).read_bytes()
        tap.equal(len(got), end - start, 'bytes')
        want = (vm.sysroot() / 'lib/libc.so.6').read_bytes()[offset:]
        tap.check(got[:len(want)] == want[:len(got)], 'libc differs')
        gdb.start('continue')
        pages = vm.oracle.proc(pid, 'smaps').decode()
        resident = int(re.search(rf'{start:x}-(?s:.)*?Rss: +(\d+)', pages)[1])
        tap.check(resident * 1024 < end - start, 'all of it was there')


def test_32_bit():
    "a 32-bit process is shown by its program and its counter"
    vm = guest.boot()
    low = vm.oracle.counter(guest.pids['compat32'])
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['compat32'])
        tap.contains(gdb.cmd('info inferiors'), 'compat32')
        tap.check(gdb.number('counter') >= low, 'its counter runs backwards')


def test_no_such_process():
    "attach to a pid that nobody has is an error, and gdb goes on"
    with guest.gdb() as (vm, gdb):
        gdb.cmd('add-inferior')
        gdb.cmd('inferior 2')
        tap.fails(gdb.cmd, 'attach 99999', exception=common.GdbError)
        tap.check(gdb.os_table('processes'), 'gdb lost the guest')


def test_check_notices_the_wrong_counter():
    "negative control: a counter outside its bounds is noticed"
    tap.fails(check_between, 5, 4, 9)
    tap.fails(check_between, 5, 10, 9)


tap.main(globals())
