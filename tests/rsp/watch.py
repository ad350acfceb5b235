# SPDX-License-Identifier: GPL-2.0-or-later
"""Watchpoints on the wire: all ways to write, where the program stops behind each,
whose hit it is, and what is no hit. The guest's program does one thing over
and over, with a value that grows by one each time; so no hit is missed and none
is told twice when the values at the stops do that."""
import contextlib
import re
import select

import session
from session import M, Guest, Talk, tap, until

PHYS = 0x0300000000000000
EDU = ['-device', 'edu,addr=5,dma_mask=0xffffffff']
RUN = ['watch-a', 'watch-b']
MACHINES = {
    'one': Guest(run=RUN, cpu='max', extra=EDU),
    'four': Guest(run=RUN, cpu='max', extra=EDU, smp=4),
    'icount': Guest(run=RUN, cpu='max', extra=EDU + ['-icount', 'shift=auto']),
}
# In programs/watched.c: what to put into `what', and the instruction's length
# behind which it stops, or None where the kernel does it for the program.
STORE, UNCHANGED, AROUND, STRADDLE, STOS, MOVS, XADD, XADD0 = range(1, 9)
CMPXCHG, CMPXCHG_FAILS, CMPXCHG16, SSE, AVX, FXSAVE, KERNEL = range(9, 16)
ALIAS, LOAD, FILL, DMA, ADD, BEHIND_SAME, BEHIND_99 = range(16, 23)


class Program(Talk):
    """A session with watch-a attached and selected."""

    def __init__(self, guest):
        self.guest = guest
        vm = guest.boot()
        vm.oracle.deadline = session.DEADLINE
        said = vm.oracle.said('watch-a')
        super().__init__(vm)
        self.at = {k: int(v, 16) for k, v in said.items()}
        self.a = self.attach(guest.pids['watch-a'])
        self.value = self.at['value']

    def select(self, who=None):
        self.ok(f'Hg{who or self.a}')

    def do(self, what, who=None):
        """The program goes over to this; selects it."""
        self.select(who)
        self.ok(f"M{self.at['what']:x},4:{what.to_bytes(4, 'little').hex()}")

    def start(self, what, who=None):
        """The same, and it has been done when this returns: only then is the
        next value the one behind that in memory, which differs in byte 0."""
        self.do(what, who)
        self.quiet(2, who)

    def z(self, address, length=8, kind=2, on=True, who=None):
        self.select(who)
        self.ok(f"{'Z' if on else 'z'}{kind},{address:x},{length:x}")

    def read(self, address, length=8, who=None):
        self.select(who)
        answer = self.ask(f'm{address:x},{length:x}')
        return int.from_bytes(bytes.fromhex(answer), 'little')

    def rounds(self, who=None):
        return self.read(self.at['counter'], who=who)

    def pc(self):
        self.select()
        return int.from_bytes(bytes.fromhex(self.ask('p10')), 'little')

    def hit(self, address, name='watch', thread=None):
        """The next stop is of this watchpoint; what was said before."""
        stop, said = self.run()
        match = re.fullmatch(rf'T05thread:([^;]*);{name}:([0-9a-f]+);', stop)
        tap.check(match, f'{stop} {said}: want {name}')
        tap.equal(match[2], f'{address:x}', 'address')
        if thread != 'any':
            tap.equal(match[1], thread or self.a, 'thread')
        return said

    def counter(self, who=None):
        """The program's rounds while it runs. A stop is a failure."""
        oracle = self.guest.vm.oracle
        pid = int((who or self.a).split('.')[1], 16)
        oracle.sock.sendall(f'counter {pid}\n'.encode())
        ready = select.select([oracle.sock, self.sock], [], [],
                              session.DEADLINE)[0]
        if self.sock in ready or self.buffer:
            raise tap.Failed(f'told: {self.stop()}')
        return int(oracle.answer())

    def quiet(self, rounds=20, who=None):
        """It goes on for so many rounds, and nothing is told."""
        before = self.rounds(who)
        self.resume()
        until(lambda: self.counter(who) > before + rounds, 'the rounds')
        self.interrupt()
        stop, said = self.stop()
        tap.check(stop.startswith('T02'), f'{stop} {said}')
        tap.equal(said, '', 'console')


@contextlib.contextmanager
def program(machine='one'):
    guest = MACHINES[machine]
    for other in MACHINES.values():
        if other is not guest:
            other.stop()
    try:
        with Program(guest) as p:
            yield p
        tap.check(guest.vm.alive(), guest.vm.last_words('qemu'))
    except BaseException:
        with contextlib.suppress(OSError):
            guest.stop()
        raise


def grows(p, address, times, name='watch', kind=2, length=8, span=None):
    """@times stops at @address, each with the value of before plus one; all
    with the same PC behind the instruction."""
    p.z(address, span or length, kind)
    values, pcs = [], set()
    for _ in range(times):
        p.hit(address, name)
        values.append(p.read(address, length))
        pcs.add(p.pc())
    p.z(address, span or length, kind, on=False)
    tap.equal(values, list(range(values[0], values[0] + times)), 'values')
    tap.equal(len(pcs), 1, f'places {pcs}')
    return pcs.pop()


def copied(p, address, times):
    """The same where a kernel copies byte by byte: a stop for each byte that
    the next value changes, which is more than one at a carry."""
    p.z(address, 8)
    p.run()
    while p.read(address) & 255 != 1:   # not in the middle of a carry
        p.run()
    value = p.read(address)
    for _ in range(times):
        before = value.to_bytes(8, 'little')
        value += 1
        for i, byte in enumerate(value.to_bytes(8, 'little')):
            if byte != before[i]:
                p.hit(address + i)
        tap.equal(p.read(address), value, 'value')
    p.z(address, 8, on=False)


def plain(machine):
    def test():
        with program(machine) as p:
            p.start(STORE)
            grows(p, p.value, 20)
            p.do(ADD)
            grows(p, p.value, 20)
            p.do(XADD)
            grows(p, p.value, 20)
            p.do(CMPXCHG)
            grows(p, p.value, 20)
            p.do(KERNEL)
            copied(p, p.value, 300)
    test.__doc__ = f'{machine}: each store, add, lock and read() stops once'
    return test


test_plain_one, test_plain_four, test_plain_icount = map(plain, MACHINES)


def first(p, begin, ahead):
    """Where the first hit is after the value has had the low byte of the one
    that may be written next; @begin lets the program write."""
    p.do(0)
    p.quiet(2)
    value = (p.rounds() + ahead) ^ 0x100
    p.ok(f"M{p.value:x},8:{value.to_bytes(8, 'little').hex()}")
    begin(STORE)
    p.z(p.value)
    stop, _ = p.run()
    p.z(p.value, on=False)
    return int(re.search(r'watch:([0-9a-f]+);', stop)[1], 16) - p.value


def test_first():
    "the tests' start(): what was in memory before does not matter"
    with program() as p:
        tap.equal({first(p, p.start, n % 4) for n in range(40)}, {0}, 'first')
        # Control: without it byte 1 may be the first that changes.
        until(lambda: {first(p, p.do, n) for n in (1, 2)} == {0, 1},
              'hits at byte 1')


def vectors(machine):
    def test():
        with program(machine) as p:
            wide = p.at['wide']
            p.start(SSE)
            grows(p, wide, 10, span=64)
            p.start(AVX)
            grows(p, wide + 32, 10)
            p.start(CMPXCHG16)
            grows(p, wide, 10, span=16)
            p.do(FXSAVE)
            p.select()
            saved = p.at['saved']
            p.ok(f'M{saved:x},8:' + 8 * '55')
            p.z(saved, 512)
            p.hit(saved)
            tap.equal(p.read(saved, 2), 0x37f, 'x87 control word')
            p.quiet()       # the same again changes nothing
    test.__doc__ = (f'{machine}: 16 and 32 bytes at once, cmpxchg16b; fxsave '
                    'once, since it changes nothing then')
    return test


test_vectors_one, test_vectors_four = map(vectors, ('one', 'four'))


def strings(machine):
    def test():
        with program(machine) as p:
            place = p.at['array'] + 100
            p.do(STOS)
            p.z(p.at['array'], 1 << 20)
            p.hit(place)
            pc, value = p.pc(), p.read(place, 1)
            for i in range(1, 16):
                p.hit(place + i)
                tap.equal(p.read(place + i, 1), value, f'byte {i}')
                if i < 15:
                    tap.equal(p.pc(), pc, 'in the middle: the instruction')
            p.hit(place)
            tap.equal(p.read(place, 1), (value + 1) & 255, 'next round')
            p.z(p.at['array'], 1 << 20, on=False)
            # Only what is inside, and the end of a range.
            p.z(place + 14, 1)
            for _ in range(3):
                p.hit(place + 14)
    test.__doc__ = f'{machine}: rep stos stops behind each iteration'
    return test


(test_strings_one, test_strings_four,
 test_strings_icount) = map(strings, MACHINES)


def test_edges():
    "an access over a page's end, or over an end of the range, is seen"
    with program() as p:
        place = p.at['array'] + 4096 - 4
        p.start(STRADDLE)
        for address, length, first in ((place, 8, place),
                                       (place + 4, 4, place + 4),
                                       (place + 7, 100, place + 7),
                                       (place - 100, 101, place),
                                       (place + 3, 2, place + 3)):
            p.z(address, length)
            p.hit(first)
            p.hit(first)
            p.z(address, length, on=False)
        p.do(AROUND)
        p.z(p.value)
        p.quiet()


def unchanged(machine):
    def test():
        with program(machine) as p:
            for what in (UNCHANGED, XADD0, CMPXCHG_FAILS):
                p.do(what)
                p.quiet(2)
                p.z(p.value)
                p.quiet()
                p.z(p.value, on=False)
            tap.check(re.search(r'unchanged [1-9]\d',
                                p.command('gdbx points')), 'none is counted')
    test.__doc__ = f'{machine}: what leaves the value as it is does not stop'
    return test


test_unchanged_one, test_unchanged_four = map(unchanged, ('one', 'four'))


def test_gdbs_old_value():
    "what counts is the value that gdb knows, not the one that is overwritten"
    with program() as p:
        place = p.at['first'] + 16
        p.do(ALIAS)
        p.z(place)                  # the alias is not watched: never hit
        seen = p.read(place)
        p.quiet()
        tap.check(p.read(place) != seen, 'the alias does not write')
        p.z(place, on=False)
        p.do(BEHIND_SAME)           # what memory has, not what gdb knows
        grows(p, place, 5)
        p.do(BEHIND_99)
        p.quiet(2)
        p.z(place)                  # what gdb knows, not what memory has
        p.quiet()


def test_gdb_writes():
    "what gdb itself writes is the old value from then on"
    with program() as p:
        p.do(UNCHANGED)
        p.quiet(2)
        p.z(p.value)
        p.select()
        p.ok(f'M{p.value:x},8:' + 8 * '33')
        p.hit(p.value)
        tap.equal(p.read(p.value), 5, 'value')
        p.quiet()


def test_reads():
    "rwatch stops for loads, awatch for both, watch for no load"
    with program() as p:
        p.do(LOAD)
        p.z(p.value)
        p.quiet()
        p.z(p.value, on=False)
        for kind, name in ((3, 'rwatch'), (4, 'awatch')):
            p.z(p.value, kind=kind)
            for _ in range(3):
                p.hit(p.value, name)
            p.z(p.value, kind=kind, on=False)
        p.do(STORE)
        p.z(p.value, kind=3)
        p.quiet()
        p.z(p.value, kind=3, on=False)
        p.z(p.value, kind=4)
        p.hit(p.value, 'awatch')


def test_other_process():
    "the same address of another process never stops"
    with program('four') as p:
        b = p.attach(p.guest.pids['watch-b'])
        p.do(0)
        p.do(STORE, b)
        p.z(p.value, kind=4)
        p.quiet()
        p.z(p.value, kind=4, on=False)
        p.z(p.value)
        p.quiet()
        # Control: the machine's watchpoint at that address sees it.
        p.z(p.value, on=False)
        p.z(p.value, who=f'p{M}.1')
        # The value of before is that of whoever was on the CPU.
        stop, _ = p.run()
        found = re.match(rf'T05thread:p{M}\.\d+;watch:([0-9a-f]+);', stop)
        tap.check(found and 0 <= int(found[1], 16) - p.value < 8, stop)
        p.z(p.value, on=False, who=f'p{M}.1')
        # And its owner's.
        p.z(p.value, who=b)
        p.hit(p.value, thread=b)


def test_in_a_tasks_thread():
    "the machine's, set in a task's thread: its old value is that task's"
    with program('one') as p:
        b = p.attach(p.guest.pids['watch-b'])
        p.do(0, b)
        p.select(b)
        p.ok(f'M{p.value:x},8:4d00000000000000')
        p.do(UNCHANGED)
        p.quiet(2)
        p.z(p.value, kind=4)
        p.hit(p.value, 'awatch')        # a is on the CPU, with its 5 there
        p.z(p.value, kind=4, on=False)
        p.command('gdbx threads tasks')
        pid = p.guest.pids['watch-b']
        task = re.search(rf'<thread id="([^"]*)"[^>]*>pid {pid} ',
                         p.xfer('threads'))[1]
        tap.equal(p.read(p.value, who=task), 0x4d, 'value of the task')
        p.z(p.value, who=task)
        stop, _ = p.run()               # a's next 5 is not what gdb has read
        tap.check(re.match(rf'T05thread:p{M}\.0*1;watch:', stop), stop)
        p.z(p.value, on=False, who=task)
        p.command('gdbx threads cpus')


def test_two_at_once():
    "two processes write on vCPUs of their own: each write of each is told once"
    with program('four') as p:
        b = p.attach(p.guest.pids['watch-b'])
        for who in (p.a, b):
            p.start(STORE, who)
        last = {}
        for _ in range(1000):
            for who in (p.a, b):
                p.z(p.value, who=who)
            stop, _ = p.run()
            who = re.fullmatch(rf'T05thread:(.*);watch:{p.value:x};', stop)[1]
            for each in (p.a, b):
                p.z(p.value, on=False, who=each)
            value = p.read(p.value, who=who)
            tap.check(last.get(who) in (None, value - 1),
                      f'{who}: {last.get(who)} -> {value}')
            last[who] = value
        tap.equal(set(last), {p.a, b}, 'threads')


def test_three_watches():
    "one instruction hits three: all are told; the guest does not run between"
    with program() as p:
        place = p.at['array'] + 4096 - 4
        p.start(STRADDLE)
        watched = [place, place + 2, place + 6]     # two in the first page
        for address in watched:
            p.z(address, 2)
        for _ in range(3):
            stops, states = set(), set()
            for _ in watched:
                stops.add(p.run()[0])
                states.add((p.rounds(), p.read(place)))
            tap.equal(stops, {f'T05thread:{p.a};watch:{address:x};'
                              for address in watched}, 'stops')
            tap.equal(len(states), 1, f'states {states}')


def physical(p, offset):
    return PHYS + p.at['physical'] + offset


def test_physical():
    "a physical address: any alias, any process, with who did it"
    with program('four') as p:
        place = physical(p, 16)
        p.start(ALIAS)
        machine = f'p{M}.1'
        p.z(place, who=machine)
        last = None
        for _ in range(5):
            said = p.hit(place, thread='any')
            tap.check(re.fullmatch(
                rf'gdbx: physical {place - PHYS:#x}\.\.{place - PHYS + 7:#x} '
                rf"written by CPU#\d watch-a \(pid {p.guest.pids['watch-a']}\)"
                r' at 0x[0-9a-f]+\n', said), said)
            value = p.read(place, who=machine)
            tap.equal(value, p.read(p.at['first'] + 16), 'through the process')
            tap.check(last is None or value == last + 1, f'{last} -> {value}')
            last = value


def test_dma():
    "a physical address: a device, by name; no watch of a process is hit by it"
    with program() as p:
        tap.check(p.at['edu'], 'the guest has not found the device')
        place = physical(p, 32)
        p.do(DMA)
        p.z(place)
        p.quiet(3)
        p.z(place, on=False)
        p.z(place, who=f'p{M}.1')
        last = None
        for _ in range(3):
            said = p.hit(place, thread='any')
            tap.check(said.endswith(
                ' written by device edu (PCI 0000:00:05.0)\n'), said)
            value = p.read(place, who=f'p{M}.1')
            tap.check(last is None or value > last, f'{last} -> {value}')
            last = value


def test_window():
    "the window reads RAM, writes RAM, and no device"
    with program() as p:
        place = physical(p, 128)
        p.select(f'p{M}.1')
        p.ok(f'M{place:x},8:0102030405060708')
        tap.equal(p.ask(f"m{place:x},8"), '0102030405060708', 'read')
        p.select()
        tap.equal(p.ask(f"m{p.at['first'] + 128:x},8"), '0102030405060708',
                  'through the process')
        device = PHYS + 0xfee00000      # tests/rsp/devices.py reads it
        tap.check(p.ask(f'M{device:x},1:00').startswith('E'), 'written')
        for address in (PHYS + (1 << 40), PHYS - 8):
            for who in (f'p{M}.1', p.a):
                p.select(who)
                tap.check(p.ask(f'm{address:x},8').startswith('E'),
                          f'{address:x} was read')
                tap.check(p.ask(f'M{address:x},1:00').startswith('E'),
                          f'{address:x} was written')
        # ROM: the firmware at the end of 4 GiB.
        p.select(f'p{M}.1')
        rom = PHYS + 0xfffffff0
        before = p.ask(f'm{rom:x},8')
        tap.check(not before.startswith('E'), before)
        tap.check(p.ask(f'M{rom:x},1:00').startswith('E'), 'ROM was written')
        tap.equal(p.ask(f'm{rom:x},8'), before, 'ROM')


def test_refused():
    "an impossible range is refused with the reason"
    with program() as p:
        for packet, why in (
                ('Z2,1000,0', 'length is 0'),
                ('Z3,fffffffffffffff0,20', 'wraps'),
                ('Z2,1000,10000001', '268435457 bytes'),
                ('Z2,1000,ffffffffffff', 'bytes'),
                (f'Z2,{PHYS - 4:x},8', 'window')):
            p.select()
            tap.contains(p.ask(packet), why)
        p.ok('Z3,1000,ffffffffffff')        # no copy is kept for reads
        p.ok('z3,1000,ffffffffffff')


def test_monitor():
    "monitor gdbx watch: a plain trap and a line; unwatch; points lists it"
    with program() as p:
        place = p.at['physical'] + 16
        p.start(ALIAS)
        p.select(f'p{M}.1')
        tap.equal(p.command(f'gdbx watch phys {place:#x} 8'), 'watch 1\n',
                  'answer')
        for _ in range(2):
            stop, said = p.run()
            tap.check(re.fullmatch(rf'T05thread:p{M}\.0*1;', stop), stop)
            tap.contains(said, f'gdbx: watch 1: physical {place:#x}..')
        tap.contains(p.command('gdbx points'), f'physical {place:#x}..')
        p.command('gdbx unwatch 1')
        p.quiet()
        for bad in ('', 'phys', 'phys 1', 'x 1', '1 1 up', '1 1 read on'):
            tap.contains(p.command('gdbx watch ' + bad), 'usage')
        tap.contains(p.command('gdbx watch phys 0xfee00000 4'), 'not RAM')
        tap.contains(p.command('gdbx unwatch 7'), 'no watch 7')


def test_many():
    "two thousand watches, removed and set again at each stop; one is hit"
    with program() as p:
        p.start(STORE)
        for _ in range(3):
            for i in range(2000):
                p.ok(f"Z2,{p.at['array'] + 8 * i:x},8")
            p.ok(f'Z2,{p.value:x},8')
            p.hit(p.value)
            p.select()
            for i in range(2000):
                p.ok(f"z2,{p.at['array'] + 8 * i:x},8")
            p.ok(f'z2,{p.value:x},8')


def test_step():
    "a step of the thread that writes ends with the watchpoint"
    with program() as p:
        p.start(STORE)
        behind = grows(p, p.value, 1)
        p.z(p.value)
        for _ in range(200):
            stop, _ = p.run(f'vCont;s:{p.a};c')
            if 'watch' in stop:
                break
        tap.equal(stop, f'T05thread:{p.a};watch:{p.value:x};', 'stop')
        tap.equal(p.pc(), behind, 'PC')


def test_left():
    "a client that goes takes its watches along"
    with program() as p:
        p.start(STORE)
        p.z(p.value)
        p.hit(p.value)
        guest = p.guest
    until(lambda: 'no points' in guest.vm.qmp.hmp('gdbx points'), 'they go')
    guest.vm.qmp.command('cont')
    session.goes_on(guest, ['watch-a'])


def test_control():
    "negative control: a value that is missed, or told twice, is noticed"
    with program() as p:
        p.start(STORE)
        real = p.read

        def twice(address, length=8, who=None):
            value = real(address, length, who)
            return value - value % 2 if address == p.value else value
        p.read = twice
        tap.fails(grows, p, p.value, 4)
        p.read = real
        p.z(p.value)
        tap.fails(p.quiet)
    p.guest.stop()      # a question is on its way there


tap.main(globals())
