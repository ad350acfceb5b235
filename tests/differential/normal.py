# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes out of gdb's words what two runs of one program never have in common:
where the kernel puts stacks and libraries, process ids, directories.

What is the same within a run stays the same: each such address and id becomes
an ordinal, in order of its first appearance.
"""
import difflib
import re

# Stacks, mappings, position independent programs.
PLACED = [(0x550000000000, 0x570000000000), (0x7e0000000000, 0x7fffffffffff)]
PLACED_32 = [(0xf0000000, 0xfffff000), (0x56000000, 0x57000000)]
PID = re.compile(r'\b(process|LWP|pid|child|parent|Thread) (\d+)(?:\.(\d+))?')
# Entries of the auxiliary vector that the processor and the kernel's version
# decide: hardware capabilities, the signal stack, restartable sequences.
MACHINE = re.compile(r'(16|26|27|28|51) +(AT_|\?\?\?)')
# What the stub knows of a thread beyond its name, and gdb's columns.
STATE = re.compile(r'(Thread .*?"[^"]*") \((?:state |on CPU)[^)]*\)')
CONNECTION = re.compile(r'\(extended-remote [^)]*\)')
ROW = re.compile(r'[* ] +[\d.]+ +(Thread|process|<null>) | +Id +Target Id '
                 '| +Num +Description ')
# How old a file is: a checkout is as new as it is. Where gdb looks for the
# debug information of the vDSO, which each kernel brings with it.
BESIDE = re.compile(r'warning: Source file is more recent than executable\.'
                    r'|Reading \S*/\.build-id/\S* from remote target')
# "Thread 2.1" counts as gdb does, "Thread 137.137" as the kernel does.
LEAST_PID = 20


class _Ordinals:
    def __init__(self, prefix):
        self.prefix, self.known = prefix, {}

    def __call__(self, value):
        return self.known.setdefault(value, f'{self.prefix}'
                                     f'{len(self.known) + 1}')


def normal(text, directory, bits=64):
    """@text as lines without what differs by nature. @directory: the root
    that one side has in front of its paths."""
    places, ids = _Ordinals('@'), _Ordinals('#')
    ranges = PLACED if bits == 64 else PLACED_32

    def place(m):
        value = int(m[0], 16)
        return places(value) if any(a <= value < b for a, b in ranges) \
            else m[0]

    def process(m):
        if int(m[2]) < LEAST_PID:
            return m[0]
        words = [ids(i) for i in m.groups()[1:] if i]
        return f'{m[1]} ' + '.'.join(words)

    text = text.replace('target:', '').replace(str(directory), '')
    text = re.sub(r'0x[0-9a-f]+', place, text)
    text = PID.sub(process, text)
    text = CONNECTION.sub('(remote)', STATE.sub(r'\1', text))
    return [re.sub(' +', ' ', line) if ROW.match(line)
            else line.rstrip() for line in text.splitlines()
            if not MACHINE.match(line) and not BESIDE.match(line)]


def difference(native, guest):
    """Lines of a diff without context, ["-only native", "+only guest"]."""
    return [line for line in difflib.unified_diff(native, guest, n=0,
                                                  lineterm='')
            if not line.startswith(('---', '+++', '@@'))]
