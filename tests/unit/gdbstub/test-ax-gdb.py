# SPDX-License-Identifier: GPL-2.0-or-later
"""Agent expressions against gdb itself.

A real gdb compiles random C expressions and sends them in Z0 packets to a
stub that stands still; it also says what each expression is worth.  Our
evaluator, given the same packets, memory and registers, must agree.

    GDB             which gdb (default: the machine's)
    AX_EXPRESSIONS  how many (default 400)
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

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import axgen
import axstub
import tap

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.environ.get('GDBX_ROOT') or os.path.join(HERE, '../../..')
AX_RUN = os.environ.get('GDBX_AX_RUN') or os.path.join(
    ROOT, 'build/tests/tests/unit/gdbstub/ax-run')
COUNT = int(os.environ.get('AX_EXPRESSIONS', '400'))
SEED = int(os.environ.get('AX_SEED', '1'))
# Order of a 'g' reply without target description; gdb numbers them so too.
LAYOUT = (['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp']
          + [f'r{n}' for n in range(8, 16)] + ['rip', 'eflags', 'cs', 'ss',
                                               'ds', 'es', 'fs', 'gs'])
G_BYTES = 536


def build(rng, directory):
    """Compile the program; returns its path."""
    source = os.path.join(directory, 'vars.c')
    path = os.path.join(directory, 'vars')
    with open(source, 'w', encoding='utf-8') as f:
        f.write(axgen.program(rng))
    subprocess.run(['cc', '-g', '-O0', '-w', '-static', '-no-pie', '-fno-pie',
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


def registers(rng, entry):
    """{name: value}, every value as the wire holds it."""
    values = {name: axgen.bits(rng) for name in LAYOUT}
    values['rip'] = entry
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
        [os.environ.get('GDB', 'gdb'), '-q', '-nx', '-batch', '-x',
         os.path.join(HERE, 'ax-session.py'), path], cwd=directory,
        env=dict(os.environ, AX_INPUT=names[0], AX_OUTPUT=names[1]),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=600)
    if not os.path.exists(names[1]):
        raise tap.Failed(f'gdb gave no answer: {ran.stdout[-800:]}')
    with open(names[1], encoding='utf-8') as f:
        return json.load(f)


def ask_us(memory, values, packets):
    """One answer of ax-run per packet."""
    setup = [f'm {address:x} {data.hex()}' for address, data in memory]
    setup += [f'r {i:x} {values[name]:x}' for i, name in enumerate(LAYOUT)]
    lines = setup + [f'Z {packet}' for packet in packets]
    ran = subprocess.run([AX_RUN], input='\n'.join(lines) + '\n', text=True,
                         stdout=subprocess.PIPE, timeout=120, check=True)
    answers = ran.stdout.splitlines()
    tap.equal(len(answers), len(lines), 'lines from ax-run')
    return answers[len(setup):]


class Session:
    """One run of gdb and one of ours, over the same things."""

    def __init__(self, narrowing):
        rng = random.Random(SEED)
        self.narrowing = narrowing
        with tempfile.TemporaryDirectory() as directory:
            path = build(rng, directory)
            self.memory = segments(path)
            with open(path, 'rb') as f:
                entry, = struct.unpack_from('<Q', f.read(32), 24)
            self.values = registers(rng, entry)
            self.conditions = axgen.expressions(rng, COUNT, narrowing)
            self.prints = [axgen.print_arguments(rng)
                           for _ in range(COUNT // 4)]
            stub = axstub.Stub(self.memory, wire(self.values))
            self.said = ask_gdb(path, stub, {'conditions': self.conditions,
                                             'prints': self.prints}, directory)
        numbers = range(len(self.conditions) + len(self.prints))
        self.packets = [stub.marked.get(n, '') for n in numbers]
        self.ours = ask_us(self.memory, self.values, self.packets)


def truncates_right():
    """Does this gdb know that (unsigned char) -1000 is 24?"""
    try:
        ran = subprocess.run(
            [os.environ.get('GDB', 'gdb'), '-q', '-nx', '-batch', '-ex',
             'python print(int(gdb.parse_and_eval("(unsigned char)-1000")))'],
            timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
    except OSError as e:
        raise tap.Skip(f'no gdb: {e}') from None
    if ran.returncode or not ran.stdout.strip().isdigit():
        raise tap.Skip(f'no gdb with Python: {ran.stdout.strip()[-200:]}')
    return int(ran.stdout) == 24


@functools.lru_cache(maxsize=None)
def session():
    return Session(truncates_right())


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
    s = session()
    n = len(s.conditions)
    wrong = disagreements(s.ours[:n], s.said['conditions'], s.conditions,
                          s.packets[:n])
    tap.note(f'{n} expressions, seed {SEED}, '
             + ('' if s.narrowing else 'no ') + 'narrowing')
    for line in wrong[:10]:
        tap.note(line)
    tap.equal(len(wrong), 0, 'disagreements')


def test_conditions_compile():
    "nearly all of them really reached the evaluator"
    s = session()
    n = len(s.conditions)
    counted = sum(1 for answer, said in zip(s.ours[:n], s.said['conditions'])
                  if answer != 'none' and expected(said))
    zeros = s.ours[:n].count('status division by zero')
    tap.note(f'{counted} of {n} compared, {zeros} divide by zero')
    for answer, said, text in zip(s.ours, s.said['conditions'], s.conditions):
        if answer == 'none' or not expected(said):
            tap.note(f'not compared: {text}: {answer} {said}')
    tap.check(counted >= n * 0.95, 'fewer than 95 % were compared')


def test_prints_equal_gdb():
    "each agent dprintf prints what gdb's printf prints"
    s = session()
    n = len(s.conditions)
    compared = 0
    for answer, said, args in zip(s.ours[n:], s.said['prints'], s.prints):
        if 'text' not in said or answer == 'none':
            tap.note(f'not compared: {args}: {answer} {said}')
            continue
        compared += 1
        tap.equal(answer, 'print ' + said['text'].encode().hex(), args)
    tap.note(f'{compared} of {len(s.prints)} compared')
    tap.check(compared >= len(s.prints) * 0.9, 'fewer than 90 % were compared')


def test_control_wrong_value():
    "negative control: wrong memory is noticed"
    s = session()
    n = len(s.conditions)
    memory = [(address, bytes(byte ^ 0xff for byte in data))
              for address, data in s.memory]
    ours = ask_us(memory, s.values, s.packets[:n])
    wrong = disagreements(ours, s.said['conditions'], s.conditions,
                          s.packets[:n])
    tap.note(f'{len(wrong)} of {n} differ')
    tap.check(len(wrong) > n // 3, 'wrong memory went unnoticed')


def test_control_wrong_opcode():
    "negative control: less_signed taken for less_unsigned is noticed"
    s = session()
    n = len(s.conditions)
    # const8 -1 ext 8, const8 1, less: the packet of "-1 < 1", then edited.
    good = '0,1,1;X8,22ff16082201' + '14' + '27'
    bad = '0,1,1;X8,22ff16082201' + '15' + '27'
    answers = ask_us(s.memory, s.values, [good, bad])
    said = [{'value': 1}, {'value': 1}]
    wrong = disagreements(answers, said, ['-1 < 1'] * 2, [good, bad])
    tap.equal(len(wrong), 1, 'disagreements')


if __name__ == '__main__':
    tap.main(globals())
