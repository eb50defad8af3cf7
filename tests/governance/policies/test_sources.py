"""What MLflow recorded of a run, held against what events told of it."""

import pytest

from governance.policies.sources import Named, compare

A, B = "a1b2c3d4", "ffffffff"
SHA = "sha256:" + "1" * 64


def sides(recorded, told):
    found = compare([Named(*each) for each in recorded], [Named(*each) for each in told])
    return [[each.name for each in getattr(found, side)] for side in ("missing", "differs", "unplaced")]


@pytest.mark.parametrize(
    ("recorded", "told", "expected"),
    [
        ([], [("file", "/a")], [[], [], []]),
        ([("file", "/a", A)], [("file", "/a", A)], [[], [], []]),
        ([("file", "/a", A)], [("file", "/a/", "")], [[], [], []]),
        ([("file", "/a", A)], [("file", "/a", SHA)], [[], [], []]),
        ([("s3://b", "k/x.csv", A)], [("s3a://b", "/k/x.csv", "")], [[], [], []]),
        ([("file", "/a", A)], [], [["/a"], [], []]),
        ([("file", "/a", A)], [("file", "/b", A)], [["/a"], [], []]),
        ([("file", "/a", A)], [("s3://b", "/a", A)], [["/a"], [], []]),
        ([("file", "/a", A)], [("file", "/a", B)], [[], ["/a"], []]),
        ([("file", "/a", A)], [("file", "/a", B), ("file", "/a", A)], [[], [], []]),
        ([("file", "/a", SHA)], [("file", "/a", "2" * 64)], [[], ["/a"], []]),
        ([("file", "/a", SHA)], [("file", "/a", "1" * 64)], [[], [], []]),
        ([("mlflow", "frame", A)], [("file", "/a", B)], [[], [], ["frame"]]),
        ([("mlflow", "frame", A)], [("file", "/a", A)], [[], [], []]),
        ([("mlflow", "frame", "")], [("file", "/a", "")], [[], [], ["frame"]]),
    ],
)
def test_two_accounts_are_compared_by_place_and_by_digests_of_one_kind(recorded, told, expected):
    assert sides(recorded, told) == expected
