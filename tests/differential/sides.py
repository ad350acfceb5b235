# SPDX-License-Identifier: GPL-2.0-or-later
"""The two sides of the comparison: the host with gdbserver, the guest with
the stub. Each starts a program and says what gdb has to type to get at it;
from there on both are inferior 2 of a gdb whose inferior 1 has no process.
"""
import contextlib
import ctypes
import os
import resource
import shutil
import signal

import programs
import tap
from fixture import kernel
from vm import VM, VMError

ADDR_NO_RANDOMIZE = 0x0040000
# What the guest's first process gives to its children.
ENVIRONMENT = {'HOME': '/', 'TERM': 'linux'}
BEGIN_FD = 3


def attach(pid):
    """Inferior 1 has nothing afterwards: what is compared is inferior 2."""
    return ['add-inferior', 'inferior 2', f'attach {pid}',
            'detach inferior 1', 'inferior 1', 'file', 'inferior 2']


class Native:
    name = 'native'

    def __init__(self):
        self.pids = []
        # Inherited by what is started from here on.
        ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self.server = shutil.which('gdbserver')
        if not self.server:
            raise tap.Skip('gdbserver is missing: install the package '
                           'gdbserver')

    def _start(self, program, args):
        """By posix_spawn(): both sides start things at the same time, and
        descriptor 3 may be anybody's until then."""
        read_end, write_end = os.pipe()
        path = str(programs.FILES / 'bin' / program)
        null = [(os.POSIX_SPAWN_OPEN, fd, '/dev/null', os.O_RDWR, 0)
                for fd in range(3)]
        pid = os.posix_spawn(
            path, [program, *args], ENVIRONMENT, setsid=True,
            file_actions=null + [(os.POSIX_SPAWN_DUP2, write_end, BEGIN_FD)])
        self.pids.append(pid)
        os.close(write_end)
        with os.fdopen(read_end, 'rb') as f:
            if not f.readline():
                raise RuntimeError(f'{program} did not start')
        return pid

    def start(self, program, args):
        """Starts it; its pid once it says that it runs."""
        return self._start(program, args)

    def typed(self, pid):
        """In place of the guest's CPU another process is inferior 1."""
        other = self._start('sleeping', [])
        return [f'target extended-remote | exec {self.server} --once --multi - '
                '2>/dev/null', f'attach {other}', *attach(pid)]

    def end(self):
        """Ends the program and the children it has made."""
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self.pids = []


class Guest:
    """One machine for many programs; it is booted anew only when it died."""
    name = 'guest'
    MOST = 60           # programs that the oracle starts in one boot

    def __init__(self):
        self.vm = self.pid = None
        self.started = 0

    def boot(self):
        if self.vm and (self.started >= self.MOST or not self._runs()):
            self.close()
        if not self.vm:
            vm = VM(kernel=kernel(), append='norandmaps',
                    smp=int(os.environ.get('SMP', '1')))
            vm.guest = programs.guest(kernel())
            self.vm, self.started = vm.start(), 0
            vm.wait_ready()

    def _runs(self):
        try:
            self.vm.qmp.command('cont')
            return self.vm.alive()
        except (OSError, VMError):
            return False

    def start(self, program, args):
        self.boot()
        self.started += 1
        self.pid = self.vm.oracle.spawn(program, *args)
        return self.pid

    def typed(self, pid):
        # A gdb that has a file does not read the kernel's symbols, which are
        # not compared.
        return ['set sysroot target:', 'set exec-file-mismatch off',
                f"file {programs.FILES / 'bin' / 'sleeping'}",
                f'target extended-remote {self.vm.gdb_target}',
                *attach(pid)]

    def end(self):
        if self.vm and self.pid:
            if not self._runs():
                tap.note('the emulator ended: ' + self.vm.last_words('qemu'))
                self.close()
                raise tap.Failed('the emulator ended')
            try:
                self.vm.oracle.kill(self.pid, 9)
            except Exception as e:
                if 'No such process' not in str(e):
                    self.close()
                    raise
        self.pid = None

    def close(self):
        if self.vm:
            self.vm.stop()
        self.vm = None
