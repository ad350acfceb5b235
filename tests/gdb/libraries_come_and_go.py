#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The dynamic linker's libraries, as the stub lists them: at attach, as they
are opened and closed, in namespaces; the guest's /proc/PID/maps is the
oracle of where they are."""
import re

import common
import tap

RUN = ['opens', 'dynamic', 'busy-a', 'static-pie']
VDSO = ('linux-vdso.', 'linux-gate.')
guest = common.Guest(run=RUN, smp=1)


def libraries(gdb):
    """Paths of gdb's shared libraries, the guest's own names. gdb leaves the
    vDSO, which has no file, out where it can read /proc/PID/maps."""
    rows = gdb.mi('-file-list-shared-libraries')['shared-libraries']
    return [r['target-name'] for r in rows
            if not r['target-name'].startswith(VDSO)]


def plugs(gdb):
    return sum(name.endswith('/libplug.so') for name in libraries(gdb))


def test_opened_and_closed():
    "the list is right at each stop, in the second namespace too"
    guest.boot()
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(guest.pids['opens'])
        for name in ('none', 'one', 'two'):
            gdb.cmd(f'break {name}')
        want = {'none': 0, 'one': 1, 'two': 2}
        seen = []
        for _ in range(7):
            stop = gdb.run('continue')
            where = stop.frame['func']
            tap.equal(plugs(gdb), want[where], f'copies at {where}')
            seen.append(where)
        tap.equal(len(set(seen)), 3, f'places {seen}')


def test_catch_load():
    "catch load and catch unload stop when the library comes and goes"
    guest.boot()
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(guest.pids['opens'])
        gdb.cmd('break none')
        gdb.run('continue')
        gdb.cmd('delete')
        gdb.cmd('catch load libplug')
        gdb.cmd('catch unload libplug')
        stop = gdb.run('continue')
        tap.equal(stop.reason, 'solib-event')
        tap.equal(plugs(gdb), 1, 'loaded')
        for _ in range(4):
            stop = gdb.run('continue')
            tap.equal(stop.reason, 'solib-event')
        tap.contains(stop.text, 'libplug')


def test_equal_proc_maps():
    "each library's first page is where the guest has mapped it"
    guest.boot()
    pid = guest.pids['dynamic']
    maps = guest.vm.oracle.proc(pid, 'maps').decode()
    with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
        gdb.attach(pid)
        names = libraries(gdb)
        text = gdb.log.read_text(errors='replace')
        got = dict(re.findall(r'library name="([^"]*)" lm="\w+" '
                              r'l_addr="0x(\w+)"', text))
        got = {n: b for n, b in got.items() if not n.startswith(VDSO)}
        tap.equal(set(names), set(got), 'names')
        check_bases(got, maps)


def check_bases(got, maps):
    tap.check('/lib/libc.so.6' in got, f'no libc in {got}')
    for name, base in got.items():
        first = re.search(rf'^{base}-\w+ r..p 0+ .* (\S+)$', maps, re.M)
        tap.check(first, f'nothing begins at {base} ({name})')
        tap.equal(first[1].rsplit('/', 1)[1].split('.')[0],
                  name.rsplit('/', 1)[1].split('.')[0], 'file there')


def test_static():
    "static programs have none, and that is no error for the user"
    guest.boot()
    for name in ('busy-a', 'static-pie'):
        with guest.gdb(sysroot=guest.vm.sysroot()) as (vm, gdb):
            gdb.attach(guest.pids[name])
            tap.equal(libraries(gdb), [], name)
            tap.check(gdb.number('counter') >= 0, name)


def test_control():
    "negative control: a base that is another's is noticed"
    maps = ('7f0000001000-7f0000002000 r--p 00000000 00:02 7 /lib/libc.so.6\n'
            '7f0000005000-7f0000006000 r--p 00000000 00:02 8 /lib/libx.so\n')
    check_bases({'/lib/libc.so.6': '7f0000001000'}, maps)
    tap.fails(check_bases, {'/lib/libc.so.6': '7f0000005000'}, maps)
    tap.fails(check_bases, {'/lib/libc.so.6': '7f0000003000'}, maps)
    tap.fails(check_bases, {}, maps)


tap.main(globals())
