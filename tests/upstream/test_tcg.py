#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's check-tcg for x86_64-softmmu, with its gdbstub scripts.

`make check-tcg` stops at the first failure and builds everything first, so
each of its run-* targets is made by itself, in the tree where QEMU's
configure has put them.
"""

import os
import shutil
import subprocess

import tap
import upstream
from treelib import qemu
from treelib.common import Failure, build

RESULTS = {'pristine': {}, 'patched': {}}
LIMIT = 180                             # seconds for one test, to fail only


def make(name, *args, **kwargs):
    where = os.path.join(upstream.tree(name), 'tests/tcg/x86_64-softmmu')
    return subprocess.run(['make', '-r', '-C', where, '--no-print-directory',
                           *args], env=qemu.environment(), text=True,
                          stdin=subprocess.DEVNULL, errors='replace',
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **kwargs)


def prepare(name):
    """Build the guests and plugins; return the names of the tests."""
    obj = upstream.tree(name)
    for argv in (['ninja', '-C', obj, 'test-plugins'],):
        res = subprocess.run(argv, env=qemu.environment(), text=True,
                             capture_output=True, check=False)
        if res.returncode:
            raise Failure(f'{" ".join(argv)}: {res.stdout[-400:]}')
    res = make(name, '--eval=gdbx-list: ; @echo $(RUN_TESTS)', 'gdbx-list')
    tests = [w for w in res.stdout.split() if w.startswith('run-')]
    # First, and without built-in rules: make 4.4 prefers those otherwise.
    make(name, '--eval=gdbx-objects: $(CRT_OBJS) $(MINILIB_OBJS)',
         'gdbx-objects')
    made = make(name, 'all')
    tap.check(made.returncode == 0 and tests, made.stdout[-800:])
    return sorted(tests)


def run_one(name, test):
    """Run one test; True if it passed.  Its words are kept beside."""
    log = build(name, 'tcg', test + '.log')
    os.makedirs(os.path.dirname(log), exist_ok=True)
    try:
        res = make(name, test, timeout=LIMIT)
        words = res.stdout
        # gdb's batch mode ends with 0 after an exception in a script.
        good = res.returncode == 0 and 'Traceback' not in words
    except subprocess.TimeoutExpired as e:
        words, good = str(e), False
    with open(log, 'w', encoding='utf-8') as f:
        f.write(words)
    RESULTS[name][test] = good
    return good


def compare(test):
    def case():
        run_one('pristine', test)
        if not run_one('patched', test):
            tap.note(f'its words: build/patched/tcg/{test}.log')
        upstream.judge(test, RESULTS['pristine'], RESULTS['patched'])
    return test, case


def cases():
    """One case for each test that either build has."""
    if not shutil.which('gdb'):
        tap.note('no gdb here: the gdbstub scripts skip themselves')
    names = [prepare(n) for n in ('pristine', 'patched')]

    def same_list():
        tap.equal(names[1], names[0], 'the tests of the patched build')
    return [('same_list', same_list)] + [compare(t) for t in names[0]]


def test_control():
    "control: a test that only pristine passes is red, one missing too"
    upstream.control()


def main():
    try:
        more = cases()
    except tap.Skip as e:
        reason = str(e)

        def skip():
            raise tap.Skip(reason)
        more = [('check_tcg', skip)]
    tap.main(globals(), more=more)


main()
