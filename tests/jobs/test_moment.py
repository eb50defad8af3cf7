import pytest
from django.db import connection, transaction

from jobs import records, selectors
from jobs.models import Job
from jobs.moment import Moment

pytestmark = pytest.mark.django_db


def test_a_moment_the_database_wrote_is_found_again_by_what_was_read() -> None:
    with transaction.atomic():
        job = records.enqueue("test.note", "a")
    job.refresh_from_db()
    assert Job.objects.filter(run_after=job.run_after).exists()


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("second", "written"),
    [("12:00:05", "12:00:05"), ("12:00:05.000", "12:00:05"), ("12:00:05.990", "12:00:05.990000")],
)
def test_sqlite_writes_a_moment_as_django_does(second: str, written: str) -> None:
    sql, params = Moment().as_sqlite(Job.objects.all().query.get_compiler("default"), connection)
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + sql.replace("'NOW'", f"'2026-03-01 {second}'"), params)
        assert cursor.fetchone() == (f"2026-03-01 {written}",)


def test_what_is_owed_is_due_in_the_same_millisecond() -> None:
    with transaction.atomic():
        job = records.enqueue("test.note", "a")
    job.refresh_from_db()
    assert selectors.due(job.run_after, job.run_after, 1) == [job]
