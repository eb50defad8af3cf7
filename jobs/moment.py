"""The database's present moment within a statement."""

from typing import Any

from django.db.models.functions import Now


class Moment(Now):
    """`Now`, written on SQLite digit for digit as Django writes a moment it is given.

    SQLite compares moments as text: beside `12:00:05` and `12:00:05.990000`, Django's own `12:00:05.000` and
    `12:00:05.990` are another moment, and what was due at once is not due in the millisecond it was owed.
    """

    def as_sqlite(self, compiler: Any, connection: Any, **extra_context: Any) -> Any:
        """Write six digits of a second, or none for a whole one."""
        moment = "STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW')"
        return self.as_sql(compiler, connection, template=f"REPLACE({moment} || '000', '.000000', '')", **extra_context)
