import ast
import shutil
from importlib.metadata import version

import pytest

from sentiment.digests import folder_digest, hub_revision
from sentiment.workflow import fingerprint as module
from sentiment.workflow.fingerprint import _parse_imports, fingerprint, sources

GIVEN = {"seed": 1, "family": "lstm"}
STEP = {"entry_point": "tune", "parameters": GIVEN, "inputs": {"featurize_run": "abc"}}


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the project."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("steps", "sentiment"):
        shutil.copytree(module.PROJECT_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(module.PROJECT_ROOT / "requirements.txt", folder)
    return folder


@pytest.fixture
def elsewhere(copied, monkeypatch):
    """The copy, as the project whose files are looked for."""
    monkeypatch.setattr(module, "PROJECT_ROOT", copied)
    module._files_of.cache_clear()
    yield copied
    module._files_of.cache_clear()


@pytest.fixture
def no_sources(monkeypatch):
    """To find the files of a step takes nearly all of the time, and they are not what is asked about."""
    monkeypatch.setattr(module, "sources", lambda *_: [])


@pytest.fixture(scope="module")
def unchanged():
    return fingerprint(**STEP)


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
def test_every_ingredient_counts(change, unchanged):
    assert fingerprint(**STEP | change) != unchanged


def test_the_same_step_has_the_same_fingerprint(unchanged):
    assert fingerprint(**STEP) == unchanged


@pytest.mark.parametrize(
    "file, counts",
    [
        ("steps/tune.py", True),
        ("sentiment/model/families/lstm.py", True),
        ("sentiment/model/network/model.py", True),
        ("sentiment/model/space.py", True),
        ("sentiment/model/families/__init__.py", True),
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
def test_files_count_that_the_step_imports_and_no_others(unchanged, elsewhere, file, counts):
    content = (elsewhere / file).read_bytes()
    (elsewhere / file).write_bytes(content + b"\n# a word more\n")
    found = fingerprint(**STEP)
    (elsewhere / file).write_bytes(content)
    assert (found != unchanged) == counts


@pytest.mark.parametrize(
    "file, counts",
    [
        ("sentiment/model/network/words.txt", True),
        ("sentiment/model/linear/words.txt", False),  # of another family
        ("sentiment/model/network/.words.txt.swp", False),
    ],
)
def test_a_data_file_counts_that_is_beside_a_module(unchanged, elsewhere, file, counts):
    (elsewhere / file).write_text("good bad")
    found = fingerprint(**STEP)
    (elsewhere / file).unlink()
    assert (found != unchanged) == counts


@pytest.mark.parametrize(
    "package, given, counts",
    [
        ("numpy", {}, True),
        ("pytest", {}, False),
        ("torch", {}, False),
        ("torch", {"family": "pipeline"}, True),
        ("gensim", {}, False),
        ("gensim", {"embedding": "word2vec"}, True),
        ("tokenizers", {}, False),
        ("tokenizers", {"tokens": "subword"}, True),
        ("torch", {"label_by": {"hf://ada/reviews": "1"}}, True),
    ],
)
def test_a_package_counts_by_its_installed_version_where_it_is_used(no_sources, package, given, counts, monkeypatch):
    step = STEP | {"parameters": GIVEN | given}
    monkeypatch.setattr(module, "installed_versions", lambda: {package: "1.0"})
    before = fingerprint(**step)
    monkeypatch.setattr(module, "installed_versions", lambda: {package: "1.1"})
    assert (fingerprint(**step) != before) == counts


def test_the_installed_versions_are_those_that_python_finds(tmp_path, monkeypatch):
    monkeypatch.setattr(module.sys, "path", [str(tmp_path), *module.sys.path])
    (tmp_path / "scikit_learn-99.dist-info").mkdir()  # beside the one of the environment
    (tmp_path / "scikit_learn-99.dist-info" / "METADATA").write_text("Name: scikit-learn\nVersion: 99\n")
    found = module.installed_versions.__wrapped__()
    assert found["scikit-learn"] == version("scikit-learn") == "99" and found["mlflow"] == version("mlflow")


def test_the_python_version_counts(no_sources, monkeypatch):
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
    simple, compare = names("tune", "simple"), names("compare")
    assert {
        "sentiment/model/network/model.py",
        "sentiment/model/families/lstm.py",
        "sentiment/model/text/vocabulary.py",
    } <= names("tune", "lstm")
    assert not {"sentiment/model/network/model.py", "sentiment/model/families/finetuned.py"} & simple
    assert "sentiment/model/families/finetuned.py" in names("tune", "finetuned")
    assert "sentiment/registry/versions.py" in names("register") - compare
    assert "sentiment/reports/card.html" in compare - simple - names("tune")


def test_a_folder_is_its_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = folder_digest(tmp_path)
    (tmp_path / "a").write_text("1")
    assert folder_digest(tmp_path) == first
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = folder_digest(tmp_path)
    (tmp_path / "neg").mkdir()
    (tmp_path / "b").rename(tmp_path / "neg" / "b")  # a text of another class
    assert len({first, renamed, folder_digest(tmp_path)}) == 3


def test_a_folder_has_what_its_links_lead_to(tmp_path):
    checkpoint, blobs = tmp_path / "checkpoint", tmp_path / "blobs"
    for folder in (checkpoint, blobs):
        folder.mkdir()
    (blobs / "config.json").write_text("{}")
    (checkpoint / "1_Pooling").symlink_to("../blobs")
    (blobs / "back").symlink_to("../checkpoint")  # a circle has an end
    before = folder_digest(checkpoint)
    (blobs / "config.json").write_text('{"pooling_mode": "max"}')
    assert folder_digest(checkpoint) != before


@pytest.mark.parametrize(
    "name", [".DS_Store", "._terms.txt", "Thumbs.db", "desktop.ini", ".nfs0001", "__pycache__/a.pyc"]
)
def test_what_others_leave_in_a_folder_does_not_change_it(name, tmp_path):
    (tmp_path / "terms.txt").write_text("good")
    before = folder_digest(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("left")
    assert folder_digest(tmp_path) == before


def test_ingest_depends_on_labelers_only_where_it_has_some():
    labelled, unlabelled = names("ingest"), names("ingest", None, ("vader",))
    assert unlabelled - labelled >= {"sentiment/labelling/labelers/vader.py"}
    assert not any("labelers/vader" in name or "labelers/registered" in name for name in labelled)


def test_a_labeler_counts_by_its_code(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "sources", lambda *given: asked.append(given) or [])
    fingerprint("ingest", {"label_by": {"vader": "1"}}, {"corpus": "abc"})
    assert [list(labelers) for _, _, labelers in asked] == [["vader"]]


@pytest.mark.parametrize(
    "source",
    [
        "import a, b.c as d\nfrom . import e\n\n\ndef f():\n    from ..g import (  # why\n        h,\n    )\n",
        "if True: import a\n",
        "import a\nif True: import b\n",
        "import a; import b\n",
        "from a import b, \\\n    c\n",
        '"""\nimport it as it is\n"""\nimport a\n',
        '"""To\nimport them is slow."""\nimport a\n',
    ],
)
def test_no_import_is_missed_where_the_statements_are_parsed_alone(source):
    def imports(module):
        return {ast.dump(node) for node in ast.walk(module) if isinstance(node, (ast.Import, ast.ImportFrom))}

    assert imports(_parse_imports(source)) >= imports(ast.parse(source))
