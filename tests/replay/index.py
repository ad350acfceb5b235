#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The event index of a recording is what `log' tells on the way forwards, event
by event, and what was asked of it is where it says. The bare guest makes the
events; index_linux.py does the same on Linux."""
import contextlib
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'rsp', 'guest')]
import bare  # noqa: E402
import indexfile  # noqa: E402
import tap  # noqa: E402
from session import M, Talk  # noqa: E402

VECTORS = ('0 1 2 3 4 5 6 7 8 9 10 11 12 13 15 16 17 18 19 20 21 28 29 30 '
           'triple')
recording = {}


def boot(mode):
    if not recording:
        recording['dir'] = tempfile.TemporaryDirectory(prefix='gdbx-rr-')
        recording['path'] = recording['dir'].name + '/rr'
    return bare.boot('pc', 1, ['-icount', f'shift=3,rr={mode},rrfile='
                               f'{recording["path"]}'])


@contextlib.contextmanager
def session(mode):
    with boot(mode) as vm, Talk(vm) as talk:
        talk.deadline = 60
        yield talk


def to_the_end(talk):
    talk.ok(f"Z0,{bare.symbols()['bare_done']:x},1")
    stop, said = talk.run()
    tap.contains(stop, 'swbreak')
    talk.ok(f"z0,{bare.symbols()['bare_done']:x},1")
    return said


def record():
    if recording:
        return recording['path']
    with session('record') as talk:
        to_the_end(talk)
        talk.run(f'vCont;s:p{M}.1')
    return recording['path']


def forwards():
    """[(icount, kind, what, value)] as they are told one after the other. A log
    is behind the instruction that the index is in front of."""
    with session('replay') as talk:
        for line in ('syscall say "at %lu: %lu %lu %ld\\n", $icount, '
                     '$_entry, $_number, $_entry ? $_arg0 : $_result',
                     f'exception {VECTORS} say "at %lu: 2 %lu %ld\\n", '
                     '$icount, $_vector, $rip'):
            tap.contains(talk.command(f'gdbx log {line}'), 'point')
        said = to_the_end(talk)
    kind = {'1': 'syscall', '0': 'return', '2': 'exception'}
    return [(int(i) - 1, kind[k], int(n), int(v)) for i, k, n, v in
            re.findall(r'^at (\d+): (\d) (\d+) (-?\d+)$', said, re.M)]


def indexed(path):
    return [(e.icount, e.kind, e.what, e.value)
            for e in indexfile.read(path + '.index')[3]]


def compare(got, want):
    for n, (a, b) in enumerate(zip(got, want)):
        tap.equal(a, b, f'event {n}')
    tap.equal(len(got), len(want), 'events')


def build(talk):
    tap.contains(talk.command('gdbx index build'), 'the next resume')
    stop, said = talk.run(f'vCont;s:p{M}.1')
    tap.check(stop.startswith('T05'), stop)
    tap.contains(said, 'the index has')


def test_index_is_what_is_told():
    "index build: each event, at its instruction; the control lacks one"
    path = record()
    want = forwards()
    with session('replay') as talk:
        at = talk.command('gdbx when').split(' of ')[0]
        build(talk)
        tap.equal(talk.command('gdbx when').split(' of ')[0], at,
                  'where it is afterwards')
        tap.contains(talk.command('gdbx index'), 'which is all')
    got = [e for e in indexed(path) if e[0] <= want[-1][0]]
    tap.note(f'{len(want)} events')
    kinds = {e[1] for e in want}
    tap.equal(kinds, {'syscall', 'exception'} | kinds & {'return'}, 'kinds')
    compare(got, want)
    tap.fails(compare, got[:7] + got[8:], want)


def where(text):
    return int(re.search(r'instruction (\d+)', text)[1])


def test_questions():
    "last, next, first and go; the index of another replay is there at once"
    path = record()
    if not Path(path + '.index').exists():
        test_index_is_what_is_told()
    events = indexed(path)
    exceptions = [e for e in events if e[1] == 'exception']
    calls = [e for e in events if e[1] == 'syscall']
    with session('replay') as talk:
        def ask(line, want):
            text = talk.command(f'gdbx {line}')
            tap.equal(where(text), want[0], line)
            return text

        tap.contains(talk.command('gdbx index'), 'which is all')
        ask('first exception', exceptions[0])
        ask('next exception', exceptions[0])
        ask('first syscall', calls[0])
        tap.contains(talk.command('gdbx last exception'), 'no such event')
        talk.command('gdbx seek end')
        talk.run()
        ask('last syscall', calls[-1])
        for want in exceptions[:-6:-1]:
            tap.contains(ask('last exception go', want), 'the next resume')
            talk.run()
            tap.equal(where(talk.command('gdbx when')), want[0], 'a place')
        ask('next exception', exceptions[-4])
        tap.contains(ask('seek first syscall', calls[0]), 'the next resume')
        talk.run()
        tap.equal(where(talk.command('gdbx when')), calls[0][0], 'a place')
        ud = [e for e in exceptions if e[2] == 6]
        tap.contains(ask('first exception ud', ud[0]), '#UD')
        for wrong in ('last', 'last nothing', 'last exception of',
                      'last exception go now', 'first exception #xyz',
                      'when did', 'when did 1 dance', 'index what'):
            text = talk.command(f'gdbx {wrong}')
            tap.check('usage' in text, f'{wrong}: {text}')


def test_file_of_anything():
    "a file that is damaged or of another recording is left aside, and that is said"
    path = Path(record() + '.index')
    if not path.exists():
        test_index_is_what_is_told()
    good = path.read_bytes()
    cut = [good[:n] for n in (0, 5, 50, 100, len(good) // 2, len(good) - 1)]
    bent = [good[:n] + bytes([good[n] ^ 0x41]) + good[n + 1:]
            for n in range(3, len(good), max(1, len(good) // 12))]
    for data in cut + bent + [bytes(1 << 16), good + b'more']:
        path.write_bytes(data)
        with session('replay') as talk:
            text = talk.command('gdbx last event') + talk.command('gdbx index')
            tap.check(re.search('no event index|of another recording|damaged',
                                text), f'{text} for {data[:40]}')
            tap.contains(text, 'knows nothing yet')
    path.write_bytes(good)


def test_not_known():
    "what was never replayed is not known, and that is said"
    path = Path(record() + '.index')
    path.unlink(missing_ok=True)
    with session('replay') as talk:
        tap.contains(talk.command('gdbx last event'), 'knows nothing yet')
        tap.contains(talk.command('gdbx index on'), 'no guest OS is known')
        build(talk)
        tap.contains(talk.command('gdbx first event'), 'ahead')
        talk.command('gdbx index clear')
        tap.contains(talk.command('gdbx first event'), 'knows nothing yet')
        talk.command('gdbx index off')
        tap.check(' 0\n' not in talk.command('gdbx points'), 'all are removed')


tap.main(globals())
