"""Labels that are written in several ways."""

import mlflow
import pandas as pd
import pytest

from sentiment.corpora.reading import CorpusInput
from sentiment.workflow.parameters import IngestParameters
from steps.ingest import ingest


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
        assert "these labels differ" not in printed.err
    else:
        assert "in 5 classes (NEGATIVE 20, Positive 20, So so 20, negative 20, so  so 20)" in printed.out
        assert "separate classes: 'NEGATIVE', 'negative'; 'So so', 'so  so'. -P normalize_labels=true" in printed.err
