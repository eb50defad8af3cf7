"""The session engine: rows that know whose they are, end when idle for 30 minutes, and after 12 hours in any case."""

import logging
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.exceptions import SuspiciousOperation
from django.utils import timezone

from governance.access.models import Session
from jobs.moment import Moment

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=12)
SEEN_AGAIN = timedelta(minutes=1)
ID, SINCE, AGENT = "_id", "_since", "_agent"

log = logging.getLogger("attestry.signin")


class SessionStore(DatabaseStore):
    """Django's database sessions on our own table."""

    def _validate_session_key(self, key: str | None) -> bool:
        """Return whether a cookie can be one of our keys at all, before the database is asked about it."""
        return key is not None and len(key) >= 8 and key.isascii() and key.isalnum()

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return the table."""
        return Session

    def get_session_cookie_age(self) -> int:
        """Return how many seconds a session may lie idle."""
        return int(IDLE.total_seconds())

    def _get_session_from_db(self) -> Session | None:
        alive = Session.objects.filter(expire_date__gt=Moment(), started_at__gt=Moment() - LONGEST)
        try:
            row = alive.filter(session_key=self.session_key).first()
        except SuspiciousOperation as error:
            log.warning("A session could not be read: %s", type(error).__name__)
            row = None
        if row is None:
            self._session_key = None
            return None
        ahead = timezone.now() + IDLE
        if row.expire_date < ahead - SEEN_AGAIN:
            Session.objects.filter(pk=row.pk).update(expire_date=ahead)
        return row

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        """Write the row; a new key is a new session with an id of its own."""
        if must_create:
            data: dict[str, Any] = cast("Any", self)._get_session(no_load=True)
            data[ID] = str(uuid4())
        super().save(must_create)

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row for `data`; what the row must not forget lies in the data, because every save writes all."""
        for key, value in ((ID, str(uuid4())), (SINCE, timezone.now().isoformat())):
            if key not in data:
                self[key] = data[key] = value
        row = cast("Session", super().create_model_instance(data))
        row.id = data[ID]
        row.started_at = datetime.fromisoformat(data[SINCE])
        row.user_id = data.get(SESSION_KEY)
        row.agent = data.get(AGENT, "")
        return row

    def begin(self, agent: str) -> None:
        """Start the clocks again for somebody who just signed in with the browser `agent`."""
        self[ID], self[SINCE] = str(uuid4()), timezone.now().isoformat()
        self[AGENT] = "".join(char for char in agent if char.isprintable())[:200]
