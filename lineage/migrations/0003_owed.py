"""Whatever becomes a raw event is owed to the tables: the database writes the row of the queue itself."""

from typing import Any

from django.db import migrations

POSTGRESQL = """
CREATE FUNCTION lineage_owe() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lineage_owed (event_id, stuck) VALUES (NEW.id, false);
    RETURN NULL;
END $$;
CREATE TRIGGER lineage_rawevent_owed AFTER INSERT ON lineage_rawevent
    FOR EACH ROW EXECUTE FUNCTION lineage_owe();
"""
SQLITE = """
CREATE TRIGGER lineage_rawevent_owed AFTER INSERT ON lineage_rawevent
BEGIN INSERT INTO lineage_owed (event_id, stuck) VALUES (NEW.id, 0); END
"""


def owe(_: Any, schema_editor: Any) -> None:
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE)


class Migration(migrations.Migration):
    dependencies = [("lineage", "0002_append_only")]
    operations = [migrations.RunPython(owe, migrations.RunPython.noop)]
