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
median of the rounds' ratios.

| | free | with | slowdown | noise |
|---|---|---|---|---|
{pair_rows}

From `continue` to the next stop in gdb, {trip_points} breakpoints removed and inserted at each: {trip_ms} ms (noise {trip_noise}).

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


def pair_row(name, row):
    return (f"| {PAIRS[name].format(**row)} | {row['free']:,.0f} "
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


def page(b):
    c, p = b['conditions'], b['page_sharing']
    values = dict(b['machine'], **b['versions'])
    values.update(
        date=b['date'], rounds=b['rounds'],
        boot_rounds=b['boot_rounds'], c_ratio=c['ratio'],
        boot_rows='\n'.join(boot_row(k, r) for k, r in b['boot'].items()))
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
