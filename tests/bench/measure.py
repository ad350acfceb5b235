# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurements. Each compares the patched emulator with the pristine one
in the same run, the two taking turns, so that what else the machine does
meets both."""
import contextlib
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
from gdbrun import Gdb, find_gdb  # noqa: E402
from vm import SYSROOT, VM  # noqa: E402

WHICH = ('pristine', 'patched')


def cpu_seconds(pid):
    """CPU time of another process, ended threads included. It is the clock
    that clock_getcpuclockid(3) names; unlike time on the wall it does not
    grow while something else has the processor."""
    return time.clock_gettime((~pid << 3) | 2)


def summary(values, digits=4):
    """Median and the half of the range between the quartiles, in percent of
    the median: the noise."""
    values = sorted(values)
    median = statistics.median(values)
    noise = None
    if len(values) >= 4 and median:
        q = statistics.quantiles(values, n=4)
        noise = round(50 * (q[2] - q[0]) / median, 2)
    return {'median': round(median, digits), 'noise_percent': noise,
            'values': [round(v, digits) for v in values]}


def say(text):
    print('bench: ' + text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def machine(which):
    """A guest with one busy program on one CPU, and a gdb on it, stopped:
    on the machine as pristine offers it, on the process where one can."""
    with VM(qemu=which, run=['busy-a'], smp=1) as vm:
        pid = vm.wait_ready()['busy-a']
        with Gdb(path=find_gdb()) as gdb:
            if which == 'pristine':
                gdb.cmd(f'file {SYSROOT}/bin/busy')
                gdb.connect(vm)
            else:
                gdb.connect(vm)
                gdb.attach(pid)
            yield vm, gdb, pid


# False conditions ---------------------------------------------------------

def conditions_once(gdb, count):
    """Conditions a second, over @count false ones."""
    gdb.cmd('delete')
    gdb.cmd('break work')
    gdb.run('continue')
    goal = gdb.number('i') + count
    gdb.cmd(f'condition $bpnum i == {goal}')
    start = time.monotonic()
    gdb.run('continue')
    seconds = time.monotonic() - start
    if gdb.number('i') != goal:
        raise RuntimeError('the condition did not stop where it should')
    return (count - 1) / seconds


def conditions(rounds, counts):
    """@counts: how many to let pass, for each emulator, by its speed."""
    rates = {w: [] for w in WHICH}
    with machine('pristine') as a, machine('patched') as b:
        for n in range(rounds):
            for which, (_, gdb, _) in zip(WHICH, (a, b)):
                rates[which].append(conditions_once(gdb, counts[which]))
                say(f'conditions, round {n + 1}, {which}: '
                    f'{rates[which][-1]:.0f}/s')
    result = {w: summary(rates[w], 0) for w in WHICH}
    result['counts'] = counts
    result['ratio'] = round(result['patched']['median']
                            / result['pristine']['median'], 1)
    return result


# A loop that shares a page with a breakpoint ------------------------------

def speed_once(vm, gdb, pid, seconds, breakpoint_at):
    """Turns of the loop per second of CPU, counted by the guest itself."""
    gdb.cmd('delete')
    if breakpoint_at:
        gdb.cmd(f'break {breakpoint_at}')
    gdb.start('continue')
    vm.oracle.counter(pid)            # the first answer: the guest runs
    qemu = vm.process.pid
    start, first = cpu_seconds(qemu), vm.oracle.counter(pid)
    # A measurement needs a stretch of time; nothing is waited for.
    time.sleep(seconds)
    end, last = cpu_seconds(qemu), vm.oracle.counter(pid)
    gdb.interrupt()
    gdb.wait_stop()
    return (last - first) / (end - start)


def page_sharing(rounds, seconds):
    speeds = {w: {'free': [], 'breakpoint': []} for w in WHICH}
    with machine('pristine') as a, machine('patched') as b:
        for n in range(rounds):
            for which, (vm, gdb, pid) in zip(WHICH, (a, b)):
                for kind, where in (('free', None), ('breakpoint', 'never')):
                    rate = speed_once(vm, gdb, pid, seconds, where)
                    speeds[which][kind].append(rate)
                    say(f'hot loop, round {n + 1}, {which}, {kind}: '
                        f'{rate / 1e6:.2f} million turns/s')
    result = {w: {k: summary(v, 0) for k, v in speeds[w].items()}
              for w in WHICH}
    for which in WHICH:
        # Round by round: both halves of a round met the same machine.
        pairs = zip(speeds[which]['free'], speeds[which]['breakpoint'])
        ratios = summary([free / slow for free, slow in pairs], 3)
        result[which]['slowdown'] = ratios['median']
        result[which]['slowdown_noise_percent'] = ratios['noise_percent']
    return result


# Whole boot ---------------------------------------------------------------

BOOTS = {
    'pristine': ('pristine', None, ''),
    'patched': ('patched', None, ''),
    'patched_stub_idle': ('patched', 'unix', ''),
}


def boot_once(kind):
    """(seconds on the wall, seconds of CPU) until the guest is ready."""
    which, gdb, options = BOOTS[kind]
    start = time.monotonic()
    with VM(qemu=which, gdb=gdb, gdb_options=options, smp=1,
            append='nokaslr') as vm:
        vm.oracle.wait_ready(vm.deadline)
        wall = time.monotonic() - start
        return wall, cpu_seconds(vm.process.pid)


def boot(rounds):
    wall, cpu = {k: [] for k in BOOTS}, {k: [] for k in BOOTS}
    boot_once('pristine')             # fills the host's caches
    for n in range(rounds):
        kinds = list(BOOTS)
        for kind in kinds[n % len(kinds):] + kinds[:n % len(kinds)]:
            w, c = boot_once(kind)
            wall[kind].append(w)
            cpu[kind].append(c)
            say(f'boot, round {n + 1}, {kind}: {w:.2f} s, CPU {c:.2f} s')
    result = {k: {'wall': summary(wall[k], 3), 'cpu': summary(cpu[k], 3)}
              for k in BOOTS}
    for kind in BOOTS:
        # Round by round, as above.
        over = sorted(100 * (c / p - 1)
                      for c, p in zip(cpu[kind], cpu['pristine']))
        result[kind]['cpu_percent_over_pristine'] = round(
            statistics.median(over), 2)
    return result
