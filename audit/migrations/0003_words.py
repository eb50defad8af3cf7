from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from audit import search
from audit.triggers import set_guards


def index(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the index of words, and its table where the log is older than that; the sequencer fills it."""
    if "audit_words" not in editor.connection.introspection.table_names():
        editor.create_model(apps.get_model("audit", "Words"))
    search.set_up(editor.connection)
    set_guards(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [migrations.RunPython(index, migrations.RunPython.noop)]
