#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb on a host that has no copy of anything: programs, libraries, /proc and
core files come out of the guest. gdb has its own defaults; where Debian's
debug packages of the host would help it, it may not look.

Negative controls seen red: gdb told to read from an empty directory of the
host finds no symbol (test_control); without
let-go.c gdb 13 ends with an internal error (test_let_go_and_attach_again)."""
import re
import tempfile
from pathlib import Path

import common
import tap
from gdbrun import Gdb, find_gdb

RUN = ['libs', 'dynamic', 'mappings', 'threads', 'compat32', 'deleted',
       'jailed']
guest = common.Guest(run=RUN, smp=1)


class Session:
    """A gdb with its own defaults, connected; with no packet log, which
    would take longer than the packets."""

    def __init__(self, connect=True):
        self.vm = guest.boot()
        self.gdb = Gdb(path=find_gdb(), sysroot=None, deadline=180)
        self.gdb.cmd('set debug-file-directory /nonexistent')
        if connect:
            self.gdb.connect(self.vm)

    def __enter__(self):
        return self.vm, self.gdb

    def __exit__(self, *exc):
        self.gdb.close()


def attach(gdb, name):
    """What gdb says of it."""
    gdb.cmd('add-inferior')
    gdb.cmd('inferior 2')
    return gdb.cmd(f'attach {guest.pids[name]}')


def check_waits(text):
    """A backtrace through the C library up to main."""
    found = re.findall(r'^#\d+ .*?\b(\w+) \(', text, re.M)
    tap.equal([f for f in found if f in ('inner', 'outer', 'main')],
              ['inner', 'outer', 'main'], 'functions')
    tap.check('pause' in found[0] or 'pause' in found[1], f'{found}')
    tap.contains(text, 'libs.c:')


def test_symbols():
    "functions, lines, libraries and a backtrace through the C library"
    planted = int(guest.boot().oracle.said('libs')['planted'], 16)
    with Session() as (vm, gdb):
        said = attach(gdb, 'libs')
        tap.check('unable to open /proc' not in said, said)
        check_waits(gdb.cmd('backtrace'))
        tap.equal(gdb.number('(long)&planted'), planted, '&planted')
        tap.equal(gdb.number('planted'), 0x676462785f463032, 'planted')
        shared = gdb.cmd('info sharedlibrary')
        for name in ('libc.so.6', 'ld-linux-x86-64.so.2'):
            tap.check(re.search(rf'Yes.*target:/\S*{name}', shared),
                      f'{name}: {shared}')
        tap.contains(gdb.cmd('info symbol malloc'), 'libc.so.6')
        gdb.cmd('thread apply all backtrace')
        names = [t.get('name') for t in gdb.threads()]
        tap.check('second' in names, f'{names}')


def test_each_kind():
    "static, of 32 bits, with a library from dlopen, deleted, in a chroot"
    with Session() as (vm, gdb):
        for name, symbol in (('threads', 'spin'), ('compat32', 'counter'),
                             ('dynamic', 'plug_step'), ('deleted', 'main'),
                             ('jailed', 'main')):
            gdb.attach(guest.pids[name])
            tap.contains(gdb.cmd(f'info symbol {symbol}'), symbol, name)


def test_control():
    "negative control: from an empty directory gdb knows nothing"
    with Session() as (vm, gdb), tempfile.TemporaryDirectory() as empty:
        gdb.cmd(f'set sysroot {empty}')
        gdb.cmd('add-inferior')
        gdb.cmd('inferior 2')
        gdb.cmd(f"attach {guest.pids['libs']}", check=False)
        tap.fails(check_waits, gdb.cmd('backtrace', check=False),
                  exception=(tap.Failed, IndexError))


def test_files_outlive_the_run():
    "symbols are there after the guest ran and after the process has died"
    vm = guest.boot()
    pid = vm.oracle.spawn('libs')
    with Session() as (vm, gdb):
        gdb.cmd('add-inferior')
        gdb.cmd('inferior 2')
        gdb.cmd(f'attach {pid}')
        common.run_a_little(vm, gdb)
        check_waits(gdb.cmd('backtrace'))
        gdb.start('continue')
        # The exit stops the guest, perhaps before it has answered.
        vm.oracle.sock.sendall(f'kill {pid} 9\n'.encode())
        tap.equal(gdb.wait_stop().reason, 'exited-signalled')
        tap.contains(gdb.cmd('info line outer'), 'libs.c')
        tap.contains(gdb.cmd('disassemble outer'), 'inner')
    guest.boot().oracle.answer()


def test_let_go_and_attach_again():
    "gdb closes files behind its back: the guest runs on; then it attaches"
    with Session() as (vm, gdb):
        attach(gdb, 'libs')
        gdb.cmd('detach')
        gdb.cmd('inferior 1')
        gdb.cmd('detach')
        tap.equal(vm.oracle.text('ping'), '', 'the guest runs')
        gdb.cmd('file')
        tap.equal(vm.qmp.command('query-status')['status'], 'running')
        gdb.cmd(f"attach {guest.pids['libs']}")
        check_waits(gdb.cmd('backtrace'))
        gdb.cmd('detach')
        gdb.cmd('remove-inferiors 2')
        tap.equal(vm.oracle.text('ping'), '', 'the guest runs')


# info proc ------------------------------------------------------------------

def test_info_proc():
    "info proc says what the guest's own /proc says"
    vm = guest.boot()
    pid, other = guest.pids['libs'], guest.pids['mappings']
    maps = {p: vm.oracle.proc(p, 'maps').decode() for p in (pid, other)}
    status = vm.oracle.proc(pid, 'status').decode()
    with Session() as (vm, gdb):
        attach(gdb, 'libs')
        text = gdb.cmd('info proc')
        for part in (f'process {pid}', "cmdline = 'libs'", "cwd = '/'",
                     "exe = '/bin/libs'"):
            tap.contains(text, part)
        tap.contains(gdb.cmd('info proc exe'), "exe = '/bin/libs'")
        for p, words in ((pid, 'mappings'), (other, f'mappings {other}')):
            got = re.findall(r'(?m)^ *0x0*([0-9a-f]+) +0x0*([0-9a-f]+) ',
                             gdb.cmd(f'info proc {words}'))
            want = re.findall(r'(?m)^0*([0-9a-f]+)-0*([0-9a-f]+) ', maps[p])
            tap.equal(got, want, f'mappings of {p}')
        for line in ('Name:\tfirst', f'Pid:\t{pid}', 'Threads:\t2'):
            tap.contains(status, line)
            tap.contains(gdb.cmd('info proc status'), line)
        tap.contains(gdb.cmd('info proc stat'), f'Process: {pid}')
        gdb.cmd('info proc all')
        # The machine is no process; gdb says so and goes on.
        tap.check('mapped' not in gdb.cmd('info proc mappings 10000000',
                                          check=False), 'of the machine')


# gcore ----------------------------------------------------------------------

REGISTERS = ['rip', 'rsp', 'rbp', 'rbx', 'r12', 'r15', 'fs_base']
MEMORY = ['planted', 'heap[50000]', 'untouched[70000]', 'text']


def seen(gdb):
    """What a core file has to say as the process does."""
    said = {}
    for thread in gdb.threads():
        gdb.mi(f"-thread-select {thread['id']}")
        key = gdb.value('(long)$fs_base')
        said[key] = ([gdb.value(f'(long)${r}') for r in REGISTERS],
                     [re.sub(r' from \S+', '', line) for line in
                      gdb.cmd('backtrace').splitlines()])
    return said


def core_of(gdb, path):
    text = gdb.cmd(f'gcore {path}')
    tap.contains(text, 'Saved corefile')
    return text


def check_same(a, b):
    tap.equal(a, b, 'threads of the core')


def test_gcore():
    "a core file of a process shows what the process does"
    with tempfile.TemporaryDirectory() as where:
        core = Path(where) / 'core'
        with Session() as (vm, gdb):
            attach(gdb, 'libs')
            text = core_of(gdb, core)
            tap.contains(text, 'Memory read failed', 'what cannot be read')
            gdb.cmd('detach inferior 1')
            live = seen(gdb)
            memory = [gdb.value(m) for m in MEMORY]
            pc = gdb.number('(long)$rip')
        with Session(connect=False) as (vm, gdb):
            gdb.cmd(f'set sysroot {vm.sysroot()}')
            gdb.cmd(f"file {vm.sysroot() / 'bin/libs'}")
            gdb.cmd(f'core-file {core}')
            check_same(seen(gdb), live)
            tap.equal([gdb.value(m) for m in MEMORY], memory, 'memory')
            check_waits(gdb.cmd('thread apply all backtrace'))
            tap.fails(check_same, {}, live)
            tap.check(pc, 'no pc')


def test_gcore_of_many_mappings():
    "a core file of a process with a thousand mappings"
    pid = guest.boot() and guest.pids['mappings']
    maps = guest.vm.oracle.proc(pid, 'maps').decode().splitlines()
    tap.check(len(maps) > 1000, f'{len(maps)} mappings')
    with tempfile.TemporaryDirectory() as where:
        core = Path(where) / 'core'
        with Session() as (vm, gdb):
            attach(gdb, 'mappings')
            core_of(gdb, core)
        with Session(connect=False) as (vm, gdb):
            gdb.cmd(f"file {vm.sysroot() / 'bin/mappings'}")
            gdb.cmd(f'core-file {core}')
            tap.contains(gdb.cmd('backtrace'), 'main')
            loads = len(re.findall(r' is load', gdb.cmd('info files')))
            tap.check(loads > 500, f'{loads} segments')


tap.main(globals())
