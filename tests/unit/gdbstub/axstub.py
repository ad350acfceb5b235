# SPDX-License-Identifier: GPL-2.0-or-later
"""A remote stub that stands still: memory, registers, and a note of each Z0.

It is all that gdb needs to compile conditions and to send them.
"""

import socket
import threading

FEATURES = ('PacketSize=4000;QStartNoAckMode+;swbreak+;hwbreak+;'
            'ConditionalBreakpoints+;BreakpointCommands+')


def frame(reply):
    return b'$%s#%02x' % (reply, sum(reply) & 255)


class Stub(threading.Thread):
    """Serves one gdb on .port until it disconnects.

    memory: list of (address, bytes); registers: the bytes of a 'g' reply.
    """

    def __init__(self, memory, registers):
        super().__init__(daemon=True)
        self.memory = memory
        self.registers = registers
        self.marked = {}        # number of qMark -> arguments of the last Z0
        self.mark = None
        self.error = None
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]

    def run(self):
        try:
            connection, _ = self.listener.accept()
            with connection:
                self.serve(connection)
        except OSError as e:
            self.error = e
        finally:
            self.listener.close()

    def serve(self, connection):
        pending = b''
        while True:
            data = connection.recv(65536)
            if not data:
                return
            pending += data
            while b'#' in pending and len(pending) > pending.index(b'#') + 2:
                end = pending.index(b'#')
                packet = pending[pending.index(b'$') + 1:end].decode('latin-1')
                pending = pending[end + 3:]
                # '+' is not wanted after QStartNoAckMode but does no harm.
                connection.sendall(b'+' + frame(self.answer(packet)))

    def answer(self, packet):
        for prefix, handler in (('qSupported', lambda p: FEATURES),
                                ('QStartNoAckMode', lambda p: 'OK'),
                                ('qMark:', self.on_mark),
                                ('qAttached', lambda p: '1'),
                                ('?', lambda p: 'T05thread:1;'),
                                ('qC', lambda p: 'QC1'),
                                ('qfThreadInfo', lambda p: 'm1'),
                                ('qsThreadInfo', lambda p: 'l'),
                                ('H', lambda p: 'OK'),
                                ('T', lambda p: 'OK'),
                                ('g', lambda p: self.registers.hex()),
                                ('m', self.on_memory),
                                ('Z0,', self.on_insert),
                                ('z0,', lambda p: 'OK'),
                                ('D', lambda p: 'OK')):
            if packet.startswith(prefix):
                return handler(packet[len(prefix):]).encode('latin-1')
        return b''

    def on_mark(self, text):
        self.mark = int(text, 16)
        return 'OK'

    def on_insert(self, args):
        self.marked[self.mark] = '0,' + args
        return 'OK'

    def on_memory(self, args):
        address, length = (int(word, 16) for word in args.split(','))
        for base, data in self.memory:
            if base <= address and address + length <= base + len(data):
                return data[address - base:address - base + length].hex()
        return 'E01'
