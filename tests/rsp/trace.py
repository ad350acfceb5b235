#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx trace': the same events in each format, none lost without a
word, files that are somebody else's left alone, nothing left behind."""
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('lib', 'guest')]
import bare  # noqa: E402
import chrometrace  # noqa: E402
import tap  # noqa: E402
import tracefile  # noqa: E402
from session import Talk  # noqa: E402


@contextlib.contextmanager
def session(**options):
    """(machine held at its first instruction, client, directory)"""
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room, \
            bare.boot(**options) as vm, Talk(vm) as talk:
        yield vm, talk, Path(room)


def to_the_end(talk):
    talk.ok(f"Z0,{bare.symbols()['bare_done']:x},1")
    stop, _ = talk.run()
    tap.check('swbreak' in stop, stop)


def say(talk, line, part, present=True):
    answer = talk.command('gdbx ' + line)
    tap.check((part in answer) == present, f'{line}: {answer}')
    return answer


def one_run(path, words=''):
    with session() as (vm, talk, _):
        say(talk, f'trace io 0-0xffff {words} to {path}', 'point 1: trace io')
        say(talk, 'trace mmio 0-0xffffffffff', 'point 2: trace mmio')
        to_the_end(talk)
        say(talk, 'trace stop', ' 0 lost')


def values(event):
    return (event.cpu, event.kind, event.pc, event.fields)


def test_formats():
    "text, binary and JSON have the same events"
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room:
        room = Path(room)
        for name in ('a.txt', 'a.gdbx', 'a.json'):
            one_run(room / name)
        text = tracefile.read_text(room / 'a.txt')
        binary = tracefile.read_binary(room / 'a.gdbx')
        chrome = tracefile.read_chrome(room / 'a.json')
    tap.check(len(text.events) > 80, len(text.events))
    tap.equal([values(e) for e in text.events],
              [values(e) for e in binary.events], 'events')
    tap.equal((text.lost, binary.lost), (0, 0), 'lost')
    tap.equal(chrometrace.errors(chrome), [], 'rules of the format')
    shown = [e for e in chrome if e['ph'] == 'i']
    tap.equal([(e['args']['cpu'], e['cat'], int(e['args']['pc'], 16),
                e['args']['text']) for e in shown],
              [(e.cpu, e.kind, e.pc, e.text) for e in text.events], 'events')
    times = [e['ts'] for e in shown]
    tap.check(times == sorted(times), 'time goes back')
    tap.equal([e.seq for e in binary.events],
              list(range(1, len(binary.events) + 1)), 'numbers')


def test_icount():
    "with -icount, instructions and time are those of the event, and go up"
    with session(extra=['-icount', 'shift=3']) as (vm, talk, room):
        say(talk, f'trace io 0-0xffff to {room}/t.gdbx', 'point 1')
        to_the_end(talk)
        say(talk, 'trace stop', ' 0 lost')
        events = tracefile.read_binary(room / 't.gdbx').events
    counts = [e.icount for e in events]
    tap.check(all(a < b for a, b in zip(counts, counts[1:])), counts)
    # Between them time is 8 ns an instruction, but while the CPU idles.
    idle = [e.time - 8 * e.icount for e in events]
    tap.equal(idle, sorted(idle), 'time without that of instructions')
    tap.check(len(set(idle)) <= 4, idle)


def test_conditions():
    "what a condition or the count leaves out is not in the file"
    with session() as (vm, talk, room):
        say(talk, 'trace io 0-0xffff out if $_port == 0xe8 && $_size == 4 to '
            f'{room}/t.gdbx', 'point 1')
        to_the_end(talk)
        say(talk, 'points', 'trace io')
        say(talk, 'trace stop', 'trace to')
        events = tracefile.read_binary(room / 't.gdbx').events
    tap.equal([e.fields['value'] for e in events],
              [0x13141314, 0x11121314, 0x21222324], 'values')


def test_files_of_others():
    "a file that is no trace is left alone; a trace is written over"
    with session() as (vm, talk, room):
        other, mine = room / 'other', room / 'mine'
        other.write_text('precious\n')
        say(talk, f'trace io 0 to {other}', 'is there and is no trace')
        tap.equal(other.read_text(), 'precious\n', 'file')
        say(talk, f'trace io 0 to {room}', 'Is a directory')
        say(talk, f'trace io 0 to {room}/no/where', 'No such file')
        os.mkfifo(room / 'pipe')
        say(talk, f'trace io 0 to {room}/pipe force', 'no regular file')
        say(talk, 'trace io 0', 'to FILE')
        say(talk, f'trace io 0 to {mine} as pcap', 'text, binary or chrome')
        say(talk, f'trace nothing to {mine}', 'no kind of event')
        say(talk, 'trace status', 'no trace is open')
        tap.check(not mine.exists(), 'it was made all the same')
        for _ in range(2):
            say(talk, f'trace io 0 to {mine}', 'point')
            say(talk, f'trace io 0 to {room}/second', 'is open')
            say(talk, 'trace stop', '0 events')
            say(talk, 'points', 'trace', False)
        say(talk, f'trace io 0 to {other} force', 'point')
        say(talk, 'trace stop', '0 events')
        tap.check('precious' not in other.read_text(), 'not overwritten')


def test_client_leaves():
    "gdb goes: the file is complete, and another gdb may trace"
    with session() as (vm, talk, room):
        say(talk, f'trace io 0-0xffff to {room}/t.txt', 'point 1')
        to_the_end(talk)
        talk.close()
        with Talk(vm) as other:
            say(other, 'trace status', 'no trace is open')
            say(other, 'points', 'trace', False)
        tap.equal(tracefile.read_text(room / 't.txt').lost, 0, 'lost')


def test_deleted():
    "the file is closed with the last of its points"
    with session() as (vm, talk, room):
        say(talk, f'trace io 0 to {room}/t.json', 'point 1')
        say(talk, 'trace io 1', 'point 2')
        say(talk, 'delete 1', 'gdbx:', False)
        say(talk, 'trace status', 'trace to')
        say(talk, 'delete all', 'gdbx:', False)
        say(talk, 'trace status', 'no trace is open')
        tap.check(json.loads((room / 't.json').read_text()), 'empty')


def test_control():
    "negative control: a trace that is cut or changed is seen"
    with tempfile.TemporaryDirectory(prefix='gdbx-') as room:
        path = Path(room) / 't.gdbx'
        one_run(path)
        whole, data = tracefile.read_binary(path), path.read_bytes()
        path.write_bytes(data[:-24])
        tap.equal(tracefile.read_binary(path).lost, None, 'cut')
        path.write_bytes(data.replace(bytes([0xe8, 0]), bytes([0xe9, 0]), 1))
        tap.fails(tap.equal, tracefile.read_binary(path), whole, 'trace')


if __name__ == '__main__':
    tap.main(globals())
