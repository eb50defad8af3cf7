from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from governance.policies.triggers import keep


def guard(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    keep(editor.connection, ("governance_policy",))


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]
    operations = [migrations.RunPython(guard, migrations.RunPython.noop)]
