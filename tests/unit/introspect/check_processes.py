# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of processes: each takes a Stop and raises when it and the guest
differ."""
import re

import tap
from answers import compare, first_difference, seen_inside
from proc import PF_KTHREAD

TICK_NS = 10_000_000


def every_task(s):
    "every thread is found, and no other"
    mine = set(s.tasks())
    there = set(s.twice.field('start'))
    tap.equal(sorted(there - mine), [], 'missing')
    tap.equal(sorted(mine - set(s.twice.before.tasks)
                     - set(s.twice.after.tasks)), [], 'extra')


def identity(s):
    "process, parent, start, kernel thread, name"
    def mine(name, convert):
        return {i: convert(t[name]) for i, t in s.tasks().items()}

    for key in ('tgid', 'ppid'):
        compare(s.twice.field(key), mine(key, int), key, 20)
    compare(s.twice.field('start'), mine('start', lambda v: int(v) // TICK_NS),
            'start', 20)
    compare({i: bool(f & PF_KTHREAD)
             for i, f in s.twice.field('flags').items()},
            mine('kthread', lambda v: v == '1'), 'kernel thread', 20)
    # The kernel lengthens the names of its workers for /proc.
    names = mine('comm', str)
    compare({i: True for i in s.twice.field('comm')},
            {i: i in names and (c.startswith(names[i]) if len(names[i]) == 15
                                or c.startswith('kworker') else c == names[i])
             for i, c in s.twice.field('comm').items()}, 'name', 20)


def users(s):
    "the user each task runs for"
    want = s.twice.field('uid')
    compare(want, {i: int(t['uid']) for i, t in s.tasks().items()}, 'user', 20)
    tap.check(len(set(want.values())) > 1, 'all are of one user')


def state(s):
    "state letters of tasks that rest"
    want = s.twice.resting(lambda f: {i: t['state']
                                      for i, t in f.tasks.items()})
    compare(want, {i: t['state'] for i, t in s.tasks().items()}, 'state', 15)
    tap.check({'S', 'Z', 'T', 't'} <= set(want.values()),
              f'states seen: {sorted(set(want.values()))}')


def executable(s):
    "path of the executable as the process sees it"
    compare(seen_inside(s, s.twice.file('exe')), s.rows('exe all'), 'exe', 12)


def arguments(s):
    "command line"
    want = {i: a.rstrip('\0').replace('\0', ' ')
            for i, a in s.twice.file('cmdline').items()}
    compare(want, s.rows('args all'), 'arguments', 12)


def auxv(s):
    "auxiliary vector"
    want = {i: v.encode('latin-1').hex()
            for i, v in s.twice.file('auxv').items()}
    compare(want, s.rows('auxv all'), 'auxv', 12)


def maps(s):
    "mappings, line by line"
    def lines(text):
        return [' '.join(x.split(None, 5)) for x in text.splitlines()]

    want = {i: lines(v) for i, v in s.twice.file('maps').items()}
    roots = s.twice.file('root')
    for i in want:
        root = roots.get(i, '/')
        if root != '/':
            want[i] = [x.replace(f' {root}/', ' /') for x in want[i]]
    got = {i: lines(r.partition('\n')[2])
           for i, r in s.rows('maps all').items() if i in want}
    wrong = [f'{i}: {first_difference(got.get(i), v)}'
             for i, v in want.items() if got.get(i) != v]
    tap.check(len(want) >= 12, f'only {len(want)} to compare')
    tap.check(not wrong, '; '.join(wrong[:3]))
    tap.check(max(map(len, want.values())) > 1000, 'no big process')


def files(s):
    "open files: descriptor, path, position, flags"
    def look(facts):
        found = {}
        for pid in facts.users():
            infos = facts.entries(pid, 'fdinfo')
            for fd, path in facts.entries(pid, 'fd').items():
                info = dict(re.findall(r'(?m)^(\w+):\s+(\w+)',
                                       infos.get(fd, '')))
                if info:
                    found[pid, int(fd)] = (path, info['pos'], info['flags'])
        return found

    want = s.twice.same(look)
    roots = s.twice.file('root')
    for pid, fd in want:
        root, path = roots.get(pid, '/'), want[pid, fd][0]
        if root != '/' and path.startswith(root + '/'):
            want[pid, fd] = (path[len(root):],) + want[pid, fd][1:]
    got = {}
    for pid, rest in s.rows('files all').items():
        for r in re.findall(r'(?ms)^fd=(\d+) object=\w+ pos=(\d+) flags=(\w+) '
                            r'inode=\d+ (.*?)$(?=\nfd=|\Z)', rest):
            got[pid, int(r[0])] = (r[3], r[1], r[2])
    compare(want, got, 'open files', 40)
    had = {pid for pid, _ in want}
    extra = [k for k in got if k[0] in had and k not in want
             and k[1] not in look(s.twice.after)]
    tap.check(not [k for k in extra if k[0] == s.program('handles')],
              f'not open in the guest: {extra[:5]}')


def directories(s):
    "working and root directory"
    roots = s.twice.file('root')
    compare(roots, s.rows('root all'), 'root', 12)
    # As getcwd(2) tells the process, which /proc shows from outside.
    want = seen_inside(s, s.twice.file('cwd'))
    for i, path in s.twice.file('cwd').items():
        if roots.get(i, '/') != '/' and want[i] == path:
            want[i] = '/' if path == roots[i] else '(unreachable)' + path
    compare(want, s.rows('cwd all'), 'cwd', 12)


def credentials(s):
    "ids, groups and capabilities"
    def look(facts):
        out = {}
        for pid in facts.users():
            st = facts.tasks[pid]['status']
            caps = [st.get('Cap' + c, [''])[0]
                    for c in ('Inh', 'Prm', 'Eff', 'Bnd', 'Amb')]
            out[pid] = (f"uid={','.join(st['Uid'])} gid={','.join(st['Gid'])} "
                        f"caps={','.join(caps)} "
                        f"groups={','.join(st.get('Groups', []))}")
        return out

    compare(s.twice.same(look), s.rows('creds all'), 'credentials', 12)


NAMESPACES = {'mnt': 'mnt', 'pid': 'pid_ns', 'net': 'net', 'uts': 'uts',
              'ipc': 'ipc', 'user': 'user', 'cgroup': 'cgroup',
              'time': 'time'}


def namespaces(s):
    "namespaces, and the ids inside"
    def look(facts):
        out = {}
        for pid in facts.users():
            links = facts.entries(pid, 'ns')
            inside = facts.tasks[pid]['status'].get('NSpid', [str(pid)])
            out[pid] = {NAMESPACES[k]: re.search(r'\d+', v)[0]
                        for k, v in links.items() if k in NAMESPACES}
            out[pid].update(pid_inside=inside[-1],
                            level=str(len(inside) - 1))
        return out

    want = s.twice.same(look)
    rows = {i: dict(w.split('=') for w in r.split())
            for i, r in s.rows('ns all').items() if '=' in r
            and not r.startswith('error')}
    got = {i: {k: r[k] for k in want[i]} for i, r in rows.items() if i in want}
    compare(want, got, 'namespaces', 12)
    tap.check(len({v.get('pid_ns') for v in want.values()}) >= 2,
              'all in one namespace')


def control_group(s):
    "control group"
    want = {i: m[1] for i, v in s.twice.file('cgroup').items()
            for m in [re.search(r'(?m)^0::(.*)$', v)] if m}
    if not want:
        raise tap.Skip('this kernel has no control groups')
    compare(want, s.rows('cgroup all'), 'control group', 12)
    tap.check(len(set(want.values())) > 1, 'all in one group')


def libraries(s):
    "the dynamic linker's list is what the dynamic linker says"
    tap.check(s.saved.objects, 'no dynamic program')
    for pid, text in s.saved.objects.items():
        want = [x.split(' ') for x in text.splitlines()]
        got = [[m[0], m[1]] for m in re.findall(
            r'(?m)^\w+ base=(\w+) dynamic=\w+ (.*)$',
            s.rows('libs all')[int(pid)])]
        # The kernel's own object has a name for dl_iterate_phdr() only.
        want = [[b, '' if n.startswith('linux-') else n] for b, n in want]
        got = [[b, '' if n.startswith('linux-') else n] for b, n in got]
        tap.equal(got, want, f'libraries of {pid}')
