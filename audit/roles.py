"""Two PostgreSQL roles: one that owns the tables and cannot sign in, and one the portal works as, which owns nothing.

What the triggers refuse, the application's role is not even granted, and not owning the tables it cannot lift the
triggers. The rights are read off the triggers that stand, so a table is written once for both or for neither.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from audit.models import GUARDED, Head
from audit.refusals import Invalid, Unavailable

OWNER, APPLICATION = "attestry_owner", "attestry_app"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}", re.ASCII)
_REFUSING = """
SELECT c.relname, bool_or(t.tgtype & 16 <> 0), bool_or(t.tgtype & 8 <> 0)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND t.tgqual IS NULL AND p.proname LIKE %s
  AND pg_table_is_visible(c.oid)
GROUP BY c.relname
"""
_FUNCTIONS = """
SELECT DISTINCT p.oid::regprocedure::text, pg_get_userbyid(p.proowner)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND c.relname = ANY(%s) AND pg_table_is_visible(c.oid)
ORDER BY 1
"""
_STANDING = """
SELECT r.rolname, pg_get_userbyid(c.relowner),
  NOT r.rolsuper AND NOT pg_has_role(c.relowner, 'MEMBER') AND NOT pg_has_role(n.nspowner, 'MEMBER')
  AND NOT has_schema_privilege(n.oid, 'CREATE') AND NOT EXISTS (
    SELECT FROM pg_class t WHERE t.relnamespace = n.oid AND t.relname = ANY(%s)
    AND (has_table_privilege(t.oid, 'UPDATE, TRUNCATE, TRIGGER') OR has_any_column_privilege(t.oid, 'UPDATE')
         OR pg_has_role(t.relowner, 'MEMBER') OR (t.relname <> ALL(%s) AND has_table_privilege(t.oid, 'DELETE'))))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, pg_roles r
WHERE c.oid = 'audit_entry'::regclass AND r.rolname = current_user
"""
_MAY_LOSE_ROWS = ["audit_opening", "audit_pending"]


@dataclass(frozen=True)
class Named:
    """The names of the two roles."""

    owner: str = OWNER
    application: str = APPLICATION


def separate() -> bool:
    """Whether the role we run as can neither own, nor change, nor redefine what the log has written; looked up now."""
    if connection.vendor != "postgresql":
        return False
    row = _one(_STANDING, [list(GUARDED), _MAY_LOSE_ROWS])
    return bool(row and row[2])


def statements(named: Named) -> list[str]:
    """The SQL that sets both roles up over the tables as they stand; safe to run again and again.

    Refused on SQLite, before there are tables, and when the names cannot serve.
    """
    _check(named)
    tables = _tables()
    schema = quoted(_one("SELECT current_schema()")[0])
    database = quoted(_one("SELECT current_database()")[0])
    owner, application = quoted(named.owner), quoted(named.application)
    found = [_role(named.owner, "NOLOGIN"), _role(named.application, "LOGIN"), f"GRANT {owner} TO CURRENT_USER"]
    found += [
        f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, {application}",
        f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {owner}",
        f"GRANT USAGE ON SCHEMA {schema} TO {application}",
        f"GRANT CONNECT ON DATABASE {database} TO {owner}, {application}",
    ]
    theirs = _already(named.owner)
    found += [f"ALTER FUNCTION {each} OWNER TO {owner}" for each in _functions(tables, named.owner)]
    found += [f"ALTER TABLE {quoted(each)} OWNER TO {owner}" for each in tables if each not in theirs]
    updates, deletes = _refused()
    for table in tables:
        found += [
            f"REVOKE ALL ON TABLE {quoted(table)} FROM PUBLIC, {application}",
            f"GRANT {_rights(table, updates, deletes)} ON TABLE {quoted(table)} TO {application}",
        ]
    found.append(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {application}")
    by_default = f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema} GRANT"
    found.append(f"{by_default} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {application}")
    found.append(f"{by_default} USAGE, SELECT ON SEQUENCES TO {application}")
    return found


def apply(named: Named, password: str = "") -> list[str]:
    """Run the SQL in one transaction, and set the application role's password where one is given; returns the SQL.

    The password travels as its SCRAM verifier, so that no server log has it.
    """
    todo = statements(named)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for each in todo:
            cursor.execute(each)
        if password:
            secret = _verifier(named.application, password)
            cursor.execute(f"ALTER ROLE {quoted(named.application)} PASSWORD '{secret}'")
    return todo


@contextmanager
def as_owner() -> Iterator[None]:
    """Change tables as the role that owns them, where we may become it: what is made inside belongs to it as well.

    Refused when changes are due and the role we run as is not allowed to make them.
    """
    if connection.vendor != "postgresql" or not _one("SELECT to_regclass('audit_entry')")[0]:
        yield
        return
    kind = "SET" if getattr(connection, "pg_version", 0) >= 16_00_00 else "MEMBER"
    sql = "SELECT current_user, pg_get_userbyid(relowner), pg_has_role(relowner, %s) FROM pg_class"
    role, owner, may = _one(f"{sql} WHERE oid = 'audit_entry'::regclass", [kind])
    if not may and _changes_are_due():
        raise Unavailable("audit.not_owner", role=role, owner=owner)
    if role == owner or not may:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {quoted(owner)}")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")


def quoted(name: str) -> str:
    """An identifier of PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def needs_postgresql() -> None:
    """Refuse on SQLite, which has neither roles nor event triggers."""
    if connection.vendor != "postgresql":
        raise Invalid("audit.roles_unfit", why="SQLite has no roles; whoever can write the file can change it")


def needs_tables() -> None:
    """Refuse before there are tables."""
    if not _one("SELECT to_regclass('audit_entry')")[0]:
        raise Invalid("audit.roles_unfit", why="there are no tables yet, run `attestry migrate` first")


def _check(named: Named) -> None:
    needs_postgresql()
    for each in (named.owner, named.application):
        if not _NAME.fullmatch(each):
            raise Invalid("audit.roles_unfit", why="a role's name is small letters, digits and underscores")
    needs_tables()
    here = _one("SELECT current_user, session_user")
    if named.owner == named.application or named.application in here:
        raise Invalid("audit.roles_unfit", why="run this as the database's owner or an administrator, not as the role")
    powers = "SELECT rolsuper OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = %s"
    if (found := _one(powers, [named.application])) and found[0]:
        raise Invalid("audit.roles_unfit", why="the application's role exists and may do more than any application may")


def _role(name: str, kind: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}')"
        f" THEN CREATE ROLE {quoted(name)} {kind}; END IF; END $$"
    )


def _rights(table: str, updates: set[str], deletes: set[str]) -> str:
    """What the application may do to a table: everything its guards let pass, and never TRUNCATE."""
    if table == MigrationRecorder.Migration._meta.db_table:
        return "SELECT"
    rights = ["SELECT", "INSERT"] + ["UPDATE"] * (table not in updates)
    return ", ".join(rights + ["DELETE"] * (table not in deletes and table != Head._meta.db_table))


def _tables() -> list[str]:
    ours = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    return sorted(ours | {MigrationRecorder.Migration._meta.db_table})


def _already(owner: str) -> set[str]:
    """The tables that belong to `owner`: where the fence is closed, even a repetition would be refused."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = %s", [owner])
        return {str(row[0]) for row in cursor.fetchall()}


def _functions(tables: list[str], owner: str) -> list[str]:
    """The functions behind the tables' triggers that do not belong to `owner` yet."""
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTIONS, [tables])
        return [str(name) for name, theirs in cursor.fetchall() if theirs != owner]


def _refused() -> tuple[set[str], set[str]]:
    """The tables whose guards refuse UPDATE whatever the row, and those whose guards refuse DELETE."""
    with connection.cursor() as cursor:
        cursor.execute(_REFUSING, ["%\\_refuse"])
        rows = cursor.fetchall()
    return {table for table, update, _ in rows if update}, {table for table, _, delete in rows if delete}


def _verifier(role: str, password: str) -> str:
    connection.ensure_connection()
    made = connection.connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return str(made.decode())


def _changes_are_due() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _one(sql: str, params: list[Any] | None = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone()
