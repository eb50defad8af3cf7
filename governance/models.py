"""The index of the rooms' tables: one app, one migration history."""

from governance.access.models import Grant, Group, Scope, ScopeClosure, Session, SigninLink, Token, Try, User

__all__ = ["Grant", "Group", "Scope", "ScopeClosure", "Session", "SigninLink", "Token", "Try", "User"]
