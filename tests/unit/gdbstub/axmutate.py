# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults for the evaluator: programs like ax-run with one of these in it."""

import os
import subprocess

import tap

# What is in ax-eval.c, and what is put there. INT64_MIN and counts over 63
# are left to test-ax.c: gdb's own expressions do not get there.
FAULTS = [
    ('*r = a + b', '*r = a - b'),
    ('*r = a - b', '*r = b - a'),
    ('*r = a * b', '*r = (uint32_t)a * (uint32_t)b'),
    ('*r = a & b', '*r = a | b'),
    ('*r = a | b', '*r = a ^ b'),
    ('*r = a ^ b', '*r = a | b'),
    ('*r = a == b', '*r = (uint32_t)a == (uint32_t)b'),
    ('(int64_t)a < (int64_t)b', 'a < b'),
    ('*r = a < b', '*r = (int64_t)a < (int64_t)b'),
    ('*r = a / b', '*r = (int64_t)a / (int64_t)b'),
    ('*r = a % b', '*r = (int64_t)a % (int64_t)b'),
    ('(int64_t)a / (int64_t)b', 'a / b'),
    ('(int64_t)a % (int64_t)b', 'a % b'),
    ('return GDBX_AX_DIV_ZERO', '*r = 0; return GDBX_AX_OK'),
    ('(int64_t)a >> MIN(count, 63)', 'a >> MIN(count, 63)'),
    ('a << count : a >> count', 'a << count : a >> (count ^ 1)'),
    ('a << count : a >> count', 'a << (count ^ 1) : a >> count'),
    ('(int64_t)(*sp << in->imm) >> in->imm', '(*sp << in->imm) >> in->imm'),
    ('*sp &= in->imm', '*sp &= in->imm >> 1'),
    ('*sp = !*sp', '*sp = ~*sp'),
    ('*sp = ~*sp', '*sp = -*sp'),
    ('1u << (in->op - AX_REF8)', '4u'),
    ('*(*spp)-- != 0', '*(*spp)-- > 0xff'),
    ('*++sp = top', '*++sp = 0'),
    ('*++*spp = in->imm', '*++*spp = (int32_t)in->imm'),
    ('load_reg(m, in->imm, ++*spp)', 'load_reg(m, in->imm ^ 1, ++*spp)'),
    ('sp[-1] = top;\n        break;\n    case AX_ROT',
     'sp[0] = top;\n        break;\n    case AX_ROT'),
]
SOURCES = ['ax.c', 'ax-dis.c', 'ax-eval.c', 'ax-printf.c', 'rsp.c',
           'rsp-break.c', 'rsp-vcont.c']


class Bench:
    """Objects of all files; ax-eval.c is replaced."""

    def __init__(self, top, directory):
        self.top, self.dir = top, directory
        self.room = os.path.join(top, 'gdbstub/gdbx')
        glib = subprocess.run(['pkg-config', '--cflags', '--libs', 'glib-2.0'],
                              capture_output=True, text=True, check=True)
        self.glib = glib.stdout.split()
        runner = os.path.join(top, 'tests/unit/gdbstub/ax-run.c')
        self.objects = [self.compile(s) for s in
                        [runner] + [os.path.join(self.room, n)
                                    for n in SOURCES if n != 'ax-eval.c']]
        with open(os.path.join(self.room, 'ax-eval.c'),
                  encoding='utf-8') as f:
            self.text = f.read()

    def cc(self, *words):
        ran = subprocess.run([os.environ.get('CC', 'cc'), '-std=gnu11', '-w',
                              f'-I{self.top}', f'-I{self.room}', *words,
                              *self.glib], capture_output=True, text=True)
        tap.equal(ran.returncode, 0, ran.stderr[-300:])

    def compile(self, source):
        out = os.path.join(self.dir, os.path.basename(source) + '.o')
        self.cc('-c', source, '-o', out)
        return out

    def link(self, text):
        source = os.path.join(self.dir, 'fault.c')
        program = os.path.join(self.dir, 'ax-run')
        with open(source, 'w', encoding='utf-8') as f:
            f.write(text)
        self.cc('-o', program, source, *self.objects)
        return program

    def sound(self):
        return self.link(self.text)

    def fault(self, old, new):
        tap.check(old in self.text, f'ax-eval.c has no {old!r} any more')
        return self.link(self.text.replace(old, new))
