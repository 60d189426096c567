"""Models registered by an earlier version of the project: they carry their own code, and keep loading and serving."""

import subprocess

import mlflow
import pandas as pd
import pytest

from tests.conftest import PROJECT, store
from tests.system.processes import run_step

EARLIER = "9efd242ca6214b228919c61a62193e0aca0859e1"  # the last commit before the library moved to sentiment/
STEPS = (["ingest"], ["featurize"], ["tune", "--family=simple", "--max_evals=1"], ["compare"], ["register"])
TEXTS = ["A gem. I loved every minute.", "Dull, awful and far too long.", ""]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """A folder with a champion that the earlier version tuned and registered."""
    found = subprocess.run(["git", "cat-file", "-e", f"{EARLIER}^{{commit}}"], cwd=PROJECT, capture_output=True)
    if found.returncode:
        pytest.skip(f"commit {EARLIER[:7]} is not in this clone, which may be a shallow one")
    project, folder = tmp_path_factory.mktemp("earlier_project"), tmp_path_factory.mktemp("earlier")
    archive = subprocess.run(["git", "archive", EARLIER], cwd=PROJECT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(project)], input=archive.stdout, check=True)
    for step in STEPS:
        process = run_step(*step, cwd=folder, project=project)
        assert process.returncode == 0, process.stderr[-3000:]
    return folder


def test_an_earlier_champion_loads_and_scores(earlier):
    with store(earlier):
        model = mlflow.pyfunc.load_model("models:/sentiment@champion")
        answer = model.predict(pd.DataFrame({"text": TEXTS}))
        assert answer.equals(model.predict(TEXTS))
    assert answer["label"].tolist()[:2] == ["positive", "negative"] and answer["score"].between(0.5, 1).all()


def test_an_earlier_champion_predicts_in_the_present_step(earlier):
    pd.DataFrame({"text": TEXTS[:2]}).to_csv(earlier / "new.csv", index=False)
    process = run_step("predict", "--input=new.csv", "--output=scored.csv", cwd=earlier)
    assert process.returncode == 0, process.stderr[-3000:]
    assert pd.read_csv(earlier / "scored.csv")["label"].tolist() == ["positive", "negative"]
