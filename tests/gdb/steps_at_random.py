#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever is typed: commands drawn at random in the machine's inferior and
three processes never end in an internal error, a gdb that does not answer, or
wrong registers.

    COMMANDS  how many (default 80)
    SEED      of the draw; it is printed, and so is what was typed
"""
import os
import random

import common
import tap
from vm import ROOT

COMMANDS = int(os.environ.get('COMMANDS', '80'))
SEED = tap.seed('SEED')
SOURCE = 'tests/guest/programs/walk.c'
COUNT = len((ROOT / SOURCE).read_text().splitlines())
guest = common.Guest(run=['walk', 'walk-alarm', 'sleeper', 'busy-a'], smp=2)
# Kept by the program for good: tests/guest/programs/sleeper.c.
PLANTED = {'rbx': 0x1111, 'r12': 0x1212, 'r13': 0x1313, 'r14': 0x1414}
# After so long without an answer Ctrl-C is typed, as a person would.
PATIENCE = 3

RUNNING = ['step', 'next', 'stepi', 'nexti', 'finish', 'until', 'continue',
           'stepi 20', 'next 3', 'print add(1,2)', 'advance play',
           'until depth']
SETTINGS = ['set schedule-multiple on', 'set schedule-multiple off',
            'set scheduler-locking off', 'set scheduler-locking step',
            'set scheduler-locking on', 'set scheduler-locking replay',
            'set displaced-stepping on', 'set displaced-stepping off',
            'set range-stepping off', 'set range-stepping on',
            'set breakpoint always-inserted on',
            'set breakpoint always-inserted off',
            'set step-mode on', 'set step-mode off']
LOOKS = ['info threads', 'backtrace 3', 'info registers rip', 'x/2i $pc',
         'info inferiors', 'maintenance flush register-cache', 'thread',
         'info breakpoints']
# Not drawn: `set non-stop on'. While the selected inferior has no process gdb
# takes it, and is at odds then with the connection, which is not (the same
# with gdbserver: "Unexpected vCont reply in non-stop mode").


class Walk:
    def __init__(self, gdb, draw):
        self.gdb, self.draw, self.typed = gdb, draw, []

    def command(self):
        draw = self.draw.random()
        if draw < .45:
            return self.draw.choice(RUNNING)
        if draw < .6:
            return f'thread {self.draw.randrange(1, 5)}.' \
                   f'{self.draw.randrange(1, 5)}'
        if draw < .66:
            return f'inferior {self.draw.randrange(1, 5)}'
        if draw < .76:
            return f'tbreak walk.c:{self.draw.randrange(40, COUNT)}'
        if draw < .8:
            return 'delete'
        if draw < .9:
            return self.draw.choice(SETTINGS)
        return self.draw.choice(LOOKS)

    def type(self, line):
        """What gdb says; Ctrl-C when it runs on."""
        gdb = self.gdb
        self.typed.append(line)
        gdb.type(line)
        runs = line in RUNNING
        result = self.patiently(gdb.result) if runs else gdb.result()
        if result.name == 'running':
            self.patiently(gdb.wait_stop)
        else:
            gdb.prompt()
        return ''.join(gdb.said) + result.values.get('msg', '')

    def patiently(self, wait):
        """A thread may wait for ever, with the others held, or for one that
        never comes. Whatever gdb prints meanwhile, a person has enough."""
        for _ in range(3):
            try:
                return wait(PATIENCE)
            except common.GdbBusy:
                self.gdb.interrupt()
        return wait(10 * PATIENCE)

    def check(self, text):
        for bad in ('internal-error', 'nternal error', 'Remote failure',
                    'timeout', 'g\' packet reply', 'Assertion'):
            tap.check(bad not in text, f'{bad}: {text}')

    def planted(self):
        """Of the sleeper, whatever is selected."""
        gdb = self.gdb
        gdb.cmd('thread 4.1')
        for name, value in PLANTED.items():
            tap.equal(gdb.number(f'(long)${name}'), value, name)


def walk_at_random(seed, commands, spoil=None):
    with guest.gdb() as (vm, gdb):
        for name in ('walk', 'walk-alarm', 'sleeper'):
            gdb.attach(guest.pids[name])
        gdb.cmd('inferior 1')
        w = Walk(gdb, random.Random(seed))
        w.type('stepi')
        try:
            for n in range(commands):
                w.check(w.type(w.command()))
                if n % 10 == 9:
                    if spoil:
                        spoil(w)
                    w.planted()
        except BaseException:
            tap.note(f'SEED={seed}; the last typed: ' + '; '.join(w.typed[-25:]))
            tap.note(''.join(gdb.said)[-1500:].replace('\n', '\n# '))
            raise
        w.type('set scheduler-locking off')
        w.type('set schedule-multiple on')
        w.type('delete')


def test_at_random():
    "nothing that is typed confuses gdb"
    tap.note(f'SEED={SEED}')
    walk_at_random(SEED, COMMANDS)


def test_check_notices():
    "negative control: a register that is not what was planted is noticed"
    def spoil(w):
        w.gdb.cmd('thread 4.1')
        w.gdb.cmd('set var $r12 = 5')

    # The walk before may have ended one of them: a call that was left unfinished
    # and whose breakpoint was deleted, as on the host, returns to nowhere.
    guest.stop()
    try:
        tap.fails(walk_at_random, SEED, 10, spoil)
    finally:
        guest.stop()        # its register is spoilt


tap.main(globals())
