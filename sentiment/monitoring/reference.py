"""What the champion was made with: the texts that it has not been fitted to, and what it makes of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.registry.comparable_rows import split_texts, trained_on
from sentiment.scoring.scorer import Scorer
from sentiment.tracking import artifacts, checked_run, log_parquet


@dataclass(frozen=True)
class Champion:
    """A champion and its origin.

    Args:
        version: its ``ModelVersion``.

    Raises:
        UserError: what it was made of is not known, or gone.
    """

    version: object

    @cached_property
    def scorer(self):
        return Scorer(f"models:/{self.version.name}/{self.version.version}")

    @cached_property
    def dataset(self):
        """The folder of its dataset, a Path."""
        return artifacts(checked_run("ingest_run", self._tag("ingest_run"), "ingest").info.run_id, "dataset")

    @cached_property
    def features(self):
        tune_run = checked_run("tune_run", self._tag("tune_run"), "tune")
        return Features(artifacts(tune_run.data.tags["featurize_run"], "features"), self.dataset)

    def described(self, texts):
        """Words, share of unknown words, label and score of some texts: a DataFrame, one row a text."""
        labels, scores, _ = self.scorer.score(texts)
        return pd.DataFrame(
            {
                "words": [len(text.split()) for text in texts],
                "unknown": self.unknown_words(texts),
                "score": np.array(scores, dtype=float),
                "predicted": labels,
            }
        )

    def unknown_words(self, texts):
        """Share of the words of each text that are not in the vocabulary: a list of floats, NaN for a text without words."""
        known = set(self.features.vocabulary.words)
        tokens = (self.features.cleaner.tokens(text) for text in texts)
        return [float(np.mean([token not in known for token in found])) if found else np.nan for found in tokens]

    def reference(self, run_id):
        """The test split described, with its labels; kept as an artifact of the monitoring run, so that it is done once.

        The training split would not do: its words are all known, and the model is surer of what it was fitted to.
        """
        path = f"reference/version_{self.version.version}.parquet"
        try:
            return pd.read_parquet(artifacts(run_id, path))
        except UserError:  # not there yet
            test = pd.read_parquet(self.dataset / "test.parquet")
            found = self.described(test["text"].tolist()).assign(label=test["label"])
            log_parquet(found, path, run_id)
            return found

    def trained_on(self, texts):
        """Whether each text, a Series, was there when the champion was made, other than in its test split: bool array."""
        return trained_on(split_texts(self.dataset), texts)

    def _tag(self, name):
        if name not in self.version.tags:
            raise UserError(
                f"{self.version.name} version {self.version.version} has no tag {name}: it was not registered by this "
                "project, so there is nothing to compare with"
            )
        return self.version.tags[name]
