#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines of the guest's printk as points, against what its /dev/kmsg says."""
import re

import common
import tap

guest = common.Guest()
GO = 10     # SIGUSR1
LINES = 400
TOLD = re.compile(r'^gdbx: CPU#\d+ printk <(\d)> (.*)$', re.M)
LOGGED = re.compile(r'point \d+: printk <(\d)> "(.*?)"(\.\.)? at 0x')
FIRST, LAST = 'line 0 of "kmsg"', 'that was "kmsg"'


def deed(gdb, vm, pid):
    """The program writes; gdb stops when it has copied the log. What gdb
    printed; the log as [(level, text)]."""
    gdb.attach(pid)
    gdb.cmd('break done')
    gdb.start('continue')
    vm.oracle.sock.sendall(f'kill {pid} {GO}\n'.encode())
    text = gdb.wait_stop().text
    gdb.cmd('detach')
    gdb.cmd('inferior 1')
    gdb.start('continue')
    vm.oracle.answer()
    log = vm.oracle.ask('read', '/kmsg').decode()
    vm.oracle.kill(pid, 9)
    gdb.interrupt()
    gdb.wait_stop()
    records = [re.match(r'(\d+),\d+,\d+,[^;]*;(.*)', line)
               for line in log.splitlines() if not line.startswith(' ')]
    return text, ours([(int(m[1]) & 7, m[2]) for m in records])


def ours(lines):
    """From the program's first line to its last: the kernel has some of its own
    to say before it, when the log is open and nothing is told yet, and after."""
    texts = [text for _, text in lines]
    return lines[texts.index(FIRST):texts.index(LAST) + 1]


def agree(told, log):
    """Each line of the log was told, in order, and no other. A line in pieces
    is told at each, its end is one. How many there were."""
    at, pieces = 0, 0
    for level, text in told:
        here = log[at] if at < len(log) else None
        if (level, text) == here:
            at += 1
        elif here and level == here[0] and here[1].startswith(text):
            pieces += 1
        else:
            tap.check(at and (level, text) == log[at - 1],
                      f'{text!r} is not in the log, which has {here}')
            pieces += 1
    tap.equal(at, len(log), 'lines of the log that were told')
    return pieces


def test_lines_are_those_of_the_log():
    "each line, with its level, in order; one in pieces as it grows"
    pid = guest.boot().oracle.spawn('kmsg', LINES)
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx os events printk')
        text, log = deed(gdb, vm, pid)
        told = ours([(int(m[1]), m[2]) for m in TOLD.finditer(text)])
        tap.check(len(log) > LINES, f'{len(log)} lines in the log')
        tap.check(any(len(t) > 900 for _, t in log), 'none is long')
        tap.check(any('\\x' in t for _, t in log), 'none has control characters')
        pieces = agree(told, log)
        tap.check(pieces > 5, f'{pieces} pieces of the help of sysrq')
        gdb.cmd('monitor gdbx os events off')
        # Negative controls: a line less, another level, another character.
        (level, line), rest = told[LINES // 2], told[LINES // 2 + 1:]
        for other in ([], [(level ^ 1, line)], [(level, line + '.')]):
            tap.fails(agree, told[:LINES // 2] + other + rest, log)


def test_points():
    "break, log and count: by text, by level, by who; lines that are whole"
    pid = guest.boot().oracle.spawn('kmsg', 48)
    with guest.gdb() as (vm, gdb):
        for line in ('log printk "line 2" if $_level == 4',
                     'count printk HELP if $_whole',
                     f'count os printk process {pid} if $_level == 5',
                     'count printk nothing', 'count printk process 1'):
            tap.contains(gdb.cmd('monitor gdbx ' + line), 'point')
        text, log = deed(gdb, vm, pid)
        said = [m[1] for m in LOGGED.findall(text)]
        want = [t for level, t in log if level == 4 and 'line 2' in t]
        tap.check(want, log)
        tap.equal(said, want, 'logged')
        hits = [int(n) for n in re.findall(
            r'true (\d+)', gdb.cmd('monitor gdbx points'))]
        tap.equal(hits, [len(want), 1, sum(
            level == 5 and text.startswith('line ') for level, text in log),
            0, 0], 'hits')
        tap.fails(tap.equal, said[1:], want)


def test_a_stop():
    "break printk: the kernel is about to end the line"
    pid = guest.boot().oracle.spawn('kmsg', 10)
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx break printk "line 7 of" once')
        gdb.start('continue')
        vm.oracle.sock.sendall(f'kill {pid} {GO}\n'.encode())
        stop = gdb.wait_stop()
        tap.contains(stop.text, 'printk <7> "line 7 of')
        tap.contains(stop.text, '".. at 0x')
        tap.contains(stop.text, f'in process {pid}')
        gdb.start('continue')
        vm.oracle.answer()
        vm.oracle.kill(pid, 9)


tap.main(globals())
