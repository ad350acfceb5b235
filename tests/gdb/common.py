# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by the tests of this directory: the library's path and checks that
more than one of them makes."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from fixture import Guest, log_path  # noqa: E402,F401
from gdbrun import GdbBusy, GdbError  # noqa: E402,F401
from oracle import OracleError  # noqa: E402,F401

# Stops after which something that happens at most of them must have been
# seen; a bound, not a wait.
MANY_STOPS = 40


def is_a_task(name, tasks):
    """/proc adds what a kworker works on: "kworker/0:1-events"."""
    names = {t['comm'] for t in tasks}
    return name in names or name.startswith('swapper/') or (
        name.startswith('kworker/')
        and any(n.startswith((name + '-', name + '+')) for n in names))


def check_cpu(cpu, tasks):
    """A CPU thread's name is that of a task; its text says the CPU's state."""
    name = cpu.get('name', '')
    tap.check(is_a_task(name, tasks),
              f"thread {cpu['id']} is called '{name}', no task of the guest")
    tap.check('CPU#' in cpu.get('details', ''),
              f"thread {cpu['id']} does not say which CPU it is")


def cpu_running(gdb, name):
    """gdb's id of the CPU thread on which the task @name is, or None."""
    for thread in gdb.threads():
        if (thread.get('name') == name
                and '[running]' in thread.get('details', '')):
            return thread['id']
    return None


def read_on_cpu(gdb, name, address):
    """A long of process @name, read through the CPU that runs it now, or
    None when no CPU does. The selected thread stays selected."""
    cpu = cpu_running(gdb, name)
    if cpu is None:
        return None
    here = gdb.mi('-thread-info')['current-thread-id']
    gdb.mi(f'-thread-select {cpu}')
    value = gdb.number(f'*(unsigned long *){address:#x}')
    gdb.mi(f'-thread-select {here}')
    return value


def advances(oracle, pid):
    """The program's counter grows: a bounded number of questions, each of
    which the guest has to run for."""
    first = oracle.counter(pid)
    return any(oracle.counter(pid) > first for _ in range(100))


def run_a_little(vm, gdb):
    """Lets the guest run until it has answered a question; stops it."""
    gdb.start('continue')
    vm.oracle.ask('ping')
    gdb.interrupt()
    return gdb.wait_stop()
