#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands in the emulator and what they print: in order, bounded, and what is
missing is said. The guest's own counter is the oracle: work(i) is called with
1, 2, 3 ..., so that a line lost or printed twice shows."""
import contextlib
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'lib'))
import tap  # noqa: E402
from rsp import expand, frame  # noqa: E402
from session import (M, ONE, TWO, Guest, Talk, counters,  # noqa: E402
                     goes_on, on, places, until)

# Bytecode ---------------------------------------------------------------

END = b'\x27'
RDI = b'\x26\x00\x05'           # the argument of work(); both descriptions


def const(n):
    return b'\x25' + n.to_bytes(8, 'big')


def printf(text, *arguments):
    """As gdb compiles agent-printf: arguments from the last to the first,
    function, channel."""
    text = text.encode() + b'\0'
    return (b''.join(reversed(arguments)) + b'\x22\x00\x22\x00\x34'
            + bytes([len(arguments)]) + len(text).to_bytes(2, 'big') + text
            + END)


def less(n):
    return RDI + const(n) + b'\x15' + END       # less_unsigned


def equal(n):
    return RDI + const(n) + b'\x13' + END


def masked(mask):
    return RDI + const(mask) + b'\x0f' + const(0) + b'\x13' + END


def expression(code):
    return f'X{len(code):x},{code.hex()}'


def point(address, condition=None, commands=()):
    text = f'Z0,{address},1'
    if condition:
        text += ';' + expression(condition)
    if commands:
        text += ';cmds:1,' + ''.join(expression(c) for c in commands)
    return text


FAULTS = Guest(run=['faults'], smp=1)

LINE = printf('%lu\\n', RDI)


# What a client sees -------------------------------------------------------

def unhex(packet):
    return bytes.fromhex(expand(packet).decode()[1:]).decode()


@contextlib.contextmanager
def at_work(vm, guest=ONE):
    """A session with busy-a attached and stopped in work(), nothing there:
    (talk, address of work, thread)."""
    work, _ = places(vm)            # while the guest can answer
    with Talk(vm) as talk:
        thread = talk.attach(guest.pids['busy-a'])
        talk.ok(point(work))
        talk.expect(talk.run(), f'T05thread:{thread};')
        talk.ok(f'z0,{work},1')
        yield talk, work, thread


def argument(talk):
    return int.from_bytes(bytes.fromhex(talk.ask('p5')), 'little')


def check_lines(text, first):
    """Numbers that go by ones from @first, or by what is said to be dropped;
    the one that would come next."""
    wanted = first
    for line in text.splitlines():
        gap = re.fullmatch(r'gdbx: (\d+) lines? dropped', line)
        if gap:
            wanted += int(gap[1])
            continue
        tap.equal(line, str(wanted), 'line')
        wanted += 1
    return wanted


def true_hits(talk, address):
    return sum(int(n) for n in re.findall(
        rf'0x0*{address} .* true (\d+) .*commands 1',
        talk.command('gdbx points')))


# Printing -----------------------------------------------------------------

@on(ONE)
def test_prints_and_goes_on(vm):
    "lines come while the guest runs, and nothing stops"
    with at_work(vm) as (talk, work, thread):
        first = argument(talk)
        talk.ok(point(work, masked(0xffff), [LINE]))
        talk.resume()
        text = ''
        while text.count('\n') < 5:
            text += unhex(talk.read_packet())
        seen = [int(line) for line in text.splitlines()[:5]]
        tap.equal(seen[0] & 0xffff, 0, 'first')
        tap.check(seen[0] >= first, seen)
        tap.equal([n - seen[0] for n in seen],
                  [0, 0x10000, 0x20000, 0x30000, 0x40000], 'lines')
        talk.interrupt()
        talk.expect(talk.stop(), r'T02thread:')


@on(FAULTS)
def test_faulting(vm):
    "an instruction that faults each time prints once for each turn"
    said = vm.oracle.said('faults')
    counter, put = said['counter'][2:], said['put'][2:]
    value = const(int(counter, 16)) + b'\x1a'            # ref64
    with Talk(vm) as talk:
        talk.attach(FAULTS.pids['faults'])
        talk.ok(point(put, None, [printf('%lu\\n', value)]))
        talk.resume()
        text = ''
        while text.count('\n') < 300:
            text += unhex(talk.read_packet())
        lines = text.splitlines()[:200]
        check_lines('\n'.join(lines), int(lines[0]))
        talk.interrupt()
        talk.expect(talk.stop(), r'T02thread:')


@on(ONE)
def test_before_the_stop(vm):
    "what was printed before a stop is told before it, all of it"
    with at_work(vm) as (talk, work, thread):
        first = argument(talk)
        talk.ok(point(work, less(first + 20000), [LINE]))
        talk.ok(f'Hgp{M}.1')
        # In every address space: busy-a comes there, busy-b may have been.
        talk.ok(point(work, equal(first + 20000)))
        stop = talk.run()
        while argument_of(vm, talk, ONE) < first + 20000:
            more = talk.run()
            stop = (more[0], stop[1] + more[1])
        tap.equal(check_lines(stop[1], first), first + 20000, 'the last')
        tap.check('dropped' not in stop[1], 'lines were dropped')


def argument_of(vm, talk, guest):
    talk.ok(f"Hgp{guest.pids['busy-a']:x}.0")
    value = argument(talk)
    talk.ok(f'Hgp{M}.1')
    return value


@on(ONE)
def test_text(vm):
    "formats, several commands, several arguments, strings, bad strings"
    with at_work(vm) as (talk, work, thread):
        first = argument(talk)
        commands = [
            printf('a %d %5u|%-5lx|%#lx %c %%\\n', const(2**64 - 3),
                   const(77), const(0xab), RDI, const(65)),
            printf('s %s|%s|\\n', const(1), const(0)),
            printf('no newline;'),
        ]
        talk.ok(point(work, equal(first + 2), commands))
        talk.resume()
        text = ''
        while 'no newline;' not in text:
            text += unhex(talk.read_packet())
        tap.equal(text, f'a -3    77|ab   |{first + 2:#x} A %\n'
                  's <error: address 0x1>|(null)|\nno newline;')
        talk.interrupt()
        talk.stop()


@on(ONE)
def test_complains_once(vm):
    "a command that cannot run says so once, and the guest goes on"
    with at_work(vm) as (talk, work, thread):
        talk.ok(point(work, None, [printf('%d\\n', b'\x26\xff\xff')]))
        talk.resume()
        tap.check(re.fullmatch(r'gdbx: command at 0x\w+ ended early: .*'
                               r'\(0xffff\) \(said once\)\n',
                               unhex(talk.read_packet())), 'complaint')
        goes_on(ONE)
        talk.interrupt()
        tap.equal(talk.stop()[1], '', 'said')
        tap.check(true_hits(talk, work) > 10, 'it was hit once')
        # A condition: counts as true, and is told once as well.
        code = const(0) + b'\x17' + END     # ref8 of address 0
        talk.ok(point(work, code, [printf('y')]))
        talk.resume()
        text = unhex(talk.read_packet())
        while text.count('y') < 100:
            text += unhex(talk.read_packet())
        talk.interrupt()
        text += talk.stop()[1]
        tap.equal(text.count('counts as true'), 1, 'told')


# Slow readers ---------------------------------------------------------------

def storm(talk, work, guest=ONE):
    """Every call prints, more than is kept; the client acknowledges nothing."""
    talk.ok(point(work, None, [LINE]))
    talk.ack = False
    talk.resume()
    goes_on(guest)
    before = counters(guest, ['busy-a'])[0]
    until(lambda: counters(guest, ['busy-a'])[0] > before + 100000,
          'a hundred thousand lines')


def read_on(talk):
    """Reads until the stop reply: (it, text)"""
    text = ''
    while True:
        packet = talk.read_packet()
        if packet[:1] != b'O':
            return packet.decode(), text
        text += unhex(packet)


def drain(talk):
    """The same, and acknowledges."""
    talk.ack = True
    return read_on(talk)


@on(ONE)
def test_slow_reader(vm):
    "who does not read costs lines, which are counted, not the guest's time"
    with at_work(vm) as (talk, work, thread):
        first = argument(talk)
        storm(talk, work)
        held = []
        for _ in range(4):
            held.append(unhex(talk.read_packet()))
        # No fifth one without an acknowledgement.
        goes_on(ONE)
        tap.equal(talk.buffer, b'', 'unread')
        talk.sock.setblocking(False)
        try:
            tap.equal(talk.sock.recv(1), None, 'a fifth packet')
        except BlockingIOError:
            pass
        talk.sock.setblocking(True)
        talk.send_bytes(b'++++')
        talk.interrupt()
        reply, text = drain(talk)
        tap.check(reply.startswith('T02'), reply)
        text = ''.join(held) + text
        tap.check('dropped' in text, 'nothing was dropped')
        last = check_lines(text, first)
        # All hits are accounted for, by the emulator and by the guest.
        tap.equal(last - first, true_hits(talk, work), 'lines and dropped')
        talk.ok(f'Hg{thread}')
        tap.check(argument(talk) >= last - 1, 'more lines than calls')
        talk.nothing_is_due()


@on(ONE)
def test_impatient(vm):
    "Ctrl-C again: what waits is dropped, told, and the stop comes at once"
    with at_work(vm) as (talk, work, thread):
        first = argument(talk)
        storm(talk, work)
        talk.interrupt()
        until(lambda: vm.qmp.command('query-status')['status'] == 'paused',
              'the machine stops')
        talk.interrupt()
        reply, text = drain(talk)
        tap.check(reply.startswith('T02'), reply)
        tap.check(text.endswith(' dropped\n'), repr(text[-80:]))
        tap.equal(check_lines(text, first) - first, true_hits(talk, work))
        talk.nothing_is_due()


@on(ONE)
def test_new_command(vm):
    "so does a client that asks on"
    with at_work(vm) as (talk, work, thread):
        storm(talk, work)
        talk.interrupt()
        until(lambda: vm.qmp.command('query-status')['status'] == 'paused',
              'the machine stops')
        talk.send_bytes(frame(b'qC'))
        reply, _ = drain(talk)
        tap.check(reply.startswith('T02'), reply)
        tap.check(talk.answer().startswith('QC'), 'answer')
        talk.nothing_is_due()


@on(TWO)
def test_two_cpus(vm):
    "two vCPUs print into one storm: each hit is a line or counted"
    work, _ = places(vm)
    with Talk(vm) as talk:
        storm(talk, work, TWO)
        talk.interrupt()
        reply, text = drain(talk)
        tap.check(reply.startswith('T02'), reply)
        gaps = re.findall(r'gdbx: (\d+) lines? dropped\n', text)
        lines = text.count('\n') - len(gaps)
        tap.check(gaps, 'nothing was dropped')
        tap.equal(lines + sum(map(int, gaps)), true_hits(talk, work), 'hits')


@on(ONE)
def test_vanish(vm):
    "a client that goes in a storm leaves the guest running and nothing else"
    with at_work(vm) as (talk, work, _):
        storm(talk, work)
    goes_on(ONE)
    with Talk(vm) as talk:
        tap.contains(talk.command('gdbx points'), 'no points')
        talk.resume()
        talk.interrupt()
        tap.equal(talk.stop()[1], '', 'said')
    vm.qmp.command('cont')


# Acknowledgements -----------------------------------------------------------

@on(ONE)
def test_stray_acks(vm):
    "acknowledgements of nothing do not stop the guest"
    with Talk(vm) as talk:
        talk.resume()
        for _ in range(100):
            talk.send_bytes(b'+-++--' * 10)
            vm.qmp.command('query-status')
        goes_on(ONE)
        tap.equal(vm.qmp.command('query-status')['status'], 'running')
        talk.interrupt()
        talk.expect(talk.stop(), 'T02')
        talk.nothing_is_due()


@on(ONE)
def test_refused(vm):
    "a packet that is refused comes again, a few times"
    with at_work(vm) as (talk, work, _):
        first = argument(talk)
        talk.ok(point(work, equal(first + 1), [LINE]))
        talk.ack = False
        talk.resume()
        for _ in range(3):
            tap.equal(unhex(talk.read_packet()), f'{first + 1}\n')
            talk.send_bytes(b'-')
        goes_on(ONE)
        talk.ack = True
        talk.interrupt()
        stop = talk.stop()
        talk.expect(stop, 'T02')
        tap.equal(stop[1], '', 'said')


# Together with stops --------------------------------------------------------

@on(ONE)
def test_with_a_breakpoint(vm):
    "commands and a breakpoint at one place: printed once for each hit"
    with at_work(vm) as (talk, work, thread):
        root = re.search(r'CR3=(\w+)', vm.qmp.hmp('info registers'))[1]
        first = argument(talk)
        talk.ok(point(work, None, [LINE]))
        talk.ok(f'Hgp{M}.1')
        talk.command(f'gdbx break 0x{work} cr3 0x{root}')
        text = ''
        for _ in range(100):
            stop = talk.run()
            tap.check(stop[0].startswith('T05'), stop)
            text += re.sub('gdbx: point.*\n', '', stop[1])
        tap.equal(check_lines(text, first), first + 100, 'the next')


@on(ONE)
def test_landed(vm):
    "a step that ends at the place prints, and only once"
    with at_work(vm) as (talk, work, thread):
        first = argument(talk)
        pc = talk.ask('p10')
        talk.expect(talk.run(f'vCont;s:{thread}'), 'T05')
        tap.check(talk.ask('p10') != pc, 'no step was made')
        talk.ok(point(work, None, [LINE]))
        text, arrived = '', False
        while not arrived:
            stop = talk.run(f'vCont;s:{thread}')
            text += stop[1]
            arrived = talk.ask('p10') == pc
        tap.equal(text, f'{first + 1}\n', 'printed in the steps')
        talk.ok(f'Hgp{M}.1')
        talk.ok(point(work, equal(first + 3)))
        stop = talk.run()
        tap.equal(stop[1][:60], f'{first + 2}\n{first + 3}\n', 'printed then')


@on(ONE)
def test_malformed(vm):
    "commands that are not understood are refused with a reason, all of them"
    with at_work(vm) as (talk, work, _):
        talk.command('gdbx delete all')
        for bad in (';cmds:', ';cmds:1', ';cmds:1,', ';cmds:1,X', ';cmds:1,X5',
                    ';cmds:1,X2,27', ';cmds:1,X1,ff', ';cmds:x,X1,27',
                    ';cmds:1,' + expression(printf('%d')),
                    ';cmds:1,' + expression(printf('%q', RDI)),
                    ';cmds:1,' + expression(printf('%n', RDI)),
                    ';cmds:1,' + expression(LINE[:-1]),
                    ';cmds:1,' + expression(LINE) + 'junk'):
            answer = talk.ask(f'Z0,{work[:-1]}0,1{bad}')
            tap.check(re.match(r'E\..{10}', answer), f'{bad}: {answer}')
        tap.check('commands' not in talk.command('gdbx points'), 'one is left')


def test_control():
    "negative control: a line lost, twice or miscounted is seen"
    tap.equal(check_lines('5\n6\ngdbx: 3 lines dropped\n10\n', 5), 11)
    for bad in ('5\n7\n', '5\n5\n', '5\ngdbx: 2 lines dropped\n9\n', '6\n'):
        tap.fails(check_lines, bad, 5)


if __name__ == '__main__':
    tap.main(globals())
