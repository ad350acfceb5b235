#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`make bench': the speed of the patched emulator as ratios against pristine.

Writes build/bench.json and docs/numbers.md. --smoke runs everything once and
briefly, which proves that it works and says nothing about speed.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import events  # noqa: E402
import introspect  # noqa: E402
import measure  # noqa: E402
import points  # noqa: E402
import processes  # noqa: E402
import replays  # noqa: E402
import report  # noqa: E402
from gdbrun import GdbError, check_version, find_gdb  # noqa: E402
from vm import BUILD, ROOT, VMError, build, qemu_binary  # noqa: E402

FULL = {'rounds': 7, 'boot_rounds': 15, 'seconds': 2.0, 'points': 1000,
        'trips': 30, 'tasks': 5000, 'threads': 1000,
        # Of a recording: bytes of log beyond the boot; see replays.py.
        'log': 1500000, 'instructions': 10 ** 10, 'places': 100, 'steps': 50,
        'distances': (10 ** 8, 10 ** 9), 'idle': 30, 'far': 80000,
        'slices': 20, 'slice': .5,
        'turns': (200, 20000000),
        'counts': {'pristine': 2000, 'patched': 10000000}}
SMOKE = {'rounds': 1, 'boot_rounds': 1, 'seconds': 0.5, 'points': 100,
         'trips': 2, 'tasks': 200, 'threads': 50, 'turns': (5, 100000),
         'log': 10000, 'instructions': 10 ** 10, 'places': 4, 'steps': 5,
         'distances': (10 ** 7,), 'idle': 2, 'far': 80000,
         'slices': 2, 'slice': .2,
         'counts': {'pristine': 50, 'patched': 10000}}


def processor():
    for line in Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.split(':', 1)[1].strip()
    return platform.machine()


def machine():
    system = platform.freedesktop_os_release().get('PRETTY_NAME', 'Linux')
    return {'cpu': processor(), 'cores': os.cpu_count(), 'os': system,
            'load': round(os.getloadavg()[0], 2)}


def version(which):
    text = subprocess.run([str(qemu_binary(which)), '--version'], text=True,
                          capture_output=True, check=True).stdout
    return text.splitlines()[0]


def versions():
    info = json.loads((build.guest('6.1') / 'info.json').read_text())
    return {'patched': version('patched'), 'pristine': version('pristine'),
            'gdb': '%d.%d' % check_version(find_gdb()),
            'kernel': f"{info['release']} ({info['version']})"}


def everything(plan):
    now = datetime.datetime.now(datetime.timezone.utc)
    result = {'date': now.strftime('%Y-%m-%d %H:%M UTC'),
              'command': 'make bench', 'rounds': plan['rounds'],
              'boot_rounds': plan['boot_rounds'],
              'slices': plan['slices'], 'slice': plan['slice'],
              'machine': machine(), 'versions': versions()}
    result['conditions'] = measure.conditions(plan['rounds'], plan['counts'])
    result['page_sharing'] = measure.page_sharing(plan['rounds'],
                                                  plan['seconds'])
    result['points'] = points.points(plan)
    result['events'] = events.events(plan)
    result['introspection'] = introspect.introspect(plan)
    result['processes'] = processes.processes(plan)
    result['replays'] = replays.replays(plan)
    result['boot'] = measure.boot(plan['boot_rounds'])
    return result


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    p.add_argument('--smoke', action='store_true')
    p.add_argument('--rounds', type=int)
    p.add_argument('--json', type=Path, default=BUILD / 'bench.json')
    p.add_argument('--page', type=Path, default=ROOT / 'docs' / 'numbers.md')
    args = p.parse_args()
    plan = dict(SMOKE if args.smoke else FULL)
    if args.rounds:
        plan['rounds'] = plan['boot_rounds'] = args.rounds
    try:
        result = everything(plan)
    except (VMError, GdbError, build.BuildError, RuntimeError) as e:
        print(f'bench: {e}', file=sys.stderr)
        return 1
    args.json.write_text(json.dumps(result, indent=2) + '\n')
    args.page.write_text(report.page(result))
    print(report.page(result))
    return 0


if __name__ == '__main__':
    sys.exit(main())
