"""Triggers that keep what was published or decided as it was, on both databases.

They stop the application and its mistakes, not the database's owner; against that one stand the digests, which
requests, signatures and the log repeat.
"""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

SEALED = ("governance_policy", "governance_decision", "governance_choices")
_FUNCTION = """
CREATE OR REPLACE FUNCTION governance_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'written once: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


def keep(connection: BaseDatabaseWrapper, tables: Iterable[str]) -> None:
    """Make the database refuse UPDATE on each of `tables`; safe to repeat."""
    _put(connection, tables, ("UPDATE",))


def seal(connection: BaseDatabaseWrapper) -> None:
    """Make the database refuse UPDATE, DELETE and TRUNCATE on policies and decisions; safe to repeat."""
    events = ("UPDATE", "DELETE", "TRUNCATE") if connection.vendor == "postgresql" else ("UPDATE", "DELETE")
    _put(connection, SEALED, events)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Take the seals away. For test databases, between tests; nothing else."""
    with connection.cursor() as cursor:
        for table in SEALED:
            for event in ("delete", "truncate"):
                on = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{event}{on}")


def _put(connection: BaseDatabaseWrapper, tables: Iterable[str], events: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for table in tables:
            for event in events:
                for statement in _statements(connection.vendor, table, event):
                    cursor.execute(statement)


def _statements(vendor: str, table: str, event: str) -> list[str]:
    name = f"{table}_no_{event.lower()}"
    if vendor == "postgresql":
        each = "STATEMENT" if event == "TRUNCATE" else "ROW"
        return [
            f"CREATE OR REPLACE TRIGGER {name} BEFORE {event} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION governance_refuse()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'written once: {table}'); END",
    ]
