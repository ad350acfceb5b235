# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests as functions, results as TAP.

A test file is a program:

    import tap

    def test_adds_up():
        "one and one is two"
        tap.equal(1 + 1, 2)

    tap.main(globals())

Every function called test_* is one subtest; the first line of its docstring
(else its name) is what the line says.  It fails by any exception, is skipped
by raising tap.Skip(reason), and says more by tap.note().  A case made at run
time goes in as tap.main(globals(), more=[('name', function), ...]).

`file.py NAME...` runs only the functions of these names, which is what the
"repeat" line of a failure shows.  `file.py --list` names them.
"""

import os
import random
import shlex
import signal
import sys
import traceback


TERMINATED = 128 + signal.SIGTERM      # as vm.py's handler exits
# What in the environment chooses another test under the same name.
REPEATED = ('GDB', 'KERNEL', 'SMP', 'ICOUNT', 'SEED', 'COMMANDS', 'AX_SEED',
            'TORTURE_SEED', 'COMPILED_SEED', 'FUZZ_SEED', 'OSI_APPEND',
            'OSI_CPU', 'OSI_SMP', 'OSI_DISK', 'OSI_MISSING', 'OSI_OPTIONS',
            'OSI_IMAGE', 'GDBX_RECORDINGS', 'GDBX_LANDINGS', 'GDBX_SEED')


def seed(name):
    """Where a test's random numbers start: the variable's number, or 1; with
    `any', a new one. Runs of the whole suite differ by nothing but the tree."""
    value = os.environ.get(name, '1')
    return random.randrange(1 << 32) if value == 'any' else int(value)


class Skip(Exception):
    """This cannot be tested here; the text says why, in one sentence."""


class Failed(AssertionError):
    """A check did not hold; the text says which."""


def note(text):
    """Say something beside the results."""
    for line in str(text).splitlines() or ['']:
        print(f'# {line}', flush=True)


def check(condition, what):
    if not condition:
        raise Failed(what)


def equal(got, want, what='value'):
    if got != want:
        raise Failed(f'{what}: got {_short(got)}, want {_short(want)}')


def contains(text, part, what='text'):
    if part not in text:
        raise Failed(f'{what}: no {_short(part)} in {_short(text)}')


def fails(function, *args, exception=Failed, **kwargs):
    """A negative control: FUNCTION must fail.  Returns what it raised."""
    try:
        function(*args, **kwargs)
    except exception as e:
        return e
    raise Failed('the negative control was not noticed: '
                 f'{function.__name__} saw nothing wrong')


def _short(value, limit=600):
    text = repr(value)
    return text if len(text) <= limit else text[:limit] + '...'


def _line(text):
    return str(text).replace('\n', ' ').replace('#', '\\#').strip()


def _title(name, function):
    doc = (function.__doc__ or '').strip().splitlines()
    return f'{name}: {doc[0]}' if doc else name


def _run(number, name, function):
    """Run one case and print its line; False when it failed."""
    title = _line(_title(name, function))
    try:
        function()
    except Skip as e:
        print(f'ok {number} - {title} # SKIP {_line(e)}', flush=True)
        return True
    except KeyboardInterrupt:
        print('Bail out! interrupted', flush=True)
        raise
    except BaseException as e:          # SystemExit of a helper is one too
        print(f'not ok {number} - {title}', flush=True)
        if isinstance(e, Failed):
            frames = traceback.extract_tb(e.__traceback__)
            where = [f for f in frames if f.filename != __file__][-1]
            note(f'{os.path.basename(where.filename)}:{where.lineno}: {e}')
        else:
            note(traceback.format_exc())
        note(f'repeat: {repeat_command()} {name}')
        if isinstance(e, SystemExit) and e.code == TERMINATED:
            print('Bail out! terminated', flush=True)
            raise
        return False
    print(f'ok {number} - {title}', flush=True)
    return True


def repeat_command():
    """The command that runs this file again, from the top directory."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))))
    program = os.path.abspath(sys.argv[0])
    lib = os.path.relpath(os.path.dirname(os.path.abspath(__file__)), top)
    words = [f'PYTHONPATH={lib}']
    words += [f'{k}={shlex.quote(os.environ[k])}' for k in REPEATED
              if os.environ.get(k)]
    words += ['python3', os.path.relpath(program, top)]
    return ' '.join(words)


def main(names, more=(), argv=None):
    """Run the test_* of NAMES (a dict) and MORE; exit 1 if any failed."""
    argv = sys.argv[1:] if argv is None else argv
    cases = [(n, f) for n, f in names.items()
             if n.startswith('test_') and callable(f)]
    cases += list(more)
    if argv == ['--list']:
        print('\n'.join(n for n, _ in cases))
        sys.exit(0)
    unknown = set(argv) - {n for n, _ in cases}
    if unknown:
        sys.exit(f'no such test: {" ".join(sorted(unknown))}')
    if argv:
        cases = [(n, f) for n, f in cases if n in argv]
    print('TAP version 13')
    print(f'1..{len(cases)}', flush=True)
    results = [_run(i, n, f) for i, (n, f) in enumerate(cases, 1)]
    sys.exit(0 if all(results) else 1)
