# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that dies at any byte of a session: the guest is as if it had
never been. The session is gdb's (attach, files, breakpoints, watchpoints,
steps, runs, detach), sent as fast as its answers come and cut behind byte
n, for ever other n: each border of a packet, and bytes within. CUT_STEP=1 takes
all."""
import os
import random
import re

import seeds
from session import BUSY, M, Guest, Talk, goes_on, tap, until
from rsp import Rsp, frame  # in a directory that session adds

STEP = int(os.environ.get('CUT_STEP', 23))
guest = Guest(run=BUSY + ['sleeper', 'threads'], smp=2)
SESSION = r'''
qSupported:multiprocess+;swbreak+;hwbreak+;fork-events+;exec-events+
?
QStartNoAckMode
Hgp0.0
qXfer:threads:read::0,1000
vAttach;{a}
qXfer:auxv:read::0,1000
vFile:setfs:{a}
vFile:open:{busy},0,0
vFile:pread:0,1000,0
Z0,{work},1
Z1,{work},1;X3,220027
Z2,{counter},8
qRcmd,6764627820627265616b20307831303030
vCont;c:p{a}.-1
z2,{counter},8
vCont;c
vCont;s:p{a}.{a};c
vCont;r{work},ffffffffffff:p{a}.{a};c
z0,{work},1
vCont;s:p{a}.{a}
vAttach;{s}
vCont;s:p{s}.{s};c
D;{a}
D;{s}
D;{m}
'''


def lines():
    values = seeds.names(guest)
    return [re.sub(r'\{(\w+)\}', lambda m: values[m[1]], line).encode()
            for line in SESSION.split()]


def die(vm, data):
    """Sends this much; waits for answers to whole packets but the last."""
    talk = Rsp(vm.gdb_target, deadline=60)
    try:
        whole = list(re.finditer(rb'(?s)\$[^#]*#..', data))
        sent = 0
        for i, match in enumerate(whole):
            talk.send_bytes(data[sent:match.end()])
            sent = match.end()
            if b'$QStart' in match[0]:
                talk.answer()
                talk.ack = False
            elif i + 1 < len(whole) and b'vCont' not in match[0]:
                while re.match('O[0-9a-f]', talk.answer()):
                    pass
            elif i + 1 < len(whole):
                # A sleeper's step has no end of its own.
                if b':p' in match[0]:
                    talk.interrupt()
                while re.match('O[0-9a-f]', talk.answer()):
                    pass
        talk.send_bytes(data[sent:])
    finally:
        talk.close()


def gone(vm):
    until(lambda: f'disconnected:unix:{vm.gdb_target}'
          in vm.qmp.hmp('info chardev'), 'the end of the session')
    tap.equal(vm.qmp.hmp('gdbx points').strip(), 'no points', 'points')


def test_every_byte():
    "cut off behind any byte: no point is left, the guest and the stub go on"
    vm = guest.boot()
    data, borders = b'', set()
    for line in lines():
        data += frame(line)
        borders |= {len(data) - 4, len(data) - 1, len(data), len(data) + 1}
    cuts = sorted(n for n in borders | set(range(0, len(data), STEP))
                  if n <= len(data))
    random.shuffle(cuts)
    for n in cuts:
        die(vm, data[:n])
        gone(vm)
        # QEMU leaves a machine stopped whose client went while it was.
        vm.qmp.command('cont')
        goes_on(guest)
    tap.note(f'{len(cuts)} of {len(data)} bytes')
    with Talk(vm) as talk:
        tap.contains(talk.ask('?'), f'thread:p{M}.', 'a new client')


def test_control():
    "negative control: a point that is left is noticed"
    vm = guest.boot()
    with Talk(vm) as talk:
        talk.ok('Z0,1000,1')
        tap.fails(tap.equal, vm.qmp.hmp('gdbx points').strip(), 'no points')
    gone(vm)


tap.main(globals())
