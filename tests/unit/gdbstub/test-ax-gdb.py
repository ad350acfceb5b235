# SPDX-License-Identifier: GPL-2.0-or-later
"""Agent expressions against gdb itself.

A real gdb compiles random C expressions and sends them in Z0 packets to a
stub that stands still; it also says what each expression is worth.  Our
evaluator, given the same packets, memory and registers, must agree.

    GDB             which gdb (default: the machine's), or a Debian suite
    AX_EXPRESSIONS  how many (default 16000, in programs of 4000)
    AX_SEED         where the random numbers start (default 1)
"""

import functools
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get('GDBX_ROOT') or os.path.join(HERE, '../../..')
sys.path[:0] = [HERE, os.path.join(ROOT, 'tests/lib')]
import axgen
import axmutate
import axstub
import tap

AX_RUN = os.environ.get('GDBX_AX_RUN') or os.path.join(
    ROOT, 'build/tests/tests/unit/gdbstub/ax-run')
COUNT = int(os.environ.get('AX_EXPRESSIONS', '16000'))
SEED = int(os.environ.get('AX_SEED', '1'))
PER_PROGRAM = 4000
# Order of a 'g' reply without target description; gdb numbers them so too.
LAYOUT = (['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp']
          + [f'r{n}' for n in range(8, 16)] + ['rip', 'eflags', 'cs', 'ss',
                                               'ds', 'es', 'fs', 'gs'])
G_BYTES = 536
STACK = 0x7ffd00000000
STACK_BYTES = 8192


@functools.lru_cache(maxsize=None)
def gdb_path():
    """The gdb that GDB names; a suite's is fetched."""
    which = os.environ.get('GDB', 'gdb')
    if which not in ('trixie', 'forky', 'sid', 'bookworm'):
        return which
    import gdbrun
    return str(gdbrun.find_gdb(which))


def build(rng, directory):
    """Compile the program; returns its path."""
    source = os.path.join(directory, 'vars.c')
    path = os.path.join(directory, 'vars')
    with open(source, 'w', encoding='utf-8') as f:
        f.write(axgen.program(rng))
    subprocess.run(['cc', '-g', '-O0', '-w', '-static', '-no-pie', '-fno-pie',
                    '-fno-omit-frame-pointer', '-fcf-protection=none',
                    '-nostdlib', '-Wl,--entry=main', '-o', path, source],
                   check=True, timeout=60)
    return path


def segments(path):
    """[(address, bytes)] of what an ELF file loads, in whole pages."""
    with open(path, 'rb') as f:
        data = f.read()
    offset, = struct.unpack_from('<Q', data, 32)
    entry, count = struct.unpack_from('<HH', data, 54)
    found = []
    for i in range(count):
        kind, _, at, address, _, filled, whole, _ = struct.unpack_from(
            '<IIQQQQQQ', data, offset + i * entry)
        if kind == 1:
            front = address & 4095
            size = (front + whole + 4095) & ~4095
            found.append((address - front, (bytes(front) +
                          data[at:at + filled]).ljust(size, b'\0')))
    return found


def place(path):
    """Where it stands: in the middle of main(), its locals in scope."""
    names = subprocess.run(['nm', path], capture_output=True, text=True,
                           check=True).stdout.split('\n')
    return next(int(n.split()[0], 16) for n in names if n.endswith(' spin'))


def registers(rng, rip):
    """{name: value}, every value as the wire holds it."""
    values = {name: axgen.bits(rng) for name in LAYOUT}
    values['rip'] = rip
    values['rbp'] = STACK + STACK_BYTES // 2
    for name in LAYOUT[17:]:
        values[name] &= 0x7fff
    return values


def wire(values):
    packed = b''.join(values[name].to_bytes(4 if i > 16 else 8, 'little')
                      for i, name in enumerate(LAYOUT))
    return packed.ljust(G_BYTES, b'\0')


def ask_gdb(path, stub, todo, directory):
    """What gdb says: {'conditions': [...], 'prints': [...]}."""
    names = [os.path.join(directory, n) for n in ('todo.json', 'said.json')]
    with open(names[0], 'w', encoding='utf-8') as f:
        json.dump(dict(todo, port=stub.port), f)
    stub.start()
    ran = subprocess.run(
        [gdb_path(), '-q', '-nx', '-batch', '-x',
         os.path.join(HERE, 'ax-session.py'), path], cwd=directory,
        env=dict(os.environ, AX_INPUT=names[0], AX_OUTPUT=names[1]),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=600)
    if not os.path.exists(names[1]):
        raise tap.Failed(f'gdb gave no answer: {ran.stdout[-800:]}')
    with open(names[1], encoding='utf-8') as f:
        return json.load(f)


def ask_us(memory, values, packets, program=AX_RUN):
    """One answer of ax-run per packet."""
    setup = [f'm {address:x} {data.hex()}' for address, data in memory]
    setup += [f'r {i:x} {values[name]:x}' for i, name in enumerate(LAYOUT)]
    lines = setup + [f'Z {packet}' for packet in packets]
    ran = subprocess.run([program], input='\n'.join(lines) + '\n', text=True,
                         stdout=subprocess.PIPE, timeout=120, check=False)
    answers = ran.stdout.splitlines()
    tap.equal(len(answers), len(lines), f'exit {ran.returncode}, lines')
    return answers[len(setup):]


class Session:
    """One program: a run of gdb and one of ours, over the same things."""

    def __init__(self, seed, count, narrowing):
        rng = random.Random(seed)
        with tempfile.TemporaryDirectory() as directory:
            path = build(rng, directory)
            self.memory = segments(path)
            self.memory.append((STACK, rng.randbytes(STACK_BYTES)))
            self.values = registers(rng, place(path))
            self.texts = axgen.expressions(rng, count, narrowing)
            self.prints = [axgen.print_arguments(rng)
                           for _ in range(count // 4)]
            stub = axstub.Stub(self.memory, wire(self.values))
            said = ask_gdb(path, stub, {'conditions': self.texts,
                                        'prints': self.prints}, directory)
        self.said, self.printed = said['conditions'], said['prints']
        packets = [stub.marked.get(n, '') for n in
                   range(len(self.texts) + len(self.prints))]
        self.packets = packets[:len(self.texts)]
        self.ours = self.run(self.packets)
        self.our_prints = self.run(packets[len(self.texts):])

    def run(self, packets, memory=None, program=AX_RUN):
        return ask_us(memory or self.memory, self.values, packets, program)

    def wrong(self, ours):
        return disagreements(ours, self.said, self.texts, self.packets)


def truncates_right():
    """Does this gdb know that (unsigned char) -1000 is 24?"""
    try:
        ran = subprocess.run(
            [gdb_path(), '-q', '-nx', '-batch', '-ex',
             'python print(int(gdb.parse_and_eval("(unsigned char)-1000")))'],
            timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
    except OSError as e:
        raise tap.Skip(f'no gdb: {e}') from None
    if ran.returncode or not ran.stdout.strip().isdigit():
        raise tap.Skip(f'no gdb with Python: {ran.stdout.strip()[-200:]}')
    return int(ran.stdout) == 24


@functools.lru_cache(maxsize=None)
def sessions():
    narrowing = truncates_right()
    todo = [min(PER_PROGRAM, COUNT - n) for n in range(0, COUNT, PER_PROGRAM)]
    tap.note(f'{COUNT} expressions, AX_SEED={SEED}, '
             + ('' if narrowing else 'no ') + 'narrowing')
    return [Session(SEED * 1000 + i, count, narrowing)
            for i, count in enumerate(todo)]


def expected(said):
    """Our answer that agrees with what gdb said; None: none can be known."""
    if 'value' in said:
        return f'value {said["value"]:x}'
    if 'Division by zero' in said['error']:
        return 'status division by zero'
    return None


def disagreements(ours, said, texts, packets):
    """Lines that tell what differs."""
    found = []
    for answer, theirs, text, packet in zip(ours, said, texts, packets):
        want = expected(theirs)
        if want is not None and answer not in (want, 'none'):
            found.append(f'{text}\n  gdb {want}, we {answer}\n  Z{packet}')
    return found


def test_conditions_equal_gdb():
    "each condition has the value that gdb prints"
    wrong = [line for s in sessions() for line in s.wrong(s.ours)]
    for line in wrong[:10]:
        tap.note(line)
    tap.equal(len(wrong), 0, 'disagreements')


def test_conditions_compile():
    "nearly all of them really reached the evaluator"
    rows = [row for s in sessions() for row in zip(s.ours, s.said, s.texts)]
    odd = [row for row in rows if row[0] == 'none' or not expected(row[1])]
    zeros = sum(row[0] == 'status division by zero' for row in rows)
    tap.note(f'{len(rows) - len(odd)} of {len(rows)} compared, '
             f'{zeros} divide by zero')
    for answer, said, text in odd[:20]:
        tap.note(f'not compared: {text}: {answer} {said}')
    tap.check(len(odd) <= len(rows) * 0.02, 'over 2 % were not compared')


def test_prints_equal_gdb():
    "each agent dprintf prints what gdb's printf prints"
    rows = [row for s in sessions()
            for row in zip(s.our_prints, s.printed, s.prints)]
    odd = [row for row in rows if row[0] == 'none' or 'text' not in row[1]]
    for answer, said, args in rows:
        if answer != 'none' and 'text' in said:
            tap.equal(answer, 'print ' + said['text'].encode().hex(), args)
    tap.note(f'{len(rows) - len(odd)} of {len(rows)} compared')
    for answer, said, args in odd[:20]:
        tap.note(f'not compared: {args}: {answer} {said}')
    tap.check(len(odd) <= len(rows) * 0.05, 'over 5 % were not compared')


def test_control_wrong_value():
    "negative control: wrong memory is noticed"
    s = sessions()[0]
    memory = [(address, bytes(byte ^ 0xff for byte in data))
              for address, data in s.memory]
    wrong = s.wrong(s.run(s.packets, memory))
    tap.note(f'{len(wrong)} of {len(s.packets)} differ')
    tap.check(len(wrong) > len(s.packets) // 3, 'wrong memory went unnoticed')


def test_control_wrong_opcode():
    "negative control: each fault put into the evaluator is noticed"
    s = sessions()[0]
    with tempfile.TemporaryDirectory(prefix='gdbx-axmutate-') as directory:
        bench = axmutate.Bench(ROOT, directory)
        tap.equal(len(s.wrong(s.run(s.packets, None, bench.sound()))), 0,
                  'disagreements without a fault')
        for old, new in axmutate.FAULTS:
            program = bench.fault(old, new)
            wrong = len(s.wrong(s.run(s.packets, None, program)))
            what = ' '.join(f'{old} -> {new}'.split())
            tap.note(f'{wrong} differ: {what}')
            tap.check(wrong, f'not noticed: {what}')


if __name__ == '__main__':
    tap.main(globals())
