import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.refusals import Conflict, Invalid, Malformed, NotSignedIn, Refused
from governance.registries import rules
from governance.registries.rules import Alias, FileDigest, Hint, Standing

A, B = "a" * 64, "b" * 64
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def signed(body: bytes = b"{}", secret: str = "s3cret", at: datetime = NOW, delivery: str = "d-123456789") -> Hint:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return Hint(delivery, stamp, "v1," + base64.b64encode(mac).decode(), body)


def test_the_manifest_digest_is_what_a_stranger_computes_by_hand() -> None:
    text = '[{"path":"MLmodel","sha256":"%s","size":3},{"path":"ñ/b.bin","sha256":"%s","size":0}]' % (A, B)  # noqa: UP031
    files = [FileDigest("ñ/b.bin", 0, B), FileDigest("MLmodel", 3, A)]
    assert rules.manifest_digest(files) == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


names = st.text(st.characters(codec="utf-8", exclude_characters="/\\", exclude_categories=["Cc", "Cs"]), min_size=1)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@given(st.lists(st.tuples(paths, st.integers(0, 2**60), st.sampled_from([A, B])), min_size=1, max_size=6), st.randoms())
def test_the_order_of_files_never_matters_and_their_content_always_does(listed, random) -> None:
    files = [FileDigest(*each) for each in listed]
    try:
        digest = rules.manifest_digest(files)
    except Refused:
        return
    shuffled = random.sample(files, len(files))
    assert rules.manifest_digest(shuffled) == digest
    one = shuffled[0]
    altered = [FileDigest(one.path, one.size + 1, one.sha256), *shuffled[1:]]
    assert rules.manifest_digest(altered) != digest


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/.", "a\\b", "C:/x", "a\nb", "a\x00", "x" * 1001]
)
def test_a_path_that_could_point_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.manifest_digest([FileDigest(path, 1, A)])
    assert refusal.value.code == "registries.unsafe_path"


@pytest.mark.parametrize(("one", "two"), [("a", "a"), ("A", "a"), ("a", "a/b"), ("Dir/x", "dir"), ("a", "a/b/c")])
def test_two_files_in_one_place_are_refused(one: str, two: str) -> None:
    with pytest.raises(Invalid) as refusal:
        rules.manifest_digest([FileDigest(one, 1, A), FileDigest(two, 1, B)])
    assert refusal.value.code == "registries.duplicate_path"


@pytest.mark.parametrize(
    "files", [[], [FileDigest("a", -1, A)], [FileDigest("a", 1, A.upper())], [FileDigest("a", 1, "a")]]
)
def test_an_empty_or_broken_manifest_is_refused(files: list[FileDigest]) -> None:
    with pytest.raises(Invalid):
        rules.manifest_digest(files)


@pytest.mark.parametrize(
    ("uri", "clean", "namespace"),
    [
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000", "mlflow://127.0.0.1:5000"),
        ("https://ML.example:443/base/", "https://ml.example/base", "mlflow://ml.example"),
        ("http://[::1]:5000", "http://[::1]:5000", "mlflow://[::1]:5000"),
    ],
)
def test_an_address_is_written_in_one_way(uri: str, clean: str, namespace: str) -> None:
    assert (rules.clean_uri(uri), rules.namespace_of(uri)) == (clean, namespace)


@pytest.mark.parametrize("uri", ["", "file:///x", "sqlite:///x", "http://", "http://h:99999", "http://h/?q", "ftp://h"])
def test_what_is_no_registry_address_is_refused(uri: str) -> None:
    with pytest.raises(Invalid, match="bad_address"):
        rules.clean_uri(uri)


def test_a_password_never_hides_in_an_address() -> None:
    with pytest.raises(Invalid, match="password_in_address"):
        rules.clean_uri("http://u:p@h")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.931, "0.931"), (1.0, "1"), (-3.0, "-3"), (7, "7"), ("NaN", "NaN"), (1e-07, "1e-07"), (float("inf"), "inf")],
)
def test_a_metric_keeps_exactly_the_digits_it_printed_with(value: object, text: str) -> None:
    assert rules.number(value) == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{"uri": "/data/x.parquet"}', ("file", "/data/x.parquet")),
        ('{"uri": "file:///data/x"}', ("file", "/data/x")),
        ('{"uri": "s3://bucket/a/b"}', ("s3://bucket", "a/b")),
        ('{"url": "https://h/x.csv"}', ("https://h", "x.csv")),
        ("not json", ("mlflow", "features")),
        ("[1]", ("mlflow", "features")),
        ('{"uri": "https://u:p@h/x"}', ("mlflow", "features")),
    ],
)
def test_a_training_dataset_gets_the_name_lineage_knows(source: str, expected: tuple[str, str]) -> None:
    found = rules.input_of("features", "d0", source)
    assert (found["namespace"], found["name"]) == expected


def test_a_signature_is_read_and_nonsense_is_left_out() -> None:
    columns = [{"name": "a", "type": "double"}]
    mlmodel = {"signature": {"inputs": json.dumps(columns), "outputs": "not json", "params": None}}
    assert rules.signature_of(mlmodel) == {"inputs": columns}
    assert rules.signature_of("text") == rules.signature_of({"signature": 3}) == {}


def test_a_hint_signed_with_our_secret_is_taken() -> None:
    rules.check_hint(signed(), "s3cret", NOW)


@pytest.mark.parametrize("wrong", [signed(secret="other"), Hint("d-123456789", "1", "v1,", b"{}")])
def test_a_hint_signed_by_somebody_else_is_refused(wrong: Hint) -> None:
    with pytest.raises(NotSignedIn):
        rules.check_hint(wrong, "s3cret", NOW)


def test_no_secret_means_no_hint() -> None:
    with pytest.raises(NotSignedIn):
        rules.check_hint(signed(secret=""), "", NOW)


def test_an_old_or_early_hint_is_refused() -> None:
    for hour in (11, 13):
        with pytest.raises(Conflict):
            rules.check_hint(signed(at=NOW.replace(hour=hour)), "s3cret", NOW)


@pytest.mark.parametrize("field", [{"delivery_id": ""}, {"timestamp": "soon"}, {"timestamp": "-1"}])
def test_a_hint_without_its_headers_is_malformed(field: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        rules.check_hint(Hint(**{**vars(signed()), **field}), "s3cret", NOW)


looks = st.dictionaries(st.tuples(st.sampled_from("mn"), st.sampled_from("ab")), st.sampled_from("123"), max_size=4)


@given(looks, looks)
def test_applying_the_moves_to_the_first_look_gives_the_second(before, after) -> None:
    first, second = ([Alias(*key, label) for key, label in look.items()] for look in (before, after))
    told = dict(before)
    for move in rules.alias_moves(first, second):
        told[move.model, move.alias] = move.label
    assert {key: label for key, label in told.items() if label} == after
    assert rules.alias_moves(second, second) == []


T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seen", "after", "suspected", "step"),
    [
        ("2", 10, None, "fine"),
        ("2", 10, (5, "1"), "resolved"),
        ("1", 10, None, "suspect"),
        ("1", 10, (5, "1"), "confirm"),
        ("1", 9, (5, "1"), "wait"),
        ("3", 10, (5, "1"), "suspect"),
        ("", 10, (1, ""), "confirm"),
        ("1", 0, None, "wait"),
        ("1", -1, (-20, "1"), "wait"),
    ],
)
def test_a_difference_counts_when_a_second_look_finds_it_again(seen, after, suspected, step) -> None:
    at = lambda seconds: T0 + timedelta(seconds=seconds)  # noqa: E731
    open_since = (at(suspected[0]), suspected[1]) if suspected else None
    assert rules.drift_step(Standing("2", T0, seen, at(after), open_since)) == step


def test_commit_authors_are_named_one_a_line_or_between_semicolons_each_once():
    named = "Ada <ada@example.org>\n Bo ;Ada <ada@example.org>\n\n"
    assert rules.authors_of(named) == ["Ada <ada@example.org>", "Bo"]
    assert rules.authors_of("") == []
