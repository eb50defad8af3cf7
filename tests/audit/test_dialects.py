"""Every action there is can be said in every dialect."""

import json
from typing import Any

import pytest

from audit import dialects
from audit.dialects import DIALECTS, Under, line

UNDER = Under("portal.example/audit", 12, "cm9vdA==")
OCSF_CLASSES = {3001, 3002, 3004, 3005, 6003}


def leaf(action: str = "promotion.decided", **changes: Any) -> dict[str, Any]:
    entry = {
        "v": 1,
        "id": "0d6e2f0c-4e57-4d0f-9d53-0c3f2a2b4a11",
        "at": "2026-11-20T09:30:00.123456Z",
        "action": action,
        "outcome": "success",
        "actor": {"id": "7f", "kind": "person", "via": "session", "on_behalf_of": None, "token": None},
        "scope": None,
        "subjects": ["promotion:1", "person:2"],
        "about": {"role": "viewer"},
        "private": {"reason": "hmac"},
    }
    return {"entry": entry | changes, "seq": 11, "subjects": [], "v": 1}


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_line_carries_the_number_the_checkpoint_and_the_whole_entry(dialect: str) -> None:
    body = json.dumps(leaf()).encode()
    text = line(dialect, body, UNDER)
    assert "\n" not in text
    for part in ('"size":12', '"root":"cm9vdA=="', "portal.example/audit", "promotion.decided"):
        assert part in text
    said = json.loads(text)
    number = {"attestry": ["seq"], "ocsf": ["metadata", "sequence"], "ecs": ["event", "sequence"]}[dialect]
    for step in number:
        said = said[step]
    assert said == 11


@pytest.mark.parametrize(
    "action", ["signin.failed", "grant.given", "person.added", "promotion.applied", "lineage.event_accepted", "new.one"]
)
@pytest.mark.parametrize("outcome", ["success", "failure", "denied", "error"])
def test_ocsf_has_what_every_event_and_its_class_ask_for(action: str, outcome: str) -> None:
    said = dialects.ocsf(leaf(action, outcome=outcome), UNDER)
    assert said["class_uid"] in OCSF_CLASSES
    assert said["category_uid"] == said["class_uid"] // 1000
    assert said["type_uid"] == said["class_uid"] * 100 + said["activity_id"]
    assert said["time"] == 1_763_631_000_123 + 365 * 86_400_000
    assert said["status_id"] == (1 if outcome == "success" else 2)
    assert said["metadata"]["product"]["vendor_name"] and said["metadata"]["version"] == "1.6.0"
    needed = {6003: {"api", "src_endpoint"}, 3004: {"entity"}}.get(said["class_uid"], {"user"})
    assert needed <= said.keys()


def test_a_failed_sign_in_is_a_failed_logon() -> None:
    said = dialects.ocsf(leaf("signin.failed", outcome="failure"), UNDER)
    assert (said["class_uid"], said["activity_id"], said["status"]) == (3002, 1, "Failure")
    assert dialects.ecs(leaf("signin.failed", outcome="failure"), UNDER)["event"]["category"] == ["authentication"]


def test_an_entry_about_nothing_can_still_be_said() -> None:
    for speak in DIALECTS.values():
        assert json.dumps(speak(leaf("thing.happened", subjects=[], about={}), UNDER))
