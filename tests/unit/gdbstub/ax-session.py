# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside gdb: make it compile expressions and say their values.

Input and output are JSON files named by AX_INPUT and AX_OUTPUT.  Before each
condition a "qMark:N" packet tells the stub to which one the next Z0 belongs.
"""

import json
import os

import gdb

MASK = (1 << 64) - 1


def value_of(text):
    try:
        value = gdb.parse_and_eval(text)
        return {'value': int(value) & MASK}
    except gdb.error as e:
        return {'error': str(e)}


def printed(arguments):
    try:
        return {'text': gdb.execute('printf ' + arguments, to_string=True)}
    except gdb.error as e:
        return {'error': str(e)}


def mark(number):
    gdb.execute(f'maint packet qMark:{number:x}', to_string=True)


def conditions(todo):
    gdb.execute('break *$rip', to_string=True)
    answers = []
    for number, text in enumerate(todo):
        mark(number)
        gdb.execute(f'condition 1 {text}', to_string=True)
        answers.append(value_of(text))
    gdb.execute('delete 1')
    return answers


def prints(todo, first):
    answers = []
    for number, arguments in enumerate(todo, first):
        mark(number)
        gdb.execute(f'dprintf *$rip,{arguments}', to_string=True)
        answers.append(printed(arguments))
        gdb.execute('delete $bpnum')
    return answers


def main():
    with open(os.environ['AX_INPUT'], encoding='utf-8') as f:
        todo = json.load(f)
    gdb.execute('set breakpoint always-inserted on')
    gdb.execute('set dprintf-style agent')
    gdb.execute(f'target remote 127.0.0.1:{todo["port"]}', to_string=True)
    answers = {
        'conditions': conditions(todo['conditions']),
        'prints': prints(todo['prints'], len(todo['conditions'])),
    }
    with open(os.environ['AX_OUTPUT'], 'w', encoding='utf-8') as f:
        json.dump(answers, f)


main()
