#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The builder of the guests: repeatable, cached, and clear when it fails.
No machine is started."""
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]
import cpio  # noqa: E402
import tap  # noqa: E402


def build(*args):
    p = subprocess.run([sys.executable, HERE / 'build.py', *args],
                       capture_output=True, text=True)
    return p.returncode, p.stderr.strip().splitlines()


def expect_one_line(words, *args):
    status, lines = build(*args)
    tap.equal(status, 1, 'exit status')
    tap.contains(lines[-1], words)
    tap.check('Traceback' not in ''.join(lines), 'a traceback')


def test_unknown_kernel():
    "a kernel that is not known: one sentence with those that are"
    expect_one_line("unknown kernel '9.9', known: 5.10", '--kernel', '9.9')


def test_damaged_package():
    "a package that is none: one sentence, and the guest stays as it was"
    with tempfile.NamedTemporaryFile(suffix='.deb') as f:
        f.write(b'!<arch>\nthis is no package')
        f.flush()
        expect_one_line('guest: ', '--kernel', '6.1', '--deb', f.name)


def test_missing_package():
    "a package file that is not there"
    expect_one_line('guest: ', '--kernel', '6.1', '--deb', '/nowhere.deb')


def tree(top):
    (top / 'bin').mkdir()
    (top / 'bin' / 'sh').symlink_to('busybox')
    (top / 'bin' / 'busybox').write_bytes(b'\x7fELF')
    (top / 'bin' / 'busybox').chmod(0o755)


def test_archive_is_what_cpio_reads():
    "an archive holds names, modes, links and bytes, the same each time"
    with tempfile.TemporaryDirectory() as a, \
            tempfile.TemporaryDirectory() as b:
        tree(Path(a))
        tree(Path(b))
        one, two = (cpio.from_directory(Path(d)) for d in (a, b))
        tap.check(one == two, 'two archives of the same files differ')
        (Path(b) / 'bin' / 'busybox').write_bytes(b'\x7fELG')
        tap.check(one != cpio.from_directory(Path(b)),
                  'negative control: a changed byte is not seen')
    tap.equal(one[:6], b'070701', 'magic')
    tap.equal(len(one) % 4, 0, 'padding')
    for part in (b'bin/busybox\0', b'bin/sh\0', b'TRAILER!!!\0', b'\x7fELF'):
        tap.check(part in one, f'no {part} in the archive')


tap.main(globals())
