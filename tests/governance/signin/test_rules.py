"""Tokens, sign-in links and passwords, as pure rules."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusals import Invalid, NotSignedIn
from governance.signin.rules import (
    DIGITS,
    LINK_LIFE,
    Link,
    check_password,
    digest_of,
    link_host,
    mint,
    read_token,
    redeem,
    token_expiry,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FRESH = Link("d", "127.0.0.1:8000", NOW + LINK_LIFE, None)


@given(st.binary(min_size=38, max_size=38))
def test_a_minted_token_reads_back_as_itself(random):
    minted = mint(random)
    assert read_token(minted.text) == minted
    assert minted.digest == digest_of(minted.text)
    assert minted.prefix in minted.text


@given(st.binary(min_size=38, max_size=38), st.integers(0, 61), st.sampled_from(DIGITS))
def test_one_mistyped_character_is_noticed_without_the_database(random, at, char):
    text = mint(random).text
    spoiled = text[:at] + char + text[at + 1 :]
    if spoiled != text:
        with pytest.raises(NotSignedIn):
            read_token(spoiled)


@given(st.text(max_size=80))
def test_nonsense_is_refused_and_never_an_error(text):
    with pytest.raises(NotSignedIn):
        read_token(text)


@given(st.binary(min_size=38, max_size=38), st.binary(min_size=38, max_size=38))
def test_different_randomness_gives_different_secrets(one, other):
    assert (mint(one).text == mint(other).text) == (one[6:] == other[6:] and mint(one).prefix == mint(other).prefix)


def test_a_token_needs_all_its_randomness():
    with pytest.raises(ValueError, match="38"):
        mint(b"short")


@pytest.mark.parametrize("days", [0, -1, 366, 10_000])
def test_a_token_lives_between_a_day_and_a_year(days):
    with pytest.raises(Invalid) as refused:
        token_expiry(NOW, days)
    assert refused.value.code == "access.token_too_long"


def test_a_year_is_allowed():
    assert token_expiry(NOW, 365) == NOW + timedelta(days=365)


def test_a_fresh_link_opens_where_it_was_made():
    redeem(FRESH, host="127.0.0.1:8000", now=NOW)


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST:8000", "[::1]:8000"])
def test_loopback_names_are_the_same_place(host):
    redeem(FRESH, host=host, now=NOW)


@pytest.mark.parametrize("host", ["localhost:8001", "portal.example", "127.0.0.1", "10.0.0.1:8000", ""])
def test_a_link_does_not_open_elsewhere(host):
    with pytest.raises(Invalid) as refused:
        redeem(FRESH, host=host, now=NOW)
    assert refused.value.code == "access.link_elsewhere"


def test_a_link_opens_once_and_for_ten_minutes():
    with pytest.raises(Invalid):
        redeem(FRESH, host=FRESH.host, now=NOW + LINK_LIFE)
    with pytest.raises(Invalid):
        redeem(Link("d", FRESH.host, FRESH.expires_at, NOW), host=FRESH.host, now=NOW)


def test_a_link_is_bound_to_host_and_port_of_the_base_url():
    assert link_host("https://Portal.Example:8443/x") == "portal.example:8443"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("elevenchars", "access.password_short"),
        ("x" * 129, "access.password_long"),
        ("aaaaaaaaaaaaa", "access.password_common"),
        ("Correct-Horse", "access.password_common"),
        ("i-am-Ana-Lima-22", "access.password_known"),
        ("acmebank-rocks", "access.password_known"),
    ],
)
def test_weak_passwords_are_refused_with_their_reason(password, code):
    with pytest.raises(Invalid) as refused:
        check_password(password, known=("Ana Lima", "ana@acmebank.example"), common=frozenset({"correct-horse"}))
    assert refused.value.code == code


@pytest.mark.parametrize(
    "password", ["four words of poetry", "Tr0ub4dor&3xyz", "чудесный пароль", "        trailing x"]
)
def test_long_passwords_of_any_characters_are_welcome(password):
    check_password(password, known=("Ana Lima", "ana@acmebank.example"), common=frozenset())
