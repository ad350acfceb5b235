# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives a real gdb: types commands, waits for what gdb says.

    with Gdb(log=path) as gdb:
        gdb.connect(vm)
        print(gdb.cmd('info os processes'))
        stop = gdb.run('continue')

gdb speaks its machine interface to us, so that the end of an answer and a
stop are known and never guessed; the commands themselves are the ones that a
person types. Environment: GDB, a program, or the name of a Debian suite whose
gdb is fetched.
"""
import contextlib
import os
import platform
import re
import select
import shutil
import signal
import subprocess
import sys
import time

import mi
import tap
from vm import ROOT, SYSROOT

sys.path.insert(0, str(ROOT / 'tests' / 'gdb'))
import fetch_gdb  # noqa: E402

OLDEST = (13, 0)
SETTINGS = [
    'set confirm off', 'set pagination off', 'set width 0', 'set height 0',
    'set print thread-events off', 'set style enabled off',
    'set schedule-multiple on',
]


class GdbError(Exception):
    """gdb answered with an error, said nothing in time, or ended."""


class GdbBusy(GdbError):
    """Not in the time that the caller wants to wait, whatever gdb says."""


class Stop:
    """reason: "breakpoint-hit", "signal-received"...; thread: "2.1" as gdb
    counts; text: what gdb printed; values: the rest of the record."""

    def __init__(self, record, text):
        self.values, self.text = record.values, text
        self.reason = record.values.get('reason', '')
        self.frame = record.values.get('frame', {})

    def __repr__(self):
        return f'Stop({self.reason!r}, {self.text!r})'


def find_gdb(which=None):
    """Path of the gdb to test with; tap.Skip when it cannot be had."""
    which = which or os.environ.get('GDB') or 'gdb'
    if re.fullmatch(r'trixie|bookworm|forky|sid', which):
        if platform.freedesktop_os_release().get(
                'VERSION_CODENAME') == which:
            raise tap.Skip(f"the machine's own gdb is that of {which}")
        try:
            return fetch_gdb.fetch(which)
        except (fetch_gdb.FetchError, OSError,
                subprocess.SubprocessError) as e:
            raise tap.Skip(f'the gdb of {which} cannot be had: {e}') from None
    path = shutil.which(which)
    if not path:
        raise GdbError(f'{which} is missing: install the package gdb')
    return path


def check_version(path):
    """gdb's version; GdbError for one that cannot do this work."""
    try:
        version = fetch_gdb.version(path)
    except fetch_gdb.FetchError as e:
        raise GdbError(str(e)) from None
    if version < OLDEST:
        raise GdbError('gdb %d.%d is too old: %d.%d or newer is needed '
                       '(GDB=... names another)' % (*version, *OLDEST))
    return version


class Gdb:
    """One gdb. @log: where the packets go. @deadline: seconds of silence
    after which a wait has failed."""

    def __init__(self, log=None, path=None, sysroot=SYSROOT, deadline=60):
        self.path = path or find_gdb()
        self.version = check_version(self.path)
        self.deadline, self.log = deadline, log
        self.buffer, self.stops, self.said = b'', [], []
        self.process = subprocess.Popen(
            [self.path, '-q', '-nx', '--interpreter=mi3'], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self._until(lambda r: r.kind == 'prompt')
        if log:
            log.parent.mkdir(parents=True, exist_ok=True)
            log.unlink(missing_ok=True)
            self.cmd(f'set remotelogfile {log}')
        for line in SETTINGS:
            self.cmd(line)
        self.cmd('set debuginfod enabled off', check=False)
        self.cmd(f'directory {ROOT}')
        if sysroot:
            self.cmd(f'set sysroot {os.path.relpath(sysroot, ROOT)}')

    # Lines of gdb ---------------------------------------------------------

    def _line(self, end=None):
        until = time.monotonic() + self.deadline
        while b'\n' not in self.buffer:
            left = max(0, min(until, end or until) - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                if end and end < until:
                    raise GdbBusy('gdb is still busy')
                raise GdbError(f'gdb said nothing for {self.deadline} s; '
                               'before: ' + ''.join(self.said[-5:])[-500:])
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise GdbError(f'gdb ended ({self.process.wait()}); its last '
                               'words: ' + ''.join(self.said[-5:])[-800:])
            self.buffer += data
        line, self.buffer = self.buffer.split(b'\n', 1)
        return line.decode('utf-8', 'replace').rstrip('\r')

    def _until(self, wanted, patience=None):
        """Reads on to the record that is wanted; keeps text and stops.
        GdbBusy after @patience seconds, which what gdb prints does not
        prolong."""
        end = patience and time.monotonic() + patience
        while True:
            record = mi.parse(self._line(end))
            if record.kind in '~@&' or record.kind == 'other':
                self.said.append(record.text)
            if record.kind == '*' and record.name == 'stopped':
                self.stops.append(Stop(record, ''))
            if wanted(record):
                return record

    # Commands -------------------------------------------------------------

    def _write(self, line):
        if self.process.poll() is not None:
            raise GdbError('gdb has ended')
        self.process.stdin.write(line.encode() + b'\n')
        self.process.stdin.flush()
        self.said = []

    def _send_mi(self, line):
        self._write(line)
        return self.result()

    @staticmethod
    def _quoted(line):
        quoted = line.replace('\\', '\\\\').replace('"', '\\"')
        return f'-interpreter-exec console "{quoted}"'

    def _send(self, line):
        return self._send_mi(self._quoted(line))

    def type(self, line):
        """Types a command and does not wait for what comes of it."""
        self.stops = []
        self._write(self._quoted(line))

    def result(self, patience=None):
        """The record that ends the command, or lets the guest run."""
        return self._until(lambda r: r.kind == '^', patience)

    def prompt(self):
        self._until(lambda r: r.kind == 'prompt')

    def cmd(self, line, check=True):
        """Types a command which ends by itself; returns what gdb prints."""
        result = self._send(line)
        if result.name == 'error' and check:
            raise GdbError(f"{line}: {result.values.get('msg', '')}")
        if result.name == 'exit':
            return ''.join(self.said)
        if result.name == 'running':
            self.wait_stop()
        else:
            self._until(lambda r: r.kind == 'prompt')
        if result.name == 'error':
            # A console command's error text comes in the stream as well.
            return ''.join(self.said) or result.values.get('msg', '')
        return ''.join(t for t in self.said)

    def start(self, line):
        """Types a command that lets the guest run; does not wait."""
        self.stops = []
        result = self._send(line)
        if result.name == 'error':
            raise GdbError(f"{line}: {result.values.get('msg', '')}")

    def wait_stop(self, patience=None):
        """The next stop. Its text is all that gdb printed since start().
        @patience: seconds, then GdbBusy."""
        if not self.stops:
            self._until(lambda r: self.stops, patience)
        stop = self.stops.pop(0)
        self._until(lambda r: r.kind == 'prompt')
        stop.text = ''.join(self.said)
        return stop

    def run(self, line):
        self.start(line)
        return self.wait_stop()

    def interrupt(self):
        """^C in gdb; the stop is still to be waited for."""
        self.process.send_signal(signal.SIGINT)

    def value(self, expression):
        """What `print EXPRESSION' prints behind the equal sign."""
        text = self.cmd(f'print {expression}')
        return text.split(' = ', 1)[1].strip() if ' = ' in text else text

    def number(self, expression):
        return int(self.cmd(f'output/d {expression}').strip(), 0)

    # Tables, for checks that must not depend on how gdb lays out text -----

    def mi(self, line):
        """A command of the machine interface -> its results."""
        result = self._send_mi(line)
        self._until(lambda r: r.kind == 'prompt')
        if result.name == 'error':
            raise GdbError(f"{line}: {result.values.get('msg', '')}")
        return result.values

    def os_table(self, kind):
        """`info os KIND' as a list of {column: text}."""
        table = self.mi(f'-info-os "{kind}"').get('OSDataTable', {})
        names = {h['col_name']: h['colhdr'] for h in table.get('hdr', [])}
        return [{names.get(k, k): v for k, v in row.items()}
                for row in table.get('body', [])]

    def threads(self):
        """[{'target-id', 'name', 'details', 'state', 'frame', ...}]"""
        return self.mi('-thread-info').get('threads', [])

    def inferior_pids(self):
        """{gdb's number of an inferior: pid}, those without one left out."""
        groups = self.mi('-list-thread-groups').get('groups', [])
        return {int(g['id'][1:]): int(g['pid']) for g in groups
                if 'pid' in g}

    def attach(self, pid):
        """A new inferior for that process, selected; returns its number."""
        text = self.cmd('add-inferior')
        number = int(re.search(r'Added inferior (\d+)', text)[1])
        self.cmd(f'inferior {number}')
        self.cmd(f'attach {pid}')
        return number

    def connect(self, vm):
        return self.cmd(f'target extended-remote {vm.gdb_target}')

    def quit(self):
        """Types `quit'; gdb's exit status."""
        self.process.stdin.write(b'-interpreter-exec console "quit"\n')
        self.process.stdin.flush()
        with contextlib.suppress(GdbError):
            self._until(lambda r: False)
        return self.process.wait(self.deadline)

    def close(self):
        """Asked to end, gdb writes the rest of the packet log."""
        if self.process.poll() is None:
            self.process.terminate()
        with contextlib.suppress(GdbError):
            self.deadline = 5
            self._until(lambda r: False)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
