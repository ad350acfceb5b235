#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`make demo' holds on the patched emulator, and says which step does not on
one that cannot do it: it does not just print."""
import os
import re
import subprocess
import sys
import tempfile

import common  # noqa: F401
import tap
from gdbrun import find_gdb
from vm import ROOT, qemu_binary

DEMO = ROOT / 'tests' / 'demo' / 'demo.py'


def demo(**environment):
    if 'GDB' not in environment:
        find_gdb()      # a skip where the gdb asked for is not another one
    p = subprocess.run([sys.executable, DEMO, '--kernel', '6.1'], text=True,
                       capture_output=True,
                       env=dict(os.environ, **environment))
    return p.returncode, p.stdout, p.stderr.strip().splitlines()


def expect_failure(words, **environment):
    status, _, errors = demo(**environment)
    tap.equal(status, 1, 'exit status')
    tap.contains(errors[-1], words)
    tap.check('Traceback' not in ''.join(errors), 'a traceback')


def test_all_steps_hold():
    "six steps, each with gdb's answer and a conclusion"
    status, text, errors = demo()
    tap.equal(status, 0, f'exit status; {errors[-1:]}')
    tap.equal(re.findall(r'(?m)^(\d)  ', text), list('123456'), 'steps')
    conclusions = re.findall(r'(?m)^   => (?!0x)', text)
    tap.equal(len(conclusions), 6, 'conclusions')
    tap.check(text.count('(gdb) ') > 20, 'hardly anything was typed')


def test_pristine_fails_at_the_first_step():
    "negative control: on pristine QEMU step 1 does not hold"
    expect_failure('demo: step 1: ', GDBX_QEMU=str(qemu_binary('pristine')))


def test_no_emulator():
    "without a build: one line that says what to type"
    expect_failure('type make', GDBX_QEMU='/nowhere/qemu')


def test_old_gdb():
    "with a gdb that is too old: one line that names the version"
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, 'gdb')
        with open(path, 'w', encoding='utf-8') as f:
            f.write('#!/bin/sh\necho "GNU gdb (Debian 10.1-1.7) 10.1"\n')
        os.chmod(path, 0o755)
        expect_failure('gdb 10.1 is too old', GDB=path)


tap.main(globals())
