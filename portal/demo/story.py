"""The demo's story: version 1 goes to production under two signatures, version 2 waits for a decision.

A client of what anybody may use: the portal's REST interface, MLflow, OpenLineage over HTTP. Each step first looks
whether it was done, so the story goes on wherever it was cut off, and told once it stays told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from portal.demo import data
from portal.demo.client import Portal, Said, healthy, wait
from portal.demo.data import Month

API = "/api/v1"
MODEL = "fraud-detector"
TARGET = "production"
GONE = {"withdrawn", "rejected", "expired"}
BUSY = {"checking", "approved", "waiting", "applying"}
REASON = "The checks pass and the card is clear."
PURPOSE = {
    "1": "Score card payments for fraud before they are authorised.",
    "2": "Replace version 1: retrained on September, and it now sees how many payments came in the last hour.",
}
SLICES = {"recall_night": "payments before six in the morning", "recall_day": "payments by day"}
CARD = {
    "purpose": "Estimate, for each card payment, how likely it is fraudulent, so that people can review the riskiest.",
    "out_of_scope_use": "Deciding about a person: credit, employment, insurance. Blocking a payment without review.",
    "affected_people": "Card holders and shops in Brazil, Mexico and the United States.",
    "owners": "The payments team; on call around the clock.",
    "limits": "Trained on one month. Not tested on business cards. Drifts when shops change how they charge.",
    "oversight": "An analyst reviews every payment above the threshold and can release it at once.",
    "risk_tier": "high",
}


@dataclass(frozen=True)
class Officer:
    """A compliance officer: who they are, the portal as them, and the password they sign with."""

    id: str
    name: str
    portal: Portal
    password: str


@dataclass(frozen=True)
class Cast:
    """Who plays: the engineer and the officers, and where MLflow and the tables are."""

    engineer: Portal
    officers: tuple[Officer, ...]
    name: str
    author: str
    pipeline_token: str
    tracking_uri: str
    folder: Path


def play(cast: Cast, say: Callable[[str], None]) -> None:
    """Tell the story to its end; `say` hears a sentence per step."""
    if promotion_of(cast, "2") is not None:
        say("The story is told already: version 2 was asked for.")
        return
    months = data.months(cast.folder)
    for month in months:
        say(f"Payments of {month.name}: 20,000 rows, cleaned, and turned into features.")
        data.make(month)
        _tell_tables(cast, month, say)
    scans = {month: _ask_scans(cast, month, say) for month in months}
    for label, month in zip(("1", "2"), months, strict=True):
        _train(cast, month, say)
        version = wait(partial(_sealed, cast, label), f"version {label} of {MODEL} in the catalogue")
        _fill_card(cast, version)
        for scan in scans[month]:
            wait(partial(_scanned, cast, scan), "a scan")
        promotion = promotion_of(cast, label) or _ask(cast, label, say)
        promotion = _settled(cast, promotion["key"])
        if label == "1":
            _decide(cast, promotion, say)
    say("Version 2 is in review. Sign in as a compliance officer and decide.")


def promotion_of(cast: Cast, label: str) -> dict[str, Any] | None:
    """The newest request for that version in production that was not given up, or nothing."""
    for row in cast.engineer.rows(f"{API}/promotions"):
        asked = (row["model"], row["version"], row["environment"]) == (MODEL, label, TARGET)
        if asked and row["state"] not in GONE:
            return row
    return None


def _tell_tables(cast: Cast, month: Month, say: Callable[[str], None]) -> None:
    """Tell where the tables of `month` come from."""
    from portal.demo import emit

    sent = emit.tell(emit.tables(month), cast.engineer.url, cast.pipeline_token)
    say(f"{sent} lineage events say where the tables of {month.name} come from.")


def _ask_scans(cast: Cast, month: Month, say: Callable[[str], None]) -> list[str]:
    """Ask for a scan of each table of `month`, what the model reads first; returns the scans' ids."""
    found = []
    for path in (month.features, month.cleaned, month.raw):
        dataset = wait(partial(_found, cast, "datasets", str(path)), f"{path.name} in the catalogue")
        asked = cast.engineer.post(f"{API}/datasets/{dataset['id']}/scans", {}, once=f"demo-scan-{dataset['id']}")
        found.append(asked["id"])
    say(f"Three scans look for personal data in the tables of {month.name}.")
    return found


def _found(cast: Cast, kind: str, name: str) -> dict[str, Any] | None:
    """The asset of that name, once the portal has found it by itself; taken on by the engineer."""
    asset = next(iter(cast.engineer.get(f"{API}/{kind}", name=name)["results"]), None)
    if asset and not asset["adopted"]:
        return dict(cast.engineer.post(f"{API}/assets/{asset['id']}/adopt", {"revision": asset["revision"]}))
    return asset


def _scanned(cast: Cast, scan: str) -> bool:
    return bool(cast.engineer.get(f"{API}/scans/{scan}")["state"] in {"done", "failed"})


def _train(cast: Cast, month: Month, say: Callable[[str], None]) -> None:
    """Train on `month` unless MLflow has that version, and tell the lineage of it."""
    from portal.demo import emit
    from portal.demo.train import train

    wait(partial(healthy, cast.tracking_uri), "MLflow to start")
    trained = train(month, cast.tracking_uri, cast.author)
    emit.tell(emit.training(month, trained, cast.tracking_uri), cast.engineer.url, cast.pipeline_token)
    say(f"{MODEL} {trained.version} learned from {month.name} and is registered in MLflow.")


def _sealed(cast: Cast, label: str) -> dict[str, Any] | None:
    """The version once the portal has found it by itself and computed the digest of its files."""
    model = _found(cast, "models", MODEL)
    if model is None:
        return None
    found = cast.engineer.get(f"{API}/models/{model['id']}/versions", version=label)["results"]
    return next((row for row in found if row["manifest_digest"]), None)


def _fill_card(cast: Cast, version: dict[str, Any]) -> None:
    """Write the model's card unless somebody has, with what the training run measured on its slices."""
    path = f"{API}/models/{version['model']}/card"
    card = cast.engineer.get(path)
    if not card["revision"]:
        measured = [
            {"slice": words, "metric": "recall", "value": version["metrics"][name]} for name, words in SLICES.items()
        ]
        cast.engineer.put(path, {"fields": CARD | {"metrics_by_slice": measured}, "revision": card["revision"]})


def _ask(cast: Cast, label: str, say: Callable[[str], None]) -> dict[str, Any]:
    body = {"model": MODEL, "version": label, "environment": TARGET, "purpose": PURPOSE[label]}
    asked: dict[str, Any] = cast.engineer.post(f"{API}/promotions", body, once=f"demo-promotion-{label}")
    say(f"{asked['key']}: {cast.name} asks for {MODEL} {label} in {TARGET}.")
    return asked


def _settled(cast: Cast, key: str) -> dict[str, Any]:
    """The request once nothing is being worked on."""

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = cast.engineer.get(f"{API}/promotions/{key}")
        return None if found["state"] in BUSY else found

    found: dict[str, Any] = wait(look, f"{key} to settle")
    return found


def _decide(cast: Cast, promotion: dict[str, Any], say: Callable[[str], None]) -> None:
    """Both officers approve with their passwords; what is decided stays, and applying is waited for."""
    for officer in cast.officers:
        now = cast.engineer.get(f"{API}/promotions/{promotion['key']}")
        done = any(each["person"]["id"] == officer.id and each["counts"] for each in now["decisions"])
        if now["state"] != "in_review" or done:
            continue
        _approve(officer, promotion["key"])
        say(f"{promotion['key']}: {officer.name} approves, with a signature over the evidence.")
    settled = _settled(cast, promotion["key"])
    say(f"{promotion['key']} is {settled['state'].replace('_', ' ')}.")


def _approve(officer: Officer, key: str) -> None:
    """Sign and decide; when the evidence moved in between, look again."""
    path = f"{API}/promotions/{key}"
    for turn in range(5):
        wanted = {"password": officer.password, "verdict": "approve"}
        signed = officer.portal.post(f"{path}/signatures", wanted)
        ballot = {"verdict": "approve", "grant": signed["grant"], "revision": signed["revision"], "reason": REASON}
        try:
            officer.portal.post(f"{path}/decisions", ballot)
        except Said as refused:
            if refused.status != 409 or turn == 4:
                raise
        else:
            return
