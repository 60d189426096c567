"""The input of monitoring: the texts of a batch, or recorded requests, with the champion's predictions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import mlflow
import pandas as pd
import pyarrow as pa

from sentiment.commands import project_command
from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import match_labels
from sentiment.corpora.tables.kinds import open_table
from sentiment.corpora.tables.labelled import read_labelled
from sentiment.errors import UserError
from sentiment.monitoring.reference import Champion
from sentiment.registry.comparable_rows import trained_on, trained_on_digests
from sentiment.serving.recording import LONGEST
from sentiment.tracking import TRACE_MODEL

TRACES_PER_PAGE = 200


@dataclass(frozen=True)
class Observation:
    """Texts that the champion was not trained on (those would flatter it), and the requests that they came in.

    Args:
        texts: DataFrame with the columns words, unknown, score, predicted and label (None if unknown), and text (None
            if not recorded).
        requests: DataFrame with the columns at, latency_ms, version and error; empty for a batch.
        source: their description.
        batch: all rows of a batch, including those that the champion was trained on: columns text and label.
    """

    texts: pd.DataFrame
    requests: pd.DataFrame
    source: str
    batch: pd.DataFrame = field(default_factory=pd.DataFrame)


def observe_batch(champion: Champion, batch: Corpus) -> Observation:
    """Describe the texts of a table.

    Args:
        champion: the champion.
        batch: where the table is; it need not have the column with the labels.

    Raises:
        UserError: the table cannot be read, or the champion was trained on all of its texts.
    """
    rows = read_batch(batch, champion.features.classes)
    unseen, note = _drop_training_texts(champion, rows)
    if unseen.empty:
        raise UserError(f"{batch.name}: the champion was trained on every text in it: give texts that it has not seen")
    texts = champion.describe(unseen["text"].tolist()).assign(label=unseen["label"], text=unseen["text"])
    if failed := int(texts["predicted"].isna().sum()):
        note += f" ({failed} on which the champion fails)"
    source = f"{len(texts)} texts of {batch.address}{note}"
    return Observation(texts, pd.DataFrame(), source, rows)


def observe_requests(champion: Champion, experiment_id: str, hours: float) -> Observation:
    """Describe the requests of the last hours to this version, and the texts in them.

    Args:
        champion: the champion.
        experiment_id: the experiment with the recorded requests.
        hours: how far to look back.

    Raises:
        UserError: no request was recorded, to any version.
    """
    name = champion.version.name
    requests, texts = read_recorded(name, experiment_id, hours)
    if requests.empty:
        raise UserError(
            f"nothing to monitor: no request to {name} was recorded in the last {hours:g} hours "
            f"(`{project_command('serve', registered_model=name, record='true')}`), and no -P batch= is given"
        )
    own_requests, own_texts = (_select_own(part, champion) for part in (requests, texts))
    others = len(requests) - len(own_requests)
    own, note = _drop_training_texts(champion, own_texts, cut_at=LONGEST)
    recorded_texts = own["text"].dropna()
    own["unknown"] = float("nan")
    if len(recorded_texts):
        own.loc[recorded_texts.index, "unknown"] = champion.unknown_words(recorded_texts.tolist())
    left_out = f" ({others} for other versions left out)" if others else ""
    source = f"{len(own_requests)} requests of the last {hours:g} hours{left_out}, {len(own)} texts{note}"
    return Observation(own, own_requests, source)


def read_batch(batch: Corpus, classes: Sequence[str]) -> pd.DataFrame:
    """Read the texts of a table, and their labels if it has some (:func:`match_labels`).

    Args:
        batch: where it is; labels are not required in each row, a column of labels only if it was named.
        classes: class names of the champion.

    Returns:
        DataFrame with the columns text and label (None if there is none), without the rows that have no text.

    Raises:
        UserError: the table cannot be read, has no text, or a label is not a class of the champion.
    """
    rows = pa.Table.from_batches(read_labelled(open_table(batch), batch))
    labels = match_labels(rows["label"].to_pylist(), classes)
    frame = rows.select(["text"]).to_pandas()
    frame["label"] = pd.Series([label or None for label in labels], dtype=object)
    blank = frame["text"].str.strip() == ""
    frame = frame[~blank].reset_index(drop=True)
    if frame.empty:
        raise UserError(f"{batch.name}: no row has a text")
    if blank.any():
        print(f"monitor: {blank.sum():,} of {len(blank):,} rows of {batch.address} left out: no text", flush=True)
    unknown = sorted(set(frame["label"].dropna()) - set(classes))
    if unknown:
        raise UserError(
            f"{batch.name}: label {unknown[0]!r} is not a class of the champion ({', '.join(classes)}): correct it, or "
            "name another column with -P label_column="
        )
    return frame


def read_recorded(name: str, experiment_id: str, hours: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the requests that ``serve -P record=true`` has recorded.

    Args:
        name: registered model.
        experiment_id: the experiment that holds the traces.
        hours: how far back to look.

    Returns:
        Requests, with the columns at (ms since the epoch, ascending), latency_ms, version and error (None, or the
        reason); and their texts, with at, text and sha256 (each None if the other was kept), words, label (None),
        predicted, score and version.
    """
    since = int((time.time() - 3600 * hours) * 1000)
    query = f"tags.`{TRACE_MODEL}` = '{name}' AND timestamp_ms >= {since}"
    requests, texts, seen, page = [], [], set(), None
    while True:
        traces = mlflow.MlflowClient().search_traces(
            locations=[experiment_id], filter_string=query, max_results=TRACES_PER_PAGE, page_token=page
        )
        for trace in traces:
            if trace.info.trace_id in seen:  # pages are numbered, the latest first: a new trace shifts the others
                continue
            seen.add(trace.info.trace_id)
            span = trace.data.spans[0]
            for given, answer in zip(span.inputs, span.outputs):
                requests.append({key: answer[key] for key in ("at", "latency_ms", "version", "error")})
                kept = [given.get(key) or [None] * len(given["words"]) for key in ("texts", "sha256")]
                for row in zip(*kept, given["words"], answer["labels"], answer["scores"]):
                    texts.append((answer["at"], *row, answer["version"]))
        page = traces.token
        if not page:
            break
    columns = ["at", "text", "sha256", "words", "predicted", "score", "version"]
    return (
        pd.DataFrame(requests, columns=["at", "latency_ms", "version", "error"]).sort_values("at", ignore_index=True),
        pd.DataFrame(texts, columns=columns).assign(label=None),
    )


def _select_own(rows: pd.DataFrame, champion: Champion) -> pd.DataFrame:
    """The requests, or texts, of this version, not of a deleted one of the same name and number."""
    version = champion.version
    is_own = (rows["version"] == str(version.version)) & (rows["at"] >= (version.creation_timestamp or 0))
    return rows[is_own].reset_index(drop=True)


def _drop_training_texts(
    champion: Champion, texts: pd.DataFrame, cut_at: int | None = None
) -> tuple[pd.DataFrame, str]:
    """The rows whose text the champion was not trained on, and a note on how many were dropped."""
    known = trained_on(champion.dataset, texts["text"], cut_at)
    if "sha256" in texts and texts["sha256"].notna().any():
        known = known | trained_on_digests(champion.dataset, texts["sha256"])
    unseen = texts[~known].reset_index(drop=True)
    dropped = len(texts) - len(unseen)
    return unseen, f" (without {dropped} on which the champion was trained)" if dropped else ""
