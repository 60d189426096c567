"""Which target the parameter ``target`` names; each target has tests of its own."""

from importlib import import_module
from typing import get_args

import pytest

from sentiment.deployment.targets import get_target
from sentiment.workflow.command_line import parse
from sentiment.workflow.parameters import DeployParameters


def test_every_value_of_the_parameter_has_its_module():
    names = get_args(DeployParameters.model_fields["target"].annotation)
    assert "local" in names
    assert all(import_module(f"sentiment.deployment.{name}").connect for name in names)


def test_a_target_without_a_module_is_not_deployed_on_this_machine():
    parameters = parse("deploy", []).model_copy(update={"target": "elsewhere"})
    with pytest.raises(ModuleNotFoundError, match="sentiment.deployment.elsewhere"):
        get_target(parameters, lambda: None)
