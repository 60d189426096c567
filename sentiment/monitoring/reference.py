"""The champion and its test split, the reference that new texts are compared with."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
from mlflow.entities.model_registry import ModelVersion

from sentiment.artifacts import artifacts, log_parquet
from sentiment.corpora.labels import HUMAN, LABELLED_BY
from sentiment.corpora.lengths import count_words
from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.runs import checked_run
from sentiment.scoring.scorer import Scorer
from sentiment.tracking import DATASET, FEATURES, FEATURIZE_RUN, INGEST_RUN, TUNE_RUN, origin, version_origin


@dataclass(frozen=True)
class Champion:
    """A champion, and what it was trained on.

    Args:
        version: the registered version.

    Raises:
        UserError: on access to something that was deleted, or is unknown since the version was not registered by this
            project.
    """

    version: ModelVersion

    @cached_property
    def scorer(self) -> Scorer:
        return Scorer(f"models:/{self.version.name}/{self.version.version}")

    @cached_property
    def dataset(self) -> Path:
        """The folder of its dataset."""
        return artifacts(self._find_run(INGEST_RUN, version_origin(self.version).ingest_run, "ingest"), DATASET)

    @cached_property
    def features(self) -> Features:
        featurize_run = version_origin(self.version).get(FEATURIZE_RUN)
        if featurize_run is None:  # registered by an older version of this project
            tune_runs = version_origin(self.version).tune_run  # the members of an ensemble have the same features
            tune_run = self._find_run(TUNE_RUN, tune_runs.split(",")[0], "tune")
            featurize_run = origin(mlflow.get_run(tune_run)).featurize_run
        return Features(artifacts(self._find_run(FEATURIZE_RUN, featurize_run, "featurize"), FEATURES), self.dataset)

    def _find_run(self, tag: str, run_id: str, entry_point: str) -> str:
        """The id of the run with the result of one of the version's earlier steps; see :func:`checked_run`."""
        try:
            return checked_run(tag, run_id, entry_point).info.run_id
        except UserError as error:
            raise UserError(
                f"{self.version.name} version {self.version.version} cannot be monitored: the {entry_point} run "
                f"{run_id} behind it was deleted: `mlflow runs restore --run-id {run_id}`; if it has been "
                "purged, remove the alias champion and register the model again, with main and -P reuse=false"
            ) from error

    def describe(self, texts: list[str]) -> pd.DataFrame:
        """One row for each text: its number of words, the share of unknown ones, its predicted label and the score."""
        labels, scores, _ = self.scorer.score(texts)
        return pd.DataFrame(
            {
                "words": [count_words(text) for text in texts],
                "unknown": self.unknown_words(texts),
                "score": np.array(scores, dtype=float),
                "predicted": labels,
            }
        )

    def unknown_words(self, texts: list[str]) -> list[float]:
        """Share of the words of each text that are not in the vocabulary, 0 to 1; NaN for a text without words."""
        known = set(self.features.vocabulary.words)
        tokens = self.features.network_tokens(texts)
        return [float(np.mean([token not in known for token in found])) if found else np.nan for found in tokens]

    def get_reference(self, run_id: str) -> pd.DataFrame:
        """The description of the test split, with human labels only; computed once and kept as an artifact of a run.

        A model agrees more with labelers whose labels it has learned than with people: the difference would look like
        a fall in accuracy.

        The test split is used because the model was not fitted to it: in the training split there are no unknown
        words, and the scores are higher.

        Args:
            run_id: the monitoring run of the registered model.
        """
        # After a model is deleted and registered again, the same version numbers are of other models.
        # The last number is the version of word counting: without one, words were split only at white space.
        path = f"reference/version_{self.version.version}_{text_digest(self.version.source or '')[:8]}_2.parquet"
        try:
            return pd.read_parquet(artifacts(run_id, path))
        except (UserError, OSError, pa.ArrowInvalid):  # the first time, or only written in part
            test = pd.read_parquet(self.dataset / "test.parquet")
            if LABELLED_BY in test:
                test["label"] = test["label"].where(test[LABELLED_BY] == HUMAN, None)
            found = self.describe(test["text"].tolist()).assign(label=test["label"])
            log_parquet(found, path, run_id)
            return found
