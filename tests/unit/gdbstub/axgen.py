# SPDX-License-Identifier: GPL-2.0-or-later
"""C expressions at random, and the program whose variables they use.

Left out, because gdb (13 .. 16) does not compile them for an agent, and so
evaluates the condition itself: enums and _Bool in arithmetic, arithmetic on
registers that are pointers.  Left out because gdb compiles them wrongly, which
shows in the bytecode: {TYPE}variable (reads the variable, not what it points
at), a shift by an operand of a wider type (the usual conversions are applied
to the left one), and ?: with arms of different types (neither is converted).
"""

TYPES = {
    'sc': 'signed char', 'uc': 'unsigned char', 'ss': 'short',
    'us': 'unsigned short', 'si': 'int', 'ui': 'unsigned int',
    'sl': 'long', 'ul': 'unsigned long', 'sll': 'long long',
    'ull': 'unsigned long long', 'pc': 'char',
}
BITS = {'a': ('int', 3), 'b': ('unsigned int', 7), 'c': ('int', 17),
        'd': ('unsigned int', 32), 'e': ('long', 40), 'f': ('unsigned char', 1),
        'g': ('unsigned long', 64), 'h': ('short', 9)}
CASTS = ['signed char', 'unsigned char', 'short', 'unsigned short', 'int',
         'unsigned int', 'long', 'unsigned long']
REGISTERS = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9',
             'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'cs', 'ss']
# Locals of main(): below the canonical frame address, whatever lies there.
LOCALS = {'lsc': 'signed char', 'lus': 'unsigned short', 'lsi': 'int',
          'lui': 'unsigned int', 'lsl': 'long', 'lull': 'unsigned long long'}
# Locals that live in registers, whose other bits are not theirs.
HELD = {'hsc': ('signed char', 'rbx'), 'huc': ('unsigned char', 'r12'),
        'hss': ('short', 'r13'), 'hui': ('unsigned int', 'r14'),
        'hsl': ('long', 'r15')}
EDGES = ['0', '1', '2', '-1', '7', '127', '128', '255', '256', '32767',
         '65535', '65536', '0x7fffffff', '0x80000000', '0xffffffff',
         '0x100000000', '0x7fffffffffffffff', '0x8000000000000000',
         '0xffffffffffffffff', '3u', '5l', '9ul', '0x80000000ul']


def bits(rng):
    """A number whose bits are biased to the edges."""
    value = rng.getrandbits(64)
    return rng.choice([value, value >> 32, value >> 56, value & 3,
                       (1 << 64) - 1, 1 << 63, (1 << 31) - 1, 1 << 31, 0])


def program(rng):
    """The source of a program with one variable of each kind."""
    lines = []
    for name, type_ in TYPES.items():
        cells = [f'({type_}){bits(rng)}ull' for _ in range(5)]
        lines.append(f'{type_} {name} = {cells[0]};')
        lines.append(f'{type_} a{name}[4] = {{ {", ".join(cells[1:])} }};')
        lines.append(f'{type_} *p{name} = &a{name}[1];')
    fields = ''.join(f'{t} {n}:{w}; ' for n, (t, w) in BITS.items())
    members = ''.join(f'{t} {n}; ' for n, t in TYPES.items())
    bit = ', '.join(f'.{n} = ({t}){bits(rng)}ull' for n, (t, _) in BITS.items())
    plain = ', '.join(f'.{n} = ({t}){bits(rng)}ull' for n, t in TYPES.items())
    own = ' '.join(f'{t} {n};' for n, t in LOCALS.items())
    lines += [f'struct bits {{ {fields} }} sb = {{ {bit} }};',
              f'struct plain {{ {members} }} st = {{ {plain} }};',
              'struct plain *ps = &st;', 'struct bits *pb = &sb;',
              'int grid[3][4] = { { 1, -2, 3 }, { 4, 5, -6 } };',
              'char text[] = "hello, \\"guest\\"";', 'char *ptext = text;',
              'char *none = 0; char *wild = (char *)16;',
              'struct node { struct node *next; struct plain in[2];'
              ' union { int i; unsigned char b[4]; } u; } n1, n0 = {'
              f' &n1, {{ {{ {plain} }} }}, {{ (int){bits(rng)}ull }} }};',
              'struct node n1 = { &n0 }, *pn = &n0;']
    lines += ['int main(void) {', f'{{ struct plain lst; {own}']
    lines += [f'register {t} {n} __asm__("{r}");' for n, (t, r) in HELD.items()]
    # What nobody uses would have no place.
    lines += [f'__asm__("" :: "m"({n}));' for n in [*LOCALS, 'lst']]
    lines += ['for (;;) __asm__("spin: nop"); } }']
    return '\n'.join(lines) + '\n'


def leaf(rng):
    name = rng.choice(list(TYPES))
    bit = rng.choice(list(BITS))
    return rng.choice([
        name, name, f'a{name}[{rng.randrange(4)}]', f'*p{name}',
        f'p{name}[{rng.randrange(-1, 3)}]', f'st.{name}', f'ps->{name}',
        f'sb.{bit}', f'pb->{bit}', f'${rng.choice(REGISTERS)}',
        rng.choice(EDGES), str(bits(rng) >> 1), '(long)$rip', '(long)$rsp',
        f'grid[{rng.randrange(3)}][{rng.randrange(4)}]',
        f'(long)&a{name}[2]', f'(&a{name}[3] - p{name})', f'sizeof(st.{name})',
        f'*(p{name} + {rng.randrange(3)})', 'text[1]', '*ptext',
        '{int}&st', '{unsigned short}(ps + 0)', rng.choice(list(LOCALS)),
        rng.choice(list(LOCALS)), rng.choice(list(HELD)),
        rng.choice(list(HELD)), f'lst.{name}', f'pn->next->next->in[0].{name}',
        f'pn->in[{rng.randrange(2)}].{name}', 'n0.u.i', 'pn->u.b[3]',
        f'(unsigned long)&pn->in[1].{name}',
    ])


def divisor(rng, text):
    """Any sign, 0 too, but not -1: gdb dies when it divides LONG_MIN by it.

    Never constant: gdb folds 1 / 0 into a number when it compiles, but not
    when it evaluates.
    """
    return rng.choice([f'({text}) & us', f'-(({text}) & uc) - 2'])


def expression(rng, depth, narrowing):
    """Text of a C expression of integer type.

    gdb 16 (not 13) truncates negative numbers wrongly: it says that
    (unsigned char) -1000 is 232.  Such a gdb is no judge of narrowing casts,
    of shifts to the left and of overflow; NARROWING False leaves them out.
    """
    if depth == 0 or rng.random() < 0.15:
        return leaf(rng)

    def sub():
        return expression(rng, depth - 1, narrowing)
    casts = CASTS if narrowing else CASTS[-2:]
    kind = rng.randrange(20)
    if kind < 12:
        op = rng.choice(['+', '-', '*', '&', '|', '^', '==', '!=',
                         '<', '<=', '>', '>=', '&&', '||', '/', '%'])
        if op in '+-*' and not narrowing:
            return f'(({sub()}) & us) {op} (({sub()}) & uc)'
        right = divisor(rng, sub()) if op in '/%' else sub()
        return f'({sub()}) {op} ({right})'
    if kind < 14:
        # A count out of range is undefined in C and differs among gdbs.
        if narrowing:
            return f'({sub()}) {rng.choice(["<<", ">>"])} ((int)({sub()}) & 31)'
        return f'(long)({sub()}) >> ((long)({sub()}) & 31)'
    if kind < 16:
        return f'{rng.choice("-~!")}({sub()})'
    if kind < 18:
        return f'({rng.choice(casts)})({sub()})'
    name = rng.choice(list(TYPES))
    if kind < 19:
        return f'a{name}[({sub()}) & 3]'
    type_ = rng.choice(casts)
    return f'({sub()}) ? ({type_})({sub()}) : ({type_})({sub()})'


def expressions(rng, count, narrowing):
    return [expression(rng, rng.randrange(1, 5), narrowing)
            for _ in range(count)]


def print_arguments(rng):
    """Arguments of one dprintf: a format and what it wants."""
    words, values = [], []
    for _ in range(rng.randrange(5)):
        conversion = rng.choice(['d', 'i', 'u', 'x', 'X', 'o', 'c', 's', 'p',
                                 'ld', 'lu', 'lx', 'lld', 'llx'])
        flags = rng.choice(['', '', '', '-']) + rng.choice(['', '', '9', '3'])
        if conversion == 's':
            values.append(rng.choice(['ptext', 'none', '(char *)&text[3]']))
        elif conversion == 'c':
            values.append(str(rng.randrange(32, 127)))
        else:
            values.append(leaf(rng))
        if conversion == 'p':
            flags = ''      # gdb 13 fails an assertion on "%9p"
        elif conversion not in 'cs':
            flags = rng.choice(['', '', '0']) + flags.replace('-', '')
        words.append(rng.choice(['', 'x=', '100%% ', '\\t', '\\"', '\\e[m'])
                     + '%' + flags + conversion)
    return ', '.join(['"' + ' '.join(words) + '\\n"'] + values)
