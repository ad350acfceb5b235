# SPDX-License-Identifier: GPL-2.0-or-later
"""A small client of the remote serial protocol that hides nothing: what goes
over the wire, both ways, is kept byte for byte.

    with Rsp(vm.gdb_target) as r:
        r.ask('qSupported:multiprocess+')   -> 'PacketSize=...'
        r.transcript                        -> [('>', b'$...#xx'), ...]
"""
import re
import select
import socket
import time


class RspError(Exception):
    """The stub closed, said nothing in time, or broke the framing."""


def checksum(payload):
    return sum(payload) & 255


def frame(payload):
    return b'$%s#%02x' % (payload, checksum(payload))


def escape(data):
    """Binary data as it may stand in a packet."""
    return re.sub(rb'[$#}*]', lambda m: bytes((0x7d, m[0][0] ^ 0x20)), data)


def expand(payload):
    """Undoes run-length encoding, then escapes."""
    payload = re.sub(rb'(?s)(.)\*(.)',
                     lambda m: m[1] * (m[2][0] - 28), payload)
    return re.sub(rb'(?s)\}(.)', lambda m: bytes((m[1][0] ^ 0x20,)), payload)


class Rsp:
    def __init__(self, target, deadline=60):
        self.deadline = deadline
        self.transcript = []
        self.buffer = b''
        self.ack = True
        if target.startswith('/'):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.connect(target)
        else:
            host, port = target.rsplit(':', 1)
            self.sock = socket.create_connection((host, int(port)))

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    # Bytes ----------------------------------------------------------------

    def send_bytes(self, data):
        self.transcript.append(('>', data))
        self.sock.sendall(data)

    def _fill(self, until):
        left = max(0, until - time.monotonic())
        if not select.select([self.sock], [], [], left)[0]:
            raise RspError(f'no answer; unread: {self.buffer[:80]!r}')
        try:
            data = self.sock.recv(65536)
        except OSError:
            data = b''
        if not data:
            raise RspError('the stub closed the connection')
        self.buffer += data

    def read_item(self):
        """The next thing on the wire: b'+', b'-' or a whole packet."""
        until = time.monotonic() + self.deadline
        while True:
            found = re.match(rb'(?s)[+-]|\$[^#]*#[0-9a-fA-F]{2}', self.buffer)
            if found:
                self.buffer = self.buffer[found.end():]
                self.transcript.append(('<', found[0]))
                return found[0]
            if self.buffer and self.buffer[:1] not in b'$+-':
                raise RspError(f'no packet: {self.buffer[:80]!r}')
            self._fill(until)

    # Packets --------------------------------------------------------------

    def read_packet(self):
        """The next packet's raw payload, checked and acknowledged."""
        item = self.read_item()
        while item in (b'+', b'-'):
            if item == b'-':
                raise RspError('the stub rejected a packet')
            item = self.read_item()
        payload = item[1:-3]
        if int(item[-2:], 16) != checksum(payload):
            raise RspError(f'wrong checksum: {item!r}')
        if self.ack:
            self.send_bytes(b'+')
        return payload

    def send(self, payload):
        if isinstance(payload, str):
            payload = payload.encode('latin-1')
        self.send_bytes(frame(payload))

    def answer(self):
        """The next packet as text, run lengths expanded."""
        return expand(self.read_packet()).decode('latin-1')

    def ask(self, payload):
        """Sends a packet; its answer."""
        self.send(payload)
        answer = self.answer()
        if payload == 'QStartNoAckMode' and answer == 'OK':
            self.ack = False
        return answer

    def command(self, line):
        """`monitor LINE' -> its text."""
        self.send('qRcmd,' + line.encode().hex())
        text = b''
        while True:
            payload = expand(self.read_packet())
            if payload[:1] == b'O' and payload != b'OK':
                text += bytes.fromhex(payload[1:].decode())
            else:
                break
        return text.decode(errors='replace')

    def xfer(self, kind, annex='', chunk=0x400):
        """A whole qXfer object."""
        data, offset = '', 0
        while True:
            part = self.ask(f'qXfer:{kind}:read:{annex}:{offset:x},{chunk:x}')
            if part[:1] not in ('m', 'l'):
                raise RspError(f'qXfer:{kind}: {part[:60]!r}')
            data += part[1:]
            offset += len(part) - 1
            if part[0] == 'l' or len(part) == 1:
                return data

    def interrupt(self):
        self.send_bytes(b'\x03')

    def text(self):
        """The transcript, one item a line."""
        return ''.join(f'{way} {data!r}\n' for way, data in self.transcript)
