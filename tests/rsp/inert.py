#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Off means pristine: with gdbx=off the stub's wire equals an unpatched
QEMU's, byte for byte.

Both machines are held at their first instruction, so every register and byte
of memory is the same; what is said to one is said to the other. Not covered:
the text of `monitor help', where the command gdbx is listed, and packets
that end pristine QEMU (vKill, D of an unknown process, bs without replay).
"""
import difflib
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from fixture import log_path  # noqa: E402
from gdbrun import Gdb  # noqa: E402
from rsp import Rsp, frame  # noqa: E402
from vm import ROOT, VM  # noqa: E402

# What gdb 13 to 18 send at connect, then each packet that QEMU knows, then
# packets that we add, then nonsense.
SCRIPT = '''
qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+;fork-events+;vContSupported+;no-resumed+;xmlRegisters=i386
vMustReplyEmpty
!
Hgp0.0
qXfer:features:read:target.xml:0,ffb
qXfer:features:read:i386-64bit.xml:0,ffb
qXfer:features:read:i386-64bit.xml:ffb,ffb
qXfer:features:read:nothing.xml:0,ffb
qTStatus
?
qXfer:threads:read::0,1000
qfThreadInfo
qsThreadInfo
qThreadExtraInfo,p1.1
qThreadExtraInfo,p1.2
qAttached:1
qAttached
Hc-1
Hcp1.1
qC
qOffsets
g
p10
pffff
P10=0000000000000000
mfffffff0,10
mfffffff0,0
mfffffffffffffff0,20
m0
M0,2:beef
m0,2
X0,1:A
vCont?
vCont;s:p1.1
g
s
vCont;s:p1.1;c
Z0,fffffff0,1
z0,fffffff0,1
Z1,e05b,1
Z2,1000,4
Z3,1000,4
Z4,1000,4
z1,e05b,1
z2,1000,4
z3,1000,4
z4,1000,4
Z9,1,1
Z0
Z0,fffffff0,1;X3,220127
z0,fffffff0,1
vAttach;1
vAttach;4d
vAttach;989680
Tp1.1
Tp1.2
Tp4d.4d
T
qXfer:osdata:read::0,1000
qXfer:osdata:read:processes:0,1000
qXfer:exec-file:read:1:0,1000
qXfer:auxv:read::0,1000
qXfer:libraries-svr4:read::0,1000
qXfer:siginfo:read::0,1000
qXfer:memory-map:read::0,1000
QPassSignals:e;10
QCatchSyscalls:1
QNonStop:1
vFile:setfs:0
vFile:open:2f,0,0
qSymbol::
qGetTLSAddr:p1.1,0,0
qCRC:0,10
qSearch:memory:0;10;41
qqemu.sstepbits
qqemu.sstep
qqemu.Supported
qqemu.PhyMemMode
Qqemu.PhyMemMode:1
qqemu.PhyMemMode
Qqemu.PhyMemMode:0
qRcmd,696e666f206e616d65
qRcmd,zz
i
R
vRun
vStopped
vCtrlC
jThreads
x0,10
#
'''


SENTINEL = 'qqemu.sstepbits'
SENTINEL_ANSWER = b'ENABLE=1,NOIRQ=2,NOTIMER=4'


def payloads():
    return [line for line in SCRIPT.split('\n') if line and line != '#']


def scripted(target):
    """The transcript of the raw session, both ways."""
    with Rsp(target, deadline=20) as r:
        for payload in payloads():
            r.send(payload)
            if re.match(r'vCont;|s$', payload):
                r.read_packet()
            else:
                # Not every packet has an answer: this one's marks the end.
                r.send(SENTINEL)
                while r.read_packet() != SENTINEL_ANSWER:
                    continue
        # Broken framing: a wrong checksum, a byte between packets.
        r.send_bytes(b'$g#00')
        r.read_item()
        r.send_bytes(b'#' + frame(b'?'))
        r.read_packet()
        r.send('D')
        r.read_packet()
        return r.text().splitlines()


def with_gdb(target, name):
    """The packet log of a real gdb."""
    log = log_path('inert-' + name)
    with Gdb(log=log, sysroot=None) as gdb:
        gdb.cmd(f'target extended-remote {target}')
        for line in ('info threads', 'info registers', 'stepi', 'stepi 5',
                     'x/16xb $pc', 'break *0xffff0', 'hbreak *0xe000',
                     'info breakpoints', 'delete', 'info os processes',
                     'add-inferior', 'inferior 2', 'attach 79', 'inferior 1',
                     'thread 1', 'print $rip', 'monitor info name'):
            gdb.cmd(line, check=False)
        gdb.cmd('disconnect', check=False)
    # gdb notes in the log where it had to wait: no byte of the wire.
    text = re.sub(r'<Timeout: \d+ seconds>', '',
                  log.read_text(errors='replace'))
    return [line for line in text.splitlines() if not line.startswith('c ')]


def record(qemu, options, talk, *args):
    with VM(kernel=None, qemu=qemu, gdb='tcp', gdb_options=options,
            paused=True) as vm:
        return talk(vm.gdb_target, *args)


def difference(a, b):
    return [line[:300] for line in difflib.unified_diff(
        a, b, 'pristine', 'patched', lineterm='', n=1)]


def same(options, talk, *args):
    """Lines in which the patched emulator differs from pristine."""
    want = record('pristine', '', talk, *args)
    tap.check(len(want) > 20, 'the session with pristine is empty')
    return difference(want, record('patched', options, talk, *args))


def expect_same(lines):
    tap.check(not lines, 'the wires differ:\n' + '\n'.join(lines[:40]))


def test_scripted_session():
    "gdbx=off: a scripted session is byte-identical to pristine's"
    expect_same(same(',gdbx=off', scripted))


def test_real_gdb():
    "gdbx=off: the packet log of a real gdb is identical to pristine's"
    expect_same(same(',gdbx=off', with_gdb, 'off'))


def test_pristine_is_repeatable():
    "two pristine sessions are identical, so a difference means something"
    expect_same(difference(record('pristine', '', scripted),
                           record('pristine', '', scripted)))


def test_negative_control():
    "with the extension on the comparison sees a difference"
    tap.check(same('', scripted), 'on and off cannot be told apart')


if __name__ == '__main__':
    os.chdir(ROOT)
    tap.main(globals())
