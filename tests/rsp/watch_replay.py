# SPDX-License-Identifier: GPL-2.0-or-later
"""Watchpoints in a replay, forwards and backwards: the firmware's counter of
timer ticks, which one instruction changes and others do not."""
import contextlib
import re
import subprocess
import tempfile
from pathlib import Path

from session import M, Talk, tap, until
from vm import BUILD, VM

TICKS = 0x46c       # in the BIOS data area, 4 bytes
# Going back loads a snapshot; with the VAPIC QEMU then waits for a vCPU that
# waits for it.
COMMON = ['-global', 'apic-common.vapic=off', '-drive', 'if=none,id=s,file=']


def extra(folder, mode):
    return COMMON[:-1] + [COMMON[-1] + f'{folder}/disk', '-icount',
                          f'shift=7,rr={mode},rrfile={folder}/log,'
                          'rrsnapshot=begin']


def ticks(vm):
    return int(re.search(r': (0x[0-9a-f]+)',
                         vm.qmp.hmp(f'xp /1wx {TICKS:#x}'))[1], 16)


@contextlib.contextmanager
def replay():
    """A replay of a little of the firmware, at its beginning."""
    with tempfile.TemporaryDirectory(prefix='gdbx-') as folder:
        subprocess.run([BUILD / 'qemu-img', 'create', '-q', '-f', 'qcow2',
                        Path(folder) / 'disk', '16M'], check=True)
        options = dict(kernel=None, memory='64M')
        with VM(gdb=None, extra=extra(folder, 'record'), **options) as vm:
            seen = set()
            until(lambda: seen.add(ticks(vm)) or len(seen) > 6, 'ticks')
            vm.qmp.command('quit')
            vm.process.wait()
        with VM(paused=True, extra=extra(folder, 'replay'), **options) as vm:
            yield vm


def where(talk):
    """(ticks, instruction count)"""
    talk.ok(f'Hgp{M}.1')
    value = int.from_bytes(bytes.fromhex(talk.ask(f'm{TICKS:x},4')), 'little')
    return value, int(re.search(r'instruction (\d+)',
                                talk.command('gdbx time'))[1])


def goes(talk, packet, pattern):
    talk.expect(talk.run(packet), pattern)
    return where(talk)


def test_there_and_back():
    "each change stops once; back from it come the same ones in turn"
    with replay() as vm, Talk(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Z2,{TICKS:x},4')
        ahead = [goes(talk, 'vCont;c', rf'T05thread:p{M}\.1;watch:46c;')
                 for _ in range(4)]
        values = [v for v, _ in ahead]
        tap.equal(values, list(range(values[0], values[0] + 4)), 'ticks')
        # Backwards it stops in front of the write: the value of before.
        back = [goes(talk, 'bc', rf'T05thread:p{M}\.0*1;') for _ in range(3)]
        tap.equal([v for v, _ in back], values[2::-1], 'ticks backwards')
        tap.equal([i for _, i in back], [i for _, i in ahead[2::-1]],
                  'instruction counts backwards')
        again = [goes(talk, 'vCont;c', rf'T05thread:p{M}\.1;watch:46c;')
                 for _ in range(3)]
        tap.equal(again, ahead[1:], 'and forwards again')


def test_control():
    "negative control: another place is never the same"
    with replay() as vm, Talk(vm) as talk:
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Z2,{TICKS:x},4')
        a = goes(talk, 'vCont;c', 'T05')
        b = goes(talk, 'vCont;c', 'T05')
        tap.fails(tap.equal, a, b)


tap.main(globals())
