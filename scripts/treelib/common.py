# SPDX-License-Identifier: GPL-2.0-or-later
"""What every tool of the tree shares: places, sentences, hashes, locks.

Everything is found from the top directory, never from the working
directory, so a tool may be called from anywhere.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.path.join(TOP, 'build')


class Failure(Exception):
    """One sentence for the user: what went wrong and what to do."""


def top(*parts):
    return os.path.join(TOP, *parts)


def build(*parts):
    return os.path.join(BUILD, *parts)


def cache_dir():
    base = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    return os.environ.get('GDBX_CACHE') or os.path.join(base, 'gdbx')


def say(text):
    print(text, flush=True)


def upstream():
    with open(top('upstream.json'), encoding='utf-8') as f:
        return json.load(f)


def sha256(path):
    """Hash of a file; None when there is none."""
    try:
        with open(path, 'rb') as f:
            return hashlib.file_digest(f, 'sha256').hexdigest()
    except OSError:
        return None


def sha256_text(text):
    return hashlib.sha256(text.encode()).hexdigest()


def write(path, text):
    """Replace a file at once: a reader sees the old or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile('w', dir=os.path.dirname(path),
                                     delete=False, encoding='utf-8') as f:
        f.write(text)
    os.chmod(f.name, 0o644)
    os.rename(f.name, path)


def read_json(path):
    """A state file of ours; {} when it is missing or damaged."""
    try:
        with open(path, encoding='utf-8') as f:
            state = json.load(f)
            return state if isinstance(state, dict) else {}
    except (OSError, ValueError):
        return {}


def write_json(path, state):
    write(path, json.dumps(state, indent=1, sort_keys=True) + '\n')


@contextlib.contextmanager
def lock(name):
    """One tool at a time works on build/."""
    os.makedirs(BUILD, exist_ok=True)
    with open(build(f'.{name}.lock'), 'w', encoding='utf-8') as f:
        try:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say('waiting for another run in this tree')
            fcntl.flock(f, fcntl.LOCK_EX)
        yield


def run(*argv, log=None, what=None, **kwargs):
    """Run a command that must work; its output goes to the file LOG."""
    what = what or os.path.basename(argv[0])
    try:
        if log is None:
            res = subprocess.run(argv, check=False, **kwargs)
        else:
            os.makedirs(os.path.dirname(log), exist_ok=True)
            with open(log, 'w', encoding='utf-8') as f:
                res = subprocess.run(argv, check=False, stdout=f,
                                     stderr=subprocess.STDOUT, **kwargs)
    except FileNotFoundError as e:
        raise Failure(f'{e.filename} is missing: '
                      'run ./configure --install-deps') from e
    if res.returncode:
        where = f'; its output is in {os.path.relpath(log)}' if log else ''
        raise Failure(f'{what} failed (exit {res.returncode}){where}')
    return res


def output(*argv, **kwargs):
    """Standard output of a command, whatever its exit status."""
    return subprocess.run(argv, check=False, text=True, errors='replace',
                          capture_output=True, **kwargs)


def tool_main(name, function):
    """Run a tool's main function; its failures are one line each."""
    try:
        sys.exit(function())
    except Failure as e:
        sys.exit(f'{name}: {e}')
    except OSError as e:
        sys.exit(f'{name}: {e.strerror or e}: {e.filename or ""}'.rstrip(': '))
    except KeyboardInterrupt:
        sys.exit(f'{name}: interrupted')
