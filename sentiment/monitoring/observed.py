"""What a champion has to do with now: texts of a labelled batch, or requests that were recorded."""

import time
from pathlib import Path

import mlflow
import pandas as pd

from sentiment.corpora.files import READERS, as_text, read_table
from sentiment.errors import UserError
from sentiment.serving.writer import MODEL

PAGE = 200  # traces that are fetched at a time


def read_batch(path, text_column, label_column, classes):
    """The texts of a file, and their labels where it has some.

    Args:
        path: a file that a corpus may be in, a str.
        text_column: its column with the texts.
        label_column: its column with the labels; the file need not have it, nor each row a label.
        classes: list of str, those of the champion.

    Returns:
        DataFrame with the columns text and label (None where there is none), rows without a text left out.

    Raises:
        UserError: the file cannot be read, has no text, or a label is no class of the champion.
    """
    if Path(path).suffix.lower() not in READERS:
        raise UserError(f"batch={path}: expected a file that ends in {', '.join(READERS)}")
    table = read_table(Path(path), f"the column {text_column} and, where they are known, {label_column}")
    if text_column not in table.columns:
        raise UserError(
            f"batch={path} has no column {text_column!r}: it has {', '.join(map(str, table.columns))}; "
            "name the right one with -P text_column="
        )
    texts = [as_text(value) for value in table[text_column]]
    known = label_column in table.columns
    labels = [as_text(value).strip() or None for value in table[label_column]] if known else [None] * len(texts)
    frame = pd.DataFrame({"text": texts, "label": pd.Series(labels, dtype=object)})
    frame = frame[frame["text"].str.strip() != ""].reset_index(drop=True)
    if frame.empty:
        raise UserError(f"batch={path}: no row has a text")
    strange = sorted(set(frame["label"].dropna()) - set(classes))
    if strange:
        raise UserError(
            f"batch={path}: label {strange[0]!r} is no class of the champion ({', '.join(classes)}); mend it, or name "
            "another column with -P label_column="
        )
    return frame


def recorded(name, experiment_id, hours):
    """The requests that ``serve -P record=true`` has recorded in the last hours.

    Args:
        name: registered model.
        experiment_id: where the traces are.
        hours: float.

    Returns:
        A tuple of two DataFrames: requests with at (ms since the epoch), latency_ms, version and error (None, or why),
        and texts with text (None where only its digest was kept), words, label (None), predicted, score and version.
    """
    since = int((time.time() - 3600 * hours) * 1000)
    asked = f"tags.`{MODEL}` = '{name}' AND timestamp_ms >= {since}"
    requests, texts, page = [], [], None
    while True:
        traces = mlflow.MlflowClient().search_traces(
            locations=[experiment_id], filter_string=asked, max_results=PAGE, page_token=page
        )
        for trace in traces:
            span = trace.data.spans[0]
            for given, answer in zip(span.inputs, span.outputs):
                requests.append({key: answer[key] for key in ("at", "latency_ms", "version", "error")})
                shown = given.get("texts") or [None] * len(given["words"])
                for row in zip(shown, given["words"], answer["labels"], answer["scores"]):
                    texts.append((*row, answer["version"]))
        page = traces.token
        if not page:
            break
    columns = ["text", "words", "predicted", "score", "version"]
    return (
        pd.DataFrame(requests, columns=["at", "latency_ms", "version", "error"]).sort_values("at", ignore_index=True),
        pd.DataFrame(texts, columns=columns).assign(label=None),
    )
