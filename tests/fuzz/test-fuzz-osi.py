# SPDX-License-Identifier: GPL-2.0-or-later
"""A short run of each fuzz target of introspection.

    GDBX_FUZZ_OSI   the fuzzer's binary (default: that of build/tests)
    FUZZ_RUNS       inputs per target (default: by target, some seconds)

To fuzz in earnest:
    FUZZ=btf build/tests/tests/unit/introspect/fuzz-osi CORPUS
"""

import os
import subprocess
import tempfile

import tap

ROOT = os.environ.get('GDBX_ROOT') or os.path.join(
    os.path.dirname(os.path.abspath(__file__)), '../..')
FUZZ = os.environ.get('GDBX_FUZZ_OSI') or os.path.join(
    ROOT, 'build/tests/tests/unit/introspect/fuzz-osi')

# Inputs, and the longest one.
TARGETS = {
    'btf': (20000, 8192),
    'kallsyms': (1500, 65536),
    'map': (4000, 40000),
    'orc': (40000, 4096),
    'maple': (60000, 288),
    'xarray': (60000, 600),
    'vmcoreinfo': (60000, 4096),
    'elf': (5000, 1440),
    'profile': (2000, 16384),
}


def run(target, runs, **env):
    if not os.path.exists(FUZZ):
        raise tap.Skip('no fuzzer: clang or its libFuzzer is not installed')
    runs = int(os.environ.get('FUZZ_RUNS', runs))
    with tempfile.TemporaryDirectory() as directory:
        corpus = os.path.join(directory, 'corpus')
        os.mkdir(corpus)
        subprocess.run([FUZZ], check=True, timeout=120, env=dict(
            os.environ, FUZZ=target, FUZZ_SEEDS=os.path.join(corpus, 'seed')))
        return subprocess.run(
            [FUZZ, f'-runs={runs}', '-seed=1', '-timeout=60',
             f'-max_len={TARGETS[target][1]}', '-rss_limit_mb=2048',
             f'-artifact_prefix={directory}/', '-print_final_stats=1',
             '-len_control=0', corpus],
            env=dict(os.environ, FUZZ=target, **env), cwd=directory,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors='replace', timeout=3600)


def check_target(target):
    ran = run(target, TARGETS[target][0])
    if ran.returncode:
        tap.note(ran.stdout[-3000:])
    tap.equal(ran.returncode, 0, 'exit status')
    tap.contains(ran.stdout, 'stat::number_of_executed_units')


def check_control(target):
    ran = run(target, 100, FUZZ_CONTROL='1')
    tap.check(ran.returncode != 0, 'the planted fault went unnoticed')
    tap.contains(ran.stdout, 'broken promise')


def cases():
    for target in TARGETS:
        def good(target=target):
            "nothing breaks"
            check_target(target)

        def control(target=target):
            "negative control: what it begins with is understood to the end"
            check_control(target)
        yield target, good
        yield f'control_{target}', control


if __name__ == '__main__':
    tap.main(globals(), more=list(cases()))
