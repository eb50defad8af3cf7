import audit.models
import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                ("digest", models.CharField(max_length=71, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField()),
                ("data", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.TextField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("sink", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(default=0)),
                ("sent_at", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, default="", max_length=200)),
                ("away_since", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("body", models.BinaryField()),
                ("scope_id", models.UUIDField(null=True)),
                ("action", models.CharField(max_length=100)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("success", "success"),
                            ("failure", "failure"),
                            ("denied", "denied"),
                            ("error", "error"),
                        ],
                        max_length=20,
                    ),
                ),
                ("actor_id", models.UUIDField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                ("subject", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("subject", "Subject"), ("actor", "Actor"), ("time", "Time")], max_length=10
                    ),
                ),
                ("subject", models.CharField(blank=True, default="", max_length=255)),
                ("actor_id", models.UUIDField(null=True)),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("set_by", models.UUIDField()),
                ("entry_id", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("body", models.BinaryField()),
                ("hash", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Opening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.CharField(max_length=100)),
                ("salt", models.BinaryField()),
                ("value", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("erase", "Erase"), ("policy", "Policy"), ("lift", "Lift")], max_length=10
                    ),
                ),
                ("target", models.CharField(max_length=255)),
                ("asked_by", models.UUIDField()),
                ("asked_for", models.UUIDField(null=True)),
                ("entry_id", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("done", "Done"), ("declined", "Declined")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Pruned",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry_id", models.BigIntegerField()),
                ("first", models.BigIntegerField(unique=True)),
                ("last", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked", models.CharField(max_length=64, unique=True)),
                ("reader_id", models.UUIDField()),
                ("kind", models.CharField(max_length=20)),
                ("via", models.CharField(max_length=20)),
                ("on_behalf_of", models.UUIDField(null=True)),
                ("token_id", models.UUIDField(null=True)),
                ("door", models.CharField(max_length=20)),
                ("noted", models.UUIDField(null=True)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("again", models.BigIntegerField(default=0)),
                ("low", models.BigIntegerField(null=True)),
                ("high", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="RetentionPolicy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=71)),
                ("entry_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("number", models.BigIntegerField()),
                ("hashes", models.BinaryField()),
                ("root", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Trail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=255)),
                ("number", models.BigIntegerField()),
                ("seq", models.BigIntegerField()),
                ("previous", models.BigIntegerField(null=True)),
                ("entry_id", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Anchor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField()),
                ("authority", models.CharField(max_length=255)),
                ("token", models.BinaryField()),
                ("stamped_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("size", "authority"), name="audit_anchor_once")],
            },
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("size", models.BigIntegerField()),
                ("witness", models.CharField(max_length=255)),
                ("vkey", models.TextField()),
                ("line", models.TextField()),
                ("signed_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("size", "vkey"), name="audit_cosignature_once")],
            },
        ),
        migrations.CreateModel(
            name="Pending",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="pending",
                        serialize=False,
                        to="audit.entry",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Words",
            fields=[
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="words",
                        serialize=False,
                        to="audit.entry",
                    ),
                ),
                ("seq", models.BigIntegerField(unique=True)),
                ("words", audit.models.WordsField()),
            ],
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["scope_id", "id"], name="audit_entry_by_scope"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["action", "id"], name="audit_entry_by_action"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["actor_id", "id"], name="audit_entry_by_actor"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["at"], name="audit_entry_by_time"),
        ),
        migrations.AddField(
            model_name="leaf",
            name="entry",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="leaf",
                to="audit.entry",
            ),
        ),
        migrations.AddField(
            model_name="opening",
            name="entry",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="openings",
                to="audit.entry",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")), fields=("kind", "target"), name="audit_asked_once"
            ),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(fields=["reader_id", "door", "until"], name="audit_reading_by_reader"),
        ),
        migrations.AddIndex(
            model_name="reading",
            index=models.Index(fields=["until"], name="audit_reading_by_end"),
        ),
        migrations.AddConstraint(
            model_name="tile",
            constraint=models.UniqueConstraint(fields=("level", "number"), name="audit_tile_once"),
        ),
        migrations.AddIndex(
            model_name="trail",
            index=models.Index(fields=["seq"], name="audit_trail_by_seq"),
        ),
        migrations.AddConstraint(
            model_name="trail",
            constraint=models.UniqueConstraint(fields=("subject", "number"), name="audit_trail_once"),
        ),
        migrations.AddConstraint(
            model_name="opening",
            constraint=models.UniqueConstraint(fields=("entry", "field"), name="audit_opening_once"),
        ),
    ]
