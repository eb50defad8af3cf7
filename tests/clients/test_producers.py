"""Real producers with only their documented settings: what they tell becomes the graph they mean."""

import json

import pytest

from tests.clients.conftest import events


@pytest.mark.parametrize("transport", ["http", "async_http"])
@pytest.mark.parametrize("compression", ["", "gzip"])
def test_the_python_client(client, told, transport, compression, portal):
    python = client("python")
    env = {"OPENLINEAGE__TRANSPORT__TYPE": transport, "OPENLINEAGE__TRANSPORT__URL": portal.url}
    env |= {
        "OPENLINEAGE__TRANSPORT__AUTH": json.dumps({"type": "api_key", "apiKey": python.env["OPENLINEAGE_API_KEY"]})
    }
    env |= {"OPENLINEAGE__TRANSPORT__COMPRESSION": compression} if compression else {}
    space = f"training-{transport}-{compression or 'plain'}"
    python.run("python", "emit.py", space, **env)
    assert told.steps(space, "models:/churn", type="model") == {
        ("raw.customers", "derive", "features"), ("features", "train", "models:/churn"),
    }  # fmt: skip
    assert told.columns(space, "features") == {
        ("raw.customers.id", "features.id"),
        ("raw.customers.mail", "features.domain"),
    }
    assert told.steps(space, "models:/churn", type="model", version="7") == told.steps(
        space, "models:/churn", type="model"
    )
    runs = told.details(type="job", namespace=space, name="train")["runs"]
    assert [run["state"] for run in runs] == ["COMPLETE"]


def test_the_python_client_with_nothing_but_an_address_and_a_key(client, told):
    client("python").run("python", "emit.py", "simplest")
    assert len(told.steps("simplest", "models:/churn", type="model")) == 2


def test_dbt_with_duckdb(client, told):
    dbt = client("dbt")
    env = {"OPENLINEAGE_NAMESPACE": "dbt", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    dbt.run("dbt", "seed", **env)
    assert "Emitted" in dbt.run("dbt-ol", "run", **env)
    assert "Emitted" in dbt.run("dbt-ol", "test", **env)
    place = "duckdb://shop.duckdb"
    assert {(one, other) for one, _, other in told.steps(place, "shop.main.spending")} == {
        ("shop.main.raw_customers", "shop.main.stg_customers"),
        ("shop.main.stg_customers", "shop.main.spending"),
        ("shop.main.raw_orders", "shop.main.spending"),
    }
    assert told.columns(place, "shop.main.spending") == {
        ("shop.main.raw_customers.id", "shop.main.stg_customers.customer_id"),
        ("shop.main.raw_customers.mail", "shop.main.stg_customers.mail"),
        ("shop.main.stg_customers.customer_id", "shop.main.spending.customer_id"),
        ("shop.main.raw_orders.amount", "shop.main.spending.total"),
    }
    checks = told.details(type="dataset", namespace=place, name="shop.main.spending")["checks"]
    assert {(one["name"], one["column"], one["success"]) for one in checks} == {
        ("not_null_spending_customer_id", "customer_id", True),
        ("unique_spending_customer_id", "customer_id", True),
    }


def test_airflow(client, told):
    airflow = client("airflow")
    home = airflow.project / "home"
    (home / "dags").mkdir(parents=True)
    (airflow.project / "ml_train.py").rename(home / "dags" / "ml_train.py")
    env = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "airflow",
    }
    airflow.run("airflow", "db", "migrate", **env)
    airflow.run("airflow", "dags", "test", "ml_train", "2026-01-02", **env)
    assert told.steps("file", "/data/churn.pkl") == {
        ("/data/customers.csv", "ml_train.prepare", "/data/features.parquet"),
        ("/data/features.parquet", "ml_train.train", "/data/churn.pkl"),
    }
    job = told.details(type="job", namespace="airflow", name="ml_train.train")
    assert [run["state"] for run in job["runs"]] == ["COMPLETE"]
    assert {(link["kind"], link["name"]) for link in job["links"]} >= {("PARENT", "ml_train")}


def test_hamilton(client, told):
    hamilton = client("hamilton")
    hamilton.run("python", "flow.py", str(hamilton.project))
    graph = told.graph("hamilton", "features", type="job")
    assert {(node["type"]) for node in graph["nodes"]} == {"dataset", "job"}
    ((read, job, written),) = told.steps("hamilton", "features", type="job")
    assert (job, written.rpartition("/")[2]) == ("features", "features.csv") and "customers" in read


def test_feast(client, told):
    feast = client("feast")
    feast.run("feast", "apply")
    feast.run("feast", "materialize-incremental", "2030-01-01T00:00:00")
    sources = ("spending_source", "customer")
    view = {(one, "feast_feature_views_shop", "spending") for one in sources}
    assert told.steps("shop", "churn") == view | {("spending", "feature_service_churn", "churn")}
    stored = {(one, "materialize_shop", "online_store_spending") for one in ("spending", *sources)}
    assert told.steps("shop", "online_store_spending") == view | stored
    runs = told.details(type="job", namespace="shop", name="materialize_shop")["runs"]
    assert [run["state"] for run in runs] == ["COMPLETE"]


def test_sqlmesh_loses_its_key_but_what_it_tells_is_understood(client, told, portal):
    """Its emitter hands the key to the OpenLineage client in a form that this one does not take, and stops.

    Without a key, on its console, it tells what is sent here in its stead.
    """
    sqlmesh = client("sqlmesh")
    plan = ("sqlmesh", "plan", "--auto-apply", "--no-prompts")
    with pytest.raises(AssertionError, match="'dict' object has no attribute 'timeout'"):
        sqlmesh.run(*plan)
    sqlmesh.run(*plan, OPENLINEAGE_URL="console://", OPENLINEAGE_API_KEY="")
    found = [one for log in sqlmesh.project.glob("logs/*.log") for one in events(log.read_text())]
    producer = portal.reader(sqlmesh.env["OPENLINEAGE_API_KEY"])
    assert {producer.ask("POST", "/api/v1/lineage", one)[0] for one in found} == {201}
    place = found[-1]["outputs"][0]["namespace"]
    assert {(one, other) for one, _, other in told.steps(place, "db.demo.clean")} == {
        ("db.demo.raw_customers", "db.demo.clean")
    }
    assert told.columns(place, "db.demo.clean") == {
        ("db.demo.raw_customers.id", "db.demo.clean.id"), ("db.demo.raw_customers.mail", "db.demo.clean.mail"),
    }  # fmt: skip
