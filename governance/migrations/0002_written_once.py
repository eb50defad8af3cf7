from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from governance.policies.triggers import seal


def guard(_: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    seal(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]
    operations = [migrations.RunPython(guard, migrations.RunPython.noop)]
