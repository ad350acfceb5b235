#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Negative controls of the introspection tests: each of these faults, put
into a copy of the sources, must turn the named test red.

Environment: GDBX_ROOT, CC.
"""
import os
import pathlib
import subprocess
import tempfile

import tap

ROOT = pathlib.Path(os.environ['GDBX_ROOT'])
TESTS = ROOT / 'tests' / 'unit' / 'introspect'
CC = os.environ.get('CC', 'cc')
# (file, what is there, what is put there, test program that must fail)
FAULTS = [
    ('paging.c', 'e & PTE_ADDR & ~(size - 1)', 'e & PTE_ADDR', 'paging'),
    ('paging.c', '(e >> 13 & 0xff) << 32', '0ull', 'paging'),
    ('paging.c', 'root.table & s->root_mask, va', 'root.table, va', 'paging'),
    ('paging.c', 'sign_extend(s, va) != va ||', '', 'paging'),
    ('paging.c', '.tables = max_leaves + 1024', '.tables = SIZE_MAX / 2',
     'paging'),
    ('memory.c', 'if (len && va + (len - 1) < va)', 'if (0)', 'paging'),
    ('btf.c', 'info >> 24 & 31', 'info >> 24 & 15', 'btf'),
    ('btf-member.c', '*n && !strncmp', '!strncmp', 'btf'),
    ('btf-member.c', 'off & 0xffffff : off', 'off : off', 'btf'),
    ('btf.c', 'p[hdr + str_off] || p[hdr + str_off + str_len - 1]', '0',
     'btf'),
    ('btf.c', '(p - image) % 4 == 0 &&', '', 'btf'),
    ('kallsyms-scan.c', '(*n & 0x7f) |', '', 'kallsyms'),
    ('kallsyms.c', 'rel - 1 - (int64_t)off', 'rel - (int64_t)off',
     'kallsyms'),
    ('kallsyms.c', 'text != s->base', '0', 'kallsyms'),
    ('kallsyms.c', 's->base + at + (int32_t)', 's->base + (int32_t)',
     'kallsyms'),
    ('kallsyms-scan.c', 's->token_off[i] - s->token_off[1] + first)',
     's->token_off[i] - s->token_off[1] + first && i < 9)', 'kallsyms'),
    ('linux-tasks.c', 'if (!first_visit(w, object)) {', 'if (0) {', 'linux'),
    ('linux-cpus.c', 'cpu->cpl == 3 ? !k : k', '0', 'linux'),
    ('linux-tasks.c', 'links->leader != object &&', '0 &&', 'linux'),
    ('linux-regs.c', '- lx->frame.pad', '', 'linux'),
    ('linux-regs.c', 'regs->cs &= 0xffff;', '', 'linux'),
    ('linux-regs.c', 'cpu && cpu->cpl == 3', '0', 'linux'),
    ('linux-mm.c', '!(k & PTE_NX) ||', '', 'linux'),
    ('linux-paths.c', 'p->dentry = point;', 'p->dentry = 0;', 'linux'),
    ('linux.c', '!osi_image_entered(', '0 && !osi_image_entered(', 'linux'),
    ('guest.c', 'g->asked = g->walked = false;', 'g->asked = false;', 'linux'),
    ('current.c', 'cpu->cpl == 3 ? !k : k', 'k', 'current'),
    ('current.c', '(c->vcpu < 0 || c->vcpu == cpu->index)', '1', 'current'),
    ('current.c', 'c->vcpu < 0 ||', '', 'current'),
    ('current.c', 'cpu->cr0 >> 31 ?', '1 ?', 'current'),
    ('current.c', '*value >= 0 &&', '', 'current'),
    ('current.c', '&& *value <= r->pid_max', '', 'current'),
    ('current.c', '!read_linear(r, mem, va, b, sizeof(b)) &&', '',
     'current'),
    ('linux-cpus.c', '.va = va - leaf.pa,', '.va = va,', 'current'),
    ('linux-cpus.c', 'lx->image.base, lx->image.size, lx->image.pa',
     'lx->image.base, lx->image.size, 0', 'current'),
    ('linux-cpus.c', 'r->tgid = lx->f.tgid.offset', 'r->tgid = r->pid',
     'current'),
    ('kernel-image.c', 'root.table &= ~CR3_USER;', '', 'linux'),
]


def run(*words):
    """Exit status; a fault may also make a test run for ever."""
    try:
        return subprocess.run(words, capture_output=True, timeout=20)
    except subprocess.TimeoutExpired:
        return None


def flags():
    glib = subprocess.run(['pkg-config', '--cflags', '--libs', 'glib-2.0'],
                          capture_output=True, text=True, check=True)
    return ['-std=gnu11', '-w', f'-I{ROOT}/include', f'-I{ROOT}/introspect',
            f'-I{TESTS}'], glib.stdout.split()


class Bench:
    """Objects of all files; one is replaced at a time."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.flags, self.glib = flags()
        skip = {'qemu.c', 'osi-image.c'}
        self.objects = {p.name: self.compile(p) for p in
                        [*(ROOT / 'introspect').glob('*.c'),
                         *TESTS.glob('*.c')] if p.name not in skip}

    def compile(self, source, name=None):
        out = self.dir / ((name or source.name) + '.o')
        r = run(CC, *self.flags, '-c', str(source), '-o', str(out),
                *self.glib)
        tap.check(r and r.returncode == 0,
                  f'{source.name}: {r and r.stderr.decode()[:300]}')
        return out

    def test(self, name, **replaced):
        """Does the test program pass?"""
        objects = {k: v for k, v in self.objects.items()
                   if not k.startswith('test-') or k == f'test-{name}.c'}
        objects.update(replaced)
        program = self.dir / 'test'
        r = run(CC, '-o', str(program), *map(str, objects.values()),
                *self.glib)
        tap.check(r and r.returncode == 0, 'it does not link')
        r = run(str(program), '--tap')
        return r is not None and r.returncode == 0

    def fault(self, name, old, new, test):
        text = (ROOT / 'introspect' / name).read_text()
        tap.check(old in text, f'{name} has no {old!r} any more')
        source = self.dir / name
        source.write_text(text.replace(old, new))
        return self.test(test, **{name: self.compile(source, 'fault')})


def describe(function, text):
    function.__doc__ = text
    return function


def cases(bench):
    def make(fault):
        def case():
            tap.check(not bench.fault(*fault), 'the fault was not noticed')
        return case
    for i, f in enumerate(FAULTS):
        yield f'{f[3]}-{i}', describe(make(f), f'{f[0]}: {f[1]} -> {f[2]}')


with tempfile.TemporaryDirectory(prefix='gdbx-mutants-') as tmp:
    the_bench = Bench(tmp)

    def test_sound():
        "without a fault they are green"
        for name in ('paging', 'btf', 'kallsyms', 'linux', 'current'):
            tap.check(the_bench.test(name), name)

    tap.main(globals(), more=list(cases(the_bench)))
