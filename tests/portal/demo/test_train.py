"""The demo's model: learnable, and registered once however often training is asked for."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.demo import data

pytest.importorskip("sklearn", reason="the demo extra is not installed")

TWICE = """
import json, sys
from pathlib import Path
from portal.demo import data, train
first, later = data.months(Path(sys.argv[1]))
data.make(first); data.make(later)
uri = sys.argv[2]
runs = [train.train(month, uri, "ana@example.org") for month in (first, first, later)]
import mlflow
client = mlflow.MlflowClient(uri)
found = [client.get_run(run.run_id) for run in runs]
print(json.dumps([
    {"version": run.version, "auc": f.data.metrics["auc"], "user": f.data.tags["mlflow.user"],
     "read": f.inputs.dataset_inputs[0].dataset.source} for run, f in zip(runs, found)
] + [len(client.search_runs([found[0].info.experiment_id]))]))
"""


def test_a_model_can_tell_fraud_from_the_features(tmp_path: Path) -> None:
    from portal.demo.train import fit

    frame = data.derive(data.clean(data.payments(data.months(tmp_path)[0], 6000))).to_pandas()
    _, params, metrics, example = fit(frame)
    assert metrics["auc"] > 0.8
    assert 0 < params["threshold"] < 1
    assert "is_fraud" not in example.columns


@pytest.mark.slow
def test_training_twice_registers_one_version_and_the_later_month_a_better_second(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONWARNINGS": "ignore", "PYTHONPATH": os.getcwd()}
    asked = [sys.executable, "-c", TWICE, str(tmp_path / "data"), f"sqlite:///{tmp_path}/mlflow.db"]
    ran = subprocess.run(asked, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    *runs, count = json.loads(ran.stdout.splitlines()[-1])
    assert [run["version"] for run in runs] == ["1", "1", "2"]
    assert count == 2
    assert runs[2]["auc"] > runs[0]["auc"]
    assert runs[0]["user"] == "ana@example.org"
    assert "fraud-2026-08.parquet" in runs[0]["read"]
