#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Malformed packets: one answer each, and the guest is as it was.

Each is sent with a process selected and with the machine selected. Behind it
goes a packet whose answer is known and can be no other's, so that a missing
answer and one too many are seen without waiting for either. The mutations
are the same in every run (SEED), and those that happen to be well-formed are
left out: they may do something. Negative controls: test_negative_control, and
with the machine selected QEMU's own M and P were seen red.
"""
import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from fixture import Guest  # noqa: E402
from rsp import Rsp, RspError  # noqa: E402

M = '989680'                    # the machine's pid
SEED = 1
MUTATIONS = 24                  # of each packet
MARK, MARKED = 'qqemu.sstepbits', 'ENABLE=1,NOIRQ=2,NOTIMER=4'
ALPHABET = '0123456789abcdfp-,:;=.XZxz \x7f\x80\xff'
guest = Guest(run=['busy-a', 'busy-b'], smp=1)

TABLE = '''
D
D;
D;zz
D;-1
D;0
D;1869f
D;{a}x
D;{a};{a}
D;ffffffffffffffffffff
vAttach
vAttach;
vAttach;-1
vAttach;zz
vAttach;{a}
vAttach;{b}x
vAttach;80000000
vAttach;10000000000{b}
vCont
vCont;
vCont;;
vCont;x
vCont;c:
vCont;c:zz
vCont;c:p
vCont;c:p{a}.
vCont;c:p{a}.zz
vCont;c:pzz.1
vCont;c;
vCont;C
vCont;Cxx
vCont;C100
vCont;t
vCont;t:p{a}.{a}
vCont;s:p{a}.1869f
vCont;s:p{b}.{b}
vCont;s:p{a}.ffffffff{a}
vCont;s:p{m}.9
vCont;r
vCont;r0
vCont;r0,
vCont;rz,1
H
Hg
Hgp
Hgp{a}.
Hgp{a}.zz
Hgp{b}.{b}
Hgp{m}.9
Hgp{a}.{b}
Hx{a}
Hgp-2.1
Hgp{a}.ffffffff{a}
Z
Z0
Z0,
Z0,{work}
Z0,{work},
Z0,zz,1
Z0,{work},zz
Z0,{work},1;
Z0,{work},1;X
Z0,{work},1;Xffffffff,22
Z0,{work},1;X3,22
Z0,{work},1;Xz,22
Z5,{work},1
Zz,{work},1
z
z0
z0,zz,1
z9,{work},1
m
m,
m{counter}
m{counter},
m{counter},zz
mzz,8
m{counter},ffffffffffffffff
m0,8
mfffffffffffffff0,20
M
M{counter}
M{counter},8
M{counter},8:
M{counter},8:00
M{counter},8:zzzzzzzzzzzzzzzz
M{counter},1:0
M{counter},ffffffffffffffff:00
M0,1:00
p
pzz
pffff
p-1
pffffffffffffffff
P
P0
P0=
P0=z
P0=0
Pffff=0000000000000000
P=0000000000000000
qXfer
qXfer:
qXfer:threads
qXfer:threads:read
qXfer:threads:read::
qXfer:threads:read::0
qXfer:threads:read::0,
qXfer:threads:read::zz,10
qXfer:threads:read::ffffffffffffffff,10
qXfer:threads:write::0,10
qXfer:osdata:read:nothing:0,10
qXfer:osdata:read:processes:-1,10
qXfer:auxv:read::ffffffffffff,10
qXfer:exec-file:read:zz:0,10
qXfer:exec-file:read:1869f:0,10
qXfer:features:read:../x:0,10
qXfer:nothing:read::0,10
'''

TID = r'(p-?[0-9a-f]+(\.-?[0-9a-f]+)?|-?[0-9a-f]+)'
ACTION = rf'([cst]|[CS][0-9a-f]+|r[0-9a-f]+,[0-9a-f]+)(:{TID})?'
# Packet that is mutated, what all well-formed ones are like.
KINDS = [
    ('D;{b}', r'D(;[0-9a-f]+)?'),
    ('vAttach;{b}', r'vAttach;[0-9a-f]+'),
    ('vCont;s:p{a}.{a};c:p{m}.1', rf'vCont(\?|(;{ACTION})+)'),
    ('Hgp{a}.{a}', rf'H[cg]{TID}'),
    ('Z0,{work},1;X3,220127', r'Z[0-4],[0-9a-f]+,[0-9a-f]+'
     r'(;X?[0-9a-f]+,[0-9a-f]+)*(;cmds:.*)?'),
    ('m{counter},8', r'm[0-9a-f]+,[0-9a-f]+'),
    ('M{counter},8:0011223344556677', r'M[0-9a-f]+,[0-9a-f]+:[0-9a-f]*'),
    ('p10', r'p[0-9a-f]+'),
    ('P0=0011223344556677', r'P[0-9a-f]+=[0-9a-f]*'),
    ('qXfer:threads:read::0,100',
     r'qXfer:[a-z-]*:read:[^:]*:[0-9a-f]+,[0-9a-f]+'),
]


def values(vm):
    said = vm.oracle.said('busy-a')
    return {'a': f"{guest.pids['busy-a']:x}", 'b': f"{guest.pids['busy-b']:x}",
            'm': M, 'work': said['work'][2:], 'counter': said['counter'][2:]}


def mutate(text, dice):
    """One to three small changes behind the first letter."""
    for _ in range(dice.randint(1, 3)):
        i = dice.randrange(1, len(text) + 1)
        j = min(len(text), i + dice.randint(0, 3))
        text = text[:i] + dice.choice([
            '', text[j:], text[i:j] * 2 + text[j:],
            dice.choice(ALPHABET) + text[i:], dice.choice(ALPHABET) + text[j:],
            'f' * dice.choice([8, 16, 17, 40]) + text[j:]])
    return text


def packets(names, kind):
    """All those of one row of KINDS, in order, each once."""
    text, good = KINDS[kind]
    text, head = text.format(**names), heads()[kind]
    tap.check(re.fullmatch(good, text), f'{text} should be well-formed')
    dice = random.Random(SEED)
    rows = [row for row in TABLE.split('\n') if row.startswith(head)]
    tap.check(rows, f'no row {head}')
    found = dict.fromkeys(row.format(**names) for row in rows)
    for _ in range(MUTATIONS):
        mutant = mutate(text, dice)
        if not re.fullmatch(good, mutant):
            found[mutant] = None
    return list(found)


def heads():
    """What the packets of each kind begin with."""
    return [re.match('vAttach|vCont|qXfer|.', text)[0] for text, _ in KINDS]


def answers(talk, payload):
    """What comes back for one packet, without the console's words."""
    talk.send(payload)
    talk.send(MARK)
    got = []
    while not got or got[-1] != MARKED:
        answer = talk.answer()
        if not re.fullmatch('O([0-9a-f]{2})+', answer):
            got.append(answer)
    return got[:-1]


def state(talk, names):
    """Registers, counters, code, places of the machine and of a process."""
    a, b = (names[n] for n in 'ab')
    found = []
    for tid in (f'p{a}.{a}', f'p{M}.1'):
        found += [talk.ask('Hg' + tid), talk.ask('g')]
    for pid in (a, b):
        talk.ask(f'Hgp{pid}.{pid}')
        found += [talk.ask(f"m{names['counter']},8"),
                  talk.ask(f"m{names['work']},40")]
    return found


def offend(talk, names, payload, tid):
    """None, or what is wrong with the way the stub takes the packet."""
    talk.ask('Hg' + tid)
    got = answers(talk, payload)
    if len(got) != 1:
        return f'{payload!r} at {tid}: {len(got)} answers: {got[:3]}'
    if got[0][:1] == 'T' or got[0] == 'OK':
        return f'{payload!r} at {tid}: accepted: {got[0]}'
    return None


def session(vm, names):
    talk = Rsp(vm.gdb_target, deadline=20)
    talk.ask('qSupported:multiprocess+;vContSupported+')
    talk.ask('?')
    tap.contains(talk.ask(f"vAttach;{names['a']}"), 'T05', 'vAttach')
    return talk


def offences(talk, names, sent, tid):
    wrong = []
    for payload in sent:
        try:
            wrong.append(offend(talk, names, payload, tid))
        except RspError as e:
            raise tap.Failed(f'{payload!r} at {tid}: {e}') from None
    return [w for w in wrong if w]


def check_kind(kind, machine):
    vm = guest.boot()
    names = values(vm)
    tid = f'p{M}.1' if machine else 'p{a}.{a}'.format(**names)
    sent = packets(names, kind)
    with session(vm, names) as talk:
        before = state(talk, names)
        wrong = offences(talk, names, sent, tid)
        tap.check(not wrong, '\n'.join([f'of {len(sent)}:'] + wrong))
        tap.equal(state(talk, names), before, 'registers and counters')
        tap.check('0x' not in talk.command('gdbx points'), 'a point is left')
    tap.check(vm.alive(), vm.last_words('qemu'))


def case(kind, machine):
    whose = 'machine' if machine else 'process'
    head = heads()[kind]
    name = f'{whose}_{head}'

    def run():
        check_kind(kind, machine)
    run.__doc__ = f'malformed {head}, with a {whose} selected'
    return name, run


def test_negative_control():
    "negative control: well-formed packets are told from malformed ones"
    vm = guest.boot()
    names = values(vm)
    with session(vm, names) as talk:
        before, tid = state(talk, names), 'p{a}.{a}'.format(**names)
        for payload in ('Z0,{work},1', 'vAttach;{b}', 'M{counter},1:00'):
            sent = [payload.format(**names)]
            tap.equal(len(offences(talk, names, sent, tid)), 1, payload)
        tap.check(state(talk, names) != before, 'a write was not noticed')
        # As if the packet before had had an answer too many, and none.
        talk.send('qC')
        tap.equal(len(answers(talk, 'qC')), 2)
        talk.send = lambda payload: payload == 'qC' or Rsp.send(talk, payload)
        tap.equal(answers(talk, 'qC'), [])


tap.main(globals(), more=[case(kind, machine) for machine in (False, True)
                          for kind in range(len(KINDS))])
