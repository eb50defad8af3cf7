"""Event triggers around the log's tables: DDL that would weaken them is refused, to their owner as well.

Only a superuser of PostgreSQL can set them up or take them away, and only a superuser is not stopped by them. Opening
the fence, for a migration that changes the log's own tables, and closing it again is recorded in the log.
"""

from collections.abc import Iterable

from django.db import connection

from audit.models import GUARDED
from audit.refusals import Invalid
from audit.roles import needs_postgresql, needs_tables

REFUSED = "the audit log's tables and guards stay as they are"
TRIGGERS = {"attestry_fence_ddl": "ddl_command_end", "attestry_fence_drop": "sql_drop"}
FUNCTIONS = ("audit_refuse", "audit_numbered_only", "audit_queue", "audit_pruned_checked", "audit_pruned_empties")
_SQL = """
CREATE SCHEMA IF NOT EXISTS attestry_fence;
CREATE OR REPLACE FUNCTION attestry_fence.ddl() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE each record; kept oid[]; code oid[];
BEGIN
    SELECT array_agg(to_regclass(name)::oid) INTO kept FROM unnest({tables}::text[]) AS name;
    SELECT array_agg(to_regproc(name)::oid) INTO code FROM unnest({functions}::text[]) AS name;
    IF array_position(kept, NULL) IS NOT NULL OR array_position(code, NULL) IS NOT NULL THEN
        RAISE EXCEPTION '{refused}: % would rename or move one', TG_TAG USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOR each IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP
        IF (each.classid = 'pg_class'::regclass AND each.objid = ANY(kept))
        OR (each.classid = 'pg_proc'::regclass AND each.objid = ANY(code))
        OR each.classid = 'pg_trigger'::regclass AND EXISTS (
            SELECT FROM pg_trigger WHERE oid = each.objid AND tgrelid = ANY(kept))
        OR each.classid = 'pg_rewrite'::regclass AND EXISTS (
            SELECT FROM pg_rewrite WHERE oid = each.objid AND ev_class = ANY(kept))
        OR each.classid = 'pg_policy'::regclass AND EXISTS (
            SELECT FROM pg_policy WHERE oid = each.objid AND polrelid = ANY(kept))
        THEN
            RAISE EXCEPTION '{refused}: %', TG_TAG USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION attestry_fence.drop() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE each record;
BEGIN
    FOR each IN SELECT * FROM pg_event_trigger_dropped_objects() LOOP
        IF each.schema_name = {schema_text} AND (
            (each.object_type = 'function' AND each.address_names[2] = ANY({bare_functions}::text[]))
            OR (each.object_type IN ('table', 'trigger', 'rule', 'policy', 'table column', 'table constraint')
                AND each.address_names[2] = ANY({bare}::text[])))
        OR (each.object_type IN ('trigger', 'rule', 'policy') AND each.address_names[1] = {schema_text}
            AND each.address_names[2] = ANY({bare}::text[])) THEN
            RAISE EXCEPTION '{refused}: %', TG_TAG USING ERRCODE = 'insufficient_privilege';
        END IF;
    END LOOP;
END $$;
"""


def standing() -> bool:
    """Whether both event triggers are in force, whatever the session's replication role; looked up now."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_event_trigger e JOIN pg_roles r ON r.oid = e.evtowner"
            " JOIN pg_proc p ON p.oid = e.evtfoid JOIN pg_roles f ON f.oid = p.proowner"
            " WHERE e.evtname = ANY(%s) AND e.evtenabled = 'A' AND r.rolsuper AND f.rolsuper",
            [list(TRIGGERS)],
        )
        return int(cursor.fetchone()[0]) == len(TRIGGERS)


def statements() -> list[str]:
    """The SQL that closes the fence; safe to repeat. Refused on SQLite and before there are tables."""
    needs_postgresql()
    needs_tables()
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
    quoted = '"' + str(schema).replace('"', '""') + '"'
    sql = _SQL.format(
        schema_text=_text(str(schema)),
        tables=_texts(f"{quoted}.{each}" for each in GUARDED),
        functions=_texts(f"{quoted}.{each}" for each in FUNCTIONS),
        bare=_texts(GUARDED),
        bare_functions=_texts(FUNCTIONS),
        refused=REFUSED.replace("'", "''"),
    )
    found = [*opening(), sql]
    for name, event in TRIGGERS.items():
        function = name.replace("fence_", "fence.")
        found.append(f"CREATE EVENT TRIGGER {name} ON {event} EXECUTE FUNCTION {function}()")
        found.append(f"ALTER EVENT TRIGGER {name} ENABLE ALWAYS")
    return found


def opening() -> list[str]:
    """The SQL that opens the fence."""
    return [f"DROP EVENT TRIGGER IF EXISTS {name}" for name in TRIGGERS]


def put(*, closed: bool) -> None:
    """Close or open the fence in the caller's transaction; refused to all but superusers."""
    needs_postgresql()
    needs_tables()
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            raise Invalid("audit.roles_unfit", why="only a superuser of PostgreSQL may set up event triggers")
        for each in statements() if closed else opening():
            cursor.execute(each)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _texts(values: Iterable[str]) -> str:
    return "ARRAY[" + ", ".join(_text(each) for each in values) + "]"
