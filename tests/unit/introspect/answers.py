# SPDX-License-Identifier: GPL-2.0-or-later
"""What osi-image says of a saved guest, and how it is compared."""
import os
import re
import subprocess
import tempfile
from pathlib import Path

import tap
from proc import Twice
from saved import Saved


class Stop:
    """A saved guest, and what the tool says of it."""

    def __init__(self, saved):
        self.saved, self.twice = saved, Twice(saved)
        self.texts = {}

    def osi(self, *words):
        tool = os.environ.get('OSI_IMAGE', 'osi-image')
        options = os.environ.get('OSI_OPTIONS', '').split()
        return subprocess.run([tool, *options, self.saved.ram, self.saved.regs,
                               *words], capture_output=True)

    def text(self, command):
        """One look is enough; a control puts something else in its place."""
        if command not in self.texts:
            r = self.osi(*command.split())
            if r.returncode:
                raise tap.Failed(f'{command}: {r.returncode} '
                                 + r.stderr.decode().strip())
            self.texts[command] = r.stdout.decode('utf-8', 'surrogateescape') \
                .encode('utf-8', 'surrogateescape').decode('latin-1')
        return self.texts[command]

    def rows(self, command):
        """{tid: rest of the record}, lines that follow included"""
        found = re.findall(r'(?ms)^pid=(\d+) (.*?)\n(?=pid=\d|\Z)',
                           self.text(command))
        return {int(tid): rest for tid, rest in found if tid != '0'}

    def tasks(self):
        return {tid: dict(re.findall(r'(\w+)=(.*?)(?= \w+=|$)', rest))
                for tid, rest in self.rows('tasks').items()}

    def cached(self, at):
        return cached(self, at)

    def program(self, name):
        """Its pid."""
        return [int(p) for p, (n, _) in self.saved.programs.items()
                if n.split('/')[-1] == name][-1]


_stop = []


def stop():
    """One for all tests; a guest that fails is not tried again."""
    if not _stop:
        _stop.append(None)
        if os.environ.get('OSI_SAVED'):
            _stop[0] = Stop(Saved(Path(os.environ['OSI_SAVED'])))
        else:
            _stop.append(tempfile.TemporaryDirectory(prefix='gdbx-osi-'))
            _stop[0] = Stop(Saved.take(Path(_stop[1].name)))
    tap.check(_stop[0], 'the first test says why there is no guest')
    return _stop[0]


def compare(want, got, what, least=1):
    """@want: {id: value} of the guest; at least @least must be compared."""
    tap.check(len(want) >= least, f'{what}: only {len(want)} to compare')
    wrong = [f'{i}: {got.get(i)!r:.200} but guest says {v!r:.200}'
             for i, v in want.items() if got.get(i) != v]
    tap.check(not wrong, f'{what}, {len(wrong)} of {len(want)}: '
              + '; '.join(wrong[:3]))


def seen_inside(s, paths):
    """A process that has changed its root sees paths below that."""
    roots = s.twice.file('root')
    return {i: v[len(roots[i]):] if roots.get(i, '/') != '/'
            and v.startswith(roots[i] + '/') else v for i, v in paths.items()}


def first_difference(mine, guest):
    if mine is None:
        return 'not there'
    for a, b in zip(mine, guest):
        if a != b:
            return f'{a} but guest says {b}'
    return f'{len(mine)} lines but guest has {len(guest)}'


def cached(s, at):
    """(bytes, {page numbers that are not there}) of a file object"""
    r = s.osi('file', at)
    tap.check(r.returncode == 0, r.stderr.decode())
    return r.stdout, {int(n) // 4096 for n in
                      re.findall(rb'(?m)^hole (\d+)', r.stderr)}
