# SPDX-License-Identifier: GPL-2.0-or-later
"""A step executes an instruction, each time: a vCPU that is kicked before it
begins has not stepped (patch 0008)."""
import tap
from rsp import Rsp
from vm import VM

STEPS = 4000
# rip's place in the `g' reply: behind 16 registers of 8 bytes.
RIP = slice(16 * 16, 17 * 16)


def user_thread(r, threads):
    """A vCPU that is in user mode: its loop never jumps to itself."""
    for t in threads:
        r.ask(f'Hg{t}')
        if int.from_bytes(bytes.fromhex(r.ask('g')[RIP]), 'little') < 1 << 47:
            return t
    return None


def empty_steps(packet):
    """Of STEPS times @packet in a busy program, those that moved nowhere."""
    with VM(kernel='6.1', smp=2, run=['busy-a', 'busy-b']) as vm:
        vm.wait_ready()
        with Rsp(vm.gdb_target) as r:
            r.ask('qSupported:multiprocess+')
            r.ask('?')
            t = user_thread(r, ['p989680.1', 'p989680.2'])
            tap.check(t, 'no vCPU is in user mode')
            count, last = 0, r.ask('g')
            for _ in range(STEPS):
                r.ask(packet.format(t))
                now = r.ask('g')
                count += now == last
                last = now
            return count


def test_no_empty_step():
    "every single step moves on"
    tap.equal(empty_steps('vCont;s:{}'), 0)


def test_no_step_is_seen():
    "negative control: without a step each counts as empty"
    tap.equal(empty_steps('T{}'), STEPS)


tap.main(globals())
