"""Whom and what an erasure concerns, and what of it would be left."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import BinaryField, CharField, Field, JSONField, TextField

from audit.actor import Actor, NotSeen
from audit.leaf import is_subject
from audit.retention import selectors as retention
from governance.access import selectors as access
from governance.access.models import User
from governance.identities import selectors as identities
from governance.privacy import rules

OURS = ("audit", "jobs", "lineage", "governance")
BYTES = {("audit_blob", "data")}
NAMING = ("person.added", "person.changed", "identity.given")


@dataclass(frozen=True)
class Target:
    """What shall be erased: a subject of the log, and the person it is, if it is one."""

    subject: str
    person: User | None = None


def target(actor: Actor, text: str) -> Target:
    """Whom or what a text names: a person's id or address, or a subject of the log such as `promotion:<id>`."""
    wanted = text.strip()
    pk = _uuid(wanted.removeprefix("person:"))
    if pk is not None:
        person = access.person_seen_by(actor, pk)
        return Target(f"{person.kind}:{person.pk}", person)
    if "@" in wanted:
        found = access.people_for(actor).filter(email__iexact=wanted).first()
        if found is None:
            raise NotSeen("not_seen", what="person")
        return Target(f"{found.kind}:{found.pk}", found)
    if not is_subject(wanted) or not retention.known(wanted):
        raise NotSeen("not_seen", what="subject")
    return Target(wanted)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def person_of(subject: str) -> User | None:
    """The person a subject of the log is, if it is one."""
    kind, _, key = subject.partition(":")
    pk = _uuid(key) if kind == "person" else None
    return access.user(pk) if pk else None


def names_of(person: User) -> list[str]:
    """The names and addresses somebody has and had, as the person table and the log's personal values tell."""
    before = retention.recorded(f"person:{person.pk}", NAMING, ("name", "email"))
    return rules.tellable({person.name, person.email, *before, *identities.names_of(person.pk)})


def openings(subject: str, values: Iterable[str]) -> dict[int, int]:
    """The personal values to delete, each with its entry: those about the subject, and those that name the person."""
    found = dict(retention.openings_about(subject).values_list("pk", "entry_id"))
    for value in values:
        rows = retention.openings_naming(value)
        found |= {pk: entry for pk, entry, text in rows if rules.named_by(text, value)}
    return found


@dataclass(frozen=True)
class Remains:
    """A column in which a name or address still occurs, and in how many rows: nobody can tell whose it is."""

    table: str
    column: str
    rows: int


def remains(values: Iterable[str]) -> list[Remains]:
    """Where names and addresses still occur in any of our tables: free text, file names, reports already made."""
    sought, found = rules.tellable(values), []
    for table, column in _columns():
        count = sum(_rows(table, column, each) for each in sought)
        if count:
            found.append(Remains(table, column, count))
    return found


def _columns() -> Iterator[tuple[str, str]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in OURS:
            table = model._meta.db_table
            for each in model._meta.local_fields:
                if _holds_text(each) or (table, each.column) in BYTES:
                    yield table, str(each.column)


def _holds_text(field: "Field[object, object]") -> bool:
    return isinstance(field, CharField | TextField | JSONField) and not isinstance(field, BinaryField)


def _rows(table: str, column: str, value: str) -> int:
    quote = connection.ops.quote_name
    place = f"{quote(table)}.{quote(column)}"
    if (table, column) in BYTES:
        inside = f"position(%s IN {place}) > 0" if connection.vendor == "postgresql" else f"instr({place}, %s) > 0"
        needle: str | bytes = value.encode()
    else:
        inside, needle = f"lower(CAST({place} AS text)) LIKE %s ESCAPE '!'", f"%{_literal(value.lower())}%"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {quote(table)} WHERE {inside}", [needle])  # noqa: S608 - names of our own
        return int(cursor.fetchone()[0])


def _literal(value: str) -> str:
    for each in "!%_":
        value = value.replace(each, f"!{each}")
    return value
