# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a file what viewers of Chrome's "Trace Event Format" take? The rules are
those of its published description: JSON array format, duration events (B, E),
complete ones (X), instants (i), counters (C), metadata (M).

    wrong = chrometrace.errors(json.loads(text))
"""
import collections

NUMBER = (int, float)
# What the description has under each phase beyond name, ph, ts, pid, tid.
PHASES = set('BEXiICMbensftPNODSTFpvVRcRa()')
LABELS = {'process_name': ('name', str), 'thread_name': ('name', str),
          'process_labels': ('labels', str),
          'process_sort_index': ('sort_index', int),
          'thread_sort_index': ('sort_index', int)}


def is_number(value):
    return isinstance(value, NUMBER) and not isinstance(value, bool)


def errors_of_metadata(e):
    key, kind = LABELS.get(e.get('name'), (None, None))
    if key is None:
        yield f"no metadata is called {e.get('name')!r}"
    elif not isinstance(e.get('args', {}).get(key), kind):
        yield f"{e['name']} without args.{key}"
    elif e['name'].startswith('thread') and not isinstance(e.get('tid'), int):
        yield f"{e['name']} of no thread"


def errors_of_one(e):
    """What can be said of an event without the others."""
    phase = e.get('ph')
    if not isinstance(phase, str) or phase not in PHASES or len(phase) != 1:
        yield f'phase {phase!r}'
        return
    if not isinstance(e.get('pid'), int):
        yield 'no pid'
    if not isinstance(e.get('args', {}), dict):
        yield 'args is no object'
        return
    if phase == 'M':
        yield from errors_of_metadata(e)
        return
    if not isinstance(e.get('tid'), int):
        yield 'no tid'
    if not is_number(e.get('ts')) or e['ts'] < 0:
        yield f"time {e.get('ts')!r}"
    # The end of a slice may leave its name to the beginning.
    if phase != 'E' and not (isinstance(e.get('name'), str) and e['name']):
        yield 'no name'
    if not isinstance(e.get('cat', ''), str):
        yield 'cat is no text'
    if phase == 'i' and e.get('s', 't') not in ('g', 'p', 't'):
        yield f"an instant's scope is {e['s']!r}"
    if phase == 'X' and (not is_number(e.get('dur')) or e['dur'] < 0):
        yield f"duration {e.get('dur')!r}"


class Nesting:
    """Slices of one track lie within each other."""

    def __init__(self):
        self.open = collections.defaultdict(list)

    def errors(self, e):
        track = self.open[e['pid'], e['tid']]
        if e['ph'] == 'B':
            if track and track[-1]['ts'] > e['ts']:
                yield 'begins before the slice around it'
            track.append(e)
        elif not track:
            yield 'ends what has not begun'
        else:
            begun = track.pop()
            if begun['ts'] > e['ts']:
                yield 'ends before it begins'
            if e.get('name', begun['name']) != begun['name']:
                yield f"ends {e['name']!r}, but {begun['name']!r} is open"


def errors(events):
    """["event 12: ..."]; what is still open at the end is no error."""
    if not isinstance(events, list):
        return ['it is no array of events']
    wrong, nesting, owners, labels = [], Nesting(), {}, set()
    for n, e in enumerate(events):
        found = (list(errors_of_one(e)) if isinstance(e, dict)
                 else ['it is no object'])
        if not found and e['ph'] in 'BE':
            found += nesting.errors(e)
        if not found and 'tid' in e:
            # A number is a thread of one process as long as the trace lasts.
            if owners.setdefault(e['tid'], e['pid']) != e['pid']:
                found.append(f"thread {e['tid']} of two processes")
        if not found and e['ph'] == 'M':
            labels.add((e['name'], e['pid'], e.get('tid')))
        wrong += [f'event {n}: {x}: {e}' for x in found]
    named = {pid for name, pid, _ in labels if name == 'process_name'}
    for pid in sorted({p for p in owners.values()} - named):
        wrong.append(f'process {pid} has no name')
    return wrong
