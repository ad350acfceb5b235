#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""From the first instruction on, a guest that is stopped anywhere in its boot
has an answer: "no OS" with a reason, or a Linux with as much as there is.

The machine is stopped again and again until the guest says that it is ready;
osi-image looks at its memory each time, once with all engines and once with
nothing but data.

Environment: OSI_IMAGE (the tool), KERNEL (a key of tests/guest/build.py),
OSI_APPEND, OSI_CPU.
"""
import os
import re
import select
import subprocess
import tempfile

import tap
from vm import VM

STEP = 0.3      # seconds that the guest runs between two looks, if not ready
FIRST = ('CR0', 'CR3', 'CR4', 'EFER')
SELECTORS = {'gs_base': 'GS', 'fs_base': 'FS', 'tr_base': 'TR'}


def registers(vm):
    """Register file of osi-image out of QEMU's own words."""
    out = []
    for i, text in enumerate(vm.qmp.hmp('info registers -a').split('CPU#')[1:]):
        def value(name, text=text):
            return re.search(rf'\b{name}\s*=\s*([0-9a-f]+)', text)[1]
        rows = {name.lower(): value(name) for name in FIRST}
        for key, name in SELECTORS.items():
            rows[key] = re.search(rf'\b{name}\s*=\s*[0-9a-f]+ ([0-9a-f]+)',
                                  text)[1]
        wide = 'RIP=' in text
        rows['rip'] = value('RIP' if wide else 'EIP')
        rows['rsp'] = value('RSP' if wide else 'ESP')
        rows['idt_base'] = value('IDT')
        rows['cpl'] = value('CPL')
        out += [f'index={i:x}', *(f'{k}={v}' for k, v in rows.items())]
    return '\n'.join(out) + '\n'


class Look:
    """What osi-image said at one stop: {engines: rows of features}."""

    def __init__(self, ram, regs, engines):
        tool = os.environ.get('OSI_IMAGE', 'osi-image')
        r = subprocess.run([tool, '--engine', engines, ram, regs, 'os'],
                           capture_output=True, text=True, timeout=120)
        tap.check(r.returncode in (0, 1), f'exit {r.returncode}: {r.stderr}')
        self.name, *lines = r.stdout.splitlines()
        self.rows = {}
        for line in lines:
            m = re.match(r'(\S+) +(ok|no) +(.*)', line)
            if m:
                self.rows[m[1]] = (m[2] == 'ok', m[3])

    def check(self):
        """No refusal without a reason."""
        tap.check(self.rows, 'there is no evidence')
        for name, (_, text) in self.rows.items():
            tap.check(len(text) > 1, f'{name}: says nothing')
        tap.equal(self.name == 'no OS', 'os' in self.rows, self.name)

    def stage(self):
        if self.name == 'no OS':
            return self.rows['os'][1]
        return 'tasks' if self.rows['tasks'][0] else self.rows['tasks'][1]


def boot():
    """[(look with all engines, look with data alone)] of one boot."""
    looks = []
    with tempfile.TemporaryDirectory(prefix='gdbx-early-') as d:
        ram, regs = os.path.join(d, 'ram'), os.path.join(d, 'regs')
        with VM(os.environ.get('KERNEL', '6.12'), ['busy-a'], memory='256M',
                cpu=os.environ.get('OSI_CPU'), gdb=None, paused=True,
                append=os.environ.get('OSI_APPEND', ''), extra=[
                    '-machine', 'pc,memory-backend=ram', '-object',
                    'memory-backend-file,id=ram,size=256M,share=on,'
                    f'mem-path={ram}']) as vm:
            ready = False
            while True:
                with open(regs, 'w') as f:
                    f.write(registers(vm))
                looks.append((Look(ram, regs, 'ptgs'), Look(ram, regs, 'g')))
                if ready:       # this look was at a guest that is
                    break
                vm.qmp.command('cont')
                ready = bool(select.select([vm.oracle.sock], [], [], STEP)[0])
                if ready:
                    vm.wait_ready()     # it has only begun to say so
                vm.qmp.command('stop')
    return looks


LOOKS = []


def looks():
    if not LOOKS:
        LOOKS.extend(boot())
        last = None
        for i, pair in enumerate(LOOKS):
            said = [x.stage() for x in pair]
            if said != last:
                tap.note(f'stop {i}: {said[0]} / {said[1]}')
            last = said
    return LOOKS


def test_always_an_answer():
    "at each stop: a reason, or what was found; never a crash"
    for pair in looks():
        for look in pair:
            look.check()


def test_begins_with_no_os():
    "in front of the first instruction there is no OS, and that is normal"
    for look in looks()[0]:
        tap.equal(look.name, 'no OS')
        tap.contains(look.rows['os'][1], 'paging')


def test_ends_with_tasks():
    "when the guest is ready, all is there, by whatever engine"
    for look in looks()[-1]:
        tap.check(look.rows['tasks'][0], look.rows['tasks'][1])
        tap.check(look.name.startswith('Linux '), look.name)


def test_never_lost():
    "what was recognised once is recognised at each later stop"
    for n in (0, 1):
        names = [pair[n].name for pair in looks()]
        first = next(i for i, name in enumerate(names) if name != 'no OS')
        tap.check(all(x == names[first] for x in names[first:]),
                  f'{names[first:]}')


if __name__ == '__main__':
    tap.main(globals())
