"""Triggers that keep what was published or decided as it was, on both databases.

They stop the application and its mistakes, not the database's owner; against that one stand the digests, which
requests, signatures and the log repeat.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

_FUNCTION = """
CREATE OR REPLACE FUNCTION governance_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'written once: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


def keep(connection: BaseDatabaseWrapper, tables: tuple[str, ...]) -> None:
    """Make the database refuse UPDATE on each of `tables`; safe to repeat."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for table in tables:
            for statement in _statements(connection.vendor, table):
                cursor.execute(statement)


def _statements(vendor: str, table: str) -> list[str]:
    name = f"{table}_no_update"
    if vendor == "postgresql":
        return [
            f"CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION governance_refuse()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'written once: {table}'); END",
    ]
