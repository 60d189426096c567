"""What a champion is used on now: the texts of a batch, or the requests that a server has recorded."""

import time
from collections.abc import Sequence

import mlflow
import pandas as pd
import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import match_labels
from sentiment.corpora.tables.kinds import open_table
from sentiment.corpora.tables.labelled import read_labelled
from sentiment.errors import UserError
from sentiment.tracking import TRACE_MODEL

TRACES_PER_PAGE = 200


def read_batch(batch: Corpus, classes: Sequence[str]) -> pd.DataFrame:
    """Read the texts of a table, and their labels where it has some (:func:`match_labels`).

    Args:
        batch: where it is; a label in each row is not required, a column of labels only where it was named.
        classes: class names of the champion.

    Returns:
        DataFrame with the columns text and label (None where there is none), without the rows that have no text.

    Raises:
        UserError: the table cannot be read, has no text, or a label is not a class of the champion.
    """
    rows = pa.Table.from_batches(read_labelled(open_table(batch), batch, label_required=batch.label_required))
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
            f"{batch.name}: label {unknown[0]!r} is no class of the champion ({', '.join(classes)}): correct it, or "
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
        reason); and their texts, with at, text and sha256 (each None where the other was kept), words, label (None),
        predicted, score and version.
    """
    since = int((time.time() - 3600 * hours) * 1000)
    query = f"tags.`{TRACE_MODEL}` = '{name}' AND timestamp_ms >= {since}"
    requests, texts, page = [], [], None
    while True:
        traces = mlflow.MlflowClient().search_traces(
            locations=[experiment_id], filter_string=query, max_results=TRACES_PER_PAGE, page_token=page
        )
        for trace in traces:
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
