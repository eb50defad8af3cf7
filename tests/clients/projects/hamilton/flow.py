"""Features as a Hamilton flow, told by its OpenLineage adapter."""

import sys
from pathlib import Path

import pandas as pd
from hamilton import driver
from hamilton.function_modifiers import load_from, save_to, source
from hamilton.plugins import h_openlineage
from openlineage.client import OpenLineageClient


@load_from.csv(path=source("path"))
def customers(raw: pd.DataFrame) -> pd.DataFrame:
    return raw


@save_to.csv(path=source("out"), output_name_="saved")
def features(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.assign(domain=customers["mail"].str.partition("@")[2])


folder = Path(sys.argv[1])
(folder / "customers.csv").write_text("id,mail\n1,ada@example.org\n")
adapter = h_openlineage.OpenLineageAdapter(OpenLineageClient(), "hamilton", "features")
flow = driver.Builder().with_modules(sys.modules["__main__"]).with_adapters(adapter).build()
flow.execute(["saved"], inputs={"path": str(folder / "customers.csv"), "out": str(folder / "features.csv")})
