"""Each step as a process of its own, on a store of its own."""

import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from tests.conftest import PROJECT, create_store, runs, store
from tests.system.processes import FAST_SEARCH, children_of, environment, run_here, run_project, run_step, run_steps


def test_steps_find_the_latest_run_of_the_step_before(registered):
    (ingest,) = runs(registered, "ingest")
    (featurize,) = runs(registered, "featurize")
    (compare,) = runs(registered, "compare")
    assert featurize.data.tags["ingest_run"] == ingest.info.run_id == compare.data.tags["ingest_run"]
    with store(registered) as client:
        assert client.get_model_version_by_alias("sentiment", "champion").tags["compare_run"] == compare.info.run_id


def test_splits_are_parquet_with_id_text_label_and_slice_and_share_no_text(registered):
    (ingest,) = runs(registered, "ingest")
    with store(registered):
        path = mlflow.artifacts.download_artifacts(f"{ingest.info.artifact_uri}/dataset")
    parts = [pd.read_parquet(f"{path}/{name}.parquet") for name in ("train", "validation", "test")]
    assert all(list(part.columns) == ["id", "text", "label", "slice"] for part in parts)
    together = pd.concat(parts)
    assert together["text"].is_unique and len(together) == 2216 and 0.15 < len(parts[2]) / 2216 < 0.25


def test_a_word_of_the_test_split_alone_is_unknown_to_the_features(tmp_path):
    rows = [(f"good film {number}", "pos") for number in range(40)]
    rows += [(f"bad film {number}", "neg") for number in range(40, 80)]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "corpus.csv", index=False)
    assert run_step("ingest", "--corpus=corpus.csv", cwd=tmp_path).returncode == 0
    (ingest,) = runs(tmp_path, "ingest")
    with store(tmp_path):
        dataset = mlflow.artifacts.download_artifacts(f"{ingest.info.artifact_uri}/dataset")
    train, test = (pd.read_parquet(f"{dataset}/{name}.parquet") for name in ("train", "test"))
    numbers = [set(" ".join(part["text"]).split()) for part in (train, test)]
    assert numbers[1] - numbers[0], "the corpus has words that stand in the test split alone"
    process = run_step("featurize", cwd=tmp_path)
    assert process.returncode == 0
    assert "warning: 33% of the validation split's words are unknown" in process.stderr
    (featurize,) = runs(tmp_path, "featurize")
    with store(tmp_path):
        features = mlflow.artifacts.download_artifacts(f"{featurize.info.artifact_uri}/features")
    learned = [Path(features, name).read_text(encoding="utf-8").split() for name in ("vocabulary.txt", "terms.txt")]
    assert set().union(*learned) <= numbers[0]
    ids = np.load(f"{features}/train_ids.npy", mmap_mode="r")
    assert ids.dtype == np.int32 and ids.shape == (len(train), featurize.data.metrics["max_length"])


def test_train_is_one_point_with_its_epochs_and_a_model(registered):
    arguments = ("family=lstm", "units=8", "epochs=2")
    process = run_project("-e", "train", *(part for one in arguments for part in ("-P", one)), cwd=registered)
    assert process.returncode == 0, process.stderr[-3000:]
    train = runs(registered, "train")[0]
    assert train.info.run_name.startswith("lstm embedding_size=64 units=8")
    assert "outside of the search space: units=8 (16 to 64 in steps of 16)" in process.stdout
    assert train.data.params["units"] == "8" and train.data.params["dropout"] == "0.3"
    with store(registered) as client:
        assert [metric.step for metric in client.get_metric_history(train.info.run_id, "val_loss")] == [1, 2]
        answer = mlflow.pyfunc.load_model(train.data.tags["model_uri"]).predict(["fine"])
    assert answer["label"][0] in ("negative", "positive")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (
            ["--family=lstm", "--units", "64.5"],
            "units=64.5 is outside the space of lstm: expected embedding_size: 32 to 128",
        ),
        (["--family=lstm", "--unit", "64"], "lstm has no hyperparameter unit: expected"),
        (
            ["--family=forest"],
            "unknown family 'forest': expected one of dense, encoder, finetuned, lstm, pipeline, simple, transformer",
        ),
        (["--featurize_run=0123456789abcdef0123456789abcdef"], "there is no such run"),
    ],
)
def test_train_refuses_what_is_no_point_of_the_family(registered, arguments, expected):
    fails_with_one_line(run_here("train", *arguments, cwd=registered), expected, registered, "train")


def test_a_step_by_hand_points_to_the_run_that_has_its_result_and_the_next_step_follows(registered):
    first = runs(registered, "tune")[-1]
    for arguments, reused in ((["--reuse=true"], True), ([], False), (["--reuse=true", "--max_evals=2"], False)):
        run_steps(registered, [*FAST_SEARCH, *arguments])
        latest = runs(registered, "tune")[0]
        assert (latest.data.tags.get("step.reused") == first.info.run_id) == reused
        same = "--max_evals=2" not in arguments
        assert (latest.data.tags["step.fingerprint"] == first.data.tags["step.fingerprint"]) == same
        if reused:
            assert latest.data.tags["step.output_digest"] == first.data.tags["step.output_digest"]
            assert run_step("compare", f"--tune_runs={latest.info.run_id}", cwd=registered).returncode == 0
            compare = runs(registered, "compare")[0]
            with store(registered):
                rows = mlflow.artifacts.load_dict(f"{compare.info.artifact_uri}/comparison.json")["rows"]
            assert [row["tune_run"] for row in rows] == [first.info.run_id]


def test_the_same_point_of_a_sweep_is_fitted_once(registered):
    point = ["--family=simple", "--classifier=multinomial_nb", "--alpha=0.5", "--reuse=true"]
    for arguments, reused in ((point, False), (point, True), ([*point[:2], "--alpha=0.6", point[3]], False)):
        run_steps(registered, ["train", *arguments])
        assert ("step.reused" in runs(registered, "train")[0].data.tags) == reused


def test_a_run_of_another_step_is_refused(registered):
    (ingest,) = runs(registered, "ingest")
    process = run_here("tune", f"--featurize_run={ingest.info.run_id}", cwd=registered)
    fails_with_one_line(process, "this is a run of ingest; expected the id of a featurize run", registered, "tune")


@pytest.mark.parametrize("chosen, client", [({}, "None"), ({"MLFLOW_DISABLE_TELEMETRY": "false"}, "TelemetryClient")])
def test_a_step_starts_no_telemetry_unless_the_user_does(tmp_path, chosen, client):
    """It removes a variable of the environment at any time; ``requests`` may be reading them."""
    code = (
        "import atexit, sys; from steps.__main__ import start; "
        "atexit.register(lambda: print(sys.modules['mlflow.telemetry'].get_telemetry_client())); "
        "start('predict', ['--help'])"
    )
    env = environment(PYTHONPATH=str(PROJECT), HOME=str(tmp_path), **chosen)
    no_tests = {name: value for name, value in env.items() if name not in ("PYTEST_CURRENT_TEST", "CI")}
    process = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=no_tests, capture_output=True, text=True)
    assert client in process.stdout.splitlines()[-1], process.stderr


def test_a_failed_trial_is_a_failed_child_and_tuning_goes_on(tmp_path):
    """A class of one training document: the SVM's calibration cannot be fitted, other classifiers can."""
    rows = [(f"good film number {number % 7} and {number}", "pos") for number in range(30)]
    rows += [(f"bad film {number}", "neg") for number in range(3)]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "corpus.csv", index=False)
    create_store(tmp_path)
    shares = ["--test_size=0.34", "--validation_size=0.5"]
    earlier = (  # which let such a class through
        "import sys; from sentiment.corpora import splits; from steps.__main__ import start; "
        "splits.FEWEST = splits.NEEDED['train'] = 1; "
        "start('ingest', sys.argv[1:])"
    )
    ingest = [sys.executable, "-c", earlier, "--corpus=corpus.csv", *shares]
    subprocess.run(ingest, cwd=tmp_path, env=environment(PYTHONPATH=str(PROJECT)), check=True)
    process = run_step("tune", "--max_evals=6", "--algo=random", cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    (tune,) = runs(tmp_path, "tune")
    trials = [run for run in children_of(tmp_path, tune) if "trial" in run.data.tags]
    failed = [run for run in trials if run.info.status == "FAILED"]
    assert len(trials) == 6 and 0 < len(failed) < 6
    assert all(run.data.tags["error"].startswith("InvalidParameterError: The 'cv' parameter") for run in failed)
    with store(tmp_path) as client:
        assert [file.path for file in client.list_artifacts(failed[0].info.run_id)] == ["traceback.txt"]
    process = run_step("tune", "--max_evals=1", cwd=tmp_path)
    assert process.returncode == 1
    assert "error: all 1 trials of simple failed, the first with InvalidParameterError" in process.stderr


def fails_with_one_line(process, expected, folder, step):
    """The contract of a user's mistake: one line, exit status 1, and the run FAILED with the line as its tag."""
    lines = process.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert process.returncode == 1 and "Traceback" not in process.stderr, process.stderr
    assert len(set(errors)) == 1 and expected in errors[0], process.stderr  # main repeats that of a step
    latest = runs(folder, step)[0]
    assert latest.info.status == "FAILED" and latest.data.tags["error"] == errors[0].removeprefix("error: ")


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "latin.csv").write_bytes("text,label\nschön,pos\n".encode("latin-1"))
    (folder / "columns.csv").write_text("review,stars\nfine,5\n")
    (folder / "rare.csv").write_text(
        "text,label\n" + "".join(f"text {n},{'b' if n == 0 else 'a'}\n" for n in range(50))
    )
    return folder


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["corpus=no_such_corpus"], "unknown corpus 'no_such_corpus'"),
        (["corpus=missing.csv"], "corpus=missing.csv: there is no such file"),
        (["corpus=latin.csv"], "not UTF-8"),
        (["corpus=columns.csv", "text_column=review"], "no column 'label': it has review, stars"),
        (["corpus=rare.csv"], "a class has too few documents"),
        (["test_size=1"], "test_size=1: expected a number between 0 and 1"),
        (["corpus=a'b\"c;`touch x`$(touch x).csv"], "corpus=a'b\"c;`touch x`$(touch x).csv: there is no such file"),
    ],
)
def test_ingest_answers_a_mistake_with_one_line(mistakes, arguments, expected):
    process = run_here("ingest", *(f"--{argument}" for argument in arguments), cwd=mistakes)
    fails_with_one_line(process, expected, mistakes, "ingest")


@pytest.mark.parametrize(
    "argument, expected",
    [
        ("max_evals=-1", "max_evals=-1: expected a whole number from 0"),
        (
            "families=simple,forest",
            "unknown family 'forest': expected one of dense, encoder, finetuned, lstm, pipeline, simple, transformer",
        ),
    ],
)
def test_main_answers_a_mistake_with_one_line_and_registers_nothing(tmp_path, argument, expected):
    ends_with_one_line_and_nothing_registered(run_step("main", f"--{argument}", cwd=tmp_path), expected, tmp_path)


def test_mlflow_run_hands_on_what_a_shell_would_run(tmp_path):
    create_store(tmp_path)
    corpus = "`touch pwned`;\"touch pwned\" 'x'.csv"
    process = run_project("-P", f"corpus={corpus}", cwd=tmp_path)
    ends_with_one_line_and_nothing_registered(process, f"corpus={corpus}: there is no such file", tmp_path)
    last = [line for line in process.stderr.splitlines() if " mlflow.cli: " not in line][-1]
    assert last.startswith(f"error: corpus={corpus}: there is no such file")


def ends_with_one_line_and_nothing_registered(process, expected, tmp_path):
    fails_with_one_line(process, expected, tmp_path, "main")
    found = {run.data.tags["mlflow.project.entryPoint"]: run for run in runs(tmp_path)}
    ahead = found.pop("featurize", None)  # where it had started already, it is ended, unless it has seen the failure
    if ahead and ahead.info.status == "FAILED":
        assert ahead.data.tags["error"] == f"the ingest run {found['ingest'].info.run_id} ended as FAILED"
    else:
        assert ahead is None or ahead.info.status == "KILLED"
    assert {run.info.status for run in found.values()} == {"FAILED"} and "main" in found
    with store(tmp_path) as client:
        assert client.search_registered_models() == []
    assert not list(tmp_path.glob("**/pwned"))


def test_a_server_that_does_not_answer_is_named_at_once(tmp_path):
    process = run_step("ingest", cwd=tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert process.returncode == 1 and "Traceback" not in process.stderr
    assert process.stderr.startswith("error: the tracking server http://127.0.0.1:9 does not answer")


def test_movie_reviews_is_ingested_by_its_name(movie_reviews, tmp_path):
    process = run_step("ingest", "--corpus=movie_reviews", cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    assert (
        "2000 documents of movie_reviews in 2 classes (neg 1000, pos 1000): 1265 train, 331 validation, 404 test"
        in process.stdout
    )
