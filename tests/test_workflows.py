"""The commands in .github/workflows/ would be accepted; actionlint and zizmor, in .ci/run, look at the rest."""

import re
import shlex
from string import Template

import pytest
import yaml

from sentiment.deployment.folder import TEMPLATES
from tests.conftest import PROJECT
from tests.docs.commands import check_step

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
VALUES = {
    "ACTION": "update",
    "BATCH": "labelled.csv",
    "CORPUS": "reviews.csv",
    "GATES": "accuracy>=0.85",
    "IMAGE": "registry.example.org/team/reviews",
    "REGISTERED_MODEL": "reviews",
    "SETTINGS": "deploy.yaml",
    "VERSION": "7",
}


def scripts(workflow):
    """The shell scripts of a workflow's steps, each with its continued lines joined."""
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    found = [step["run"] for job in jobs for step in job.get("steps", []) if "run" in step]
    return [script.replace("\\\n", " ") for script in found]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_entry_points_take_the_parameters_that_workflows_give_them(workflow):
    commands = [line for script in scripts(workflow) for line in re.findall(r"python -m steps (.+)", script)]
    assert commands or workflow.stem in ("release", "codeql")
    for command in commands:
        step, *arguments = shlex.split(Template(command).substitute(VALUES))
        if step != "mlproject":
            check_step(step, arguments)


def test_files_that_workflows_name_are_there():
    joined = "\n".join(script for workflow in WORKFLOWS for script in scripts(workflow))
    for pattern in (r"(?:-r |--with-requirements |requirements )([\w.-]+\.txt)", r"python ([\w/]+\.py)"):
        names = re.findall(pattern, joined)
        assert names and [name for name in names if not (PROJECT / name).exists()] == []


def test_the_package_that_is_deployed_is_uploaded_with_its_hidden_files():
    steps = yaml.safe_load((PROJECT / ".github" / "workflows" / "deploy.yml").read_text())["jobs"]["package"]["steps"]
    (upload,) = [step["with"] for step in steps if "upload-artifact" in step.get("uses", "")]
    assert any(path.name.startswith(".") for path in TEMPLATES.rglob("*"))  # which the action would leave out
    assert upload["path"] == "package" and upload["include-hidden-files"] is True
