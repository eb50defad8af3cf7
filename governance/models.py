"""The index of the rooms' tables: one app, one migration history."""

from governance.access import models as access
from governance.policies import models as policies

__all__ = [
    "access",
    "policies",
]
