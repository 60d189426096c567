"""What the champion is monitored on: the texts of a batch, or recorded requests, with its predictions."""

from dataclasses import dataclass

import pandas as pd

from sentiment.commands import project_command
from sentiment.corpora.corpus import Corpus
from sentiment.errors import UserError
from sentiment.monitoring.observed import read_batch, read_recorded
from sentiment.monitoring.reference import Champion
from sentiment.registry.comparable_rows import trained_on, trained_on_digests


@dataclass(frozen=True)
class Observation:
    """Texts that the champion was not trained on, which would flatter it, and the requests that they came in.

    Args:
        texts: DataFrame with the columns words, unknown, score, predicted and label (None where it is not known), and
            text (None where it was not recorded).
        requests: DataFrame with the columns at, latency_ms, version and error; empty for a batch.
        source: what they are, in words.
    """

    texts: pd.DataFrame
    requests: pd.DataFrame
    source: str


def observe_batch(champion: Champion, batch: Corpus) -> Observation:
    """Describe the texts of a table.

    Args:
        champion: the champion.
        batch: where the table is; it need not have the column with the labels.

    Raises:
        UserError: the table cannot be read, or the champion was trained on all of its texts.
    """
    unseen, note = _drop_training_texts(champion, read_batch(batch, champion.features.classes))
    if unseen.empty:
        raise UserError(f"{batch.name}: the champion was trained on every text in it, so they say nothing about it")
    texts = champion.describe(unseen["text"].tolist()).assign(label=unseen["label"], text=unseen["text"])
    return Observation(texts, pd.DataFrame(), f"{len(texts)} texts of {batch.address}{note}")


def observe_requests(champion: Champion, experiment_id: str, hours: float) -> Observation:
    """Describe the requests of the last hours that this version was asked, and the texts in them.

    Args:
        champion: the champion.
        experiment_id: the experiment with the recorded requests.
        hours: how far to look back.

    Raises:
        UserError: no request was recorded, of whichever version.
    """
    name = champion.version.name
    requests, texts = read_recorded(name, experiment_id, hours)
    if requests.empty:
        raise UserError(
            f"there is nothing to look at: no request to {name} was recorded in the last {hours:g} hours "
            f"(`{project_command('serve', registered_model=name, record='true')}`), and no -P batch= is given"
        )
    own_requests, own_texts = (_select_own(part, champion) for part in (requests, texts))
    others = len(requests) - len(own_requests)
    own, note = _drop_training_texts(champion, own_texts)
    recorded_texts = own["text"].dropna()
    own["unknown"] = float("nan")
    if len(recorded_texts):
        own.loc[recorded_texts.index, "unknown"] = champion.unknown_words(recorded_texts.tolist())
    left_out = f" ({others} to other versions left out)" if others else ""
    source = f"{len(own_requests)} requests of the last {hours:g} hours{left_out}, {len(own)} texts{note}"
    return Observation(own, own_requests, source)


def _select_own(rows: pd.DataFrame, champion: Champion) -> pd.DataFrame:
    """The requests, or texts, of this version, and not of a deleted one of the same name and number."""
    version = champion.version
    is_own = (rows["version"] == str(version.version)) & (rows["at"] >= (version.creation_timestamp or 0))
    return rows[is_own].reset_index(drop=True)


def _drop_training_texts(champion: Champion, texts: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows whose text the champion was not trained on, and a note on how many were dropped."""
    known = trained_on(champion.dataset, texts["text"])
    if "sha256" in texts and texts["sha256"].notna().any():
        known = known | trained_on_digests(champion.dataset, texts["sha256"])
    unseen = texts[~known].reset_index(drop=True)
    dropped = len(texts) - len(unseen)
    return unseen, f" ({dropped} that the champion was trained on left out)" if dropped else ""
