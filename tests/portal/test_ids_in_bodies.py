"""An id that a body or form names: somebody else's and one of nothing get the same answer, and nothing is written."""

from types import SimpleNamespace as Ns
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import transaction

from tests.portal.test_locks import OURS

NOT_OURS_TO_COUNT = {"audit.Entry", "audit.Pending", "audit.Opening", "governance.Token", "governance.Session"}


@pytest.fixture
def discovered(founded: Any, now: Any) -> Any:
    """A model that a registry has just named."""
    from governance.catalog import records

    def make(name: str, scope: Any) -> Any:
        with transaction.atomic():
            return records.discover_model(records.Named("mlflow://h:5000", name, scope.pk), now)[0]

    return make


@pytest.fixture
def theirs(founded: Any, person: Any, discovered: Any, now: Any) -> Ns:
    """The hidden team: its scope, a group that holds a role there, a person, a model with a version, a registry."""
    from governance.access import records
    from governance.access.models import Group
    from governance.catalog.models import Version
    from governance.pii.models import Finding, Scan
    from governance.registries.models import Registry

    hidden = records.place(founded, "team", "hidden")
    zoe = person("Zoe", "contributor", hidden)
    group = Group.objects.create(name="hidden group")
    group.members.add(zoe.user)
    records.grant(group.pk, "viewer", hidden, zoe.id, now)
    model = discovered("hidden", hidden)
    version = Version.objects.create(asset=model, label="1", number=1, seen_at=now, created_at=now)
    scan = Scan.objects.create(
        scope_id=hidden.pk,
        dataset_id=9,
        path="/hidden",
        seed="1",
        requested_by=zoe.id,
        state="done",
        verdict="findings",
    )
    finding = Finding.objects.create(
        scope_id=hidden.pk, dataset_id=9, column="c", entity="EMAIL_ADDRESS", scan=scan, share=1, low=1, high=1, hits=1,
        shape="x", created_at=now,
    )  # fmt: skip
    Registry.objects.create(name="hidden", uri="http://127.0.0.1:9/h", namespace="h", scope=hidden)
    return Ns(scope=hidden.pk, person=zoe.id, group=group.pk, model=model.pk, version=version.pk, finding=finding.pk)


def grant(**named: Any) -> dict[str, Any]:
    return {"role": "viewer", "reason": "so", **named}


BODIES: dict[str, tuple[str, str, str, Any]] = {
    "adopt into a scope": ("post", "/api/v1/assets/{own}/adopt", "scope", lambda i, o: {"revision": 0, "scope": i}),
    "adopt for a person": ("post", "/api/v1/assets/{own}/adopt", "person", lambda i, o: {"revision": 0, "owners": [i]}),
    "own": ("patch", "/api/v1/assets/{own}", "person", lambda i, o: {"revision": 0, "owners": [i]}),
    "connect a registry": (
        "post", "/api/v1/registries", "scope", lambda i, o: {"name": "n", "uri": "http://127.0.0.1:9/n", "scope": i},
    ),
    "place a scope": ("post", "/api/v1/scopes", "scope", lambda i, o: {"parent": i, "kind": "project", "name": "n"}),
    "grant in a scope": ("post", "/api/v1/grants", "scope", lambda i, o: grant(principal=o.vera, scope=i)),
    "grant to a person": ("post", "/api/v1/grants", "person", lambda i, o: grant(principal=i, scope=o.scope)),
    "grant to a group": ("post", "/api/v1/grants", "group", lambda i, o: grant(principal=i, scope=o.scope)),
    "a service account": (
        "post", "/api/v1/tokens", "scope",
        lambda i, o: {"days": 5, "account": {"name": "bot", "roles": ["viewer"], "scope": i}},
    ),
    "whose service account": (
        "post", "/api/v1/tokens", "person",
        lambda i, o: {"days": 5, "account": {"name": "b", "roles": ["viewer"], "scope": o.scope, "owner": i}},
    ),
    "promote a version": (
        "post", "/api/v1/promotions", "version", lambda i, o: {"version_id": i, "environment": "production"},
    ),
    "waive a finding": (
        "post", "/api/v1/waivers", "finding",
        lambda i, o: {"finding": i, "reason": "so", "expires_at": "2027-01-01T00:00:00Z"},
    ),
    "report on a model": ("post", "/api/v1/reports", "model", lambda i, o: {"kind": "lineage", "subject": i}),
    "a member of a group": ("patch", "/api/v1/groups/{group}", "person", lambda i, o: {"members": [i]}),
}  # fmt: skip


def counts() -> dict[str, int]:
    labels = (model for model in apps.get_models() if model._meta.app_label in OURS)
    return {
        model._meta.label: model._default_manager.count()
        for model in labels
        if model._meta.label not in NOT_OURS_TO_COUNT
    }


@pytest.mark.parametrize("case", BODIES)
def test_somebody_elses_id_and_an_unknown_one_get_the_same_answer(
    people: Ns, person: Any, payments: Any, discovered: Any, theirs: Ns, case: str
) -> None:
    """Lena may do everything in payments and nothing elsewhere."""
    from governance.access.models import Group

    lena = person("Lena", ["contributor", "admin", "compliance_officer"], payments)
    own = discovered("own", payments)
    group = Group.objects.create(name="ours")
    group.members.add(lena.user)
    ours = Ns(scope=str(payments.pk), vera=str(people.ann.id))
    method, path, kind, make = BODIES[case]
    address, before = path.format(own=own.pk, group=group.pk), counts()

    def answer(pk: UUID) -> Any:
        given = getattr(lena.api, method)(address, make(str(pk), ours), content_type="application/json")
        return given.status_code, given.json()["code"], given.json()["detail"]

    foreign, unknown = answer(getattr(theirs, kind)), answer(uuid4())
    assert foreign == unknown
    assert foreign[0] in {404, 422} or (case == "a member of a group" and foreign[0] == 403), foreign
    assert counts() == before
