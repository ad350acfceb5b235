# SPDX-License-Identifier: GPL-2.0-or-later
"""Recordings of each kind of thing that comes from outside, or by itself.

    with made('keyboard') as (path, options): Machine('replay', path, **options)
"""
import contextlib
import os
import socket
import tempfile
from pathlib import Path

from recording import (DEADLINE, FIRMWARE, M, TICKS, Machine, icount, record,
                       record_firmware, talk_to, tap, until)
from vm import Qmp

BUFFER_TAIL = 'm41c,1'          # of the keyboard, in the BIOS data area
KERNEL = os.environ.get('KERNEL') or '6.1'
FILE = 30000                    # lines of 7 bytes
IPXE = Path('/usr/lib/ipxe/qemu/pxe-virtio.rom')


def firmware(directory):
    record_firmware(f'{directory}/rr')
    return FIRMWARE


def boot(directory, **more):
    options = {'kernel': KERNEL, **more}
    record(f'{directory}/rr', **options)
    return options


def connect(path, vm):
    until(lambda: Path(path).exists() or not vm.alive(), 'it listens')
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(DEADLINE)
    while s.connect_ex(str(path)):
        tap.check(vm.alive(), 'the emulator ended')
    return s


def keyboard(directory):
    "keys are pressed while the firmware looks for something to boot"
    qmp = f'{directory}/qmp'
    options = {**FIRMWARE, 'sleep': 'on'}
    with Machine('record', f'{directory}/rr', **options, extra=[
            '-qmp', f'unix:{qmp},server=on,wait=off']) as vm, \
            talk_to(vm) as talk, \
            contextlib.closing(Qmp(connect(qmp, vm))) as monitor:
        talk.ok(f'Hgp{M}.1')
        talk.ok(f'Z2,{TICKS:x},4')
        # A key is lost while the machine stands still; its buffer grows.
        tail, keys = talk.ask(BUFFER_TAIL), 0
        while keys < 4:
            talk.resume()
            monitor.hmp('sendkey k 20')
            talk.expect(talk.stop(), rf'T05thread:p{M}\.1;watch')
            tap.check(icount(talk) < 10 ** 9, 'no key comes')
            now = talk.ask(BUFFER_TAIL)
            keys, tail = keys + (now != tail), now
    return options


def serial(directory):
    "lines are typed on the console of a guest with two busy processes"
    sock = f'{directory}/serial'
    options = {'kernel': KERNEL, 'sleep': 'on'}
    with Machine('record', f'{directory}/rr', gdb=False, **options,
                 console=f'unix:{sock},server=on,wait=off') as vm, \
            connect(sock, vm) as line:
        until(lambda: vm.said().count('counter=') >= 2, 'they run', DEADLINE)
        for word in (b'first\n', b'second\n', b'\x1b[A\x7f third\r\n'):
            line.sendall(word)
            echo = word.split()[-1].decode()
            until(lambda: echo in vm.said(), f'{echo} is echoed', DEADLINE)
    return options


def timers(directory):
    "a process that sleeps, waits for signals of a timer and polls"
    options = {'kernel': KERNEL, 'run': ['timers']}
    with Machine('record', f'{directory}/rr', gdb=False, **options) as vm:
        until(lambda: 'rounds done' in vm.said(), 'it has slept enough',
              DEADLINE)
    return options


def network(directory):
    """A network card's firmware asks for an address and loads a file. Not of an
    e1000: QEMU has part of that one's interrupts in no state."""
    if not IPXE.exists():
        raise tap.Skip('no boot firmware for network cards: install ipxe-qemu')
    (Path(directory) / 'tftp').mkdir()
    (Path(directory) / 'tftp' / 'boot').write_bytes(b'#!ipxe\n' * FILE)
    options = {**FIRMWARE, 'sleep': 'on', 'extra': [
        '-netdev', f'user,id=n0,tftp={directory}/tftp,bootfile=boot',
        '-device', f'virtio-net-pci,netdev=n0,romfile={IPXE}',
        '-object', 'filter-replay,id=f0,netdev=n0', '-boot', 'n']}
    with Machine('record', f'{directory}/rr', gdb=False, **options) as vm:
        # What comes in is in the recording.
        rr = Path(f'{directory}/rr')
        until(lambda: rr.exists() and rr.stat().st_size > 7 * FILE or
              not vm.alive(), 'the file is loaded', DEADLINE)
    return options


ALL = [firmware, boot, keyboard, serial, timers, network]


@contextlib.contextmanager
def made(name):
    """The recording's path and the machine's options."""
    make = {f.__name__: f for f in ALL}[name]
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as d:
        yield f'{d}/rr', make(d)
