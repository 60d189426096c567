"""Labels that are written in several ways."""

from decimal import Decimal

import mlflow
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import as_text, find_majority, find_variants, match_labels, normalize_label
from sentiment.corpora.reading import CorpusInput
from sentiment.workflow.parameters import IngestParameters
from steps.ingest import describe_variants, ingest


@pytest.mark.parametrize("normalize", [False, True])
def test_labels_in_several_ways_of_writing_are_said_or_made_one(tracked, tmp_path, capsys, normalize):
    rows = [
        (f"text {n}", label) for n, label in enumerate(["NEGATIVE", "negative", "Positive ", "so  so", "So so"] * 20)
    ]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "reviews.csv", index=False)
    parameters = IngestParameters(corpus=str(tmp_path / "reviews.csv"), normalize_labels=normalize)
    with mlflow.start_run():
        ingest(parameters, CorpusInput(parameters.source))
    printed = capsys.readouterr()
    if normalize:
        assert "in 3 classes (negative 40, positive 20, so so 40): " in printed.out
        assert "separate classes" not in printed.err
    else:
        assert "in 5 classes (NEGATIVE 20, Positive 20, So so 20, negative 20, so  so 20)" in printed.out
        assert "separate classes: 'NEGATIVE', 'negative'; 'So so', 'so  so'. -P normalize_labels=true" in printed.err


@pytest.mark.parametrize(
    "value, text",
    [
        (Decimal("1.50"), "1.5"),
        (Decimal("2.00"), "2"),
        (Decimal("-0.0"), "0"),
        (Decimal(10) ** 37, "1" + "0" * 37),
        (1e-7, "0.0000001"),
        (0.1, "0.1"),
        (float("inf"), "inf"),
        (float("nan"), ""),
        (True, "True"),
    ],
)
def test_a_number_has_one_spelling(value, text):
    assert as_text(value) == text


def test_numbers_of_32_bits_are_labels_as_they_are_written(tmp_path):
    table = pa.table({"text": ["a", "b", "c"], "label": pa.array([0.1, 1.0, None], pa.float32())})
    pq.write_table(table, tmp_path / "stars.parquet")
    assert CorpusInput(Corpus(str(tmp_path / "stars.parquet"))).read()["label"].tolist() == ["0.1", "1", ""]
    for others in (pa.array([0.1, 0.7, None]), pa.array([1, 2, None])):  # float64, int64
        pq.write_table(table.set_column(1, "label", others), tmp_path / "more.parquet")
        labels = CorpusInput(Corpus(str(tmp_path))).read()["label"].tolist()
        assert labels == [*map(as_text, others.to_pylist()), "0.1", "1", ""]


def test_labels_that_look_alike_or_are_equal_as_numbers_are_said_and_matched():
    composed, apart, unseen = "n\u00e9gatif", "ne\u0301gatif", "pos\u200b"
    variants = find_variants(["0", "0.0", "1.50", "1.5", "2", composed, apart, "pos", unseen, "3e1", "30"])
    assert variants == [["0", "0.0"], ["1.5", "1.50"], [apart, composed], ["pos", unseen]]
    assert r"'ne\u0301gatif', 'n\xe9gatif'; 'pos', 'pos\u200b'. -P normalize_labels=true" in describe_variants(variants)
    assert match_labels(["1.0", "0.0", apart, unseen, "", None], ["0", "1", composed, "pos"]) == [
        *("1", "0", composed, "pos"),
        *("", None),
    ]
    assert match_labels(["1.10", "1.1"], ["1.1", "1.10"]) == ["1.10", "1.1"]  # classes of their own
    assert normalize_label("7" * 5_000) == "7" * 5_000


def test_of_classes_with_as_many_texts_the_first_in_the_alphabet_is_the_majority():
    assert find_majority({"so so": 1, "pos": 2, "neg": 2}) == "neg"
