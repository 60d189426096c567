"""The blocks of the README and of docs/ are run, page by page, in a folder in which the tutorial has been followed."""

import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch

import mlflow
import pandas as pd
import pytest

from tests.conftest import create_store, runs, store
from tests.docs.blocks import PAGES, PROJECT, read_blocks
from tests.docs.follow import follow
from tests.system.processes import forking_environment

TUTORIAL = PROJECT / "docs" / "tutorial.md"
REFERENCE = PROJECT / "docs" / "reference"
LANGUAGES = {page: {block.language for block in read_blocks(page) if block.runs} for page in PAGES}
EXTENSIONS = [page for page in PAGES if "diff" in LANGUAGES[page]]
OTHERS = [page for page in PAGES if page not in (TUTORIAL, *EXTENSIONS) and LANGUAGES[page] & {"sh", "python"}]


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """The folder in which the tutorial was followed, and what its shell blocks printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    create_store(folder)
    return folder, follow(TUTORIAL, folder, tmp_path_factory.mktemp("tools"))


def test_the_tutorial_ends_with_a_champion_and_scored_texts(tutorial):
    folder, printed = tutorial
    assert "sentiment version 1 is champion" in printed
    assert (folder / "scored.csv").read_text() in printed
    scored = pd.read_csv(folder / "scored.csv")
    assert list(scored.columns) == ["text", "label", "score", "reason"] and len(scored) == 2
    assert set(scored["label"]) <= {1, 5} and scored["score"].between(0, 1).all() and scored["reason"].isna().all()


@pytest.mark.parametrize("page", OTHERS, ids=lambda page: str(page.relative_to(PROJECT)))
def test_blocks_run_or_would_be_accepted(page, tutorial, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(tutorial[0] / "mlflow.db", folder)  # its artifacts stay where they are
    (tmp_path / "tools").mkdir()
    follow(page, folder, tmp_path / "tools")


@pytest.fixture(scope="module")
def extended(tmp_path_factory):
    """A copy of the project to which the diffs of all how-to pages have been applied."""
    copy = tmp_path_factory.mktemp("extended")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines():
        if (PROJECT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, copy / name)
    for block in (block for page in EXTENSIONS for block in read_blocks(page) if block.language == "diff"):
        process = subprocess.run(["git", "apply", "-"], cwd=copy, input=block.text, capture_output=True, text=True)
        assert process.returncode == 0, f"{block.name} does not apply:\n{process.stderr}"
    return copy


def test_the_diffs_apply_and_do_what_their_pages_say(extended, tutorial, tmp_path):
    folder, tools = tmp_path / "folder", tmp_path / "tools"
    folder.mkdir(), tools.mkdir()
    shutil.copy(tutorial[0] / "mlflow.db", folder)
    pages = [str(page.relative_to(PROJECT)) for page in EXTENSIONS]
    command = ["python", "-m", "tests.docs.follow", str(folder), str(tools), *pages]
    ours = forking_environment(PYTHONPATH=str(extended))
    process = subprocess.run(command, cwd=extended, env=ours, capture_output=True, text=True, timeout=600)
    assert process.returncode == 0, process.stderr[-5000:]


@pytest.mark.parametrize("tool", [["ruff", "check"], ["ruff", "format", "--check"]])
def test_what_the_diffs_add_is_linted_and_formatted(extended, tool):
    changed = [
        name
        for page in EXTENSIONS
        for block in read_blocks(page)
        for name in re.findall(r"^\+\+\+ b/(.+\.py)$", block.text, re.M)
    ]
    process = subprocess.run(
        [sys.executable, "-m", *tool, *sorted(set(changed))], cwd=extended, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stdout + process.stderr


def documented(page):
    """The names in a page's table of runs: a list of step, pattern and whether it is always there."""
    found, steps = [], []
    for line in (REFERENCE / page).read_text(encoding="utf-8").partition("| run |")[2].splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) < 3:
            break
        steps = re.findall(r"\w+", cells[0]) or steps
        for name in re.findall(r"`([^`]+)`", cells[1]):
            pattern = name.replace("FAMILY", "*") + ("*" if name.endswith("/") else "")
            found += [(step, pattern, ", if" not in cells[2]) for step in steps]
    return found


def artifacts_of(run):
    """The paths of all artifacts of a run."""

    def below(path):
        for file in mlflow.MlflowClient().list_artifacts(run.info.run_id, path):
            if file.is_dir:
                yield from below(file.path)
            else:
                yield file.path

    return list(below(None))


@pytest.mark.parametrize(
    "page, names_of", [("metrics.md", lambda run: list(run.data.metrics)), ("artifacts.md", artifacts_of)]
)
def test_the_reference_has_what_runs_have(tutorial, page, names_of):
    table = documented(page)
    for step in ("ingest", "featurize", "tune", "compare", "register", "main", "predict"):
        with store(tutorial[0]):
            names = names_of(runs(tutorial[0], step)[0])
        own = [(pattern, always) for of, pattern, always in table if of in (step, "every")]
        missing = [name for name in names if not any(fnmatch(name, pattern) for pattern, _ in own)]
        assert not missing, f"{page} does not have these of {step}"
        expected = [
            pattern for pattern, always in own if always and pattern not in ("step_seconds", "peak_memory_mb", "model")
        ]
        gone = [pattern for pattern in expected if not any(fnmatch(name, pattern) for name in names)]
        assert not gone, f"{step} does not have these of {page}"
