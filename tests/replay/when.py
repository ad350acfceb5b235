#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Where am I, in a real gdb: `when', `seek' in all its forms, bookmarks that are
there again in the next replay."""
import contextlib
import re
import shutil
import tempfile
from pathlib import Path

from recording import (FIRMWARE, TICKS, Machine, firmware_recording,
                       record_firmware, tap)
from gdbrun import Gdb


@contextlib.contextmanager
def replay(path=None):
    with Machine('replay', path or firmware_recording(), **FIRMWARE) as vm, \
            Gdb(sysroot=None) as gdb:
        gdb.connect(vm)
        gdb.run('stepi')            # the log's first event: time begins
        yield gdb


def there(gdb, place, command='stepi'):
    """Arms, performs; the instruction count, twice."""
    tap.contains(gdb.cmd(f'monitor gdbx seek {place}'), 'the next resume')
    gdb.run(command)
    at = gdb.number('$icount')
    tap.contains(gdb.cmd('monitor gdbx when'), f'instruction {at} of ')
    return at


def test_seek():
    "each way to say a place goes there, whichever resume performs it"
    with replay() as gdb:
        text = gdb.cmd('monitor gdbx when')
        last = int(re.search(r'instruction \d+ of (\d+) ', text)[1])
        tap.equal(there(gdb, 500000), 500000, 'a number')
        tap.equal(there(gdb, '0x7a120', 'continue'), 0x7a120, 'hexadecimal')
        tap.equal(there(gdb, '-1000', 'reverse-stepi'), 499000, 'back')
        tap.equal(there(gdb, '+2500', 'reverse-continue'), 501500, 'ahead')
        tap.equal(there(gdb, '25%'), last // 4, 'a percentage')
        tap.check('(25.0' in gdb.cmd('monitor gdbx when'), 'as it is shown')
        tap.equal(there(gdb, 'end'), last - 1, 'the end')
        tap.equal(there(gdb, 'start'), 0, 'the start')
        for wrong in ('', 'nowhere', '101%', '-1', '+', '12x', '1e30%',
                      '99999999999999999999', '%', '5 6', f'{last}'):
            text = gdb.cmd(f'monitor gdbx seek {wrong}')
            tap.check('the next resume' not in text, f'{wrong}: {text}')
        gdb.run('stepi')
        tap.equal(gdb.number('$icount'), 1, 'a step, no seek is armed')


def test_when():
    "the machine's clock, the CPU, and what has stopped it"
    with replay() as gdb:
        seen = []
        for n in (200000, 400000):
            there(gdb, n)
            text = gdb.cmd('monitor gdbx when')
            seen.append(float(re.search(r'^([\d.]+) s of', text, re.M)[1]))
            tap.check(f"CPU#0 at {gdb.number('$pc'):#x}" in text or
                      'CPU#0 at 0x' in text, text)
            tap.contains(text, 'stopped by a step, or a seek')
        # shift=3: 8 ns an instruction.
        tap.check(seen[1] - seen[0] >= 200000 * 8e-9 * .99, f'{seen}')
        gdb.cmd(f'watch *(int *){TICKS:#x}')
        gdb.run('continue')
        tap.contains(gdb.cmd('monitor gdbx when'), 'stopped by ')
        tap.check(re.search(r'stopped by .*46c', gdb.cmd('monitor gdbx when')),
                  'the watchpoint')
        gdb.cmd('delete')
        gdb.cmd('monitor gdbx seek start')
        gdb.run('stepi')
        gdb.run('reverse-continue')
        tap.contains(gdb.cmd('monitor gdbx when'),
                     'stopped by the beginning of what is recorded')


def test_bookmarks():
    "they are kept beside the recording, and are of no other"
    path = firmware_recording()
    with replay() as gdb:
        there(gdb, 300000)
        tap.contains(gdb.cmd('monitor gdbx bookmark here'), '300000')
        gdb.cmd('monitor gdbx bookmark later 600000')
        gdb.cmd('monitor gdbx bookmark half 50%')
        gdb.cmd('monitor gdbx bookmark wrong 1')
        gdb.cmd('monitor gdbx bookmark delete wrong')
        for bad in ('9x', 'start', 'a/b', 'x' * 64, 'a 12q'):
            gdb.cmd(f'monitor gdbx bookmark {bad}')
        there(gdb, 300010)
        tap.contains(gdb.cmd('monitor gdbx when'),
                     '10 instructions behind here')
    names = re.findall(r'^\d+ (\S+)$', Path(path + '.bookmarks').read_text(),
                       re.M)
    tap.equal(names, ['here', 'later', 'half'], 'names in the file')
    with replay() as gdb:
        tap.equal(there(gdb, 'later'), 600000, 'in another replay')
        tap.equal(there(gdb, 'here'), 300000, 'and back')
        tap.contains(gdb.cmd('monitor gdbx when'), 'this is here')
    # Control: another recording, or a file that is none.
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as room:
        other = room + '/rr'
        record_firmware(other)
        shutil.copy(path + '.bookmarks', other + '.bookmarks')
        with replay(other) as gdb:
            tap.contains(gdb.cmd('monitor gdbx bookmarks'),
                         'is of another recording')
            tap.contains(gdb.cmd('monitor gdbx seek here'), 'no place')
        Path(other + '.bookmarks').write_bytes(bytes(range(256)) * 4000)
        with replay(other) as gdb:
            tap.contains(gdb.cmd('monitor gdbx bookmarks'), 'no file of')


tap.main(globals())
