#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`monitor gdbx threads tasks': every task is a thread of the machine, and its
backtrace is what the guest's own /proc/TID/stack says."""
import common
import kernel
import tap

RUN = ['sleeper', 'threads', 'dynamic', 'busy-a', 'files']
guest = common.Guest(run=RUN, smp=2, kernel_symbols=True)


def tasks(gdb):
    """{guest tid: thread} of the machine's threads that are tasks."""
    out = {}
    for t in gdb.threads():
        tid = int(t['target-id'].split('.')[1].split()[0])
        if tid > kernel.TASK_IDS:
            out[tid - kernel.TASK_IDS] = t
    return out


def test_backtraces_are_the_guests():
    "each task that slept all the while: frame by frame, name and address"
    vm = guest.boot()
    known = kernel.symbols(vm.oracle)
    before = kernel.stacks(vm.oracle)
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx threads tasks')
        shown = kernel.backtraces(gdb, known)
    guest.boot()
    after = kernel.stacks(vm.oracle)
    same = [t for t in before if before[t] == after.get(t) and t in shown]
    tap.check(len(same) > 30, f'only {len(same)} tasks slept on')
    for tid in same:
        kernel.check_stack(before[tid][0], shown[tid], known)


def test_every_task_is_a_thread():
    "a thread each, with its name, CPU and state; what a CPU runs is the CPU's"
    vm = guest.boot()
    pid = guest.pids['sleeper']
    names = {t['tid']: t['comm'] for t in vm.oracle.tasks()}
    with guest.gdb() as (vm, gdb):
        tap.equal(len(gdb.threads()), 2, 'threads before')
        gdb.cmd('monitor gdbx threads tasks')
        shown = tasks(gdb)
        tap.check(len(shown) >= len(names) - 8, f'{len(shown)} of {len(names)}')
        tap.equal(shown[pid]['name'], 'sleeper', 'name')
        tap.contains(shown[pid]['details'], f'pid {pid} [sleeping] in ')
        running = {t['name'] for t in gdb.threads()[:2]}
        tap.check('busy-a' in running or guest.pids['busy-a'] in shown,
                  'busy-a is nowhere')
        gdb.cmd('monitor gdbx threads cpus')
        tap.equal(len(gdb.threads()), 2, 'threads after')


def test_registers_that_are_not_known():
    "only what a switch saves has a value, the rest is <unavailable>"
    vm = guest.boot()
    pid = guest.pids['sleeper']
    address = int(vm.oracle.said('sleeper')['signature'], 16)
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx threads tasks')
        gdb.mi(f"-thread-select {tasks(gdb)[pid]['id']}")
        for name in ('rax', 'r8', 'eflags', 'cs', 'cr0', 'xmm0'):
            tap.contains(gdb.cmd(f'info registers {name}'), '<unavailable>')
        tap.equal(gdb.number('$ostid'), pid, '$ostid')
        tap.equal(gdb.number('$cpl'), 0, '$cpl')
        # Its own user memory as well as the kernel's.
        tap.equal(gdb.number(f'*(long *){address:#x}'), 0x736c656570, 'memory')
        tap.fails(gdb.cmd, 'set $rbx = $rbx + 1', exception=common.GdbError)


def test_a_step_is_refused_in_words():
    "stepi in a task that no CPU runs says why and changes nothing"
    guest.boot()
    pid = guest.pids['sleeper']
    with guest.gdb() as (vm, gdb):
        gdb.cmd('monitor gdbx threads tasks')
        thread = tasks(gdb)[pid]['id']
        gdb.mi(f'-thread-select {thread}')
        gdb.cmd('set scheduler-locking on')
        pc = gdb.number('(long)$pc')
        stop = gdb.run('stepi')
        tap.contains(stop.text, 'no CPU runs this task')
        tap.equal(gdb.number('(long)$pc'), pc, '$pc')
        gdb.cmd('set scheduler-locking off')
        common.run_a_little(vm, gdb)


def test_check_notices_wrong_frames():
    "negative control: another function, offset, or a frame too few is noticed"
    known = {'a': {USER}, 'b': {USER + 64}, '__sched_text_start': {1},
             '__sched_text_end': {2}}
    text = '[<0>] a+0x4/0x20\n[<0>] b+0x8/0x20\n'
    right = [(USER + 4, 'a'), (USER + 72, 'b')]
    kernel.check_stack(text, right, known)
    for wrong in (right[:1], right[::-1], [(USER + 5, 'a'), right[1]],
                  [(USER + 80, 'c'), *right]):
        tap.fails(kernel.check_stack, text, wrong, known)


USER = kernel.USER_END
tap.main(globals())
