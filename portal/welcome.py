"""The first people of a house, their passwords in a private file, and a link that signs one of them in once."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from audit.actor import OPERATOR_ID, Actor, operator
from audit.refusals import Invalid
from governance.access import selectors as access
from governance.access import services as accounts
from governance.access.models import Scope, User
from governance.access.rules import Gift, NewPerson
from governance.signin import passwords
from governance.signin import rules as signin_rules
from governance.signin import services as signin
from jobs import selectors as clock
from portal.datadir import write_private

ORGANISATION, TEAM = "org", "org/payments"
TOLD = "demo.told"
"""Marks a data directory in which the demo was played to its end; `up` makes it."""
LINK_MINUTES = int(signin_rules.LINK_LIFE.total_seconds() // 60)


@dataclass(frozen=True)
class First:
    """Somebody who is made at the first start: the part they play, and the role they hold where."""

    part: str
    name: str
    title: str
    role: str
    scope: str = ORGANISATION

    @property
    def email(self) -> str:
        """The address they sign in with."""
        return f"{self.name.partition(' ')[0].lower()}@example.org"


ADMIN = First("admin", "Adam", "administrator", "admin")
DEMO = (
    First("engineer", "Ann", "ML engineer of the payments team", "contributor", TEAM),
    First("officer_one", "Olga", "compliance officer", "compliance_officer"),
    First("officer_two", "Omar", "compliance officer", "compliance_officer"),
    First("auditor", "Vera", "auditor", "auditor"),
    ADMIN,
)


def write(*, demo: bool) -> None:
    """Make who is missing, and leave what the supervisor prints in `welcome.json`, which it removes.

    With `demo` also `demo.json`: what the demo needs to play all parts through the public interfaces.
    """
    data = Path(settings.DATA_DIR)
    cast = DEMO if demo else (ADMIN,)
    ours = demo or (data / "people.json").exists() or not access.administrators()
    people = make(cast, data / "people.json") if ours else {}
    active = {part: user for part, user in people.items() if user.is_active}
    words = _words(active, cast, data) if people else {}
    write_private(data / "welcome.json", json.dumps(words))
    if demo and not (data / TOLD).exists() and len(active) == len(cast):
        write_private(data / "demo.json", json.dumps(_parts(people, cast, data)))


def make(cast: tuple[First, ...], file: Path) -> dict[str, User]:
    """Make the people of `cast` who are missing, each with the password kept in `file`; by their part.

    The file is written first: killed at any point, the next start goes on with the same passwords. Whoever was made
    is never touched again: what an administrator took from them stays taken.
    """
    known: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
    for each in cast:
        fresh = {"name": each.name, "title": each.title, "password": secrets.token_urlsafe(12), "made": False}
        known.setdefault(each.email, fresh)
    _keep(file, known)
    people = {}
    for each in cast:
        found = User.objects.filter(email=each.email).first()
        made = found is not None and known[each.email]["made"]
        people[each.part] = found if found and made else _person(each, found, known[each.email]["password"])
        known[each.email]["made"] = True
        if not made:
            _keep(file, known)
    return people


def _keep(file: Path, known: dict[str, dict[str, Any]]) -> None:
    write_private(file, json.dumps(known, indent=2, ensure_ascii=False) + "\n")


def _person(wanted: First, user: User | None, password: str) -> User:
    now = clock.now()
    if user is None:
        user = accounts.add_person(actor=operator(), person=NewPerson(wanted.name, wanted.email), now=now)
    if not user.has_usable_password() or not user.password:
        themselves = Actor(user.pk, user.kind, "operator")
        signin.set_password(actor=themselves, change=passwords.first(user, password, "founding"), keep=None, now=now)
    gift = Gift(user.pk, wanted.role, _place(wanted.scope).pk, "made at the first start")
    if not access.holds_already(gift):
        accounts.give_grant(actor=operator(), gift=gift, now=now)
    return user


def _place(path: str) -> Scope:
    """The scope of that path; the demo's team is made when it is missing."""
    found = Scope.objects.filter(path=path).first()
    if found is not None:
        return found
    parent, _, name = path.rpartition("/")
    above = Scope.objects.get(path=parent)
    return accounts.create_scope(actor=operator(), parent_id=above.pk, kind="team", name=name, now=clock.now())


def _words(people: dict[str, User], cast: tuple[First, ...], data: Path) -> dict[str, Any]:
    """What the supervisor prints; without a link when nobody who could use it is active."""
    words: dict[str, Any] = {
        "file": str(data / "people.json"),
        "people": [asdict(each) | {"email": each.email} for each in cast if each.part in people],
    }
    wanted = "compliance_officer" if len(cast) > 1 else "admin"
    chosen = next((each for each in cast if each.role == wanted and each.part in people), None)
    if chosen is None:
        return words
    _, secret = signin.issue_signin_link(
        actor=operator(),
        person_id=people[chosen.part].pk,
        purpose="signin",
        host=signin_rules.link_host(settings.BASE_URL),
        now=clock.now(),
    )
    link = f"{settings.BASE_URL}/account/link/{secret}"
    return words | {"link": link, "minutes": LINK_MINUTES, "name": chosen.name, "role": chosen.title}


def _parts(people: dict[str, User], cast: tuple[First, ...], data: Path) -> dict[str, Any]:
    passwords_of = json.loads((data / "people.json").read_text())
    now = clock.now()
    parts = {}
    for each in cast:
        user = people[each.part]
        _, text = signin.create_token(actor=Actor(user.pk, user.kind, "operator"), name="demo", days=1, now=now)
        known = {"id": str(user.pk), "name": each.name, "email": each.email, "token": text}
        parts[each.part] = known | {"password": passwords_of[each.email]["password"]}
    return {
        "url": settings.BASE_URL,
        "registry": settings.MLFLOW_TRACKING_URI,
        "folder": str(data / "demo"),
        "scope": TEAM,
        "ingest": service_token("demo", ["ingest"], TEAM, 1)["token"],
        "people": parts,
    }


def service_token(name: str, roles: list[str], scope: str, days: int) -> dict[str, Any]:
    """Make a token of the operator's service account `name`, which holds `roles` over `scope` (empty: everything)."""
    place = Scope.objects.filter(path=scope or ORGANISATION).first()
    if place is None:
        raise Invalid("access.no_such_scope", path=scope)
    account = signin_rules.ServiceAccount(name, tuple(roles), place.pk, OPERATOR_ID)
    row, text = signin.create_service_token(actor=operator(), account=account, days=days, now=clock.now())
    return {"token": text, "id": str(row.pk), "expires_at": row.expires_at.isoformat()}
