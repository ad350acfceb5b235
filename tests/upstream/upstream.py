# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of QEMU's own tests share: two builds, one comparison."""

import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, 'scripts'))

# pylint: disable=wrong-import-position
import tap                                             # noqa: E402
from treelib.common import build                       # noqa: E402


def tree(name):
    """The build directory of `pristine` or `patched`."""
    obj = build(name, 'obj')
    if not os.path.exists(os.path.join(obj, 'qemu-system-x86_64')):
        how = 'make' if name == 'patched' else 'make pristine'
        raise tap.Skip(f'there is no {name} QEMU: {how}')
    return obj


def judge(name, pristine, patched):
    """Raise unless test NAME does with us what it does without us.

    PRISTINE and PATCHED say of each test that ran whether it passed.  What
    pristine does not pass on this machine proves nothing about us.
    """
    if not pristine.get(name):
        raise tap.Skip('pristine does not pass it here either')
    tap.check(name in patched, 'it did not run on the patched build')
    tap.check(patched[name], 'passes on pristine, fails on patched')


def control():
    "control: a test that only pristine passes is red, one missing too"
    judge('a', {'a': True}, {'a': True})
    tap.fails(judge, 'a', {'a': True}, {'a': False})
    tap.fails(judge, 'a', {'a': True}, {})
    tap.fails(judge, 'a', {'a': False}, {'a': False}, exception=tap.Skip)
