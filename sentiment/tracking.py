"""MLflow runs of this project: the names of their tags, and typed access to what a run left.

No other module spells a tag's name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

import mlflow
from mlflow import ActiveRun
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from sentiment.errors import UserError

# Tags that MLflow defines.
ENTRY_POINT = "mlflow.project.entryPoint"
PARENT = "mlflow.parentRunId"
NOTE = "mlflow.note.content"
RUN_NAME = "mlflow.runName"
USER = "mlflow.user"
SOURCE_NAME = "mlflow.source.name"
SOURCE_TYPE = "mlflow.source.type"
GIT_COMMIT = "mlflow.source.git.commit"
GIT_DIRTY = "mlflow.source.git.dirty"  # true if tracked files differed from the commit
GIT_BRANCH = "mlflow.source.git.branch"
PROJECT_ENV = "mlflow.project.env"  # the environment manager of mlflow run

# Tags of every step's run.
PROCESS = "step.process"  # the process that made it: host, id, start, PID namespace, boot id, digest of machine-id
ERROR = "error"  # why it failed, in one line

# Tags of the run of a step that can be reused: ingest, featurize, train, tune, compare, register.
FINGERPRINT = "step.fingerprint"  # digest of all that its result depends on
OUTPUT_DIGEST = "step.output_digest"  # digest of its result, or its fingerprint until the step sets one
MANIFEST = "step.manifest"  # SHA-256 of each of its artifacts and models, a JSON object
REUSED = "step.reused"  # the run that has the result, if this one reused it

# Tags of a step's run, or of a model version, with its lineage.
INGEST_RUN = "ingest_run"  # the ingest run
FEATURIZE_RUN = "featurize_run"  # the featurize run
TUNE_RUN = "tune_run"  # the tune run; for an ensemble and a main run several, separated by commas
COMPARE_RUN = "compare_run"  # the compare run
MAIN_RUN = "main_run"  # the main run
CORPUS_DIGEST = "corpus.digest"  # of an ingest run: what identifies the corpus, such as content or ETag
DATASET_DIGEST = "dataset.digest"  # digest of the three splits
DATASET_LOCATION = "dataset.location"  # where an ingest run read them: a path or an address, and a query or a version
FAMILY = "family"  # the family of models
CLASSES = "classes"  # class names, a JSON list; cut at 5,000 characters
MODEL_URI = "model_uri"  # URI of the logged model
PARAMETER_FILES = "parameter_files"  # of a tune run: SHA-256 of the files that its parameters name, a JSON object
BEST_TRIAL = "best_trial"  # the run of a search's best trial
WINNER = "winner"  # the family that won a comparison
COMPARISON_DIGEST = "comparison.digest"  # digest of the compared models, the winner first, whichever rule chose it
TRUTH = "truth"  # who gave the test labels, if not all are human

# Tags of a trial's run.
TRIAL = "trial"  # its number, from 1
SEED = "seed"  # of its fit
PRUNED = "pruned"  # after which epoch it was stopped early

# Tags of a register run, and of other runs on a registered model.
REGISTERED_MODEL = "registered_model"  # its name
MODEL_VERSION = "model_version"  # its version
MODEL = "model"  # of a predict run: the model that scored the rows, in words
CHAMPION_VERSION = "champion"  # the version that is champion after it; None if there is none
ALIAS = "alias"  # the alias that the version got: champion or challenger
GATE = "gate"  # passed or failed
WAITS = "waits"  # why somebody has to approve a version that passes the gate
ALERT = "alert"  # why monitoring alerts; on the run that collects all monitorings also none or not tested

# Tags of a model version, beyond those above.
VERSION_GIT_COMMIT = "git_commit"  # commit of the project that made it; -dirty: files differed from it
GATE_TERMS = "gate.terms"  # the parameters that its gate was evaluated with, a JSON object

PACKAGE_RUN = "package.run"  # the latest package run for it
PACKAGE_BILL = "package.sbom"  # URI of its bill of materials, for mlflow artifacts download
PACKAGE_SHA256 = "package.sha256"  # SHA-256 of the SHA256SUMS of that package

DEPLOYED = "deployed."  # followed by target and endpoint: what was last done there, by whom and when, a line per place

REVIEW = "review."  # followed by reviewer, note or at: who approved it, why and when; review.2. for a second approval

# Tag of a registered model: one entry of its audit trail; followed by its number, a timestamp and the version.
PROMOTION = "promotion."  # when, which version became champion, which one it replaced, who did it, in which run and why

# Tag of a registered model: one deployment of a version; followed by a timestamp and the version.
DEPLOYMENT = "deployment."  # what was done with which endpoint, where, when, by whom and in which run

# Tag of a logged model.
MODEL_SHA256 = "sha256"  # of its files

# Tag of the run that collects all monitorings of a registered model, and of a trace of recorded requests.
MONITORING_OF = "monitoring.of"  # the registered model
TRACE_MODEL = "sentiment.model"  # the registered model, on a trace

MAX_TAG = 5000  # characters of a tag's value, in every store

# Metric of a tune run: number of training texts of each trial, if a sample.
SEARCH_TEXTS = "search_texts"

# In MLflow's exceptions: codes of a server that refuses the user, and the message if none answers.
REFUSED = ("PERMISSION_DENIED", "UNAUTHENTICATED")
UNANSWERED = "API request to"

# Artifacts that one step writes and another reads.
DATASET = "dataset"  # a Parquet file for each split
PROFILE = "profile/profile.json"  # classes and lengths of each split
DATA_CHECK = "profile/data_check.json"  # what the data check found
FEATURES = "features"  # what featurize learned, and the encoded splits
COMPARISON = "comparison.json"  # winner, reason, metrics, tests, slices, behaviour
TEST_PREDICTIONS = "test_predictions.parquet"  # the test split with each family's label and score
REVIEW_CARD = "review.html"  # the review card; that of a register run has the decision, too
BEHAVIOUR_CASES = "behaviour_cases.json"  # the behaviour tests, each with the families that fail it
VALIDATION_PREDICTIONS = "validation_predictions.parquet"  # probabilities by class
GATE_RESULT = "gate.json"  # the checks of the gate with their values


class _Tag:
    """A property of an :class:`Origin`: the value of a required tag."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, origin: Origin, owner: type) -> str:
        if self._name not in origin.tags:
            raise UserError(f"{origin.id} has no tag {self._name}: {origin.untagged}")
        return origin.tags[self._name]


@dataclass(frozen=True)
class Origin:
    """The origin of a step's run, or of a model version, by its tags.

    Args:
        id: the run's id, or the version's name and number, for messages.
        tags: its tags.
        untagged: why one of them may be missing, for messages.

    Raises:
        UserError: on access to a property whose tag is missing.
    """

    id: str
    tags: Mapping[str, str]
    untagged: str = "it was not made by this project, or by an older version of it"

    ingest_run = _Tag(INGEST_RUN)
    featurize_run = _Tag(FEATURIZE_RUN)
    tune_run = _Tag(TUNE_RUN)
    compare_run = _Tag(COMPARE_RUN)
    dataset_digest = _Tag(DATASET_DIGEST)
    output_digest = _Tag(OUTPUT_DIGEST)
    family = _Tag(FAMILY)
    model_uri = _Tag(MODEL_URI)
    best_trial = _Tag(BEST_TRIAL)
    _classes = _Tag(CLASSES)

    @property
    def classes(self) -> list[str] | None:
        """None if the tag has only the first of them, since it cannot hold all."""
        return json.loads(self._classes) if len(self._classes) < MAX_TAG else None

    def get(self, tag: str) -> str | None:
        """The value of a tag, if there is one."""
        return self.tags.get(tag)


def origin(run: Run) -> Origin:
    """The :class:`Origin` of a run."""
    return Origin(f"run {run.info.run_id}", run.data.tags)


def version_origin(version: ModelVersion) -> Origin:
    """The :class:`Origin` of a model version."""
    return Origin(
        f"{version.name} version {version.version}",
        version.tags,
        "it was not registered by this project's register step, or by an older version of it: register the model with "
        "register or main",
    )


def describe_commit(tags: Mapping[str, str]) -> str | None:
    """The commit of the project that made a run, as ``git describe --dirty`` marks it; None without git."""
    commit = tags.get(GIT_COMMIT)
    return f"{commit}-dirty" if commit and GIT_DIRTY in tags else commit


def gate_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags, of a register run or a model version, with the terms of its gate and what each check said."""
    return {key: value for key, value in tags.items() if key.startswith(f"{GATE}.")}


def active_run() -> ActiveRun:
    """The run that is open in this process."""
    run = mlflow.active_run()
    if run is None:
        raise RuntimeError("no MLflow run is active")
    return run


def raise_if_unanswered(error: MlflowException) -> None:
    """Raise an error that is not about the request itself: the server is gone, or refuses this user."""
    if error.error_code in REFUSED or UNANSWERED in str(error):
        raise error


def classes_tag(classes: Sequence[str]) -> str:
    """The value of the tag ``CLASSES``, cut to what a tag holds."""
    return json.dumps(classes, ensure_ascii=False)[:MAX_TAG]


def metric_names(labels: Sequence[str]) -> dict[str, str]:
    """The form of each class name in metric names, distinct for each class.

    Characters that MLflow does not allow there become underscores; the second name that is the same then ends in 2.

    Args:
        labels: all classes of a model, in its order, so that a class has one name in all runs.
    """
    names: dict[str, str] = {}
    for label in labels:
        allowed = re.sub(r"[^\w.\- :]", "_", label)
        numbered = chain([allowed], (f"{allowed} {number}" for number in count(2)))
        names[label] = next(name for name in numbered if name not in names.values())
    return names
