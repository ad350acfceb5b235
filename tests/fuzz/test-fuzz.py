# SPDX-License-Identifier: GPL-2.0-or-later
"""A short run of each fuzz target.

    GDBX_FUZZ   the fuzzer's binary (default: that of build/tests)
    FUZZ_RUNS   inputs per target (default 60000)

To fuzz in earnest:  FUZZ=z build/tests/tests/unit/gdbstub/fuzz CORPUS
"""

import os
import re
import subprocess
import tempfile

import tap

ROOT = os.environ.get('GDBX_ROOT') or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '../..')
FUZZ = os.environ.get('GDBX_FUZZ') or os.path.join(
    ROOT, 'build/tests/tests/unit/gdbstub/fuzz')
RUNS = int(os.environ.get('FUZZ_RUNS', '60000'))

HERE = os.path.dirname(os.path.abspath(__file__))


def gdb_expressions():
    with open(os.path.join(HERE, 'gdb-expressions.txt'),
              encoding='ascii') as f:
        return [line.strip() for line in f if not line.startswith('#')]


# What gdb does not send, or only with tracepoints, and the limits: the
# deepest stack and one more, jumps back, as many prints as may be and one more.
PRINT = '22002200' + '34' + '00' + '0002' + '7800'
ODD = ['2201' '2202' '2203' '33' '29' '29' '27', '2201' '2202' '3201' '27',
       '2201' '28' '2b' '27', '2c0001' '2e0001' '2d0002' '27',
       '2201' '2202' '0c' '27', '2201' '0d08' '27', '2201' '300100' '27',
       '2201' '2202' '2f' '27', '2201' * 64 + '27', '2201' * 65 + '27',
       '2201' * 63 + '28' + '02' * 63 + '27', '2201200000' '27', '210000',
       PRINT * 64 + '27', PRINT * 65 + '27',
       '2201' * 20 + '22002200' '3414' '0029' + '2564' * 20 + '00' '27']
# Well-formed input of each kind to start from.
SEEDS = {
    'ax': [bytes.fromhex(h) for h in (
        *gdb_expressions(), *ODD,
        '2400404010191620220513' '27',                          # i == 5
        '26000622100222dc16080219162022031327',
        '2207250000000000401000220022003402000525642573' '0027',  # printf
        '220022642833022822010328200004' '2927')],              # a loop
    'z': [b'0,401180,1', b'4,1000,8',
          b'0,401180,1;X12,26000622100222dc16080219162022031327',
          b'0,1,1;X3,220127X4,22020e27;cmds:1,X3,220127'],
    'vcont': [b';c', b';s:p1.2;c', b';r401000,401010:p1.1;c',
              b';C0b:p1.2;t:p-1.-1;S05:-1'],
    'xfer': [b':0,1000', b'target.xml:10,fff', b'a b:c}#$*:1,2'],
    'expression': [
        b'$a + 0x10 == u32[$b] && !($c >> 3 < 4) || *(s8 *)($d - 1) ? 1 : -2',
        b'(unsigned long)$a % 7 / 2 * ~$b ^ 3 | 5 & \'x\' << 017 once',
        b'"%d %s %lx\\n", $a >= 3, $b, u8[$c] != 2'],
    'text': [b'p1.2', b'p-1.-1', b'-1', b'4142ff', b'gr\xc3\xbc\xc3\x9f <&>'],
}


def run(target, runs, **env):
    """Run one target; the completed process, output in .stdout."""
    if not os.path.exists(FUZZ):
        raise tap.Skip('no fuzzer: clang or its libFuzzer is not installed')
    with tempfile.TemporaryDirectory() as directory:
        corpus = os.path.join(directory, 'corpus')
        os.mkdir(corpus)
        for number, seed in enumerate(SEEDS[target]):
            with open(os.path.join(corpus, str(number)), 'wb') as f:
                f.write(seed)
        return subprocess.run(
            [FUZZ, f'-runs={runs}', '-seed=1', '-max_len=1024', '-timeout=20',
             f'-artifact_prefix={directory}/', '-print_final_stats=1', corpus],
            env=dict(os.environ, FUZZ=target, **env), cwd=directory,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors='replace', timeout=300)


def check_target(target):
    ran = run(target, RUNS)
    if ran.returncode:
        tap.note(ran.stdout[-3000:])
    tap.equal(ran.returncode, 0, 'exit status')
    tap.contains(ran.stdout, 'stat::number_of_executed_units')


def check_control(target):
    ran = run(target, RUNS, FUZZ_CONTROL='1')
    tap.check(ran.returncode != 0, 'the planted fault went unnoticed')
    tap.contains(ran.stdout, 'broken promise')


def operations():
    """The names of all that the verifier accepts."""
    with open(os.path.join(ROOT, 'gdbstub/gdbx/ax.c'), encoding='ascii') as f:
        return set(re.findall(r'\[AX_\w+\] = \{ "(\w+)"', f.read()))


def not_covered(output):
    return operations() - set(re.findall(r'^covered (\w+)$', output, re.M))


def test_all_operations():
    "what the fuzzer begins with has each operation in accepted code"
    tap.check(len(operations()) > 40, 'the table of operations is not found')
    ran = run('ax', 0, FUZZ_COVER='1')
    tap.equal(ran.returncode, 0, ran.stdout[-500:])
    tap.equal(not_covered(ran.stdout), set(), 'operations without a seed')


def test_control_operations():
    "negative control: an operation that no seed has is noticed"
    kept, SEEDS['ax'] = SEEDS['ax'], [bytes.fromhex('220127')]
    try:
        ran = run('ax', 0, FUZZ_COVER='1')
    finally:
        SEEDS['ax'] = kept
    tap.check('rot' in not_covered(ran.stdout), 'rot is taken for covered')


def cases():
    for target in SEEDS:
        def good(target=target):
            "nothing breaks"
            check_target(target)

        def control(target=target):
            "negative control: a planted fault is found"
            check_control(target)
        yield target, good
        yield f'control_{target}', control


if __name__ == '__main__':
    tap.main(globals(), more=list(cases()))
