"""A raw event is never changed: the database refuses UPDATE. Only retention may remove one."""

from typing import Any

from django.db import migrations

REFUSED = "raw events are append-only"
POSTGRESQL = f"""
CREATE FUNCTION lineage_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER lineage_rawevent_no_update BEFORE UPDATE ON lineage_rawevent
    FOR EACH ROW EXECUTE FUNCTION lineage_refuse();
ALTER TABLE lineage_rawevent ENABLE ALWAYS TRIGGER lineage_rawevent_no_update;
"""
SQLITE = f"""
CREATE TRIGGER lineage_rawevent_no_update BEFORE UPDATE ON lineage_rawevent
BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END
"""


def guard(_: Any, schema_editor: Any) -> None:
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


class Migration(migrations.Migration):
    dependencies = [("lineage", "0001_initial")]
    operations = [migrations.RunPython(guard, migrations.RunPython.noop)]
