"""People, groups, scopes, grants and tokens."""

from importlib import import_module
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from jobs.moment import Moment


class Scope(models.Model):
    """A place in the tree: organisation, team (nestable), project. Every governed thing has exactly one."""

    class Kind(models.TextChoices):
        ORGANISATION = "organisation"
        TEAM = "team"
        PROJECT = "project"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=100)
    path = models.CharField(max_length=600, unique=True)
    frozen_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Moment())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(parent=None), name="one_organisation"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def scope_id(self) -> Any:
        """A scope is governed where it stands."""
        return self.pk


class ScopeClosure(models.Model):
    """Every scope with each of its ancestors, itself included, so that a grant's reach is one join."""

    ancestor = models.ForeignKey(Scope, on_delete=models.CASCADE, related_name="below")
    descendant = models.ForeignKey(Scope, on_delete=models.CASCADE, related_name="above")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ancestor", "descendant"], name="closure_once")]
        indexes = [models.Index(fields=["descendant", "ancestor"], name="closure_up")]

    def __str__(self) -> str:
        return f"{self.ancestor_id} > {self.descendant_id}"


class People(BaseUserManager["User"]):
    """Finds people by the address they sign in with, however it is capitalised."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person of that e-mail address."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A principal: a person, a service account with an owner, or Attestry itself."""

    class Kind(models.TextChoices):
        PERSON = "person"
        SERVICE = "service"
        SYSTEM = "system"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PERSON)
    owner = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="accounts")
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True, default="")
    theme = models.CharField(max_length=10, blank=True, default="")
    date_joined = models.DateTimeField(db_default=Moment())

    objects = People()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [
            models.UniqueConstraint(models.functions.Lower("email"), name="email_once_however_capitalised"),
            models.CheckConstraint(
                condition=~models.Q(kind="service") | models.Q(owner__isnull=False) | models.Q(is_active=False),
                name="service_account_has_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return whether this principal may do `perm` to `obj` (`None`: to the whole organisation)."""
        return self.is_active and any(
            backend.has_perm(self, perm, obj) for backend in get_backends() if hasattr(backend, "has_perm")
        )

    def get_full_name(self) -> str:
        """Return the name to show."""
        return str(self)


class Group(models.Model):
    """People who are granted things together."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(User, related_name="groups_in", blank=True)
    created_at = models.DateTimeField(db_default=Moment())

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A role for a principal over a scope (and all below it) or one object; expiry is decided at decision time."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    principal_id = models.UUIDField()
    role = models.CharField(max_length=30)
    scope = models.ForeignKey(Scope, on_delete=models.PROTECT, related_name="grants")
    object_id = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True, default="")
    granted_by = models.UUIDField()
    not_before = models.DateTimeField(db_default=Moment())
    expires_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=20, default="direct")
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Moment())

    class Meta:
        indexes = [models.Index(fields=["principal_id", "role"], name="grant_of")]

    def __str__(self) -> str:
        return f"{self.role} of {self.principal_id} over {self.scope_id}"


class Token(models.Model):
    """A bearer token of a person or a service account; only its SHA-256 is kept."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Moment())

    def __str__(self) -> str:
        return f"{self.prefix}…"


class SigninLink(models.Model):
    """A one-time sign-in link, bound to one address; only the SHA-256 of its secret is kept."""

    class Purpose(models.TextChoices):
        SIGNIN = "signin"
        RESET = "reset"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="signin_links")
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.SIGNIN)
    host = models.CharField(max_length=255, default="")
    digest = models.CharField(max_length=64, unique=True)
    issued_by = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Moment())

    def __str__(self) -> str:
        return f"link of {self.user_id}"


class Session(AbstractBaseSession):
    """A browser that is signed in, or about to be: whose, and since when; to end it is one statement."""

    id = models.UUIDField(default=uuid4, editable=False, unique=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    agent = models.CharField(max_length=200, blank=True, default="")
    started_at = models.DateTimeField(db_default=Moment())

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> Any:
        """Return the engine that reads these rows."""
        return import_module(settings.SESSION_ENGINE).SessionStore


class Try(models.Model):
    """A password that was tried and has not proved right, by digests of the address and of where it came from."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    who = models.CharField(max_length=64)
    place = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["who", "at"], name="tries_of"),
            models.Index(fields=["place", "at"], name="tries_from"),
        ]

    def __str__(self) -> str:
        return f"try at {self.at}"
