"""Files scored with the champion, broken rows among them."""

import json
import signal
import subprocess
import sys

import mlflow
import pandas as pd
import pytest

import steps.predict
from sentiment.errors import UserError
from sentiment.workflow.command_line import parse
from tests.conftest import PROJECT, runs, store
from tests.system.processes import environment, run_step, wait_for

BROKEN = (
    b"id,text,label\n"
    b"1,fine film,positive\n"
    b"2,,negative\n"
    b'3,"quoted, with\nnewline",x\n'
    b"4,too,many,fields,here\n"
    b"5\n"
    b"\n"
    b"6,   ,blank\n"
    b"7,caf\xe9 film,neg\n"
    b'8,"last ""quoted""",z\n'
)
LINES = (
    b'{"text": "good", "n": 1, "tags": ["a"]}\n'
    b"not json\n"
    b"\n"
    b'{"text": 3}\n'
    b'["x"]\n'
    b'{"text": "half \\ud83d"}\n'
    b'{"text": null, "n": 2}\n'
    b'{"n": 123456789012345678901234567890, "text": "ok"}\n'
    b"\xff\xfe\n"
)
REASONS = [
    None,
    "the text is missing",
    None,
    "the row has 5 fields, the header has 3; the surplus is fields, here",
    "the row has 1 field, the header has 3",
    "the text is blank",
    "the row is not UTF-8",
    None,
]
LINE_REASONS = [
    None,
    "line 2 is not JSON: Expecting value: line 1 column 1 (char 0)",
    "the text is not a string: 3",
    "line 5 is not a JSON object",
    "line 6 is not UTF-8",
    "the text is missing",
    None,
    "line 9 is not UTF-8",
]


def read(path):
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    elif path.suffix == ".jsonl":
        frame = pd.DataFrame([json.loads(line) for line in path.read_text().splitlines()])
    else:
        frame = pd.read_csv(path, sep={".csv": ",", ".tsv": "\t"}[path.suffix])
    return frame.astype(object).where(frame.notna(), None)


def step(folder, *arguments):
    """The step in this process, which has imported MLflow already; its own process is started below, once."""
    with store(folder), mlflow.start_run(tags={"mlflow.project.entryPoint": "predict"}):
        parameters = parse("predict", list(arguments))
        steps.predict.predict(parameters, hold=lambda: None)


def predict(folder, source, target, *more):
    step(folder, f"--input={source}", f"--output={target}", *more)
    return read(folder / target)


def model_of(folder):
    with store(folder):
        return mlflow.pyfunc.load_model("models:/sentiment@champion")


@pytest.mark.parametrize("kind", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_broken_rows_stay_in_their_places_with_the_reason(registered, kind, capsys):
    (registered / "broken.csv").write_bytes(BROKEN)
    scored = predict(registered, "broken.csv", f"scored{kind}")
    said = capsys.readouterr().out
    assert scored["id"].astype(str).tolist() == list("12345678") and scored["reason"].tolist() == REASONS
    good = [place for place, reason in enumerate(REASONS) if reason is None]
    expected = model_of(registered).predict(["fine film", "quoted, with\nnewline", 'last "quoted"'])
    assert scored["label"].iloc[good].tolist() == expected["label"].tolist()
    assert scored["score"].iloc[good].tolist() == pytest.approx(expected["score"].tolist())
    assert scored["label"].isna().sum() == scored["score"].isna().sum() == 5
    # A column of the input that is called as one of the output's is kept under another name.
    assert (
        scored["input_label"].iloc[0] == "positive"
        and f"column label of broken.csv is input_label in scored{kind}" in said
    )
    assert "3 of 8 rows of broken.csv scored by sentiment version 1" in said
    assert "5 rows were not scored, the first because the text is missing (row 2)" in said


def test_probabilities_of_all_classes_on_request_and_the_accuracy_where_there_are_labels(registered, capsys):
    texts = ["a gem", "dull and long", "fine", "awful"]
    expected = model_of(registered).predict(texts, params={"probabilities": True})
    labels = [expected["label"][0], "neither", None, expected["label"][3]]
    pd.DataFrame({"text": texts, "stars": labels}).to_csv(registered / "labelled.csv", index=False)
    scored = predict(registered, "labelled.csv", "all.csv", "--probabilities=true", "--label_column=stars")
    probabilities = ["probability_negative", "probability_positive"]
    assert list(scored) == ["text", "stars", "label", "score", *probabilities, "reason"]
    assert scored[probabilities].sum(axis=1).tolist() == pytest.approx([1.0] * 4)
    assert scored[probabilities].max(axis=1).tolist() == pytest.approx(expected["score"].tolist())
    assert "Accuracy 0.6667 on the 3 labels of the column stars" in capsys.readouterr().out
    assert runs(registered, "predict")[0].data.metrics["accuracy"] == pytest.approx(2 / 3)


def test_broken_lines_of_json_stay_in_their_places_with_the_reason(registered):
    (registered / "broken.jsonl").write_bytes(LINES)
    scored = predict(registered, "broken.jsonl", "lines.jsonl")
    assert scored["reason"].tolist() == LINE_REASONS
    assert scored["text"].tolist()[:5] == ["good", "not json", "3", '["x"]', '{"text": "half \\ud83d"}']
    assert scored["tags"].iloc[0] == '["a"]' and scored["n"].tolist()[6] == "123456789012345678901234567890"
    again = predict(registered, "lines.jsonl", "again.parquet")
    assert again["input_reason"].tolist() == LINE_REASONS


def test_a_parquet_file_keeps_its_columns_and_types(registered):
    frame = pd.DataFrame({"n": [1, 2, 3], "body": ["fine", None, "awful"], "parts": [[1.5], [], None]})
    frame.to_parquet(registered / "typed.parquet")
    scored = predict(registered, "typed.parquet", "typed_scored.parquet", "--text_column=body")
    again = pd.read_parquet(registered / "typed_scored.parquet")
    assert again["n"].dtype == "int64" and scored["parts"].iloc[0].tolist() == [1.5]
    assert scored["reason"].tolist() == [None, "the text is missing", None]
    flat = predict(registered, "typed.parquet", "typed.csv", "--text_column=body")
    assert flat["parts"].tolist() == ["[1.5]", "[]", None]


def test_what_a_run_of_it_leaves_in_mlflow(registered):
    pd.DataFrame({"text": ["fine", ""]}).to_csv(registered / "two.csv", index=False)
    predict(registered, "two.csv", "two_scored.csv")
    run = runs(registered, "predict")[0]
    assert (run.data.metrics["rows"], run.data.metrics["rows_not_scored"]) == (2, 1)
    assert run.data.tags["model"] == "sentiment version 1"
    assert [entry.dataset.name for entry in run.inputs.dataset_inputs] == ["two"]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], "predict needs input and output"),
        (["--input=none.csv", "--output=o.csv"], "input=none.csv: there is no such file"),
        (
            ["--input=here.csv", "--output=o.xlsx"],
            "output=o.xlsx: expected a path, or an address of s3://",
        ),
        (["--input=here.csv", "--output=here.csv"], "output=here.csv is the input"),
        (["--input=here.csv", "--output=there.csv"], "output=there.csv already exists"),
        (["--input=here.csv", "--output=nowhere/o.csv"], "there is no folder nowhere"),
        (["--input=here.csv", "--output=o.csv", "--text_column=body"], "has no column 'body': it has text"),
        (["--input=twice.csv", "--output=o.csv"], "has two columns text"),
        (
            ["--input=here.csv", "--output=o.csv", "--model=models:/sentiment@best"],
            "models:/sentiment@best: there is no such model",
        ),
        (["--input=here.csv", "--output=o.csv", "--engine=spark"], "engine=spark without spark_master"),
        (["--input=text.parquet", "--output=o.csv"], "input=text.parquet cannot be read as .parquet"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(registered, arguments, expected):
    (registered / "here.csv").write_text("text\nfine\n")
    (registered / "there.csv").write_text("mine\n")
    (registered / "twice.csv").write_text("text,text\na,b\n")
    (registered / "text.parquet").write_text("no parquet")
    with pytest.raises(UserError) as raised:
        step(registered, *arguments)
    assert expected in str(raised.value)
    assert (registered / "there.csv").read_text() == "mine\n" and not (registered / "o.csv").exists()
    assert not list(registered.glob(".*.partial"))


def test_an_output_is_overwritten_when_that_is_asked(registered):
    (registered / "one.csv").write_text("text\nfine\n")
    (registered / "old.csv").write_text("old\n")
    scored = predict(registered, "one.csv", "old.csv", "--overwrite=true")
    assert scored["label"].notna().all()


def test_a_lost_quote_ends_in_one_line(registered):
    with open(registered / "quote.csv", "w") as file:
        file.write('text\nfine\n"lost\n')
        file.writelines(f"{'a long film ' * 1000}\n" for _ in range(6_000))
    process = run_step("predict", "--input=quote.csv", "--output=quoted.csv", cwd=registered)
    assert process.returncode == 1 and "is a closing quote missing" in process.stderr
    assert "Traceback" not in process.stderr and not (registered / "quoted.csv").exists()
    assert not list(registered.glob(".*.partial"))


def test_memory_does_not_grow_with_the_file_and_a_stopped_one_leaves_no_output(registered):
    reviews = pd.read_csv(PROJECT / "sentiment" / "corpora" / "sample" / "reviews.csv")["text"]
    # What is scored takes the time of it: a few words, beside which a row has all the others.
    rows = pd.DataFrame({"text": reviews.str.split().str[:3].str.join(" "), "review": reviews})
    pd.concat([rows] * 20).to_csv(registered / "some.csv", index=False)
    pd.concat([rows] * 120).to_csv(registered / "many.csv", index=False)

    def peak(source, target):
        code = (
            "import resource, sys; from steps.__main__ import start; start('predict', sys.argv[1:]);"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        command = [sys.executable, "-c", code, f"--input={source}", f"--output={target}"]
        done = subprocess.run(
            command, cwd=registered, env=environment(PYTHONPATH=str(PROJECT)), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout.split()[-1])

    assert peak("many.csv", "many.parquet") < 1.1 * peak("some.csv", "some.parquet")

    command = [sys.executable, "-m", "steps", "predict", "--input=many.csv", "--output=stopped.csv"]
    process = subprocess.Popen(
        command, cwd=registered, env=environment(PYTHONPATH=str(PROJECT)), stderr=subprocess.PIPE
    )
    wait_for(lambda: process.poll() is not None or list(registered.glob(".stopped.csv.*.partial")))
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM and not (registered / "stopped.csv").exists()
    assert runs(registered, "predict")[0].info.status == "KILLED"
