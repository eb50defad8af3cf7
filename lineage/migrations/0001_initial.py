import datetime
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("namespace", models.TextField()),
                ("name", models.TextField()),
                ("scope_id", models.UUIDField(db_index=True)),
                ("type", models.CharField(default="", max_length=64)),
                (
                    "type_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("schema", models.CharField(default="", max_length=64)),
                (
                    "schema_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("namespace", models.TextField()),
                ("name", models.TextField()),
                ("scope_id", models.UUIDField(db_index=True)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Schema",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("fields", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="DatasetVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("version", models.TextField()),
                ("schema", models.CharField(default="", max_length=64)),
                (
                    "schema_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="lineage.dataset"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RawEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("body", models.BinaryField()),
                ("size", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("run_uuid", models.UUIDField(db_index=True, null=True)),
                ("scope_id", models.UUIDField(db_index=True)),
                ("principal_id", models.UUIDField()),
                ("warnings", models.JSONField(default=list)),
                ("redacted", models.JSONField(default=list)),
            ],
            options={
                "indexes": [models.Index(fields=["scope_id", "-id"], name="lineage_raw_by_scope")],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("uuid", models.UUIDField(db_index=True)),
                ("given", models.TextField()),
                ("declared", models.BooleanField(default=False)),
                ("parent_uuid", models.UUIDField(null=True)),
                (
                    "parent_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("state", models.CharField(default="OTHER", max_length=10)),
                ("state_rank", models.PositiveSmallIntegerField(default=0)),
                (
                    "state_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="lineage.job"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunIO",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("direction", models.CharField(max_length=3)),
                ("version", models.TextField(default="")),
                (
                    "version_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("schema", models.CharField(default="", max_length=64)),
                (
                    "schema_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("rows", models.BigIntegerField(null=True)),
                ("bytes", models.BigIntegerField(null=True)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="io", to="lineage.dataset"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="io", to="lineage.run"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ColumnEdge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("src_field", models.TextField()),
                ("dst_field", models.TextField()),
                ("job_id", models.BigIntegerField(default=0)),
                ("how", models.TextField(default="")),
                ("masking", models.BooleanField(default=False)),
                (
                    "how_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dst",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="columns_in", to="lineage.dataset"
                    ),
                ),
                (
                    "src",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="columns_out",
                        to="lineage.dataset",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["src", "dst"], name="lineage_column_down")],
            },
        ),
        migrations.CreateModel(
            name="Edge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("job_id", models.BigIntegerField(default=0)),
                ("kind", models.PositiveSmallIntegerField(choices=[(1, "Io"), (2, "Column"), (3, "Explicit")])),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dst",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edges_in",
                        to="lineage.dataset",
                    ),
                ),
                (
                    "src",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edges_out",
                        to="lineage.dataset",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["src", "dst"], name="lineage_edge_down")],
                "constraints": [
                    models.UniqueConstraint(fields=("dst", "src", "job_id", "kind"), name="lineage_edge_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="JobIO",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("direction", models.CharField(max_length=3)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="job_io", to="lineage.dataset"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="io", to="lineage.job"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["dataset", "direction"], name="lineage_jobio_by_dataset")],
                "constraints": [
                    models.UniqueConstraint(fields=("job", "dataset", "direction"), name="lineage_jobio_once")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["job", "-first_seen"], name="lineage_run_by_job"),
        ),
        migrations.AddIndex(
            model_name="runio",
            index=models.Index(fields=["dataset", "direction", "-first_seen"], name="lineage_runio_by_dataset"),
        ),
        migrations.AddConstraint(
            model_name="runio",
            constraint=models.UniqueConstraint(fields=("run", "dataset", "direction"), name="lineage_runio_once"),
        ),
    ]
