# SPDX-License-Identifier: GPL-2.0-or-later
"""A step executes an instruction, each time: a vCPU that is kicked before it
begins has not stepped (patch 0008)."""
import re

from session import TWO, Talk, on, tap

STEPS = 4000


def empty_steps(vm, packet):
    """Of STEPS times @packet in a busy program, those that moved nowhere. Its
    loop never jumps to itself, so an instruction always changes something."""
    work = vm.oracle.said('busy-a')['work'][2:]
    with Talk(vm) as talk:
        talk.ok(f'Z0,{work},1')
        thread = re.search(r'thread:([^;]*)', talk.ask('vCont;c'))[1]
        talk.ok(f'z0,{work},1')
        count, last = 0, talk.ask('g')
        for _ in range(STEPS):
            talk.ask(packet.format(thread))
            now = talk.ask('g')
            count += now == last
            last = now
        return count


@on(TWO)
def test_no_empty_step(vm):
    "every single step moves on"
    tap.equal(empty_steps(vm, 'vCont;s:{}'), 0)


@on(TWO)
def test_no_step_is_seen(vm):
    "negative control: without a step each counts as empty"
    tap.equal(empty_steps(vm, 'T{}'), STEPS)


tap.main(globals())
