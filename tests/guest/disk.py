# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest of disk.S: the options of a machine that runs it, with a disk that
can be recorded. All files are in a folder of the caller's."""
import random
import subprocess
from pathlib import Path

ROUNDS, SUM, FAILED = 0x600, 0x604, 0x608       # where it keeps them


def rom(folder):
    path = Path(folder) / 'rom'
    if not path.exists():
        source = Path(__file__).resolve().parent / 'disk.S'
        object_, elf = Path(folder) / 'disk.o', Path(folder) / 'disk.elf'
        for command in (['as', '--64', '-o', object_, source],
                        ['ld', '-Ttext=0', '-e', '0', '-o', elf, object_],
                        ['objcopy', '-O', 'binary', '-j', '.text', elf, path]):
            subprocess.run(command, check=True)
    return path


def image(folder, seed=1):
    path = Path(folder) / 'disk'
    if not path.exists():
        path.write_bytes(random.Random(seed).randbytes(2 << 20))
    return path


def options(folder, snapshot='on', behind=True, **more):
    """behind: the disk is behind blkreplay; more: of -drive. The recorder must
    have sleep=on: else it lets no request end."""
    drive = ''.join(f',{k}={v}' for k, v in more.items())
    disk = ['-bios', str(rom(folder)), '-cpu', 'qemu64,-apic', '-drive',
            f'if=none,format=raw,id={"d" if behind else "r"},'
            f'snapshot={snapshot},file={image(folder)}{drive}']
    if behind:
        disk += ['-drive', f'driver=blkreplay,if=none,image=d,id=r{drive}']
    return disk + ['-device', 'ide-hd,drive=r,bus=ide.0,unit=0']
