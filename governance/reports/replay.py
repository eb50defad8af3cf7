"""What was live where, and who approved it, told by the log's entries alone; and how the tables differ from that."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from governance.promotions.rules import PLACED

MOVED = "alias.moved"
ACTIONS = (
    "promotion.applied", "promotion.apply_failed", "promotion.applying", "promotion.compromised", "promotion.decided",
    "promotion.put_back", "promotion.put_back_asked", "promotion.put_back_failed", "promotion.putting_back",
    "promotion.reassessed", "promotion.requested", "promotion.resubmitted", "promotion.retried",
    "promotion.roll_back", "promotion.rolled_back", "promotion.superseded", "promotion.withdrawn", MOVED,
)  # fmt: skip
"""The entries that are read. `promotion.signed` is left out: a signature that was not used decides nothing."""
ENDED = ("superseded", "rolled_back")
STEPS = {"promotion.requested": "requested", "promotion.roll_back": "requested", "promotion.applied": "applied"}


class Line(NamedTuple):
    """One entry: its number in the log (none while it waits for one), the id it was offered under, and what it says."""

    seq: int | None
    entry: int
    said: Mapping[str, Any]


@dataclass(frozen=True)
class Decided:
    """What one person decided about one subject digest, and the entry that says so."""

    line: Line
    person: str
    verdict: str
    subject_digest: str
    reviewed: tuple[str, ...]


@dataclass
class Request:
    """A request as the log left it; `approvers` are those whose approvals counted when the alias was moved."""

    id: str
    key: str
    asset: str
    version: str
    environment: str
    state: str = ""
    subject_digest: str = ""
    policy_digest: str = ""
    manifest_digest: str = ""
    alias: str = ""
    label: str = ""
    applied_at: str = ""
    ended_at: str = ""
    approvers: tuple[str, ...] = ()
    decisions: list[Decided] = field(default_factory=list)
    steps: dict[str, Line] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        """Whether it decides where the alias stands."""
        return self.state in PLACED

    @property
    def approvals(self) -> list[Decided]:
        """The last approval of each approver, oldest first."""
        last = {each.person: each for each in self.decisions if each.verdict == "approve"}
        return sorted((last[each] for each in self.approvers if each in last), key=lambda each: each.line.entry)


@dataclass
class Past:
    """Everything that a sequence of entries tells: requests, where decisions put aliases, where those were seen.

    An alias that no decision governs may be named after a person, so its moves are told without its name.
    """

    requests: dict[str, Request] = field(default_factory=dict)
    expected: dict[tuple[str, str], Request] = field(default_factory=dict)
    seen: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def live(self) -> list[Request]:
        """What runs, in the order it was applied."""
        return sorted((each for each in self.requests.values() if each.live), key=lambda each: each.applied_at)


def fold(lines: Iterable[Line]) -> Past:
    """Return what the entries tell, read in the log's order; one that is not about a whole request tells nothing."""
    past = Past()
    for line in lines:
        subjects = dict(each.split(":", 1) for each in reversed(line.said["subjects"]))
        if line.said["action"] == MOVED:
            about = line.said["about"]
            model = next(pk for kind, pk in subjects.items() if kind != "registry")
            if "alias" in about:
                past.seen[model, about["alias"]] = about["to"]
        elif {"promotion", "asset", "model_version"} <= subjects.keys() and "key" in line.said["about"]:
            _tell(past, line, subjects)
    return past


def _tell(past: Past, line: Line, subjects: Mapping[str, str]) -> None:
    about, action, pk = line.said["about"], line.said["action"], subjects["promotion"]
    made = past.requests.get(pk)
    if made is None:
        version, asset = subjects["model_version"], subjects["asset"]
        made = past.requests[pk] = Request(pk, about["key"], asset, version, about["environment"])
    made.state, made.subject_digest = about["state"], about["subject_digest"]
    made.policy_digest = about.get("policy_digest", made.policy_digest)
    made.approvers = tuple(about.get("approvers", made.approvers))
    if action in STEPS:
        made.steps[STEPS[action]] = line
    if "verdict" in about:
        reviewed = tuple(about.get("reviewed", ()))
        said = Decided(line, line.said["actor"]["id"], about["verdict"], about["subject_digest"], reviewed)
        made.decisions.append(said)
    if action == "promotion.applied":
        made.applied_at, made.alias, made.label = line.said["at"], about["alias"], about["after"]
        made.manifest_digest = about["manifest_digest"]
        past.expected[made.asset, made.alias] = made
        past.seen[made.asset, made.alias] = made.label
    if made.state in ENDED:
        made.ended_at = made.ended_at or line.said["at"]


class Difference(NamedTuple):
    """One column of one row that is not what the log says; an empty column means the whole row."""

    table: str
    row: str
    column: str
    log: str
    found: str

    @property
    def words(self) -> str:
        """The difference as a line."""
        if not self.column:
            return f"{self.table} {self.row}: the log says {self.log}, the table says {self.found}"
        return f"{self.table} {self.row}, {self.column}: the log says {self.log!r}, the table says {self.found!r}"


Rows = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Tables:
    """What the tables say, by the same names and with the same words as `told`."""

    promotions: Rows
    decisions: Rows
    expected: Rows
    seen: Rows


def told(past: Past) -> Tables:
    """Return what the tables must hold when they agree with the log."""
    return Tables(
        promotions={each.id: _promotion(each) for each in past.requests.values()},
        decisions={
            str(said.line.entry): {
                "promotion": each.id,
                "person": said.person,
                "verdict": said.verdict,
                "subject_digest": said.subject_digest,
                "reviewed": ",".join(sorted(said.reviewed)),
            }
            for each in past.requests.values()
            for said in each.decisions
        },
        expected={place(*at): {"promotion": each.id, "version": each.version} for at, each in past.expected.items()},
        seen={place(*at): {"version_label": label} for at, label in past.seen.items()},
    )


def place(asset: str, alias: str) -> str:
    """Return the name of an alias of a model among rows."""
    return f"{asset} {alias}"


def _promotion(each: Request) -> dict[str, str]:
    found = {name: getattr(each, name) for name in ("key", "asset", "version", "environment", "state")}
    found |= {"subject_digest": each.subject_digest, "policy_digest": each.policy_digest}
    if each.applied_at:
        names = ("alias", "label", "applied_at", "manifest_digest", *(["ended_at"] if each.ended_at else []))
        found |= {name: getattr(each, name) for name in names}
    return found


def differences(log: Tables, found: Tables, pruned: Collection[str] = ()) -> list[Difference]:
    """Return every difference, by table and row; requests with a pruned entry cannot be compared and are left out."""
    decided = {pk for tables in (log, found) for pk, row in tables.decisions.items() if row["promotion"] in pruned}
    places = {at for tables in (log, found) for at, row in tables.expected.items() if row["promotion"] in pruned}
    return [
        *_between("governance_promotion", log.promotions, found.promotions, pruned),
        *_between("governance_decision", log.decisions, found.decisions, decided),
        *_between("governance_aliasexpected", log.expected, found.expected, places),
        *_between("governance_aliasseen", log.seen, {at: found.seen[at] for at in found.seen.keys() & log.seen}, ()),
    ]


def _between(table: str, log: Rows, found: Rows, skipped: Collection[str]) -> Iterator[Difference]:
    for row in sorted({*log, *found} - set(skipped)):
        said, has = log.get(row), found.get(row)
        if said is None or has is None:
            name = (has or said or {}).get("key", "")
            words = ("nothing", "it is there") if said is None else ("it is there", "nothing")
            yield Difference(table, f"{name} {row}".strip(), "", *words)
            continue
        name = f"{said.get('key', '')} {row}".strip()
        yield from (
            Difference(table, name, column, said[column], has.get(column, ""))
            for column in said
            if said[column] != has.get(column, "")
        )
