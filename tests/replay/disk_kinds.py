#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks of other kinds, used by the firmware's calls (tests/guest/bootdisk.S): virtio
goes back as IDE does, and what cannot be kept is named, while the guest that uses
it is recorded unharmed.

GDBX_SEEKS=N: so many places. GDBX_SEED.
"""
import os
import random
import re
import subprocess
import tempfile
from pathlib import Path

from recording import M, Machine, icount, state, talk_to, tap

SEEKS = int(os.environ.get('GDBX_SEEKS', 12))
SEED = int(os.environ.get('GDBX_SEED', 1))
SOURCE = Path(__file__).resolve().parents[1] / 'guest/bootdisk.S'
ROUNDS, SUM, FAILED = 0x600, 0x604, 0x608       # where it keeps them
FOLDER = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
HERE = Path(FOLDER.name)


def image():
    path = HERE / 'disk'
    if not path.exists():
        elf, sector = HERE / 'elf', HERE / 'sector'
        for command in (['as', '--32', '-o', HERE / 'o', SOURCE],
                        ['ld', '-m', 'elf_i386', '-Ttext=0x7c00', '-e', '0x7c00',
                         '-o', elf, HERE / 'o'],
                        ['objcopy', '-O', 'binary', '-j', '.text', elf, sector]):
            subprocess.run(command, check=True)
        path.write_bytes(sector.read_bytes() +
                         random.Random(SEED).randbytes((4 << 20) - 512))
    return path


def machine(mode, path, *device):
    return Machine(mode, path, kernel=None, memory='64M', sleep='on', extra=[
        '-drive', f'if=none,format=raw,id=d,snapshot=on,file={image()}',
        '-drive', 'driver=blkreplay,if=none,image=d,id=r', *device])


def number(talk, address):
    return int.from_bytes(bytes.fromhex(talk.ask(f'm{address:x},4')),
                          'little')


def rounds(talk, most):
    talk.ok(f'Z2,{ROUNDS:x},4')
    while number(talk, ROUNDS) != most:
        talk.expect(talk.run(), rf'T05thread:p{M}\.1;watch')
    talk.ok(f'z2,{ROUNDS:x},4')


def begin(talk):
    talk.deadline = 60
    talk.ok(f'Hgp{M}.1')
    talk.ok(f'Hcp{M}.1')


def record(kind, *device):
    path = str(HERE / kind)
    with machine('record', path, *device) as vm, talk_to(vm) as talk:
        begin(talk)
        rounds(talk, 60)
        tap.equal(number(talk, FAILED), 0, 'failed requests')
        answer = talk.command('gdbx seek 1000')
    return path, answer


def seek(talk, goal):
    tap.contains(talk.command(f'gdbx seek {goal}'), 'the next resume')
    talk.expect(talk.run(), 'T05')
    return [icount(talk), number(talk, ROUNDS), number(talk, SUM), state(talk)]


def round_trip(kind, *device):
    path, _ = record(kind, *device)
    dice = random.Random(SEED)
    with machine('replay', path, *device) as vm, talk_to(vm) as talk:
        begin(talk)
        talk.run(f'vCont;s:p{M}.1')
        last = int(re.search(r'% of (\d+)', talk.command('gdbx time'))[1])
        rounds(talk, 2)
        first = icount(talk)
        goals = [first, *sorted(dice.sample(range(first + 1, last), SEEKS))]
        want = {g: seek(talk, g) for g in goals}
        tap.check(want[goals[-1]][1] > 10, 'it goes round')
    with machine('replay', path, *device) as vm, talk_to(vm) as talk:
        begin(talk)
        dice.shuffle(goals)
        for n, goal in enumerate(goals):
            tap.equal(seek(talk, goal), want[goal], f'seek {n} to {goal}')
        # Negative control: a block is forgotten.
        seek(talk, max(goals))
        talk.command('gdbx time forget-block')
        tap.fails(tap.equal, seek(talk, first), want[first])


def test_virtio():
    "virtio-blk: the same disk, sum and state at each place, whichever way"
    round_trip('virtio', '-device', 'virtio-blk-pci,drive=r')


def test_ide():
    "the same by the firmware's IDE, which asks instead of waiting"
    round_trip('ide', '-device', 'ide-hd,drive=r')


def refused(kind, name, *device):
    _, answer = record(kind, *device)
    tap.contains(answer, f'a device of type {name}, whose state cannot be kept')


def test_scsi():
    "a SCSI disk is recorded, and named when one wants to go back"
    refused('scsi', 'scsi-hd', '-device', 'virtio-scsi-pci,id=s', '-device',
            'scsi-hd,bus=s.0,drive=r')


def test_nvme():
    "so is an NVMe disk"
    refused('nvme', 'nvme', '-device', 'nvme,serial=1,drive=r')


try:
    tap.main(globals())
finally:
    FOLDER.cleanup()
