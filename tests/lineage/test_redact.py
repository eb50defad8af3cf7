"""Redaction: no secret and no personal-looking value survives, identities do."""

import json

import pytest

from lineage.redact import redact

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAK\n-----END RSA PRIVATE KEY-----"


def run(value):
    return redact(value)


def facet(value):
    return {"run": {"facets": {"custom": {"note": value}}}}


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("postgres://bob:hunter22@db:5432/x", "hunter22", "url_userinfo"),
        ("https://acct.blob.core.windows.net/c/f.csv?sv=2024&sig=AbC%2Fd", "AbC", "url_query"),
        ("jdbc:postgresql://h/db?user=sa&password=s3cr3t", "s3cr3t", "url_query"),
        ("jdbc:sqlserver://h:1433;databaseName=x;user=sa;password=s3cr3t;", "s3cr3t", "secret"),
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=Zm9vYmFy==;", "Zm9vYmFy", "secret"),
        ("aws_access_key_id AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE", "aws_key"),
        (f"Authorization: {JWT}", JWT, "jwt"),
        (f"key: {PEM} end", "MIIBOgIBAAJBAK", "private_key"),
        ("Bearer abcdefghijklmnop1234", "abcdefghijklmnop1234", "authorization"),
        ("token ghp_abcdefghijklmnopqrst1234", "ghp_abcdefghijklmnopqrst1234", "token"),
        ("mail anna.muster@example.org now", "anna.muster@example.org", "email"),
        ("call +55 11 91234-5678", "91234", "phone"),
        ("ssn 078-05-1120", "078-05-1120", "us_ssn"),
        ("cpf 529.982.247-25", "529.982.247-25", "br_cpf"),
        ("card 4111 1111 1111 1111", "4111 1111", "card"),
        ("iban DE89370400440532013000", "DE89370400440532013000", "iban"),
    ],
)
def test_shapes_are_taken_out_and_the_place_is_remembered(text, secret, kind):
    result = run(facet(text))
    assert secret not in json.dumps(result.value)
    assert {"at": "/run/facets/custom/note", "what": kind} in result.removed
    assert secret not in json.dumps(result.removed)


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "database.password",
        "api_key",
        "clientSecret",
        "AWS_SECRET_ACCESS_KEY",
        "access_token",
        "sasl.jaas.credential",
    ],
)
def test_a_secret_is_known_by_its_name(key):
    result = run({"job": {"facets": {"debezium": {"configs": {key: "postgres"}}}}})
    assert "postgres" not in json.dumps(result.value)
    assert result.removed == [{"at": f"/job/facets/debezium/configs/{key}", "what": "secret"}]


def test_a_pointer_escapes_what_a_pointer_must():
    result = run({"facets": {"a/b~c": {"password": "x"}}})
    assert result.removed[0]["at"] == "/facets/a~1b~0c/password"


def test_columns_that_are_named_like_secrets_keep_their_lineage():
    fields = {"password": {"inputFields": [{"namespace": "file", "name": "/a", "field": "token"}]}}
    event = {
        "outputs": [{"facets": {"columnLineage": {"fields": fields}, "schema": {"fields": [{"name": "password"}]}}}]
    }
    assert run(event).value == event


@pytest.mark.parametrize(
    "text",
    [
        "abfss://container@account.dfs.core.windows.net/path",
        "git@github.com:org/repo.git",
        "https://airflow/dags/x/grid?dag_run_id=manual&task_id=t",
        "select token, password from users where id = 3",
        "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/client/python",
        "1234567890123456",
    ],
)
def test_what_is_no_secret_stays(text):
    assert run(facet(text)).value == facet(text)


def test_a_name_loses_its_secret_and_keeps_an_address():
    event = {
        "job": {"namespace": "spark", "name": "/Users/anna@example.org/train"},
        "inputs": [{"namespace": "postgres://u:p4ss@db:5432", "name": "public.t"}],
    }
    result = run(event)
    assert result.value["job"] == event["job"]
    assert result.value["inputs"][0]["namespace"] == "postgres://db:5432"


def test_redacting_again_changes_nothing():
    texts = ["postgres://bob:hunter22@db/x?password=y", f"a=b;password=hunter2; {JWT}", "mail a@b.org", PEM]
    once = run({"facets": {"f": {"v": texts, "password": "x"}}}).value
    again = run(once)
    assert again.value == once
    assert again.removed == []


def test_very_long_texts_take_no_long_time():
    for text in ("a@" * 50_000, "password" * 20_000, "http://" + "@" * 100_000, "+1" + " " * 100_000, "eyJ" * 50_000):
        run(facet(text))
