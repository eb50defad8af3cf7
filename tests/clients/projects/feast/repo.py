"""A feature store with one view and one service."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureService, FeatureView, Field, FileSource
from feast.types import Float32

path = Path(__file__).parent / "data" / "spending.parquet"
path.parent.mkdir(exist_ok=True)
frame = {"customer_id": [1], "total": [3.0], "event_timestamp": [pd.Timestamp.now(tz="UTC")]}
pd.DataFrame(frame).to_parquet(path)

customer = Entity(name="customer", join_keys=["customer_id"])
source = FileSource(name="spending_source", path=str(path), timestamp_field="event_timestamp")
spending = FeatureView(
    name="spending", entities=[customer], ttl=timedelta(days=1), schema=[Field(name="total", dtype=Float32)],
    source=source, online=True,
)  # fmt: skip
churn = FeatureService(name="churn", features=[spending])
