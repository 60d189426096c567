"""A frozen sentence encoder through the steps: searched twice, compared, and loaded by somebody else."""

from importlib.util import find_spec

import mlflow
import pytest

from tests.conftest import runs, store
from tests.model.conftest import corpus
from tests.system.processes import FAST_SEARCH, NAIVE_BAYES, SHORT, predict_elsewhere, run_here, run_steps

if not find_spec("keras_hub"):  # to import it takes seconds, of every worker that collects this file
    pytest.skip("keras-hub is an extra: requirements-pretrained.txt", allow_module_level=True)

from tests.model.checkpoint import write_checkpoint


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoder")
    write_checkpoint(folder / "checkpoint", ["good", "bad", "film", "story", "the", "very"])
    corpus(["good", "bad"]).drop_duplicates("text").to_csv(folder / "reviews.csv", index=False)
    (folder / "space.yaml").write_text(NAIVE_BAYES)
    run_steps(
        folder,
        ["ingest", "--corpus=reviews.csv"],
        ["featurize", *(f"--{name}={value}" for name, value in SHORT.items())],
        FAST_SEARCH,
        ["tune", "--family=encoder", "--pretrained=checkpoint", "--max_evals=3", "--parallelism=2"],
        ["compare"],
        XDG_CACHE_HOME=str(folder / "cache"),
    )
    return folder


def test_encoder_embeddings_are_reused_by_content(tuned):
    """Of two processes with trials one computed them, and a later search computes none."""
    kept = tuned / "cache" / "sentiment" / "embeddings"
    files = {file: file.stat().st_mtime_ns for file in kept.glob("*.npy")}
    assert len(files) == 3  # training split, and the halves of the validation split
    settings = ["--pretrained=checkpoint", "--class_weight=balanced", "--max_evals=1"]
    run_steps(tuned, ["tune", "--family=encoder", *settings], XDG_CACHE_HOME=str(tuned / "cache"))
    assert {file: file.stat().st_mtime_ns for file in kept.glob("*.npy")} == files


def test_its_model_is_compared_and_loads_without_the_project(tuned):
    compared = runs(tuned, "compare")[0]
    with store(tuned):
        rows = mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")["rows"]
    row = {row["family"]: row for row in rows}["encoder"]
    assert len(rows) == 2 and row["test_accuracy"] > 0.6
    answer = predict_elsewhere(tuned, row["model_uri"], ["A good good film.", "bad " * 500])
    assert answer["label"] == ["pos", "neg"] and all(0.5 <= score <= 1 for score in answer["score"])


def test_without_a_checkpoint_it_says_what_to_do(tuned):
    process = run_here("tune", "--family=encoder", cwd=tuned)
    assert process.returncode == 1 and "error: encoder without pretrained: give the checkpoint" in process.stderr
    assert "Traceback" not in process.stderr
