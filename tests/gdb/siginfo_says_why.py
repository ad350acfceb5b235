#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""$_siginfo of the thread that stopped: what the kernel would tell a debugger
in the guest for such a stop."""
import common
import tap

guest = common.Guest(run=['busy-a', 'busy-b', 'compat32', 'threads'], smp=1)
SIGINT, SIGTRAP, SIGSTOP = 2, 5, 19
USER, TRACE, HWBKPT, KERNEL = 0, 2, 4, 128


def check(gdb, signal, code, address=None):
    tap.equal(gdb.number('$_siginfo.si_signo'), signal, 'si_signo')
    tap.equal(gdb.number('$_siginfo.si_code'), code, 'si_code')
    if address is not None:
        tap.equal(gdb.number('(long)$_siginfo._sifields._sigfault.si_addr'),
                  address, 'si_addr')


def each_stop(name):
    guest.boot()
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids[name])
        check(gdb, SIGSTOP, KERNEL)
        gdb.cmd('break work')
        gdb.run('continue')
        check(gdb, SIGTRAP, KERNEL)
        gdb.cmd('stepi')
        check(gdb, SIGTRAP, TRACE, gdb.number('(long)$pc'))
        gdb.cmd('delete')
        gdb.cmd('hbreak work')
        gdb.run('continue')
        check(gdb, SIGTRAP, HWBKPT, gdb.number('(long)$pc'))
        gdb.cmd('delete')
        gdb.cmd('watch counter')
        gdb.run('continue')
        check(gdb, SIGTRAP, HWBKPT, gdb.number('(long)$pc'))
        gdb.cmd('delete')
        gdb.start('continue')
        gdb.interrupt()
        stop = gdb.wait_stop()
        tap.equal(stop.values.get('signal-name'), 'SIGINT')
        check(gdb, SIGINT, USER)


def test_64_bit():
    "attach, breakpoint, step, hardware breakpoint, watchpoint, Ctrl-C"
    each_stop('busy-a')


def test_32_bit():
    "the same of a 32-bit program"
    each_stop('compat32')


def test_others_and_writing():
    "a thread that nothing stopped has none; it cannot be written"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['threads'])
        # The machine has no thread that Linux could tell of.
        others = [t['id'] for t in gdb.threads() if t['id'] != gdb.mi(
            '-thread-info')['current-thread-id']]
        for thread in others:
            gdb.mi(f'-thread-select {thread}')
            tap.fails(gdb.number, '$_siginfo.si_signo',
                      exception=common.GdbError)
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        tap.fails(gdb.cmd, 'set var $_siginfo.si_signo = 11',
                  exception=common.GdbError)


def test_control():
    "negative control: another signal and another code are noticed"
    guest.boot()
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['busy-a'])
        tap.fails(check, gdb, SIGTRAP, USER)
        tap.fails(check, gdb, SIGSTOP, TRACE)


tap.main(globals())
