# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of the wire share: machines of which one is there at a time,
and a client that speaks as gdb does."""
import contextlib
import functools
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from fixture import Guest  # noqa: E402
from rsp import Rsp  # noqa: E402

M = '989680'                    # the machine's pid
DEADLINE = 30
BUSY = ['busy-a', 'busy-b']
ONE = Guest(run=BUSY + ['sleeper'], smp=1)
TWO = Guest(run=BUSY, smp=2)
HELD = Guest(kernel=None, smp=2, paused=True)
SHUT = Guest(kernel=None, extra=['-no-shutdown'])


def on(guest):
    """A test's machine, as @vm. Of all those here only one is there at a
    time, and none that a test has failed on."""
    def wrap(test):
        def run():
            for other in (ONE, TWO, HELD, SHUT):
                if other is not guest:
                    other.stop()
            vm = guest.boot()
            vm.oracle.deadline = DEADLINE
            try:
                test(vm)
                tap.check(vm.alive(), 'the emulator ended')
            except BaseException:
                with contextlib.suppress(OSError):
                    guest.stop()
                guest.vm = None
                raise
        return functools.update_wrapper(run, test)
    return wrap


class Talk(Rsp):
    """A session that has begun, as gdb's would."""

    def __init__(self, vm):
        super().__init__(vm.gdb_target, deadline=DEADLINE)
        self.ask('qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+')
        self.ask('?')

    def ok(self, payload):
        tap.equal(self.ask(payload), 'OK', payload)

    def attach(self, pid):
        answer = self.ask(f'vAttach;{pid:x}')
        tap.check(answer.startswith(f'T05thread:p{pid:x}.'), answer)
        return f'p{pid:x}.{pid:x}'

    def resume(self, payload='vCont;c'):
        """Returns when the stub has the packet; there is no answer yet."""
        self.send(payload)
        tap.equal(self.read_item(), b'+', 'acknowledgement')

    def stop(self):
        """(the next stop reply, what was said on the console before it)"""
        said = ''
        while True:
            answer = self.answer()
            if not answer.startswith('O'):
                return answer, said
            said += bytes.fromhex(answer[1:]).decode(errors='replace')

    def run(self, payload='vCont;c'):
        self.send(payload)
        return self.stop()

    def expect(self, stop, pattern, unwanted=None):
        tap.check(re.match(pattern, stop[0]), f'{stop}: want {pattern}')
        tap.check(not unwanted or unwanted not in stop[0],
                  f'{stop}: has {unwanted}')

    def number(self, address):
        return int.from_bytes(bytes.fromhex(self.ask(f'm{address},8')),
                              'little')

    def nothing_is_due(self):
        """No answer is on its way but that to a question asked now."""
        tap.equal(self.ask('vMustReplyEmpty'), '', 'answer')


def until(function, what, deadline=DEADLINE):
    """Asks again and again; the deadline only turns a hang into a failure."""
    end = time.monotonic() + deadline
    while not function():
        tap.check(time.monotonic() < end, f'in vain: {what}')


def counters(guest, names=BUSY):
    return [guest.vm.oracle.counter(guest.pids[name]) for name in names]


def goes_on(guest, names=BUSY):
    """All the counters advance."""
    tap.check(guest.vm.alive(), guest.vm.last_words('qemu'))
    before = counters(guest, names)
    until(lambda: all(b > a for a, b in zip(before, counters(guest, names))),
          f'the counters of {names} advance')


def places(vm, name='busy-a'):
    """(work, counter) as a packet has them."""
    said = vm.oracle.said(name)
    return said['work'][2:], said['counter'][2:]


def asleep(vm, pid):
    until(lambda: [t['state'] for t in vm.oracle.tasks()
                   if t['tid'] == pid] == ['S'], f'{pid} sleeps')
