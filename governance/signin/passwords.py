"""Passwords through Django's hashers; slow on purpose, so never inside a transaction."""

from functools import cache

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator

from audit.refusals import Invalid
from governance.access.models import User
from governance.signin import rules
from governance.signin.rules import NewPassword


@cache
def common() -> frozenset[str]:
    """Return the 20,000 passwords that are tried first."""
    return frozenset(CommonPasswordValidator().passwords)


def fits(user: User, password: str) -> bool:
    """Return whether it is theirs, in the same time whether or not they have one."""
    if not user.has_usable_password():
        make_password(password)
        return False
    return check_password(password, user.password)


def changed(user: User, old: str, new: str) -> NewPassword:
    """Return the change from `old`, which the door checked, to `new`; refused when they are the same or it is weak."""
    if old == new:
        raise Invalid("access.password_same")
    return first(user, new, how="own")


def first(user: User, new: str, how: str = "link") -> NewPassword:
    """Return the setting of `new` in place of whatever they have; refused when it is weak."""
    rules.check_password(new, known=(user.name, user.email), common=common())
    return NewPassword(user.pk, user.password, make_password(new), how)
