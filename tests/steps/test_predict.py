from collections import Counter
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from sentiment.errors import UserError
from sentiment.scoring.rows import Totals
from sentiment.workflow.command_line import parse
from steps import predict as step
from steps.predict import predict


@pytest.mark.parametrize("given", ["parts/*.csv", "_hidden.csv"])
def test_what_spark_would_read_in_its_own_way_is_refused(given):
    arguments = [f"--input={given}", "--output=out.csv", "--engine=spark", "--spark_master=local[1]"]
    with pytest.raises(UserError, match="engine=spark takes one path, without .*, whose name does not begin with"):
        predict(parse("predict", arguments), hold=lambda: None)


@pytest.mark.parametrize(
    "given, name",
    [
        (["--input=sqlite:///shop.db", "--query=select 1 as text", "--output=scored.csv"], "input"),
        (["--input=reviews.csv", "--output=sqlite:///shop.db#scored"], "output"),
    ],
)
def test_spark_takes_paths_alone(given, name):
    with pytest.raises(UserError, match="^sqlite:.*: engine=spark reads and writes paths that end in"):
        predict(parse("predict", [*given, "--engine=spark", "--spark_master=local[1]"]), hold=lambda: None)


@pytest.mark.parametrize("classes", [["<3 Sterne", ">3 Sterne", "neutral"], []])
def test_labels_that_differ_in_signs_alone_are_counted_apart(tracked, tmp_path, monkeypatch, classes):
    (tmp_path / "a.csv").write_text("text\nfine\n")
    totals = Totals("a model", classes, Counter({">3 Sterne": 4, "<3 Sterne": 896, "neutral": 1}))
    monkeypatch.setattr(step, "score_here", lambda *given: totals)
    with mlflow.start_run() as run:
        predict(parse("predict", [f"--input={tmp_path}/a.csv", f"--output={tmp_path}/b.csv"]), hold=lambda: None)
    found = mlflow.get_run(run.info.run_id).data.metrics
    assert {name: count for name, count in found.items() if name.startswith("label.")} == {
        "label._3 Sterne": 896,
        "label._3 Sterne 2": 4,
        "label.neutral": 1,
    }


def use_model(monkeypatch, score):
    """Have texts scored by a function, of a model that was made from the text "known"."""
    names = {"uri": "models:/m/1", "version": "m version 1", "classes": ["neg", "pos"]}
    scorer = SimpleNamespace(columns=["label", "score", "reason"], score=score, **names)
    monkeypatch.setattr(step, "Scorer", lambda *_: scorer)
    monkeypatch.setattr(step, "training_texts", lambda _: {"known"})


def test_rows_without_a_text_and_those_that_the_model_fails_on_say_why_and_count_for_nothing_else(
    tracked, tmp_path, monkeypatch, capsys
):
    rows = [("good", "pos"), (" ", "pos"), ("fails", "neg"), ("bad", "pos"), ("Known!", "neg"), ("Known!", "")]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "a.csv", index=False)

    def score(texts):
        answers = {"good": ("pos", 0.9, None), "fails": (None, None, "the model fails"), None: (None, None, None)}
        return [list(column) for column in zip(*(answers.get(text, ("neg", 0.8, None)) for text in texts))]

    use_model(monkeypatch, score)
    with mlflow.start_run() as run:
        predict(parse("predict", [f"--input={tmp_path}/a.csv", f"--output={tmp_path}/b.csv"]), hold=lambda: None)
    scored = pd.read_csv(tmp_path / "b.csv")
    assert scored["reason"].fillna("").tolist() == ["", "the text is blank", "the model fails", "", "", ""]
    assert scored["label"].fillna("").tolist() == ["pos", "", "", "neg", "neg", "neg"]
    found = mlflow.get_run(run.info.run_id).data.metrics
    counts = {"rows": 6, "rows_not_scored": 2, "label.pos": 1, "label.neg": 3, "accuracy": 2 / 3}
    assert {name: found[name] for name in counts} == counts
    said = capsys.readouterr().out
    assert "2 rows were not scored, the first because the text is blank (row 2)" in said
    assert "on the 3 labels of the column label, 1 of which are labels of its training texts" in said


def test_rows_are_not_kept_where_the_run_was_stopped_at_the_end(tracked, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("text\nfine\n")
    use_model(monkeypatch, lambda _: [["pos"], [0.9], [None]])
    calls = iter([None])  # one batch

    def hold():
        if next(calls, "over") == "over":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), mlflow.start_run():
        predict(parse("predict", [f"--input={tmp_path}/a.csv", f"--output={tmp_path}/b.csv"]), hold)
    assert [path.name for path in tmp_path.glob("*.csv*")] == ["a.csv"]
