#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Points at events, whatever their kind: conditions, whose, after, once, count,
log, delete, in whose name gdb is told, and that nothing is left of a client.
System calls serve as events: the program "faults" maps and unmaps the same
number of bytes in turns, and others make calls beside it.

Negative controls seen red: without the filter by task (test_whose), with
conditions that are always true (test_conditions), `after' off by one
(test_after), nothing passed when an instruction begins anew
(test_begins_anew), points left at a reset (test_client_dies), a window told in
the process at hand (test_window)."""
import contextlib
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from session import DEADLINE, M, Guest, Talk, until  # noqa: E402

GUEST = Guest(run=['faults', 'syscalls', 'busy-a'])
BYTES = 16 * 4096                       # of one mapping of "faults"
AT = r' at 0x[0-9a-f]+ in process (\d+) "([^"]*)" \(CPU#\d+\)\n'


class Session(Talk):
    """A session that sets points; all of them go with it."""

    def __init__(self):
        vm = GUEST.boot()
        vm.oracle.deadline = DEADLINE
        self.said = vm.oracle.said('busy-a')
        super().__init__(vm)
        self.faults = GUEST.pids['faults']

    def say(self, line, pattern):
        text = self.command('gdbx ' + line).replace('\r', '')
        tap.check(re.search(pattern, text),
                  f'{line}: {text!r}, want {pattern}')
        return text

    def point(self, line):
        """Its number."""
        text = self.say(line, r'^point (\d+): ')
        return int(re.match(r'point (\d+)', text)[1])

    def counts(self, number):
        """(true, false) of a point; None when it is not there."""
        for line in self.command('gdbx points').splitlines():
            match = re.match(rf' +{number} .*: true (\d+) false (\d+)', line)
            if match:
                return int(match[1]), int(match[2])
        return None

    def turn(self):
        """To the next munmap of "faults", where all of a turn is counted."""
        stop, said = self.run()
        tap.check(stop.startswith('T05'), stop)
        return said


@contextlib.contextmanager
def session(turns=True):
    with Session() as talk:
        if turns:
            talk.turns = talk.point('break syscall munmap entry process '
                                    f'{talk.faults}')
            talk.turn()
        yield talk


# What is read of a line ------------------------------------------------------

def test_refusals():
    "a line that is not understood sets nothing and says where it is wrong"
    with session(turns=False) as talk:
        for line, pattern in (
                ('break nonsense', "not a number: 'nonsense', and no kind"),
                ('log nonsense', "no kind of event 'nonsense'"),
                ('count', '^usage: gdbx count'),
                ('break syscall if', 'if: column 1: it ends'),
                ('break syscall if $_arg9', r'if: column 1: there is no \$_arg9'),
                ('break syscall if $_arg0 == 1 if 2', 'one condition already'),
                ('break syscall if 1 = 1', "column 3: '=' sets nothing"),
                ('break syscall process', 'process: a number up to 2147483647'),
                ('break syscall process 4294967296', 'process: a number up to'),
                ('break syscall cpl 4', 'cpl: a number up to 3'),
                ('break syscall after x', 'after: a number'),
                ('break syscall once upon', "not understood: 'upon'"),
                ('break syscall say "x"', "not understood: 'say"),
                ('log syscall say "%d"', 'wants 1 arguments'),
                ('log syscall say "%d", $_nix', r'column 7: there is no \$_nix'),
                ('log syscall say "%s', "'\"' is missing"),
                ('break 16 if $nix', r'if: column 1: there is no \$nix'),
                ('break 16 if 1 if 2', '^usage'),
                ('break syscall if ' + '(' * 100, 'too deep')):
            talk.say(line, pattern)
        talk.say('points', '^no points$')


def test_list():
    "points are shown as they were typed, numbered with the others, deleted"
    with session(turns=False) as talk:
        lines = [
            'break syscall mmap entry process 7 if $_arg1 > 5 after 3 once',
            'log syscall thread 8 cpl 3 say "%d", $_number',
            'count syscall cr3 0x1234000']
        for number, line in enumerate(lines, 1):
            tap.equal(talk.point(line), number, line)
        talk.say('break 18', '^point 4 at 0x12$')
        text = talk.say('points', r'(?m)^ +4 0x0+12 ')
        for number, line in enumerate(lines, 1):
            tap.check(f'  {number} {line}: true 0 false 0\n' in text,
                      f'{line}: {text}')
        talk.say('delete 2', '^$')
        talk.say('delete 2', 'no point 2')
        tap.equal(talk.counts(2), None, 'a deleted point')
        tap.equal(talk.counts(3), (0, 0), 'its neighbour')
        tap.equal(talk.point('count syscall'), 5, 'the next number')
        talk.say('delete all', '^$')
        talk.say('points', '^no points$')
        talk.say('help', r'kinds of events:\n(.*\n)* +syscall ')
        talk.say('help syscall', r'(?s)usage: gdbx break syscall.*\$_number')


# What is a hit ----------------------------------------------------------------

def test_count():
    "each event is counted once, and no other"
    with session() as talk:
        maps = talk.point(f'count syscall mmap entry process {talk.faults}')
        both = talk.point(f'count syscall mmap process {talk.faults}')
        none = talk.point(f'count syscall getppid process {talk.faults}')
        for turn in range(1, 6):
            talk.turn()
            tap.equal(talk.counts(maps), (turn, 0), 'mmap')
            tap.equal(talk.counts(both), (2 * turn, 0), 'mmap and its return')
        tap.equal(talk.counts(none), (0, 0), 'what it never calls')


def test_conditions():
    "what is false does not stop and is counted; fields and registers are read"
    with session() as talk:
        whose = f'process {talk.faults}'
        cases = [
            (f'$_arg1 == {BYTES} && $_entry', True),
            (f'$_arg1 != {BYTES}', False),
            (f'$_arg1 / 4096 % 5 == 1 && (u8)($_arg1 >> 16) == 1', True),
            (f'$ospid == {talk.faults} && $ostid == $ospid', True),
            ('$cpl == 3 && $ospid != 1', True),
            ('$cpl == 0 || $ospid == 1', False),
            ('(s32)$_arg4 == -1 && $_number == 9', True),
            ('u8[$rip] + 1 && $pc == $rip', True)]
        points = [talk.point(f'count syscall mmap entry {whose} if {c}')
                  for c, _ in cases]
        for _ in range(3):
            talk.turn()
        for number, (condition, true) in zip(points, cases):
            tap.equal(talk.counts(number), (3, 0) if true else (0, 3),
                      condition)


def test_cannot_be_evaluated():
    "a condition on memory that is not there counts as true; it is said once"
    with session() as talk:
        number = talk.point('count syscall mmap entry process '
                            f'{talk.faults} if u32[0x10] == 5')
        said = ''.join(talk.turn() for _ in range(3))
        tap.equal(talk.counts(number), (3, 0), 'hits')
        tap.equal(said.count(f'condition of point {number} counts as true'), 1,
                  said)


def test_after():
    "the first N do nothing but count; once: the point is gone then"
    with session() as talk:
        maps = talk.point(f'count syscall mmap entry process {talk.faults}')
        late = talk.point(f'break syscall mmap entry process {talk.faults} '
                          'after 3 once')
        for turn in range(1, 4):
            tap.check(f'point {talk.turns}:' in talk.turn(), f'turn {turn}')
        tap.check(f'point {late}: syscall mmap(' in talk.turn(), 'the fourth')
        tap.equal(talk.counts(maps), (4, 0), 'mmap at the stop')
        tap.equal(talk.counts(late), (4, 0), 'hits')
        for turn in range(2):
            tap.check(f'point {talk.turns}:' in talk.turn(), 'it stops again')
        tap.equal(talk.counts(late), None, 'a point that was for once')


def test_log():
    "a line for each event, nothing stops; say has its own words"
    with session() as talk:
        whose = f'process {talk.faults}'
        plain = talk.point(f'log syscall mmap return {whose}')
        own = talk.point(f'log syscall mmap entry {whose} say '
                         '"<%lu of %d, %s>", $_arg1, $ospid, 0 ? 1 : 0')
        for _ in range(3):
            said = talk.turn()
            tap.check(f'<{BYTES} of {talk.faults}, (null)>\n' in said, said)
            tap.check(re.search(
                rf'gdbx: point {plain}: syscall mmap\(0, {BYTES:#x}, 3, 34, -1, '
                rf'0\) = 0x[0-9a-f]+ at 0x[0-9a-f]+ in process {talk.faults} '
                rf'thread {talk.faults} \(CPU#0\)\n', said), said)
            tap.equal(said.count('\n'), 3, said)
        tap.equal((talk.counts(plain), talk.counts(own)), ((3, 0), (3, 0)),
                  'hits')


def test_whose():
    "by process, thread and address space; another's events are not its own"
    other = 'syscalls'
    with session() as talk:
        pid = GUEST.pids[other]
        mine = talk.point(f'count syscall getpid process {pid}')
        thread = talk.point(f'count syscall getpid thread {pid}')
        everybody = talk.point('count syscall getpid')
        wrong = talk.point(f'count syscall getpid process {talk.faults}')
        nobody = talk.point('count syscall mmap process 4000000')
        cr3 = int(talk.command('gdbx os task %d' % talk.faults)
                  and re.search(r'table 0x([0-9a-f]+)|cr3 0x([0-9a-f]+)',
                                talk.turn() + talk.command(
                                    'info registers').replace(
                                        'CR3=', 'cr3 0x'))[2], 16)
        space = talk.point(f'count syscall mmap entry cr3 {cr3:#x}')
        kernel = talk.point(f'count syscall mmap process {talk.faults} cpl 3')
        talk.say(f'delete {talk.turns}', '^$')
        stop = talk.point(f'break syscall getpid entry process {pid}')
        said = talk.turn()
        talk.say(f'delete {stop}', '^$')
        tap.check(re.search(rf'point {stop}: syscall getpid\(\){AT}', said),
                  said)
        tap.check(f'in process {pid} "{other}"' in said, said)
        last = talk.point(f'break syscall munmap entry process {talk.faults}')
        for _ in range(2):
            talk.turn()
        tap.equal(talk.counts(mine), talk.counts(thread), 'by thread')
        tap.equal(talk.counts(mine), talk.counts(everybody), 'nobody else')
        tap.check(talk.counts(mine)[0] > 0, 'it was seen')
        tap.equal(talk.counts(wrong), (0, 0), "another's")
        tap.equal(talk.counts(nobody), (0, 0), "nobody's")
        tap.check(talk.counts(space)[0] >= 2, 'in its address space')
        tap.check(talk.counts(kernel) is not None, 'by level')
        talk.say(f'delete {last}', '^$')


# What gdb is told --------------------------------------------------------------

def test_followed():
    "told in the name of a process that gdb has, of the CPU otherwise"
    with session() as talk:
        stop, said = talk.run()
        tap.check(re.match(rf'T05thread:p{M}\.0*1;$', stop), stop)
        tap.check(re.search(rf'point {talk.turns}: syscall munmap\('
                            rf'0x[0-9a-f]+, {BYTES:#x}\){AT}', said), said)
        faults = talk.attach(talk.faults)
        stop, _ = talk.run()
        tap.check(stop.startswith(f'T05thread:{faults};'), stop)
        stop, said = talk.run(f'vCont;c:p{M}.-1')
        tap.check(re.match(rf'T05thread:p{M}\.0*1;$', stop),
                  f'gdb did not resume the process: {stop}')
        tap.check(f'in process {talk.faults} "faults"' in said, said)


def test_alone():
    "a thread that gdb steps alone is told first; what came by meanwhile waits"
    with session(turns=False) as talk:
        pid = GUEST.pids['syscalls']
        talk.attach(talk.faults)
        other = talk.attach(pid)
        number = talk.point(f'break syscall munmap entry process {talk.faults}')
        for _ in range(5):
            stop, said = talk.run(f'vCont;s:{other}')
            tap.check(stop.startswith(f'T05thread:{other};'), f'{stop} {said}')
            tap.check(f'point {number}' not in said, said)
        said = talk.turn()
        tap.check(f'point {number}: syscall munmap' in said, said)


def test_several():
    "one stop for all points at an event, with all their numbers"
    with session() as talk:
        more = talk.point(f'break syscall munmap entry if $_arg1 == {BYTES}')
        said = talk.turn()
        tap.check(f'point {talk.turns}, {more}: syscall' in said, said)
        tap.equal(talk.counts(talk.turns)[0], 2, 'hits of the first')
        tap.equal(talk.counts(more)[0], 1, 'hits of the second')


def test_begins_anew():
    "an instruction that was stopped in front of is no event once more"
    with session() as talk:
        whose = f'process {talk.faults}'
        counted = talk.point(f'count insn syscall {whose}')
        calls = [talk.point(f'count syscall {name} entry {whose}')
                 for name in ('mmap', 'munmap')]
        talk.turn()
        talk.say(f'delete {talk.turns}', '^$')
        before = [talk.counts(p)[0] for p in (counted, *calls)]
        stop = talk.point(f'break insn syscall {whose}')
        for _ in range(6):
            tap.check(f'point {stop}: insn syscall' in talk.turn(), 'stop')
        tap.equal(talk.counts(stop), (6, 0), 'stops')
        insns, *made = [talk.counts(p)[0] - b
                        for p, b in zip((counted, *calls), before)]
        tap.equal(insns, 6, 'instructions counted beside')
        tap.check(sum(made) in (5, 6), f'calls made between: {made}')


def test_running():
    "points come and go while the guest runs, from QEMU's own console"
    with session(turns=False) as talk:
        talk.resume()
        hmp = GUEST.vm.qmp.hmp
        tap.contains(hmp('gdbx count syscall mmap'), 'point 1: count')
        until(lambda: re.search(r'true [1-9]', hmp('gdbx points')),
              'events are counted')
        tap.contains(hmp(f'gdbx break syscall munmap process {talk.faults}'),
                     'point 2: break')
        stop, said = talk.stop()
        tap.check(stop.startswith('T05') and 'point 2: syscall' in said,
                  f'{stop} {said}')


def test_address_if():
    "`break ADDR if' is the same for addresses"
    with session(turns=False) as talk:
        work = talk.said['work']
        talk.say(f'break {work} if $ospid == {talk.faults}', '^point 1')
        talk.say(f'break {work} if $rip == {work} && $ospid != 0', '^point 2')
        stop, said = talk.run()
        tap.check('point 2 hit' in said, f'{stop} {said}')


# gdb's watchpoints on a kind's window ---------------------------------------

EXC = 0x0200000000000000
FAULT = EXC + 8 * 14


def test_window():
    "rwatch on a window: the selected inferior's events; its value by `m'"
    with session(turns=False) as talk:
        faults = talk.attach(talk.faults)
        for thread, stopped in ((faults, re.escape(faults)),
                                (f'p{M}.1', rf'p{M}\.0*1')):
            talk.ok(f'Hg{thread}')
            talk.ok(f'Z3,{FAULT:x},8')
            stop, said = talk.run()
            tap.check(re.match(rf'T05thread:{stopped};rwatch:{FAULT:x};$', stop),
                      f'{thread}: {stop}')
            tap.check(re.match(rf'gdbx: exception .*{AT}', said), said)
            tap.check(re.match('[01][0-7]0{14}$', talk.ask(f'm{FAULT:x},8')),
                      'the error code of a page fault')
            talk.say('points', r'(?m)^ +gdb break exception .*: true 1 false')
            talk.ok(f'z3,{FAULT:x},8')
        number = talk.point(f'break syscall munmap entry process {talk.faults}')
        tap.check(f'point {number}' in talk.turn(), 'the watchpoint is gone')
        talk.say('points', rf'^events:\n +{number} ')


def test_window_reinserted():
    "what gdb takes out and puts in again at each stop misses nothing"
    with session() as talk:
        faults = talk.attach(talk.faults)
        count = talk.point(f'count exception pf process {talk.faults} '
                           f'if $_address != 0 && $_cpl == 3')
        talk.turn()
        before, seen = talk.counts(count)[0], 0
        while True:
            talk.ok(f'Hg{faults}')
            talk.ok(f'Z4,{FAULT:x},8')
            stop, _ = talk.run()
            talk.ok(f'Hg{faults}')
            talk.ok(f'z4,{FAULT:x},8')
            if 'awatch' not in stop:
                break
            seen += 1
            tap.check(seen < 1000, 'it stops at the same fault again')
        tap.equal(seen, talk.counts(count)[0] - before, 'faults that stopped')
        tap.check(seen >= 16, f'{seen} faults in a turn')


def test_window_refused():
    "what is not within one window, or what its kind does not take"
    with session(turns=False) as talk:
        talk.ok(f'Hgp{M}.1')
        for where, length in ((EXC + 256 * 8, 8), (EXC + 256 * 8 - 4, 8),
                              (FAULT, 0), (FAULT, 0xfffffffffffffff0)):
            answer = talk.ask(f'Z3,{where:x},{length:x}')
            if where == EXC + 256 * 8:
                talk.ask(f'z3,{where:x},{length:x}')
                continue
            tap.check(answer.startswith('E.watchpoint'), f'{where:x} {answer}')
        for where in (EXC, FAULT, 3 << 56, (3 << 56) + 0x1000):
            for kind in '01':
                answer = talk.ask(f'Z{kind},{where:x},1')
                tap.check(re.search('^E.breakpoint.*watchpoints$', answer),
                          f'{where:x} {answer}')
        talk.ok('Z1,1000,1')
        talk.ok('z1,1000,1')
        talk.say('points', 'no points|gdb linear')


# What is left ------------------------------------------------------------------

def test_client_dies():
    "nothing is left of a client, nor does anything stop for it"
    with session() as talk:
        talk.point('log syscall')
        talk.resume()
    GUEST.boot()
    before = GUEST.vm.oracle.counter(GUEST.pids['busy-a'])
    until(lambda: GUEST.vm.oracle.counter(GUEST.pids['busy-a']) > before,
          'the guest goes on')
    with session(turns=False) as talk:
        talk.say('points', '^no points$')


if __name__ == '__main__':
    tap.main(globals())
