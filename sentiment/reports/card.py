"""The review card: one self-contained HTML page to review the winner of a comparison."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import compress
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion

from sentiment.artifacts import read_json
from sentiment.corpora.labels import LABELLED_BY
from sentiment.errors import hide_credentials
from sentiment.evaluation.comparison import EvaluatedModel, EvaluationData
from sentiment.evaluation.measure import in_process_for, load_and_predict_proba, score_test_split
from sentiment.evaluation.metrics import METRICS, class_scores
from sentiment.evaluation.mistakes import find_confident_mistakes
from sentiment.evaluation.slices import MIN_DOCUMENTS
from sentiment.evaluation.statistics import compare_paired
from sentiment.evaluation.truth import summarize_truth
from sentiment.pages import run_page, shown_tracking_uri, ui_url
from sentiment.quality.finding import Finding
from sentiment.registry.comparable_rows import NotComparable, comparable_rows
from sentiment.registry.promotions import get_champion
from sentiment.reports import images, page, table
from sentiment.reports.decision import today
from sentiment.reports.highlight import highlight
from sentiment.reports.searches import summarize_search
from sentiment.results import has_model
from sentiment.search.training_size import FEWEST, LONGEST, SHARES
from sentiment.search.trials import BEST
from sentiment.tracking import DATASET_LOCATION, FAMILY, PROFILE, SOURCE_NAME, describe_commit, origin
from sentiment.workflow.logged_parameters import given_parameters
from sentiment.workflow.parameters import IngestParameters

CHANGED_TEXTS = 20  # shown texts whose label has changed
NAMED_CLASSES = 10  # in the intended use
PACKAGES = ("mlflow", "tensorflow", "keras", "scikit-learn", "numpy")
PLOTS = {
    "accuracy": "accuracy",
    "confusion": "confusion_{winner}",
    "reliability": "calibration",
    "curves": "roc_and_precision_recall",
    "cost": "accuracy_and_cost",
    "learning_curves": "learning_curves",
    "lengths": "lengths",
    "training_size": "training_size",
}


def render_card(
    comparison: Mapping[str, Any],
    models: Sequence[EvaluatedModel],
    data: EvaluationData,
    figures: Mapping[str, Figure],
    compare_run: Run,
    ingest_run: Run,
    check: Sequence[Finding] | None,
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
        check: its data check's findings (:func:`sentiment.quality.check.read_check`).
        registered_model: the model whose champion is shown beside the winner.
        seed: of the comparison.
    """
    winner, family = models[0], models[0].family
    present = get_champion(registered_model)
    champion, no_champion = _compare_with_champion(registered_model, present, ingest_run, winner, data)
    dataset = _describe_dataset(ingest_run, data.classes)
    mistakes = find_confident_mistakes(
        winner.row["model_uri"],
        data.texts,
        data.labels,
        winner.probabilities,
        data.classes,
        family,
    )
    named = {name: plot.format(winner=family) for name, plot in PLOTS.items()}
    shown = {name: figures[plot] for name, plot in named.items() if plot in figures}
    tune_runs = [run for model in models if not model.weights for run in model.tune_runs]
    runs = [("compare", compare_run), *((origin(run).family, run) for run in tune_runs), ("ingest", ingest_run)]
    uri = shown_tracking_uri()
    return page.render(
        "card.html",
        verdict=table.verdict(comparison),
        winner=winner.row,
        gate=None,  # register fills in what it decides
        version=None,
        checks=[],
        date=today(),
        comparison=comparison,
        families=[model.family for model in models],
        data=dataset,
        check=check,
        searches=[summarize_search(run) for run in tune_runs],
        table=table.comparison_cells(comparison),
        classes=table.classes(data.classes, class_scores(data.labels, winner.probabilities)),
        mistakes=[vars(mistake) | {"parts": highlight(mistake.weights)} for mistake in mistakes],
        champion=champion,
        no_champion=no_champion,
        beside=(registered_model, None if present is None else present.version),
        limits=_list_limits(comparison, dataset),
        provenance=_describe_provenance(compare_run, winner.tune_runs, tune_runs, seed),
        runs={name: ui_url(run_page(run)) for name, run in runs},
        start_ui="" if uri.startswith("http") else f"mlflow ui --backend-store-uri {uri}",
        unmeasured={
            "family": comparison["training_sizes"]["family"],
            "seconds": f"{LONGEST:.0f}",
            "texts": f"{FEWEST / max(SHARES):.0f}",
        },
        smallest_slice=MIN_DOCUMENTS,
        figures={name: images.embed_panels(figure) for name, figure in shown.items()},
    )


def _describe_dataset(ingest_run: Run, classes: Sequence[str]) -> dict[str, Any]:
    """Where the dataset comes from, how it was split, and its profile."""
    params, metrics = given_parameters(ingest_run, IngestParameters), ingest_run.data.metrics
    profile = read_json(ingest_run.info.run_id, PROFILE)
    dropped = {name.removeprefix("dropped_"): value for name, value in metrics.items() if name.startswith("dropped_")}
    givers = sorted({giver for part in profile.values() for giver in part.get(LABELLED_BY, {})})
    parts = profile.values()
    rows = [["texts", *(part["documents"] for part in parts)]]
    rows.append(["median words", *(f"{part['length_quantiles']['0.5']:.0f}" for part in parts)])
    rows += [[f"labelled by {giver}", *(part[LABELLED_BY].get(giver, 0) for part in parts)] for giver in givers]
    rows += [[f"class {label}", *(part["classes"].get(label, 0) for part in parts)] for label in classes]
    return {
        "corpus": params["corpus"],
        "source": ingest_run.data.tags.get(DATASET_LOCATION, params["corpus"]),
        "digest": origin(ingest_run).dataset_digest,
        "split": ", ".join(
            f"{name}={params[name]}"
            for name in ("splits", "split_seed", "test_size", "validation_size")
            if params.get(name)
        ),
        "dropped": ", ".join(f"{count:.0f} {name.replace('_', ' ')}" for name, count in dropped.items()),
        "profile": profile,
        "table": [["", *profile], *rows],  # a row for each class: a page has no room for as many columns
    }


def _list_limits(comparison: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[str]:
    """Intended use and known limits of the winner, in sentences."""
    winner, profile = comparison["rows"][0], dataset["profile"]
    words = profile["train"]["length_quantiles"]
    shortest, longest = (f"{words[quantile]:.0f}" for quantile in ("0.05", "0.95"))
    length = f"{shortest} to {longest}" if shortest != longest else longest
    classes = list(profile["train"]["classes"])
    more = f" and {len(classes) - NAMED_CLASSES} more" if len(classes) > NAMED_CLASSES else ""
    failing = sorted(comparison["behaviour"][comparison["winner"]], key=lambda row: -row["failure_rate"])[:3]
    hardest = min(comparison["slices"], key=lambda row: row["accuracy"][comparison["winner"]], default=None)
    lines = [
        f"For classifying texts like those of {dataset['corpus']} ({length} words in 90% of them) into "
        f"{', '.join(classes[:NAMED_CLASSES])}{more}. A text that fits none still gets one.",
        "Not for texts of another source, subject or language until it has been evaluated on them, and not as the only "
        "basis of a decision about a person.",
        f"The test split comes from the same corpus and has {comparison['test_documents']} texts. The accuracy has "
        f"a 95% interval from {winner['test_accuracy_low']:.3f} to {winner['test_accuracy_high']:.3f}. The model "
        "learns wrong labels and is measured against them.",
    ]
    if truth := summarize_truth(comparison["truth"]):
        lines.append(f"{truth[0].upper()}{truth[1:]}: before use, evaluate it on human-labelled texts.")
    if "calibration_error" in winner:
        lines.append(
            f"A score is a probability that is {100 * winner['calibration_error']:.1f} points off on average (ECE)."
        )
    if hardest:
        accuracy = hardest["accuracy"][comparison["winner"]]
        lines.append(
            f"Its least accurate slice is “{hardest['slice']}”: {accuracy:.2f} of {hardest['documents']} texts."
        )
    if weak := [f"{row['capability']} ({row['failure_rate']:.0%})" for row in failing if row["failure_rate"]]:
        lines.append(f"It most often fails these behaviour tests: {', '.join(weak)}.")
    return lines


def _compare_with_champion(
    name: str, champion: ModelVersion | None, ingest_run: Run, winner: EvaluatedModel, data: EvaluationData
) -> tuple[dict[str, Any] | None, str]:
    """The champion beside the winner on the test documents that it has not seen, or None and the reason in words."""
    if champion is None:
        return None, f"{name} had no champion before."
    uri = f"models:/{name}/{champion.version}"
    if not has_model(uri):
        return None, f"The files of the champion, version {champion.version}, are gone or have changed."
    try:
        unseen = comparable_rows(champion, data.classes, ingest_run)
    except NotComparable as reason:
        return None, f"The champion, version {champion.version}, {reason}."
    texts, labels, winners = list(compress(data.texts, unseen)), data.labels[unseen], winner.probabilities[unseen]
    champions = in_process_for(champion.tags.get(FAMILY), load_and_predict_proba, uri, texts)
    before, now = champions.argmax(axis=1), winners.argmax(axis=1)
    change = compare_paired(now == labels, before == labels)
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
        "change": {"difference": change.difference, "low": change.low, "high": change.high},
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


def _describe_provenance(
    compare_run: Run, winners: Sequence[Run], tune_runs: Sequence[Run], seed: int
) -> dict[str, str]:
    """How the models were trained, by headings of a table; an ensemble that wins has several searches."""
    tags = compare_run.data.tags
    return {
        "git commit": describe_commit(tags) or "none",
        "source": hide_credentials(tags.get(SOURCE_NAME, "")),
        "parameters of the winner's search": "; ".join(
            " ".join(f"-P {name}={value}" for name, value in sorted(params.items()) if not name.startswith(BEST))
            for params in (run.data.params for run in winners)
        ),
        "seed": str(seed),
        "seconds of the searches": ", ".join(
            f"{origin(run).family} {run.data.metrics.get('step_seconds', 0):.0f}" for run in tune_runs
        ),
        "environment": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "machine": f"{platform.system()} {platform.machine()}",
    }
