"""The index of the rooms' tables: one app, one migration history."""

from governance.access import models
from governance.access.models import Grant, Group, Scope, ScopeClosure, Session, SigninLink, Token, Try, User
from governance.catalog.models import Asset, Card, DigestSeen, Owner, Version
from governance.policies import models
from governance.registries.models import AliasExpected, AliasSeen, Drift, HookDelivery, Registry

__all__ = [
    "AliasExpected",
    "AliasSeen",
    "Asset",
    "Card",
    "DigestSeen",
    "Drift",
    "Grant",
    "Group",
    "HookDelivery",
    "Owner",
    "Registry",
    "Scope",
    "ScopeClosure",
    "Session",
    "SigninLink",
    "Token",
    "Try",
    "User",
    "Version",
    "models",
]
