#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each hook is declared once and called by a patch."""

import delta
import hooks
import tap
from treelib import stage


def test_called():
    "each declared hook is called by a patch, and no other is"
    names = hooks.declared()
    tap.check(len(names) >= 4, f'found only {names}')
    tap.note(' '.join(sorted(names)))
    delta.empty(hooks.unwired(names, hooks.called(stage.own_series())))


def test_called_control():
    "control: a hook that nobody calls, a call that nobody declares"
    names, calls = hooks.declared(), hooks.called(stage.own_series())
    delta.red(hooks.unwired(names | {'gdbx_hook_idle'}, calls),
              'gdbx_hook_idle is declared')
    delta.red(hooks.unwired(names, calls | {'gdbx_hook_wild'}),
              'gdbx_hook_wild is called')


def test_counts():
    "the table of `monitor gdbx hooks` is read; a zero and a gap are red"
    text = '  gdbx_hook_a    7\n  gdbx_hook_b    0\n'
    seen = hooks.counts(text)
    tap.equal(seen, {'gdbx_hook_a': 7, 'gdbx_hook_b': 0})
    delta.empty(hooks.unreached({'gdbx_hook_a'}, seen))
    delta.red(hooks.unreached({'gdbx_hook_b'}, seen), 'never reached')
    delta.red(hooks.unreached({'gdbx_hook_c'}, seen), 'not counted')


tap.main(globals())
