# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the lines of gdb's machine interface (GDB manual, "GDB/MI Output
Syntax") into Python values."""
import re

_ESCAPES = {'n': '\n', 't': '\t', 'r': '\r', 'e': '\x1b', 'a': '\a',
            'b': '\b', 'f': '\f', 'v': '\v'}


class MiError(ValueError):
    """This is no line of the machine interface."""


class Record:
    """kind: one of ^ * + = ~ @ & or 'prompt' or 'other'.

    name: "done", "stopped"... for ^ * + =; values: their results;
    text: what a stream record or an odd line says.
    """

    def __init__(self, kind, name='', values=None, text=''):
        self.kind, self.name, self.text = kind, name, text
        self.values = values or {}

    def __repr__(self):
        return f'Record({self.kind!r}, {self.name!r}, {self.text!r})'


def unquote(text):
    """A C string, quotes included -> the text; octal bytes are UTF-8."""
    out, i, body = bytearray(), 0, text[1:-1]
    while i < len(body):
        c = body[i]
        octal = re.match(r'\\([0-7]{3})', body[i:])
        if octal:
            out.append(int(octal[1], 8) & 255)
            i += 4
        elif c == '\\' and i + 1 < len(body):
            out += _ESCAPES.get(body[i + 1], body[i + 1]).encode()
            i += 2
        else:
            out += c.encode()
            i += 1
    return out.decode('utf-8', 'replace')


class _Reader:
    def __init__(self, text):
        self.text, self.at = text, 0

    def peek(self):
        return self.text[self.at:self.at + 1]

    def take(self, pattern):
        found = re.compile(pattern).match(self.text, self.at)
        if not found:
            raise MiError(f'at {self.at} of {self.text[:200]!r}')
        self.at = found.end()
        return found[0]

    def value(self):
        if self.peek() == '"':
            return unquote(self.take(r'"(?:[^"\\]|\\.)*"'))
        if self.peek() == '{':
            self.take(r'\{')
            if self.peek() == '"':      # mi3: commands of a breakpoint
                values = self.list()
            else:
                values = self.results('}')
            self.take(r'\}')
            return values
        self.take(r'\[')
        items = self.list()
        self.take(r'\]')
        return items

    def list(self):
        items = []
        while self.peek() not in (']', '}', ''):
            if re.match(r'[A-Za-z_]', self.peek()):
                self.take(r'[^="{\[\]},]+=')
            items.append(self.value())
            if self.peek() == ',':
                self.take(',')
        return items

    def results(self, end):
        values = {}
        while self.peek() not in (end, ''):
            name = self.take(r'[^="{\[\]},]+=')[:-1]
            values[name] = self.value()
            if self.peek() == ',':
                self.take(',')
        return values


def parse(line):
    """One line, without its newline -> Record."""
    if line.strip() == '(gdb)':
        return Record('prompt')
    body = line.lstrip('0123456789')
    if re.match(r'[~@&]"', body):
        return Record(body[0], text=unquote(body[1:].rstrip()))
    found = re.match(r'([\^*+=])([a-z-]+),?', body)
    if not found:
        return Record('other', text=line)
    reader = _Reader(body)
    reader.at = found.end()
    return Record(found[1], found[2], reader.results(''))
