#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The readers of the harness alone: gdb's machine interface, the framing of
the remote protocol. No gdb and no machine."""
import socket
import threading

import mi
import rsp
import tap


def test_mi_records():
    "results, streams, prompts and odd lines of the machine interface"
    r = mi.parse('*stopped,reason="breakpoint-hit",bkptno="1",frame={addr='
                 '"0x40",args=[{name="i",value="7"}]},thread-id="2",'
                 'stopped-threads="all"')
    tap.equal((r.kind, r.name), ('*', 'stopped'))
    tap.equal(r.values['frame']['args'], [{'name': 'i', 'value': '7'}])
    tap.equal(r.values['thread-id'], '2')
    tap.equal(mi.parse('^done,a=[],b={},c=[x={y="1"},x={y="2"}]').values,
              {'a': [], 'b': {}, 'c': [{'y': '1'}, {'y': '2'}]})
    tap.equal(mi.parse('(gdb) ').kind, 'prompt')
    tap.equal(mi.parse('12^error,msg="no \\"x\\""').values, {'msg': 'no "x"'})
    tap.equal(mi.parse('hello').kind, 'other')


def test_mi_text():
    "escapes and octal bytes of a stream record"
    tap.equal(mi.parse(r'~"a\tb\\n\n\303\244"').text, 'a\tb\\n\nä')


def test_mi_damaged():
    "negative control: a damaged record is an error, not a guess"
    for line in ('^done,a={b="1"', '*stopped,reason=breakpoint', '^done,x=['):
        tap.fails(mi.parse, line, exception=mi.MiError)


def test_rsp_framing():
    "checksums, escapes and run lengths"
    tap.equal(rsp.frame(b'OK'), b'$OK#9a')
    tap.equal(rsp.expand(b'0* '), b'0000')
    tap.equal(rsp.expand(rsp.escape(b'a#$}*b')), b'a#$}*b')


def canned(data, action):
    """Lets an Rsp talk to a peer that says @data, whatever it hears."""
    server = socket.create_server(('127.0.0.1', 0))

    def peer():
        s, _ = server.accept()
        s.sendall(data)
        while s.recv(4096):
            continue

    thread = threading.Thread(target=peer, daemon=True)
    thread.start()
    try:
        with rsp.Rsp('127.0.0.1:%d' % server.getsockname()[1], 5) as r:
            return action(r)
    finally:
        server.close()


def test_rsp_client():
    "answers, console output and the transcript, byte for byte"
    def talk(r):
        tap.equal(r.ask('?'), 'T05')
        tap.equal(r.command('x'), 'hi')
        return [d for way, d in r.transcript if way == '<']
    heard = canned(b'+$T05#b9+' + rsp.frame(b'O6869') + rsp.frame(b'OK'), talk)
    tap.equal(heard, [b'+', b'$T05#b9', b'+', b'$O6869#2c', b'$OK#9a'])


def test_rsp_broken():
    "negative control: wrong checksums, rejections and noise are errors"
    for data in (b'+$T05#00', b'-', b'+noise', b'+$T05#b'):
        tap.fails(canned, data, lambda r: r.ask('?') and r.close(),
                  exception=rsp.RspError)


tap.main(globals())
