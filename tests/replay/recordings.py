#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The file of a recording: what it needs is said and compared, a killed recorder
leaves one that is as good, damage is named where it is, before anything runs.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / d)
                for d in ('lib', 'rsp')]
import tap  # noqa: E402
from session import until  # noqa: E402
from vm import VM, die_with_parent, firmware, qemu_binary  # noqa: E402

TICKS = 0x46c       # in the BIOS data area: its clock
FOLDER = Path(tempfile.mkdtemp(prefix='gdbx-recordings-'))
DEADLINE = 120


def extra(mode, log, more=()):
    return ['-icount', f'shift=7,rr={mode},rrfile={log}', *more]


def disk(folder):
    path = Path(folder) / 'disk'
    if not path.exists():
        path.write_bytes(os.urandom(1 << 16))
    return ['-drive', f'if=none,snapshot=on,id=d,format=raw,file={path}',
            '-drive', 'driver=blkreplay,if=none,image=d,id=r',
            '-device', 'ide-hd,drive=r']


def ticks(vm):
    return int(re.search(r': (0x[0-9a-f]+)',
                         vm.qmp.hmp(f'xp /1wx {TICKS:#x}'))[1], 16)


def record(log, end):
    with VM(gdb=None, kernel=None, memory='64M',
            extra=extra('record', log, disk(FOLDER))) as vm:
        # Few questions: each makes the clocks be read, which is recorded.
        until(lambda: time.sleep(.2) or (ticks(vm) > 1 and
                                         log.stat().st_size > 4096), 'ticks')
        end(vm)
        vm.process.wait()


def whole():
    """The recording that the tests share."""
    log = FOLDER / 'whole'
    if not log.exists():
        record(log, lambda vm: vm.qmp.command('quit'))
    return log


def copy(name):
    for end in ('', '.json'):
        shutil.copy(str(whole()) + end, str(FOLDER / name) + end)
    return FOLDER / name


def replay(log, memory='64M', drives=None):
    """A replay to its end. -> (exit status, what it said)"""
    done = subprocess.run(
        [qemu_binary('patched'), *firmware(), *'-nodefaults -no-user-config '
         '-display none -no-reboot -serial null -serial null'.split(),
         '-m', memory, *extra('replay', log, drives or disk(FOLDER))],
        capture_output=True, text=True, check=False, timeout=DEADLINE,
        preexec_fn=die_with_parent)
    return done.returncode, done.stderr


def plays(log):
    """What it says while it is replayed to the end."""
    status, said = replay(log)
    tap.equal(status, 0, f'exit status: {said}')
    return said


def not_played(log, *words, **options):
    status, said = replay(log, **options)
    tap.equal(status, 1, f'exit status: {said}')
    for word in words:
        tap.contains(said, word)


def test_whole():
    "what was recorded is replayed to its end, without a word"
    said = plays(whole())
    tap.check('whole' not in said, said)


def test_needs():
    "what it needs is in a file beside it"
    needs = json.loads(Path(str(whole()) + '.json').read_text())
    tap.equal(needs['memory'], 64 << 20)
    tap.equal(needs['cpus'], 1)
    tap.check(any('ide-hd' in line for line in needs['device']), 'ide-hd')
    tap.equal(needs['files']['drive file 0']['size'], 1 << 16)
    tap.equal(len(needs['files']['drive file 0']['sha256']), 64)
    tap.equal(needs['recording']['bytes'], whole().stat().st_size)


def test_other_machine():
    "another machine is refused with what differs"
    not_played(whole(), 'memory: recorded with 67108864, now 33554432',
               memory='32M')
    not_played(whole(), 'ide-hd) was there when it was recorded',
               'drive file 0: recorded with one, now there is none', drives=['-nodefaults'])
    not_played(whole(), 'was not there when it was recorded',
               drives=[*disk(FOLDER), '-device', 'pci-testdev'])


def test_other_disk():
    "a file with another content is refused; one that was only touched is not"
    whole()
    path = FOLDER / 'disk'
    before = path.read_bytes()
    try:
        os.utime(path)
        plays(whole())
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        not_played(whole(), 'drive file 0',
                   'its content is another than when it was recorded')
        path.write_bytes(before + b'x')
        not_played(whole(), 'recorded with 65536 bytes, now 65537')
    finally:
        path.write_bytes(before)


def test_killed():
    "a recorder that is killed leaves a recording up to there"
    log = FOLDER / 'killed'
    record(log, lambda vm: os.kill(vm.process.pid, signal.SIGKILL))
    said = plays(log)
    tap.contains(said, 'the recorder was killed, or the file is cut off')
    there = int(re.search(r'goes to instruction (\d+)', said)[1])
    tap.check(there > 100000, f'{there} instructions')


def test_cut_off():
    "wherever it is cut off: it goes to there"
    size, before = whole().stat().st_size, -1
    for part in (.2, .5, .9):
        log = copy('cut')
        os.truncate(log, int(size * part))
        there = int(re.search(r'goes to instruction (\d+)', plays(log))[1])
        tap.check(there > before, f'{there} after {before}')
        before = there


def test_damaged():
    "a damaged byte is named where it is, and nothing runs"
    log = copy('damaged')
    data = bytearray(log.read_bytes())
    data[12] = 0xee                 # the first event
    log.write_bytes(data)
    not_played(log, 'damaged at byte 12, 0 instructions from the start',
               'byte 0xee is no event')
    data = bytearray(whole().read_bytes())
    data[-3] ^= 1
    log.write_bytes(data)
    not_played(log, 'damaged')
    log.write_bytes(b'\xff' * 4 + data[4:])
    not_played(log, 'invalid input log file version')


def test_damaged_needs():
    "what stands beside it is read with care"
    log = copy('odd')
    beside = Path(str(log) + '.json')
    for text in ('', '[]', '{"format": 99}', '{"format": 1, "memory": {}}',
                 '{"format": 1, "files": 7, "recording": []}', '{' * 100000):
        beside.write_text(text)
        not_played(log, '')
    beside.unlink()
    plays(log)                      # nothing to compare


try:
    tap.main(globals())
finally:
    shutil.rmtree(FOLDER)
