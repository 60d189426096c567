"""The steps: one row for each, with all that the rest of the project knows of it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment import tracking
from sentiment.paths import PROJECT_ROOT
from sentiment.workflow import parameters
from sentiment.workflow.parameter_types import Parameters


def registration_stands(run: Run) -> bool:
    """Whether the version that a run registered is still there, with its alias and gate, under the same champion."""
    client, tags = MlflowClient(), run.data.tags
    name, version, champion = (
        tags.get(key, "") for key in (tracking.REGISTERED_MODEL, tracking.MODEL_VERSION, tracking.CHAMPION_VERSION)
    )
    aliases = client.get_registered_model(name).aliases
    if str(aliases.get(tags[tracking.ALIAS])) != version or str(aliases.get("champion")) != champion:
        return False
    present = client.get_model_version(name, version).tags  # another model's, if the first one was deleted
    same_models = present.get(tracking.COMPARISON_DIGEST) == tags.get(tracking.COMPARISON_DIGEST)
    # A later register run with other terms replaces the gate's terms and verdict.
    return same_models and tracking.gate_tags(tags) == tracking.gate_tags(present)


@dataclass(frozen=True)
class Step:
    """A row of the table.

    Args:
        parameters: its parameter model, whose fields say which do not change its result and which may be files.
        input: the parameter that names what it builds on: a corpus, or the runs of ``builds_on``; empty for a step that
            is never reused.
        builds_on: the step whose runs ``input`` holds; empty for a step that builds on no run.
        stands: whether a finished run's result still holds, besides the check of its manifest.
    """

    parameters: type[Parameters]
    input: str = ""
    builds_on: str = ""
    stands: Callable[[Run], bool] = lambda run: True

    def description(self, name: str) -> str:
        """Its purpose in one line: the docstring of its file, which is not imported for that."""
        source = (PROJECT_ROOT / "steps" / f"{name}.py").read_text(encoding="utf-8")
        return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]

    def fields_with(self, flag: str, value: bool) -> list[str]:
        """The parameters with this value of a flag of :func:`sentiment.workflow.parameter_types.parameter`."""
        fields = self.parameters.fields()
        return [name for name, field in fields.items() if field.json_schema_extra[flag] == value]  # type: ignore


STEPS = {
    "ingest": Step(parameters.IngestParameters, "corpus"),
    "featurize": Step(parameters.FeaturizeParameters, "ingest_run", "ingest"),
    "train": Step(parameters.TrainParameters, "featurize_run", "featurize"),
    "tune": Step(parameters.TuneParameters, "featurize_run", "featurize"),
    "compare": Step(parameters.CompareParameters, "tune_runs", "tune"),
    "register": Step(parameters.RegisterParameters, "compare_run", "compare", registration_stands),
    "main": Step(parameters.MainParameters),
    "report": Step(parameters.ReportParameters),
    "approve": Step(parameters.ApproveParameters),
    "rollback": Step(parameters.RollbackParameters),
    "predict": Step(parameters.PredictParameters),
    "serve": Step(parameters.ServeParameters),
    "monitor": Step(parameters.MonitorParameters),
    "package": Step(parameters.PackageParameters),
    "deploy": Step(parameters.DeployParameters),
}
