#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A breakpoint and what can happen to its page (tests/guest/programs/pages.c):
not there yet, mapped later, shared, aliased, moved, replaced, copied on write,
forked, executed anew, huge, freed and reused, written beside it...

The program counts what it executes; the stops must be as many, each at the
breakpoint's address and in its owner. Asked three ways: a breakpoint of the
process, one of the machine, and one of the process whose condition is
always false, which only counts.
"""
import re

from session import M, Guest, Talk, on, tap

SITUATIONS = (
    'late_fault', 'mapped_later', 'shared_file', 'alias', 'moved', 'replaced',
    'copied_on_write', 'forked', 'forked_deep', 'huge_page', 'reused',
    'outlived', 'self_modifying', 'straddling', 'hot_loop', 'same_offset',
    'not_an_instruction')
RIP = 16
NEVER = ';X3,220027'            # const8 0; end
MACHINE = f'p{M}.1'
MANY = 200                      # stops; a bound, not an expectation
guest = Guest(smp=1)


def spawn(vm, situation):
    """Starts it; what it says. Only while the guest runs."""
    vm.oracle.spawn('pages', situation)
    return vm.oracle.said('pages')


class Place:
    """A situation that is about to begin, and a client on it."""

    def __init__(self, said, talk, where=None):
        self.talk = talk
        self.pid = int(said['pid'])
        self.thread = talk.attach(self.pid)
        self.where, self.done, self.go, self.counts = (
            int(said[k], 16) for k in ('where', 'done', 'go', 'counts'))
        self.where = where or self.where
        self.stops = []

    def select(self, owner):
        self.talk.ok('Hg' + (MACHINE if owner == 'machine' else self.thread))

    def point(self, owner, address, packet='Z0', tail=''):
        self.select(owner)
        self.talk.ok(f'{packet},{address:x},1{tail}')

    def begin(self):
        self.select('process')
        self.talk.ok(f'M{self.go:x},8:0100000000000000')
        # Resumed with another selected, its stops are taken for unseen (E08).
        self.select('machine')

    def register(self, thread, number):
        self.talk.ok('Hg' + thread)
        return int.from_bytes(bytes.fromhex(self.talk.ask(f'p{number:x}')),
                              'little')

    def step_over(self, owner, thread, address):
        """As gdb does: lifted, stepped, put back."""
        self.point(owner, address, 'z0')
        stop = self.talk.run(f'vCont;s:{thread}')
        if stop[0].startswith('W00;process:'):      # `outlived', told first
            stop = self.talk.run(f'vCont;s:{thread}')
        tap.check(stop[0].startswith(f'T05thread:{thread};'), stop)
        self.point(owner, address)

    def run(self, owner):
        """Stops until done(); each one's (thread, PC)."""
        while len(self.stops) < MANY:
            stop, said = self.talk.run()
            if stop.startswith('W00;process:'):     # `outlived'
                continue
            found = re.match(r'T05thread:(p([0-9a-f]+)\.[0-9a-f]+);swbreak:;',
                             stop)
            tap.check(found, f'{stop} {said}')
            rip = self.register(found[1], RIP)
            if rip == self.done:
                return
            self.stops.append((int(found[2], 16), rip))
            self.step_over(owner, found[1], rip)
        raise tap.Failed(f'over {MANY} stops: {set(self.stops)}')

    def counted(self):
        """The program's own counts; the machine stands in done()."""
        self.talk.ok('Hg' + MACHINE)
        answer = self.talk.ask(f'm{self.counts:x},20')
        data = bytes.fromhex(answer)
        return [int.from_bytes(data[i:i + 8], 'little')
                for i in range(0, 32, 8)]

    def evaluations(self):
        """How often the condition of the process's point was false."""
        for line in self.talk.command('gdbx points').splitlines():
            if (f'{self.where:016x}' in line and f'process {self.pid} ' in line):
                found = re.search(r'true (\d+) false (\d+)', line)
                tap.equal(found[1], '0', 'true')
                return int(found[2])
        raise tap.Failed('the point is not listed')


def check_stops(stops, owner, place, want):
    pid = int(M, 16) if owner == 'machine' else place.pid
    tap.equal(set(stops) - {(pid, place.where)}, set(), 'stops elsewhere')
    tap.equal(len(stops), want, 'stops')


def stop_in(vm, situation, owner, where=None):
    """The situation with a breakpoint of @owner -> (place, counts)"""
    said = spawn(vm, situation)
    with Talk(vm) as talk:
        place = Place(said, talk, where)
        place.point('machine', place.done)
        place.point(owner, place.where)
        place.begin()
        place.run(owner)
        return place, place.counted()


def expected(counts, owner):
    tap.equal(counts[3], 0, 'code bytes changed, or calls that failed')
    return counts[0] + (counts[1] if owner == 'machine' else 0)


def stops_as_often(situation, owner):
    @on(guest)
    def test(vm):
        place, counts = stop_in(vm, situation, owner)
        tap.note(f'{len(place.stops)} stops; counted {counts}')
        check_stops(place.stops, owner, place, expected(counts, owner))
    test.__doc__ = f'{situation}: a breakpoint of the {owner} stops as often'
    return test


def kernel_function(vm, name):
    return next(a for a, _, n in vm.oracle.kallsyms() if n == name)


def evaluates_as_often(situation):
    @on(guest)
    def test(vm):
        where = (kernel_function(vm, '__x64_sys_getppid')
                 if situation == 'kernel_text' else None)
        said = spawn(vm, situation)
        with Talk(vm) as talk:
            place = Place(said, talk, where)
            place.point('machine', place.done)
            place.point('process', place.where, tail=NEVER)
            place.begin()
            place.run('process')
            tap.equal(place.stops, [], 'stops')
            counts = place.counted()
            tap.equal(place.evaluations(), expected(counts, 'process'),
                      'evaluations')
    test.__doc__ = f'{situation}: a false condition is asked as often'
    return test


@on(guest)
def test_wrong_address(vm):
    "negative control: a breakpoint at the alias is noticed"
    place, counts = stop_in(vm, 'alias', 'process', where=0x30000340)
    tap.equal(len(place.stops), counts[2], 'stops at the alias')
    tap.fails(check_stops, place.stops, 'process', place,
              expected(counts, 'process'))


@on(guest)
def test_exec(vm):
    "exec: a client without exec events has its breakpoint in the new program"
    said = spawn(vm, 'executed_anew')
    with Talk(vm) as talk:
        place = Place(said, talk)
        place.point('machine', place.done)
        place.point('process', place.where)
        place.begin()
        place.run('process')
        tap.equal(place.stops, [(place.pid, place.where)] * 5, 'stops')
        place.step_over('machine', MACHINE, place.done)
        place.run('process')
        tap.equal(place.stops, [(place.pid, place.where)] * 9, 'stops')


@on(guest)
def test_wrong_owner(vm):
    "negative control: stops in another process are noticed"
    place, counts = stop_in(vm, 'forked', 'machine')
    tap.fails(check_stops, place.stops, 'machine', place, counts[0])
    tap.fails(check_stops, place.stops, 'process', place, len(place.stops))


def cases():
    for owner in ('process', 'machine'):
        for situation in SITUATIONS:
            yield (f'{owner}_{situation}', stops_as_often(situation, owner))
    # The points of a process that has ended are gone, and their counts.
    for situation in (*SITUATIONS, 'kernel_text'):
        if situation == 'outlived':
            continue
        yield f'counted_{situation}', evaluates_as_often(situation)


tap.main(globals(), more=list(cases()))
