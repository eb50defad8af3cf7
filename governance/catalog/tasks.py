"""Work the catalog owes."""

from audit.actor import system
from governance.catalog import services
from jobs.tasks import Work, errand


@errand("catalog.discover")
def discover(work: Work, dataset_pk: str) -> None:
    """Give a lineage dataset its place in the catalog; repeating it changes nothing."""
    services.discover(actor=system(), dataset_pk=int(dataset_pk), now=work.now())
