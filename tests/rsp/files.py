#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vFile: files out of the guest's page cache, by name, as each process sees
them; what is not there is an error and never zeros.

Negative controls seen red: without mounts (test_mount_namespaces), with zeros
for a hole (test_holes, test_descriptor_of_a_dropped_file)."""
import os
import re
import struct
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from fixture import Guest  # noqa: E402
from vm import VM, VMError  # noqa: E402
from session import Talk, M  # noqa: E402

ENOENT, EIO, EBADF, EACCES, EISDIR, EINVAL = 2, 5, 9, 13, 21, 22
EMFILE, EROFS = 24, 30
RUN = ['dynamic', 'busy-a', 'names', 'jailed', 'deleted', 'spaces', 'sleeper']
MEMORY = Guest(run=RUN, smp=1)
DISK = Guest(run=['dynamic'], smp=1, disk=True)
PAGE = 4096


class Files(Talk):
    """What gdb's Host I/O does; errors are negative numbers."""

    def number(self, payload):
        answer = self.ask('vFile:' + payload)
        found = re.match(r'F(-?[0-9a-f]+)(,[0-9a-f]+)?(;|$)', answer)
        tap.check(found, f'{payload}: {answer!r}')
        if found[1].startswith('-'):
            return -int(found[2][1:], 16), b''
        return int(found[1], 16), answer[found.end():].encode('latin-1')

    def setfs(self, pid):
        tap.equal(self.number(f'setfs:{pid:x}')[0], 0, 'setfs')

    def open(self, path, flags=0):
        return self.number(f'open:{path.encode().hex()},{flags:x},1c0')[0]

    def pread(self, fd, count, offset):
        n, data = self.number(f'pread:{fd:x},{count:x},{offset:x}')
        if n >= 0:
            tap.equal(len(data), n, 'bytes of a read')
        return n if n < 0 else data

    def close_file(self, fd):
        tap.equal(self.number(f'close:{fd:x}')[0], 0, 'close')

    def read(self, path, chunk=0x4000):
        """All of a file, or a negative error."""
        fd = self.open(path)
        if fd < 0:
            return fd
        data = b''
        while True:
            part = self.pread(fd, chunk, len(data))
            if isinstance(part, int) or not part:
                break
            data += part
        self.close_file(fd)
        return part if isinstance(part, int) else data

    def stat(self, what, kind='stat'):
        n, data = self.number(f'{kind}:{what}')
        if n < 0:
            return n
        tap.equal(len(data), 64, 'bytes of a struct stat')
        fields = struct.unpack('>7I3Q3I', data)
        return dict(zip(('dev', 'ino', 'mode', 'nlink', 'uid', 'gid', 'rdev',
                         'size', 'blksize', 'blocks', 'atime', 'mtime',
                         'ctime'), fields))

    def readlink(self, path):
        n, data = self.number(f'readlink:{path.encode().hex()}')
        return n if n < 0 else data.decode()


def check_content(files, path, want):
    got = files.read(path)
    tap.check(not isinstance(got, int), f'{path}: error {got}')
    tap.check(got == want, f'{path}: {len(got)} bytes differ from '
              f'{len(want)}')


def ours(vm, path):
    return (vm.sysroot() / path.lstrip('/')).read_bytes()


# What is in memory ----------------------------------------------------------

def test_contents():
    "programs and libraries, mapped or not, byte by byte"
    vm = MEMORY.boot()
    with Files(vm) as f:
        for pid in (0, int(M, 16), MEMORY.pids['dynamic']):
            f.setfs(pid)
            for path in ('/bin/dynamic', '/lib/libc.so.6', '/bin/watched',
                         '/lib64/ld-linux-x86-64.so.2', '/lib/libplug.so'):
                check_content(f, path, ours(vm, path))
        check_content(f, '/bin/busy-a', ours(vm, '/bin/busy'))
        check_content(f, '/bin/../bin//./busy', ours(vm, '/bin/busy'))
        check_content(f, '/../../bin/busy', ours(vm, '/bin/busy'))


def test_names():
    "links of each kind; names that are not there"
    vm = MEMORY.boot()
    with Files(vm) as f:
        f.setfs(MEMORY.pids['names'])
        for name in ('relative', 'absolute', 'slow', 'link/file', 'dir/file',
                     'link/../relative', 'over/../dir/file'):
            check_content(f, f'/tmp/names/{name}', b'inner\n')
        for name in ('gone', 'nothing', 'dangling', 'dir/file/x', 'dir/fil',
                     'dir/file2', 'x' * 300):
            tap.equal(f.open(f'/tmp/names/{name}'), -ENOENT, name)
        tap.check(f.open('/tmp/names/circle') in (-EIO, -ENOENT), 'a circle')
        tap.equal(f.readlink('/tmp/names/relative'), 'dir/file')
        tap.equal(f.readlink('/bin/busy-a'), 'busy')
        tap.check(f.readlink('/tmp/names/slow').endswith('././dir/file'),
                  'a long link')
        tap.equal(f.readlink('/tmp/names/dir/file'), -EINVAL, 'no link')
        tap.equal(f.readlink('/tmp/names/gone'), -ENOENT, 'no file')


def test_mount_namespaces():
    "one path, two files: each process has its own mounts"
    vm = MEMORY.boot()
    child = int(vm.oracle.said('names')['child'])
    with Files(vm) as f:
        for pid, want in ((MEMORY.pids['names'], b'below\n'),
                          (child, b'above\n'), (0, b'below\n')):
            f.setfs(pid)
            check_content(f, '/tmp/names/over/file', want)
        f.setfs(child)
        check_content(f, '/tmp/names/over/dir/file', b'higher\n')
        check_content(f, '/tmp/names/over/dir/../file', b'above\n')
        check_content(f, '/tmp/names/over/dir/../../dir/file', b'inner\n')
        f.setfs(MEMORY.pids['names'])
        tap.equal(f.open('/tmp/names/over/dir/file'), -ENOENT, 'not mounted')
        f.setfs(MEMORY.pids['spaces'])
        tap.check(f.open('/bin/spaces') >= 0, 'the common root')


def test_chroot():
    "a process in a chroot: its names begin there, and none leads out"
    vm = MEMORY.boot()
    with Files(vm) as f:
        f.setfs(MEMORY.pids['jailed'])
        check_content(f, '/in/jailed', ours(vm, '/bin/jailed'))
        check_content(f, '/../in/../../in/jailed', ours(vm, '/bin/jailed'))
        for path in ('/tmp/outside', '/../bin/busy', '/tmp/jail/in/jailed'):
            tap.equal(f.open(path), -ENOENT, path)


def test_deleted_executable():
    "the executable is the one that runs, although its name is gone"
    vm = MEMORY.boot()
    with Files(vm) as f:
        f.setfs(MEMORY.pids['deleted'])
        check_content(f, '/tmp/deleted', ours(vm, '/bin/deleted'))
        f.setfs(0)
        tap.equal(f.open('/tmp/deleted'), -ENOENT, 'for all others')


def test_stat():
    "kind, size and number of a file are what the guest says"
    vm = MEMORY.boot()
    with Files(vm) as f:
        path = b'/bin/busy'.hex()
        for kind in ('stat', 'lstat'):
            st = f.stat(path, kind)
            tap.equal(st['size'], len(ours(vm, '/bin/busy')), 'size')
            tap.equal(st['mode'] & 0o170111, 0o100111, 'mode')
            tap.check(st['ino'], f'{st}')
        fd = f.open('/bin/busy')
        tap.equal(f.stat(f'{fd:x}', 'fstat'), st, 'fstat')
        tap.equal(f.stat(b'/bin'.hex())['mode'] & 0o170000, 0o40000, '/bin')
        tap.equal(f.stat(b'/bin/busy-a'.hex(), 'lstat')['mode'] & 0o170000,
                  0o120000, 'a link')
        tap.equal(f.stat(b'/bin/busy-a'.hex())['ino'], st['ino'], 'followed')
        tap.equal(f.stat(b'/none'.hex()), -ENOENT, '/none')
        made = f.stat(b'/tmp/names/dir/file'.hex())
        booted = f.stat(b'/tmp'.hex())
        tap.check(made['mtime'] > 1700000000 < booted['mtime'], 'mtime')


def test_nothing_is_written():
    "no way to write, no device, no descriptor that is not open"
    with Files(MEMORY.boot()) as f:
        for flags in (1, 2, 8, 0x200, 0x400, 0x800):
            tap.equal(f.open('/bin/busy', flags), -EROFS, f'flags {flags:x}')
        fd = f.open('/bin/busy')
        tap.equal(f.number(f'pwrite:{fd:x},0,abc')[0], -EROFS, 'pwrite')
        tap.equal(f.number('unlink:' + b'/bin/busy'.hex())[0], -EROFS, 'unlink')
        for op in ('pread:ff,10,0', 'fstat:ff', 'close:ff', 'pread:1000,1,0',
                   'fstat:ffffffffffffffff', 'close:'):
            tap.equal(f.number(op)[0], -EBADF, op)
        for op in ('pread:0', 'open:', 'open:6,0,0', 'open:2f,0', 'stat:2',
                   'open:2f00,0,0', 'setfs:', 'setfs:100000000', 'setfs:1x',
                   f'pread:{fd:x},1,ffffffffffffffff', 'readlink:2f2'):
            tap.equal(f.number(op)[0], -EINVAL, op)
        tap.equal(f.open('/dev/console'), -EACCES, 'a device')
        d = f.open('/bin')
        tap.equal(f.pread(d, 16, 0), -EISDIR, 'a directory')
        tap.equal(f.pread(fd, 16, 1 << 62), b'', 'behind the end')
        tap.equal(f.ask('vFile:nonsense:1'), '', 'unknown')


def test_descriptors_have_an_end():
    "256 at a time; the next client finds none of them"
    with Files(MEMORY.boot()) as f:
        fds = [f.open('/bin/busy') for _ in range(256)]
        tap.equal(sorted(fds), list(range(256)), 'descriptors')
        tap.equal(f.open('/bin/busy'), -EMFILE, 'one more')
        f.close_file(17)
        tap.equal(f.open('/bin/busy'), 17, 'the one that is free')
    with Files(MEMORY.boot()) as f:
        tap.equal(f.pread(17, 1, 0), -EBADF, 'of the one before')


def wait_for(vm, talk, *question):
    """Lets the guest run until it has answered."""
    talk.send('vCont;c')
    answer = vm.oracle.ask(*question)
    talk.interrupt()
    talk.answer()
    return answer


def test_descriptor_of_a_running_guest():
    "an open file stays good while the guest runs, and follows its changes"
    vm = MEMORY.boot()
    with Files(vm) as f:
        fd = f.open('/tmp/names/dir/file')
        busy = f.open('/bin/busy')
        wait_for(vm, f, 'write', '/tmp/names/dir/file', 'later')
        tap.check(f.pread(fd, 64, 0).startswith(b'later'), 'the new content')
        tap.check(f.pread(busy, 2000, 0) == ours(vm, '/bin/busy')[:2000],
                  'the other one')


def test_every_part():
    "reads at odd places and of odd lengths"
    vm = MEMORY.boot()
    want = ours(vm, '/lib/libc.so.6')
    with Files(vm) as f:
        fd = f.open('/lib/libc.so.6')
        for at in (0, 1, PAGE - 1, PAGE, 3 * PAGE + 7, len(want) - 5,
                   len(want)):
            for n in (0, 1, PAGE, PAGE + 1, 70000, 1 << 40):
                got = f.pread(fd, n, at)
                tap.check(got == want[at:at + len(got)], f'{n} at {at}')
                # As much as fits in a packet.
                tap.equal(len(got), min(n, len(want) - at, 0x4000 - 32),
                          f'bytes of {n} at {at}')


def test_option():
    "-gdb ...,sysroot=DIR: with no guest OS at all; a wrong one is an error"
    with tempfile.TemporaryDirectory(prefix='a,b') as top:
        Path(top, 'file').write_bytes(b'host')
        quoted = top.replace(',', ',,')
        with VM(kernel=None, paused=True, gdb_options=f',sysroot={quoted}') \
                as vm, Files(vm) as f:
            tap.equal(f.read('/file'), b'host')
            tap.equal(f.open('/proc/1/maps'), -ENOENT)
    try:
        with VM(kernel=None, paused=True, gdb_options=',sysroot=/no/such'):
            tap.check(False, 'it started')
    except VMError as e:
        tap.contains(str(e), "sysroot '/no/such': No such file")


# /proc ------------------------------------------------------------------

STILL = ['names', 'deleted', 'sleeper']    # they sleep
TEXTS = ['maps', 'auxv', 'cmdline', 'environ', 'comm', 'coredump_filter']


def check_text(got, want, what):
    tap.check(not isinstance(got, int), f'{what}: error {got}')
    for a, b in zip(got.splitlines(), want.splitlines()):
        tap.equal(a, b, what)
    tap.equal(len(got), len(want), f'bytes of {what}')


def check_status(got, want):
    """Each line is one of the guest's own."""
    rows = want.splitlines()
    for line in got.splitlines():
        tap.check(line in rows, f'{line!r} is not in {rows}')
    tap.check(len(got.splitlines()) >= 10, f'only {got}')


def check_stat(got, want):
    """Each column is the guest's or 0; these are not 0."""
    a = got.rsplit(b')', 1)[1].split()
    b = want.rsplit(b')', 1)[1].split()
    tap.equal(len(a), len(b), 'columns')
    for i, (x, y) in enumerate(zip(a, b), 3):
        tap.check(x == y or x in (b'0', b'-1'), f'column {i}: {x} is {y}')
    for i in (3, 4, 9, 18, 20, 22, 23, 26, 27, 28, 45, 46, 47, 48, 49, 50, 51):
        tap.equal(a[i - 3], b[i - 3], f'column {i}')


def mappings(smaps):
    """[(line, {name: rest})]"""
    rows = []
    for line in smaps.decode().splitlines():
        name = line.split(':', 1)[0]
        if re.match(r'[0-9a-f]+-', line):
            rows.append((line, {}))
        else:
            rows[-1][1][name] = line[len(name) + 1:].split()
    return rows


def check_smaps(got, want):
    for (a, x), (b, y) in zip(mappings(got), mappings(want)):
        tap.equal(a, b, 'mapping')
        if not a.endswith(('[vdso]', '[vvar]', '[vsyscall]')):
            for name in ('Size', 'Rss', 'Anonymous', 'VmFlags'):
                tap.equal(x[name], y[name], f'{name} of {a}')
    tap.equal(len(mappings(got)), len(mappings(want)), 'mappings')


def test_proc():
    "files of /proc/PID as the guest's own"
    vm = MEMORY.boot()
    own = {(n, f): vm.oracle.proc(MEMORY.pids[n], f) for n in STILL
           for f in TEXTS + ['status', 'stat', 'smaps']}
    links = {(n, f): vm.oracle.text('link', f'/proc/{MEMORY.pids[n]}/{f}')
             for n in STILL for f in ('exe', 'cwd', 'root')}
    with Files(vm) as f:
        for name in STILL:
            proc = f'/proc/{MEMORY.pids[name]}'
            for text in TEXTS:
                check_text(f.read(f'{proc}/{text}'), own[name, text],
                           f'{name}/{text}')
            check_status(f.read(f'{proc}/status'), own[name, 'status'])
            check_stat(f.read(f'{proc}/stat'), own[name, 'stat'])
            check_smaps(f.read(f'{proc}/smaps'), own[name, 'smaps'])
            task = f'{proc}/task/{MEMORY.pids[name]}'
            check_text(f.read(f'{task}/maps'), own[name, 'maps'], task)
            tap.equal(f.readlink(f'{proc}/exe'), links[name, 'exe'], 'exe')
            tap.equal(f.readlink(f'{proc}/cwd'), links[name, 'cwd'], 'cwd')
            tap.equal(f.readlink(f'{proc}/root'), links[name, 'root'], 'root')
        jail = f"/proc/{MEMORY.pids['jailed']}"
        tap.equal(f.readlink(f'{jail}/root'), '/tmp/jail', 'root of the jail')
        tap.contains(f.read(f'{jail}/maps').decode(), ' /in/jailed\n')


def test_proc_of_nobody():
    "the machine, a kernel thread, names that are none"
    vm = MEMORY.boot()
    pid = MEMORY.pids['names']
    with Files(vm) as f:
        for path in ('10000000/maps', '0/maps', '0x1/maps', '01/maps',
                     '-1/maps', '4194303/maps', f'{pid}', f'{pid}/',
                     f'{pid}/nothing', f'{pid}/task/2/maps', 'self/maps',
                     f'{pid}/task/{pid}', f'{pid}/maps/x',
                     '99999999999999999999/maps', 'cpuinfo', 'kallsyms'):
            tap.equal(f.open(f'/proc/{path}'), -ENOENT, path)
        for name in ('maps', 'smaps', 'cmdline', 'auxv', 'environ'):
            tap.equal(f.read(f'/proc/2/{name}'), b'', f'kthreadd {name}')
        tap.contains(f.read('/proc/2/status').decode(), 'Name:\tkthreadd\n')
        tap.equal(f.open('/proc/2/exe'), -ENOENT, 'exe of a kernel thread')
        check_content(f, f'/proc/{pid}/exe', ours(vm, '/bin/names'))


def test_checks_notice():
    "negative control: what is compared would be noticed"
    vm = MEMORY.boot()
    pid = MEMORY.pids['names']
    own = {n: vm.oracle.proc(pid, n) for n in ('maps', 'stat', 'status',
                                               'smaps')}
    tap.fails(check_text, own['maps'].replace(b'rw-p', b'rw-s'), own['maps'],
              'maps')
    tap.fails(check_text, own['maps'][:-1], own['maps'], 'maps')
    tap.fails(check_status, own['status'] + b'Uid:\t1\t1\t1\t1\n',
              own['status'])
    tap.fails(check_stat, own['stat'].replace(b' S ', b' R '), own['stat'])
    tap.fails(check_smaps, re.sub(rb'(?m)^Anonymous: +\d+',
                                  b'Anonymous: 9999', own['smaps']),
              own['smaps'])
    with Files(vm) as f:
        tap.fails(check_content, f, '/bin/busy', ours(vm, '/bin/names'))


# What is not ----------------------------------------------------------------

FILE = '/disk/bin/watched'


def on_disk():
    """(machine, which pages of FILE are in memory, its content): some are."""
    MEMORY.stop()
    fresh = DISK.vm is None
    vm = DISK.boot()
    if fresh:
        vm.oracle.ask('write', '/proc/sys/vm/drop_caches', '3')
        vm.oracle.spawn(FILE)
    there = vm.oracle.text('resident', FILE)
    tap.check('0' in there and there[0] == '1', f'resident: {there}')
    return vm, there, ours(vm, FILE[len('/disk'):])


def check_holes(files, there, want):
    """What is in memory is read, the rest is an error, to the byte."""
    fd = files.open(FILE)
    tap.check(fd >= 0, f'open: {fd}')
    for i, page in enumerate(there):
        part = want[i * PAGE:(i + 1) * PAGE]
        got = files.pread(fd, len(part), i * PAGE)
        tap.equal(got, part if page == '1' else -EIO, f'page {i}')
    hole = there.index('0')
    got = files.pread(fd, 0x3000, (hole - 1) * PAGE)
    tap.check(got == want[(hole - 1) * PAGE:hole * PAGE], 'in front of a hole')
    files.close_file(fd)


def test_holes():
    "pages that only the disk has are errors, the others are there"
    vm, there, want = on_disk()
    with Files(vm) as f:
        check_holes(f, there, want)
        tap.fails(check_holes, f, there.replace('0', '1'), want)


def test_descriptor_of_a_dropped_file():
    "the kernel drops an inode: an error, then the file it has read anew"
    other = '/disk/bin/strings'
    vm, _, _ = on_disk()
    want = ours(vm, other[len('/disk'):])
    vm.oracle.text('resident', other)
    vm.oracle.ask('read', other)
    with Files(vm) as f:
        fd = f.open(other)
        tap.check(f.pread(fd, PAGE, 0) == want[:PAGE], 'before')
        wait_for(vm, f, 'write', '/proc/sys/vm/drop_caches', '3')
        tap.equal(f.pread(fd, PAGE, 0), -EIO, 'dropped')
        wait_for(vm, f, 'read', other)
        tap.check(f.pread(fd, PAGE, 0) == want[:PAGE], 'again')
        wait_for(vm, f, 'write', '/proc/sys/vm/drop_caches', '3')
        tap.equal(f.open(other), -ENOENT, 'its name is not in memory')


class Sysroot:
    """A directory with a file at the path of FILE."""

    def __init__(self, content):
        self.directory = tempfile.TemporaryDirectory()
        self.top = Path(self.directory.name) / 'root'
        self.file = self.top / FILE.lstrip('/')
        self.file.parent.mkdir(parents=True)
        self.file.write_bytes(content)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.directory.cleanup()


def test_sysroot_fills_holes():
    "a host's copy fills them, if all that is in memory is the same"
    vm, there, want = on_disk()
    with Sysroot(want) as root, Files(vm) as f:
        tap.equal(f.command(f'gdbx sysroot {root.top}'), '')
        tap.contains(f.command('gdbx sysroot'), f'sysroot: {root.top}')
        check_content(f, FILE, want)
        # Where the guest has nothing, that is not known to differ.
        for at in (5, (len(there) - 1 - there[::-1].index('1')) * PAGE + 9):
            other = bytearray(want)
            other[at] ^= 1
            root.file.write_bytes(other)
            check_holes(f, there, want)
            tap.contains(f.command('gdbx sysroot'), 'differs from what')
        root.file.write_bytes(want + b'x')
        check_holes(f, there, want)
        tap.contains(f.command('gdbx sysroot'), 'another size')
        root.file.write_bytes(want)
        check_content(f, FILE, want)
        f.command('gdbx sysroot none')
        check_holes(f, there, want)
        tap.contains(f.command('gdbx sysroot /no/such'), 'No such file')
        tap.contains(f.command('gdbx sysroot'), 'sysroot: none')


def test_nothing_leads_out_of_the_sysroot():
    "links and dots stay below it; what is no regular file is refused"
    vm, _, _ = on_disk()
    with Sysroot(b'mine') as root, Files(vm) as f:
        secret = root.top.parent / 'secret'
        secret.write_bytes(b'secret')
        (root.top / 'secret').write_bytes(b'inside')
        (root.top / 'up').symlink_to('../secret')
        (root.top / 'far').symlink_to('../../../../../secret')
        (root.top / 'whole').symlink_to('/disk')
        (root.top / 'out').symlink_to(secret)
        (root.top / 'outdir').symlink_to(root.top.parent)
        (root.top / 'circle').symlink_to('circle')
        os.mkfifo(root.top / 'fifo')
        f.command(f'gdbx sysroot {root.top}')
        for path in ('/up', '/far', '/../secret', '/disk/../../../secret',
                     '/whole/../secret'):
            tap.equal(f.read(path), b'inside', path)
        tap.equal(f.read('/whole/bin/nothing'), -ENOENT)
        for path in ('/out', '/outdir/secret'):
            tap.equal(f.open(path), -ENOENT, path)
        tap.check(f.open('/circle') < 0, 'a circle')
        tap.check(f.open('/' + 'd/' * 1000) < 0, 'deep')
        tap.equal(f.open('/fifo'), -EACCES, 'a FIFO')
        tap.equal(f.readlink('/up'), '../secret')
        f.command('gdbx sysroot none')
        tap.equal(f.open('/up'), -ENOENT, 'none')


tap.main(globals())
