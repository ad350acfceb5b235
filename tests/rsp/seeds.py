# SPDX-License-Identifier: GPL-2.0-or-later
"""What fuzz.py begins with: every packet of the golden transcripts, every
malformed one of malformed.py, and what gdb sends in a session; and how they are
changed."""
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
MACHINE = 10000000

# What gdb asks in a session, more of what is asked more often.
ASKED = r'''
?
g
p10
p{r}
P10=0000000000000000
G00
m{work},40
m{counter},8
x{work},40
x{counter},0
xffffffff81000000,1000
m300000000001000,8
M{counter},8:0011223344556677
X{counter},4:\x01\x02}\x03\x04
Hgp{a}.{a}
Hgp{b}.{b}
Hgp{s}.{s}
Hgp{t}.-1
Hgp{m}.1
Hgp{m}.2
Hgp0.0
Hcp{a}.{a}
Hc-1
Tp{a}.{a}
Tp{m}.2
qC
qOffsets
qSymbol::
qTStatus
qAttached:{a}
qAttached:{m}
qfThreadInfo
qsThreadInfo
qThreadExtraInfo,p{a}.{a}
qXfer:threads:read::0,1000
qXfer:features:read:target.xml:0,1000
qXfer:exec-file:read:{a}:0,1000
qXfer:auxv:read::0,1000
qXfer:libraries:read::0,1000
qXfer:libraries-svr4:read:start=0;prev=0;:0,1000
qXfer:siginfo:read::0,80
qXfer:memory-map:read::0,1000
qXfer:osdata:read::0,1000
qXfer:osdata:read:processes:0,1000
qXfer:osdata:read:threads:0,1000
qXfer:osdata:read:modules:0,1000
qXfer:osdata:read:maps {a}:0,1000
qXfer:osdata:read:pagetable 401000 {a}:0,1000
qGetTLSAddr:p{a}.{a},10,{work}
QStartNoAckMode
QPassSignals:e;14;17
QProgramSignals:0;1
QCatchSyscalls:1;0;1;3b
QThreadEvents:1
QNonStop:1
vMustReplyEmpty
vCont?
vCont;c
vCont;c:p{a}.-1
vCont;s:p{a}.{a};c
vCont;s:p{a}.{a}
vCont;s:p{m}.1;c
vCont;r{work},{counter}:p{a}.{a};c
vCont;r401000,401100:p{b}.{b}
vCont;C0b:p{a}.{a};c
vCont;S05:p{t}.{t};c
vAttach;{a}
vAttach;{b}
vAttach;{s}
vAttach;{t}
vAttach;1
vKill;{m}
vKill;{a}
D;{a}
D;{b}
vFile:setfs:{a}
vFile:setfs:0
vFile:open:{busy},0,0
vFile:open:{passwd},0,0
vFile:open:{maps},0,0
vFile:open:{status},0,0
vFile:open:{kernel},0,0
vFile:pread:0,1000,0
vFile:pread:1,3fff,10
vFile:pread:2,1,ffffffffffff
vFile:fstat:0
vFile:stat:{busy}
vFile:lstat:{maps}
vFile:readlink:{exe}
vFile:close:0
vFile:close:1
vFile:close:2
vFile:unlink:{busy}
vFile:pwrite:0,0,abc
Z0,{work},1
Z0,{work},1;X3,220027
Z0,{work},1;X6,26000626000e27;cmds:0,X3,220027
Z1,{work},1
Z2,{counter},8
Z3,{counter},8
Z4,{counter},1000
Z2,300000000001000,8
Z0,ffffffff81000000,1
z0,{work},1
z1,{work},1
z2,{counter},8
z3,{counter},8
z4,{counter},1000
'''
# Of `monitor gdbx'.
SAID = '''
|help|help os|os|os doctor|os task 1|os maps {pid}|os files {pid}|os libs {pid}
os stack {pid}|os modules|os events fork exit|os events off|points|time|packets
hooks|break 0x401000|break 0x1000 cr3 0x1000 cpl 3|watch phys 0x1234 8
watch 0x401000 8 read|unwatch 1|delete 1|delete all|follow busy-a|follow new
follow children|follow off|follow|threads tasks|threads cpus|doctor|options
'''
SPICE = [b'f' * 8, b'f' * 16, b'f' * 17, b'80000000', b'-1', b'0', b'', b',',
         b';', b':', b'.', b'}', b'*', b'\0', b'\xff', b'p', b'X', b'9' * 200,
         b'41' * 3000, b';' * 500, b'p-1.-1', b'7fffffffffffffff']


def names(guest):
    vm = guest.boot()
    said = vm.oracle.said('busy-a')
    pids = dict(zip('abst', (guest.pids[n] for n in (
        'busy-a', 'busy-b', 'sleeper', 'threads'))))
    paths = {'busy': '/bin/busy', 'passwd': '/etc/passwd',
             'maps': f"/proc/{pids['a']}/maps", 'kernel': '/gdbx/vmlinux',
             'status': f"/proc/{pids['a']}/status",
             'exe': f"/proc/{pids['a']}/exe"}
    return {'m': f'{MACHINE:x}', 'work': said['work'][2:], 'r': '2c',
            'pid': str(pids['a']), 'counter': said['counter'][2:],
            **{k: f'{v:x}' for k, v in pids.items()},
            **{k: v.encode().hex() for k, v in paths.items()}}


def _fill(text, values):
    filled = re.sub(r'\{([a-z]+)\}',
                    lambda m: values.get(m[1], m[0]), text)
    return filled.encode().decode('unicode_escape').encode('latin-1')


def packets(values):
    """All of them, as bytes; those of a session make up half."""
    golden = [line[2:] for path in sorted(HERE.glob('*.rsp'))
              for line in path.read_text().splitlines()
              if line.startswith('> ')]
    table = re.search(r"(?s)TABLE = '''\n(.*?)'''",
                      (HERE / 'malformed.py').read_text())[1].splitlines()
    asked = [line for line in ASKED.splitlines() if line]
    rows = golden + table + asked * max(1, (len(golden) + len(table)) //
                                        len(asked))
    said = [s for line in SAID.splitlines() for s in line.split('|') if s]
    return ([_fill(row, values) for row in rows] +
            [b'qRcmd,' + b'gdbx '.hex().encode() +
             _fill(s, values).hex().encode() for s in said])


def harmless_command(payload):
    """Of ours, and no word about a file of the host or the clock."""
    try:
        line = bytes.fromhex(payload[len(b'qRcmd,'):].decode())
    except ValueError:
        return True
    return (line.startswith(b'gdbx') and not line[4:].strip(b' ').startswith(
        (b'sysroot', b'os cost', b'os profile')) and b'\n' not in line)


def mutate(data, dice):
    """One to three changes, mostly behind the name."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        i = dice.randrange(len(data) + 1)
        j = min(len(data), i + dice.choice((0, 0, 1, 2, 4, 9)))
        data = dice.choice((
            data[:i], data[:i] + data[j:], data[:j] + data[i:],
            data[:i] + dice.choice(SPICE) + data[j:],
            data[:i] + dice.choice(SPICE) + data[i:],
            data[:i] + bytes((dice.randrange(256),)) + data[j:],
            data[:i] + b'%x' % dice.getrandbits(dice.choice((4, 12, 32, 64)))
            + data[j:]))
    # What ends a packet is no part of it; gdb escapes it.
    return data.replace(b'#', b'?')
