# SPDX-License-Identifier: GPL-2.0-or-later
"""A walk at random in a replay's time, and a run forwards as its judge.

The walk notes where each of its journeys ended: (instruction count, pc, hashes of
the machine's parts). Another replay of the same recording, which only goes
forwards, tells the hashes at all these places.
"""
import random
import re
import select

from recording import DEADLINE, M, RIP, Machine, icount, talk_to, tap

RSP = 7
PATIENCE = 3                    # seconds of a journey; then Ctrl-C ends it


def register(talk, number):
    return int.from_bytes(bytes.fromhex(talk.ask(f'p{number:x}')), 'little')


def parts(talk):
    """{name: hash} of devices, blocks of RAM, maps of memory"""
    return {name: hash_ for hash_, name in
            (line.split(' ', 1) for line in
             talk.command('gdbx time parts').splitlines())}


def here(talk):
    return icount(talk), register(talk, RIP), parts(talk)


def replay(path, options):
    """-> machine, session; time has begun."""
    vm = Machine('replay', path, **options)
    talk = talk_to(vm)
    talk.deadline = DEADLINE
    talk.ok(f'Hcp{M}.1')
    talk.ok(f'Hgp{M}.1')
    talk.run(f'vCont;s:p{M}.1')
    return vm, talk


def length(talk):
    """Instructions of the recording."""
    return int(re.search(r'% of (\d+)', talk.command('gdbx time'))[1])


def seek(talk, goal):
    tap.contains(talk.command(f'gdbx seek {goal}'), 'the next resume')
    talk.expect(talk.run(), 'T05')
    tap.equal(icount(talk), goal, 'where it is')


def patiently(talk, packet):
    """The stop reply. A journey that takes long is ended where it is."""
    talk.resume(packet)
    if not talk.buffer and not select.select([talk.sock], [], [], PATIENCE)[0]:
        talk.sock.sendall(b'\x03')
    stop = talk.stop()[0]
    tap.check(re.match(rf'T0[25]thread:p{M}\.', stop), stop)
    return stop


class Walk:
    """landings: [(icount, pc, hashes, how)]"""

    def __init__(self, talk, seed):
        self.talk, self.dice = talk, random.Random(seed)
        self.last = length(talk)
        self.landings = []
        self.places = []        # pcs that are known to be executed
        self.at = icount(talk)

    def land(self, how):
        at, pc, hashes = here(self.talk)
        self.at = at
        self.places.append(pc)
        self.landings.append((at, pc, hashes, how))

    def far(self):
        seek(self.talk, self.dice.randrange(100, self.last - 1))
        self.land('seek')

    def near(self):
        far = 10 ** self.dice.randrange(2, 7)
        goal = self.at + self.dice.randrange(-far, far)
        seek(self.talk, min(max(goal, 100), self.last - 1))
        self.land('seek near')

    def back(self):
        for _ in range(self.dice.randrange(1, 4)):
            if self.at < 100:
                return
            self.talk.expect(self.talk.run('bs'), rf'T05thread:p{M}\.')
            tap.equal(icount(self.talk), self.at - 1, 'a step back')
            self.land('bs')

    def forth_and_back(self):
        """Steps forwards have no place of their own: what the log has in
        front of the next instruction may not have been done."""
        if self.at + 10 > self.last:
            return
        steps = self.dice.randrange(1, 5)
        for _ in range(steps):
            self.talk.expect(self.talk.run(f'vCont;s:p{M}.1'), 'T05')
        self.at = icount(self.talk)
        self.back()

    def point(self, packet, kind, address, size):
        if self.talk.ask(f'Z{kind},{address:x},{size}') != 'OK':
            return              # of an address that nothing maps now
        stop = patiently(self.talk, packet)
        self.talk.ok(f'z{kind},{address:x},{size}')
        if 'replaylog:end' in stop or packet == 'vCont;c' and 'T02' in stop:
            self.at = icount(self.talk)
        else:
            self.land(f'{packet} {stop}')

    def breakpoint_back(self):
        self.point('bc', 0, self.dice.choice(self.places), 1)

    def watchpoint_back(self):
        sp = register(self.talk, RSP)
        self.point('bc', 2, (sp + self.dice.randrange(-32, 32) * 8) & ~7 &
                   0xffffffffffffffff, 8)

    def breakpoint_forth(self):
        """Towards an instruction that is executed later."""
        at, pc = self.at, register(self.talk, RIP)
        seek(self.talk, max(100, at - 10 ** self.dice.randrange(1, 6)))
        self.point('vCont;c', 0, pc, 1)

    def go(self, landings):
        ways = [self.far, self.near, self.near, self.back, self.back,
                self.forth_and_back, self.breakpoint_back,
                self.watchpoint_back, self.breakpoint_forth]
        self.far()
        while len(self.landings) < landings:
            self.dice.choice(ways)()


def judge(talk, landings):
    """-> (those that differ from a run forwards, as text; places in front of
    an instruction that faults, which no seek goes to)"""
    by_place, wrong, faults = {}, [], 0
    for landing in landings:
        by_place.setdefault(landing[0], []).append(landing)
    for at in sorted(by_place):
        seek(talk, at)
        want = here(talk)
        for landing in by_place[at]:
            if landing[1] != want[1]:
                faults += 1
            elif landing[2] != want[2]:
                names = [n for n in {**want[2], **landing[2]}
                         if want[2].get(n) != landing[2].get(n)]
                wrong.append(f'{landing[3]}: at {at}: {", ".join(names)}')
    return wrong, faults
