"""Finished runs that have the result which a step is about to compute."""

import mlflow
from mlflow.exceptions import MlflowException

from steps.corpora import corpus_digest
from steps.workflow.fingerprint import FINGERPRINT, OUTPUT_DIGEST, fingerprint
from steps.workflow.upstream import ENTRY_POINT

# The parameters of each step that name an input; what they hold counts by its content.
INPUTS = {
    "ingest": ("corpus",),
    "featurize": ("ingest_run",),
    "tune": ("featurize_run",),
    "compare": ("tune_runs",),
    "register": ("compare_run",),
}
RESULT = {"ingest": "dataset", "featurize": "features", "compare": "comparison.json"}
NO_INGREDIENT = ("more",)


def step_fingerprint(entry_point, parameters):
    """The fingerprint of a step with these parameters.

    Args:
        entry_point: name of the entry point.
        parameters: what :func:`steps.workflow.parameters.parse` gave for it, runs filled in.

    Returns:
        The digest, or None where an input cannot be digested; such a step runs each time.
    """
    given = vars(parameters)
    inputs = {name: _content(name, given[name]) for name in INPUTS[entry_point]}
    if None in inputs.values():
        return None
    own = {name: value for name, value in given.items() if name not in (*inputs, *NO_INGREDIENT)}
    return fingerprint(entry_point, own, inputs, given.get("family"))


def find_twin(entry_point, digest):
    """The latest FINISHED run with this fingerprint whose result is still there, or None."""
    twins = mlflow.search_runs(
        experiment_ids=[mlflow.active_run().info.experiment_id],
        filter_string=f"attributes.status = 'FINISHED' and tags.`{FINGERPRINT}` = '{digest}' "
        f"and tags.`{ENTRY_POINT}` = '{entry_point}'",
        order_by=["attributes.start_time DESC"],
        output_format="list",
    )
    return next((run for run in twins if _still_there(entry_point, run)), None)


def _content(name, value):
    """Digest of an input, None where there is none."""
    if name == "corpus":
        return corpus_digest(value)
    run_ids = value if isinstance(value, list) else [value]
    digests = [mlflow.get_run(run_id).data.tags.get(OUTPUT_DIGEST) for run_id in run_ids]
    return None if None in digests else ",".join(sorted(digests))


def _still_there(entry_point, run):
    client = mlflow.MlflowClient()
    try:
        if entry_point == "register":
            client.get_model_version(run.data.tags["registered_model"], run.data.tags["model_version"])
            return True
        if entry_point == "tune":
            uri = run.data.tags["model_uri"]
            return any(file.path == "MLmodel" for file in mlflow.artifacts.list_artifacts(artifact_uri=uri))
        result = RESULT[entry_point]
        return any(file.path == result for file in client.list_artifacts(run.info.run_id))
    except (MlflowException, OSError):  # deleted, which is what was asked
        return False
