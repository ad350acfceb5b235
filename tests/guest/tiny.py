# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the kernel of the guest "tiny": as little as runs our programs.

One CPU, no modules, no type information, no symbols, no crash information:
what is left for introspection is the content of memory. Its System.map is
kept beside it, for a test to know what was there to be found.
"""
import lzma
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

# Beyond the kernel's own "tinyconfig".
OPTIONS = '''
64BIT IA32_EMULATION MULTIUSER PRINTK TTY SERIAL_8250 SERIAL_8250_CONSOLE
BLK_DEV_INITRD BINFMT_ELF PROC_FS PROC_SYSCTL SYSFS TMPFS SHMEM DEVTMPFS
FUTEX EPOLL EVENTFD SIGNALFD TIMERFD POSIX_TIMERS ADVISE_SYSCALLS
NAMESPACES UTS_NS PID_NS SYSVIPC IPC_NS NET UNIX INET NET_NS FHANDLE
HIGH_RES_TIMERS MEMFD_CREATE
'''.split()
OFF = '''
MODULES SMP KALLSYMS DEBUG_INFO_BTF CRASH_CORE KEXEC KEXEC_CORE CRASH_DUMP
PROC_KCORE RANDOMIZE_BASE UNWINDER_ORC RD_GZIP
'''.split()


def config():
    """Text to lay over tinyconfig."""
    return ''.join([f'CONFIG_{o}=y\n' for o in OPTIONS]
                   + [f'# CONFIG_{o} is not set\n' for o in OFF])


def unpack(deb, top):
    """The source tree out of Debian's package linux-source-VERSION."""
    p = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', str(deb)],
                         stdout=subprocess.PIPE)
    with tarfile.open(fileobj=p.stdout, mode='r|') as outer:
        for member in outer:
            if member.name.endswith('.tar.xz'):
                with lzma.open(outer.extractfile(member)) as xz, \
                        tarfile.open(fileobj=xz, mode='r|') as inner:
                    inner.extractall(top)
    p.wait()
    return next(Path(top).glob('linux-source-*'))


def build(run, deb, work):
    """Bytes of vmlinuz, of System.map and of the release's name. @run runs a
    command and raises its last words."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        tree = unpack(deb, work)
        jobs = f'-j{min(os.cpu_count() or 1, 4)}'
        env = dict(os.environ, KBUILD_BUILD_TIMESTAMP='Thu Jan 1 1970',
                   KBUILD_BUILD_USER='gdbx', KBUILD_BUILD_HOST='gdbx')
        for target in ('tinyconfig', 'olddefconfig', 'bzImage'):
            run('nice', '-n', '19', 'make', '-s', jobs, '-C', str(tree),
                'ARCH=x86_64', target, env=env)
            if target == 'tinyconfig':
                with open(tree / '.config', 'a') as f:
                    f.write(config())
        release = run('make', '-s', '-C', str(tree), 'ARCH=x86_64',
                      'kernelrelease', env=env)
        return ((tree / 'arch/x86/boot/bzImage').read_bytes(),
                (tree / 'System.map').read_bytes(), release.strip().encode())
    finally:
        shutil.rmtree(work, ignore_errors=True)
