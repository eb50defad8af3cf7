from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from governance.policies.triggers import keep

WRITTEN_ONCE = ("governance_card", "governance_digestseen", "governance_aliasseen", "governance_aliasexpected")
FILES = ("asset_id", "label", "manifest_digest", "manifest", "schema")
REFUSED = "a version keeps the files it was sealed with"
FUNCTION = f"""
CREATE OR REPLACE FUNCTION governance_version_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'restrict_violation';
END $$;
"""


def guard(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    keep(editor.connection, WRITTEN_ONCE)
    with editor.connection.cursor() as cursor:
        for statement in statements(editor.connection.vendor):
            cursor.execute(statement)


def statements(vendor: str) -> list[str]:
    name = "governance_version_sealed"
    if vendor == "postgresql":
        changed = " OR ".join(f"OLD.{column}::text IS DISTINCT FROM NEW.{column}::text" for column in FILES)
        return [
            FUNCTION,
            f"CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE ON governance_version FOR EACH ROW"
            f" WHEN (OLD.manifest_digest <> '' AND ({changed})) EXECUTE FUNCTION governance_version_sealed()",
            f"ALTER TABLE governance_version ENABLE ALWAYS TRIGGER {name}",
        ]
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in FILES)
    return [
        f"DROP TRIGGER IF EXISTS {name}",
        f"CREATE TRIGGER {name} BEFORE UPDATE ON governance_version"
        f" WHEN OLD.manifest_digest <> '' AND ({changed}) BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    ]


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_written_once")]
    operations = [migrations.RunPython(guard, migrations.RunPython.noop)]
