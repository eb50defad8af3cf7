"""Train the demo's model on a month of features and register it in MLflow. Needs the `demo` extra.

A logistic regression behind a scaler, kept in the skops format, which cannot run code when it is read.
"""

import logging
import os
import subprocess
import warnings
from contextlib import redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow.parquet

from portal.demo.data import Month

MODEL = "fraud-detector"
EXPERIMENT = "payments-fraud"
LABEL = "is_fraud"
MONTH_TAG = "attestry.demo.month"
MODEL_TAG = "attestry.demo.model"
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Trained:
    """A registered version and the run that made it; times in UTC."""

    version: str
    run_id: str
    started: datetime
    ended: datetime
    params: dict[str, str]
    commit: str


def train(month: Month, uri: str, author: str) -> Trained:
    """Return the version that learned from `month`, training and registering it when MLflow does not know it yet.

    Killed at any point, the next call takes up what is finished: a registered version, else a finished run.
    """
    mlflow = quietly()
    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient(uri)
    for version in _versions(client):
        if version.tags.get(MONTH_TAG) == month.name:
            return _trained(client, str(version.version), version.run_id)
    run = _finished(client, month) or _run(mlflow, client, month, author)
    with redirect_stderr(StringIO()):
        made = mlflow.register_model(run.data.tags[MODEL_TAG], MODEL, tags={MONTH_TAG: month.name})
    return _trained(client, str(made.version), run.info.run_id)


def quietly() -> Any:
    """MLflow, imported late because it takes seconds, without its telemetry, progress bars and hints."""
    os.environ.update(QUIET)
    warnings.filterwarnings("ignore", module="mlflow")
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    import mlflow

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return mlflow


def _versions(client: Any) -> list[Any]:
    """The versions of our model, which is made here when it is new."""
    if not client.search_registered_models(f"name='{MODEL}'"):
        client.create_registered_model(MODEL, description="Estimates how likely a card payment is fraudulent.")
        return []
    return list(client.search_model_versions(f"name='{MODEL}'"))


def _finished(client: Any, month: Month) -> Any:
    """A run of `month` that logged its model to the end, or nothing."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return None
    wanted = f"tags.`{MONTH_TAG}` = '{month.name}' and attributes.status = 'FINISHED'"
    runs = client.search_runs([experiment.experiment_id], wanted)
    return next((run for run in runs if MODEL_TAG in run.data.tags), None)


def _run(mlflow: Any, client: Any, month: Month, author: str) -> Any:
    """Train, and log parameters, metrics, the data read and the model with its signature."""
    frame = pyarrow.parquet.read_table(month.features).to_pandas()
    mlflow.set_experiment(EXPERIMENT)
    tags = {MONTH_TAG: month.name, "mlflow.user": author, "mlflow.source.name": "portal/demo/train.py"}
    if commit := code_commit():
        tags["mlflow.source.git.commit"] = commit
    with mlflow.start_run(run_name=f"payments {month.name}", tags=tags) as run:
        read = mlflow.data.from_pandas(frame, source=str(month.features), targets=LABEL, name=str(month.features))
        mlflow.log_input(read, context="training")
        model, params, metrics, example = fit(frame)
        mlflow.log_params(params)
        mlflow.log_metrics(metrics)
        logged = mlflow.sklearn.log_model(
            model,
            name=MODEL,
            signature=mlflow.models.infer_signature(example, model.predict_proba(example)[:, 1]),
            serialization_format="skops",
            pip_requirements=_requirements(),
            pyfunc_predict_fn="predict_proba",
        )
        mlflow.set_tag(MODEL_TAG, logged.model_uri)
    return client.get_run(run.info.run_id)


def fit(frame: Any) -> tuple[Any, dict[str, Any], dict[str, float], Any]:
    """Return the fitted model, its parameters, its metrics on a held-out quarter, and a few input rows.

    The decision threshold is the one with the best F1 on the training part.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score, log_loss, precision_score, recall_score, roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    columns = frame.drop(columns=[LABEL]).astype("float64")
    seen, held, known, truth = train_test_split(columns, frame[LABEL], test_size=0.25, random_state=7)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=500))
    model.fit(seen, known)
    risk = model.predict_proba(seen)[:, 1]
    threshold = max((step / 50 for step in range(5, 35)), key=lambda at: f1_score(known, risk >= at))
    risk = model.predict_proba(held)[:, 1]
    verdict = risk >= threshold
    metrics = {
        "auc": roc_auc_score(truth, risk),
        "f1": f1_score(truth, verdict),
        "precision": precision_score(truth, verdict),
        "recall": recall_score(truth, verdict),
        "log_loss": log_loss(truth, risk),
    }
    for name, part in {"night": held["at_night"] == 1, "day": held["at_night"] == 0}.items():
        metrics[f"recall_{name}"] = recall_score(truth[part], verdict[part.to_numpy()])
    params = {"model": "logistic_regression", "C": 1.0, "max_iter": 500, "threshold": threshold, "rows": len(frame)}
    params["columns"] = len(columns.columns)
    return model, params, {name: round(float(value), 4) for name, value in metrics.items()}, held.head(5)


def _requirements() -> list[str]:
    import sklearn
    import skops

    return [f"scikit-learn=={sklearn.__version__}", f"skops=={skops.__version__}"]


def _trained(client: Any, version: str, run_id: str) -> Trained:
    run = client.get_run(run_id)
    started, ended = (datetime.fromtimestamp(at / 1000, UTC) for at in (run.info.start_time, run.info.end_time))
    commit = run.data.tags.get("mlflow.source.git.commit", "")
    return Trained(version, run_id, started, ended, dict(run.data.params), commit)


def code_commit() -> str:
    """The commit this code was checked out at; empty when it was installed from a package."""
    here = Path(__file__).resolve().parent
    asked = ["git", "-C", str(here), "log", "-1", "--format=%H", "--", str(here)]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
