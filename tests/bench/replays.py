# SPDX-License-Identifier: GPL-2.0-or-later
"""Recording, replaying, and going back in a replay.

Times are the emulator's CPU time, but for single steps back: these are what
gdb waits for. The way back is compared with the way forward over the same
distance in the same emulator, in turns."""
import os
import random
import re
import statistics
import sys
import tempfile
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / d) for d in ('replay', 'lib', 'rsp')]
from measure import WHICH, cpu_seconds, say, summary  # noqa: E402
from recording import (FIRMWARE, M, Machine,  # noqa: E402
                       addresses, insert, rdi_is, record, talk_to)
from gdbrun import Gdb  # noqa: E402
from session import until  # noqa: E402
from vm import ROOT  # noqa: E402

RUN = ('busy-a', 'busy-b')
NEVER = 0x7fff123456789abc
SHIFT = 3                       # an instruction is 2**SHIFT ns
IDT, TIMER = 0xfffffe0000000000, 0xec   # Linux: cpu_entry_area, irq_vectors.h
KERNEL_TEXT = 0xffffffff81000000


# Recording -------------------------------------------------------------------

def boot(which, mode, path, more=0):
    """CPU seconds until the guest's programs run; it goes on until the
    recording has so many bytes more."""
    with Machine(mode, path, RUN, gdb=False, qemu=which) as vm:
        until(lambda: vm.said().count('counter=') >= len(RUN), 'they run')
        seconds = cpu_seconds(vm.process.pid)
        size = os.path.getsize(path) if more else 0
        while more and os.path.getsize(path) < size + more:
            time.sleep(.1)      # a recording takes what time it takes
        return seconds


def recording(plan, folder):
    kinds = {'counted': ('pristine', 'count'),
             'pristine': ('pristine', 'record'),
             'patched': ('patched', 'record')}
    seconds = {k: [] for k in kinds}
    for n in range(plan['rounds']):
        for kind, (which, mode) in kinds.items():
            # The last one is what is gone back in.
            long = kind == 'patched' and n == plan['rounds'] - 1
            seconds[kind].append(boot(which, mode, folder / kind,
                                      plan['log'] if long else 0))
            say(f'boot, round {n + 1}, {kind}: CPU {seconds[kind][-1]:.2f} s')
    result = {k: summary(v, 3) for k, v in seconds.items()}
    for kind in ('pristine', 'patched'):
        result[kind]['ratio'] = summary(
            [a / b for a, b in zip(seconds[kind], seconds['counted'])],
            3)['median']
    return result


def log_size(path, instructions):
    data = path.read_bytes()
    guest = instructions * 2 ** SHIFT / 1e9
    return {'instructions': instructions, 'guest_seconds': round(guest, 2),
            'bytes_a_second': round(len(data) / guest),
            'zlib_a_second': round(len(zlib.compress(data)) / guest)}


# Replaying -------------------------------------------------------------------

class Replay:
    """A replay with gdb; where it is, and what things take."""

    def __init__(self, path):
        self.vm = Machine('replay', path, RUN)
        self.talk = talk_to(self.vm)
        self.talk.deadline = 3600
        for packet in 'Hg', 'Hc':
            self.talk.ok(f'{packet}p{M}.1')

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.talk.close()
        self.vm.stop()

    def cpu(self, function, *args):
        """CPU seconds of it."""
        before = cpu_seconds(self.vm.process.pid)
        function(*args)
        return cpu_seconds(self.vm.process.pid) - before

    def run(self, packet='vCont;c'):
        stop, said = self.talk.run(packet)
        if not stop.startswith('T05'):
            raise RuntimeError(f'{packet}: {stop} {said}')
        return stop

    def seek(self, icount):
        self.talk.command(f'gdbx seek {icount}')
        self.run()
        if self.icount() != icount:
            raise RuntimeError(f'at {self.icount()} instead of {icount}')

    def numbers(self, line, pattern):
        return [int(n) for n in
                re.search(pattern, self.talk.command(line)).groups()]

    def icount(self):
        return self.numbers('gdbx time', r'instruction (\d+)')[0]

    def length(self):
        return self.numbers('gdbx time', r'% of (\d+)')[0]

    def cost(self):
        return self.numbers('gdbx time cost', r'(\d+) checkpoints made: (\d+) '
                            r'us, (\d+) pages copied\s+(\d+) restored: (\d+) '
                            r'us, (\d+) pages written')

    def blocks(self):
        return self.numbers('info jit', r'TB count +(\d+)')[0]


def alone(which, path, **options):
    """CPU seconds of a whole replay with nobody connected."""
    with Machine('replay', path, RUN, gdb=False, qemu=which, **options) as vm:
        _, status, used = os.wait4(vm.process.pid, 0)
        vm.process.returncode = os.waitstatus_to_exitcode(status)
        if vm.process.returncode:
            raise RuntimeError(f'the replay ended with {status}')
    alone.peak = used.ru_maxrss         # KiB
    return used.ru_utime + used.ru_stime


def idle(plan, path):
    """Seconds on the wall that the replay of a machine takes which found
    nothing to boot and waited: this is about sleeping."""
    options = dict(FIRMWARE, sleep='on')
    with Machine('record', path, gdb=False, **options):
        time.sleep(plan['idle'])    # that is what is recorded
    seconds = {w: [] for w in WHICH}
    for n in range(plan['rounds']):
        for which in WHICH:
            start = time.monotonic()
            alone(which, path, **options)
            seconds[which].append(time.monotonic() - start)
            say(f'idle, round {n + 1}, {which}: {seconds[which][-1]:.2f} s')
    return dict({w: summary(v, 3) for w, v in seconds.items()},
                recorded=plan['idle'])


def watched(path, points):
    """... with gdb and breakpoints that are not hit, to its end. The start of
    the emulator is counted, as in alone()."""
    with Replay(path) as r:
        for n in range(points):
            insert(r.talk, KERNEL_TEXT + 0x12777 * (n + 1))
        if 'replaylog:end' not in r.run():
            raise RuntimeError('a breakpoint was hit')
        return cpu_seconds(r.vm.process.pid)


def forwards(plan, path):
    kinds = {'pristine': lambda: alone('pristine', path),
             'patched': lambda: alone('patched', path),
             'gdb': lambda: watched(path, 0),
             'gdb_points': lambda: watched(path, 10)}
    seconds = {k: [] for k in kinds}
    for n in range(plan['rounds']):
        for kind, run in kinds.items():
            seconds[kind].append(run())
            say(f'replay, round {n + 1}, {kind}: CPU {seconds[kind][-1]:.2f} s')
    result = {k: summary(v, 3) for k, v in seconds.items()}
    for kind, value in result.items():
        value['ratio'] = summary([a / b for a, b in zip(
            seconds[kind], seconds['pristine'])], 3)['median']
    alone('pristine', path)
    result['pristine']['peak_mib'] = alone.peak >> 10
    return result


# Back ------------------------------------------------------------------------

def steps(r, plan, last):
    """Places by chance, there one step to warm up and some more: ms."""
    dice = random.Random(1)
    warm, each = [], []
    for n in range(plan['places']):
        r.seek(dice.randrange(last // 10, last))
        for times in [warm] + [each] * plan['steps']:
            start = time.monotonic()
            r.run('bs')
            times.append(1000 * (time.monotonic() - start))
    found = {'median': statistics.median(each),
             'percent99': statistics.quantiles(each, n=100)[98],
             'first_most': max(warm), 'count': len(each)}
    say('steps back: ' + ', '.join(f'{k} {v:.2f}' for k, v in found.items()))
    return dict({k: round(v, 3) for k, v in found.items()},
                places=plan['places'], instructions=last)


def timer_entry(r):
    """Where the kernel's interrupt handler of its timer begins: a place that
    is passed rarely. Intel SDM volume 3, 6.14.1: a gate of 16 bytes."""
    gate = bytes.fromhex(r.talk.ask(f'm{IDT + 16 * TIMER:x},10'))
    return int.from_bytes(gate[:2] + gate[6:12], 'little')


def counted(r, compare, icount):
    """A condition: $icount is more, or less, than that."""
    names = re.findall(r'<reg name="(\w+)"', r.talk.xfer('features',
                                                        'target.xml'))
    code = {'>': '25{1:016x}26{0:04x}', '<': '26{0:04x}25{1:016x}'}[compare]
    return code.format(names.index('icount'), icount) + '1527'


def far_back(r, plan, last, entry, name, distance, false_conditions):
    """reverse-continue to a hit so far back, beside the way forward."""
    forward, back, most = [], [], []
    work = addresses()[0]
    for n in range(plan['rounds']):
        goal = last - (n + 1) * distance // 10
        r.seek(goal - distance)
        insert(r.talk, entry, counted(r, '>', goal))
        forward.append(r.cpu(r.run))
        goal = r.icount()
        r.talk.ok(f'z0,{entry:x},1')
        insert(r.talk, entry, counted(r, '<', goal - distance))
        if false_conditions:
            insert(r.talk, work, rdi_is(NEVER))
        back.append(r.cpu(r.run, 'bc'))
        gone = goal - r.icount()
        if not distance < gone < distance + 2e7:
            raise RuntimeError(f'{gone} instructions instead of {distance}')
        r.talk.ok(f'z0,{entry:x},1')
        if false_conditions:
            r.talk.ok(f'z0,{work:x},1')
        say(f'{name}, round {n + 1}: {forward[-1]:.3f} s forward, '
            f'{back[-1]:.3f} s back')
    # What may be added to the ratio is 100 ms.
    most = [(b - .1) / f for b, f in zip(back, forward)]
    return {'distance': distance, 'forward': summary(forward)['median'],
            'back': summary(back)['median'],
            'ratio': summary([b / f for b, f in zip(back, forward)])['median'],
            'ratio_less_100ms': summary(most)['median']}


def checkpoints(r, last):
    """Of all that were made so far; restoring where much differs; code that
    is translated again after a step back."""
    made, us, pages = r.cost()[:3]
    found = {'made': made, 'take_ms': round(us / made / 1000, 3),
             'pages': round(pages / made, 1)}
    most = (0, 0)
    for goal in (last // 20, last, last // 20, last):
        before = r.cost()[3:]
        r.seek(goal)
        times, us, pages = (b - a for a, b in zip(before, r.cost()[3:]))
        if times == 1:
            most = max(most, (pages, us))
    found['restore_pages'], found['restore_ms'] = most[0], most[1] / 1000
    r.run('bs')
    r.run('bs')
    before = r.blocks()
    for _ in range(20):
        r.run('bs')
    found['blocks_a_step'] = (r.blocks() - before) / 20
    found['blocks'] = r.blocks()
    return found


def memory(r):
    """MiB: the most that the emulator ever had, its checkpoints, their budget."""
    status = Path(f'/proc/{r.vm.process.pid}/status').read_text()
    used, budget = r.numbers('gdbx time', r'(\d+) of (\d+) MiB')
    return {'peak': int(re.search(r'VmHWM:\s+(\d+)', status)[1]) >> 10,
            'checkpoints': used, 'budget': budget}


def back(plan, path):
    with Replay(path) as r:
        length = r.length()
        last = min(length - 1, plan['instructions'])
        r.seek(last)
        entry = timer_entry(r)
        found = {'steps': steps(r, plan, last), 'finds': {}}
        for distance in plan['distances']:
            name = f'{distance:.0e}'.replace('e+0', 'e')
            found['finds'][name] = far_back(r, plan, last, entry, name,
                                            distance, False)
        distance = plan['distances'][0]
        found['finds']['false'] = far_back(
            r, plan, last, entry, 'with false conditions', distance, True)
        found['checkpoints'] = checkpoints(r, last)
        found['memory'] = memory(r)
        say(f"checkpoints: {found['checkpoints']}")
        return length, found


# Lines -----------------------------------------------------------------------

FAR = ROOT / 'tests' / 'guest' / 'programs' / 'far.c'
COMMANDS = ('next', 'reverse-next', 'reverse-finish')


def line_of(mark):
    return next(n for n, text in enumerate(FAR.read_text().splitlines(), 1)
                if f'/* {mark} */' in text)


def timed(gdb, command, line):
    """Seconds until gdb has its prompt again, at that line."""
    start = time.monotonic()
    stop = gdb.run(command)
    seconds = time.monotonic() - start
    if gdb.mi('-stack-info-frame')['frame'].get('line') != str(line):
        raise RuntimeError(f'{command}: not at line {line}: {stop}')
    return seconds


def lines(plan, path):
    """What gdb takes to step over a line that takes long, and out of it."""
    record(path, ('far',), more=plan['far'])
    seconds = {c: [] for c in COMMANDS}
    call, behind, end = map(line_of, ('call far', 'behind', 'end of far'))
    with Machine('replay', path, ('far',)) as vm, Gdb() as gdb:
        gdb.deadline = 3600
        gdb.connect(vm)
        gdb.run('stepi')        # the log's first event: time begins
        last = int(re.search(r' of (\d+) ', gdb.cmd('monitor gdbx when'))[1])
        gdb.cmd(f'monitor gdbx seek {last - 3 * 10 ** 8}')
        gdb.run('stepi')
        gdb.attach(next(int(row['pid']) for row in gdb.os_table('processes')
                        if row['command'].endswith('far')))
        gdb.cmd(f'tbreak far.c:{call}')
        gdb.run('continue')
        first = gdb.number('$icount')
        for n in range(plan['rounds']):
            gdb.cmd(f'monitor gdbx seek {first}')
            gdb.run('stepi')
            seconds['next'].append(timed(gdb, 'next', behind))
            distance = gdb.number('$icount') - first
            seconds['reverse-next'].append(timed(gdb, 'reverse-next', call))
            gdb.cmd(f'tbreak far.c:{end}')
            gdb.run('continue')
            seconds['reverse-finish'].append(
                timed(gdb, 'reverse-finish', call))
            say(f'a line of {distance} instructions, round {n + 1}: ' + ', '.join(
                f'{c} {seconds[c][-1]:.3f} s' for c in COMMANDS))
    return dict({c.replace('-', '_'): summary(v, 3)
                 for c, v in seconds.items()}, instructions=distance)


def replays(plan):
    with tempfile.TemporaryDirectory(prefix='gdbx-rr-') as room:
        folder = Path(room)
        result = {'recording': recording(plan, folder)}
        length, result['back'] = back(plan, folder / 'patched')
        result['log'] = log_size(folder / 'patched', length)
        result['forwards'] = forwards(plan, folder / 'pristine')
        result['idle'] = idle(plan, folder / 'idle')
        result['lines'] = lines(plan, folder / 'far')
        return result
