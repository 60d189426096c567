"""Finished runs that have the result which a step is about to compute."""

import os
import time
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from sentiment.corpora.content import corpus_digest
from sentiment.digests import file_digest, folder_digest
from sentiment.tracking import ENTRY_POINT, FINGERPRINT, OUTPUT_DIGEST, REUSED, has_model
from sentiment.workflow.fingerprint import fingerprint
from sentiment.workflow.upstream import BUILDS_ON, fill_in

RESULT = {"ingest": "dataset", "featurize": "features", "compare": "comparison.json"}
# Parameters that have no influence on the result.
FILES = ("space", "embedding_file", "pretrained", "behaviour")  # parameters that may be a path
NO_INGREDIENT = ("reuse", "hold", "parallelism", "resume_run", "trials", "spark_master")


def run_or_reuse(entry_point, body, parameters):
    """Call the function of a step, or point to a finished run that has the same result where ``reuse`` is true.

    Args:
        entry_point: name of the entry point.
        body: function of the parameters, in which the ids of runs are replaced by the runs.
        parameters: what :func:`sentiment.workflow.parameters.parse` gave for it.
    """
    fill_in(entry_point, parameters)
    digest = step_fingerprint(entry_point, parameters)
    if digest:
        mlflow.set_tag(FINGERPRINT, digest)
    twin = find_twin(entry_point, digest) if digest and parameters.reuse else None
    if twin is None:
        started = time.time()
        body(parameters)
        mlflow.log_metric("step_seconds", time.time() - started)  # without the start of the process and its imports
        return
    run_id = twin.info.run_id
    mlflow.set_tags(
        {
            REUSED: run_id,
            OUTPUT_DIGEST: twin.data.tags[OUTPUT_DIGEST],
            "mlflow.note.content": f"Nothing has changed since run `{run_id}`, which has the result.",
        }
    )
    print(f"{entry_point}: nothing changed since run {run_id}, which has the result", flush=True)


def step_fingerprint(entry_point, parameters):
    """The fingerprint of a step with these parameters.

    Args:
        entry_point: name of the entry point.
        parameters: what :func:`sentiment.workflow.parameters.parse` gave for it, runs filled in.

    Returns:
        The digest, or None where an input cannot be digested; such a step runs each time.
    """
    given = vars(parameters)
    name, content = _input(entry_point, given)
    if content is None:
        return None
    without = (name, *NO_INGREDIENT)
    if entry_point == "compare":  # only looks at its champion, which changes with what comes after
        without += ("registered_model",)
    own = {key: value for key, value in given.items() if key not in without}
    for name in FILES:  # they count by their content
        if own.get(name) and os.path.exists(own[name]):
            own[name] = file_digest(own[name]) if os.path.isfile(own[name]) else folder_digest(Path(own[name]))
    return fingerprint(entry_point, own, {name: content})


def find_twin(entry_point, digest):
    """The latest FINISHED run with this fingerprint whose result is still there, or None."""
    finished = [run for run in with_fingerprint(entry_point, digest) if run.info.status == "FINISHED"]
    # A run that reused another has nothing of its own; the other one is found as well.
    complete = [run for run in finished if OUTPUT_DIGEST in run.data.tags and REUSED not in run.data.tags]
    return next((run for run in complete if _still_there(entry_point, run)), None)


def with_fingerprint(entry_point, digest):
    """The runs of a step with this fingerprint, the latest first, however they ended."""
    return mlflow.search_runs(
        experiment_ids=[mlflow.active_run().info.experiment_id],
        filter_string=f"tags.`{FINGERPRINT}` = '{digest}' and tags.`{ENTRY_POINT}` = '{entry_point}'",
        order_by=["attributes.start_time DESC"],
        output_format="list",
    )


def _input(entry_point, given):
    """The parameter that names a step's input, and the digest of what it holds, None where there is none."""
    if entry_point == "ingest":
        return "corpus", corpus_digest(given["corpus"])
    name, _ = BUILDS_ON[entry_point]
    runs = given[name] if isinstance(given[name], list) else [given[name]]
    digests = [run.data.tags.get(OUTPUT_DIGEST) for run in runs]
    return name, None if None in digests else ",".join(sorted(digests))


def _still_there(entry_point, run):
    client = mlflow.MlflowClient()
    try:
        if entry_point == "register":
            client.get_model_version(run.data.tags["registered_model"], run.data.tags["model_version"])
            return True
        if entry_point in ("tune", "train"):
            return has_model(run.data.tags["model_uri"])
        result = RESULT[entry_point]
        return any(file.path == result for file in client.list_artifacts(run.info.run_id))
    except (MlflowException, OSError):  # deleted, which is what was asked
        return False
