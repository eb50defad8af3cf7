"""The index of the rooms' tables: one app, one migration history."""

from governance.access import models as access
from governance.catalog import models as catalog
from governance.identities import models as identities
from governance.pii import models as pii
from governance.policies import models as policies
from governance.promotions import models as promotions
from governance.registries import models as registries
from governance.reports import models as reports

__all__ = [
    "access",
    "catalog",
    "identities",
    "pii",
    "policies",
    "promotions",
    "registries",
    "reports",
]
