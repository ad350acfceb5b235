# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's own view of itself, asked over its second serial port.

The wire is described in tests/guest/init/oracle.h. Every answer waits for
the guest, so ask only while it runs (not while gdb holds it). A guest that
is silent for as long as the deadline raises OracleError.
"""
import json
import select
import socket
import time
import zlib


class OracleError(Exception):
    """The guest did not answer, or answered with an error."""


class Oracle:
    def __init__(self, path, deadline=60):
        self.deadline = deadline
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(deadline)
        self.sock.connect(str(path))
        self.buffer = b''
        self.ready = False

    def close(self):
        self.sock.close()

    def _fill(self, until):
        left = until - time.monotonic()
        if left <= 0 or not select.select([self.sock], [], [], left)[0]:
            raise OracleError('the guest did not answer in time')
        data = self.sock.recv(65536)
        if not data:
            raise OracleError('the guest is gone')
        self.buffer += data

    def _line(self, until=None):
        while b'\n' not in self.buffer:
            self._fill(until or time.monotonic() + self.deadline)
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.decode('ascii', 'replace')

    def _bytes(self, n):
        while len(self.buffer) < n:
            self._fill(time.monotonic() + self.deadline)
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def wait_ready(self, deadline):
        """Returns when all programs of the kernel command line run."""
        until = time.monotonic() + deadline
        while not self.ready:
            line = self._line(until)
            if line.startswith('!'):
                raise OracleError('guest: ' + line[1:])
            self.ready = line == '*READY'

    def ask(self, *words):
        """Bytes of the answer to one command."""
        request = ' '.join(str(w) for w in words)
        self.sock.sendall(request.encode() + b'\n')
        return self.answer(request)

    def answer(self, request='the last question'):
        """The answer to a question that is on its way."""
        parts = []
        while True:
            line = self._line()
            if line.startswith('+'):
                parts.append(self._bytes(int(line[1:])))
            elif line == '.':
                return b''.join(parts)
            elif line.startswith('!'):
                raise OracleError(f'{request}: {line[1:]}')
            else:
                raise OracleError(f'{request}: odd answer {line[:60]!r}')

    def text(self, *words):
        return self.ask(*words).decode('utf-8', 'surrogateescape')

    def tasks(self):
        """List of dicts: tgid tid ppid uid state cpu flags start comm."""
        return [json.loads(line) for line in self.text('tasks').splitlines()]

    def programs(self):
        """{name: pid}; of two programs of one name the last."""
        rows = [r.split('\t') for r in self.text('programs').splitlines()]
        return {name: int(pid) for pid, name, _ in rows}

    def said(self, name):
        """Words "key=value" that a program said when it was ready."""
        rows = [r.split('\t') for r in self.text('programs').splitlines()]
        words = [r[2] for r in rows if r[1] == name][-1].split()
        return dict(w.split('=', 1) for w in words if '=' in w)

    def counter(self, pid):
        return int(self.text('counter', pid))

    def spawn(self, name, *args):
        return int(self.text('spawn', name, *args))

    def kill(self, pid, signal):
        self.ask('kill', pid, signal)

    def proc(self, pid, what):
        """Bytes of /proc/PID/what: maps, auxv, status, stack, syscall..."""
        return self.ask('read', f'/proc/{pid}/{what}')

    def exe(self, pid):
        return self.text('link', f'/proc/{pid}/exe')

    def peek(self, pid, address, length):
        return self.ask('peek', pid, hex(address), length)

    def compressed(self, *words):
        """Bytes of an answer that is long."""
        return zlib.decompress(self.ask('z', *words), 31)

    def kallsyms(self):
        """[(address, type, name)] of the kernel proper."""
        raw = self.compressed('read', '/proc/kallsyms')
        rows = (line.split() for line in raw.decode().splitlines())
        return [(int(r[0], 16), r[1], r[2]) for r in rows if len(r) == 3]

    def dump(self):
        """{path below /proc: bytes} of all processes; links: the target."""
        raw, found, at = self.compressed('dump'), {}, 0
        while at < len(raw):
            end = raw.index(b'\n', at)
            _, rest = raw[at:end].split(b' ', 1)
            path, length = rest.rsplit(b' ', 1)
            at = end + 1 + int(length)
            found[path.decode()] = raw[end + 1:at]
        return found
