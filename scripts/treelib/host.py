# SPDX-License-Identifier: GPL-2.0-or-later
"""The private Python environment: meson and pycotap, build/host/venv.

Debian 12's own meson is older than QEMU wants.  The modules are copied into
the environment, not linked or named in a .pth file: QEMU's configure makes an
environment inside this one, and that sees only what lies in site-packages.
"""

import glob
import os
import re
import shutil
import sys
import tempfile

from .common import (Failure, build, output, read_json, run, say, top,
                     upstream, write, write_json)

SYSTEM = '/usr/lib/python3/dist-packages'
MODULES = {
    'meson': ('mesonbuild', 'meson-*info'),
    'pycotap': ('pycotap', 'pycotap-*info'),
}
LAUNCHER = '''#!{python}
import sys
from mesonbuild.mesonmain import main
sys.exit(main())
'''


def python():
    return build('host/venv/bin/python3')


def meson():
    return build('host/venv/bin/meson')


def new_enough(version, at_least):
    def key(v):
        return [int(x) for x in re.findall(r'\d+', v)[:3]]
    return key(version) >= key(at_least)


def find(root, patterns):
    """The paths under ROOT that match, one for each pattern, or None."""
    hits = [glob.glob(os.path.join(root, p)) for p in patterns]
    return [h[0] for h in hits] if all(hits) else None


def of_system(name, at_least):
    """The module as the machine has it, if it is new enough."""
    paths = find(SYSTEM, MODULES[name])
    if paths and at_least:
        m = re.search(r'-(\d[\d.]*)', os.path.basename(paths[1]))
        if not m or not new_enough(m.group(1).rstrip('.'), at_least):
            return None
    return paths


def of_package(name, want, scratch):
    """The module out of Debian's package, unpacked below SCRATCH."""
    say(f'    {name} comes from the package {want["package"]}')
    res = output(top('scripts/debfetch'), '--suite', want['suites'],
                 '--binary', want['package'])
    if res.returncode:
        raise Failure(f'{name} is needed and cannot be had; is the network '
                      'there? ' + res.stderr.strip().splitlines()[-1])
    dest = os.path.join(scratch, name)
    run('dpkg-deb', '-x', res.stdout.split()[0], dest)
    paths = find(dest + SYSTEM, MODULES[name])
    if not paths:
        raise Failure(f'the package {want["package"]} has no {name} in it')
    return paths


def works():
    """True when the environment is whole and of this machine's Python."""
    state = read_json(build('host/venv/gdbx.json'))
    if state.get('python') != sys.version or state.get('at') != build():
        return False
    return output(meson(), '--version').returncode == 0


def prepare():
    """Make build/host/venv unless it is there; quick when it is."""
    if works():
        return
    venv = build('host/venv')
    shutil.rmtree(venv, ignore_errors=True)
    os.makedirs(build('host'), exist_ok=True)
    run(sys.executable, '-m', 'venv', '--without-pip', venv)
    site = glob.glob(os.path.join(venv, 'lib/python3*/site-packages'))[0]
    with tempfile.TemporaryDirectory(dir=build('host')) as scratch:
        for name, want in upstream()['host'].items():
            paths = (of_system(name, want.get('at_least'))
                     or of_package(name, want, scratch))
            for path in paths:
                copy = shutil.copytree if os.path.isdir(path) else shutil.copy
                copy(path, os.path.join(site, os.path.basename(path)))
    write(meson(), LAUNCHER.format(python=python()))
    os.chmod(meson(), 0o755)
    # An environment knows its own place: a moved checkout makes it anew.
    write_json(os.path.join(venv, 'gdbx.json'),
               {'python': sys.version, 'at': build()})
