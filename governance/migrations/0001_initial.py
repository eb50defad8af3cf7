import django.db.models.deletion
import django.db.models.functions.text
import governance.catalog.rules
import jobs.moment
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Anonymity",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("scope_id", models.UUIDField(db_index=True)),
                ("dataset_id", models.BigIntegerField(db_index=True)),
                ("path", models.TextField()),
                ("quasi", models.JSONField()),
                ("sensitive", models.JSONField(default=list)),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("done", "Done"), ("failed", "Failed")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("why", models.JSONField(default=dict)),
                ("rows", models.BigIntegerField(null=True)),
                ("groups", models.BigIntegerField(null=True)),
                ("k", models.BigIntegerField(null=True)),
                ("below", models.JSONField(default=dict)),
                ("diversity", models.JSONField(default=dict)),
                ("digest", models.CharField(blank=True, default="", max_length=71)),
                ("requested_by", models.UUIDField()),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Asset",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("model", "Model"), ("dataset", "Dataset")], max_length=10)),
                ("key", models.CharField(max_length=64, unique=True)),
                ("namespace", models.TextField()),
                ("name", models.TextField()),
                ("lineage_dataset_id", models.BigIntegerField(null=True, unique=True)),
                ("adopted", models.BooleanField(default=False)),
                ("labels", models.JSONField(default=list)),
                ("risk_tier", models.CharField(blank=True, default="", max_length=10)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
            ],
        ),
        migrations.CreateModel(
            name="Choices",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("chosen", models.JSONField()),
                ("made_by", models.UUIDField()),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Environment",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60, unique=True)),
                ("alias", models.CharField(max_length=100, unique=True)),
                ("position", models.PositiveSmallIntegerField(unique=True)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
            ],
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("scope_id", models.UUIDField(db_index=True)),
                ("dataset_id", models.BigIntegerField()),
                ("column", models.TextField()),
                ("entity", models.CharField(max_length=40)),
                ("share", models.FloatField()),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("hits", models.PositiveIntegerField()),
                ("passed", models.PositiveIntegerField(default=0)),
                ("tried", models.PositiveIntegerField(default=0)),
                ("base", models.FloatField(default=0)),
                ("shape", models.CharField(max_length=40)),
                ("because", models.JSONField(default=list)),
                ("present", models.BooleanField(default=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("suggested", "Suggested"), ("confirmed", "Confirmed"), ("disputed", "Disputed")],
                        default="suggested",
                        max_length=10,
                    ),
                ),
                ("judged_by", models.UUIDField(null=True)),
                ("judged_at", models.DateTimeField(null=True)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="HookDelivery",
            fields=[
                ("delivery_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Number",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=jobs.moment.Moment())),
            ],
        ),
        migrations.CreateModel(
            name="RedactedCopy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("scope_id", models.UUIDField(db_index=True)),
                ("dataset_id", models.BigIntegerField(db_index=True)),
                ("source", models.TextField()),
                ("changes", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("done", "Done"), ("failed", "Failed")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("why", models.JSONField(default=dict)),
                ("path", models.TextField(blank=True, default="")),
                ("rows", models.BigIntegerField(null=True)),
                ("digest", models.CharField(blank=True, default="", max_length=71)),
                ("requested_by", models.UUIDField()),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Registry",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("mlflow", "Mlflow")], default="mlflow", max_length=10)),
                ("name", models.CharField(max_length=100, unique=True)),
                ("uri", models.CharField(max_length=500, unique=True)),
                ("namespace", models.CharField(max_length=500)),
                (
                    "state",
                    models.CharField(
                        choices=[("new", "New"), ("available", "Available"), ("away", "Away"), ("off", "Off")],
                        default="new",
                        max_length=10,
                    ),
                ),
                ("last_error", models.CharField(blank=True, default="", max_length=100)),
                ("looked_at", models.DateTimeField(null=True)),
                ("last_synced_at", models.DateTimeField(null=True)),
                ("probe", models.JSONField(default=dict)),
                ("probed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
            ],
        ),
        migrations.CreateModel(
            name="Ruleset",
            fields=[
                ("digest", models.CharField(max_length=71, primary_key=True, serialize=False)),
                ("parts", models.JSONField(default=dict)),
                ("choices", models.PositiveIntegerField(default=0)),
                ("seen_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("accepted_by", models.UUIDField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.CharField(max_length=150)),
                (
                    "kind",
                    models.CharField(
                        choices=[("person", "Person"), ("service", "Service"), ("system", "System")],
                        default="person",
                        max_length=10,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("language", models.CharField(blank=True, default="", max_length=10)),
                ("theme", models.CharField(blank=True, default="", max_length=10)),
                ("date_joined", models.DateTimeField(db_default=jobs.moment.Moment())),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="AliasExpected",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("alias", models.CharField(max_length=300)),
                ("promotion_id", models.UUIDField(null=True)),
                ("promotion_key", models.CharField(blank=True, default="", max_length=30)),
                ("since", models.DateTimeField()),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="aliases_expected",
                        to="governance.asset",
                    ),
                ),
                (
                    "registry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.registry"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Card",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.PositiveIntegerField()),
                ("fields", models.JSONField(default=dict)),
                ("by", models.UUIDField()),
                ("at", models.DateTimeField()),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="cards", to="governance.asset"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Flag",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("by_column", models.BooleanField()),
                ("approved", models.JSONField(default=list)),
                ("raised_at", models.DateTimeField()),
                ("cleared_at", models.DateTimeField(null=True)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="flags", to="governance.asset"
                    ),
                ),
                (
                    "finding",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="flags", to="governance.finding"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100, unique=True)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                ("members", models.ManyToManyField(blank=True, related_name="groups_in", to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name="Identity",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=200, unique=True)),
                ("given_by", models.UUIDField()),
                ("given_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identities",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Owner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="owners", to="governance.asset"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("body", models.JSONField()),
                ("digest", models.CharField(max_length=71)),
                ("published_by", models.UUIDField()),
                ("published_at", models.DateTimeField()),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policies",
                        to="governance.environment",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "policies",
            },
        ),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveBigIntegerField(unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("promotion", "Promotion"), ("rollback", "Rollback")],
                        default="promotion",
                        max_length=10,
                    ),
                ),
                ("alias", models.CharField(max_length=100)),
                ("policy_digest", models.CharField(max_length=71)),
                ("purpose", models.TextField(blank=True, default="")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("checking", "checking"),
                            ("in_review", "in_review"),
                            ("changes_requested", "changes_requested"),
                            ("approved", "approved"),
                            ("waiting", "waiting"),
                            ("applying", "applying"),
                            ("apply_failed", "apply_failed"),
                            ("applied", "applied"),
                            ("review_due", "review_due"),
                            ("compromised", "compromised"),
                            ("emergency_applied", "emergency_applied"),
                            ("ratified", "ratified"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                            ("expired", "expired"),
                            ("superseded", "superseded"),
                            ("rolled_back", "rolled_back"),
                            ("revoked", "revoked"),
                            ("reverted", "reverted"),
                        ],
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
                ("submission", models.PositiveIntegerField(default=1)),
                ("manifest_digest", models.CharField(blank=True, default="", max_length=71)),
                ("subject_digest", models.CharField(max_length=71)),
                ("subject", models.JSONField()),
                ("submitters", models.JSONField(default=list)),
                ("alias_before", models.CharField(max_length=100, null=True)),
                ("failure", models.JSONField(null=True)),
                ("moving", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="promotions", to="governance.asset"
                    ),
                ),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotions",
                        to="governance.environment",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="promotions", to="governance.policy"
                    ),
                ),
                (
                    "requester",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotions_requested",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reverses",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="governance.promotion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="EvidenceItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("check_name", models.CharField(max_length=30)),
                ("klass", models.CharField(max_length=30)),
                ("result", models.CharField(max_length=10)),
                ("blocks", models.BooleanField()),
                ("digest", models.CharField(max_length=71)),
                ("detail", models.JSONField()),
                ("source", models.CharField(blank=True, default="", max_length=300)),
                ("produced_by", models.CharField(blank=True, default="", max_length=100)),
                ("produced_at", models.DateTimeField(null=True)),
                ("valid_until", models.DateTimeField(null=True)),
                ("position", models.PositiveSmallIntegerField()),
                ("gathered_at", models.DateTimeField()),
                ("replaced_at", models.DateTimeField(null=True)),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="evidence", to="governance.promotion"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("verdict", models.CharField(max_length=20)),
                ("submission", models.PositiveIntegerField()),
                ("revision", models.PositiveIntegerField()),
                ("subject_digest", models.CharField(max_length=71)),
                ("reviewed", models.JSONField()),
                ("entry_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="governance.promotion"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Drift",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("alias", models.CharField(max_length=300)),
                ("seen_label", models.CharField(blank=True, max_length=100)),
                ("first_seen_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("resolved_at", models.DateTimeField(null=True)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="drifts", to="governance.asset"
                    ),
                ),
                (
                    "expected",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.aliasexpected"
                    ),
                ),
                (
                    "registry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.registry"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="asset",
            name="registry",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="assets", to="governance.registry"
            ),
        ),
        migrations.CreateModel(
            name="AliasSeen",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("alias", models.CharField(max_length=300)),
                ("version_label", models.CharField(blank=True, max_length=100)),
                ("seen_at", models.DateTimeField()),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="aliases_seen", to="governance.asset"
                    ),
                ),
                (
                    "registry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.registry"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("subject", models.UUIDField()),
                ("title", models.TextField()),
                ("format", models.CharField(max_length=10)),
                ("as_of", models.DateTimeField()),
                ("scope_id", models.UUIDField(db_index=True)),
                ("principal_id", models.UUIDField()),
                ("principal_kind", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("ready", "Ready"), ("failed", "Failed")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("error", models.CharField(blank=True, default="", max_length=100)),
                ("job_id", models.UUIDField(null=True)),
                ("digest", models.CharField(blank=True, default="", max_length=71)),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("parts", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["scope_id", "-created_at"], name="report_newest")],
            },
        ),
        migrations.CreateModel(
            name="Scan",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("scope_id", models.UUIDField(db_index=True)),
                ("dataset_id", models.BigIntegerField(null=True)),
                ("path", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("verdict", models.CharField(blank=True, default="", max_length=20)),
                ("why", models.JSONField(default=dict)),
                ("ruleset", models.CharField(blank=True, default="", max_length=71)),
                ("trial", models.BooleanField(default=False)),
                ("same_as", models.UUIDField(null=True)),
                ("rows", models.BigIntegerField(null=True)),
                ("seed", models.CharField(max_length=40)),
                ("digest", models.CharField(blank=True, default="", max_length=71)),
                ("progress", models.FloatField(default=0)),
                ("stage", models.CharField(blank=True, default="", max_length=20)),
                ("count", models.BigIntegerField(default=0)),
                ("requested_by", models.UUIDField()),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                ("started_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["dataset_id", "-ended_at"], name="scan_latest")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=("dataset_id",),
                        name="one_open_scan_of_a_dataset",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["queued", "running"]), ("verdict", "")),
                            models.Q(("state__in", ["done", "failed"]), models.Q(("verdict", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="scan_has_verdict_when_ended",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="finding",
            name="scan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="findings", to="governance.scan"
            ),
        ),
        migrations.CreateModel(
            name="ColumnVerdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("path", models.TextField()),
                ("verdict", models.CharField(max_length=20)),
                ("filled", models.BigIntegerField()),
                ("distinct", models.BigIntegerField()),
                ("examined", models.PositiveIntegerField()),
                ("bound", models.FloatField()),
                ("found", models.JSONField(default=list)),
                ("why", models.JSONField(default=list)),
                (
                    "scan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="columns", to="governance.scan"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Scope",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("organisation", "Organisation"), ("team", "Team"), ("project", "Project")],
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("path", models.CharField(max_length=600, unique=True)),
                ("frozen_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="governance.scope",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="registry",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="registries", to="governance.scope"
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.scope"
            ),
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("principal_id", models.UUIDField()),
                ("role", models.CharField(max_length=30)),
                ("object_id", models.UUIDField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
                ("granted_by", models.UUIDField()),
                ("not_before", models.DateTimeField(db_default=jobs.moment.Moment())),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("source", models.CharField(default="direct", max_length=20)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="governance.scope"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="environment",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.scope"
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="assets", to="governance.scope"
            ),
        ),
        migrations.CreateModel(
            name="ScopeClosure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ancestor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="below", to="governance.scope"
                    ),
                ),
                (
                    "descendant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="above", to="governance.scope"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="session key"),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("agent", models.CharField(blank=True, default="", max_length=200)),
                ("started_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SigningGrant",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("verdict", models.CharField(max_length=20)),
                ("subject_digest", models.CharField(max_length=71)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signing_grants",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="grants", to="governance.promotion"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SigninLink",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("signin", "Signin"), ("reset", "Reset")], default="signin", max_length=10
                    ),
                ),
                ("host", models.CharField(default="", max_length=255)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("issued_by", models.UUIDField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signin_links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Token",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("prefix", models.CharField(max_length=20)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=jobs.moment.Moment())),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Try",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("who", models.CharField(max_length=64)),
                ("place", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["who", "at"], name="tries_of"),
                    models.Index(fields=["place", "at"], name="tries_from"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("label", models.CharField(max_length=100)),
                ("number", models.PositiveBigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            (
                                governance.catalog.rules.VersionState["NOTED"],
                                governance.catalog.rules.VersionState["NOTED"],
                            ),
                            (
                                governance.catalog.rules.VersionState["SEALED"],
                                governance.catalog.rules.VersionState["SEALED"],
                            ),
                            (
                                governance.catalog.rules.VersionState["UNREADABLE"],
                                governance.catalog.rules.VersionState["UNREADABLE"],
                            ),
                            (
                                governance.catalog.rules.VersionState["COMPROMISED"],
                                governance.catalog.rules.VersionState["COMPROMISED"],
                            ),
                        ],
                        default=governance.catalog.rules.VersionState["NOTED"],
                        max_length=12,
                    ),
                ),
                ("problem", models.CharField(blank=True, default="", max_length=100)),
                ("manifest_digest", models.CharField(blank=True, default="", max_length=71)),
                ("manifest", models.JSONField(default=list)),
                ("schema", models.JSONField(default=dict)),
                ("metrics", models.JSONField(default=dict)),
                ("params", models.JSONField(default=dict)),
                ("inputs", models.JSONField(default=list)),
                ("run_id", models.CharField(blank=True, default="", max_length=100)),
                ("run_ended", models.BooleanField(default=False)),
                ("run_user", models.CharField(blank=True, default="", max_length=200)),
                ("authors", models.JSONField(default=list)),
                ("code_commit", models.CharField(blank=True, default="", max_length=100)),
                ("source_uri", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(null=True)),
                (
                    "asset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="versions", to="governance.asset"
                    ),
                ),
                (
                    "registry",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="governance.registry",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="promotion",
            name="baseline",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.version"
            ),
        ),
        migrations.AddField(
            model_name="promotion",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="promotions", to="governance.version"
            ),
        ),
        migrations.CreateModel(
            name="DigestSeen",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=71)),
                ("manifest", models.JSONField(default=list)),
                ("seen_at", models.DateTimeField()),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="digests", to="governance.version"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="aliasexpected",
            name="version",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="governance.version"
            ),
        ),
        migrations.CreateModel(
            name="Waiver",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("scope_id", models.UUIDField(db_index=True)),
                ("reason", models.TextField()),
                ("proposer_id", models.UUIDField()),
                ("proposer_owner_id", models.UUIDField(null=True)),
                ("decider_id", models.UUIDField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("expired", "Expired"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                ("revision", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "finding",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="waivers", to="governance.finding"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"), name="email_once_however_capitalised"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "service"), _negated=True),
                    ("owner__isnull", False),
                    ("is_active", False),
                    _connector="OR",
                ),
                name="service_account_has_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="card",
            constraint=models.UniqueConstraint(fields=("asset", "revision"), name="card_revision_once"),
        ),
        migrations.AddIndex(
            model_name="flag",
            index=models.Index(fields=["-raised_at"], name="flag_newest"),
        ),
        migrations.AddConstraint(
            model_name="flag",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cleared_at", None)), fields=("finding", "asset"), name="one_flag_of_a_finding"
            ),
        ),
        migrations.AddConstraint(
            model_name="owner",
            constraint=models.UniqueConstraint(fields=("asset", "user"), name="owner_once"),
        ),
        migrations.AddConstraint(
            model_name="evidenceitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("replaced_at", None)),
                fields=("promotion", "check_name"),
                name="one_current_evidence",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(fields=("promotion", "revision"), name="one_decision_per_revision"),
        ),
        migrations.AddConstraint(
            model_name="drift",
            constraint=models.UniqueConstraint(
                condition=models.Q(("resolved_at", None)), fields=("asset", "alias"), name="one_open_drift"
            ),
        ),
        migrations.AddIndex(
            model_name="aliasseen",
            index=models.Index(fields=["asset", "alias", "-id"], name="alias_last_seen"),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(fields=("dataset_id", "column", "entity"), name="finding_once"),
        ),
        migrations.AddConstraint(
            model_name="columnverdict",
            constraint=models.UniqueConstraint(fields=("scan", "position"), name="column_once_per_scan"),
        ),
        migrations.AddConstraint(
            model_name="scope",
            constraint=models.UniqueConstraint(
                condition=models.Q(("parent", None)), fields=("kind",), name="one_organisation"
            ),
        ),
        migrations.AddConstraint(
            model_name="policy",
            constraint=models.UniqueConstraint(fields=("environment", "number"), name="policy_number_once"),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["principal_id", "role"], name="grant_of"),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(fields=["kind", "-created_at"], name="asset_newest"),
        ),
        migrations.AddIndex(
            model_name="scopeclosure",
            index=models.Index(fields=["descendant", "ancestor"], name="closure_up"),
        ),
        migrations.AddConstraint(
            model_name="scopeclosure",
            constraint=models.UniqueConstraint(fields=("ancestor", "descendant"), name="closure_once"),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(fields=("asset", "label"), name="version_once"),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("manifest_digest", ""), ("state__in", ["noted", "unreadable"])),
                    ("manifest_digest__startswith", "sha256:"),
                    _connector="OR",
                ),
                name="version_sealed_with_digest",
            ),
        ),
        migrations.AddIndex(
            model_name="promotion",
            index=models.Index(fields=["state", "-created_at"], name="promotion_inbox"),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            "draft",
                            "checking",
                            "in_review",
                            "changes_requested",
                            "approved",
                            "waiting",
                            "applying",
                            "apply_failed",
                        ),
                    )
                ),
                fields=("asset", "environment", "kind"),
                name="one_open_promotion",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "applied")), fields=("asset", "environment"), name="one_applied_promotion"
            ),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("moving", True)), fields=("asset", "environment"), name="one_moves_the_alias"
            ),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.CheckConstraint(
                condition=models.Q(("moving", True), models.Q(("state", "applying"), _negated=True), _connector="OR"),
                name="applying_moves_the_alias",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("moving", False),
                    ("state__in", ("applying", "applied", "review_due", "ratified", "compromised")),
                    _connector="OR",
                ),
                name="only_movers_move_the_alias",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            "draft",
                            "checking",
                            "in_review",
                            "changes_requested",
                            "approved",
                            "waiting",
                            "applying",
                            "apply_failed",
                            "applied",
                            "review_due",
                            "compromised",
                            "emergency_applied",
                            "ratified",
                            "rejected",
                            "withdrawn",
                            "expired",
                            "superseded",
                            "rolled_back",
                            "revoked",
                            "reverted",
                        ),
                    )
                ),
                name="promotion_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="promotion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "applied"), _negated=True),
                    models.Q(("applied_at__isnull", False), ("decided_at__isnull", False)),
                    _connector="OR",
                ),
                name="applied_was_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="digestseen",
            constraint=models.UniqueConstraint(fields=("version", "digest"), name="digest_seen_once"),
        ),
        migrations.AddIndex(
            model_name="aliasexpected",
            index=models.Index(fields=["asset", "alias", "-id"], name="alias_last_expected"),
        ),
        migrations.AddIndex(
            model_name="waiver",
            index=models.Index(fields=["-created_at"], name="waiver_newest"),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")), fields=("finding",), name="one_proposal_per_finding"
            ),
        ),
        migrations.AddConstraint(
            model_name="waiver",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decider_id", None),
                    models.Q(("decider_id", models.F("proposer_id")), _negated=True),
                    _connector="OR",
                ),
                name="waiver_decided_by_another",
            ),
        ),
    ]
