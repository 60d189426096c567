import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.scoring.outputs.files import open_output
from sentiment.scoring.scored import ScoredRows, output_names


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_no_column_is_lost_to_a_name_that_the_input_has_as_well(tmp_path, suffix):
    columns = pa.RecordBatch.from_pydict({"text": ["a"], "label": ["mine"], "input_label": ["yours"], "score": [3]})
    path = tmp_path / f"scored{suffix}"
    rows = ScoredRows(columns.schema)
    with open_output(str(path), rows.schema) as output:
        output.write(rows.join(columns, [["pos"], [0.9], [None]]))
    if suffix == ".parquet":
        (row,) = pq.read_table(path).to_pylist()
    elif suffix == ".jsonl":
        row = json.loads(path.read_text())
    else:
        (row,) = pd.read_csv(path, sep={".csv": ",", ".tsv": "\t"}[suffix]).to_dict("records")
    row.pop("reason")
    assert row == {
        "text": "a",
        "input_input_label": "mine",
        "input_label": "yours",
        "input_score": 3,
        "label": "pos",
        "score": 0.9,
    }
    assert rows.renamed == {"label": "input_input_label", "score": "input_score"}


def test_scoring_a_scored_file_again_keeps_all_columns():
    once = [*output_names(["text", "label"]), "label", "score", "reason"]
    twice = [*output_names(once), "label", "score", "reason"]
    assert len(set(twice)) == len(twice) == 8


def test_an_error_leaves_no_output(tmp_path):
    with pytest.raises(ValueError), open_output(str(tmp_path / "scored.jsonl"), pa.schema([("text", pa.string())])):
        raise ValueError
    assert list(tmp_path.iterdir()) == []
