# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/numbers.md out of build/bench.json."""

PAGE = '''\
# Numbers

Measured by `make bench` on {date}; this page is written by it. Each figure
is a median of {rounds} rounds ({boot_rounds} for the boot) in which the patched and the pristine emulator
took turns; the noise is half the distance between the quartiles, in percent.

* machine: {cpu}, {cores} cores, {os}; load at the start {load}
* patched: {patched}
* pristine: {pristine}
* guest: Debian kernel {kernel}, TCG; gdb {gdb}

## False conditions a second

`break work`, `condition 1 i == K`, `continue`: how many calls pass before
the one that is meant.

| | who decides | conditions/s | noise |
|---|---|---|---|
| pristine | gdb | {c_pristine:,.0f} | {cn_pristine} |
| patched | the emulator | {c_patched:,.0f} | {cn_patched} |

{c_ratio:,.0f} times as many.

## A hot loop that shares its page with a breakpoint which never hits

Turns of the loop per second of CPU, counted by the guest; the slowdown is the
median of the rounds' ratios.

| | no breakpoint | with | slowdown |
|---|---|---|---|
| pristine | {f_pristine:,.0f} | {b_pristine:,.0f} | {s_pristine} times |
| patched | {f_patched:,.0f} | {b_patched:,.0f} | {s_patched} times |

Noise of the slowdown: {n_pristine} and {n_patched}.

## Breakpoints that are passed

Work in a second of the emulator's CPU time, counted by the guest, in one process: free, and with what the row says; the slowdown is the
median of the rounds' ratios. Nothing armed: the machines take turns, {slices} of {slice} s each in a round.

| | free | with | slowdown | noise |
|---|---|---|---|---|
{pair_rows}

From `continue` to the next stop in gdb, {trip_points} breakpoints removed and inserted at each: {trip_ms} ms (noise {trip_noise}).

## Events

The same, with points at events.

| | free | with | slowdown | noise |
|---|---|---|---|---|
{event_rows}

A trace of a program's system calls, entry and return: CPU seconds for a million events, beyond what the program needs anyway.

| format | CPU s | noise | most events lost |
|---|---|---|---|
{trace_rows}

## Finding out about the guest OS

In the emulator, with the guest stopped, 1 GiB of RAM, 2 CPUs (`monitor gdbx os cost`): from nothing to a known kernel with symbols and types; all tasks
again after a stop; the mappings of one process, with their paths.

| kernel | detection ms | noise | tasks ms | mappings ms |
|---|---|---|---|---|
{kernel_rows}

All tasks, beside the guest's own list of them (its /proc, read by a program in the same emulator):

| tasks | from outside ms | noise | the guest itself ms |
|---|---|---|---|
{task_rows}

## A process of the guest in gdb

Milliseconds, beside the same program on the host with gdb and gdbserver; gdb has its default settings and no copy of any file. "stub": the
emulator's share of the attach, in CPU time.

| | guest | noise | native |
|---|---|---|---|
{process_rows}

`next` over a line that is a loop: {line_range:,.0f} turns a second in the emulator, {line_packets:,.0f} with a packet for each
instruction: {line_ratio:,.0f} times as many.

## Back in time

{log_line}

A recording of a boot; CPU time, as a ratio to pristine with `-icount` and no recording:

| | CPU s | noise | ratio |
|---|---|---|---|
{recording_rows}

The replay of it to its end, as a ratio to pristine with nobody connected:

| | CPU s | noise | ratio |
|---|---|---|---|
{forward_rows}

The replay of a machine that had nothing to do for {idle_recorded} s (`sleep=on`), on the wall: pristine {idle_pristine:.2f} s, patched {idle_patched:.2f} s.

`reverse-stepi` at {s_places} places by chance in {s_instructions:,} instructions, ms on the wire:

| | ms |
|---|---|
| median of {s_count} | {s_median:.2f} |
| 99 % are below | {s_percent99:.2f} |
| longest first one at a place | {s_first_most:.2f} |

`reverse-continue` to a hit so many instructions back, CPU time, and the way forward:

| instructions | forward s | back s | ratio | ratio, 100 ms less |
|---|---|---|---|---|
{find_rows}

A checkpoint: {cp_take_ms} ms and {cp_pages:,} pages of 4 KiB (mean of {cp_made}). Going back to one {cp_restore_pages:,} pages away:
{cp_restore_ms:.1f} ms. Translated anew in a step back: {cp_blocks_a_step} of {cp_blocks:,} blocks.

Memory after all of this: the emulator had {m_peak:,} MiB at most, of these {m_checkpoints:,} for checkpoints, which may have
{m_budget:,}; pristine, at the end of the replay, {m_pristine:,} MiB.

A line of {line_instructions:,} instructions, seconds until gdb has its prompt: `next` {l_next:.2f}, `reverse-next` {l_reverse_next:.2f}, `reverse-finish` out
of the function that it calls {l_reverse_finish:.2f}.

## A whole boot, the extension compiled in and unused

From the start of the emulator until the guest's programs run.

| | wall s | noise | CPU s | noise | CPU over pristine |
|---|---|---|---|---|---|
{boot_rows}

"stub idle" has a gdb port open and nobody connected.
'''

BOOT_NAMES = {'pristine': 'pristine', 'patched': 'patched',
              'patched_stub_idle': 'patched, stub idle'}


PAIRS = {
    'condition_register': '`$rdx == K`, on a function called in a loop',
    'condition_arithmetic': '`$rdx * 3 + 7 == K`',
    'condition_memory': '`counter == K`',
    'condition_pointer': '`p->x == 1 && a[i & 7] > 100`',
    'condition_untouched': 'the same with memory that the program does not '
                           'read itself',
    'library_of_another': 'breakpoint in libc of another process, function '
                          'called in a loop',
    'thousand_points': '{points} breakpoints in kernel and libc, passed by '
                       'computing, system calls and processes',
    'watched_writes': 'watchpoint on 1 MiB, written with what is there',
    'watched_writes_elsewhere': 'the same, other memory written',
    'nothing_armed_compute': 'nothing armed, computing: pristine, patched',
    'nothing_armed_system_calls': 'nothing armed, system calls: pristine, '
                                  'patched',
}


EVENTS = {
    'syscalls_of_another': '`catch syscall` in a process that sleeps; system '
                           'calls',
    'syscalls_false': 'a false condition at each system call, entry and return',
    'exceptions_false': 'a false condition at each page fault',
    'ports_false': 'a false condition at each access to a port',
    'memory_false': 'a false condition at each read of a device\'s memory',
    'ports_elsewhere': 'other ports are looked for; accesses to a port',
    'insns_of_another': '`call` is looked for in a process; a function called '
                        'in a loop in another one',
    'nothing_armed_page_faults': 'nothing armed, page faults: pristine, '
                                 'patched',
    'nothing_armed_ports': 'nothing armed, accesses to a port: pristine, '
                           'patched',
    'nothing_armed_device_memory': 'nothing armed, reads of a device\'s '
                                   'memory: pristine, patched',
}


def trace_row(name, row):
    return (f"| {name} | {row['median']:.2f} | {percent(row['noise_percent'])} "
            f"| {row['lost']:,} |")


def pair_row(name, row, names=PAIRS):
    return (f"| {names[name].format(**row)} | {row['free']:,.0f} "
            f"| {row['armed']:,.0f} | {row['slowdown']} times "
            f"| {percent(row['noise_percent'])} |")


def percent(value):
    return '-' if value is None else f'{value} %'


def boot_row(kind, row):
    return (f"| {BOOT_NAMES[kind]} | {row['wall']['median']:.2f} "
            f"| {percent(row['wall']['noise_percent'])} "
            f"| {row['cpu']['median']:.2f} "
            f"| {percent(row['cpu']['noise_percent'])} "
            f"| {row['cpu_percent_over_pristine']:+.2f} % |")


def kernel_row(row):
    tasks, maps = row['tasks'], row['mappings']
    return (f"| {row['kernel']} | {row['detection']['median']:.1f} "
            f"| {percent(row['detection']['noise_percent'])} "
            f"| {tasks['median']:.2f} for {tasks['count']} "
            f"| {maps['median']:.2f} for {maps['count']} |")


def task_row(row):
    ours, own = row['ours'], row['own']
    return (f"| {ours['count']} | {ours['median']:.2f} "
            f"| {percent(ours['noise_percent'])} | {own['median']:.0f} |")


def process_row(name, what, sides):
    native = sides.get('native', {}).get(what)
    ours = sides['guest'][what]
    return (f"| {name} | {ours['median']:,.0f} "
            f"| {percent(ours['noise_percent'])} | "
            f"{format(native['median'], ',.0f') if native else '-'} |")


def process_rows(p):
    threads = dict(p['threads'])
    n = threads.pop('count')
    rows = [process_row('connect', 'connect', p['attach']),
            process_row('attach, 10 libraries', 'attach', p['attach']),
            process_row('of this the stub', 'stub',
                        {'guest': p['attach']['guest']})]
    for name in ('attach', 'info threads', 'info threads again', 'Ctrl-C'):
        rows.append(process_row(f'{n} threads: {name}', name, threads))
    for name, times in p['interrupts'].items():
        rows.append(process_row(f'Ctrl-C: {name}', name,
                                {'guest': {name: times}}))
    return '\n'.join(rows)


REPLAYS = {'counted': 'pristine, only `-icount`', 'pristine': 'pristine',
           'patched': 'patched', 'gdb': 'patched, gdb and checkpoints',
           'gdb_points': 'the same and 10 breakpoints'}


def replay_row(name, row):
    return (f"| {REPLAYS[name]} | {row['median']:.2f} "
            f"| {percent(row['noise_percent'])} | {row.get('ratio', 1):.3f} |")


def find_row(name, row):
    what = f"{row['distance']:,}" + (
        ', and a condition that is false in a hot loop' * (name == 'false'))
    return (f"| {what} | {row['forward']:.3f} | {row['back']:.3f} "
            f"| {row['ratio']:.2f} | {row['ratio_less_100ms']:.2f} |")


def replays(r):
    log, back = r['log'], r['back']
    found = {
        'log_line': 'A guest with two busy programs, {instructions:,} '
                    'instructions in {guest_seconds} s of its own time: '
                    '{bytes_a_second:,} bytes of log a second, '
                    '{zlib_a_second:,} by zlib.'.format(**log)}
    for name, key in ('recording_rows', 'recording'), ('forward_rows',
                                                       'forwards'):
        found[name] = '\n'.join(replay_row(*i) for i in r[key].items())
    found['idle_recorded'] = r['idle']['recorded']
    for which in 'pristine', 'patched':
        found['idle_' + which] = r['idle'][which]['median']
    found['find_rows'] = '\n'.join(find_row(*i)
                                   for i in back['finds'].items())
    found.update({'s_' + k: v for k, v in back['steps'].items()})
    found.update({'cp_' + k: v for k, v in back['checkpoints'].items()})
    found.update({'m_' + k: v for k, v in back['memory'].items()},
                 m_pristine=r['forwards']['pristine']['peak_mib'],
                 line_instructions=r['lines']['instructions'])
    for name in 'next', 'reverse_next', 'reverse_finish':
        found['l_' + name] = r['lines'][name]['median']
    return found


def page(b):
    c, p = b['conditions'], b['page_sharing']
    values = dict(b['machine'], **b['versions'])
    values.update(
        date=b['date'], rounds=b['rounds'], slices=b['slices'],
        slice=b['slice'],
        boot_rounds=b['boot_rounds'], c_ratio=c['ratio'],
        boot_rows='\n'.join(boot_row(k, r) for k, r in b['boot'].items()))
    known = b['introspection']
    values.update(
        kernel_rows='\n'.join(map(kernel_row, known['kernels'])),
        task_rows='\n'.join(task_row(known[k]) for k in ('few', 'many')))
    happen, trace = b['events']['pairs'], b['events']['trace']
    values.update(
        event_rows='\n'.join(pair_row(n, happen[n], EVENTS) for n in EVENTS),
        trace_rows='\n'.join(trace_row(n, trace[n])
                             for n in ('text', 'binary', 'chrome')))
    values.update(replays(b['replays']))
    line = b['processes']['busy_line']
    values.update(process_rows=process_rows(b['processes']),
                  line_ratio=line['ratio'],
                  line_range=line['range']['median'],
                  line_packets=line['packets']['median'])
    pairs, trip = b['points']['pairs'], b['points']['round_trip']
    values.update(
        pair_rows='\n'.join(pair_row(n, pairs[n]) for n in PAIRS),
        trip_points=trip['points'], trip_ms=trip['ms'],
        trip_noise=percent(trip['noise_percent']))
    for which in ('pristine', 'patched'):
        values['c_' + which] = c[which]['median']
        values['cn_' + which] = percent(c[which]['noise_percent'])
        values['f_' + which] = p[which]['free']['median']
        values['b_' + which] = p[which]['breakpoint']['median']
        values['s_' + which] = p[which]['slowdown']
        values['n_' + which] = percent(p[which]['slowdown_noise_percent'])
    return PAGE.format(**values)
