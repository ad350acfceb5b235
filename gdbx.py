# SPDX-License-Identifier: GPL-2.0-or-later
"""Shorter ways to type what `monitor gdbx' does; for gdb 13 and later.

    (gdb) source gdbx.py
    (gdb) target extended-remote :1234
    (gdb) catch exception pf user
    (gdb) tcatch io serial out if $_value == 10
    (gdb) catch task-switch process ($_ospid("init"))

Nothing here is needed: each command says which `monitor gdbx' it is. A word in
parentheses in front of `if' is an expression of gdb's, replaced by its value.
The settings of gdbx.gdb, which is beside this file, are made too.
"""
import os

import gdb

# name behind catch -> (what follows `monitor gdbx break', one line)
KINDS = {
    'exception': ('exception', "a CPU's exception, in front of its handler"),
    'interrupt': ('interrupt', 'an external interrupt, in front of its handler'),
    'io': ('io', 'an access to a port or to the memory of a device'),
    'mmio': ('mmio', "an access to a device's memory"),
    'pci': ('pci', 'an access to PCI configuration space'),
    'msr': ('msr', 'a read or write of a model-specific register'),
    'register': ('register', 'an instruction that reads or writes a register'),
    'insn': ('insn', 'an instruction of some kind'),
    'task-switch': ('os switch', 'a switch of a CPU to another task'),
}


def monitor(line):
    """What `monitor gdbx LINE' says, or a gdb.GdbError."""
    try:
        text = gdb.execute('monitor gdbx ' + line, to_string=True)
    except gdb.error as e:
        raise gdb.GdbError(f'monitor gdbx {line}: {e}') from None
    if text.startswith(('gdbx:', 'usage:')):
        raise gdb.GdbError(text.strip())
    return text


def parenthesis(text):
    """Length of the part in parentheses that @text begins with."""
    depth = 0
    for i, c in enumerate(text):
        depth += (c == '(') - (c == ')')
        if not depth:
            return i + 1
    raise gdb.GdbError('a parenthesis is not closed: ' + text)


def expanded(args):
    """Words in parentheses become numbers, up to `if'."""
    done, rest = [], args.strip()
    while rest and rest.split()[0] != 'if':
        size = (parenthesis(rest) if rest[0] == '('
                else len(rest.split()[0]))
        word, rest = rest[:size], rest[size:].strip()
        if word[0] == '(':
            bits = (1 << 64) - 1
            word = hex(int(gdb.parse_and_eval(word)) & bits)
        done.append(word)
    return ' '.join(done + ([rest] if rest else []))


class Catch(gdb.Command):
    """One of these in `catch' and `tcatch'."""

    def __init__(self, prefix, name, what, doc):
        once = prefix == 'tcatch'
        self.what, self.once = what, once
        self.__doc__ = (
            f"Stop at {doc}{', once' if once else ''}.\n\n"
            f"Usage: {prefix} {name} FILTER... [process PID] [thread TID]\n"
            "         [cpl N] [if CONDITION] [after N]\n\n"
            f"The same as: monitor gdbx break {what} ..."
            f"{' once' if once else ''}\n"
            f"Filters: monitor gdbx help {what.split()[0]}\n"
            "Listed by `monitor gdbx points', removed by `monitor gdbx delete "
            "N'.")
        super().__init__(f'{prefix} {name}', gdb.COMMAND_BREAKPOINTS)

    def invoke(self, args, from_tty):
        args = expanded(args)
        if self.once:
            # Behind a condition nothing can follow.
            parts = (' ' + args).partition(' if ')
            args = f'{parts[0]} once{parts[1]}{parts[2]}'.strip()
        gdb.write(monitor(f'break {self.what} {args}'.rstrip()))


class Task(gdb.Function):
    """$_ospid() or $_ostid(): the guest's process or thread on the selected
    thread's CPU, 0 if there is none. $_ospid("NAME"): a process of that name.

    ($ospid itself is a register, which gdb would try to call.)"""

    def __init__(self, name):
        self.register = name
        super().__init__('_' + name)

    def invoke(self, name=None):
        if name is None:
            frame = gdb.newest_frame()
            return int(frame.read_register(self.register))
        return by_name(name.string())


def by_name(name):
    """Of `info os processes': columns pid, user, command."""
    for line in gdb.execute('info os processes', to_string=True).splitlines():
        words = line.split(None, 3)
        if len(words) > 2 and words[0].isdigit():
            program = words[2].strip('[]')
            if name in (program, os.path.basename(program)):
                return int(words[0])
    raise gdb.GdbError(f'the guest has no process {name}')


def settings():
    here = os.path.dirname(os.path.abspath(__file__))
    gdb.execute('source ' + os.path.join(here, 'gdbx.gdb'))


for kind, (command, line) in KINDS.items():
    for before in ('catch', 'tcatch'):
        Catch(before, kind, command, line)
for function in ('ospid', 'ostid'):
    Task(function)
settings()
