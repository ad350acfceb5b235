#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What introspection reads of a real Linux guest is what its /proc says.

The guest's memory is a file. The machine is stopped, its memory and registers
are saved, and it is asked about itself before and after. Only what it said
twice is compared: a task may do things in between.

Environment: OSI_IMAGE (the tool), KERNEL (a key of tests/guest/kernels.py),
OSI_APPEND (kernel command line), OSI_CPU, OSI_SMP, OSI_DISK=1 (programs on a
disk with ext4), OSI_OPTIONS (of the tool: engines), OSI_MISSING (features of
`osi-image os' that this guest cannot have: what depends on them is a skip),
OSI_SAVED (a directory of saved.py: compare that, start no guest).
"""
import os
import re
import subprocess

import check_kernel as kernel
import check_processes as processes
import check_threads as threads
import tap
from answers import Stop, cached, stop
from saved import is_i386

# Which features of `os' a check needs.
CHECKS = {
    processes.every_task: ['tasks'],
    processes.identity: ['tasks'],
    processes.users: ['credentials'],
    processes.state: ['tasks'],
    processes.executable: ['exe-path'],
    processes.arguments: ['command-line'],
    processes.auxv: ['auxv'],
    processes.maps: ['mappings'],
    processes.files: ['open-files'],
    processes.directories: ['exe-path'],
    processes.credentials: ['credentials'],
    processes.namespaces: ['namespaces'],
    processes.control_group: ['control-group'],
    processes.libraries: ['libraries'],
    threads.saved_registers: ['user-registers'],
    threads.planted_registers: ['user-registers'],
    threads.planted_sse: ['fpu'],
    threads.thread_base: ['thread-base'],
    threads.system_call: ['system-calls'],
    threads.current: ['current'],
    threads.kernel_stack: ['kernel-stack'],
    kernel.modules: ['modules'],
    kernel.module_symbols: ['modules'],
    kernel.symbols: ['kallsyms'],
    kernel.types: ['btf'],
    kernel.contents: ['page-cache'],
    kernel.memory: ['mappings', 'page-cache'],
}
MISSING = os.environ.get('OSI_MISSING', '').split()


def as_test(check, needs):
    def test():
        for n in needs:
            if n in MISSING:
                raise tap.Skip(f'{n}: {feature(stop(), n)}')
        check(stop())
    test.__doc__ = check.__doc__
    return test


def feature(s, name):
    found = re.search(rf'(?m)^{name} +no +(.*)$', s.text('os'))
    return found[1] if found else 'this guest cannot'


def test_features():
    "only what this guest cannot have is said to be missing, with a reason"
    no = dict(re.findall(r'(?m)^(\S+) +no +(.*)$', stop().text('os')))
    tap.equal({k: v for k, v in no.items() if k not in MISSING}, {},
              'said to be missing')
    ok = re.findall(r'(?m)^(\S+) +ok ', stop().text('os'))
    tap.equal(sorted(set(ok) & set(MISSING)), [], 'no longer missing')
    tap.check(all(len(v) > 10 for v in no.values()), f'no reason: {no}')


# Negative controls ----------------------------------------------------------

# Check, command, whose row, which values in it are compared (one group).
CONTROLS = [
    (processes.every_task, 'tasks', 'sleeper', r'^pid=(\d+)'),
    (processes.identity, 'tasks', 'sleeper',
     r'(?:tgid|ppid|kthread|start|comm)=(\w+)'),
    (processes.users, 'tasks', 'creds', r'uid=(\w+)'),
    (processes.state, 'tasks', 'sleeper', r'state=(\w)'),
    (processes.executable, 'exe all', 'sleeper', r' /(\w+)'),
    (processes.arguments, 'args all', 'sleeper', r' (\w+)$'),
    (processes.auxv, 'auxv all', 'sleeper', r' (\w+)$'),
    (threads.saved_registers, 'regs all', 'sleeper',
     r'\b(?:rdi|rsi|rdx|rbp|rsp|rip|orig_rax)=(\w+)' if is_i386() else
     r'\b(?:rdi|rsi|rdx|r10|r8|r9|rsp|rip|orig_rax)=(\w+)'),
    (threads.planted_registers, 'regs all', 'sleeper', r'\brbx=(\w+)'),
    (threads.planted_sse, 'fpu all', 'sleeper', r'xmm7=(\w+)'),
    (threads.thread_base, 'regs all', 'sleeper',
     r'\b[fg]s_base=([1-9a-f]\w+)'),
    (threads.system_call, 'syscall all', 'sleeper',
     r'(?:nr|sp|pc|args)=(\w+)'),
    (threads.current, 'current 0', None, r'on_cpu=(\d)'),
    (processes.maps, 'maps all', 'sleeper', r'(?m)^(?:\w+-)?(\w+)'),
    (processes.files, 'files all', 'handles',
     r'(?m)^fd=(\d+)|pos=(\d+)|flags=(\d+)|/(\w+)$'),
    (processes.directories, 'cwd all', 'deleted', r'/(\w+)'),
    (processes.credentials, 'creds all', 'creds', r'[=,](\w+)'),
    (processes.namespaces, 'ns all', 'creds', r'\b(?!tgid)\w+=(\d+)'),
    (processes.control_group, 'cgroup all', 'creds', r'/(\w+)'),
    (threads.kernel_stack, 'stack all', 'sleeper', r'(?m)^  (\w+) sp'),
    (processes.libraries, 'libs all', 'dynamic', r'base=(\w+)|/(\w+)$'),
    (kernel.modules, 'modules', None,
     r'(?m)^(\w+) size|size=(\w+)|state=(\w)|base=(\w+)'),
    (kernel.symbols, 'symbols', None, r'(?m)^(\w+) (?=. do_exit$)|'
     r'^\w+ (.) do_exit$|^\w+ . (do_exit)$'),
]


class Changed:
    """A Stop that got another answer to one question."""

    def __init__(self, s, command, text):
        self.__dict__.update(s.__dict__)
        self.texts = {**s.texts, command: text}

    def __getattr__(self, name):
        return getattr(Stop, name).__get__(self)


def row_span(s, command, program):
    text = s.text(command)
    if program is None:
        return 0, len(text)
    return re.search(rf'(?ms)^pid={s.program(program)} .*?\n(?=pid=|\Z)',
                     text).span()


def other(character):
    """It stays a digit, and a hexadecimal one."""
    return dict(zip('abcdef', 'bcdefa')).get(character,
                                             chr(ord(character) ^ 1))


def changes(s, command, program, pattern):
    """(what, text) for each compared value: changed, then without its row"""
    text = s.text(command)
    start, end = row_span(s, command, program)
    for m in list(re.finditer(pattern, text[start:end]))[:40]:
        at = start + m.start(m.lastindex)
        yield m[0], text[:at] + other(text[at]) + text[at + 1:]
    if program:
        yield 'no row', text[:start] + text[end:]


def test_controls():
    "negative control: each compared value changed, each row lost, is seen"
    seen = 0
    for check, command, program, pattern in CONTROLS:
        if set(CHECKS[check]) & set(MISSING):
            continue
        s, n = stop(), 0
        for what, text in changes(s, command, program, pattern):
            try:
                check(Changed(s, command, text))
            except (tap.Failed, KeyError, ValueError):
                n += 1
                continue
            except tap.Skip:
                n += 1
                break
            raise tap.Failed(f'{check.__name__}: {what} was not noticed')
        tap.check(n, f'{check.__name__}: nothing was changed')
        seen += n
    tap.note(f'{seen} changes')


def layout(s, engines):
    """{member: offset} by some engines only, and what else is found."""
    tool = os.environ.get('OSI_IMAGE', 'osi-image')
    r = subprocess.run([tool, '--engine', engines, s.saved.ram, s.saved.regs,
                        'layout'], capture_output=True, text=True)
    rows = dict(line.rsplit(' ', 1) for line in r.stdout.splitlines())
    return {k: v.split(':')[0] for k, v in rows.items()}


def agree(types, data):
    engines = types.pop('engine', 'none'), data.pop('engine', 'none')
    if engines[0] != 'BTF':
        raise tap.Skip('a kernel without BTF')
    tap.equal(engines[1], 'data', 'engine')
    tap.check(len(data) >= 20, f'data told {len(data)} members only')
    tap.equal(data, {k: types.get(k) for k in data}, 'from data, from BTF')


def test_engines_agree():
    "without BTF and symbols, data tells the same places as both do"
    s = stop()
    types, data = layout(s, 'ts'), layout(s, 'g')
    agree(dict(types), dict(data))
    tap.note(f'{len(data)} members')
    for member in ('init_task', 'root', 'task_struct.signal'):
        wrong = {**data, member: data[member] + '0'}
        tap.fails(agree, dict(types), wrong)


def test_control_contents():
    "negative control: a byte, a page too many, a page too few"
    def spoiled(change):
        s = stop()
        bad = Changed(s, '', '')
        bad.cached = lambda at: change(*cached(s, at))
        return bad

    if set(CHECKS[kernel.contents]) & set(MISSING):
        raise tap.Skip('no page cache')
    kernel.contents(spoiled(lambda data, missing: (data, missing)))
    for change in (lambda d, m: (b'\x80' + d[1:], m),
                   lambda d, m: (d, m | {0}), lambda d, m: (d + b'x', m),
                   lambda d, m: (d[:-1], m)):
        tap.fails(kernel.contents, spoiled(change))


tap.main({k: v for k, v in globals().items() if k.startswith('test_')},
         more=[('test_' + c.__name__, as_test(c, n))
               for c, n in CHECKS.items()])
