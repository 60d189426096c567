"""What stands between a winner and the alias champion, on a real store."""

import json
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.utils.file_utils import local_file_uri_to_path

from sentiment.registry import gate, promotions
from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import thresholds
from tests.conftest import runs, store
from tests.system.processes import FAST_SEARCH, run_step, run_steps

CHAIN = (["featurize"], FAST_SEARCH, ["compare"])
TERMS = {"metric": "accuracy", "gates": [], "tolerance": 0.0, "behaviour_tolerance": 0.05, "force": False}


def test_a_first_model_has_to_reach_the_thresholds_too(registered):
    gated = ["register", "--registered_model=gated"]
    output = run_steps(registered, [*gated, "--gates=accuracy>=0.2, f1_macro>=0.99,log_loss<=0.001"])
    assert "version 1 (simple) is challenger: minimum_f1_macro: 0." in output and "expected f1_macro>=0.99" in output
    run = runs(registered, "register")[0]
    assert (
        run.data.tags["gate"] == "failed"
        and "| minimum_f1_macro | **failed** |" in run.data.tags["mlflow.note.content"]
    )
    with store(registered) as client:
        report = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/gate.json")
        tags = client.get_model_version("gated", "1").tags
        assert promotions.get_champion("gated") is None
        assert client.get_model_version_by_alias("gated", "challenger").version in (1, "1")
    assert tags["gate.minimum_accuracy"].startswith("passed: ")
    assert tags["gate.maximum_log_loss"].startswith("failed: ")
    assert [check["passed"] for check in report["checks"]] == [True, False, False]
    output = run_steps(registered, [*gated, "--gates=accuracy>=0.2"])
    assert "is champion: there was no champion" in output


def test_a_champion_is_held_to_the_gate_too(registered):
    strict, met = "--gates=accuracy>=0.999", "--gates=accuracy>=0.1"
    held = ["register", "--registered_model=held", "--reuse=true"]
    assert "is challenger: minimum_accuracy: " in run_steps(registered, [*held, strict])
    assert "is champion: there was no champion" in run_steps(registered, [*held, met])
    with store(registered) as client:
        assert set(client.get_registered_model("held").aliases) == {"champion"}
        assert client.get_model_version("held", "1").tags["gate.minimum_accuracy"].startswith("passed: ")
    output = run_steps(registered, [*held, "--gates=accuracy>=0.99"])
    assert "is champion: it already was, but does not pass the gate: minimum_accuracy: " in output
    assert runs(registered, "register")[0].data.tags["gate"] == "failed"
    process = run_step(*held, strict, "--fail_on_gate=true", cwd=registered)
    assert process.returncode == 3 and "it already was, but" in process.stdout
    assert process.stderr.startswith("error: held version 1 does not pass the gate: minimum_accuracy: ")
    assert process.stderr.count("\n") == 1 and runs(registered, "register")[0].info.status == "FAILED"
    output = run_steps(registered, [*held, "--gates=f1_macro>=0.1", "--fail_on_gate=true"])
    assert output.endswith("is champion: it already was\n")
    with store(registered) as client:
        assert set(client.get_registered_model("held").aliases) == {"champion"}
        tags = client.get_model_version("held", "1").tags
    # What it was held to before is gone.
    assert "gate.minimum_accuracy" not in tags and json.loads(tags["gate.terms"])["gates"] == "f1_macro>=0.1"


def test_only_texts_that_the_champion_has_not_seen_count(registered):
    with store(registered):
        champion = promotions.get_champion("sentiment")
        before = mlflow.get_run(champion.tags["ingest_run"])
    run_steps(registered, ["ingest", "--split_seed=7", "--test_size=0.4"], *CHAIN, ["register", "--tolerance=1"])
    run = runs(registered, "register")[0]
    with store(registered):
        report = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/gate.json")
        splits = {
            (seed, name): pd.read_parquet(
                Path(mlflow.artifacts.download_artifacts(f"{ingest.info.artifact_uri}/dataset")) / f"{name}.parquet"
            )
            for seed, ingest in (("42", before), ("7", runs(registered, "ingest")[0]))
            for name in ("train", "validation", "test")
        }
        seen = set(splits["42", "train"]["text"]) | set(splits["42", "validation"]["text"])
        fair = splits["7", "test"][~splits["7", "test"]["text"].isin(seen)]
        model = mlflow.pyfunc.load_model(champion.source)
        expected = (model.predict(fair[["text"]])["label"].to_numpy() == fair["label"]).mean()
    (check,) = [check for check in report["checks"] if check["name"] == "accuracy"]
    assert 30 <= len(fair) < len(splits["7", "test"]) and f"on the same {len(fair)} documents" in check["said"]
    assert check["figures"]["champion_accuracy"] == pytest.approx(expected)
    figures = check["figures"]
    assert figures["documents"] == len(fair) and 0 < figures["p_value"] <= 1
    assert figures["difference_low"] <= figures["accuracy"] - figures["champion_accuracy"] <= figures["difference_high"]
    # Nor is a behaviour test asked on a text that the champion has seen, of either of the two.
    (check,) = [check for check in report["checks"] if check["name"] == "behaviour"]
    with store(registered):
        cases = mlflow.artifacts.load_dict(f"{runs(registered, 'compare')[0].info.artifact_uri}/behaviour_cases.json")
        comparison = mlflow.artifacts.load_dict(f"{runs(registered, 'compare')[0].info.artifact_uri}/comparison.json")
    asked = [case for case in cases if case["text"] not in seen]
    assert check["figures"]["behaviour_tests"] == len(asked) < len(cases)
    rates = pd.DataFrame(asked).assign(fails=[bool(case["failed_by"]) for case in asked])
    own = rates.groupby(["kind", "capability"])["fails"].mean().mean()
    assert check["figures"]["behaviour_failure_rate"] == pytest.approx(own)
    assert own != comparison["rows"][0]["behaviour_failure_rate"]
    # The run has the figures of the promotion.
    with store(registered):
        last = promotions.read("sentiment")[-1]
        record = mlflow.artifacts.load_dict(f"{mlflow.get_run(last.run).info.artifact_uri}/promotion.json")
    assert record["figures"]["champion_accuracy"] == pytest.approx(expected) and "tolerance 1" in last.why


def test_a_champion_that_has_seen_nearly_all_is_not_compared_with(registered):
    output = run_steps(registered, ["ingest", "--split_seed=5", "--test_size=0.02"], *CHAIN, ["register"])
    assert "is challenger: comparable: champion version" in output and "has seen all but" in output


def test_a_champion_of_another_corpus_is_never_silently_compared(registered):
    rows = [
        {"text": f"a {word} thing, number {number}", "label": label}
        for number in range(60)
        for word, label in (("good", "positive"), ("bad", "negative"))
    ]
    pd.DataFrame(rows).to_csv(registered / "things.csv", index=False)
    with store(registered):
        before = promotions.get_champion_version("sentiment")
    output = run_steps(registered, ["ingest", "--corpus=things.csv"], *CHAIN, ["register"])
    assert "is of another corpus (0% of its 2216 documents are in this one)" in output and "-P force=true" in output
    with store(registered):
        assert promotions.get_champion_version("sentiment") == before
    output = run_steps(registered, ["register", "--force=true"])
    assert "is champion: " in output and "is of another corpus" in output


@pytest.mark.parametrize(
    "change, terms, passed, reason",
    [
        ({}, {}, True, "test accuracy"),
        ({}, {"behaviour_tolerance": -0.01}, False, "behaviour tests fail against"),
        (
            {"latency_ms_p95": 80.0},
            {"gates": thresholds.parse("gates", "latency_ms_p95<=50")},
            False,
            "maximum_latency_ms_p95: 80, expected latency_ms_p95<=50",
        ),
    ],
)
def test_each_check_can_fail(registered, change, terms, passed, reason):
    with store(registered), mlflow.start_run():
        champion = mlflow.MlflowClient().get_model_version("sentiment", "1")
        compare_run = mlflow.get_run(champion.tags["compare_run"])
        winner = mlflow.artifacts.load_dict(f"{compare_run.info.artifact_uri}/comparison.json")["rows"][0]
        champion.tags["comparison.digest"] = "another"  # else it is the same model
        verdict = gate.evaluate(Candidate(winner | change, compare_run, champion), TERMS | terms)
        again = json.loads(json.dumps(verdict.as_dict()))
    assert verdict.passed == passed == again["passed"]
    assert reason in verdict.reason


def test_a_champion_that_cannot_be_loaded_is_said_in_one_line(registered_anew):
    with store(registered_anew) as client:
        tags = promotions.get_champion("sentiment").tags | {"comparison.digest": "another"}  # else it is the same model
        client.create_model_version("sentiment", "file:///nowhere", tags=tags)
        client.set_registered_model_alias("sentiment", "champion", "2")
    process = run_step("register", cwd=registered_anew)
    assert process.returncode == 1 and "cannot be loaded" in process.stderr and "Traceback" not in process.stderr
    with store(registered_anew) as client:
        assert len(client.search_model_versions("name = 'sentiment'")) == 2


def test_a_winner_that_has_lost_its_files_is_not_registered(registered):
    with store(registered) as client:
        comparison = mlflow.artifacts.load_dict(f"{runs(registered, 'compare')[0].info.artifact_uri}/comparison.json")
        model = client.get_logged_model(comparison["rows"][0]["model_uri"].removeprefix("models:/"))
    files = local_file_uri_to_path(model.artifact_location)
    gone = Path(files).rename(f"{files}-gone")
    process = run_step("register", "--registered_model=lost", cwd=registered)
    gone.rename(files)
    assert process.returncode == 1 and f"error: the model models:/{model.model_id} cannot be used" in process.stderr
    with store(registered):
        assert promotions.get_champion("lost") is None
