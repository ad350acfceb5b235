# SPDX-License-Identifier: GPL-2.0-or-later
"""What it costs to find out about the guest OS, in the emulator: `gdbx os
cost' with the guest stopped, beside the guest's own list of its tasks."""
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'lib')]
from measure import say, summary  # noqa: E402
from vm import VM  # noqa: E402

KERNELS = ('5.10', '6.1', '6.12')


def cost(vm):
    """{'detection': ms, 'tasks': (ms, number), 'mappings': (ms, number)}"""
    vm.qmp.command('stop')
    text = vm.qmp.hmp('gdbx os cost')
    vm.qmp.command('cont')
    ms = {k: float(v) for k, v in re.findall(r'(\w+) +([\d.]+) ms', text)}
    count = {k: int(n) for k, n in re.findall(r'(\w+) +[\d.]+ ms for (\d+)',
                                              text)}
    if 'detection' not in ms or 'tasks' not in count:
        raise RuntimeError(f'gdbx os cost: {text}')
    return ms, count


def rounds(vm, n):
    """Medians of @n measurements."""
    all_ms = {}
    for _ in range(n):
        ms, count = cost(vm)
        for k, v in ms.items():
            all_ms.setdefault(k, []).append(v)
    return {k: dict(summary(v), count=count.get(k)) for k, v in
            all_ms.items()}


def own_list(vm, n):
    """How long the guest takes to list its tasks out of /proc, ms."""
    taken = []
    for _ in range(n):
        start = time.monotonic()
        tasks = vm.oracle.tasks()
        taken.append((time.monotonic() - start) * 1000)
    return dict(summary(taken), count=len(tasks))


def introspect(plan):
    result = {'kernels': []}
    n = plan['rounds']
    for kernel in KERNELS:
        with VM(kernel, ['mappings', 'dynamic', 'threads'], smp=2,
                memory='1G') as vm:
            vm.wait_ready()
            row = dict(rounds(vm, n), kernel=kernel)
            result['kernels'].append(row)
            say(f"introspection of {kernel}: detection "
                f"{row['detection']['median']:.0f} ms")
            if kernel == '6.1':
                result['few'] = {'ours': rounds(vm, n)['tasks'],
                                 'own': own_list(vm, n)}
                vm.oracle.deadline = 600    # thousands of forks, emulated
                vm.oracle.spawn('many', plan['tasks'])
                result['many'] = {'ours': rounds(vm, n)['tasks'],
                                  'own': own_list(vm, n)}
    return result
