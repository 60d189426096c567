from collections import Counter

import mlflow
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
