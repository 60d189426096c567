"""Reuse of finished runs that already have a step's result."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.tables.kinds import table_digest
from sentiment.digests import content_digest, hub_revision
from sentiment.errors import UserError
from sentiment.labelling.labelers import find_labeler, resolve_labeler
from sentiment.model.families import get_family
from sentiment.model.hub import HUB
from sentiment.paths import PROJECT_ROOT
from sentiment.results import check_manifest, write_manifest
from sentiment.runs import log_run_metrics, search
from sentiment.search.loop import lag_of
from sentiment.tracking import (
    ENTRY_POINT,
    FINGERPRINT,
    GIT_DIRTY,
    MANIFEST,
    NOTE,
    OUTPUT_DIGEST,
    REUSED,
    origin,
)
from sentiment.workflow.fingerprint import digest_sources, fingerprint
from sentiment.workflow.naming import name_run
from sentiment.workflow.parameter_types import Parameters
from sentiment.workflow.parameters import TuneParameters
from sentiment.workflow.step_table import STEPS
from sentiment.workflow.upstream import Input, find_inputs


def run_or_reuse(entry_point: str, body: Callable[..., float | None], parameters: Parameters) -> None:
    """Call the function of a step, or point to a finished run with the same result if ``reuse`` is true.

    Args:
        entry_point: name of the step.
        body: function of its parameters and its inputs, a corpus or runs; it may return the seconds that it waited for
            other steps.
        parameters: its parameters.
    """
    # Before it waits for its inputs: the step has been imported, and an edit of its sources from now on does not count.
    family, labelers = getattr(parameters, "family", None), getattr(parameters, "label_by", ())
    source_digests = digest_sources(entry_point, family, labelers)
    inputs = find_inputs(entry_point, parameters)
    name_run(entry_point, parameters, inputs)
    digest = step_fingerprint(entry_point, parameters, inputs, source_digests)
    if digest:
        # The fingerprint identifies the result until the step sets the digest of its content.
        mlflow.set_tags({FINGERPRINT: digest, OUTPUT_DIGEST: digest})
    twin = find_twin(entry_point, digest) if digest and parameters.reuse else None  # type: ignore[attr-defined]
    if twin is None:
        if is_dirty():
            mlflow.set_tag(GIT_DIRTY, "true")
        started = time.time()
        waited = body(parameters, **inputs) or 0.0
        write_manifest(run for given in inputs.values() for run in _runs_of(given))
        # The seconds exclude the start of the process and its imports.
        log_run_metrics({"step_seconds": time.time() - started - waited, "peak_memory_mb": peak_memory()})
        return
    run_id = twin.info.run_id
    mlflow.set_tags(
        {
            REUSED: run_id,
            OUTPUT_DIGEST: origin(twin).output_digest,
            NOTE: f"Nothing has changed since run `{run_id}`, which has the result.",
        }
    )
    print(f"{entry_point}: nothing changed since run {run_id}, which has the result", flush=True)


def is_dirty() -> bool:
    """Whether tracked files of the project differ from its commit; False without git or a work tree."""
    command = ["git", "--no-optional-locks", "status", "--porcelain", "--untracked-files=no", "--", "."]
    try:
        return bool(subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, check=False).stdout)
    except FileNotFoundError:
        return False


def peak_memory() -> float:
    """Peak resident memory of this process, or of an ended one that it started, in MB."""
    unit = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / unit


def step_fingerprint(
    entry_point: str,
    parameters: Parameters,
    inputs: Mapping[str, Input],
    source_digests: Mapping[str, str] | None = None,
) -> str | None:
    """The fingerprint of a step with these parameters and inputs.

    Args:
        entry_point: name of the step.
        parameters: its parameters.
        inputs: what it builds on (:func:`sentiment.workflow.upstream.find_inputs`).
        source_digests: of the code that runs; None: of the current sources.

    Returns:
        The digest, or None if an input cannot be digested; such a step runs each time.
    """
    step = STEPS[entry_point]
    content = _input_digest(inputs[step.input])
    if content is None:
        return None
    values = parameters.model_dump(exclude={step.input, *step.fields_with("changes_result", False)})
    if isinstance(parameters, TuneParameters):
        values["lag"] = lag_of(parameters.parallelism)
        family = get_family(parameters.family)
        values["max_evals"] = parameters.max_evals or family.default_trials
        values["prune"] = parameters.prune and family.trains_in_epochs  # without epochs there is no pruning
    for name in step.fields_with("file", True):  # a file counts by its content
        if name == "corrections" and values[name]:  # possibly several files, or remote
            found = table_digest(Corpus(values[name]))
            if found is None:
                return None
            values[name] = found.value
        elif values[name] and os.path.exists(values[name]):
            values[name] = content_digest(Path(values[name]))
        elif name == "pretrained" and (checkpoint := _hub_checkpoint(values)) is not None:
            values[name] = hub_revision(checkpoint)
            if values[name] is None:
                return None
    if labelers := values.get("label_by"):
        # Resolved now: an alias counts by its version, a folder or lexicon by its content.
        values["label_by"] = {name: find_labeler(name).digest(name) for name in sorted(map(resolve_labeler, labelers))}
        if None in values["label_by"].values():
            return None
    return fingerprint(entry_point, values, {step.input: content}, source_digests)


def find_twin(entry_point: str, digest: str, explain: bool = True) -> Run | None:
    """The latest FINISHED run with this fingerprint whose result is unchanged, or None.

    Args:
        entry_point: name of the step.
        digest: the fingerprint.
        explain: whether to print why the result of a run is not reused.
    """
    # A run that reused another has no result of its own and no manifest; the other one is found as well.
    with_result = f"attributes.status = 'FINISHED' and tags.`{MANIFEST}` != ''"
    for run in runs_with_fingerprint(entry_point, digest, with_result):
        try:
            check_manifest(run)
            if STEPS[entry_point].stands(run):
                return run
        except (UserError, MlflowException) as reason:
            if explain:
                print(f"{entry_point}: the result of run {run.info.run_id} is not reused: {reason}", flush=True)
    return None


def runs_with_fingerprint(entry_point: str, digest: str, condition: str = "") -> list[Run]:
    """The runs of a step with this fingerprint, the latest first, in any status unless a condition restricts it."""
    same = [f"tags.`{FINGERPRINT}` = '{digest}'", f"tags.`{ENTRY_POINT}` = '{entry_point}'"]
    return search(" and ".join(filter(None, [*same, condition])))


def _input_digest(given: Input) -> str | None:
    """The digest of a step's input; None if there is none."""
    if isinstance(given, CorpusInput):
        return given.digest and given.digest.value
    digests = [run.data.tags.get(OUTPUT_DIGEST) for run in _runs_of(given)]
    return None if None in digests else ",".join(sorted(filter(None, digests)))


def _runs_of(given: Input) -> list[Run]:
    """The runs in a step's input."""
    return given if isinstance(given, list) else [given] if isinstance(given, Run) else []


def _hub_checkpoint(values: Mapping[str, Any]) -> str | None:
    """The name of a step's checkpoint on the Hugging Face hub; None if it comes from elsewhere."""
    handle = values["pretrained"]
    prefix = get_family(values["family"]).hub_prefix if "family" in values else HUB
    return handle.removeprefix(prefix) if handle and prefix is not None and handle.startswith(prefix) else None
