# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what `monitor gdbx trace' has written, each of its formats."""
import json
import re
import struct
from pathlib import Path
from typing import NamedTuple

HEAD = struct.Struct('<IBBH')
EVENT = struct.Struct('<QqQQiiQIHBB')
KIND, EVENT_TYPE, END = 1, 2, 3


class Event(NamedTuple):
    seq: int
    time: int           # ns
    icount: int
    cpu: int
    pid: int
    tid: int
    kind: str
    pc: int
    fields: dict
    text: str


class Trace(NamedTuple):
    events: list
    lost: int           # None: the file ends early


def strings(data):
    return [s.decode() for s in data.split(b'\0')]


def read_binary(path):
    data = Path(path).read_bytes()
    assert data[:8] == b'GDBXTRC1', data[:8]
    kinds, events, lost, at = {}, [], None, 8
    while at < len(data):
        size, what, kind, cpu = HEAD.unpack_from(data, at)
        assert size >= 8 and size % 8 == 0 and at + size <= len(data), at
        body = data[at + 8:at + size]
        if what == KIND:
            count = int.from_bytes(body[4:8], 'little')
            kinds[kind] = strings(body[8:])[:1 + count]
        elif what == EVENT_TYPE:
            events.append(binary_event(body, cpu, kinds[kind]))
        elif what == END:
            total, lost = struct.unpack('<QQ', body)
            assert total == len(events), (total, len(events))
        at += size
    return Trace(events, lost)


def binary_event(body, cpu, kind):
    (seq, time, icount, pc, pid, tid, _, known, size, _, _) = \
        EVENT.unpack_from(body)
    names = [n for i, n in enumerate(kind[1:]) if known >> i & 1]
    values = struct.unpack_from(f'<{len(names)}Q', body, EVENT.size)
    at = EVENT.size + 8 * len(names)
    return Event(seq, time, icount, cpu, pid, tid, kind[0], pc,
                 dict(zip(names, values)),
                 body[at:at + size].decode(errors='replace'))


def read_text(path):
    events, lost = [], None
    for line in Path(path).read_text(errors='replace').splitlines():
        if line.startswith('#'):
            end = re.match(r'# end: \d+ events, (\d+) missing', line)
            lost = int(end[1]) if end else lost
            continue
        head, _, text = line.partition(' | ')
        seq, time, icount, cpu, ids, kind, pc, *values = head.split()
        pid, tid = ids.split('/')
        fields = {k: int(v, 0) % (1 << 64)
                  for k, v in (value.split('=') for value in values)}
        events.append(Event(int(seq), int(time),
                            0 if icount == '-' else int(icount),
                            int(cpu[3:]), int(pid), int(tid), kind,
                            int(pc[3:], 16), fields, text))
    return Trace(events, lost)


def read_chrome(path):
    """The trace events as they are: [{...}]"""
    return json.loads(Path(path).read_text())
