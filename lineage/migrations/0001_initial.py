import datetime
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="FacetBody",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("size", models.PositiveIntegerField()),
                ("body", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="RawEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(max_length=64)),
                ("body", models.BinaryField()),
                ("size", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("run_uuid", models.UUIDField(db_index=True, null=True)),
                ("scope_id", models.UUIDField()),
                ("principal_id", models.UUIDField()),
                ("warnings", models.JSONField(default=list)),
                ("redacted", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="Owner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("about", models.CharField(max_length=8)),
                ("about_id", models.BigIntegerField()),
                ("name", models.TextField()),
                ("kind", models.TextField(default="")),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RemovedEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sha256", models.CharField(db_index=True, max_length=64)),
                ("size", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("run_uuid", models.UUIDField(null=True)),
                ("scope_id", models.UUIDField(db_index=True)),
                ("warnings", models.JSONField(default=list)),
                ("redacted", models.JSONField(default=list)),
                ("removed_at", models.DateTimeField()),
                ("entry_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField()),
                ("given", models.TextField()),
                ("declared", models.BooleanField(default=False)),
                ("parent_uuid", models.UUIDField(null=True)),
                (
                    "parent_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("root_uuid", models.UUIDField(null=True)),
                (
                    "root_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("code", models.CharField(default="", max_length=64)),
                (
                    "code_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("version", models.CharField(default="", max_length=64)),
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
                ("files", models.BigIntegerField(null=True)),
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
            name="Shape",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("about", models.CharField(max_length=8)),
                ("about_id", models.BigIntegerField()),
                ("field", models.TextField(default="")),
                ("name", models.TextField()),
                ("value", models.TextField(default="")),
                ("source", models.TextField(default="")),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Dataset",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
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
                ("change", models.CharField(default="", max_length=64)),
                (
                    "change_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("key",), name="lineage_dataset_key")],
            },
        ),
        migrations.CreateModel(
            name="ColumnEdge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("src_field", models.TextField()),
                ("dst_field", models.TextField()),
                ("job_id", models.BigIntegerField(default=0)),
                ("declared", models.BooleanField(default=False)),
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
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Check",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("name", models.TextField()),
                ("column", models.TextField(default="")),
                ("success", models.BooleanField()),
                ("severity", models.TextField(default="")),
                ("expected", models.TextField(default="")),
                ("actual", models.TextField(default="")),
                ("at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="checks",
                        to="lineage.dataset",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("change", models.CharField(max_length=64)),
                ("previous_namespace", models.TextField(default="")),
                ("previous_name", models.TextField(default="")),
                ("run_id", models.BigIntegerField(default=0)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="changes", to="lineage.dataset"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Alias",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("other_key", models.CharField(db_index=True, max_length=64)),
                ("namespace", models.TextField()),
                ("name", models.TextField()),
                ("kind", models.CharField(default="", max_length=64)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="aliases", to="lineage.dataset"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DatasetVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
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
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Declaration",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("about", models.CharField(max_length=8)),
                ("about_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("about", "about_id", "at"), name="lineage_declared_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Edge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("job_id", models.BigIntegerField(default=0)),
                (
                    "kind",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "Io"), (2, "Column"), (3, "Explicit"), (4, "Renamed")]
                    ),
                ),
                ("declared", models.BooleanField(default=False)),
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
        ),
        migrations.CreateModel(
            name="Facet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("about", models.CharField(max_length=8)),
                ("about_id", models.BigIntegerField()),
                ("name", models.TextField()),
                ("sha256", models.CharField(default="", max_length=64)),
                ("event", models.CharField(default="", max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["about", "about_id"], name="lineage_facet_about")],
                "constraints": [models.UniqueConstraint(fields=("key",), name="lineage_facet_key")],
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("namespace", models.TextField()),
                ("name", models.TextField()),
                ("scope_id", models.UUIDField(db_index=True)),
                ("type", models.CharField(default="", max_length=64)),
                ("integration", models.CharField(default="", max_length=64)),
                ("processing", models.CharField(default="", max_length=64)),
                (
                    "type_at",
                    models.DateTimeField(default=datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)),
                ),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "constraints": [models.UniqueConstraint(fields=("key",), name="lineage_job_key")],
            },
        ),
        migrations.CreateModel(
            name="JobIO",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("direction", models.CharField(max_length=3)),
                ("declared", models.BooleanField(default=False)),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="job_io",
                        to="lineage.dataset",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="io", to="lineage.job"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="JobLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("kind", models.CharField(max_length=8)),
                ("other_key", models.CharField(db_index=True, max_length=64)),
                ("namespace", models.TextField()),
                ("name", models.TextField()),
                ("first_seen", models.DateTimeField()),
                ("last_seen", models.DateTimeField()),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="links", to="lineage.job"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Metric",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("facet", models.TextField()),
                ("column", models.TextField(default="")),
                ("name", models.TextField()),
                ("value", models.FloatField()),
                ("at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="metrics", to="lineage.dataset"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Owed",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="lineage.rawevent",
                    ),
                ),
                ("stuck", models.BooleanField(default=False)),
            ],
        ),
        migrations.AddIndex(
            model_name="rawevent",
            index=models.Index(fields=["scope_id", "id"], name="lineage_raw_by_scope"),
        ),
        migrations.AddConstraint(
            model_name="rawevent",
            constraint=models.UniqueConstraint(fields=("sha256",), name="lineage_raw_once"),
        ),
        migrations.AddIndex(
            model_name="owner",
            index=models.Index(fields=["about", "about_id"], name="lineage_owner_about"),
        ),
        migrations.AddConstraint(
            model_name="owner",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_owner_key"),
        ),
        migrations.AddField(
            model_name="run",
            name="job",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="lineage.job"
            ),
        ),
        migrations.AddField(
            model_name="metric",
            name="run",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="metrics", to="lineage.run"
            ),
        ),
        migrations.AddField(
            model_name="check",
            name="run",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="checks", to="lineage.run"
            ),
        ),
        migrations.AddField(
            model_name="runio",
            name="dataset",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="io", to="lineage.dataset"
            ),
        ),
        migrations.AddField(
            model_name="runio",
            name="run",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="io", to="lineage.run"
            ),
        ),
        migrations.AddIndex(
            model_name="tag",
            index=models.Index(fields=["about", "about_id"], name="lineage_tag_about"),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_tag_key"),
        ),
        migrations.AddIndex(
            model_name="columnedge",
            index=models.Index(fields=["src", "dst"], name="lineage_column_down"),
        ),
        migrations.AddConstraint(
            model_name="columnedge",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_columnedge_key"),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_change_key"),
        ),
        migrations.AddConstraint(
            model_name="alias",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_alias_key"),
        ),
        migrations.AddConstraint(
            model_name="datasetversion",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_datasetversion_key"),
        ),
        migrations.AddIndex(
            model_name="edge",
            index=models.Index(
                fields=["dst", "src", "job_id", "kind", "declared", "first_seen"], name="lineage_edge_up"
            ),
        ),
        migrations.AddConstraint(
            model_name="edge",
            constraint=models.UniqueConstraint(
                fields=("src", "dst", "job_id", "kind", "declared"), name="lineage_edge_once"
            ),
        ),
        migrations.AddIndex(
            model_name="jobio",
            index=models.Index(
                fields=["dataset", "direction", "job", "declared", "first_seen"], name="lineage_jobio_by_dataset"
            ),
        ),
        migrations.AddConstraint(
            model_name="jobio",
            constraint=models.UniqueConstraint(
                fields=("job", "dataset", "direction", "declared"), name="lineage_jobio_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="joblink",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_joblink_key"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["job", "-first_seen"], name="lineage_run_by_job"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["parent_uuid"], name="lineage_run_by_parent"),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(fields=("uuid", "job"), name="lineage_run_once"),
        ),
        migrations.AddConstraint(
            model_name="metric",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_metric_key"),
        ),
        migrations.AddConstraint(
            model_name="check",
            constraint=models.UniqueConstraint(fields=("key",), name="lineage_check_key"),
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
