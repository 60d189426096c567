import json
import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.errors import UserError
from sentiment.scoring.outputs.files import check, open_output
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


def test_bytes_are_text_and_what_json_has_no_number_for_is_null(tmp_path):
    given = {"key": [b"sch\xc3\xb6n", b"\xff", None], "mean": [0.5, float("nan"), float("inf")]}
    given["means"] = [[1.0, float("nan")], None, [float("inf")]]
    columns = pa.RecordBatch.from_pydict({"text": ["a", "b", "c"], **given})
    rows = ScoredRows(columns.schema)
    for suffix in (".csv", ".jsonl"):
        with open_output(str(tmp_path / f"scored{suffix}"), rows.schema) as output:
            output.write(rows.join(columns, [["pos"] * 3, [0.9] * 3, [None] * 3]))
    written = (tmp_path / "scored.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line, parse_constant=pytest.fail) for line in written]
    assert [row["mean"] for row in lines] == [0.5, None, None]
    assert [row["means"] for row in lines] == [[1.0, None], None, [None]]
    table = pd.read_csv(tmp_path / "scored.csv")
    assert table["means"][0] == "[1.0, null]"
    texts = table["key"].tolist()
    assert texts[:2] == ["schön", "\\xff"] == [row["key"] for row in lines][:2] and lines[2]["key"] is None


def test_a_name_in_other_letters_is_the_same_name_to_most_databases():
    assert output_names(["text", "Label", "input_label"]) == ["text", "input_input_Label", "input_label"]
    assert output_names(["label", "Label", "text"]) == ["input_label", "input_input_Label", "text"]


def test_two_runs_with_one_output_do_not_mix_and_the_later_one_is_refused(tmp_path):
    path, schema = tmp_path / "scored.jsonl", pa.schema([("text", pa.string())])
    first, later = (open_output(str(path), schema) for _ in range(2))
    with pytest.raises(UserError, match="scored.jsonl was written by another run meanwhile"), later, first:
        first.write(pa.RecordBatch.from_pydict({"text": ["first"]}))
        later.write(pa.RecordBatch.from_pydict({"text": ["later"]}))
    (kept,) = set(tmp_path.iterdir()) - {path}
    assert path.read_text() == '{"text": "first"}\n' and kept.read_text() == '{"text": "later"}\n'


def test_an_output_that_a_pattern_of_inputs_has_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("text\nfine\n")
    with pytest.raises(UserError, match="a.csv is the input"):
        check(str(tmp_path / "a.csv"), Corpus(str(tmp_path / "*.csv")), overwrite=True)
    os.link(tmp_path / "a.csv", tmp_path / "b.csv")  # as on a disk that takes a.csv and A.CSV for one file
    with pytest.raises(UserError, match="b.csv is the input"):
        check(str(tmp_path / "b.csv"), Corpus(str(tmp_path / "a.csv")), overwrite=True)


def test_bytes_as_parquet_views_are_text(tmp_path):
    columns = pa.RecordBatch.from_pydict({"text": ["a"], "key": pa.array([b"sch\xc3\xb6n"], pa.binary_view())})
    rows = ScoredRows(columns.schema)
    with open_output(str(tmp_path / "scored.csv"), rows.schema) as output:
        output.write(rows.join(columns, [["pos"], [0.9], [None]]))
    assert pd.read_csv(tmp_path / "scored.csv")["key"].tolist() == ["schön"]


def test_a_column_without_any_value_is_a_string_as_on_other_days(tmp_path):
    columns = pa.RecordBatch.from_pydict({"text": ["a"], "note": pa.nulls(1)})
    rows = ScoredRows(columns.schema)
    with open_output(str(tmp_path / "scored.parquet"), rows.schema) as output:
        output.write(rows.join(columns, [["pos"], [0.9], [None]]))
    assert pq.read_table(tmp_path / "scored.parquet").select(["note"]).schema == pa.schema([("note", pa.string())])
