# SPDX-License-Identifier: GPL-2.0-or-later
"""A short run of each fuzz target.

    GDBX_FUZZ   the fuzzer's binary (default: that of build/tests)
    FUZZ_RUNS   inputs per target (default 20000)

To fuzz in earnest:  FUZZ=z build/tests/tests/unit/gdbstub/fuzz CORPUS
"""

import os
import subprocess
import tempfile

import tap

ROOT = os.environ.get('GDBX_ROOT') or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '../..')
FUZZ = os.environ.get('GDBX_FUZZ') or os.path.join(
    ROOT, 'build/tests/tests/unit/gdbstub/fuzz')
RUNS = int(os.environ.get('FUZZ_RUNS', '20000'))

# Well-formed input of each kind to start from.
SEEDS = {
    'ax': [bytes.fromhex(h) for h in (
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
            [FUZZ, f'-runs={runs}', '-seed=1', '-max_len=512', '-timeout=20',
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
    tap.main({}, more=list(cases()))
