"""The review card: one self-contained HTML page on which the winner of a comparison can be reviewed."""

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import compress
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import Run

from sentiment.evaluation.comparison import EvaluatedModel, EvaluationData
from sentiment.evaluation.measure import in_own_process, load_and_predict_proba, score_test_split
from sentiment.evaluation.metrics import METRICS
from sentiment.evaluation.mistakes import find_confident_mistakes
from sentiment.model.families import get_family
from sentiment.registry.comparable_rows import NotComparable, comparable_rows
from sentiment.registry.promotions import get_champion
from sentiment.reports import page, table
from sentiment.reports.searches import summarize_search
from sentiment.results import has_model
from sentiment.tracking import FAMILY, GIT_COMMIT, SOURCE_NAME, origin

CHANGED_TEXTS = 20  # texts that are shown of those whose label has changed
PACKAGES = ("mlflow", "tensorflow", "keras", "scikit-learn", "numpy")
TEMPLATE = Path(__file__).parent / "card.html"


def render_card(
    comparison: Mapping[str, Any],
    models: Sequence[EvaluatedModel],
    data: EvaluationData,
    figures: Mapping[str, Figure],
    compare_run: Run,
    ingest_run: Run,
    registered_model: str,
    seed: int,
) -> str:
    """The page.

    Args:
        comparison: the content of comparison.json.
        models: the models that were compared, the winner first.
        data: what they were compared on.
        figures: what :func:`sentiment.reports.plots.draw_comparison` returned.
        compare_run: the run of the comparison.
        ingest_run: the run that logged the dataset.
        registered_model: the model whose champion is shown beside the winner.
        seed: of the comparison.
    """
    winner, family = models[0], models[0].family
    champion, no_champion = _compare_with_champion(registered_model, ingest_run, winner, data)
    return page.render(
        TEMPLATE,
        verdict=table.verdict(comparison),
        winner=family,
        comparison=comparison,
        classes=data.classes,
        families=[model.family for model in models],
        data=_describe_dataset(ingest_run),
        searches=[summarize_search(model.tune_run) for model in models],
        table=table.comparison_cells(comparison),
        mistakes=find_confident_mistakes(
            winner.row["model_uri"],
            data.texts,
            data.labels,
            winner.probabilities,
            data.classes,
            get_family(family).own_process,
        ),
        champion=champion,
        no_champion=no_champion,
        provenance=_describe_provenance(compare_run, [model.tune_run for model in models], seed),
        plots={
            name: page.embed_figure(figures[figure])
            for name, figure in (
                ("learning_curves", "learning_curves"),
                ("accuracy", "accuracy"),
                ("curves", "roc_and_precision_recall"),
                ("confusion", f"confusion_{family}"),
                ("reliability", "calibration"),
                ("behaviour", "behaviour"),
                ("cost", "accuracy_and_cost"),
            )
        },
    )


def _describe_dataset(ingest_run: Run) -> dict[str, Any]:
    """Where the dataset comes from, how it was split, and its profile."""
    params, metrics = ingest_run.data.params, ingest_run.data.metrics
    inputs = ingest_run.inputs.dataset_inputs if ingest_run.inputs else []
    profile = mlflow.artifacts.load_dict(f"runs:/{ingest_run.info.run_id}/profile/profile.json")
    dropped = {name.removeprefix("dropped_"): value for name, value in metrics.items() if name.startswith("dropped_")}
    return {
        "corpus": params["corpus"],
        "source": json.loads(inputs[0].dataset.source)["uri"],
        "digest": origin(ingest_run).dataset_digest,
        "split": ", ".join(f"{name}={params[name]}" for name in ("seed", "test_size", "validation_size", "stratify")),
        "dropped": ", ".join(f"{count:.0f} {name.replace('_', ' ')}" for name, count in dropped.items()),
        "parts": profile,
    }


def _compare_with_champion(
    name: str, ingest_run: Run, winner: EvaluatedModel, data: EvaluationData
) -> tuple[dict[str, Any] | None, str]:
    """The champion beside the winner on the test documents that it has not seen, or None and the reason in words."""
    champion = get_champion(name)
    if champion is None:
        return None, f"{name} has no champion yet."
    if not has_model(champion.source or ""):
        return None, f"The files of the champion, version {champion.version}, are gone or have changed."
    try:
        unseen = comparable_rows(champion, data.classes, ingest_run)
    except NotComparable as reason:
        return None, f"The champion, version {champion.version}, {reason}."
    texts, labels, winners = list(compress(data.texts, unseen)), data.labels[unseen], winner.probabilities[unseen]
    family, arguments = champion.tags.get(FAMILY), (f"models:/{name}/{champion.version}", texts)
    own_process = family is None or get_family(family).own_process
    champions = (
        in_own_process(load_and_predict_proba, *arguments) if own_process else load_and_predict_proba(*arguments)
    )
    before, now = champions.argmax(axis=1), winners.argmax(axis=1)
    changed = np.flatnonzero(before != now)
    rows: list[dict[str, Any]] = [
        {"family": family} | score_test_split(labels, probabilities)
        for family, probabilities in ((winner.family, winners), ("champion", champions))
    ]
    classes = data.classes
    return {
        "name": name,
        "version": champion.version,
        "documents": len(texts),
        "table": table.cells(rows, [metric for metric in METRICS.values() if metric.function]),
        "changed": len(changed),
        "fixed": int(np.sum(now[changed] == labels[changed])),
        "broken": int(np.sum(before[changed] == labels[changed])),
        "examples": [
            {
                "text": texts[row],
                "before": classes[before[row]],
                "now": classes[now[row]],
                "label": classes[labels[row]],
            }
            for row in changed[:CHANGED_TEXTS]
        ],
    }, ""


def _describe_provenance(compare_run: Run, tune_runs: Sequence[Run], seed: int) -> dict[str, str]:
    """How the models were made, by the headings of a table."""
    tags = compare_run.data.tags
    winner = tune_runs[0]
    return {
        "git commit": tags.get(GIT_COMMIT, "none"),
        "source": tags.get(SOURCE_NAME, ""),
        "parameters of the winner's search": " ".join(
            f"-P {name}={value}" for name, value in sorted(winner.data.params.items()) if not name.startswith("best_")
        ),
        "seed": str(seed),
        "runs": f"compare {compare_run.info.run_id}, tune " + ", ".join(run.info.run_id for run in tune_runs),
        "seconds of the searches": ", ".join(
            f"{origin(run).family} {run.data.metrics.get('step_seconds', 0):.0f}" for run in tune_runs
        ),
        "environment": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "machine": f"{platform.system()} {platform.machine()}",
    }
