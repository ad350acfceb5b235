#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`info os processes' and `info os threads' say what the guest's /proc says.

The guest cannot be asked while gdb holds it, so it is asked before and after:
a task that both lists have, unchanged, must be in gdb's table; what gdb shows
beside those must be in one of them.
"""
import common
import tap
from fixture import kernel

guest = common.Guest(run=['busy-a', 'busy-b', 'threads', 'sleeper'], smp=2)


def lists(kind):
    """(guest before, gdb's rows, guest after)"""
    before = guest.boot().oracle.tasks()
    with guest.gdb() as (vm, gdb):
        rows = gdb.os_table(kind)
        gdb.cmd('detach')
        return before, rows, vm.oracle.tasks()


def leaders(tasks):
    return {t['tid']: t for t in tasks if t['tid'] == t['tgid']}


def compare(before, shown, after, equal):
    """@shown: {id: row}; @equal(task, row) -> list of differences."""
    tap.check(len(shown) > 10, f'only {len(shown)} rows')
    stable = {i: t for i, t in before.items()
              if i in after and after[i]['start'] == t['start']}
    missing = sorted(set(stable) - set(shown))
    tap.check(not missing, f'not in the table: {missing}')
    extra = sorted(set(shown) - set(before) - set(after))
    tap.check(not extra, f'the guest does not know: {extra}')
    wrong = [f'{i}: {d}' for i in stable for d in equal(stable[i], shown[i])]
    tap.check(not wrong, 'differences: ' + '; '.join(wrong[:10]))


def process_differs(task, row):
    # A kernel worker's name in /proc has its work queue behind the comm.
    name = task['comm'].split('-')[0].split('+')[0] \
        if task['comm'].startswith('kworker') else task['comm']
    # Nothing in the data of a kernel without types proves whose a task is.
    user = '?' if 'i386' in kernel() else str(task['uid'])
    return [f'{key} is {row.get(key)}, not {want}' for key, want in
            (('ppid', str(task['ppid'])), ('user', user))
            if row.get(key) != want] + \
        ([] if row['name'].startswith(name[:15]) else
         [f"name is {row['name']}, not {name}"])


def thread_differs(task, row):
    return [] if row['pid'] == str(task['tgid']) else [
        f"pid is {row['pid']}, not {task['tgid']}"]


def test_processes():
    "every process with its parent, user and name, no other"
    before, rows, after = lists('processes')
    compare(leaders(before), {int(r['pid']): r for r in rows},
            leaders(after), process_differs)


def test_threads():
    "every thread with its process, no other"
    before, rows, after = lists('threads')
    compare({t['tid']: t for t in before}, {int(r['tid']): r for r in rows},
            {t['tid']: t for t in after}, thread_differs)


def test_threads_have_names():
    "the threads of a program under the names which it gave them"
    _, rows, _ = lists('threads')
    pid = str(guest.pids['threads'])
    names = {r['command'] for r in rows if r['pid'] == pid}
    tap.equal(names, {'threads', 'sleeper', 'waiter', 'spinner'}, 'names')


def test_command_lines():
    "the command column is the guest's own command line"
    _, rows, _ = lists('processes')
    by_pid = {int(r['pid']): r['command'] for r in rows}
    for name, pid in guest.pids.items():
        want = guest.vm.oracle.proc(pid, 'cmdline').rstrip(b'\0')
        tap.equal(by_pid[pid], want.replace(b'\0', b' ').decode(), name)


def test_check_notices_differences():
    "negative control: a missing row, a strange one and a wrong name are seen"
    before, rows, after = lists('processes')
    good = {int(r['pid']): r for r in rows}
    pid = guest.pids['busy-a']
    cut = {i: r for i, r in good.items() if i != pid}
    odd = {**good, 99999: good[1]}
    bad = {**good, pid: {**good[pid], 'name': 'other'}}
    for rows in (cut, odd, bad, {}):
        tap.fails(compare, leaders(before), rows, leaders(after),
                  process_differs)


tap.main(globals())
