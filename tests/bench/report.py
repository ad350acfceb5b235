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

## A whole boot, the extension compiled in and unused

From the start of the emulator until the guest's programs run.

| | wall s | noise | CPU s | noise | CPU over pristine |
|---|---|---|---|---|---|
{boot_rows}

"stub idle" has a gdb port open and nobody connected.
'''

BOOT_NAMES = {'pristine': 'pristine', 'patched': 'patched',
              'patched_stub_idle': 'patched, stub idle'}


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
    for which in ('pristine', 'patched'):
        values['c_' + which] = c[which]['median']
        values['cn_' + which] = percent(c[which]['noise_percent'])
        values['f_' + which] = p[which]['free']['median']
        values['b_' + which] = p[which]['breakpoint']['median']
        values['s_' + which] = p[which]['slowdown']
        values['n_' + which] = percent(p[which]['slowdown_noise_percent'])
    return PAGE.format(**values)
