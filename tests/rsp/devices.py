# SPDX-License-Identifier: GPL-2.0-or-later
"""Accesses to devices on the wire: ports, memory, PCI configuration space. The
guest's program does one access over and over, with a value that grows by one
each time; so none is missed and none is told twice when the values at the stops
do that, and what was counted must be as often as the program says it did it."""
import os
import re

import session
from session import M, Guest, Talk, tap

EXTRA = ['-device', 'edu,addr=5,id=learner', '-device', 'pc-testdev']
RUN = ['device-a', 'device-b']
SMP, ICOUNT = os.environ.get('SMP', '1'), os.environ.get('ICOUNT')
guest = Guest(run=RUN, smp=int(SMP),
              extra=EXTRA + (['-icount', ICOUNT] if ICOUNT else []))
IO, PHYS, IOMEM = 0x0100000000000000, 0x0300000000000000, 0xff000000
RAX, RCX, RSI, RDI, RIP = 0, 2, 4, 5, 16
# In programs/devices.c: what to put into `what'.
(NOTHING, OUT_BYTE, OUT_WORD, OUT_LONG, OUT_IMMEDIATE, IN_BYTE, IN_LONG,
 REP_OUTS, REP_INS, STORE, LOAD, MOVS_TO, MOVS_FROM, MOVS_WITHIN, AMONG, EDU,
 CONFIG_READ, CONFIG_WRITE) = range(18)
LINE = re.compile(r'gdbx: point (\d+): (io|mmio|pci) (in|out|read|write) (\S+) '
                  r'(?:register (\S+) )?size (\d) value (\S+) \((.*)\) at '
                  r'0x([0-9a-f]+)')


class Program(Talk):
    """A session with device-a attached; both programs do nothing."""

    def __init__(self):
        vm = guest.boot()
        vm.oracle.deadline = session.DEADLINE
        self.at = {k: int(v, 16) for k, v in vm.oracle.said('device-a').items()}
        super().__init__(vm)
        tap.check(self.at['iomem'] and self.at['edu'], 'no devices')
        self.b = self.attach(guest.pids['device-b'])
        self.do(NOTHING, self.b)
        self.a = self.attach(guest.pids['device-a'])
        self.do(NOTHING)
        self.rounds(2)              # what it was at is done

    def do(self, what, who=None):
        self.ok(f'Hg{who or self.a}')
        self.ok(f"M{self.at['what']:x},4:{what.to_bytes(4, 'little').hex()}")

    def point(self, line):
        """Number of the point that `gdbx LINE' makes."""
        answer = self.command(f'gdbx {line}')
        found = re.match(r'point (\d+)', answer)
        tap.check(found, f'{line}: {answer}')
        return found[1]

    def delete(self):
        self.command('gdbx delete all')

    def memory(self, name, length=8):
        self.ok(f'Hg{self.a}')
        data = bytes.fromhex(self.ask(f'm{self.at[name]:x},{length:x}'))
        return int.from_bytes(data, 'little')

    def reg(self, n):
        self.ok(f'Hg{self.a}')
        return int.from_bytes(bytes.fromhex(self.ask(f'p{n:x}')), 'little')

    def hit(self, kind, way, size=None):
        """(where, value, the line) of the next stop, which is of device-a."""
        stop, said = self.run()
        tap.equal(stop, f'T05thread:{self.a};', f'stop; {said}')
        found = LINE.match(said)
        tap.check(found, said)
        tap.equal((found[2], found[3]), (kind, way), said)
        tap.check(size is None or size == int(found[6]), said)
        return found[4], int(found[7], 16), found

    def grows(self, kind, way, size, times=6):
        """@times stops behind one instruction, each with the value of before
        plus one."""
        mask = (1 << 8 * size) - 1
        values = []
        for _ in range(times):
            _, value, found = self.hit(kind, way, size)
            values.append(value)
            tap.equal(value, self.memory('now') & mask, 'value')
            behind = self.reg(RIP) - int(found[9], 16)
            tap.check(0 < behind < 8, f'{behind} behind the instruction')
        tap.equal(values, [(values[0] + n) & mask for n in range(times)],
                  'values')

    def counted(self, number):
        found = re.search(rf'^ *{number} .*: true (\d+) false (\d+)',
                          self.command('gdbx points'), re.M)
        return int(found[1]), int(found[2])

    def rounds(self, times):
        """Goes on for at least so many rounds; how many it were."""
        before = self.memory('counter')
        self.resume()
        session.until(lambda: guest.vm.oracle.counter(guest.pids['device-a']) >
                      before + times, 'the rounds')
        self.interrupt()
        stop, said = self.stop()
        tap.check(stop.startswith('T02'), f'{stop} {said}')
        return self.memory('counter') - before


def test_ports():
    "IN and OUT of all sizes: each stops once, behind it, with the value"
    with Program() as p:
        p.point('break io 0xe0')
        for what, size in (OUT_BYTE, 1), (OUT_WORD, 2), (OUT_LONG, 4):
            p.do(what)
            p.grows('io', 'out', size)
        p.delete()
        p.point('break io 0xe1 out size 1')
        p.do(OUT_IMMEDIATE)
        p.grows('io', 'out', 1)
        p.delete()
        p.point('break io 0xe0-0xe3 in')
        for what, size in (IN_BYTE, 1), (IN_LONG, 4):
            p.do(what)
            for _ in range(5):
                _, value, _ = p.hit('io', 'in', size)
                tap.equal(p.reg(RAX) & (1 << 8 * size) - 1, value,
                          'the register has it')


def string(p, kind, way, text, letter):
    """Two rounds of eight: each time is a stop, in the instruction, with
    registers as between two interrupts."""
    while letter(p.hit(kind, way, 1)) != text[-1]:
        pass
    start = None
    for n in range(16):
        where, value, found = p.hit(kind, way, 1)
        tap.equal(value, text[n % 8], f'{n}: {where}')
        tap.equal(p.reg(RCX), 7 - n % 8, 'left')
        pc = int(found[9], 16)
        start = start or pc
        tap.equal(pc, start, 'the instruction')
        tap.equal(p.reg(RIP), pc, 'still in it')


def test_strings():
    "INS, OUTS and MOVS: a stop for each time, none made twice"
    text = b'abcdefgh'
    with Program() as p:
        p.point('break io pc-testdev')
        p.do(REP_OUTS)
        string(p, 'io', 'out', text, lambda hit: hit[1])
        p.delete()
        number = p.point('count io 0xe0 in if $_count == 3')
        p.do(REP_INS)
        n = p.rounds(50)
        true, false = p.counted(number)
        tap.check(8 * (n - 1) <= true + false <= 8 * (n + 1), f'{true} {false}')
        tap.check(n - 1 <= true <= n + 1, f'{true} of {n}')
        p.delete()
        p.do(MOVS_TO)
        p.rounds(3)
        for what, way in (MOVS_TO, 'write'), (MOVS_FROM, 'read'):
            p.point(f'break mmio pc-testdev-iomem {way} offset 0x200-0x207')
            p.do(what)
            string(p, 'mmio', way, text, lambda hit: hit[1])
            p.delete()


def test_memory():
    "loads and stores: once each, in the middle of other code too"
    with Program() as p:
        p.point(f'break mmio {IOMEM:#x}-{IOMEM + 0xffff:#x} write')
        p.do(STORE)
        for _ in range(5):
            where, value, found = p.hit('mmio', 'write', 4)
            tap.equal(int(where, 16), IOMEM + 0x100, 'address')
            tap.equal(value, p.memory('now') & 0x7f, 'value')
            tap.equal(found[8], 'pc-testdev-iomem+0x100, pc-testdev', 'place')
        p.delete()
        p.do(AMONG)
        p.point('break mmio pc-testdev read')
        for _ in range(5):
            _, value, _ = p.hit('mmio', 'read', 4)
            n = p.memory('now') & 0x3f
            tap.equal(value, n + 2, 'what the device had')
        p.delete()
        p.point('break mmio learner write offset 4')
        p.do(EDU)
        p.grows('mmio', 'write', 4)


def test_counts():
    "as often as the program did it, by every name; false ones too"
    with Program() as p:
        for what, line, each in (
                (OUT_LONG, 'io 0xe0', 1), (OUT_LONG, 'io pc-testdev-ioport', 1),
                (IN_BYTE, 'io 0xe0', 2), (STORE, 'io pc-testdev-iomem', 1),
                (MOVS_WITHIN, 'mmio pc-testdev', 8), (AMONG, 'mmio pc-testdev', 2),
                (EDU, 'mmio edu-mmio offset 4-7', 2), (EDU, 'io edu', 2),
                (CONFIG_READ, 'pci 00:05.0', 1), (CONFIG_WRITE, 'io 0xcfc-0xcff', 1)):
            p.do(what)
            p.rounds(2)
            true = p.point(f'count {line} process {guest.pids["device-a"]}')
            false = p.point(f'count {line} process {guest.pids["device-a"]} '
                            'if $_size == 8')
            n = p.rounds(100)
            for number, column in (true, 0), (false, 1):
                seen = p.counted(number)[column]
                tap.check(each * (n - 1) <= seen <= each * (n + 1),
                          f'{line}: {seen} of {each} * {n}')
            p.delete()


def test_whose():
    "another process that does the same is not told"
    with Program() as p:
        p.do(OUT_LONG)
        p.do(OUT_BYTE, p.b)
        p.point(f'break io 0xe0 process {guest.pids["device-a"]}')
        p.grows('io', 'out', 4)
        p.delete()
        p.point('break io 0xe0 if $_value % 5 == 3 && $_size == 4')
        values = [p.hit('io', 'out', 4)[1] for _ in range(4)]
        tap.equal([b - a for a, b in zip(values, values[1:])], [5] * 3,
                  'values')


def test_pci():
    "configuration space by device and register"
    with Program() as p:
        p.point('break pci edu register 0x10 read')
        p.do(CONFIG_READ)
        for _ in range(3):
            where, value, found = p.hit('pci', 'read', 4)
            tap.equal((where, found[5]), ('00:05.0', '0x10'), 'place')
            tap.equal(value, p.reg(RAX) & 0xffffffff, 'value')
        p.delete()
        p.point('break pci 00:05.0 register 0x3c-0x3f write')
        p.do(CONFIG_WRITE)
        p.grows('pci', 'write', 1)


def test_windows():
    "gdb's own watchpoints: Z packets, and the value read without an effect"
    with Program() as p:
        p.do(OUT_LONG)
        p.ok(f'Hgp{M}.1')
        at = IO + 0xe0
        p.ok(f'Z4,{at:x},4')
        for _ in range(3):
            stop, _ = p.run()
            tap.check(f'awatch:{at:x};' in stop, stop)
            p.ok(f'z4,{at:x},4')        # as gdb does
            value = bytes.fromhex(p.ask(f'm{at:x},4'))
            tap.equal(int.from_bytes(value, 'little'),
                      p.memory('now') & 0xffffffff, 'value')
            p.ok(f'Hgp{M}.1')
            p.ok(f'Z4,{at:x},4')
        p.ok(f'z4,{at:x},4')
        p.do(STORE)
        p.ok(f'Hgp{M}.1')
        at = PHYS + IOMEM + 0x100
        p.ok(f'Z2,{at:x},4')
        stop, said = p.run()
        tap.check(f'watch:{at:x};' in stop, f'{stop} {said}')
        value = int.from_bytes(bytes.fromhex(p.ask(f'm{at:x},4')), 'little')
        tap.equal(value, p.memory('now') & 0x7f, 'value')


def test_refused():
    "what makes no sense is said in words, and names that are close"
    with Program() as p:
        for line, words in (
                ('io 0x10000', '0xffff'), ('io', 'which port'),
                ('io 5-3', '0xffff'), ('mmio serial', 'kind io'),
                ('mmio edu-mmoi', 'there is edu-mmio'),
                ('io 0xe0 size 3', '1, 2, 4 or 8'),
                ('io 0xe0 offset 3', 'needs the name'),
                ('io "', 'which port'), ('pci 00:20.0', 'no PCI device'),
                ('pci 00:05.0 register 0x1000', '0xfff'),
                ('io 0xe0 sideways', 'not understood')):
            answer = p.command(f'gdbx break {line}')
            tap.contains(answer, words)
        tap.check('0xe0' not in p.command('gdbx points'), 'one is there')


def test_control():
    "negative controls: a missed one, and one too many, are noticed"
    with Program() as p:
        p.do(OUT_LONG)
        p.point('break io 0xe0 if $_value % 3')
        tap.fails(p.grows, 'io', 'out', 4)
        p.delete()
        p.do(REP_OUTS)
        p.point('break io 0xe0 if $_value != 0x63')
        tap.fails(string, p, 'io', 'out', b'abcdefgh', lambda hit: hit[1])


tap.main(globals())
