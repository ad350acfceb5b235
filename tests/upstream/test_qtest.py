#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's qtests on both builds: every subtest that pristine passes, passes.

`make check-qtest` in a QEMU build directory builds what the tests need and
leaves meson's record of them, which holds each test's TAP output.
"""

import json
import os
import re
import subprocess

import tap
import upstream
from treelib import qemu
from treelib.common import build

RESULTS = {}


def points(record):
    """{subtest: passed} of one line of meson's testlog.json."""
    name = record['name'].split(' / ')[-1]
    found = {}
    for line in (record.get('stdout') or '').splitlines():
        m = re.match(r'(not )?ok \d+ (\S+)(.*)', line)
        if m and not re.search(r'#\s*skip', m[3], re.I):
            found[f'{name} {m[2]}'] = not m[1]
    found[name] = record['result'] in ('OK', 'SKIP')
    return found


def run(name):
    """Run the qtests of a tree; return {subtest: passed}."""
    obj = upstream.tree(name)
    record = os.path.join(obj, 'meson-logs', 'testlog.json')
    if os.path.exists(record):
        os.unlink(record)
    log = build(name, 'qtest.log')
    with open(log, 'w', encoding='utf-8') as f:
        subprocess.run(['make', '-C', obj, 'check-qtest', '-k'],
                       env=qemu.environment(), stdin=subprocess.DEVNULL,
                       stdout=f, stderr=subprocess.STDOUT, check=False)
    tap.check(os.path.exists(record),
              f'no test ran: see build/{name}/qtest.log')
    found = {}
    with open(record, encoding='utf-8', errors='replace') as f:
        for line in f:
            found.update(points(json.loads(line)))
    return found


def compare(name):
    def case():
        upstream.judge(name, RESULTS['pristine'], RESULTS['patched'])
    return name, case


def test_control():
    "control: a test that only pristine passes is red, one missing too"
    upstream.control()


def test_reader():
    "control: a failed subtest and a failed program are read as such"
    record = {'name': 'qemu:qtest / x', 'result': 'FAIL',
              'stdout': 'ok 1 /a/b\nnot ok 2 /c\nok 3 /d # SKIP no\n'}
    tap.equal(points(record), {'x /a/b': True, 'x /c': False, 'x': False})


def main():
    try:
        for name in ('pristine', 'patched'):
            RESULTS[name] = run(name)
        more = [compare(n) for n in sorted(RESULTS['pristine'])]
    except (tap.Skip, tap.Failed) as e:
        reason = e

        def why():
            raise reason
        more = [('qtests', why)]
    tap.main(globals(), more=more)


main()
