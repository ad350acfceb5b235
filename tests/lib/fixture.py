# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests with a guest share: one machine a file, one gdb a test.

    guest = Guest(run=['busy-a', 'busy-b'])

    def test_something():
        with guest.gdb() as (vm, gdb):
            ...

The machine boots when the first test asks for it and is let run before each.
A failure tells where the packets of its gdb are. Environment: KERNEL (a key
of tests/guest/build.py), GDB (see gdbrun.py).
"""
import atexit
import contextlib
import os
import sys

import tap
from gdbrun import Gdb, find_gdb
from vm import BUILD, ROOT, VM, VMError

LOGS = BUILD / 'tests' / 'logs'
DEFAULT_KERNEL = '6.1'


def kernel():
    return os.environ.get('KERNEL', DEFAULT_KERNEL)


def log_path(name):
    """Where the packets of one test are kept."""
    script = os.path.splitext(os.path.basename(sys.argv[0]))[0] or 'gdb'
    gdb = os.path.basename(os.environ.get('GDB', 'gdb'))
    return LOGS / f'{script}-{name}-{kernel()}-{gdb}.packets'


def _test_name():
    """The function test_* that is running."""
    frame = sys._getframe()
    while frame:
        if frame.f_code.co_name.startswith('test_'):
            return frame.f_code.co_name[len('test_'):]
        frame = frame.f_back
    return 'session'


class Guest:
    """@options: those of VM. kernel=None means firmware only.
    @kernel_symbols: gdb reads them when it connects, as it does for a person;
    off because it logs each byte of them."""

    def __init__(self, kernel_symbols=False, **options):
        self.options, self.vm, self.pids = options, None, {}
        self.kernel_symbols = kernel_symbols

    def boot(self):
        """The running machine, booted if it is not there yet."""
        if self.vm and not self._runs():
            self.stop()
        if self.vm is None:
            options = dict({'kernel': kernel()}, **self.options)
            vm = VM(**options)
            atexit.register(vm.stop)
            self.vm = vm.start()
            if not self.kernel_symbols and vm.gdb:
                vm.qmp.hmp('gdbx kernel-symbols off')
            if vm.kernel and not vm.paused:
                self.pids = vm.wait_ready()
        return self.vm

    def _runs(self):
        """Lets the machine run; False if the test before has ended it."""
        try:
            if not self.vm.paused:
                self.vm.qmp.command('cont')
            return self.vm.alive()
        except (OSError, VMError):
            return False

    def stop(self):
        if self.vm:
            atexit.unregister(self.vm.stop)
            self.vm.stop()
            self.vm = None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    @contextlib.contextmanager
    def gdb(self, connect=True, **options):
        """(machine, a new gdb), connected unless told otherwise."""
        path = find_gdb()
        log = None if self.kernel_symbols else log_path(_test_name())
        vm = self.boot()
        with Gdb(log=log, path=path, **options) as gdb:
            try:
                if connect:
                    gdb.connect(vm)
                yield vm, gdb
                tap.check(vm.alive(), 'the emulator ended')
            except tap.Skip:
                raise
            except BaseException:
                if log:
                    tap.note(f'packets: {os.path.relpath(log, ROOT)}')
                if not vm.alive():
                    tap.note('the emulator ended: ' + vm.last_words('qemu'))
                raise
