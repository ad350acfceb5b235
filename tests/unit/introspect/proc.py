# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's /proc, as fields that can be compared.

What is compared is what the guest said twice the same, before and after the
stop: a task may do things in between.
"""
import re

PF_KTHREAD = 0x200000
TID = re.compile(r'(\d+)/task/(\d+)/stat')


def stat(text):
    """proc(5): the name may hold blanks and brackets, it ends at the last
    one."""
    comm = text[text.index('(') + 1:text.rindex(')')]
    words = text[text.rindex(')') + 2:].split()
    return {'comm': comm, 'state': words[0], 'ppid': int(words[1]),
            'flags': int(words[6]), 'start': int(words[19]),
            'cpu': int(words[36])}


def status(text):
    """{key: list of words}"""
    return {k: v.split() for k, _, v in
            (line.partition(':') for line in text.splitlines())}


class Facts:
    """One look at /proc: {path: text}."""

    def __init__(self, files):
        self.files = files
        self.tasks = {}
        for path, text in files.items():
            found = TID.fullmatch(path)
            if found and f'{path}us' in files:
                tid = int(found[2])
                task = self.tasks[tid] = stat(text)
                task['tgid'] = int(found[1])
                task['dir'] = path[:-len('/stat')]
                task['status'] = status(files[f'{path}us'])
                task['uid'] = int(task['status']['Uid'][0])
                task['ran'] = self.ran(task)

    def ran(self, task):
        """What changes whenever a task has been on a CPU."""
        return (self.files.get(task['dir'] + '/schedstat'),
                task['status'].get('voluntary_ctxt_switches'),
                task['status'].get('nonvoluntary_ctxt_switches'))

    def users(self):
        """Processes that have memory of their own."""
        return [t for t, task in self.tasks.items() if task['tgid'] == t
                and not task['flags'] & PF_KTHREAD and task['state'] != 'Z']

    def of(self, pid, name):
        return self.files.get(f'{pid}/{name}')

    def entries(self, pid, name):
        """{name: text} of a directory of a process."""
        top = f'{pid}/{name}/'
        return {k[len(top):]: v for k, v in self.files.items()
                if k.startswith(top)}


class Twice:
    """Two looks, and what they agree on."""

    def __init__(self, saved):
        self.before, self.after = Facts(saved.before), Facts(saved.after)

    def same(self, look):
        """{id: value}; look(facts) -> {id: value}"""
        one, two = look(self.before), look(self.after)
        return {i: v for i, v in one.items() if i in two and two[i] == v}

    def resting(self, look):
        """The same of tasks that did not run in between."""
        rest = self.same(lambda f: {i: t['ran'] for i, t in f.tasks.items()})
        return {i: v for i, v in self.same(look).items() if i in rest}

    def field(self, key):
        return self.same(lambda f: {i: t[key] for i, t in f.tasks.items()})

    def file(self, name, empty=False):
        """Of processes; a kernel thread's are empty or not there."""
        found = self.same(lambda f: {p: f.of(p, name) for p in f.users()})
        return {p: v for p, v in found.items()
                if v is not None and (v or empty)}

    def thread_file(self, name):
        """Of threads that rest; those of the kernel too."""
        found = self.resting(lambda f: {
            i: f.files.get(f"{t['dir']}/{name}") for i, t in f.tasks.items()})
        return {i: v for i, v in found.items() if v is not None}
