# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts a virtual machine for a test and leaves nothing behind.

    with VM(kernel='6.1', run=['busy-a', 'busy-b']) as vm:
        vm.wait_ready()
        pids = vm.oracle.programs()
        ... vm.gdb_target is what to give to gdb ...

Everything lives in a private directory that goes away with the machine.
Nothing here waits by time: a deadline only turns a hang into a failure.
"""
import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'guest'))
import build  # noqa: E402
from oracle import Oracle, OracleError  # noqa: E402,F401

BUILD = ROOT / 'build'
SYSROOT = BUILD / 'guest' / 'sysroot'
QEMU = {
    'patched': BUILD / 'qemu-system-x86_64',
    'pristine': BUILD / 'pristine' / 'obj' / 'qemu-system-x86_64',
}
PR_SET_PDEATHSIG = 1
# A machine of few devices boots in a third of the time.
MACHINE = ['-nodefaults', '-no-user-config', '-display', 'none', '-accel',
           'tcg', '-no-reboot']
# Whether timer interrupts come the kernel tries within ten of its ticks, which
# a busy host may not give it; then it panics.
CMDLINE = ('console=ttyS0 quiet panic=-1 noresume audit=0 '
           'random.trust_bootloader=on no_timer_check')


class VMError(Exception):
    """One clear line: the machine did not do what it should."""


def qemu_binary(which):
    """Path of 'patched', 'pristine' or any emulator given by its path."""
    path = Path(os.environ.get('GDBX_QEMU', QEMU['patched'])
                if which == 'patched' else QEMU.get(which, which))
    if not path.exists():
        raise VMError(f'no emulator at {os.path.relpath(path)}: type make'
                      + (' pristine' if which == 'pristine' else ''))
    return path


def firmware():
    """-L options: an emulator that is not installed may not find these."""
    asked = os.environ.get('GDBX_FIRMWARE', '')
    where = asked.split(':') + ['/usr/share/seabios', '/usr/share/qemu']
    return [a for d in where if d and Path(d).is_dir() for a in ('-L', d)]


def die_with_parent():
    os.setpgid(0, 0)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_in_order(signum, frame):
    sys.exit(128 + signum)


def tidy_on_terminate():
    """A test that is told to end (a timeout of the runner) unwinds, so that
    its machines and directories go with it."""
    if (threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL):
        signal.signal(signal.SIGTERM, _end_in_order)


def _listen(path):
    """A socket the emulator inherits: one can connect before it is up, so
    nobody has to guess when."""
    s = socket.socket(socket.AF_UNIX)
    s.bind(str(path))
    s.listen(1)
    return s


class Qmp:
    """A QMP client: commands in order, events kept."""

    def __init__(self, sock):
        self.file = sock.makefile('rwb')
        self.sock = sock
        self.events = []
        self._read()
        self.command('qmp_capabilities')

    def _read(self):
        line = self.file.readline()
        if not line:
            raise VMError('the emulator closed its QMP socket')
        return json.loads(line)

    def command(self, name, **arguments):
        request = {'execute': name, 'arguments': arguments}
        self.file.write(json.dumps(request).encode() + b'\n')
        self.file.flush()
        while True:
            answer = self._read()
            if 'event' in answer:
                self.events.append(answer)
            elif 'error' in answer:
                raise VMError(f"{name}: {answer['error']['desc']}")
            else:
                return answer['return']

    def hmp(self, line):
        return self.command('human-monitor-command', **{'command-line': line})

    def wait_event(self, name):
        while True:
            for i, e in enumerate(self.events):
                if e['event'] == name:
                    return self.events.pop(i)
            answer = self._read()
            if 'event' in answer:
                self.events.append(answer)

    def close(self):
        self.file.close()
        self.sock.close()


class VM:
    """
    kernel: a key of build.KERNELS, or None for firmware only.
    run: programs started in the guest before it says it is ready.
    gdb: 'unix', 'tcp' or None; gdb_options: appended, e.g. ',gdbx=off'.
    paused: do not run the first instruction (-S).
    disk: the programs are on a disk (ext4) too, as /disk/bin/NAME.
    """

    def __init__(self, kernel='6.1', run=(), qemu='patched', smp=1,
                 memory='512M', cpu=None, gdb='unix', gdb_options='',
                 append='', paused=False, extra=(), deadline=180, disk=False):
        self.kernel, self.run, self.smp = kernel, list(run), smp
        self.memory, self.cpu, self.append = memory, cpu, append
        self.gdb, self.gdb_options = gdb, gdb_options
        self.paused, self.extra, self.deadline = paused, list(extra), deadline
        self.qemu = qemu_binary(qemu)
        self.guest = build.guest(kernel, disk=disk) if kernel else None
        self.disk = disk
        self.process = self.oracle = self.qmp = self.dir = None
        self.sockets, self.console = {}, None
        self.gdb_target = None

    def sysroot(self):
        """The guest's files on this side."""
        return build.OUT / build.ARCHES[build.KERNELS[self.kernel].arch] \
            .directory

    # The command line -----------------------------------------------------

    def guest_arguments(self):
        if not self.guest:
            return []
        line = f'{CMDLINE} gdbx.run={",".join(self.run)} {self.append}'
        disk = ['-drive', f'if=virtio,format=raw,snapshot=on,file='
                f'{build.OUT / "disk.img"}'] if self.disk else []
        return ['-kernel', str(self.guest / 'vmlinuz'), '-initrd',
                str(self.guest / ('initrd-disk' if self.disk else 'initrd')),
                *disk, '-append', line]

    def _gdb_arguments(self):
        if not self.gdb:
            return []
        if self.gdb == 'tcp':
            with socket.socket() as s:
                s.bind(('127.0.0.1', 0))
                self.gdb_target = '127.0.0.1:%d' % s.getsockname()[1]
            return ['-gdb', f'tcp:{self.gdb_target}{self.gdb_options}']
        self.gdb_target = str(self.dir / 'gdb')
        return ['-gdb', f'unix:{self.gdb_target},server=on,wait=off'
                + self.gdb_options]

    def _chardev(self, name):
        return (f'socket,id={name},fd={self.sockets[name].fileno()},'
                'server=on,wait=off'
                + (f',logfile={self.dir / "console.log"}'
                   if name == 'console' else ''))

    def command_line(self):
        args = [str(self.qemu), *firmware(), *MACHINE, '-m', self.memory,
                '-smp', str(self.smp)]
        args += ['-cpu', self.cpu] if self.cpu else []
        for name in ('console', 'oracle', 'qmp'):
            args += ['-chardev', self._chardev(name)]
        args += ['-serial', 'chardev:console', '-serial', 'chardev:oracle',
                 '-mon', 'chardev=qmp,mode=control']
        args += ['-S'] if self.paused else []
        return args + self._gdb_arguments() + self.guest_arguments() \
            + self.extra

    # Life -----------------------------------------------------------------

    def start(self):
        tidy_on_terminate()
        self.dir = Path(tempfile.mkdtemp(prefix='gdbx-'))
        try:
            self._launch()
            # Once QMP answers, the machine is made and gdb can connect.
            self.qmp = Qmp(self._connect('qmp'))
            self.oracle = Oracle(self.dir / 'oracle')
            if 'rom: file' in self.log('qemu') and self.kernel:
                raise VMError('no firmware: install qemu-system-data')
        except (OSError, ValueError, VMError) as e:
            words = self.last_words('qemu') or str(e)
            self.stop()
            raise VMError(f'the emulator did not start: {words}') from None
        except BaseException:
            self.stop()
            raise
        return self

    def _launch(self):
        self.sockets = {n: _listen(self.dir / n)
                        for n in ('console', 'oracle', 'qmp')}
        try:
            with open(self.dir / 'qemu.log', 'wb') as log:
                self.process = subprocess.Popen(
                    self.command_line(), stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log, preexec_fn=die_with_parent,
                    pass_fds=[s.fileno() for s in self.sockets.values()])
        finally:
            for s in self.sockets.values():
                s.close()

    def _connect(self, name):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(self.deadline)
        s.connect(str(self.dir / name))
        return s

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def log(self, name):
        """What 'qemu' said, or what is on the guest's 'console'."""
        try:
            return (self.dir / f'{name}.log').read_text(errors='replace')
        except OSError:
            return ''

    def last_words(self, *names):
        for name in names:
            text = self.log(name).strip()
            if text:
                lines = text.splitlines()
                why = [x for x in lines if 'Kernel panic' in x]
                return (why or lines)[-1].strip()[:300]
        return ''

    def wait_console(self, size):
        """Until the guest has written so much more on its console, or is
        ready: then it has no more to write. False when it is ready."""
        if self.console is None:
            self.console = self._connect('console')
        while size > 0:
            if select.select([self.oracle.sock], [], [], 0)[0]:
                return False
            ready = select.select([self.console, self.oracle.sock], [], [],
                                  self.deadline)[0]
            if not ready:
                raise VMError('the guest is silent')
            if self.console in ready:
                data = self.console.recv(4096)
                if not data:
                    raise VMError('the emulator ended')
                size -= len(data)
        return True

    def wait_ready(self):
        """Until the guest's programs run. -> {name: pid}"""
        try:
            self.oracle.wait_ready(self.deadline)
        except (OracleError, OSError) as e:
            raise VMError(f'the guest did not get ready: {e}; its last words: '
                          + self.last_words('console', 'qemu')) from None
        return self.oracle.programs()

    def stop(self):
        """Ends the emulator (this one process) and removes its directory."""
        for part in (self.oracle, self.qmp, self.console):
            if part:
                # What was not written yet cannot be, if the emulator died.
                with contextlib.suppress(OSError):
                    part.close()
        self.oracle = self.qmp = self.console = None
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait() if self.process else None
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()
