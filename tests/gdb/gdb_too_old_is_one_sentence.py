#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A gdb that is too old, missing or no gdb at all: one sentence, at once."""
import os
import tempfile

import common
import gdbrun
import tap


def version_of(text):
    """What the library makes of a gdb that says so of itself."""
    with tempfile.TemporaryDirectory() as top:
        path = os.path.join(top, 'gdb')
        with open(path, 'w', encoding='utf-8') as f:
            f.write(f'#!/bin/sh\necho "{text}"\n')
        os.chmod(path, 0o755)
        return gdbrun.check_version(path)


def test_too_old():
    "gdb 12.1 is refused with the version that is needed"
    e = tap.fails(version_of, 'GNU gdb (Debian 12.1-4) 12.1',
                  exception=common.GdbError)
    tap.contains(str(e), 'gdb 12.1 is too old: 13.0 or newer is needed')


def test_not_a_gdb():
    "a program that is no gdb is refused"
    tap.fails(version_of, 'hello', exception=common.GdbError)


def test_missing():
    "a gdb that is not there is named"
    e = tap.fails(gdbrun.find_gdb, 'gdb-of-nowhere',
                  exception=common.GdbError)
    tap.contains(str(e), 'gdb-of-nowhere is missing')


def test_new_enough():
    "control: 13.1, 16.3 and a vendor's 17.0.50 are taken"
    tap.equal(version_of('GNU gdb (Debian 13.1-3) 13.1'), (13, 1))
    tap.equal(version_of('GNU gdb (Debian 16.3-1) 16.3'), (16, 3))
    tap.equal(version_of('GNU gdb (GDB) 17.0.50.20250101-git')[0], 17)


tap.main(globals())
