"""Whether whole tiles of the log agree with everything beside them, asked in bulk: yes, or look closer.

The database compares each leaf with its entry and its trail, and hands over a tile at a time; meanwhile the tile before
is hashed here, and its links and columns are compared with what its bytes say. A yes means all that `verify`'s closer
look means by it; wherever something has not the one form that the portal writes, the answer is no.
"""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from django.db import connection

from audit import bulk
from audit.tiles import FULL

Heads = dict[bytes, tuple[int, bytes]]
"""The newest link of each subject, in quotes: its number, and the `seq` of its leaf in digits."""
_UUID = "||'-'||".join(
    f"substr({{0}}, {start}, {width})" for start, width in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
)
TEXTS = {
    "postgresql": (
        "e.actor_id::text",
        "e.scope_id::text",
        "to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    ),
    "sqlite": (
        _UUID.format("e.actor_id"),
        _UUID.format("e.scope_id"),
        "replace(substr(e.at, 1, 19), ' ', 'T') || '.' || substr(substr(e.at, 21) || '000000', 1, 6) || 'Z'",
    ),
}
"""Actor, scope and time of an entry `e`, written as its bytes have them."""
_ENTRY = (
    "length(e.body) || ' ' || e.action || ' ' || {0} || ' ' || {2} || ' ' || e.outcome"
    " || ' ' || coalesce('\"' || {1} || '\"', 'null')"
)
_LINK = (
    "'{\"id\":\"' || subject || '\",\"subj_prev\":' || coalesce(CAST(previous AS text), 'null')"
    " || ',\"subj_seq\":' || number || '} ' || seq || ' ' || entry_id"
)
_TILES = f"""COPY (SELECT leaves.*, trail.* FROM generate_series(%s, %s) AS place CROSS JOIN LATERAL (
    SELECT array_agg(body), string_agg(hash, ''), bool_and(agrees), array_agg(entry_id),
        convert_to(string_agg(line, E'\\n'), 'UTF8')
    FROM (
        SELECT l.body, l.hash, l.entry_id, {_ENTRY.format(*TEXTS["postgresql"])} AS line,
            substr(l.body, 1, 9 + length(e.body)) = '{{"entry":'::bytea || e.body AS agrees
        FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id
        WHERE l.seq >= place * {FULL} AND l.seq < place * {FULL} + {FULL} ORDER BY l.seq
    ) AS leaf
) AS leaves CROSS JOIN LATERAL (
    SELECT convert_to(coalesce(string_agg(line, E'\\n'), ''), 'UTF8') FROM (
        SELECT {_LINK} AS line FROM audit_trail
        WHERE seq >= place * {FULL} AND seq < place * {FULL} + {FULL} ORDER BY seq, id
    ) AS link
) AS trail) TO STDOUT (FORMAT BINARY)"""  # noqa: S608 - made of constants
"""Without an ORDER BY, for which all tiles would be made before the first is sent. The loop goes through the series in
its order; were it ever not so, the tiles would not agree with their places, and the closer look would follow."""
_TYPES = ["bytea[]", "bytea", "bool", "int8[]", "bytea", "bytea"]
_LEAVES = f"""SELECT l.body, l.hash,
    substr(l.body, 1, 9 + length(e.body)) = CAST('{{"entry":' || CAST(e.body AS text) AS blob),
    l.entry_id, CAST({_ENTRY.format(*TEXTS["sqlite"])} AS blob)
FROM audit_leaf l JOIN audit_entry e ON e.id = l.entry_id WHERE l.seq >= %s AND l.seq < %s ORDER BY l.seq"""  # noqa: S608 - made of constants
_LINKS = f"SELECT CAST({_LINK} AS blob) FROM audit_trail WHERE seq >= %s AND seq < %s ORDER BY seq, id"  # noqa: S608
_PLAN = ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "jit")
"""What the planner is kept from: each tile is 256 rows, found by their keys, whatever it believes."""
_ACTION = b',"action":"'
_REST = re.compile(
    rb',"action":"([a-z0-9_.]+)","actor":\{"id":"(ID)","kind":"[a-z_]+","on_behalf_of":(?:null|"ID"),'
    rb'"token":(?:null|"ID"),"via":"[a-z_]+"\},"at":"([0-9TZ:.-]+)","id":"ID","outcome":"([a-z]+)",'
    rb'"private":\{(?:"[a-z0-9_]+":"[0-9a-f]{64}",?)*\},"scope":(null|"ID"),'
    rb'"subjects":\[((?:"[A-Za-z0-9._:/~-]+",?)*)\],"v":1\}'.replace(b"ID", b"[0-9a-f-]{36}")
)
"""All of an entry after `about`, which alone may hold anything: found from the end, nothing in it can pass for this."""


def hashes_of(first: int, count: int, heads: Heads) -> list[list[bytes]] | None:
    """The hashes in `count` tiles from that numbered `first` on, if all agrees; then `heads` move on to their end."""
    moved: Heads = {}
    found: list[list[bytes]] | None = []
    for number, (bodies, stored, agrees, ids, columns, trails) in enumerate(_tiles(first, count), first):
        if found is None or not agrees or len(bodies) != FULL:
            found = None
            continue
        hashes = [sha256(b"\x00" + each).digest() for each in bodies]
        said = _said(number * FULL, zip(bodies, ids, strict=True), heads, moved)
        sound = b"".join(hashes) == stored and said == (columns, trails)
        found = [*found, hashes] if sound else None
    if found is not None:
        heads.update(moved)
    return found


def _tiles(first: int, count: int) -> Iterator[tuple[Any, ...]]:
    """For each tile: the leaves, their hashes, whether entries are in them, whose they are, the columns, the trails."""
    if connection.vendor != "postgresql":
        for start in range(first * FULL, (first + count) * FULL, FULL):
            leaves = bulk.rows(_LEAVES, [start, start + FULL])
            bodies, hashes, agree, ids, lines = zip(*leaves, strict=True) if leaves else [()] * 5
            links = [line for (line,) in bulk.rows(_LINKS, [start, start + FULL])]
            yield bodies, b"".join(hashes), all(agree), ids, b"\n".join(lines), b"\n".join(links)
        return
    with connection.cursor() as cursor:
        for each in _PLAN:
            cursor.execute(f"SET LOCAL {each} = off")
        with cursor.copy(_TILES % (int(first), first + count - 1)) as copy:
            copy.set_types(_TYPES)
            yield from copy.rows()
        for each in _PLAN:
            cursor.execute(f"SET LOCAL {each} = DEFAULT")


def _said(first: int, leaves: Iterable[tuple[bytes, int]], heads: Heads, moved: Heads) -> tuple[bytes, bytes] | None:
    """What columns and trails must say of these leaves and the ids of their entries; nothing if a leaf is not right."""
    columns, trails = [], []
    for seq, (body, pk) in enumerate(leaves, first):
        rest = _REST.match(body, body.rfind(_ACTION))
        if rest is None:
            return None
        *said, subjects = rest.groups()
        links = []
        for name in subjects.split(b",") if subjects else ():
            number, previous = moved.get(name) or heads.get(name) or (-1, b"null")
            links.append(b'{"id":%b,"subj_prev":%b,"subj_seq":%d}' % (name, previous, number + 1))
            moved[name] = (number + 1, b"%d" % seq)
            trails.append(b"%b %d %d" % (links[-1], seq, pk))
        if body[rest.end() :] != b',"seq":%d,"subjects":[%b],"v":1}' % (seq, b",".join(links)):
            return None
        columns.append(b"%d %b" % (rest.end() - 9, b" ".join(said)))
    return b"\n".join(columns), b"\n".join(trails)
