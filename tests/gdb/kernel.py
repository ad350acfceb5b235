# SPDX-License-Identifier: GPL-2.0-or-later
"""What gdb shows of the kernel, in values, and what the guest says of it."""
import re

import tap

TASK_IDS = 10000000     # added to the guest's thread ids
USER_END = 1 << 63

FRAME = re.compile(r'(?m)^#\d+ +(?:0x(\w+) in )?(.+?)(?: \(|$)')


def frames(text, symbols):
    """[(pc, name)] of a backtrace; a frame at the first byte of a function
    is shown without its address."""
    out = []
    for pc, name in FRAME.findall(text):
        if pc or name in symbols:
            out.append((int(pc, 16) if pc else min(symbols[name]), name))
    return out


def backtraces(gdb, symbols):
    """{guest tid: frames} of the machine's threads that are tasks."""
    text, out = gdb.cmd('thread apply all backtrace'), {}
    parts = re.split(r'(?m)^Thread [\d.]+ \(Thread \d+\.(\d+)[^\n]*\n', text)
    for tid, body in zip(parts[1::2], parts[2::2]):
        if TASK_IDS < int(tid) < 2 * TASK_IDS:
            out[int(tid) - TASK_IDS] = frames(body, symbols)
    return out


def symbols(oracle):
    """{name: {addresses}} of /proc/kallsyms, modules too."""
    out = {}
    for line in oracle.compressed('read', '/proc/kallsyms').decode() \
            .splitlines():
        words = line.split()
        out.setdefault(words[2], set()).add(int(words[0], 16))
    return out


def hidden(known):
    """[(start, end)]: functions that /proc/PID/stack leaves out."""
    return [(min(known[f'__{k}_text_start']), min(known[f'__{k}_text_end']))
            for k in ('sched', 'lock') if f'__{k}_text_start' in known]


def stacks(oracle):
    """{tid: (text of its stack, how often it was switched)} of threads that
    have a stack and do not run."""
    out, raw = {}, oracle.dump()
    for path, text in raw.items():
        m = re.fullmatch(r'.*?/?(?:\d+/task/)?(\d+)/stack', path)
        if m and text:
            status = raw.get(path[:-len('stack')] + 'status', b'').decode()
            out[int(m[1])] = (text.decode(),
                              re.findall(r'(?m)^\w+_ctxt_switches:.*', status))
    return out


def check_stack(text, shown, known):
    """What gdb shows is what the guest says, but for functions of waiting,
    which the guest leaves out, and the frame in user mode behind it."""
    want = [(name, int(off, 16)) for name, off in re.findall(
        r'\] (\S+)\+(0x\w+)/0x\w+', text)]
    kernel = [f for f in shown if f[0] >= USER_END]
    skip = len(kernel) - len(want)
    tap.check(skip >= 0, f'{shown} but the guest says {text!r}')
    for pc, name in kernel[:skip]:
        tap.check(any(a <= pc < b for a, b in hidden(known)),
                  f'{name} is not in {text!r}')
    for (pc, name), (wanted, offset) in zip(kernel[skip:], want):
        tap.equal(name, wanted, f'function at {pc:#x}')
        tap.check(pc - offset in known[wanted], f'{pc:#x}: {wanted}+{offset}')
