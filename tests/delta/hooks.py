# SPDX-License-Identifier: GPL-2.0-or-later
"""The hooks as three places know them: the header, the patches, QEMU."""

import re

from treelib.common import top


def declared():
    """Names that include/gdbstub/hooks.h declares."""
    with open(top('include/gdbstub/hooks.h'), encoding='utf-8') as f:
        code = re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)
    return set(re.findall(r'\b(gdbx_hook_\w+)\s*\(', code))


def called(series):
    """Names that lines added by the patches call."""
    added = [line for p in series.patches for line in p.text.splitlines()
             if line.startswith('+') and not line.startswith('+++')]
    return set(re.findall(r'\b(gdbx_hook_\w+)\s*\(', '\n'.join(added)))


def unwired(names, calls):
    """Complaints about hooks that nothing calls, or nothing declares."""
    return ([f'{n} is declared and no patch calls it'
             for n in sorted(names - calls)]
            + [f'{n} is called and not declared'
               for n in sorted(calls - names)])


def counts(text):
    """{name: calls} of what `monitor gdbx hooks` prints."""
    return {m[1]: int(m[2]) for m in
            re.finditer(r'^\s*(gdbx_hook_\w+)\s+(\d+)\s*$', text, re.M)}


def unreached(names, seen):
    """Complaints about hooks that QEMU did not reach."""
    return [f'{n} was never reached' if n in seen else
            f'{n} is not counted by `monitor gdbx hooks`'
            for n in sorted(names) if not seen.get(n)]
