"""What web workers serve: the application, in a process that leaves the tables of lineage to a worker."""

# the first of these sets Django up
# isort: off
from portal.wsgi import application
from lineage import follow
from lineage.together import door
from portal import lifetimes

__all__ = ["application"]

door.after = follow.keep_pace
lifetimes.settled()
