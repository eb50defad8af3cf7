"""One entry of the log in the words of those who collect logs: our own, OCSF, or ECS; one JSON object each.

OCSF is the Open Cybersecurity Schema Framework 1.6.0 (schema.ocsf.io), ECS the Elastic Common Schema 8.17. Whatever the
dialect, every object carries the entry's `seq` and the checkpoint it was sent under, so that whoever collects them can
later hold the log to what it said.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

OCSF, ECS = "1.6.0", "8.17.0"
_API, _ENTITY, _AUTHENTICATION, _ACCOUNT, _ACCESS = 6003, 3004, 3002, 3001, 3005
_CLASSES = {
    "signin": _AUTHENTICATION,
    "password": _ACCOUNT,
    "person": _ACCOUNT,
    "token": _ACCOUNT,
    "group": _ACCESS,
    "grant": _ACCESS,
    "lineage": _API,
    "audit": _API,
    "access": _API,
    "report": _API,
    "job": _API,
}
_ACTIVITIES = {
    _AUTHENTICATION: {"succeeded": 1, "failed": 1, "confirmed": 1, "ended": 2, "session_ended": 2, "sessions_ended": 2},
    _ACCOUNT: {"added": 1, "created": 1, "reactivated": 2, "changed": 3, "deactivated": 5, "revoked": 5},
    _ACCESS: {"given": 1, "withdrawn": 2, "members_set": 1},
    _API: {"event_accepted": 1, "made": 1, "exported": 2, "read": 2},
    _ENTITY: {"created": 1, "added": 1, "requested": 1, "discovered": 1, "edited": 3, "changed": 3, "withdrawn": 4},
}
_STATUS = {"success": (1, "Success"), "failure": (2, "Failure"), "denied": (2, "Failure"), "error": (2, "Failure")}
_SEVERITY = {"success": 1, "failure": 3, "denied": 3, "error": 4}
_USERS = {"person": 1, "service": 3, "system": 3, "anonymous": 0}
_OUTCOME = {"success": "success", "failure": "failure", "denied": "failure", "error": "failure"}
_CATEGORY = {
    _AUTHENTICATION: ["authentication"],
    _ACCOUNT: ["iam"],
    _ACCESS: ["iam"],
    _API: ["api"],
    _ENTITY: ["configuration"],
}


@dataclass(frozen=True)
class Under:
    """The checkpoint an entry is sent under: the log's origin, its size, and its root in base64."""

    origin: str
    size: int
    root: str


def plain(leaf: Mapping[str, Any], under: Under) -> dict[str, Any]:
    """The entry in the log's own words, with its number and the checkpoint."""
    return {"seq": leaf["seq"], "checkpoint": vars(under), **leaf["entry"]}


def ocsf(leaf: Mapping[str, Any], under: Under) -> dict[str, Any]:
    """The entry as an OCSF event: Authentication, Account Change, User Access Management, API Activity, or Entity."""
    entry, (noun, _, verb) = leaf["entry"], leaf["entry"]["action"].partition(".")
    kind = _CLASSES.get(noun, _ENTITY)
    activity = _ACTIVITIES[kind].get(verb, 99)
    status, status_word = _STATUS[entry["outcome"]]
    found = {
        "category_uid": kind // 1000,
        "class_uid": kind,
        "activity_id": activity,
        "type_uid": kind * 100 + activity,
        "time": _milliseconds(entry["at"]),
        "severity_id": _SEVERITY[entry["outcome"]],
        "status_id": status,
        "status": status_word,
        "status_detail": entry["outcome"],
        "message": entry["action"],
        "metadata": {
            "version": OCSF,
            "uid": f"{under.origin}#{leaf['seq']}",
            "sequence": leaf["seq"],
            "log_name": under.origin,
            "product": {"name": "Attestry", "vendor_name": "Attestry"},
        },
        "actor": {"user": _user(entry["actor"])},
        "unmapped": {"entry": entry, "checkpoint": vars(under)},
    }
    if activity == 99:
        found["activity_name"] = verb
    return found | _own_of_class(kind, entry)


def _own_of_class(kind: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a class asks for beyond every event's own fields."""
    if kind == _API:
        resources = [{"uid": each, "type": each.partition(":")[0]} for each in entry["subjects"]]
        return {"api": {"operation": entry["action"]}, "src_endpoint": {"name": "unknown"}, "resources": resources}
    if kind == _ENTITY:
        first = entry["subjects"][0] if entry["subjects"] else "none:none"
        return {"entity": {"uid": first, "type": first.partition(":")[0]}}
    people = [each for each in entry["subjects"] if each.startswith(("person:", "principal:"))]
    about = {"uid": people[0].partition(":")[2]} if people else _user(entry["actor"])
    return {"user": about, "privileges": [str(entry["about"]["role"])] if "role" in entry["about"] else []}


def ecs(leaf: Mapping[str, Any], under: Under) -> dict[str, Any]:
    """The entry as an ECS document."""
    entry = leaf["entry"]
    noun = entry["action"].partition(".")[0]
    return {
        "@timestamp": entry["at"],
        "ecs": {"version": ECS},
        "message": entry["action"],
        "event": {
            "kind": "event",
            "category": _CATEGORY[_CLASSES.get(noun, _ENTITY)],
            "type": ["denied"] if entry["outcome"] == "denied" else ["info"],
            "action": entry["action"],
            "outcome": _OUTCOME[entry["outcome"]],
            "id": entry["id"],
            "sequence": leaf["seq"],
            "dataset": "attestry.audit",
            "module": "attestry",
            "provider": under.origin,
        },
        "user": {"id": entry["actor"]["id"], "roles": [entry["actor"]["kind"]]},
        "related": {"user": [entry["actor"]["id"]]},
        "attestry": {"seq": leaf["seq"], "checkpoint": vars(under), "entry": entry},
    }


DIALECTS: Mapping[str, Callable[[Mapping[str, Any], Under], dict[str, Any]]] = {
    "attestry": plain,
    "ocsf": ocsf,
    "ecs": ecs,
}


def line(dialect: str, body: bytes, under: Under) -> str:
    """One line of JSON, without its newline, for the leaf with these bytes."""
    said = DIALECTS[dialect](json.loads(body), under)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _user(actor: Mapping[str, Any]) -> dict[str, Any]:
    return {"uid": actor["id"], "type_id": _USERS.get(actor["kind"], 99), "type": actor["kind"]}


def _milliseconds(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * 1000)
