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
    ('linux-maple.c', 'if (!end && i) {', 'if (0) {', 'trees'),
    ('linux-maple.c', 'end < min || end > max', '0', 'trees'),
    ('linux-maple.c', 'if (end == max) {', 'if (0) {', 'trees'),
    ('linux-maple.c', 'min = end + 1;', 'min = end;', 'trees'),
    ('linux-maple.c', 'range = wide ? 16 : 32', 'range = 16', 'trees'),
    ('linux-maple.c', '((value & 3) != 2 || value > 4096)', '1', 'trees'),
    ('linux-maple.c', 'p->slot + p->slots * word <= OSI_MAPLE_NODE', '1',
     'trees'),
    ('linux-xarray.c', 'above >= 64 && index >> shift >= s->n_slots', '0',
     'trees'),
    ('linux-xarray.c', '(above < 64 && shift + bits != above)', '0', 'trees'),
    ('linux-xarray.c', 'first >= i || (entry & 3) == 2', '0', 'trees'),
    ('linux-xarray.c', 'entry = slot_at(s, bytes, first);', '', 'trees'),
    ('orc.c', '<= pc) {', '< pc) {', 'orc'),
    ('orc.c', 'if (at < last) {', 'if (0) {', 'orc'),
    ('orc.c', '(type != 0 &&', '(0 &&', 'orc'),
    ('orc.c', 'at / 8 < l->size', '1', 'orc'),
    ('orc.c', 'l->end.size && bits_of(l, &l->end, entry)', '0', 'orc'),
    ('orc.c', 'rule->kind >= OSI_ORC_REGS', '0', 'orc'),
    ('orc.c', '[OSI_ORC_BP_INDIRECT] = 10', '[OSI_ORC_BP_INDIRECT] = 8',
     'orc'),
    ('vmcoreinfo.c', "line[k] == '=' &&", '', 'vmcoreinfo'),
    ('vmcoreinfo.c', 'end != value && !*end', '1', 'vmcoreinfo'),
    ('linux-stack.c', 'w->exact = r.exact;', '', 'stack'),
    ('linux-stack.c', 'if (cs & RING_MASK) {', 'if (0) {', 'stack'),
    ('linux-stack.c', '++w->changes <= CHANGES_MAX', '1', 'stack'),
    ('linux-stack.c', 'if (sp > w->sp && sp - w->sp <= STEP_MAX) {',
     'if (sp - w->sp <= STEP_MAX) {', 'stack'),
    ('linux-stack.c', 'w->bp + size <= w->sp ||', '', 'stack'),
    ('linux-stack.c', '|| !follows_call(w, ip)', '', 'stack'),
    ('linux-stack.c', '? w->lx->frame.thread_size', '? 8192', 'stack'),
    ('linux-stack.c', '!linux_is_code(w->lx, w->ip)', '0', 'thread'),
    ('linux-dispatch.c', 'return a == b;', 'return false;', 'stack'),
    ('linux-dispatch.c', '(yes ? (int64_t)rel : 0)', '(int64_t)rel',
     'stack'),
    ('linux-dispatch.c', '(int8_t)b[2];', 'b[2] + 1;', 'stack'),
    ('linux-fpu.c', 'if (!(a->bv & SSE)) {', 'if (0) {', 'stack'),
    ('linux-fpu.c', 'if (!(a->bv & X87)) {', 'if (0) {', 'stack'),
    ('linux-fpu.c', 'if (a->b[i]) {', 'if (0) {', 'stack'),
    ('linux-fpu.c', '!(a->bv & ~osi_le64(a->b + AT_XCOMP_BV))', '1',
     'stack'),
    ('linux-modules.c', '(int32_t)v - 1', '(int32_t)v', 'thread'),
    ('linux-modsyms.c', '? g_ascii_toupper', '? g_ascii_tolower', 'thread'),
    ('linux-syscall.c', 'return status & TS_COMPAT;', 'return 0;', 'thread'),
    ('linux-vma.c', '&& v->mm != w->mm', '&& 0', 'process'),
    ('linux-vma.c', '(last && v->start < last->end)', '0', 'process'),
    ('linux-vma.c', 'v.end != e->max + 1', '0', 'process'),
    ('linux-maple.c', 'if (!end && i) {', 'if (0) {', 'process'),
    ('linux-maple.c', 'if (end < min || end > max) {', 'if (0) {', 'process'),
    ('linux-maps.c', '.rights = rights_of(v->flags)', '.rights = v->flags & 7',
     'process'),
    ('linux-maps.c', 'row.offset = v->pgoff * 4096', 'row.offset = v->pgoff',
     'process'),
    ('linux-maps.c', 'r->dev >> 20', 'r->dev >> 8', 'process'),
    ('linux-maps.c', 'v->end > m->start_brk', '0', 'process'),
    ('linux-files.c', 'tab->max > FDS_MAX ||', '', 'process'),
    ('linux-files.c', '? O_CLOEXEC : 0', '? 0 : 0', 'process'),
    ('linux-paths.c', 'return n->listed <= LINUX_PATHS_MAX ||', 'return 1 ||',
     'process'),
    ('linux-names.c', '{ "pipefs", name_pipe },', '', 'process'),
    ('linux-cred.c', 'if (n > GROUPS_MAX) {', 'if (0) {', 'process'),
    ('linux-cred.c', '&c->euid, &c->suid,', '&c->suid, &c->euid,', 'process'),
    ('linux-ns.c', 'ns->tgid_inside = nr;', 'ns->tgid_inside = ns->pid_inside;',
     'process'),
    ('linux-ns.c', '!(flags & CSS_ONLINE)', '0', 'process'),
    ('linux-pagecache.c', '(&b, &f->page_mapping) != mapping ||',
     '(&b, &f->page_mapping) + 1 == 0 ||', 'process'),
    ('linux-pagecache.c', '+ (index - first)', '', 'process'),
    ('linux-pagecache.c', 'return head == page + 1 ||', 'return 1 ||',
     'process'),
    ('linux-pagecache.c', 'offset > size || len > size - offset', '0',
     'process'),
    ('linux-pagecache.c', 'page || (magic != TMPFS_MAGIC', '(magic != TMPFS_MAGIC',
     'process'),
    ('linux-xarray.c', 'entry = slot_at(s, bytes, first);', '', 'process'),
    ('linux-xarray.c', '(above < 64 && shift + bits != above)', '0',
     'process'),
    ('linux-libs.c', 'found.base = osi_le(b, p->word);', '', 'process'),
    ('linux-user.c', 'v->pgoff + (va - v->start) / PAGE', 'v->pgoff',
     'process'),
    ('linux-user.c', 'index >= size / PAGE + !!(size % PAGE)', '0', 'process'),
    ('linux-modules.c', 'if (at > s->address && at < end) {', 'if (0) {',
     'thread'),
    ('linux-syscall.c', 'r->rdx, r->r10,', 'r->rdx, r->rcx,', 'thread'),
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
    ('linux-profile.c', '!is_banner(lx, banner)', '0', 'linux'),
    ('linux-profile.c', 'same * 100 >= both * 99', '1', 'linux'),
    ('linux-profile.c', '!osi_btf_equal(btf, lx->own_btf)', '0', 'linux'),
    ('linux-engine.c', '!memcmp(comm, COMM, sizeof(comm))', '1', 'linux'),
    ('linux-engine.c', 'if (is_init_task(lx, task, true, NULL))', 'if (1)',
     'linux'),
    ('kallsyms-map.c', 'if (ks->value[i] >= from)', 'if (1)', 'linux'),
    ('btf-member.c', 'var.kind == KIND_VAR &&', '', 'btf'),
    ('btf-member.c', 'count * b->ptr_bytes', 'count * 8', 'btf'),
    ('linux-guess-task.c', '&&\n            !leads_itself(g, rel + g->word)', '',
     'guess'),
    ('linux-guess-thread.c', '!own && distance', 'distance', 'guess'),
    ('linux-guess-thread.c', 'magic == STACK_END_MAGIC', '1', 'guess'),
    ('linux-mm.c', 'pointed_to(lx, img->base + at)', '1', 'guess'),
    ('kernel-image.c', '2 * osi_paging_word(root.paging)', '16', 'guess'),
    ('linux-engine.c', 'lx->engine || (lx->tries', '1 || (lx->tries', 'guess'),
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
        skip = ('qemu.c', 'osi-image', 'torture')     # no part of a test here
        self.objects = {p.name: self.compile(p) for p in
                        [*(ROOT / 'introspect').glob('*.c'),
                         *TESTS.glob('*.c')] if not p.name.startswith(skip)}

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
        for name in ('paging', 'btf', 'kallsyms', 'linux', 'current',
                     'trees', 'orc', 'vmcoreinfo', 'stack', 'thread', 'process'):
            tap.check(the_bench.test(name), name)

    tap.main(globals(), more=list(cases(the_bench)))
