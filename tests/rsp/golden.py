#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden transcripts: what a client says (>) and what the stub answers.

    # comment
    > payload            sent as a packet
    < payload            the answer is exactly this
    <~ regex             the answer matches all of this
    <! regex             the answer contains no match of this
    ! bytes              sent as it is, no packet; \\x03 and the like are known

{a} and {b} are the pids of busy-a and busy-b in hexadecimal, {m} that of the
machine, {work} and {counter} addresses in the program. An ok_* transcript
must not have an error among its answers, an err_* must have one: an error
that turns into success is seen, and so is the reverse.
"""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'lib'))
import tap  # noqa: E402
from fixture import Guest  # noqa: E402
from rsp import Rsp, RspError  # noqa: E402

MACHINE_PID = 10000000
guest = Guest(run=['busy-a', 'busy-b'], smp=1)


def variables(vm):
    said = vm.oracle.said('busy-a')
    return {'a': f"{guest.pids['busy-a']:x}", 'b': f"{guest.pids['busy-b']:x}",
            'm': f'{MACHINE_PID:x}', 'work': said['work'][2:],
            'counter': said['counter'][2:]}


def parse(text, values):
    """[(line number, mark, text)] with the variables filled in."""
    steps = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        found = re.fullmatch(r'(>|<~|<!|<|!)(?: (.*))?', line)
        if not found:
            raise tap.Failed(f'line {number}: not a line of a transcript')
        body = re.sub(r'\{(a|b|m|work|counter)\}',
                      lambda m: values[m[1]], found[2] or '')
        steps.append((number, found[1], body))
    return steps


def is_error(answer):
    return bool(re.match(r'E(\.|[0-9a-fA-F]{2}$)', answer))


def matches(mark, want, answer):
    if mark == '<':
        return answer == want
    if mark == '<~':
        return re.fullmatch(want, answer, re.S) is not None
    return re.search(want, answer, re.S) is None


def play(talk, steps):
    """Runs the steps; returns the answers. @talk: an Rsp."""
    answers, answer = [], None
    for number, mark, body in steps:
        if mark == '>':
            answer = None
            talk.send(body)
        elif mark == '!':
            talk.send_bytes(body.encode().decode('unicode_escape')
                            .encode('latin-1'))
        else:
            # More than one expectation may stand behind one packet.
            if answer is None:
                answer = talk.answer()
                answers.append(answer)
            tap.check(matches(mark, body, answer),
                      f'line {number}: got {answer[:300]!r}, '
                      f'want {mark} {body!r}')
    return answers


def check_kind(name, answers):
    tap.check(answers, 'the transcript has no answer')
    errors = [a for a in answers if is_error(a)]
    if name.startswith('ok_'):
        tap.check(not errors, f'an error in an ok_ transcript: {errors[:1]}')
    else:
        tap.check(errors, 'no error in an err_ transcript')


def transcript(path):
    def run():
        vm = guest.boot()
        steps = parse(path.read_text(), variables(vm))
        with Rsp(vm.gdb_target, deadline=30) as talk:
            try:
                check_kind(path.stem, play(talk, steps))
            except RspError as e:
                raise tap.Failed(f'{e}; {vm.last_words("qemu")}') from None
            except tap.Failed:
                tap.note(talk.text()[-1500:])
                raise
        tap.check(vm.alive(), 'the emulator ended')
    run.__doc__ = path.read_text().split('\n')[1].lstrip('# ')
    return path.stem, run


class Canned:
    """Stands in for the stub in the negative control."""

    def __init__(self, answers):
        self.answers = list(answers)

    def send(self, payload):
        pass

    def answer(self):
        return self.answers.pop(0)


def test_runner_notices_differences():
    "negative control: other answers, errors in ok_, success in err_ are seen"
    steps = parse('> ?\n<~ T05thread:p{m}[.].*\n<! swbreak\n> !\n< OK\n',
                  {'m': '989680'})
    good = ['T05thread:p989680.01;', 'OK']
    check_kind('ok_x', play(Canned(good), steps))
    for bad in (['T05thread:p1.1;', 'OK'], [good[0], 'OK '], [good[0], ''],
                ['T05thread:p989680.01;swbreak:;', 'OK']):
        tap.fails(play, Canned(bad), steps)
    tap.fails(check_kind, 'ok_x', ['OK', 'E14'])
    tap.fails(check_kind, 'err_x', ['OK', 'T05'])
    tap.fails(check_kind, 'ok_x', [])
    tap.fails(parse, '>no blank', {})


tap.main(globals(), more=[transcript(p) for p in
                          sorted(HERE.glob('*.rsp'))])
