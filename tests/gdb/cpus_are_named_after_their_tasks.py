#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`info threads' at connect: each CPU with the guest task that runs on it."""
import common
import tap

guest = common.Guest(run=['busy-a', 'busy-b'], smp=2)


def test_each_cpu_has_a_task():
    "every CPU thread is named after a task which the guest knows"
    vm = guest.boot()
    tasks = vm.oracle.tasks()
    with guest.gdb() as (vm, gdb):
        cpus = gdb.threads()
        tap.equal(len(cpus), 2, 'number of threads')
        for cpu in cpus:
            common.check_cpu(cpu, tasks)


def test_busy_programs_are_seen():
    "two programs that never sleep are what runs on two CPUs, sooner or later"
    with guest.gdb() as (vm, gdb):
        seen = set()
        for _ in range(common.MANY_STOPS):
            seen |= {cpu['name'] for cpu in gdb.threads()}
            if {'busy-a', 'busy-b'} <= seen:
                return
            common.run_a_little(vm, gdb)
    raise tap.Failed(f'only seen on a CPU: {sorted(seen)}')


def test_check_notices_a_wrong_name():
    "negative control: a name that no task has is noticed"
    tasks = guest.boot().oracle.tasks()
    cpu = {'id': '1', 'name': 'no-such-task', 'details': 'CPU#0 [running]'}
    tap.fails(common.check_cpu, cpu, tasks)
    tap.fails(common.check_cpu, dict(cpu, name='busy-a', details=''), tasks)


tap.main(globals())
