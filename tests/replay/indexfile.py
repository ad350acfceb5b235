# SPDX-License-Identifier: GPL-2.0-or-later
"""F.index, as replay/gdbx/index-file.c writes it, read by a second reader."""
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

KINDS = ('syscall', 'return', 'exception', 'switch', 'exec', 'fork', 'exit')
MAGIC = b'event index\n'


class Event(NamedTuple):
    icount: int
    kind: str
    pid: int
    tid: int
    what: int
    value: int


class Numbers:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def get(self):
        value = shift = 0
        while True:
            b = self.byte()
            value |= (b & 0x7f) << shift
            shift += 7
            if b < 0x80:
                return value

    def signed(self):
        v = self.get()
        return v >> 1 ^ -(v & 1)


def chunk(records, data):
    n, icount, pid, tid = Numbers(data), 0, 0, 0
    for _ in range(records):
        icount += n.get()
        kind, _ = KINDS[n.byte()], n.byte()
        pid += n.signed()
        tid += n.signed()
        yield Event(icount, kind, pid, tid, n.signed(), n.signed())
    assert n.at == len(data)


def read(path):
    """(from, to, {(icount, tid): name}, [Event])"""
    data = Path(path).read_bytes()
    crc, = struct.unpack('>I', data[-4:])
    assert data.startswith(MAGIC) and crc == zlib.crc32(data[:-4])
    at = len(MAGIC) + 72
    begin, end, names, chunks = struct.unpack_from('>QQII', data, at)
    at += 24
    called, events = {}, []
    for _ in range(names):
        icount, tid, name = struct.unpack_from('>Qi16s', data, at)
        called[icount, tid] = name.rstrip(b'\0').decode()
        at += 28
    for _ in range(chunks):
        records, plain, size = struct.unpack_from('>20xIII', data, at)
        at += 32
        text = zlib.decompress(data[at:at + size])
        assert len(text) == plain
        events += chunk(records, text)
        at += size
    assert at == len(data) - 4
    return begin, end, called, events
