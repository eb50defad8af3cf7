"""A dataset with a file, of the payments team, and ways to have it scanned."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from governance.pii.freshness import current_ruleset

HEADER = "id,customer_email,amount\n"


@pytest.fixture
def table(tmp_path: Path, settings: Any) -> Path:
    """A small table with addresses, in a folder scans may read."""
    settings.SCAN_ROOTS = [tmp_path]
    path = tmp_path / "payments.csv"
    path.write_text(HEADER + "".join(f"{at},person{at}@example.org,{at}.50\n" for at in range(1, 41)))
    return path


@pytest.fixture
def dataset_of(payments: Any, now: datetime) -> Callable[[str], Any]:
    """Make a dataset of lineage and its asset: `dataset_of("/path")`; returns the asset."""
    from governance.catalog.models import Asset
    from governance.catalog.selectors import asset_key
    from lineage.models import Dataset
    from lineage.naming import key

    def make(name: str, namespace: str = "file") -> Any:
        row = Dataset.objects.create(
            key=key("dataset", namespace, name), namespace=namespace, name=name, scope_id=payments.pk,
            first_seen=now, last_seen=now,
        )  # fmt: skip
        return Asset.objects.create(
            kind="dataset", key=asset_key("dataset", namespace, name), namespace=namespace, name=name, scope=payments,
            lineage_dataset_id=row.pk,
        )  # fmt: skip

    return make


@pytest.fixture
def asset(table: Path, dataset_of: Callable[[str], Any]) -> Any:
    """The dataset of that table."""
    return dataset_of(str(table))


@pytest.fixture
def scanned(asset: Any, people: SimpleNamespace, now: datetime) -> Any:
    """The dataset's scan, concluded with one finding of addresses, without a child process."""
    from audit.actor import system
    from governance.pii import services
    from governance.pii.sandbox import Answer

    scan = services.request_scan(actor=people.ann.actor, asset_id=asset.pk, now=now)
    return services.conclude_scan(actor=system(), scan_id=scan.pk, answer=Answer(result()), now=now)


def result(*entities: str, verdict: str = "findings", gaps: dict[str, int] | None = None) -> dict[str, Any]:
    """What a child process tells of a table with these entities in `customer_email`, one e-mail column by default."""
    found = [
        {"type": entity, "share": 1.0, "low": 1.0, "high": 1.0, "hits": 40, "shape": "aaaaaa99@aaaaaa.aaa",
         "because": ["pattern"], "passed": 0, "tried": 0, "base": 0.0, "luck": 1.0}
        for entity in (entities or (("EMAIL_ADDRESS",) if verdict != "clean_full" else ()))
    ]  # fmt: skip
    plain = {"filled": 40, "distinct": 40, "examined": 40, "bound": 0.0, "why": []}
    columns = [
        {**plain, "path": "id", "verdict": "clean_full", "found": []},
        {**plain, "path": "customer_email", "verdict": "findings" if found else "clean_full", "found": found},
    ]
    return {
        "verdict": verdict, "ruleset": current_ruleset(), "rows": 40, "digest": "sha256:" + "1" * 64,
        "gaps": gaps or {}, "columns": columns,
    }  # fmt: skip
