#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx os ...` in a real gdb: what it shows of a task is what the
guest's /proc says; where nothing can be known there is a reason.

Values are compared field by field in tests/unit/introspect; here it is the
screen. Negative controls seen red: test_control."""
import re

import common
import tap

guest = common.Guest(run=['dynamic', 'sleeper', 'handles'], smp=2)


def proc(vm, name, what):
    return vm.oracle.proc(guest.pids[name], what).decode()


def own_maps(text):
    """(range, rights, path) of the lines of /proc/PID/maps."""
    rows = [line.split(None, 5) for line in text.splitlines()]
    return [(tuple(int(x, 16) for x in r[0].split('-')), r[1],
             r[5] if len(r) > 5 else '') for r in rows]


def shown_maps(text):
    rows = re.findall(r'^  (\w+)-(\w+) (....) +\w+ (.*)$', text, re.M)
    return [((int(a, 16), int(b, 16)), rights, path)
            for a, b, rights, path in rows]


def test_nothing_is_missing():
    "each feature is found, with evidence; the doctor has nothing to say"
    with guest.gdb() as (vm, gdb):
        text = gdb.cmd('monitor gdbx os')
        tap.contains(text, 'guest OS: Linux ')
        tap.check(len(re.findall(r'(?m)^  \S+ +ok ', text)) > 15, text)
        tap.equal(re.findall(r'(?m)^  \S+ +no .*', text), [], 'missing')
        tap.contains(gdb.cmd('monitor gdbx os doctor'), 'nothing is missing')


def test_mappings():
    "mappings as in /proc/PID/maps"
    with guest.gdb() as (vm, gdb):
        shown = shown_maps(gdb.cmd(
            f'monitor gdbx os maps {guest.pids["dynamic"]}'))
        gdb.start('continue')
        tap.equal(shown, own_maps(proc(vm, 'dynamic', 'maps')))


def test_task():
    "a sleeping process: command, files' owner, system call"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['sleeper']
        text = gdb.cmd(f'monitor gdbx os task {pid}')
        gdb.start('continue')
        tap.contains(text, f'{pid} sleeper: a process, parent ')
        tap.contains(text, 'executable   ' + vm.oracle.exe(pid))
        tap.check(' ? ' not in text, text)
        number = proc(vm, 'sleeper', 'syscall').split()[0]
        tap.contains(text, f'system call  {number} ')


def functions(text):
    return re.findall(r'([\w.]+)\+0x', text)


def test_stack():
    "the kernel stack of a sleeper: the guest's own, below the scheduler"
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['sleeper']
        shown = functions(gdb.cmd(f'monitor gdbx os stack {pid}'))
        gdb.start('continue')
        own = functions(proc(vm, 'sleeper', 'stack'))
        tap.check(len(own) > 2, own)
        tap.equal(shown[-len(own):], own, 'functions')
        tap.check(shown[0].startswith('__schedule'), shown)


def test_files():
    "open files: numbers and paths; a line break in a name stays in its line"
    with guest.gdb() as (vm, gdb):
        text = gdb.cmd(f'monitor gdbx os files {guest.pids["handles"]}')
        for want in ('/tmp/handles.gone (deleted)', 'anon_inode:[eventfd]',
                     r'/tmp/with blank\012and line'):
            tap.contains(text, want)


def test_no_os():
    "in the firmware each question has a reason"
    with common.Guest(kernel=None, paused=True) as bare:
        with bare.gdb() as (vm, gdb):
            tap.contains(gdb.cmd('monitor gdbx os'), 'none recognised')
            for line in ('doctor', 'task 1', 'maps 1', 'modules', 'cost'):
                text = gdb.cmd('monitor gdbx os ' + line)
                tap.check(re.search('firmware|boot loader|paging', text),
                          f'{line}: {text!r}')


def test_control():
    "control: a mapping that is missing or has another end is seen"
    with guest.gdb() as (vm, gdb):
        shown = shown_maps(gdb.cmd(
            f'monitor gdbx os maps {guest.pids["dynamic"]}'))
        gdb.start('continue')
        own = own_maps(proc(vm, 'dynamic', 'maps'))
        tap.fails(tap.equal, shown[1:], own)
        (lo, hi), rights, path = shown[0]
        tap.fails(tap.equal, [((lo, hi + 4096), rights, path)] + shown[1:],
                  own)


tap.main(globals())
