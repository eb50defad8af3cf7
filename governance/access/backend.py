"""The answer to *may they?*, from grants, and how people sign in."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import BaseBackend

from governance.access import selectors
from governance.access.models import User


class GrantBackend(BaseBackend):
    """Answers Django's `has_perm` from grants; signs nobody in."""

    def get_user(self, user_id: Any) -> User | None:
        """Return the active user of that id, so that deactivating ends every session at once."""
        return User.objects.filter(pk=user_id, is_active=True).first()

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Return whether the user's grants allow `perm` on `obj`."""
        return isinstance(user_obj, User) and selectors.may(user_obj.pk, perm, obj)


class SigninBackend(AuthenticationBackend):  # type: ignore[misc]
    """Signs people in by e-mail and password; allows nothing."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        """Return false: only grants allow anything."""
        return False
