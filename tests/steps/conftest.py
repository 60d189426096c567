"""Compare runs that need no chain before them."""

import mlflow
import pandas as pd
import pytest

from sentiment.artifacts import log_parquet
from sentiment.registry import gate
from tests.reports.rows import row


class Constant(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"label": ["pos"] * len(model_input)})


@pytest.fixture
def log_comparison(tracked, monkeypatch):
    """Makes compare runs whose winners the gate looks at by their own figures alone."""
    monkeypatch.setattr(gate, "CHECKS", gate.CHECKS[:1])

    def log(digest):
        with mlflow.start_run(tags={"mlflow.project.entryPoint": "ingest", "dataset.digest": "1"}) as ingest:
            for split in ("train", "validation", "test"):
                log_parquet(pd.DataFrame({"text": [split]}), f"dataset/{split}.parquet")
        tags = {"mlflow.project.entryPoint": "compare", "ingest_run": ingest.info.run_id}
        tags |= {"dataset.digest": "1", "classes": '["neg", "pos"]'}
        with mlflow.start_run(tags=tags | {"comparison.digest": digest, "step.output_digest": digest}) as run:
            model = mlflow.pyfunc.log_model(name="model", python_model=Constant(), pip_requirements=[])
            winner = row("simple", 0.9, 0.9) | {"model_uri": model.model_uri, "tune_run": "0"}
            mlflow.log_dict(
                {"winner": "simple", "rows": [winner], "pairs": [], "behaviour": {"simple": []}, "lost_slices": []},
                "comparison.json",
            )
            mlflow.log_text("<!--decision--><!--/decision-->", "review.html")
        return mlflow.get_run(run.info.run_id)

    return log
