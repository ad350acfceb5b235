#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our files beside QEMU's: no path is both, and all of them are linked."""

import os
import tempfile

import delta
import tap
from treelib import gates, stage
from treelib.common import Failure, build


def own():
    return list(stage.own_paths())


def test_apart():
    "no path of ours is QEMU's, and no patch edits a file of ours"
    tap.note(f'{len(own())} files of ours')
    tap.check(len(own()) > 5, 'the overlay is not found')
    delta.empty(gates.overlay(own(), delta.pristine(), stage.own_series()))


def test_sees_collision():
    "control: a file of ours with the name of one of QEMU's"
    delta.red(gates.overlay(own() + ['gdbstub/gdbstub.c'], delta.pristine(),
                            stage.own_series()), 'gdbstub/gdbstub.c')


def test_sees_patched_own_file():
    "control: a patch that edits a file of ours, existing or new"
    for path in ('gdbstub/gdbx/main.c', 'hw/new-room/x.c'):
        def redirect(text, to=path):
            return text.replace('a/meson.build', 'a/' + to).replace(
                'b/meson.build', 'b/' + to)
        with delta.corrupted(redirect) as series:
            delta.red(gates.overlay(own(), delta.pristine(), series), path)


def test_links():
    "every file of ours is seen in the staged tree"
    tree = build('patched', 'src')
    delta.pristine()
    stage.lay_links(tree, delta.pristine())
    delta.empty(gates.staged_links(tree, own(), delta.pristine()))


def test_links_control():
    "control: a file that was not linked is noticed"
    delta.red(gates.staged_links(
        build('patched', 'src'), own() + ['hw/core/not-there.c'],
        delta.pristine()), 'hw/core/not-there.c')


def test_plan():
    "one link for a directory that QEMU lacks, else one for each file"
    with tempfile.TemporaryDirectory() as tree:
        os.makedirs(os.path.join(tree, 'include/exec'))
        links = stage.plan_links(
            ['introspect/a.c', 'introspect/b/c.c', 'include/exec/x.h',
             'include/gdbx/y.h'], tree)
        tap.equal(links, {'introspect', 'include/exec/x.h', 'include/gdbx'})
        with open(os.path.join(tree, 'include/exec/x.h'), 'w',
                  encoding='utf-8'):
            pass
        tap.fails(stage.plan_links, ['include/exec/x.h'], tree,
                  exception=Failure)


tap.main(globals())
