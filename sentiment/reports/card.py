"""The review card: one self-contained HTML page from which a model can be reviewed as code is."""

import json
import platform
from importlib.metadata import version
from itertools import compress
from pathlib import Path

import mlflow
import numpy as np
from mlflow import MlflowClient

from sentiment.evaluation.measure import figures, in_own_process, probabilities_of
from sentiment.model import families
from sentiment.model.space import label
from sentiment.registry.comparable_rows import common_ground
from sentiment.registry.promotions import present_champion
from sentiment.reports import page, plots, table
from sentiment.search.trials import PRUNED, TRIAL

FLIPS = 20  # texts shown whose label has changed
PACKAGES = ("mlflow", "tensorflow", "keras", "scikit-learn", "numpy")
TEMPLATE = Path(__file__).parent / "card.html"


def render(**content):
    """The page."""
    return page.render(TEMPLATE, verdict=table.verdict(content["comparison"]), **content)


def data(ingest_run):
    """What the dataset is, from its ingest run."""
    params, metrics = ingest_run.data.params, ingest_run.data.metrics
    profile = mlflow.artifacts.load_dict(f"runs:/{ingest_run.info.run_id}/profile/profile.json")
    dropped = {name: int(count) for name, count in metrics.items() if name.startswith("dropped_")}
    return {
        "corpus": params["corpus"],
        "source": json.loads(ingest_run.inputs.dataset_inputs[0].dataset.source)["uri"],
        "digest": ingest_run.data.tags["dataset.digest"],
        "split": ", ".join(f"{name}={params[name]}" for name in ("seed", "test_size", "validation_size", "stratify")),
        "dropped": ", ".join(f"{count} {name.removeprefix('dropped_')}" for name, count in dropped.items()),
        "parts": profile,
    }


def search(tune_run):
    """What a tune run has tried, from its child runs."""
    family = tune_run.data.tags["family"]
    children = MlflowClient().search_runs(
        [tune_run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{tune_run.info.run_id}'"
    )
    children = sorted((run for run in children if TRIAL in run.data.tags), key=lambda run: int(run.data.tags[TRIAL]))
    complete = [run for run in children if "validation_accuracy" in run.data.metrics]
    points = [run.data.params for run in complete]
    accuracies = [run.data.metrics["validation_accuracy"] for run in complete]
    best = {
        name.removeprefix("best_"): value for name, value in tune_run.data.params.items() if name.startswith("best_")
    }
    return {
        "family": family,
        "best": label(best),
        "failed": sum(run.info.status == "FAILED" for run in children),
        "pruned": sum(PRUNED in run.data.tags for run in children),
        "plot": page.as_image(plots.trials(points, accuracies, family)) if len(complete) > 1 and any(points) else None,
        "trials": [
            {
                "name": run.info.run_name,
                "status": "pruned" if PRUNED in run.data.tags else run.info.status.lower(),
                "accuracy": _form("{:.4f}", run.data.metrics.get("validation_accuracy")),
                "seconds": _form("{:.1f}", run.data.metrics.get("train_seconds")),
            }
            for run in children
        ],
    }


def champion(name, ingest_run, texts, labels, probabilities, classes, seed):
    """The present champion beside the winner, on the texts that neither has seen: a dict, or None and the reason in words.

    Args:
        name: registered model.
        ingest_run: that of the dataset.
        texts: list of str, the test split.
        labels: int array of shape (texts,).
        probabilities: the winner's, of shape (texts, classes).
        classes: list of str.
        seed: int, for the bootstrap.
    """
    present = present_champion(name)
    if present is None:
        return None, f"{name} has no champion yet."
    obstacle, held_out = common_ground(present, classes, ingest_run)
    if obstacle:
        return None, f"The champion, version {present.version}, {obstacle}."
    texts, labels, probabilities = list(compress(texts, held_out)), labels[held_out], probabilities[held_out]
    family, asked = present.tags.get("family"), (f"models:/{name}/{present.version}", texts)
    apart = family is None or families.needs_own_process(family)
    theirs = in_own_process(probabilities_of, *asked) if apart else probabilities_of(*asked)
    before, now = theirs.argmax(axis=1), probabilities.argmax(axis=1)
    flipped = np.flatnonzero(before != now)
    return {
        "name": name,
        "version": present.version,
        "documents": len(texts),
        "row": figures(labels, theirs, seed),
        "now": figures(labels, probabilities, seed),
        "flipped": len(flipped),
        "mended": int(np.sum(now[flipped] == labels[flipped])),
        "broken": int(np.sum(before[flipped] == labels[flipped])),
        "flips": [
            {"text": texts[at], "before": classes[before[at]], "now": classes[now[at]], "label": classes[labels[at]]}
            for at in flipped[:FLIPS]
        ],
    }, None


def how(compare_run, tuned, seed):
    """How the model was made: a dict of str to str."""
    tags = compare_run.data.tags
    winner = tuned[0]
    return {
        "git commit": tags.get("mlflow.source.git.commit", "none"),
        "source": tags.get("mlflow.source.name", ""),
        "parameters of the winner's search": " ".join(
            f"-P {name}={value}" for name, value in sorted(winner.data.params.items()) if not name.startswith("best_")
        ),
        "seed": str(seed),
        "runs": f"compare {compare_run.info.run_id}, tune " + ", ".join(run.info.run_id for run in tuned),
        "seconds of the searches": ", ".join(
            f"{run.data.tags['family']} {run.data.metrics.get('step_seconds', 0):.0f}" for run in tuned
        ),
        "environment": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _form(form, value):
    return "" if value is None else form.format(value)
