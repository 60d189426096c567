"""Finished steps are taken again where nothing that they depend on has changed, and only there."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from sentiment.workflow.logged_parameters import given_parameters
from sentiment.workflow.parameters import MainParameters
from tests.conftest import PROJECT, runs, store
from tests.system.processes import FAST_SEARCH, NAIVE_BAYES, run_step, run_steps

CHEAP = ("--families=simple", "--max_evals=1", "--corpus=reviews.csv", "--space=space.yaml")


def write_corpus(folder, documents=40, name="reviews.csv"):
    rows = [
        (f"{word} film number {number}", label)
        for number in range(documents)
        for word, label in (("good", "pos"), ("bad", "neg"))
    ]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(folder / name, index=False)


def main(folder, project=PROJECT):
    """Run main and return what became of each step: a dict from its name to ``ran`` or ``reused``."""
    process = run_step("main", *CHEAP, cwd=folder, project=project)
    assert process.returncode == 0, process.stderr[-3000:]
    reasons = [line for line in process.stdout.splitlines() if "is not reused" in line]
    assert len(reasons) == len(set(reasons))
    return dict(re.findall(r"^(\w+) +(ran|reused) +\w{32}", process.stdout, re.MULTILINE))


STEPS = ("ingest", "featurize", "simple", "compare", "register")
EVERYTHING_REUSED = dict.fromkeys(STEPS, "reused")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which each step ran, by hand, with what main hands on to it."""
    folder = tmp_path_factory.mktemp("reuse")
    write_corpus(folder)
    (folder / "space.yaml").write_text(NAIVE_BAYES)
    run_steps(folder, ["ingest", "--corpus=reviews.csv"], ["featurize"], FAST_SEARCH, ["compare"], ["register"])
    return folder


def test_nothing_changed_nothing_runs_and_nothing_is_registered_again(folder):
    write_corpus(folder)  # the same content, written anew
    before = len(runs(folder))
    assert main(folder) == EVERYTHING_REUSED
    assert len(runs(folder)) == before + 1
    with store(folder) as client:
        assert len(client.search_model_versions("name='sentiment'")) == 1


def test_main_ends_with_an_error_where_asked_to_and_the_version_knows_by_which_main_run_it_was_registered(folder):
    process = run_step(
        "main", *CHEAP, "--registered_model=gated", "--gates=model_bytes<=1", "--fail_on_gate=true", cwd=folder
    )
    assert process.returncode == 3 and " reused " in process.stdout
    expected = "gated version 1 is challenger; it does not pass the gate (maximum_model_bytes failed: "
    assert expected in process.stdout and process.stderr.splitlines()[-1].startswith(f"error: {expected}")
    assert "Traceback" not in process.stderr
    (main_run, *_) = runs(folder, "main")
    assert main_run.info.status == "FAILED"
    with store(folder) as client:
        version = client.get_model_version("gated", "1")
        compare_run = client.get_run(version.tags["compare_run"])
        parameters = given_parameters(client.get_run(version.tags["main_run"]), MainParameters)
    assert version.tags["main_run"] == main_run.info.run_id != compare_run.data.tags.get("mlflow.parentRunId")
    assert (parameters["registered_model"], parameters["gates"]) == ("gated", "model_bytes<=1")


def test_an_edited_register_step_runs_alone_and_an_ingest_that_gives_the_same_ends_there(folder, clone, tmp_path):
    # Of the project's files alone: beside a checkout's are environments of several gigabytes.
    copy = Path(shutil.copytree(clone, tmp_path / "project", ignore=shutil.ignore_patterns(".git")))
    for edited, expected in (
        ("steps/register.py", EVERYTHING_REUSED | {"register": "ran"}),
        (
            "sentiment/corpora/profile.py",
            EVERYTHING_REUSED | {"ingest": "ran"},
        ),  # early cutoff: the dataset is the same
    ):
        path = copy / edited
        kept = path.read_text(encoding="utf-8")
        path.write_text(kept + "\n# a word more\n", encoding="utf-8")
        assert main(folder, project=copy) == expected
        path.write_text(kept, encoding="utf-8")


def test_a_damaged_result_is_made_again_and_nothing_after_it(folder):
    (featurize,), (compare, *_) = runs(folder, "featurize"), runs(folder, "compare")
    damage(f"{featurize.info.artifact_uri}/features/train_labels.npy")
    damage(f"{compare.info.artifact_uri}/comparison.json")
    # compare reads the features of the run that has them now, not of the one that its models name.
    assert main(folder) == EVERYTHING_REUSED | {"featurize": "ran", "compare": "ran"}
    assert main(folder) == EVERYTHING_REUSED


def test_a_damaged_champion_is_refused_and_made_again(folder):
    with store(folder) as client:
        version = client.get_model_version_by_alias("sentiment", "champion")
        damage(
            f"{client.get_logged_model(version.source.removeprefix('models:/')).artifact_location}/data/weights/model.json"
        )
    for step in (["predict", "--input=reviews.csv", "--output=scored.csv"], ["serve"]):
        process = run_step(*step, cwd=folder)
        assert process.returncode == 1 and "Traceback" not in process.stderr
        assert "models:/sentiment/1 cannot be used: it has changed since it was written" in process.stderr
    assert main(folder) == EVERYTHING_REUSED | {"simple": "ran", "compare": "ran", "register": "ran"}
    with store(folder) as client:
        assert int(client.get_model_version_by_alias("sentiment", "champion").version) == 2
    run_steps(folder, ["predict", "--input=reviews.csv", "--output=scored.csv"])


def damage(address):
    """Change the last byte of a file."""
    file = Path(address.removeprefix("file://"))
    file.write_bytes(file.read_bytes()[:-1] + b"#")


def test_a_text_of_the_test_split_alone_is_compared_anew(folder):
    (ingest, *_) = runs(folder, "ingest")
    test = pd.read_parquet(f"{ingest.info.artifact_uri.removeprefix('file://')}/dataset/test.parquet")
    corpus = pd.read_csv(folder / "reviews.csv")
    corpus.loc[corpus["text"] == test["text"][0], "text"] += " zebra"  # a word that no split knows
    corpus.to_csv(folder / "reviews.csv", index=False)
    assert main(folder) == dict.fromkeys(STEPS, "ran")


def test_a_version_and_the_review_card_say_that_the_code_differed_from_the_commit(folder, clone, tmp_path):
    copy = Path(shutil.copytree(clone, tmp_path / "project"))
    with (copy / "steps" / "compare.py").open("a", encoding="utf-8") as file:
        file.write("\n# a word more\n")
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=copy, capture_output=True, text=True).stdout.strip()
    for name in ("uncommitted", "committed_since"):
        process = run_step("main", *CHEAP, f"--registered_model={name}", cwd=folder, project=copy)
        assert process.returncode == 0, process.stderr[-3000:]
        with store(folder) as client:
            version = client.get_model_version(name, "1")
            assert version.tags["git_commit"] == f"{commit}-dirty"
            compared = version.tags["compare_run"]
            card = client.download_artifacts(compared, "review.html", str(tmp_path))
            assert f"{commit}-dirty" in Path(card).read_text(encoding="utf-8")
        git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "--quiet", "-am", "more"]
        subprocess.run(git, cwd=copy, check=name == "uncommitted")  # the second main reuses all steps
