"""Threads use one connection in turn, and have their own again afterwards."""

import threading

import pytest
from django.db import Error, connection, transaction

from audit.shared import Shared


@pytest.fixture
def shared():
    found = Shared()
    yield found
    found.close()


def underneath():
    """What talks to the database for this thread: the very connection, opened if need be."""
    connection.ensure_connection()
    return connection.connection


def asked():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


def in_a_thread(work):
    """What `work` returned in a thread that leaves no connection behind."""
    found = []

    def run():
        try:
            found.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return found[0]


@pytest.mark.django_db(transaction=True)
def test_every_thread_finds_the_same_connection_and_then_its_own(shared):
    def look():
        own = underneath()
        with shared.here():
            inside = underneath()
            assert asked() == 1
        assert underneath() is own
        return own, inside

    own, inside = look()
    theirs, again = in_a_thread(look)
    assert inside is again
    assert len({id(own), id(theirs), id(inside)}) == 3


@pytest.mark.django_db(transaction=True)
def test_one_waits_until_the_other_is_done(shared):
    said, inside, go = [], threading.Event(), threading.Event()

    def first():
        with shared.here():
            inside.set()
            go.wait(10)
            said.append("first")

    def second():
        with shared.here():
            said.append("second")

    threads = [threading.Thread(target=each) for each in (first, second)]
    threads[0].start()
    inside.wait(10)
    threads[1].start()
    threads[1].join(0.1)
    assert said == []
    go.set()
    for each in threads:
        each.join(10)
    assert said == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_what_goes_wrong_inside_leaves_the_thread_its_own(shared):
    own = underneath()
    with pytest.raises(ValueError, match="wrong"), shared.here(), transaction.atomic():
        raise ValueError("wrong")
    assert underneath() is own
    with shared.here(), transaction.atomic():
        assert asked() == 1


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_its_connection_is_used_on(shared):
    with transaction.atomic():
        own = underneath()
        with shared.here():
            assert underneath() is own


@pytest.mark.django_db(transaction=True)
def test_whoever_uses_it_may_ask_for_it_again(shared):
    with shared.here():
        inside = underneath()
        with shared.here():
            assert underneath() is inside
        assert underneath() is inside


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_one_that_broke_is_opened_anew_after_whoever_found_out(shared, monkeypatch):
    monkeypatch.setattr("audit.shared.LATELY", 60.0)
    with shared.here():
        broken = underneath()
    broken.close()
    with pytest.raises(Error), shared.here():
        asked()
    with shared.here():
        assert asked() == 1
        assert underneath() is not broken


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_one_that_broke_while_nobody_used_it_is_opened_anew_unnoticed(shared, monkeypatch):
    with shared.here():
        broken = underneath()
    broken.close()
    monkeypatch.setattr("audit.shared.LATELY", 0.0)
    with shared.here():
        assert asked() == 1
        assert underneath() is not broken
