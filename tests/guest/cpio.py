# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes initramfs archives (cpio "newc", see the kernel's
Documentation/driver-api/early-userspace/buffer-format.rst). The same input
gives the same bytes: names sorted, no times, no owners."""
import os
import stat


def _entry(inode, name, mode, data):
    encoded = name.encode() + b'\0'
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    head = b'070701' + b''.join(b'%08x' % f for f in fields) + encoded
    return _pad(head) + _pad(data)


def _pad(data):
    return data + b'\0' * (-len(data) % 4)


def archive(entries):
    """@entries: (name, mode with file type, bytes), parents first."""
    out = [_entry(i + 1, *e) for i, e in enumerate(entries)]
    out.append(_entry(0, 'TRAILER!!!', 0, b''))
    return b''.join(out)


def from_directory(top):
    """All files, links and directories below @top."""
    entries = []
    for path in sorted(top.rglob('*')):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            data = os.readlink(path).encode()
        else:
            data = path.read_bytes() if stat.S_ISREG(mode) else b''
        kind = stat.S_IFMT(mode)
        perm = 0o755 if mode & 0o111 else 0o644
        entries.append((str(path.relative_to(top)), kind | perm, data))
    return archive(entries)
