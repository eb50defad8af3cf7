"""A SQLMesh project on DuckDB; where its lineage goes is settled by its environment."""

import os

import sqlmesh_openlineage
from sqlmesh.core.config import Config, DuckDBConnectionConfig, GatewayConfig, ModelDefaultsConfig

sqlmesh_openlineage.install(
    url=os.environ["OPENLINEAGE_URL"], namespace="sqlmesh", api_key=os.environ["OPENLINEAGE_API_KEY"]
)
config = Config(
    gateways={"local": GatewayConfig(connection=DuckDBConnectionConfig(database="db.duckdb"))},
    default_gateway="local",
    model_defaults=ModelDefaultsConfig(dialect="duckdb", start="2026-01-01"),
)
