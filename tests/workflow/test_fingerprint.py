import shutil
from importlib.metadata import version

import pytest

from sentiment.digests import folder_digest
from sentiment.workflow import fingerprint as module
from sentiment.workflow.fingerprint import fingerprint, hub_revision, sources

GIVEN = {"seed": 1, "family": "lstm"}
STEP = {"entry_point": "tune", "parameters": GIVEN, "inputs": {"featurize_run": "abc"}}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of the project that a test may edit."""
    for name in ("steps", "sentiment"):
        shutil.copytree(module.PROJECT_ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(module.PROJECT_ROOT / "requirements.txt", tmp_path)
    monkeypatch.setattr(module, "PROJECT_ROOT", tmp_path)
    return tmp_path


def names(*chosen):
    root = module.PROJECT_ROOT
    return {path.relative_to(root).as_posix() for path in sources(*chosen)}


@pytest.mark.parametrize(
    "change",
    [
        {"entry_point": "compare"},
        {"parameters": GIVEN | {"seed": 2}},
        {"parameters": GIVEN | {"epochs": 5}},
        {"inputs": {"featurize_run": "abd"}},
        {"parameters": GIVEN | {"family": "simple"}},
    ],
)
def test_every_ingredient_counts(change):
    assert fingerprint(**STEP) == fingerprint(**STEP)
    assert fingerprint(**STEP | change) != fingerprint(**STEP)


@pytest.mark.parametrize(
    "file, counts",
    [
        ("steps/tune.py", True),
        ("sentiment/model/families/lstm.py", True),
        ("sentiment/model/network/model.py", True),
        ("sentiment/model/space.py", True),
        ("requirements.txt", False),
        ("sentiment/model/families/simple.py", False),
        ("sentiment/model/families/transformer.py", False),
        ("sentiment/model/families/finetuned.py", False),
        ("steps/register.py", False),
        ("sentiment/workflow/parameters.py", False),
        ("sentiment/registry/checks/accuracy.py", False),
        ("sentiment/reports/plots.py", False),
        ("sentiment/corpora/sample/README.md", False),
    ],
)
def test_files_count_that_the_step_imports_and_no_others(project, file, counts):
    before = fingerprint(**STEP)
    with open(project / file, "a", encoding="utf-8") as edited:
        edited.write("\n# a word more\n")
    assert (fingerprint(**STEP) != before) == counts


@pytest.mark.parametrize(
    "package, given, counts",
    [
        ("numpy", {}, True),
        ("pytest", {}, False),
        ("torch", {}, False),
        ("torch", {"family": "pipeline"}, True),
        ("gensim", {}, False),
        ("gensim", {"embedding": "word2vec"}, True),
    ],
)
def test_a_package_counts_by_its_installed_version_where_it_is_used(package, given, counts, monkeypatch):
    step = STEP | {"parameters": GIVEN | given}
    monkeypatch.setattr(module, "installed_versions", lambda: {package: "1.0"})
    before = fingerprint(**step)
    monkeypatch.setattr(module, "installed_versions", lambda: {package: "1.1"})
    assert (fingerprint(**step) != before) == counts


def test_the_installed_versions_are_those_that_python_finds():
    found = module.installed_versions()
    assert found["scikit-learn"] == version("scikit-learn") and found["mlflow"] == version("mlflow")


def test_the_python_version_counts(monkeypatch):
    before = fingerprint(**STEP)
    monkeypatch.setattr(module.platform, "python_version", lambda: "3.11.99")
    assert fingerprint(**STEP) != before


def test_a_checkpoint_on_the_hub_is_its_commit_and_unknown_where_none_is_cached(tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert hub_revision("ada/reviews") is None
    for commit in ("1" * 40, "2" * 40):
        snapshot = tmp_path / "models--ada--reviews" / "snapshots" / commit
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text("{}")
        (tmp_path / "models--ada--reviews" / "refs").mkdir(exist_ok=True)
        (tmp_path / "models--ada--reviews" / "refs" / "main").write_text(commit)
        assert hub_revision("ada/reviews") == commit


def test_imports_are_followed_into_functions_and_along_dots():
    assert {
        "sentiment/model/network/model.py",
        "sentiment/model/families/lstm.py",
        "sentiment/model/text/vocabulary.py",
    } <= names("tune", "lstm")
    assert not {"sentiment/model/network/model.py", "sentiment/model/families/finetuned.py"} & names("tune", "simple")
    assert "sentiment/model/families/finetuned.py" in names("tune", "finetuned")
    assert "sentiment/registry/versions.py" in names("register")
    assert "sentiment/registry/versions.py" not in names("compare")
    assert "sentiment/reports/card.html" in names("compare") and "sentiment/reports/card.html" not in names("tune")


def test_a_folder_is_its_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = folder_digest(tmp_path)
    (tmp_path / "a").write_text("1")
    assert folder_digest(tmp_path) == first
    (tmp_path / "a").rename(tmp_path / "b")
    assert folder_digest(tmp_path) != first
