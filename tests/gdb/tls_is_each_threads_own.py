#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Thread-local variables: in each thread the value it planted, of executables
and libraries; what a thread has not allocated is an error, never a value.

Negative controls seen red: test_control; without the look at generations a
block of the closed library is shown."""

import os

import common
import tap

RUN = ['tlsvars', 'threads', 'busy-a']
# gdb prints a long with its sign.
MASK = 2**32 - 1 if 'i386' in os.environ.get('KERNEL', '') else 2**64 - 1
guest = common.Guest(run=RUN, smp=1)
PLANTED = {
    'tlsvars': {'tls_own': 101, 'tls_early': 102, 'tls_late': 103,
                'tls_reopened': 105},
    'first': {'tls_own': 201, 'tls_early': 202, 'tls_late': 203,
              'tls_reopened': None},
    'second': {'tls_own': 301, 'tls_early': 302, 'tls_late': None,
               'tls_reopened': None},
}


def select(gdb, pid, name):
    thread, = [t['id'] for t in gdb.threads()
               if t['target-id'].startswith(f'Thread {pid}.')
               and t['name'] == name]
    gdb.mi(f'-thread-select {thread}')


def check_value(gdb, variable, want):
    if want is None:
        tap.fails(gdb.number, variable, exception=common.GdbError)
    else:
        tap.equal(gdb.number(variable), want, variable)


def test_of_executable_and_libraries():
    "each thread's own value, whether it runs or sleeps"
    guest.boot()
    pid = guest.pids['tlsvars']
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(pid)
        for name, variables in PLANTED.items():
            select(gdb, pid, name)
            for variable, want in variables.items():
                check_value(gdb, variable, want)


def test_addresses():
    "where the program itself says they are"
    said = guest.boot().oracle.said('tlsvars')
    pid = guest.pids['tlsvars']
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(pid)
        select(gdb, pid, 'tlsvars')
        for name in ('own', 'early', 'late', 'reopened'):
            tap.equal(gdb.number(f'(long)&tls_{name}') & MASK,
                      int(said[name], 16), name)
        select(gdb, pid, 'first')
        tap.equal(gdb.number('(long)&tls_late') & MASK,
                  int(said['first_late'], 16))


def test_reason():
    "why there is no value: the packet's answer says it"
    guest.boot()
    pid = guest.pids['tlsvars']
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(pid)
        select(gdb, pid, 'second')
        gdb.cmd('print tls_late', check=False)
        text = gdb.log.read_text(errors='replace')
        tap.contains(text, 'has not used the thread-local storage of '
                     '/lib/libtls-late.so yet')


def test_static():
    "of a static program, in four threads"
    guest.boot()
    pid = guest.pids['threads']
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(pid)
        for name, want in (('threads', 100), ('sleeper', 101), ('waiter', 102),
                           ('spinner', 103)):
            select(gdb, pid, name)
            tap.equal(gdb.number('tls'), want, name)


def test_written():
    "set var writes that thread's copy, no other's"
    guest.boot()
    pid = guest.pids['tlsvars']
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(pid)
        select(gdb, pid, 'first')
        gdb.cmd('set var tls_early = 555')
        select(gdb, pid, 'second')
        tap.equal(gdb.number('tls_early'), 302)
        select(gdb, pid, 'first')
        tap.equal(gdb.number('tls_early'), 555)
        gdb.cmd('set var tls_early = 202')


def test_control():
    "negative control: another thread's value, and an error, are noticed"
    guest.boot()
    pid = guest.pids['tlsvars']
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(pid)
        select(gdb, pid, 'second')
        tap.fails(check_value, gdb, 'tls_own', 201)
        tap.fails(check_value, gdb, 'tls_own', None)


tap.main(globals())
