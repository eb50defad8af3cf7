"""A small training, as a DAG with assets for what it reads and writes."""

from datetime import datetime

from airflow.sdk import DAG, Asset, task

CUSTOMERS, FEATURES = Asset("file:///data/customers.csv"), Asset("file:///data/features.parquet")
MODEL = Asset("file:///data/churn.pkl")

with DAG("ml_train", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):

    @task(inlets=[CUSTOMERS], outlets=[FEATURES])
    def prepare() -> None:
        """Make the features."""

    @task(inlets=[FEATURES], outlets=[MODEL])
    def train() -> None:
        """Train the model."""

    prepare() >> train()
