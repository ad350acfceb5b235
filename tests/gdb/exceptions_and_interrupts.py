#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exceptions, interrupts, MSRs and signals as points on a Linux guest with two
CPUs: told in front of the handler, each once, in order; the program gets what it
gets anyway. tests/rsp/bare_events.py has the order of a guest without an OS."""
import re

import common
import tap

guest = common.Guest(run=['busy-a'], smp=2)

# What a round of programs/traps.c raises, in order: (vector, at).
ROUND = [(0, 'de'), (6, 'ud'), (3, 'bp'), (1, 'db'), (14, 'pf'), (13, 'gp'),
         (14, 'touch'), (128, 'int')]
# Of these the kernel makes signals: (signal, si_code).
SIGNALS = [('SIGFPE', 1), ('SIGILL', 2), ('SIGTRAP', 128), ('SIGTRAP', 2),
           ('SIGSEGV', 1), ('SIGSEGV', 128)]
NUMBERS = {'SIGILL': 4, 'SIGTRAP': 5, 'SIGFPE': 8, 'SIGSEGV': 11}
USR1 = 10
WAITING = (b'34', b'130')     # pause, rt_sigsuspend
EXC, IRQ, MSR = (n << 56 for n in (2, 4, 5))


class Traps:
    """The program, ready to make @rounds rounds. The guest runs."""

    def __init__(self, vm, rounds):
        self.vm, self.rounds, self.asked = vm, rounds, False
        self.pid = vm.oracle.spawn('traps', rounds)
        said = vm.oracle.said('traps')
        self.at = {k: int(v, 16) for k, v in said.items()}
        # What it has said, it has still to come back from.
        while not self.waits():
            continue

    def waits(self):
        call = self.vm.oracle.ask('read', f'/proc/{self.pid}/syscall')
        return call.split()[0] in WAITING

    def go(self):
        """It may stop the guest before the oracle can answer."""
        self.vm.oracle.sock.sendall(f'kill {self.pid} {USR1}\n'.encode())
        self.asked = True

    def seen(self):
        """Signals that it has got in these rounds, by its own count."""
        data = self.vm.oracle.peek(self.pid, self.at['seen'], 8)
        return int.from_bytes(data, 'little') - len(SIGNALS)

    def answer(self):
        if self.asked:
            self.vm.oracle.answer()
        self.asked = False

    def finish(self):
        self.answer()
        while self.vm.oracle.counter(self.pid) < self.rounds + 1:
            continue


def pause(gdb):
    gdb.interrupt()
    return gdb.wait_stop()


def ready(vm, gdb, rounds):
    """The program, and the guest is stopped."""
    gdb.start('continue')
    traps = Traps(vm, rounds)
    pause(gdb)
    return traps


def told(stop, number=1):
    """(vector, address) of the event that a stop tells."""
    m = re.search(rf'point {number}: \w+ (\w+).* at 0x([0-9a-f]+)', stop.text)
    tap.check(m, f'point {number} is not told: {stop.text!r}')
    return int(m[1], 0), int(m[2], 16)


def hits(gdb, number):
    """How often point @number was hit."""
    text = gdb.cmd('monitor gdbx points')
    m = re.search(rf'^ *{number} .*: true (\d+) false (\d+)', text, re.M)
    tap.check(m, f'point {number} is not in {text}')
    return int(m[1])


def end(traps, gdb):
    """gdb goes, the guest runs: the program's own count of its signals."""
    gdb.cmd('disconnect')
    guest.boot()
    traps.finish()
    return traps.seen()


def test_each_in_order_once():
    "every exception of a program, in order, each once; the program sees its own"
    n = 2
    with guest.gdb() as (vm, gdb):
        traps = ready(vm, gdb, n)
        gdb.cmd(f'monitor gdbx break exception user process {traps.pid}')
        gdb.start('continue')
        traps.go()
        for i in range(n):
            for vector, name in ROUND:
                stop = gdb.wait_stop()
                tap.equal(told(stop), (vector, traps.at[name]),
                          f'round {i}: {name}')
                tap.equal(gdb.number('(long)$pc'), traps.at[name], 'pc')
                gdb.start('continue')
        traps.finish()
        pause(gdb)
        tap.equal(hits(gdb, 1), n * len(ROUND), 'hits')
        tap.equal(end(traps, gdb), n * len(SIGNALS), 'signals that it got')


def test_two_at_a_time():
    "two programs on two CPUs: each exception of each, in its own order"
    n = 4
    with guest.gdb() as (vm, gdb):
        both = [ready(vm, gdb, n) for _ in range(2)]
        for t in both:
            gdb.cmd(f'monitor gdbx break exception user process {t.pid}')
        gdb.start('continue')
        for t in both:
            t.go()
        left = {i + 1: ROUND * n for i in range(2)}
        for _ in range(2 * n * len(ROUND)):
            stop = gdb.wait_stop()
            number = int(re.search(r'point (\d)', stop.text)[1])
            vector, name = left[number].pop(0) if left[number] else (0, 'de')
            tap.equal(told(stop, number),
                      (vector, both[number - 1].at[name]), f'of {number}')
            gdb.start('continue')
        for t in both:
            t.answer()
        for t in both:
            t.finish()
        pause(gdb)
        tap.equal([hits(gdb, i) for i in (1, 2)], [n * len(ROUND)] * 2, 'hits')
        end(both[0], gdb)
        tap.equal([t.seen() for t in both], [n * len(SIGNALS)] * 2, 'signals')


def test_moved_by_gdb():
    "gdb moves the CPU from a fault: it is not delivered; an interrupt is"
    with guest.gdb() as (vm, gdb):
        traps = ready(vm, gdb, 1)
        gdb.cmd(f'monitor gdbx break exception de ud process {traps.pid}')
        gdb.start('continue')
        traps.go()
        gdb.wait_stop()
        gdb.cmd('set $pc = $pc + 2')
        stop = gdb.run('continue')
        tap.equal(told(stop), (6, traps.at['ud']))
        tap.equal(end(traps, gdb), len(SIGNALS) - 1, 'signals that it got')


def test_demand_paging_is_no_signal():
    "`deliver': page faults that the kernel resolves are not told"
    n = 3
    with guest.gdb() as (vm, gdb):
        traps = ready(vm, gdb, n)
        who = f'process {traps.pid}'
        gdb.cmd(f'monitor gdbx count exception pf user {who}')
        gdb.cmd(f'monitor gdbx count exception pf deliver {who}')
        gdb.cmd(f'monitor gdbx count signal {who}')
        gdb.cmd(f'monitor gdbx break exception pf gp deliver {who}')
        gdb.start('continue')
        traps.go()
        for i in range(2 * n):
            vector, name = [(14, 'pf'), (13, 'gp')][i % 2]
            tap.equal(told(gdb.wait_stop(), 4), (vector, traps.at[name]), i)
            gdb.start('continue')
        traps.finish()
        pause(gdb)
        tap.equal([hits(gdb, i) for i in (1, 2, 3)],
                  [2 * n, n, n * len(SIGNALS)], 'faults, real ones, signals')
        tap.equal(end(traps, gdb), n * len(SIGNALS), 'signals that it got')


def attached(vm, gdb, rounds):
    traps = ready(vm, gdb, rounds)
    gdb.attach(traps.pid)
    gdb.cmd('monitor gdbx signals on')
    gdb.start('continue')
    traps.go()
    return traps


def check_signal(gdb, stop, name, code):
    tap.equal(stop.values.get('signal-name'), name, 'signal')
    tap.equal(gdb.number('$_siginfo.si_signo'), NUMBERS[name], 'si_signo')
    tap.equal(gdb.number('$_siginfo.si_code'), code, 'si_code')


def test_signals():
    "signals on: each with its $_siginfo; delivered, so the handlers run"
    with guest.gdb() as (vm, gdb):
        traps = attached(vm, gdb, 1)
        places = [traps.at[n] for _, n in ROUND[:6]]
        places[2] += 1          # behind an int3
        addresses = places[:2] + [0, places[3], 16, 0]
        for i, (name, code) in enumerate(SIGNALS):
            stop = gdb.wait_stop()
            check_signal(gdb, stop, name, code)
            tap.equal(gdb.number('(long)$pc'), places[i], f'pc of {name}')
            tap.equal(gdb.number('(long)$_siginfo._sifields._sigfault.si_addr'),
                      addresses[i], f'si_addr of {name}')
            tap.equal(gdb.number('seen'), len(SIGNALS) + i, 'handled before')
            gdb.start(f'signal {name}')
        traps.finish()
        pause(gdb)
        gdb.cmd('monitor gdbx signals off')
        tap.equal(end(traps, gdb), len(SIGNALS), 'signals that it got')


def test_signal_kept_back():
    "signal 0: the program gets none and begins the instruction anew"
    with guest.gdb() as (vm, gdb):
        traps = attached(vm, gdb, 1)
        for _ in range(3):
            stop = gdb.wait_stop()
            tap.equal(gdb.number('(long)$pc'), traps.at['de'], 'pc')
            check_signal(gdb, stop, 'SIGFPE', 1)
            gdb.start('signal 0')
        gdb.wait_stop()
        gdb.cmd('set $pc = $pc + 2')        # over the division
        stop = gdb.run('signal 0')
        check_signal(gdb, stop, 'SIGILL', 2)
        tap.equal(gdb.number('(long)$pc'), traps.at['ud'], 'pc')
        tap.equal(end(traps, gdb), len(SIGNALS) - 1, 'signals that it got')


def test_handled_as_gdb_says():
    "handle nostop pass: no stop, delivered; catch signal; what is killed"
    with guest.gdb() as (vm, gdb):
        traps = attached(vm, gdb, 2)
        gdb.wait_stop()
        for name in ('SIGFPE', 'SIGILL', 'SIGTRAP'):
            gdb.cmd(f'handle {name} nostop noprint pass')
        gdb.cmd('catch signal SIGSEGV')
        for code in (1, 128, 1, 128):
            stop = gdb.run('continue')
            tap.contains(stop.text, 'Catchpoint')
            tap.equal(gdb.number('$_siginfo.si_code'), code, 'si_code')
        tap.equal(end(traps, gdb), 2 * len(SIGNALS), 'signals that it got')


def test_windows():
    "rwatch in $exc, $irq, $msr: gdb's own, with the last value"
    with guest.gdb() as (vm, gdb):
        traps = ready(vm, gdb, 1)
        gdb.attach(traps.pid)
        gdb.cmd(f'rwatch *(long *){EXC + 8 * 14:#x}')
        gdb.start('continue')
        traps.go()
        for name in ('pf', 'touch'):
            stop = gdb.wait_stop()
            tap.equal(stop.reason, 'read-watchpoint-trigger', stop.text)
            tap.contains(stop.text, 'Value = 6', 'the error code')
            tap.equal(gdb.number('(long)$pc'), traps.at[name], name)
            gdb.start('continue')
        traps.finish()
        pause(gdb)
        gdb.cmd('delete')
        gdb.cmd('inferior 1')
        for window, what in ((IRQ + 8 * 236, 'rwatch'),
                             (MSR + 8 * 0xc0000100, 'awatch')):
            gdb.cmd(f'{what} *(long *){window:#x}')
            stop = gdb.run('continue')
            tap.contains(stop.text, 'alue = ')
            gdb.cmd('delete')
        end(traps, gdb)


def local_timer(vm):
    """Timer interrupts of the local APICs by the guest's own count."""
    row = re.search(r'LOC:((?: +\d+)+)',
                    vm.oracle.ask('read', '/proc/interrupts').decode())
    return sum(map(int, row[1].split()))


def test_interrupts_are_counted():
    "as many as /proc/interrupts says; stopped at, each comes through"
    with guest.gdb() as (vm, gdb):
        # The guest counts a moment later than the CPU, once on each CPU.
        gdb.start('continue')
        before = local_timer(vm)
        pause(gdb)
        gdb.cmd('monitor gdbx count interrupt 236')
        gdb.cmd('monitor gdbx break interrupt 236')
        for _ in range(20):
            tap.equal(told(gdb.run('continue'), 2)[0], 236, 'vector')
        gdb.cmd('monitor gdbx delete 2')
        gdb.start('continue')
        between = local_timer(vm)
        while local_timer(vm) < between + 100:
            continue
        pause(gdb)
        got = hits(gdb, 1)
        gdb.cmd('monitor gdbx delete all')
        gdb.start('continue')
        after = local_timer(vm)
        pause(gdb)
        tap.check(got >= 20 + 100 and got <= after - before,
                  f'{got} were told; the guest says {before}..{after}')


def test_msr():
    "the value that is written, before it is; the instruction is made once"
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx break msr fs_base write if $_value != 0 && '
                '$_value != $fs_base')
        stop = gdb.run('continue')
        m = re.search(r'msr (0x\w+) fs_base write (0x\w+)', stop.text)
        tap.check(m, stop.text)
        value = int(m[2], 16)
        tap.equal(gdb.number('($rdx << 32) | ($rax & 0xffffffff)'), value,
                  'edx:eax')
        tap.check(gdb.number('$fs_base') != value, 'written already')
        gdb.cmd('monitor gdbx delete all')
        gdb.cmd('stepi')
        tap.equal(gdb.number('$fs_base'), value, 'fs_base behind it')


def test_control():
    "negative control: another vector, another place, another count is noticed"
    class Said:
        text = 'gdbx: point 1: exception 14 #PF error 0x6 at 0x401 in process'
    tap.equal(told(Said), (14, 0x401))
    tap.fails(told, Said, 2)
    tap.fails(tap.equal, told(Said), (13, 0x401))
    with guest.gdb() as (vm, gdb):
        traps = ready(vm, gdb, 1)
        gdb.cmd(f'monitor gdbx count exception user process {traps.pid + 1000}')
        gdb.start('continue')
        traps.go()
        traps.finish()
        pause(gdb)
        tap.equal(hits(gdb, 1), 0, "another process's")
        end(traps, gdb)


tap.main(globals())
