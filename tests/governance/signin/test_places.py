from typing import Any

from django.test import RequestFactory

from governance.signin.allauth import place_of


def asked(forwarded: str) -> Any:
    return RequestFactory().get("/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="10.0.0.9")


def test_nobody_can_claim_another_place_without_a_proxy(settings: Any) -> None:
    settings.BEHIND_PROXY = False
    assert place_of(asked("1.1.1.1")) == place_of(asked("2.2.2.2"))


def test_behind_a_proxy_each_reader_is_counted_apart_by_its_last_word(settings: Any) -> None:
    settings.BEHIND_PROXY = True
    assert place_of(asked("9.9.9.9, 1.1.1.1")) == place_of(asked("8.8.8.8, 1.1.1.1"))
    assert place_of(asked("1.1.1.1")) != place_of(asked("2.2.2.2"))
