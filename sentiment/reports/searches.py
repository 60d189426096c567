"""The trials of tune runs, read from their child runs, for the review card and the learning curves."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment.evaluation.comparison import EvaluatedModel
from sentiment.evaluation.metrics import METRICS
from sentiment.model.space import format_params
from sentiment.reports import images, training_plots
from sentiment.runs import child_runs
from sentiment.search.trials import CROSS_VALIDATED, VALIDATION, best_params
from sentiment.tracking import PRUNED, TRIAL, origin

PLOTTED = 5  # fewest trials for parallel coordinates
FRACTION = re.compile(r"\d+\.\d+(e-?\d+)?|\d+e-\d+")
EPOCH_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")

History = dict[str, list[tuple[int, float]]]  # from a metric to its (epoch, value)


def read_histories(models: Sequence[EvaluatedModel]) -> dict[str, History]:
    """The metrics by epoch of each family's best trial; an ensemble has no trials, and so no values."""
    client = MlflowClient()

    def read(model: EvaluatedModel) -> History:
        if model.weights:
            return {key: [] for key in EPOCH_METRICS}
        trial = origin(model.tune_runs[0]).best_trial
        return {
            key: [(point.step, point.value) for point in client.get_metric_history(trial, key)] for key in EPOCH_METRICS
        }

    return {model.family: read(model) for model in models}


def summarize_search(tune_run: Run) -> dict[str, Any]:
    """The trials of a tune run, as the review card shows them."""
    family = origin(tune_run).family
    trials = sorted(
        (run for run in child_runs(tune_run) if TRIAL in run.data.tags), key=lambda run: int(run.data.tags[TRIAL])
    )
    metric = METRICS[tune_run.data.params.get("metric", "accuracy")]
    keys = (f"{VALIDATION}{CROSS_VALIDATED}{metric.name}", f"{VALIDATION}{metric.name}")
    key = next((key for key in keys if any(key in run.data.metrics for run in trials)), keys[-1])  # what chose the best
    name = key.replace("_", " ").replace("validation cross validated", "cross-validated")
    completed = [run for run in trials if key in run.data.metrics]
    params = [run.data.params for run in completed]
    values = [run.data.metrics[key] for run in completed]
    has_plot = len(completed) >= PLOTTED and any(params)
    plot = training_plots.draw_trials(params, values, family, name, metric.higher_is_better) if has_plot else None
    return {
        "family": family,
        "chosen_by": name,
        "chosen_on": ("the training split and " if key == keys[0] else "") + "the first half of the validation split",
        "best": _format_params(best_params(tune_run)),
        "failed": sum(run.info.status == "FAILED" for run in trials),
        "pruned": sum(PRUNED in run.data.tags for run in trials),
        "plot": images.embed_panels(plot) if plot else [],
        "trials": [
            [
                f"{run.info.run_name} {_format_params(run.data.params)}",
                "pruned" if PRUNED in run.data.tags else run.info.status.lower(),
                _format("{:.3f}", run.data.metrics.get(key)),
                _format("{:.1f}", run.data.metrics.get("train_seconds")),
            ]
            for run in trials
        ],
    }


def _format_params(logged: Mapping[str, str]) -> str:
    """Hyperparameters as a run logged them, with fractions at three digits."""
    return format_params({name: float(value) if FRACTION.fullmatch(value) else value for name, value in logged.items()})


def _format(template: str, value: float | None) -> str:
    return "" if value is None else template.format(value)
