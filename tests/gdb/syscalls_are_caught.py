#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""catch syscall: entry and return, by all ways that a CPU has, with the numbers
of the program's own table; signals, restarts, forks and execs among them."""
import os
import re

import common
import tap

guest = common.Guest(run=['syscalls', 'syscalls32', 'signals'],
                     smp=int(os.environ.get('SMP', '1')))
EINTR, ENOSYS, EBADF, ENOENT, EINVAL = 4, 38, 9, 2, 22
AGAIN, CONTINUED = 512, 516


def attach(gdb, name):
    gdb.attach(guest.pids[name])


def next_call(gdb):
    """(is it the entry, name) of the stop that a continue ends in."""
    stop = gdb.run('continue')
    found = re.search(r'\((call to|returned from) syscall (\w+)\)', stop.text)
    tap.check(found, f'no system call: {stop}')
    return found[1] == 'call to', found[2]


def check_pairs(calls):
    """Each return is of the entry in front of it: one thread alone."""
    for (entry, name), (back, same) in zip(calls[::2], calls[1::2]):
        tap.check(entry and not back and name == same,
                  f'{name} is followed by {same}')


def test_entry_and_return():
    "each call stops twice, in front and behind, with its registers"
    with guest.gdb() as (_vm, gdb):
        attach(gdb, 'signals')
        gdb.cmd('catch syscall kill')
        if not next_call(gdb)[0]:
            next_call(gdb)
        pid = guest.pids['signals']
        tap.equal([gdb.number(f'(long)${r}') for r in
                   ('orig_rax', 'rax', 'rdi', 'rsi')],
                  [62, -ENOSYS, pid, 10], 'registers at the entry')
        tap.contains(gdb.cmd('x/i $pc-2'), 'syscall')
        tap.contains(gdb.cmd('backtrace'), 'fault (')
        tap.equal(next_call(gdb), (False, 'kill'), 'next')
        tap.contains(gdb.cmd('frame'), 'handle (sig=10)')


def test_all_calls_come_in_pairs():
    "without a list all calls stop; rt_sigreturn comes back where it was"
    with guest.gdb() as (_vm, gdb):
        attach(gdb, 'signals')
        gdb.cmd('catch syscall')
        first = next_call(gdb)
        calls = ([] if not first[0] else [first]) + \
            [next_call(gdb) for _ in range(24)]
        check_pairs(calls[:len(calls) & ~1])
        names = {n for _, n in calls}
        tap.equal(names & {'getpid', 'kill', 'rt_sigreturn'},
                  {'getpid', 'kill', 'rt_sigreturn'}, 'calls')


def test_32_bit_by_all_ways():
    "INT 0x80 and the vDSO's way, with the names of the 32-bit table"
    with guest.gdb() as (_vm, gdb):
        attach(gdb, 'syscalls32')
        gdb.cmd('catch syscall')
        while next_call(gdb) != (False, 'mmap2'):
            pass
        calls = []
        for _ in range(8):
            calls.append(next_call(gdb))
            if calls[-1] == (True, 'read'):
                tap.equal([gdb.number(f'(int)${r}') for r in
                           ('ebx', 'ecx', 'edx', 'orig_eax', 'eax')],
                          [-1, 0x1234, 7, 3, -ENOSYS], 'read at its entry')
            elif calls[-1][0]:
                tap.equal(gdb.number('(int)$eax'), -ENOSYS, 'result yet')
            if calls[-1] == (False, 'mmap2'):
                tap.equal(gdb.number('(int)$eax'), -EINVAL, 'mmap2')
        want = [(e, n) for n in ('getpid', 'read', 'getppid', 'mmap2')
                for e in (True, False)]
        tap.equal(calls, want, 'calls')


def test_changed_at_the_entry():
    "what gdb writes at the entry is what the kernel gets: number, argument"
    with guest.gdb() as (_vm, gdb):
        attach(gdb, 'syscalls32')
        gdb.cmd('catch syscall getpid')
        if next_call(gdb)[0]:
            next_call(gdb)
        next_call(gdb)
        gdb.cmd('set $orig_eax = 3')
        gdb.cmd('set $ebx = -1')
        gdb.cmd('delete')
        gdb.cmd('catch syscall read')
        tap.equal(next_call(gdb)[1], 'read', 'next')
        gdb.cmd('delete')
        tap.fails(gdb.cmd, 'set $eip = 0', exception=common.GdbError)


def test_interrupted_and_made_again():
    "a call that a signal interrupts ends once; one made again begins again"
    with guest.gdb() as (_vm, gdb):
        attach(gdb, 'syscalls')
        gdb.cmd('catch syscall read rt_sigreturn nanosleep clock_nanosleep')
        while next_call(gdb) != (False, 'rt_sigreturn'):
            pass
        calls = [next_call(gdb) for _ in range(30)]
        if not calls[0][0]:
            calls = calls[1:]
        check_pairs(calls[:len(calls) & ~1])


def test_exec_and_exit():
    "execve comes back in the new program; exit does not"
    vm = guest.boot()
    pid = vm.oracle.spawn('family', 'exec', '/bin/busy-b')
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        gdb.cmd('catch syscall exit_group execve')
        gdb.start('continue')
        vm.oracle.sock.sendall(f'kill {pid} 10\n'.encode())
        stop = gdb.wait_stop()
        tap.contains(stop.text, 'call to syscall execve')
        tap.equal(next_call(gdb), (False, 'execve'), 'next')
        tap.equal(gdb.number('(long)$rax'), 0, 'result')
        tap.contains(gdb.cmd('info symbol $pc'), '_start')
        gdb.cmd('delete')
        gdb.quit()
    vm.oracle.answer()


def test_check_notices_a_missing_return():
    "negative control: an entry without its return is no pair"
    good = [(True, 'read'), (False, 'read')] * 2
    check_pairs(good)
    tap.fails(check_pairs, good[:1] + good[2:])


tap.main(globals())
