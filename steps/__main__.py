"""``python -m steps ENTRY_POINT --name=value …``: start an entry point of MLproject.

``python -m steps ENTRY_POINT --help`` lists its parameters. ``python -m steps mlproject`` writes MLproject and the
reference of parameters; with ``--check`` it fails if they are out of date.

What has to precede the first import is here. Imports take most of the time of a short step.
"""

import gc
import os
import sys
import tempfile
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path

from sentiment.workflow.stopping import Stop

# main reads runs and starts processes. MLflow imports in half the time without these packages, which it does not need
# (as in mlflow-skinny); steps that need them are processes of their own.
NOT_IN_MAIN = ("numpy", "pandas", "pyarrow", "pyspark", "scipy", "sklearn", "chardet", "pygments")


def start(entry_point: str, arguments: list[str]) -> None:
    """Run an entry point in this process."""
    find_modules_of_the_project()
    stop = Stop(entry_point)
    stop.listen()
    # MLflow's telemetry removes an environment variable at any time, and a request to a server fails then.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    gc.disable()  # imports make many objects that stay: looking for garbage is a fifth of their time
    if entry_point == "main":
        sys.modules.update(dict.fromkeys(NOT_IN_MAIN))  # type: ignore[arg-type]
        # All that MLflow uses of FastAPI outside of a server; its import takes a tenth of a second.
        sys.modules["fastapi"] = fastapi = module_from_spec(ModuleSpec("fastapi", None))
        fastapi.HTTPException = Exception  # type: ignore[attr-defined]

    from sentiment.workflow.process import run_entry_point

    with tempfile.TemporaryDirectory(prefix="sentiment-", ignore_cleanup_errors=True) as stop.scratch:
        # For this process and those that it starts. MLflow does not delete what it downloads.
        os.environ["TMPDIR"] = tempfile.tempdir = stop.scratch
        give_matplotlib_a_folder(stop.scratch)
        run_entry_point(entry_point, arguments, stop)


def find_modules_of_the_project() -> None:
    """Have the processes below import from the project and not from the user's folder, in which they start.

    A file there may be called pickle.py. The user's own PYTHONPATH comes after the project.
    """
    from sentiment.paths import PROJECT_ROOT

    theirs = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [folder for folder in theirs if folder not in ("", str(PROJECT_ROOT))]  # an empty one is the user's folder
    os.environ["PYTHONPATH"] = os.pathsep.join([str(PROJECT_ROOT), *others])
    os.environ["PYTHONSAFEPATH"] = "1"


def give_matplotlib_a_folder(scratch: str) -> None:
    """Have Matplotlib, here and in steps below, keep its files in the scratch folder if it cannot in the user's home.

    By itself it would warn, make a temporary folder, and fail to remove it at its end: the scratch folder is gone then.
    """
    try:
        for variable, usual in (("XDG_CONFIG_HOME", "~/.config"), ("XDG_CACHE_HOME", "~/.cache")):
            folder = Path(os.environ.get(variable) or Path(usual).expanduser()) / "matplotlib"
            folder.mkdir(parents=True, exist_ok=True)  # as Matplotlib does
            if not os.access(folder, os.W_OK):
                raise PermissionError(folder)
    except (OSError, RuntimeError):  # or there is no home
        os.environ.setdefault("MPLCONFIGDIR", os.path.join(scratch, "matplotlib"))


def update_generated_files(arguments: list[str]) -> None:
    """Write the files generated from the parameter models, or with ``--check`` exit with 1 if one differs."""
    from sentiment.paths import PROJECT_ROOT
    from sentiment.workflow.project_file import generated_files

    texts = generated_files()
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    names = ", ".join(str(path.relative_to(PROJECT_ROOT)) for path in stale)
    if stale and "--check" in arguments:
        sys.exit(f"error: {names} out of date: run `python -m steps mlproject`")
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
    print(f"written: {names}" if stale else "up to date")


if __name__ == "__main__":
    if sys.argv[1:2] == ["mlproject"]:
        update_generated_files(sys.argv[2:])
    else:
        start(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:])
