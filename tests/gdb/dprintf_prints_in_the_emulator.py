#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dprintf in agent style: the emulator prints, nothing stops. What gdb's own
printf makes of the same formats is what has to come."""
import re

import common
import tap

guest = common.Guest(run=['busy-a', 'busy-b'], smp=2)
NAME = 'NAME'       # stands for an expression of that string
# Format, expression; "i" is the argument of work().
FORMATS = [
    ('%d', 'i'), ('%lu', 'i'), ('%x', 'i'), ('%#lx', 'i'), ('%lX', 'i'),
    ('%#lo', 'i'), ('%12lu|', 'i'), ('%-12lu|', 'i'), ('%012lu|', 'i'),
    ('%+ld', 'i'), ('% ld', 'i'), ('%.12ld', 'i'), ('%ld', '-i'),
    ('%d', '(int)-i'), ('%u', '(unsigned)-i'), ('%lld', '(long long)i'),
    ('%hd', '(short)(i * 7)'), ('%c', '65 + i % 26'), ('%5c|', '120'),
    ('%c%c', '97,98'), ('%%', None), ('tab\\t\\"quoted\\"\\\\', None),
    ('%s', NAME), ('%.3s|', NAME), ('%10s|', NAME), ('%-10s|', NAME),
    ('%p', '&counter'), ('%20p|', '&counter'), ('%p', '(void *)0'),
    ('%d %s %c %#lx', f'(int)i, {NAME}, 33, &counter'),
    ('%lu', 'counter'), ('%ld', '$rip - (long)work'), ('%i', 'sizeof(i)'),
    ('%lu', '$rdi'), ('%zu', 'i'), ('%d', 'i == 5 || i > 7'),
]


def stop_in_work(gdb, name='busy-a'):
    gdb.attach(guest.pids[name])
    gdb.cmd('tbreak work')
    gdb.run('continue')
    gdb.cmd('set dprintf-style agent')
    return gdb.number('i')


def with_name(gdb, text):
    # By its address: gdb cannot compile what has no type.
    where = gdb.number('(long)&program_invocation_name')
    return text.replace(NAME, f'*(char **){where}')


def dprintf(gdb, text, condition=None):
    text = with_name(gdb, text)
    gdb.cmd(f'dprintf work,{text}')
    if condition:
        gdb.cmd(f'condition $bpnum {condition}')


def wait_for(gdb, pattern, times):
    """Reads on while the guest runs; what gdb has shown so far."""
    def enough(_record):
        return len(re.findall(pattern, ''.join(gdb.said))) >= times
    if not enough(None):
        gdb._until(enough)
    return ''.join(gdb.said)


def interrupt(gdb):
    gdb.interrupt()
    stop = gdb.wait_stop()
    tap.equal(stop.values.get('signal-name'), 'SIGINT', 'reason')
    return stop.text


def row(number, form, arguments):
    return f'"[{number}] {form}\\n"' + (f',{arguments}' if arguments else '')


def expected(gdb, next_i):
    """What gdb's printf says now, for the call after this one."""
    gdb.cmd(f'set $was = {next_i}')
    return [gdb.cmd('printf ' + with_name(gdb, row(n, form, a and re.sub(
        r'\b(i|counter)\b|\$rdi', '((unsigned long)$was)',
        a.replace('&counter', '&COUNTER')).replace('COUNTER', 'counter'))))
        for n, (form, a) in enumerate(FORMATS)]


def test_formats_equal_gdbs():
    "each format gives what gdb's own printf gives"
    with guest.gdb() as (vm, gdb):
        goal = stop_in_work(gdb) + 1000
        want = ''.join(expected(gdb, goal))
        for n, (form, arguments) in enumerate(FORMATS):
            dprintf(gdb, row(n, form, arguments), f'i == {goal}')
        gdb.start('continue')
        got = wait_for(gdb, rf'\[{len(FORMATS) - 1}\] [^\n]*\n', 1)
        interrupt(gdb)
        got = ''.join(re.findall(r'\[\d+\] [^\n]*\n', got))
        tap.check(len(want.splitlines()) == len(FORMATS), want)
        for g, w in zip(got.splitlines(), want.splitlines()):
            tap.equal(g, w, 'line')
        tap.equal(len(got.splitlines()), len(FORMATS), 'lines')
        tap.contains(gdb.cmd('info breakpoints'), 'target evals')


def test_while_it_runs():
    "lines come while the guest runs: of this process, in order, all of them"
    with guest.gdb() as (vm, gdb):
        first = stop_in_work(gdb)
        dprintf(gdb, '"at %lu of %s\\n",i,' + NAME, 'i % 65536 == 0')
        gdb.start('continue')
        wait_for(gdb, r'at \d+ of', 5)
        text = wait_for(gdb, r'at \d+ of', 10)
        text += interrupt(gdb)
        seen = re.findall(r'at (\d+) of ([\w-]+)\n', text)
        tap.equal({name for _, name in seen}, {'busy-a'}, 'processes')
        numbers = sorted({int(n) for n, _ in seen})
        tap.check(numbers[0] >= first, numbers)
        tap.equal(numbers, [numbers[0] + 65536 * k
                            for k in range(len(numbers))], 'lines')
        tap.check(numbers[0] < first + 65536, 'the first is missing')


def test_beside_a_breakpoint():
    "a breakpoint of the machine's inferior at the same place stops as ever"
    with guest.gdb() as (vm, gdb):
        gdb.run('stepi')        # or gdb swallows the first stop of this one
        first = stop_in_work(gdb)
        dprintf(gdb, '"<%lu>\\n",i')
        where = gdb.number('(long)work')
        gdb.cmd('inferior 1')
        gdb.cmd(f'break *{where} if $rdi == {first + 50}')
        text = ''
        while f'<{first + 50}>' not in text:
            stop = gdb.run('continue')
            tap.equal(stop.reason, 'breakpoint-hit', 'reason')
            text += stop.text
        seen = [int(n) for n in re.findall(r'<(\d+)>', text)]
        tap.equal(seen, list(range(first + 1, first + 51)), 'printed')


def test_stepping():
    "steps over and onto the place print once for each time"
    with guest.gdb() as (vm, gdb):
        stop_in_work(gdb)
        gdb.run('finish')
        dprintf(gdb, '"<%lu>\\n",i')
        text = ''
        for _ in range(6):
            stop = gdb.run('next')
            tap.equal(stop.reason, 'end-stepping-range', 'reason')
            text += stop.text
        # By single instructions into work() and out of it.
        where = gdb.number('(long)work')
        arrivals = 0
        while arrivals < 3:
            text += gdb.run('stepi').text
            arrivals += gdb.number('$pc') == where
        seen = [int(n) for n in re.findall(r'<(\d+)>', text)]
        tap.check(len(seen) >= 4, seen)
        tap.equal(seen, list(range(seen[0], seen[0] + len(seen))), 'printed')
        # The last one was landed on: it is not told again.
        gdb.cmd('tbreak busy.c:31')
        again = gdb.run('continue').text
        tap.check(f'<{seen[-1]}>' not in again, 'printed twice')


def test_gdb_can_still_do_it():
    "control: gdb style prints the same by stops; agent style makes none"
    packets = {}
    for style in ('agent', 'gdb'):
        with guest.gdb() as (vm, gdb):
            first = stop_in_work(gdb)
            gdb.cmd(f'set dprintf-style {style}')
            gdb.cmd('set logging enabled off', check=False)
            dprintf(gdb, '"<%lu>\\n",i', f'i % 8 == 0 && i < {first + 400}')
            gdb.start('continue')
            text = wait_for(gdb, r'<\d+>', 40)
            text += interrupt(gdb)
            seen = sorted({int(n) for n in re.findall(r'<(\d+)>', text)})
            tap.equal(seen, [seen[0] + 8 * k for k in range(len(seen))])
        log = common.log_path('gdb_can_still_do_it').read_text(
            errors='replace')
        packets[style] = len(re.findall(r'\$T[0-9a-f]{2}', log))
    tap.check(packets['agent'] < 10 < 40 <= packets['gdb'], packets)


tap.main(globals())
