"""The steps: one row for each, with all that the rest of the project knows of it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment import tracking
from sentiment.paths import PROJECT_ROOT
from sentiment.workflow import parameters
from sentiment.workflow.parameters import Parameters


def has_artifact(path: str) -> Callable[[Run], bool]:
    """A function of a run that says whether it still has an artifact at the top level."""
    return lambda run: any(file.path == path for file in MlflowClient().list_artifacts(run.info.run_id))


def has_logged_model(run: Run) -> bool:
    """Whether the model that a run logged is still there."""
    return tracking.has_model(tracking.origin(run).model_uri)


def has_model_version(run: Run) -> bool:
    """Whether the version that a run registered is still there."""
    tags = run.data.tags
    MlflowClient().get_model_version(tags[tracking.REGISTERED_MODEL], tags[tracking.MODEL_VERSION])
    return True


@dataclass(frozen=True)
class Step:
    """A row of the table.

    Args:
        parameters: its parameter model, whose fields say which do not change its result and which may be files.
        input: the parameter that names what it builds on: a corpus, or the runs of ``builds_on``.
        builds_on: the step whose runs ``input`` holds; empty for a step that builds on no run.
        result_exists: whether the result of a finished run still exists; None for a step that is never reused.
    """

    parameters: type[Parameters]
    input: str = ""
    builds_on: str = ""
    result_exists: Callable[[Run], bool] | None = None

    def description(self, name: str) -> str:
        """What it does, in a line: the docstring of its file, which is not imported for that."""
        source = (PROJECT_ROOT / "steps" / f"{name}.py").read_text(encoding="utf-8")
        return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]

    def fields_with(self, flag: str, value: bool) -> list[str]:
        """Names of the parameters that are declared with a flag (see :func:`parameters.parameter`)."""
        fields = self.parameters.fields()
        return [name for name, field in fields.items() if field.json_schema_extra[flag] == value]  # type: ignore


STEPS = {
    "ingest": Step(parameters.IngestParameters, "corpus", "", has_artifact(tracking.DATASET)),
    "featurize": Step(parameters.FeaturizeParameters, "ingest_run", "ingest", has_artifact(tracking.FEATURES)),
    "train": Step(parameters.TrainParameters, "featurize_run", "featurize", has_logged_model),
    "tune": Step(parameters.TuneParameters, "featurize_run", "featurize", has_logged_model),
    "compare": Step(parameters.CompareParameters, "tune_runs", "tune", has_artifact(tracking.COMPARISON)),
    "register": Step(parameters.RegisterParameters, "compare_run", "compare", has_model_version),
    "main": Step(parameters.MainParameters),
    "approve": Step(parameters.ApproveParameters),
    "rollback": Step(parameters.RollbackParameters),
    "predict": Step(parameters.PredictParameters),
    "serve": Step(parameters.ServeParameters),
    "monitor": Step(parameters.MonitorParameters),
}
