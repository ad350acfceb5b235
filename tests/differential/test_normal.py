#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The differential suite's way to compare: it forgives nothing but addresses
that the kernel chose and ids."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'lib')]
import tap  # noqa: E402
from normal import difference, normal  # noqa: E402

NATIVE = '''Breakpoint 1, add (a=2) at basics.c:57
#1  0x0000000000401a16 in main (argv=0x7fffffffe5a8) at basics.c:213
rsp 0x7fffffffe480 0x7fffffffe480
[Inferior 2 (process 4711) exited with code 01]
Thread 2.1 "basics" hit, Thread 4711.4712
target:/top/bin/basics
'''
GUEST = NATIVE.replace('7fffffffe', '7ffcb1234').replace('4711', '97') \
    .replace('4712', '98').replace('target:/top', '')


def lines(text):
    return normal(text, '/top')


def test_addresses_and_ids_may_differ():
    "another stack, other ids, another directory are the same"
    tap.equal(difference(lines(NATIVE), lines(GUEST)), [])


def test_check_notices_each_change():
    "negative control: each number, word and line that is changed is noticed"
    for old, new in (('a=2', 'a=3'), ('401a16', '401a17'), (':57', ':58'),
                     ('code 01', 'code 02'), ('2.1', '2.2'),
                     ('bin/basics', 'bin/other'),
                     ('rsp 0x7ffcb1234480', 'rsp 0x7ffcb12345a8'),
                     ('97.98', '97.97')):
        tap.check(old in GUEST, f'{old} is not there')
        changed = GUEST.replace(old, new, 1)
        tap.check(difference(lines(NATIVE), lines(changed)),
                  f'{old} -> {new} was not noticed')
    for i in range(len(GUEST.splitlines())):
        less = GUEST.splitlines()
        del less[i]
        tap.check(difference(lines(NATIVE), lines('\n'.join(less))),
                  f'without line {i} nothing differs')


def test_bits():
    "a 32-bit program's places are known too, small numbers stay"
    tap.equal(normal('0xffffd000 0xf7fc0000 0xffffd000 0x5', '/', 32),
              ['@1 @2 @1 0x5'])


tap.main(globals())
