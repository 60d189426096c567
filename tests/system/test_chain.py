"""The whole chain on the sample, from a git URL, and what it leaves behind."""

import json
import re
import subprocess
import sys

import mlflow
import pandas as pd
import pytest

from tests.conftest import PROJECT, copy_store, runs, store
from tests.system.processes import environment, run_project, run_steps

STEPS = ["ingest", "featurize", "tune", "tune", "tune", "compare", "register"]


def test_steps_are_nested_under_main_and_trials_under_their_tune_run(chain):
    folder, _ = chain
    (main,) = runs(folder, "main")
    children = [run for run in runs(folder) if run.data.tags.get("mlflow.parentRunId") == main.info.run_id]
    assert sorted(run.data.tags["mlflow.project.entryPoint"] for run in children) == sorted(STEPS)
    assert {run.info.status for run in [main, *children]} == {"FINISHED"}
    for tune in runs(folder, "tune"):
        trials = [run for run in runs(folder) if run.data.tags.get("mlflow.parentRunId") == tune.info.run_id]
        assert len(trials) == 2
        assert {run.info.run_name for run in trials} == {
            f"{tune.data.tags['family']}-01",
            f"{tune.data.tags['family']}-02",
        }
        for trial in trials:
            assert trial.data.params and "train_seconds" in trial.data.metrics
            assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(trial.data.metrics)


def test_tracking_data_is_in_the_callers_folder_alone(chain, clone):
    folder, _ = chain
    assert (folder / "mlflow.db").is_file() and (folder / "mlruns").is_dir()
    assert not (clone / "mlflow.db").exists() and not (clone / "mlruns").exists()
    with store(folder):
        assert all(run.info.artifact_uri.startswith(str(folder)) for run in runs(folder))


def test_summary_says_what_won_and_what_to_type_next(chain):
    folder, process = chain
    (compare,) = runs(folder, "compare")
    assert f"{compare.data.tags['winner']} wins: the " in process.stdout
    assert "sentiment version 1 is champion" in process.stdout
    assert "mlflow ui --backend-store-uri" in process.stdout and "mlflow models serve" in process.stdout
    assert "Traceback" not in process.stderr


def test_comparison_has_every_family_and_the_winner_has_the_best_validation_accuracy(chain):
    folder, _ = chain
    (compare,) = runs(folder, "compare")
    with store(folder):
        comparison = mlflow.artifacts.load_dict(f"{compare.info.artifact_uri}/comparison.json")
    rows = comparison["rows"]
    families = {row["family"] for row in rows}  # two epochs are few: here an ensemble need not gain anything
    assert families - {"ensemble"} == {"simple", "lstm", "transformer"}
    assert comparison["winner"] == max(rows, key=lambda row: row["validation_accuracy"])["family"]
    for row in rows:
        assert 0 <= row["test_accuracy_low"] <= row["test_accuracy"] <= row["test_accuracy_high"] <= 1
        assert row["latency_ms_p50"] <= row["latency_ms_p95"]
        assert row["model_bytes"] > 1000 and row["train_seconds"] > 0
        assert {"f1_macro", "roc_auc", "log_loss"} <= set(row)
    assert len(comparison["pairs"]) == len(families) * (len(families) - 1) / 2
    assert {"difference", "low", "high", "p_corrected"} <= set(comparison["pairs"][0])
    # Nothing that was optimised is compared: the half of the validation split that is kept for the choice.
    (ingest,) = runs(folder, "ingest")
    assert comparison["choice_documents"] == ingest.data.metrics["documents_validation"] // 2
    assert comparison["lead"]["first"] == comparison["winner"] and comparison["baseline"]["balanced_accuracy"] == 0.5
    slices = {part["slice"] for part in comparison["slices"]}
    assert {"class negative", "class positive", "with negation", "plain", "hard"} <= slices
    assert comparison["pareto_front"]["model_bytes"]
    assert set(comparison["behaviour"]) == families
    assert len(comparison["behaviour"]["lstm"]) >= 12 + 7 + 2
    with store(folder) as client:
        plots = {file.path for file in client.list_artifacts(compare.info.run_id, "plots")}
    assert plots == {
        "plots/accuracy.png",
        "plots/accuracy_and_cost.png",
        "plots/behaviour.png",
        "plots/calibration.png",
        "plots/lengths.png",
        "plots/roc_and_precision_recall.png",
        "plots/learning_curves.png",
        "plots/training_size.png",
    } | {f"plots/confusion_{family}.png" for family in families}


def test_registered_version_links_runs_dataset_and_commit(chain, clone):
    folder, _ = chain
    with store(folder) as client:
        version = client.get_model_version_by_alias("sentiment", "champion")
    (ingest,) = runs(folder, "ingest")
    (compare,) = runs(folder, "compare")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, capture_output=True, text=True).stdout.strip()
    assert version.tags["ingest_run"] == ingest.info.run_id
    assert version.tags["compare_run"] == compare.info.run_id
    assert version.tags["dataset.digest"] == ingest.data.tags["dataset.digest"]
    assert version.tags["git_commit"] == commit
    assert "validation" in version.description


def test_the_ui_shows_models_with_their_figures_and_datasets_and_a_main_run_that_tells_the_story(chain):
    folder, process = chain
    (main,), (compare,), (register,) = (runs(folder, step) for step in ("main", "compare", "register"))
    with store(folder) as client:
        version = client.get_model_version("sentiment", "1")
        tunes = runs(folder, "tune")
        models = [client.get_logged_model(tune.data.tags["model_uri"].removeprefix("models:/")) for tune in tunes]
    for tune, model in zip(tunes, models):
        on = {metric.key: metric.dataset_name for metric in model.metrics}
        assert {"validation_accuracy", "validation_log_loss", "test_accuracy", "f1_macro", "latency_ms_p50"} <= set(on)
        assert on["test_accuracy"] == "sample"
        assert on["validation_accuracy"] is None  # the model itself was fitted or calibrated on that split since
        assert not {"step_seconds", "peak_memory_mb", "failed_trials", "pruned_trials"} & set(on)
        contexts = {tag.value for data in tune.inputs.dataset_inputs for tag in data.tags}
        assert contexts == {"training", "validation"}
        family = tune.data.tags["family"]
        found = {metric.key: metric.value for metric in model.metrics}
        assert found["test_accuracy"] == compare.data.metrics[f"{family}.test_accuracy"]
    assert {tag.value for data in compare.inputs.dataset_inputs for tag in data.tags} == {"validation", "test"}
    contexts = {tag.value for data in main.inputs.dataset_inputs for tag in data.tags}
    assert contexts == {"training", "validation", "test"}
    winner = compare.data.tags["winner"]
    for run in (main, compare):
        assert run.data.metrics["test_accuracy"] == compare.data.metrics[f"{winner}.test_accuracy"]
    assert float(version.tags["test_accuracy"]) == pytest.approx(main.data.metrics["test_accuracy"], abs=1e-6)
    assert re.fullmatch(r"sample 20\d\d-\d\d-\d\d \d\d:\d\d", main.info.run_name)
    note = main.data.tags["mlflow.note.content"]
    assert f"[review card](#/experiments/0/runs/{register.info.run_id}/artifacts/review.html?" in note
    assert "[sentiment version 1](#/models/sentiment/versions/1?" in note and f"/runs/{compare.info.run_id}?" in note
    page = f"http://localhost:5000/#/experiments/0/runs/{main.info.run_id}?workflowType=machine_learning"
    assert page in process.stdout and process.stdout.count(f"{winner} wins: ") == 1


def test_models_take_raw_text_in_a_process_that_knows_nothing_of_the_project(chain, tmp_path):
    folder, _ = chain
    uris = {run.data.tags["family"]: run.data.tags["model_uri"] for run in runs(folder, "tune")}
    assert set(uris) == {"simple", "lstm", "transformer"}
    for package in ("steps", "sentiment"):  # of the same names, must not get in the way
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"raise RuntimeError('the wrong {package}')")
    code = f"""
import json, mlflow, pandas as pd
texts = ["A gem, I loved it.", "!", "Awful. \\U0001f600 " * 3, "x" * 100_000]
answers = {{}}
for family, uri in {uris!r}.items():
    model = mlflow.pyfunc.load_model(uri)
    frame = model.predict(pd.DataFrame({{"text": texts}}))
    listed = model.predict(texts)
    alone = pd.concat([model.predict([text]) for text in texts], ignore_index=True)
    pd.testing.assert_frame_equal(frame, listed)
    pd.testing.assert_frame_equal(frame, alone, rtol=1e-4)
    answers[family] = frame.to_dict("records")
print(json.dumps(answers))
"""
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment(MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db"),
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    for rows in json.loads(process.stdout.splitlines()[-1]).values():
        assert len(rows) == 4
        assert all(row["label"] in ("negative", "positive") and 0.5 <= row["score"] <= 1 for row in rows)


def test_steps_by_hand_give_the_same_figures_and_the_better_one_is_champion(chain, tmp_path):
    """The same seed again, from a path instead of the clone. The winner is champion if it is not worse."""
    folder = tmp_path
    copy_store(chain[0], folder)
    tune = ["tune", "--max_evals=2", "--epochs=2", "--parallelism=1"]
    run_steps(
        folder,
        ["ingest"],
        ["featurize", "--max_length=60"],
        [*tune, "--family=lstm"],
        [*tune, "--family=simple"],
        ["compare"],
        ["register"],
    )
    again, first = runs(folder, "compare")
    timed = ("train_seconds", "latency_ms_p50", "latency_ms_p95")

    def figures(run):
        return {
            key: value
            for key, value in run.data.metrics.items()
            if key.startswith(("lstm.", "simple.")) and not key.endswith((*timed, "model_bytes"))
        }

    assert len(figures(again)) == 22 and figures(again) == pytest.approx(figures(first), abs=1e-12)
    accuracy = [run.data.metrics[f"{run.data.tags['winner']}.test_accuracy"] for run in (first, again)]
    behaviour = [run.data.metrics[f"{run.data.tags['winner']}.behaviour_failure_rate"] for run in (first, again)]
    better = accuracy[1] >= accuracy[0] and behaviour[1] <= behaviour[0] + 0.05
    alias = "champion" if better else "challenger"
    former = "previous" if alias == "champion" else "champion"
    with store(folder) as client:
        version = {name: client.get_model_version_by_alias("sentiment", name).version for name in (alias, former)}
    assert {name: int(number) for name, number in version.items()} == {alias: 2, former: 1}
    assert not (PROJECT / "mlflow.db").exists()


def test_profile_shows_the_corpus(chain):
    folder, _ = chain
    (ingest,) = runs(folder, "ingest")
    with store(folder):
        profile = mlflow.artifacts.load_dict(f"{ingest.info.artifact_uri}/profile/profile.json")
        examples = pd.DataFrame(**mlflow.artifacts.load_dict(f"{ingest.info.artifact_uri}/profile/examples.json"))
    assert set(profile) == {"train", "validation", "test"}
    assert set(profile["train"]["classes"]) == {"negative", "positive"} == set(examples["label"])
    assert {entry.tags[0].value for entry in ingest.inputs.dataset_inputs} == {"training", "validation", "test"}


def test_a_search_of_the_chain_goes_on_in_one_that_mlflow_run_starts(chain, tmp_path):
    copy_store(chain[0], tmp_path)
    (simple,) = [run for run in runs(tmp_path, "tune") if run.data.tags["family"] == "simple"]
    given = ("-P", "family=simple", "-P", "max_evals=2", "-P", "epochs=2.0")
    process = run_project("-e", "tune", *given, "-P", f"resume_run={simple.info.run_id}", cwd=tmp_path)
    assert process.returncode == 0, process.stderr[-3000:]
    assert "tune simple: resuming from 2 finished trials" in process.stdout
    again = runs(tmp_path, "tune")[0]
    assert again.data.tags["step.output_digest"] == simple.data.tags["step.output_digest"]
