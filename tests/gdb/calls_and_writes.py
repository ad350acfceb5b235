#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""print f(x), return, set $reg in threads that run, that are preempted, and
that sleep in a system call, whose result is not lost."""
import common
import tap
from vm import ROOT

SOURCE = 'tests/guest/programs/walk.c'
LINES = (ROOT / SOURCE).read_text().splitlines()
guest = common.Guest(run=['walk', 'busy-a', 'sleeper', 'compat32'], smp=1)


def line(words):
    found = [n for n, text in enumerate(LINES, 1) if f'/* {words} */' in text]
    tap.equal(len(found), 1, f'lines that say {words}')
    return found[0]


def select(gdb, name):
    """The thread of that name; True if the kernel has its registers."""
    for thread in gdb.threads():
        if thread.get('name') == name and 'CPU#' not in thread.get('details',
                                                                   ''):
            gdb.mi(f"-thread-select {thread['id']}")
            return gdb.number('(long)$orig_rax') != -1
    raise tap.Failed(f'no thread {name}')


def stop_elsewhere(gdb):
    """The main thread of walk stands at a line; the leaver sleeps."""
    gdb.attach(guest.pids['walk'])
    for _ in range(common.MANY_STOPS):
        gdb.cmd(f'tbreak walk.c:{line("begin")}')
        gdb.run('continue')
        if select(gdb, 'leaver'):
            return
    raise tap.Failed('the leaver never sleeps')


def test_call_in_a_running_thread():
    "integers, doubles, recursion; the registers are as before"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['walk'])
        gdb.cmd(f'tbreak walk.c:{line("begin")}')
        gdb.run('continue')
        before = gdb.cmd('info registers general')
        tap.equal(gdb.value('add(40, 2)'), '42')
        tap.equal(gdb.value('depth(5)'), '15')
        tap.equal(gdb.value('scale(2.5, 2)'), '5')
        tap.equal(gdb.cmd('info registers general'), before, 'registers')


def test_call_in_a_sleeping_thread():
    "the function runs when the sleep is over, and the sleep was a success"
    with guest.gdb() as (vm, gdb):
        stop_elsewhere(gdb)
        dozes = gdb.number('dozes')
        before = gdb.cmd('info registers rip rsp rbx r12')
        tap.equal(gdb.value('add(40, 2)'), '42')
        tap.equal(gdb.cmd('info registers rip rsp rbx r12'), before)
        tap.equal(gdb.number('bad'), 0, 'failed sleeps before')
        gdb.cmd(f'tbreak walk.c:{line("begin")} if dozes > {dozes} + 5')
        gdb.run('continue')
        tap.equal(gdb.number('bad'), 0, 'failed sleeps')


def test_interrupted_call_is_made_again():
    "a breakpoint in a function that is called while the thread sleeps"
    with guest.gdb() as (vm, gdb):
        stop_elsewhere(gdb)
        gdb.cmd(f'tbreak walk.c:{line("in add")}')
        text = gdb.cmd('print add(40, 2)', check=False)
        tap.contains(text, 'in add')
        gdb.run('finish')
        tap.equal(gdb.number('bad'), 0, 'failed sleeps')


def test_write_to_a_saved_register():
    "what is written is read back, and is what the thread goes on with"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['sleeper'])
        was = gdb.number('(long)$r12')
        gdb.cmd('set var $r12 = 0x5a5a')
        tap.equal(gdb.number('(long)$r12'), 0x5a5a, 'r12')
        gdb.cmd(f'set var $r12 = {was}')
        for name, value in (('cs', '3'), ('fs_base', '4'), ('cpl', '0'),
                            ('rip', '0xffffffff81000000')):
            error = gdb.cmd(f'set var ${name} = {value}', check=False)
            tap.check('rite' in error or 'cannot' in error or 'annot' in error,
                      f'{name}: {error}')
        tap.equal(gdb.number('(long)$r12'), was, 'r12')


def test_return():
    "return leaves the function without doing the rest of it"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['walk'])
        gdb.cmd(f'tbreak walk.c:{line("in add")}')
        gdb.run('continue')
        gdb.cmd('return 77')
        gdb.run('next')
        tap.equal(gdb.number('sink'), 77, 'sink')


def test_the_other_bits_of_a_process():
    "a 32-bit process: a register written, a call"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['compat32'])
        gdb.cmd('set var $esi = 0x1234')
        tap.equal(gdb.number('(int)$esi'), 0x1234, 'esi')


def test_check_notices():
    "negative control: another value is noticed"
    with guest.gdb() as (vm, gdb):
        gdb.attach(guest.pids['walk'])
        gdb.cmd(f'tbreak walk.c:{line("begin")}')
        gdb.run('continue')
        tap.fails(tap.equal, gdb.value('add(40, 2)'), '43')


tap.main(globals())
