"""The triggers that keep the log append-only, for both databases.

They stop the application and its mistakes, not the database's owner: that is what signed checkpoints are for. On
PostgreSQL they are `ENABLE ALWAYS`, so that replication roles do not slip past them, and TRUNCATE has a trigger of its
own. On SQLite `INSERT OR REPLACE` deletes rows without telling delete triggers, so inserts over a row are refused too.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

from audit import authorizer
from audit.models import GUARDED, WRITTEN_ONCE

PENDING, OPENING = "audit_pending", "audit_opening"
REFUSED = "the audit log is append-only"
NUMBERED = "audit_numbered_only"
UNNUMBERED = "an entry leaves the queue only with a number"
PRUNED, CHECKED, EMPTIES = "audit_pruned", "audit_pruned_checked", authorizer.EMPTIES
UNNAMED = "the content of an entry goes only under an entry of this moment that names it"
_KEYS: dict[str, tuple[str, ...]] = {
    "audit_entry": ("id",),
    "audit_leaf": ("seq", "entry_id"),
    "audit_words": ("entry_id", "seq"),
    "audit_trail": ("id", "subject, number"),
    "audit_tile": ("id", "level, number"),
    "audit_checkpoint": ("size",),
    "audit_blob": ("digest",),
    "audit_cosignature": ("id", "size, vkey"),
    "audit_anchor": ("id", "size, authority"),
    "audit_pruned": ("id", "first"),
    "audit_retentionpolicy": ("id",),
    "audit_opening": ("id", "entry_id, field"),
    "audit_pending": ("entry_id",),
}
_POSTGRESQL = f"""
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE place bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME IN ('audit_entry', 'audit_leaf', 'audit_words') THEN
        IF TG_TABLE_NAME = 'audit_entry' THEN
            SELECT seq INTO place FROM audit_leaf WHERE entry_id = OLD.id;
        ELSE
            place := OLD.seq;
        END IF;
        IF TG_TABLE_NAME = 'audit_words' THEN
            OLD.words := ''::tsvector;
        ELSE
            OLD.body := ''::bytea;
        END IF;
        IF NEW IS NOT DISTINCT FROM OLD AND EXISTS (
            SELECT FROM audit_pruned p JOIN audit_pending q ON q.entry_id = p.entry_id
            WHERE place BETWEEN p.first AND p.last
        ) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '{REFUSED}: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE FUNCTION {NUMBERED}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = OLD.entry_id) THEN
        RAISE EXCEPTION '{UNNUMBERED}: %', OLD.entry_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE OR REPLACE FUNCTION audit_queue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_pending (entry_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION {CHECKED}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.first > NEW.last OR NOT EXISTS (SELECT FROM audit_checkpoint WHERE size > NEW.last) OR NOT EXISTS (
        SELECT FROM audit_entry e JOIN audit_pending q ON q.entry_id = e.id,
            jsonb_array_elements(convert_from(e.body, 'UTF8')::jsonb #> '{{about,ranges}}') AS named
        WHERE e.id = NEW.entry_id AND e.action = 'retention.pruned' AND e.outcome = 'success'
            AND named = jsonb_build_array(NEW.first, NEW.last)
    ) THEN
        RAISE EXCEPTION '{UNNAMED}' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION {EMPTIES}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE audit_entry SET body = '' WHERE id IN (
        SELECT entry_id FROM audit_leaf WHERE seq BETWEEN NEW.first AND NEW.last
    );
    UPDATE audit_leaf SET body = '' WHERE seq BETWEEN NEW.first AND NEW.last;
    UPDATE audit_words SET words = '' WHERE seq BETWEEN NEW.first AND NEW.last;
    RETURN NULL;
END $$;
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION {EMPTIES}() SET search_path = %I, pg_temp', current_schema());
END $$;
"""
_LEFT_TO_OTHERS = """DO $$ DECLARE place regclass; theirs text; BEGIN
    FOR place, theirs IN SELECT DISTINCT oid::regclass, grantee::regrole::text FROM pg_class, aclexplode(relacl)
        WHERE oid = ANY ('{%s}'::regclass[]) AND grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON %%s FROM %%s', place, theirs);
    END LOOP;
END $$""" % ",".join(WRITTEN_ONCE)  # noqa: UP031 - braces are arrays here
_EMPTYING = {
    "audit_entry": ("OLD.id", "body = x''", ("id", "scope_id", "action", "outcome", "actor_id", "at")),
    "audit_leaf": ("OLD.entry_id", "body = x''", ("seq", "entry_id", "hash")),
    "audit_words": ("OLD.entry_id", "words = ''", ("seq", "entry_id")),
}
"""On SQLite, what becomes of a body, and of its words, when it is emptied, and which columns must stay."""
_SQLITE_CHECK = """INSERT ON audit_pruned WHEN NEW.first > NEW.last
 OR NOT EXISTS (SELECT 1 FROM audit_checkpoint WHERE size > NEW.last) OR NOT EXISTS (
    SELECT 1 FROM audit_entry e JOIN audit_pending q ON q.entry_id = e.id,
        json_each(json_extract(CAST(e.body AS TEXT), '$.about.ranges')) AS named
    WHERE e.id = NEW.entry_id AND e.action = 'retention.pruned' AND e.outcome = 'success'
        AND json_extract(named.value, '$[0]') = NEW.first AND json_extract(named.value, '$[1]') = NEW.last
 )"""
_SQLITE_EMPTIES = """INSERT ON audit_pruned BEGIN
    UPDATE audit_entry SET body = x'' WHERE id IN (
        SELECT entry_id FROM audit_leaf WHERE seq BETWEEN NEW.first AND NEW.last
    );
    UPDATE audit_leaf SET body = x'' WHERE seq BETWEEN NEW.first AND NEW.last;
    UPDATE audit_words SET words = '' WHERE seq BETWEEN NEW.first AND NEW.last"""


def set_guards(connection: BaseDatabaseWrapper) -> None:
    """Put every trigger in place; safe to repeat.

    On PostgreSQL whoever was granted more by default than to read and add loses the rest on what is written once.
    """
    statements = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    with authorizer.aside(connection), connection.cursor() as cursor:
        for each in statements:
            cursor.execute(each)


def lift(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away, all but the one that fills the queue, and the authorizer off this connection.

    For test databases, between tests; nothing else. `set_guards` and `authorizer.watch` put them back.
    """
    authorizer.release(connection)
    with connection.cursor() as cursor:
        for table, name in expected(connection.vendor):
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
            else:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def standing(connection: BaseDatabaseWrapper) -> set[tuple[str, str]]:
    """Which guards are in force at this moment, as (table, trigger): looked up, not remembered."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE NOT t.tgisinternal AND t.tgenabled = 'A' AND pg_table_is_visible(c.oid)"
            )
        else:
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        return {(str(table), str(name)) for table, name in cursor.fetchall()} & set(expected(connection.vendor))


def expected(vendor: str) -> list[tuple[str, str]]:
    """Every guard there should be, as (table, trigger)."""
    kinds = ("row", "truncate") if vendor == "postgresql" else ("update", "delete", "replace")
    found = [(table, f"{table}_no_{kind}") for table in GUARDED for kind in kinds]
    found += [(PRUNED, CHECKED), (PRUNED, EMPTIES), *([(PENDING, NUMBERED)] if vendor == "postgresql" else [])]
    return [each for each in found if each[1] != f"{OPENING}_no_delete"]


def _postgresql() -> list[str]:
    statements = [
        _POSTGRESQL,
        "CREATE OR REPLACE TRIGGER audit_entry_queue AFTER INSERT ON audit_entry"
        " FOR EACH ROW EXECUTE FUNCTION audit_queue()",
    ]
    for table, name in expected("postgresql"):
        event, each, function = _answer(table, name)
        statements += [
            f"CREATE OR REPLACE TRIGGER {name} {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {function}()",
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
        ]
    return [*statements, _LEFT_TO_OTHERS]


def _answer(table: str, name: str) -> tuple[str, str, str]:
    """On PostgreSQL: the event a trigger answers, for each what, with which function."""
    if name == NUMBERED:
        return "BEFORE DELETE", "ROW", NUMBERED
    if name in {CHECKED, EMPTIES}:
        return "BEFORE INSERT" if name == CHECKED else "AFTER INSERT", "ROW", name
    if name.endswith("_truncate"):
        return "BEFORE TRUNCATE", "STATEMENT", "audit_refuse"
    return "BEFORE UPDATE" if table in {OPENING, PENDING} else "BEFORE UPDATE OR DELETE", "ROW", "audit_refuse"


def _sqlite() -> list[str]:
    statements = ["DROP TRIGGER IF EXISTS audit_entry_queue"]
    statements += [f"DROP TRIGGER IF EXISTS {name}" for _, name in expected("sqlite")]
    statements.append(
        "CREATE TRIGGER audit_entry_queue AFTER INSERT ON audit_entry"
        " BEGIN INSERT INTO audit_pending (entry_id) VALUES (NEW.id); END"
    )
    for table, name in expected("sqlite"):
        statements.append(f"CREATE TRIGGER {name} {_event(table, name)}; END")
    return statements


def _event(table: str, name: str) -> str:
    """The middle of a SQLite trigger: when it fires and what it says."""
    if name == EMPTIES:
        return f"AFTER {_SQLITE_EMPTIES}"
    if name == CHECKED:
        return f"BEFORE {_SQLITE_CHECK} BEGIN SELECT RAISE(ABORT, '{UNNAMED}')"
    if name.endswith("_update"):
        but = f" WHEN NOT ({_emptied(table)})" if table in _EMPTYING else ""
        return f"BEFORE UPDATE ON {table}{but} BEGIN SELECT RAISE(ABORT, '{REFUSED}')"
    if name.endswith("_replace"):
        same = " OR ".join(
            f"({key}) = ({', '.join(f'NEW.{each}' for each in key.split(', '))})" for key in _KEYS[table]
        )
        return (
            f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSED}')"
        )
    if table == PENDING:
        return (
            f"BEFORE DELETE ON {table} WHEN NOT EXISTS (SELECT 1 FROM audit_leaf WHERE entry_id = OLD.entry_id)"
            f" BEGIN SELECT RAISE(ABORT, '{UNNUMBERED}')"
        )
    return f"BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{REFUSED}')"


def _emptied(table: str) -> str:
    """On SQLite: whether an update does nothing but empty a body that an entry of this moment names."""
    entry, empty, columns = _EMPTYING[table]
    same = " AND ".join(f"NEW.{each} IS OLD.{each}" for each in columns)
    return (
        f"NEW.{empty} AND {same} AND EXISTS (SELECT 1 FROM audit_pruned p"
        " JOIN audit_pending q ON q.entry_id = p.entry_id JOIN audit_leaf l ON l.seq BETWEEN p.first AND p.last"
        f" WHERE l.entry_id = {entry})"
    )
