"""The graph has another number whenever its shape changes (see `lineage.known`), whoever changes it."""

from secrets import randbelow
from typing import Any

from django.db import migrations

STEPS = {
    "lineage_edge": "src_id, dst_id, job_id, kind, declared",
    "lineage_jobio": "job_id, dataset_id, direction, declared",
    "lineage_alias": "dataset_id, other_key",
}
"""Tables in which rows come and go, and the columns by which they say something else."""
THINGS = {
    "lineage_dataset": ("key", "namespace", "name", "scope_id", "type"),
    "lineage_job": ("namespace", "name", "scope_id"),
}
"""Tables of things, and what is remembered of them. One without steps is not in any graph yet."""
POSTGRESQL = """
CREATE FUNCTION lineage_reshape() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lineage_shape SET number = (random() * 9007199254740991)::bigint;
    RETURN NULL;
END $$;
CREATE FUNCTION lineage_reshape_by_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM fresh) THEN
        UPDATE lineage_shape SET number = (random() * 9007199254740991)::bigint;
    END IF;
    RETURN NULL;
END $$;
"""


def number(_: Any, schema_editor: Any) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("INSERT INTO lineage_shape (id, number) VALUES (1, %s)", [randbelow(2**53)])
    for statement in [POSTGRESQL, *_for_postgresql()] if postgresql else _for_sqlite():
        schema_editor.execute(statement)


def _for_postgresql() -> Any:
    for table, columns in STEPS.items():
        yield (
            f"CREATE TRIGGER {table}_came AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh"
            " FOR EACH STATEMENT EXECUTE FUNCTION lineage_reshape_by_rows()"
        )
        each = "FOR EACH STATEMENT EXECUTE FUNCTION lineage_reshape()"
        yield f"CREATE TRIGGER {table}_went AFTER DELETE OR TRUNCATE OR UPDATE OF {columns} ON {table} {each}"
    for table, names in THINGS.items():
        other = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in names)
        yield (
            f"CREATE TRIGGER {table}_changed AFTER UPDATE ON {table}"
            f" FOR EACH ROW WHEN ({other}) EXECUTE FUNCTION lineage_reshape()"
        )
        yield f"CREATE TRIGGER {table}_went AFTER DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION lineage_reshape()"


def _for_sqlite() -> Any:
    then = "BEGIN UPDATE lineage_shape SET number = random(); END"
    for table, columns in STEPS.items():
        yield f"CREATE TRIGGER {table}_came AFTER INSERT ON {table} {then}"
        yield f"CREATE TRIGGER {table}_went AFTER DELETE ON {table} {then}"
        yield f"CREATE TRIGGER {table}_changed AFTER UPDATE OF {columns} ON {table} {then}"
    for table, names in THINGS.items():
        other = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in names)
        yield f"CREATE TRIGGER {table}_changed AFTER UPDATE OF {', '.join(names)} ON {table} WHEN {other} {then}"
        yield f"CREATE TRIGGER {table}_went AFTER DELETE ON {table} {then}"


class Migration(migrations.Migration):
    dependencies = [("lineage", "0003_owed")]
    operations = [migrations.RunPython(number, migrations.RunPython.noop)]
