#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""$cr3, $cpl, $ospid, $ostid, $rflags: what they say, and that a condition
sees what `print' shows. In the second machine the kernel has page tables of
its own (PTI), so that kernel memory is not mapped where user code runs."""
import re

import common
import tap

FAR = 20000
NR_GETPPID, NR_SCHED_YIELD = 110, 24
plain = common.Guest(run=['crowd', 'busy-a', 'busy-b'], smp=2)
pti = common.Guest(run=['crowd', 'busy-a'], smp=2, cpu='qemu64',
                   append='pti=on')


def crowd(guest):
    """Ids of its threads. The other machine ends: one at a time."""
    (pti if guest is plain else plain).stop()
    vm = guest.boot()
    return [int(t) for t in vm.oracle.said('crowd')['tids'].split(',')]


def counted(gdb, pid, what):
    """How often a condition was 'true' or 'false', by the emulator's count;
    gdb goes on by itself where it does not agree that it is true."""
    rows = [r.split() for r in gdb.cmd('monitor gdbx points').splitlines()
            if f'process {pid}' in r]
    return sum(int(r[r.index(what) + 1]) for r in rows)


def each_thread(guest):
    threads, pid = crowd(guest), guest.pids['crowd']
    with guest.gdb() as (vm, gdb):
        gdb.attach(pid)
        others = 0
        for tid in threads + threads:
            gdb.cmd(f'break visit if $ostid == {tid}')
            stop = gdb.run('continue')
            tap.equal(stop.reason, 'breakpoint-hit', 'reason')
            tap.equal(gdb.number('$rdi'), tid, 'the caller')
            tap.equal(gdb.number('$ostid'), tid, '$ostid')
            tap.equal(gdb.number('$ospid'), pid, '$ospid')
            tap.contains(gdb.cmd('info breakpoints'), 'target evals')
            others += counted(gdb, pid, 'false')
            tap.equal(counted(gdb, pid, 'true'), 1, 'true for the emulator')
            gdb.cmd('delete')
        tap.check(others > 0, 'no other thread came by')


def test_each_thread():
    "break visit if $ostid == N stops that thread alone, one after the other"
    each_thread(plain)


def test_each_thread_with_page_table_isolation():
    "the same while the user's page tables are loaded"
    each_thread(pti)


def never_wrong(guest):
    crowd(guest)
    with guest.gdb() as (vm, gdb):
        pid = guest.pids['crowd']
        gdb.attach(pid)
        gdb.cmd('break visit')
        gdb.run('continue')
        goal = gdb.number('$rsi') + FAR
        gdb.cmd(f'condition $bpnum $ostid != $rdi || $ospid != {pid} '
                f'|| $rsi == {goal}')
        gdb.run('continue')
        tap.equal(gdb.number('$rsi'), goal, 'i')
        tap.equal(gdb.number('$ostid'), gdb.number('$rdi'), '$ostid')


def test_never_wrong():
    "over many calls of four threads on two CPUs $ostid is the caller's"
    never_wrong(plain)


def test_never_wrong_with_page_table_isolation():
    "the same while the user's page tables are loaded"
    never_wrong(pti)


def at_entry(guest):
    """A thread in the kernel's first instruction: user GS, user CR3."""
    threads = crowd(guest)
    entry = [a for a, _, n in guest.vm.oracle.kallsyms()
             if n == 'entry_SYSCALL_64'][0]
    with guest.gdb() as (vm, gdb):
        for tid in threads[:2]:
            gdb.cmd(f'break *{entry:#x} if $ostid == {tid} && $cpl == 0')
            stop = gdb.run('continue')
            tap.equal(stop.reason, 'breakpoint-hit', 'reason')
            tap.equal(gdb.number('$rip') % (1 << 64), entry, '$rip')
            tap.equal(gdb.number('$ostid'), tid, '$ostid')
            tap.equal(gdb.number('$ospid'), guest.pids['crowd'], '$ospid')
            tap.check(gdb.number('$rax') in (NR_GETPPID, NR_SCHED_YIELD),
                      'no system call that the program makes')
            gdb.cmd('delete')
        return gdb.number('$cr3')


def test_system_call_entry():
    "in the kernel's entry code, before it has loaded its own GS"
    at_entry(plain)


def test_system_call_entry_with_page_table_isolation():
    "and its own page tables: the user's half is loaded there"
    tap.check(at_entry(pti) & 0x1000, 'this guest has no user half')


def test_address_space():
    "break *work if $cr3 == X of the machine stops that process alone"
    crowd(plain)
    work = plain.vm.oracle.said('busy-b')['work']
    with plain.gdb() as (vm, gdb):
        gdb.cmd(f'break *{work}')
        spaces = {}
        while len(spaces) < 2:
            gdb.run('continue')
            spaces[gdb.number('$ospid')] = gdb.number('$cr3')
        pids = [plain.pids['busy-a'], plain.pids['busy-b']]
        tap.equal(sorted(spaces), sorted(pids), 'who works')
        for pid in pids:
            gdb.cmd(f'condition $bpnum $cr3 == {spaces[pid]}')
            for _ in range(3):
                gdb.run('continue')
                tap.equal(gdb.number('$ospid'), pid, '$ospid')
        tap.contains(gdb.cmd('info breakpoints'), 'target evals')


def behind_compare(gdb):
    """Address of the instruction behind visit's first comparison."""
    text = gdb.cmd('x/12i visit')
    found = re.search(r'\scmp .*\n\W*(0x[0-9a-f]+)', text)
    tap.check(found, f'no comparison: {text}')
    return found[1]


def test_flags_in_a_condition():
    "behind a comparison $rflags and $eflags have its result"
    first = crowd(plain)[0]
    with plain.gdb() as (vm, gdb):
        gdb.attach(plain.pids['crowd'])
        gdb.cmd(f'break *{behind_compare(gdb)}')
        for flags in ('$rflags', '(int)$eflags'):
            for same in (False, True, False):
                condition = f'(({flags} >> 6) & 1) == {same:d}'
                gdb.cmd(f'condition $bpnum {condition}')
                for _ in range(5):
                    stop = gdb.run('continue')
                    tap.equal(stop.reason, 'breakpoint-hit', 'reason')
                    tap.equal(gdb.number('$rdi') == first, same, flags)
                # Of the other threads two may come by at the same time.
                most = 5 if same else 10
                true = counted(gdb, plain.pids['crowd'], 'true')
                tap.check(true <= most, f'{condition} was true {true} times')
        tap.contains(gdb.cmd('info breakpoints'), 'target evals')


def test_display():
    "display $cpl goes along; what is pretty is shown so"
    crowd(plain)
    work = plain.vm.oracle.said('busy-a')['work']
    with plain.gdb() as (vm, gdb):
        gdb.cmd('display $cpl')
        gdb.cmd(f'break *{work}')
        gdb.run('continue')
        tap.equal(gdb.value('$cpl'), '3', '$cpl')
        tap.contains(gdb.cmd('display'), '$cpl = 3')
        tap.contains(gdb.value('$cr0'), 'PE')
        tap.contains(gdb.value('$efer'), 'LMA')
        tap.contains(gdb.value('$cr3_fields'), 'PDBR=')
        tap.equal(gdb.number('((long)$cr0) & 1'), 1, 'cast')
        shown = gdb.cmd('info registers')
        for name in ('cr3', 'cpl', 'ospid', 'ostid', 'icount', 'rflags',
                     'k_gs_base', 'cr8'):
            tap.check(f'\n{name} ' in shown, f'{name} is not shown')


def test_writes():
    "set $rip works on a CPU; what cannot be written says so"
    crowd(plain)
    with plain.gdb() as (vm, gdb):
        rip, rax = gdb.number('$rip'), gdb.number('$rax')
        gdb.cmd('set $rip = 0x1234')
        gdb.cmd('set $rax = 77')
        gdb.cmd('maint flush register-cache')
        tap.equal(gdb.number('$rip'), 0x1234, '$rip')
        tap.equal(gdb.number('$rax'), 77, '$rax')
        gdb.cmd(f'set $rip = {rip}')
        gdb.cmd(f'set $rax = {rax}')
        for name in ('cpl', 'ospid', 'ostid', 'icount'):
            said = gdb.cmd(f'set ${name} = ${name} + 1', check=False)
            tap.contains(said, f'register {name} cannot be written')
        gdb.attach(plain.pids['busy-a'])
        said = gdb.cmd('set $cr3 = 0x1000', check=False)
        tap.check('cannot be written' in said, said)


tap.main(globals())
