"""Roles in words, wherever people read them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

ROLE_NAMES = {
    "viewer": gettext_lazy("viewer"),
    "contributor": gettext_lazy("contributor"),
    "owner": gettext_lazy("owner"),
    "approver": gettext_lazy("approver"),
    "compliance_officer": gettext_lazy("compliance officer"),
    "auditor": gettext_lazy("auditor"),
    "admin": gettext_lazy("administrator"),
    "ingest": gettext_lazy("ingest (machines)"),
    "register": gettext_lazy("register (machines)"),
    "request": gettext_lazy("request (machines)"),
    "deploy": gettext_lazy("deploy (machines)"),
}


def role_name(role: str) -> str | Promise:
    """Return what people call the role; REST and the log keep its code."""
    return ROLE_NAMES.get(role, role.replace("_", " "))
