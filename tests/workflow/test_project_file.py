"""The files that say what the project is and what it needs."""

import re

import pytest
import yaml

from sentiment.workflow.command_line import format_value, parse
from sentiment.workflow.project_file import generated_files
from sentiment.workflow.step_table import STEPS
from tests.conftest import PROJECT

# What is done with a registered model.
AFTERWARDS = {"predict", "serve", "monitor", "approve", "rollback", "report", "package", "deploy"}
ENTRY_POINTS = {"ingest", "featurize", "train", "tune", "compare", "register", "main", *AFTERWARDS}


def load(name):
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def test_both_environments_name_the_same_python_and_the_same_requirements():
    python_env, conda = load("python_env.yaml"), load("conda.yaml")
    pip = next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    assert python_env["dependencies"] == pip == ["-r requirements.txt"]
    assert f"python={python_env['python']}" in conda["dependencies"]


def test_requirements_are_exact_and_hold_what_was_asked_for():
    pinned = dict(
        re.fullmatch(r"([\w.\-]+)==([\w.]+)(?: ;.*)?", line).groups()
        for line in (PROJECT / "requirements.txt").read_text().splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    )
    for line in (PROJECT / "requirements.in").read_text().splitlines():
        name, _, version = line.split("#")[0].strip().partition("==")
        if name:
            assert pinned[name.lower()] == version


def declared(name):
    """Names and defaults of a step's parameters, as text."""
    return {parameter: format_value(field.default) for parameter, field in STEPS[name].parameters.fields().items()}


def test_generated_files_are_up_to_date():
    for path, text in generated_files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run `python -m steps mlproject`"


def test_mlproject_is_what_the_models_say_and_has_a_comment_for_every_parameter():
    text = (PROJECT / "MLproject").read_text(encoding="utf-8")
    entry_points = load("MLproject")["entry_points"]
    assert set(entry_points) == ENTRY_POINTS
    for name, entry_point in entry_points.items():
        assert re.search(rf"\n  # .+\n  {name}:\n", text), f"{name} has no comment line"
        found = {}
        for parameter, spec in entry_point["parameters"].items():
            assert set(spec) == {"type", "default"} and spec["type"] in ("string", "float", "path", "uri")
            assert f"--{parameter}={{{parameter}}}" in entry_point["command"]
            assert re.search(rf"\n      {parameter}: .+}} +# \S.+\n", text)
            found[parameter] = spec["default"]
        # What MLflow passes on where nothing is given is what the step has as its defaults.
        assert parse(name, [f"--{parameter}={default}" for parameter, default in found.items()]) == parse(name, [])


def test_defaults_are_spelled_the_same_everywhere():
    seen = {}
    for name in ENTRY_POINTS:
        for parameter, default in declared(name).items():
            if parameter == "reuse":  # main is there to be run again; who runs a step by hand wants it to run
                assert default == ("true" if name == "main" else "false")
            elif seen.setdefault(parameter, default) != default:
                pytest.fail(f"{parameter} has two defaults")


def test_main_offers_whatever_its_steps_do():
    offered = set(declared("main"))
    for name in ENTRY_POINTS - {"main", "train", *AFTERWARDS}:
        own = {"ingest_run", "featurize_run", "tune_runs", "compare_run", "resume_run", "family"}
        assert set(declared(name)) - own <= offered
