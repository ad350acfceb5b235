#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/run-tests counts subtests, and sees what broke off."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import tempfile

import delta
import tap

LOADER = importlib.machinery.SourceFileLoader(
    'run_tests', os.path.join(delta.TOP, 'scripts/run-tests'))
run_tests = importlib.util.module_from_spec(
    importlib.util.spec_from_loader('run_tests', LOADER))
LOADER.exec_module(run_tests)


def tally(stdout, result='OK', returncode=0):
    t = run_tests.Tally()
    t.add({'name': 'x', 'stdout': stdout, 'result': result,
           'returncode': returncode, 'command': []})
    return t.passed, t.failed, t.skipped


def test_counts():
    "passes, failures, skips and todos"
    tap.equal(tally('1..4\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP no\n'
                    'not ok 4 - d # TODO later\n', 'FAIL', 1), (2, 1, 1))
    tap.equal(tally('1..0 # SKIP nothing here\n', 'SKIP'), (0, 0, 1))


def test_broken():
    "a crash, a time-out and a short plan are one failure each"
    tap.equal(tally('1..3\nok 1 a\nok 2 b\n', 'ERROR', -11), (2, 1, 0))
    tap.equal(tally('1..3\nok 1 a\n', 'TIMEOUT', -9), (1, 1, 0))
    tap.equal(tally('1..3\nok 1 a\n'), (1, 1, 0))
    tap.equal(tally('', 'ERROR', 127), (0, 1, 0))
    tap.equal(tally(''), (0, 1, 0))


def run_file(body):
    """Run a test file made of BODY; return its exit status and output."""
    with tempfile.NamedTemporaryFile('w', suffix='.py') as f:
        f.write('import tap\n' + body + '\ntap.main(globals())\n')
        f.flush()
        res = subprocess.run(
            [sys.executable, f.name], text=True, capture_output=True,
            env=dict(os.environ, PYTHONPATH=os.path.join(
                delta.TOP, 'tests/lib')), check=False)
    return res.returncode, res.stdout


def test_library():
    "the TAP library: a failure, an exception, sys.exit and a skip"
    for body, status, line in (
            ('tap.check(False, "no")', 1, 'not ok 1'),
            ('1 / 0', 1, 'ZeroDivisionError'),
            ('raise SystemExit(0)', 1, 'not ok 1'),
            ('raise tap.Skip("why")', 0, '# SKIP why'),
            ('tap.fails(int, "1", exception=ValueError)', 1, 'not noticed'),
            ('tap.equal(1, 1)', 0, 'ok 1 - test_it')):
        got, text = run_file(f'def test_it():\n    {body}\n')
        tap.equal(got, status, body)
        tap.contains(text, line)
        tap.check(('repeat: ' in text) == (status == 1), 'repeat line')


def test_terminated():
    "a test that is told to end says where it was, and begins no other"
    got, text = run_file('import sys\ndef test_a():\n    sys.exit(143)\n'
                         'def test_b():\n    print("went on")\n')
    tap.equal(got, 143, 'status')
    tap.contains(text, 'not ok 1')
    tap.contains(text, 'Bail out! terminated')
    tap.check('went on' not in text, 'another test was begun')


def test_unknown():
    "a name that no test has is an error that says it; patterns are names"
    plain = run_tests.names_of_suites
    run_tests.names_of_suites = lambda: ({'one', 'two'}, {'unit'})
    try:
        tap.equal(run_tests.selection(['t*', 'unit']), ['--suite=unit', 't*'])
        failure = tap.fails(run_tests.selection, ['one', 'three'],
                            exception=run_tests.Failure)
        tap.contains(str(failure), 'three')
    finally:
        run_tests.names_of_suites = plain


tap.main(globals())
