#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same programs, the same gdb, the same commands: on the host by
gdbserver, in the guest by the stub. What gdb prints must be the same.

A script scripts/GROUP/NAME.gdb is what a person types once the program is
attached to and was told to go on (`set var go = 1'). Its comments say which:

    # program: basics one two      (with arguments)
    # bits: 32                     (of the program)

SCRATCH in it is a directory that each side has for itself.

NAME.differs beside it lists lines in which the sides may differ, as a diff,
with the reasons as comments; each of them must really be seen. Where a newer
gdb has other words, NAME.differs-16 is for that one. Environment:
GROUP (some, by commas), KERNEL, SMP, GDB; DIFFER_SHOW=1 shows what each side printed.
"""
import atexit
import difflib
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]
import programs  # noqa: E402
import tap  # noqa: E402
from gdbrun import check_version, find_gdb  # noqa: E402
from normal import difference, normal  # noqa: E402
from sides import Guest, Native  # noqa: E402
from vm import ROOT  # noqa: E402

SCRIPTS = HERE / 'scripts'
MARK = '@@@ from here on @@@'
SETTINGS = [
    'set prompt', 'set confirm off', 'set pagination off', 'set width 0',
    'set height 0', 'set style enabled off', 'set debuginfod enabled off',
    'set print thread-events off', f'directory {ROOT}',
]
DEADLINE = 40


class Script:
    def __init__(self, path):
        self.path = path
        self.name = f'{path.parent.name}/{path.stem}'
        self.lines = path.read_text().splitlines()
        words = self.word('program', 'basics').split()
        self.program, self.args = words[0], words[1:]
        self.bits = int(self.word('bits', '64'))
        self.go = self.word('go', 'yes') == 'yes'

    def word(self, key, default):
        for line in self.lines:
            m = re.match(rf'# {key}: (.*)', line)
            if m:
                return m[1].strip()
        return default

    def title(self):
        """Its first comment, the one without a key."""
        for line in self.lines:
            if line.startswith('# ') and not re.match(
                    '# (program|bits|go|SPDX-License-Identifier): ', line):
                return line[2:]
        return self.name

    def typed(self):
        return [line for line in self.lines
                if line and not line.startswith('#')]

    def differences(self, gdb):
        """Lines of diff that are known."""
        newest = self.path.with_suffix(f'.differs-{check_version(gdb)[0]}')
        known = newest if newest.exists() else \
            self.path.with_suffix('.differs')
        if not known.exists():
            return []
        return [line for line in known.read_text().splitlines()
                if line and not line.startswith('#')]


def type_all(gdb, lines, log):
    """Everything that gdb prints when these lines are typed."""
    with subprocess.Popen([gdb, '-q', '-nx'], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          cwd=ROOT, start_new_session=True) as process:
        try:
            out, _ = process.communicate('\n'.join(lines).encode() + b'\n',
                                         timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            out += b'\nthe suite: gdb did not end in time\n'
    text = out.decode('utf-8', 'replace')
    log.write_text(text)
    return text


def one_side(side, script, args):
    """What gdb prints of @script there, as normal lines."""
    gdb = find_gdb()
    log = programs.OUT / 'logs' / f'{script.name}.{side.name}'
    scratch = programs.OUT / f'scratch-{side.name}'
    for directory in (log.parent, scratch):
        directory.mkdir(parents=True, exist_ok=True)
    typed = [line.replace('SCRATCH', str(scratch)) for line in script.typed()]
    pid = side.start(script.program, args)
    try:
        text = type_all(gdb, [
            *SETTINGS, *side.typed(pid),
            *(['set var go = 1'] if script.go else []),
            f'echo \\n{MARK}\\n', 'set trace-commands on', *typed],
            log)
    finally:
        side.end()
    head, mark, rest = text.partition('\n' + MARK + '\n')
    if not mark:
        raise tap.Failed(f'{side.name}: gdb did not get to the script: '
                         f'{head[-600:]}')
    return normal(rest.replace(str(scratch), 'SCRATCH'), programs.FILES,
                  script.bits)


def general(line):
    """What is known of a difference holds for any compiler and gdb."""
    line = re.sub(r'condition for breakpoint \d+:', 'breakpoint condition:',
                  line)
    return re.sub('0x[0-9a-f]+|@[0-9]+', '@', line)


class Suite:
    def __init__(self):
        self.sides = None

    def both(self):
        if not self.sides:
            native, guest = Native(), Guest()
            atexit.register(guest.close)
            guest.boot()
            self.sides = native, guest
        return self.sides

    def outputs(self, script, guest_args=None):
        native, guest = self.both()
        if not (programs.FILES / 'bin' / script.program).exists():
            raise tap.Skip(f'{script.program} cannot be built here: no '
                           + programs.PROGRAMS[script.program][0])
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(one_side, native, script, script.args),
                    pool.submit(one_side, guest, script,
                                script.args if guest_args is None
                                else guest_args)]
        return [r.result() for r in runs]

    def compare(self, script, guest_args=None):
        native, guest = self.outputs(script, guest_args)
        if os.environ.get('DIFFER_SHOW'):
            for name, lines in (('native', native), ('guest', guest)):
                tap.note(f'---------- {name}')
                tap.note('\n'.join(lines))
        got, known = difference(native, guest), script.differences(find_gdb())
        if [general(d) for d in got] == [general(d) for d in known]:
            return
        for line in difflib.unified_diff(native, guest, 'native', 'guest',
                                         lineterm=''):
            tap.note(line)
        raise tap.Failed(
            f'{len(got)} lines differ'
            + (f', {len(known)} others are known' if known else ''))


suite = Suite()


def case(path):
    script = Script(path)

    def run():
        suite.compare(script)

    run.__doc__ = script.title()
    return script.name, run


def test_check_notices_another_program():
    "negative control: the guest's program is given other arguments"
    path = next(SCRIPTS.glob('*/control.gdb'))
    tap.fails(suite.compare, Script(path), ['another', 'argument'])


def main():
    groups = os.environ.get('GROUP', '*').split(',')
    paths = [p for g in groups for p in sorted(SCRIPTS.glob(f'{g}/*.gdb'))]
    tap.main(globals(), more=[case(p) for p in paths])


if __name__ == '__main__':
    main()
