#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark runs and its report is whole. No figure is judged here: a
test that fails because a machine is busy proves nothing."""
import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]
import report  # noqa: E402
import tap  # noqa: E402

WANTED = ('machine.cpu', 'versions.patched', 'versions.pristine', 'date',
          'conditions.pristine.median', 'conditions.patched.median',
          'conditions.ratio', 'page_sharing.pristine.slowdown',
          'page_sharing.patched.slowdown', 'boot.pristine.wall.median',
          'boot.patched.cpu_percent_over_pristine',
          'boot.patched_stub_idle.cpu.median', 'points.round_trip.ms',
          'introspection.few.ours.median', 'introspection.few.own.median',
          'introspection.many.ours.median', 'introspection.many.ours.count',
          'processes.attach.guest.attach.median',
          'processes.threads.guest.Ctrl-C.median',
          'processes.busy_line.ratio',
          *(f'replays.recording.{k}.median'
            for k in ('counted', 'pristine', 'patched')),
          *(f'replays.forwards.{k}.ratio'
            for k in ('pristine', 'patched', 'gdb', 'gdb_points')),
          'replays.back.steps.median', 'replays.back.steps.percent99',
          'replays.back.finds.false.ratio', 'replays.log.bytes_a_second',
          'replays.idle.pristine.median', 'replays.idle.patched.median',
          'replays.lines.instructions', 'replays.lines.reverse_next.median',
          'replays.lines.reverse_finish.median', 'replays.lines.next.median',
          'replays.back.memory.peak', 'replays.back.memory.budget',
          'replays.forwards.pristine.peak_mib',
          'replays.log.zlib_a_second', 'replays.back.checkpoints.pages',
          'replays.back.checkpoints.take_ms',
          'replays.back.checkpoints.restore_ms',
          *(f'points.pairs.{name}.slowdown' for name in report.PAIRS),
          *(f'events.pairs.{name}.slowdown' for name in report.EVENTS),
          'events.trace.text.lost', 'events.trace.binary.lost',
          'events.trace.chrome.lost')
result = {}


def look_up(tree, path):
    for name in path.split('.'):
        tap.check(isinstance(tree, dict) and name in tree, f'no {path}')
        tree = tree[name]
    return tree


def check_whole(tree):
    for path in WANTED:
        value = look_up(tree, path)
        tap.check(value not in (None, ''), f'{path} is empty')
        if path.endswith(('median', 'ratio', 'slowdown')):
            tap.check(value > 0, f'{path} is {value}')


def test_runs():
    "all measurements run and the JSON has every figure"
    with tempfile.TemporaryDirectory() as top:
        where = Path(top) / 'bench.json', Path(top) / 'numbers.md'
        p = subprocess.run([sys.executable, HERE / 'bench.py', '--smoke',
                            '--json', where[0], '--page', where[1]],
                           capture_output=True, text=True)
        tap.equal(p.returncode, 0, p.stderr[-500:])
        result.update(json.loads(where[0].read_text()))
        tap.contains(where[1].read_text(), '# Numbers')
    check_whole(result)
    for row in result['introspection']['kernels']:
        for name in ('detection', 'tasks', 'mappings'):
            tap.check(row[name]['median'] > 0, row)


def test_check_notices_a_missing_figure():
    "negative control: a report without a figure is not whole"
    tap.check(result, 'the benchmark did not run')
    for path in WANTED:
        broken = copy.deepcopy(result)
        *parents, name = path.split('.')
        tree = broken
        for parent in parents:
            tree = tree[parent]
        del tree[name]
        tap.fails(check_whole, broken)


def test_page_is_made_of_the_json():
    "the page shows the figures of the JSON"
    tap.check(result, 'the benchmark did not run')
    text = report.page(result)
    tap.contains(text, f"{result['conditions']['patched']['median']:,.0f}")
    tap.contains(text, result['versions']['kernel'])


tap.main(globals())
