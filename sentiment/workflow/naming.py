"""Names of runs instead of MLflow's generated ones, such as big-mink-130, which nothing else marks."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.utils.name_utils import _GENERATOR_NOUNS, _GENERATOR_PREDICATES

from sentiment.paths import place_name
from sentiment.tracking import FEATURIZE_RUN, INGEST_RUN, RUN_NAME, active_run
from sentiment.workflow.logged_parameters import unquote
from sentiment.workflow.parameter_types import Parameters

MADE_UP = re.compile(rf"({'|'.join(_GENERATOR_PREDICATES)})-({'|'.join(_GENERATOR_NOUNS)})-\d+", re.IGNORECASE)


def name_run(entry_point: str, parameters: Parameters, inputs: Mapping[str, Any], name: str = "") -> None:
    """Name the active run by step, family and corpus, a main run by corpus and time, unless the user named it.

    Args:
        entry_point: name of the step.
        parameters: its parameters.
        inputs: what it builds on, as returned by :func:`sentiment.workflow.upstream.find_inputs`.
        name: a better name, found by the step; it also replaces the usual one.
    """
    given_name = mlflow.get_run(active_run().info.run_id).info.run_name or ""
    made_up = MADE_UP.fullmatch(given_name) is not None
    if not made_up and not name:
        return
    values = parameters.model_dump()
    given = [each[0] if isinstance(each, list) else each for each in inputs.values()]
    first = next((run for run in given if isinstance(run, Run)), None)
    corpus = values.get("corpus") or _corpus_of(first)
    subject = place_name(corpus) if corpus else values.get("registered_model", "")
    if entry_point == "main":
        parts = [subject, f"{datetime.now():%Y-%m-%d %H:%M}"]
    else:
        parts = [entry_point, values.get("family", ""), subject]
    usual = " ".join(filter(None, parts))
    if made_up or given_name == usual:
        mlflow.set_tag(RUN_NAME, name or usual)


def _corpus_of(run: Run | None) -> str:
    """The corpus that a run goes back to; empty if unknown."""
    while run is not None and "corpus" not in run.data.params:
        before = run.data.tags.get(INGEST_RUN) or run.data.tags.get(FEATURIZE_RUN)
        run = mlflow.get_run(before) if before else None
    return unquote(run.data.params["corpus"]) if run else ""
