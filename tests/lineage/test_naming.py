"""When two spellings are one dataset."""

import pytest

from lineage import naming


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("duckdb", 'db."demo"."raw"'), ("duckdb", "db.demo.raw")),
        (("duckdb", '"db"."demo"."raw"'), ("duckdb", "db.demo.raw")),
        (("bigquery", "`p`.`d`.`t`"), ("bigquery", "p.d.t")),
        (("sqlserver://h", "[db].[dbo].[t]"), ("mssql://h:1433", "db.dbo.t")),
        (("postgres://DB.example:5432", "s.t"), ("postgres://db.example", "s.t")),
        (("s3://bucket/", "a/b/"), ("s3a://bucket", "a/b")),
        (("kafka://a:9092,b:9092", "t"), ("kafka://a,b", "t")),
    ],
)
def test_these_are_the_same(one, other):
    assert naming.key("dataset", *one) == naming.key("dataset", *other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("s3://Bucket", "a"), ("s3://bucket", "a")),
        (("postgres://h:5433", "a"), ("postgres://h", "a")),
        (("file", "/A"), ("file", "/a")),
        (("duckdb", '"a.b"."c"'), ("duckdb", '"a"."b.d"')),
        (("file", '/x/"a"'), ("file", "/x/a")),
    ],
)
def test_these_are_not(one, other):
    assert naming.key("dataset", *one) != naming.key("dataset", *other)


def test_the_key_of_a_very_long_name_is_short():
    assert len(naming.key("dataset", "n", "x" * 65_536)) == 64


def test_roots_keep_a_name():
    assert naming.plain_name("/") == "/"
    assert naming.plain_namespace("file://") == "file://"


def test_a_node_id_is_read_every_way_it_may_be_meant():
    assert ("kafka://h:9092", "topic") in naming.splits("kafka://h:9092:topic")
    assert ("pubsub", "topic:project:id") in naming.splits("pubsub:topic:project:id")
    assert naming.splits("nothing") == []


def test_models_are_known_by_their_name():
    assert naming.is_model("mlflow://host:5000", "models:/fraud")
    assert not naming.is_model("file", "models:/fraud")
