# SPDX-License-Identifier: GPL-2.0-or-later
"""The watchpoints of torture.py: on stretches of the counts, of one process
and thread. Each lives until it is told: that must be for the first change in
its stretch, behind the instruction that made it, in its owner."""
import re

from session import tap

ARMED = 6
BLOCK = 32                      # counts; no two watches overlap
LONGEST = 7                     # bytes of the counting instruction


class Watch:
    def __init__(self, process, thread, first, length):
        self.process, self.thread = process, thread
        self.first, self.length = first, length
        self.address = process.array(thread) + 8 * first
        self.base = self.now()

    def now(self):
        data = self.process.memory(self.address, 8 * self.length)
        return [int.from_bytes(data[n:n + 8], 'little')
                for n in range(0, len(data), 8)]

    def changes(self):
        return [n - b for n, b in zip(self.now(), self.base)]


class Watches:
    def __init__(self, torture):
        self.torture, self.armed, self.told = torture, {}, 0

    def packet(self, kind, watch):
        self.torture.select(watch.process.pid)
        self.torture.talk.ok(f'{kind}2,{watch.address:x},{8 * watch.length:x}')

    def fill(self):
        rng = self.torture.rng
        while len(self.armed) < ARMED:
            p = rng.choice(list(self.torture.processes.values()))
            t, block = rng.randrange(2), rng.randrange(2048 // BLOCK)
            if (p.pid, t, block) not in self.armed:
                length = rng.choice([1, 1, 2, 5, BLOCK])
                first = block * BLOCK + rng.randrange(BLOCK - length + 1)
                watch = Watch(p, t, first, length)
                self.packet('Z', watch)
                self.armed[p.pid, t, block] = watch

    def stopped(self, stop):
        """True if it was for a watch, and that is as it should be."""
        found = re.match(r'T05thread:(p([0-9a-f]+)\.([0-9a-f]+));'
                         r'watch:([0-9a-f]+);', stop)
        if not found:
            return False
        pid, tid, address = (int(found[n], 16) for n in (2, 3, 4))
        p = self.torture.processes[pid]
        t, at = divmod(address - p.works, p.size)
        key = pid, t, at // 8 // BLOCK
        watch = self.armed.pop(key, None)
        tap.check(watch and watch.address <= address <
                  watch.address + 8 * watch.length, f'{stop}: no such watch')
        changes = watch.changes()
        tap.equal(sum(changes), 1, f'changes when told: {changes}')
        tap.equal(tid == pid, t == 0, 'it is the main thread')
        i = watch.first + changes.index(1)
        pc = self.torture.register(found[1], 16)
        tap.check(0 < pc - (p.sled + 16 * i) <= LONGEST,
                  f'PC {pc:x} is not behind function {i}')
        self.packet('z', watch)
        self.told += 1
        return True

    def check(self):
        """None has let a change pass; one may be about to be told."""
        for watch in self.armed.values():
            changes = watch.changes()
            tap.check(sum(changes) <= 1, f'missed changes: {changes}')
