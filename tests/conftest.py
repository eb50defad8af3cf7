"""People with a story, places, and guards for every test.

Ann is an ML engineer of the payments team and asks. Olga and Omar are compliance officers. Vera audits. Adam
administers. Eve is signed in and was granted nothing.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as properties

_DATABASE = {"db", "transactional_db", "django_db_setup"}
PASSWORD = "correct horse battery staple"
# how busy the machine is says nothing about a property
properties.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
properties.load_profile("house")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only means something on another database than this run's, and if asked what needs none."""
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[connection.vendor]
    out = {item for item in items if item.get_closest_marker(other)}
    if config.getoption("--only-with-database"):
        out |= {
            item for item in items if not (_DATABASE & set(item.fixturenames) or item.get_closest_marker("django_db"))
        }
    if out:
        config.hook.pytest_deselected(items=[item for item in items if item in out])
        items[:] = [item for item in items if item not in out]


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    """Refuse every socket that leaves this machine, with a sentence."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            if host != "localhost" and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
                raise AssertionError(f"A test tried to reach {host}; tests stay on this machine.")
        connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


@pytest.fixture(autouse=True, scope="session")
def _emptied_between_tests() -> Iterator[None]:
    """Let the tests' own clean-up empty the append-only tables; within a test their guards always stand.

    Django would empty every table and make its permissions again; most of a hundred tables never had a row.
    """
    from django.test import TransactionTestCase

    empty = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda self: _empty()
    yield
    TransactionTestCase._fixture_teardown = empty


def _empty() -> None:
    """Delete the rows of the tables that have any, keeping what migrations put in Django's own."""
    from audit import authorizer, triggers
    from governance.policies import triggers as written_once
    from lineage.together import door

    door.connection.close()
    kept = {"django_migrations", "django_content_type", "auth_permission"}
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.django_table_names(only_existing=True) if name not in kept]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables))
        filled = [name for (name,) in cursor.fetchall()]
    if not filled:
        return
    with connection.constraint_checks_disabled(), transaction.atomic():
        triggers.lift(connection)
        written_once.lift(connection)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL session_replication_role = replica")
            for name in filled:
                cursor.execute(f"DELETE FROM {name}")
        triggers.set_guards(connection)
        authorizer.watch(connection=connection)
        written_once.seal(connection)


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    """Give the connection its authorizer back, which a test that tampers with the log took off."""
    yield
    if connection.connection is not None:
        from audit import authorizer

        authorizer.watch(connection=connection)


@pytest.fixture(autouse=True)
def _fast_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def now(db: None) -> datetime:
    """The database's present moment."""
    from jobs import selectors

    return selectors.now()


@pytest.fixture
def founded(db: None) -> Any:
    """A founded house: the organisation's scope."""
    from governance.access import selectors
    from jobs import selectors as clock
    from portal.founding import found

    found(clock.now())
    return selectors.root()


@dataclass
class Person:
    """Somebody with an account: `.user`, `.actor` as in a session, `.client` signed in, `.api` with a token."""

    user: Any
    token: str = field(repr=False, default="")

    @property
    def actor(self) -> Any:
        from audit.actor import Actor

        return Actor(self.user.pk, self.user.kind, "session")

    @property
    def id(self) -> UUID:
        return self.user.pk

    @property
    def client(self) -> Client:
        client = Client()
        client.force_login(self.user, backend="governance.access.backend.GrantBackend")
        return client

    @property
    def api(self) -> Client:
        return Client(headers={"authorization": f"Bearer {self.token}"})


@pytest.fixture
def person(founded: Any, now: datetime) -> Callable[..., Person]:
    """Make somebody: `person("Ann", "contributor", scope)`; a role may be a list or empty."""
    from audit.actor import OPERATOR_ID
    from governance.access import records
    from governance.access.models import Token, User
    from governance.signin.rules import RANDOM_BYTES, mint

    def make(
        name: str, roles: str | list[str] = "", scope: Any = None, kind: str = "person", owner: Any = None
    ) -> Person:
        user = User(email=f"{name.lower()}@example.org", name=name, kind=kind, owner=owner)
        user.set_password(PASSWORD)
        user.save()
        for role in [roles] if isinstance(roles, str) and roles else roles:
            records.grant(user.pk, role, scope or founded, OPERATOR_ID, now)
        minted = mint(user.pk.bytes + bytes(RANDOM_BYTES - 16))
        Token.objects.create(
            user=user,
            name="test",
            prefix=minted.prefix,
            digest=minted.digest,
            expires_at=now + timedelta(days=1),
            last_used_at=now,
        )
        return Person(user, minted.text)

    return make


@pytest.fixture
def payments(founded: Any) -> Any:
    """The payments team's scope, below the organisation."""
    from governance.access import records

    return records.place(founded, "team", "payments")


@pytest.fixture
def people(person: Callable[..., Person], payments: Any) -> Any:
    """Ann, Olga, Omar, Vera, Adam and Eve."""
    return SimpleNamespace(
        ann=person("Ann", "contributor", payments),
        olga=person("Olga", "compliance_officer"),
        omar=person("Omar", "compliance_officer"),
        vera=person("Vera", "auditor"),
        adam=person("Adam", "admin"),
        eve=person("Eve"),
    )


@pytest.fixture
def run_jobs() -> Callable[[], int]:
    """Do the jobs that are due, and those they owe, in this process; returns how many."""
    from jobs import tasks
    from portal.celery import app

    app.loader.import_default_modules()

    def run(rounds: int = 20) -> int:
        done = 0
        for _ in range(rounds):
            did = tasks.run_due()
            done += did
            if not did:
                break
        return done

    return run


@pytest.fixture
def on_sqlite() -> bool:
    """Whether this run's database is SQLite."""
    return connection.vendor == "sqlite"
