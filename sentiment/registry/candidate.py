"""A model that may become champion, with all that the gate's checks use."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel

from sentiment.artifacts import artifacts
from sentiment.commands import project_command
from sentiment.corpora.splits import comparison_form
from sentiment.errors import UserError
from sentiment.registry.comparable_rows import NotComparable, comparable_rows, read_classes
from sentiment.results import has_model, load_model
from sentiment.runs import checked_run
from sentiment.tracking import COMPARISON_DIGEST, INGEST_RUN, OUTPUT_DIGEST, TEST_PREDICTIONS, origin


@dataclass(frozen=True)
class Candidate:
    """The winner of a comparison, and the champion that it would replace.

    Args:
        row: the winner's row of comparison.json.
        compare_run: the compare run that it won.
        champion: the champion's version, or None if there is none.
    """

    row: Mapping[str, Any]
    compare_run: Run
    champion: ModelVersion | None

    @cached_property
    def is_champion(self) -> bool:
        """Whether this model is already the champion, and its files are intact."""
        return self.champion is not None and self._equals_champion and has_model(self._champion_uri)

    @property
    def champion_version(self) -> str | None:
        return None if self.champion is None else str(self.champion.version)

    @cached_property
    def classes(self) -> list[str]:
        return read_classes(origin(self.compare_run))

    @property
    def obstacle(self) -> str | None:
        """Why it cannot be compared with the champion; None if it can be, or if there is no other model."""
        return self._unseen if isinstance(self._unseen, str) else None

    @property
    def has_comparable_champion(self) -> bool:
        """Whether there is another model to compare it with."""
        return isinstance(self._unseen, np.ndarray)

    @cached_property
    def unseen_test(self) -> pd.DataFrame:
        """The test predictions on the documents of :func:`comparable_rows`; needs a comparable champion.

        The columns are those of the dataset (id, text, label) and FAMILY.label and FAMILY.score of each family.
        """
        return pd.read_parquet(artifacts(self.compare_run.info.run_id, TEST_PREDICTIONS))[self._unseen]

    @cached_property
    def seen_texts(self) -> set[str]:
        """The comparison form of the other test texts, which a comparable champion may have seen."""
        assert isinstance(self._unseen, np.ndarray)
        test = pd.read_parquet(artifacts(self.compare_run.info.run_id, TEST_PREDICTIONS), columns=["text"])
        return set(test["text"][~self._unseen].map(comparison_form))

    @cached_property
    def champion_model(self) -> PyFuncModel:
        """The champion, loaded; needs a champion.

        Raises:
            UserError: it cannot be loaded.
        """
        assert self.champion is not None
        try:
            return load_model(self._champion_uri)
        except (UserError, MlflowException, OSError, ImportError) as error:
            rollback = project_command("rollback", registered_model=self.champion.name)
            raise UserError(
                f"the champion, {self._champion_uri}, cannot be loaded ({error}), so nothing can be compared with it: "
                f"repair it, restore the previous champion (`{rollback}`), or delete its alias"
            ) from error

    @property
    def _champion_uri(self) -> str:
        assert self.champion is not None
        return f"models:/{self.champion.name}/{self.champion.version}"

    @property
    def _equals_champion(self) -> bool:
        digest = comparison_digest(self.compare_run)
        return self.champion is not None and self.champion.tags.get(COMPARISON_DIGEST) == digest

    @cached_property
    def _unseen(self) -> np.ndarray | str | None:
        """The documents of :func:`comparable_rows`, or why there is no comparison, or None without a champion."""
        if self.champion is None or self._equals_champion:
            return None
        ingest_run = checked_run(INGEST_RUN, origin(self.compare_run).ingest_run, "ingest")
        try:
            return comparable_rows(self.champion, self.classes, ingest_run)
        except NotComparable as reason:
            return str(reason)


def comparison_digest(compare_run: Run) -> str | None:
    """The digest of a comparison's models. That of its result also changes with the rule of choice."""
    tags = compare_run.data.tags
    return tags.get(COMPARISON_DIGEST, tags.get(OUTPUT_DIGEST))  # earlier releases had one digest for both
