"""Whether a command would be accepted that the documentation or the program prints: by MLflow and by our parameters."""

import re

import click

from sentiment.model.families import get_family
from sentiment.workflow.command_line import parse
from sentiment.workflow.step_table import STEPS


def printed_commands(output: str) -> list[str]:
    """The commands ``mlflow run …`` in what a step printed or raised."""
    return re.findall(r"`(mlflow run [^`]+)`", output)


def check_command(words: list[str]) -> None:
    """Raise where ``mlflow …`` or ``python -m steps …`` would refuse an option, a parameter or a value."""
    if words[0] == "python":
        if words[1:3] == ["-m", "steps"] and words[3] != "mlproject":
            check_step(words[3], words[4:])
        return
    from mlflow.cli import cli  # which takes seconds, of every worker that collects the tests of the documentation

    command, context, rest = cli, click.Context(cli), words[1:]
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
        context = click.Context(command, info_name=name)
    options = command.make_context(name, list(rest)).params
    if name == "run":
        check_step(options["entry_point"] or "main", [f"--{pair}" for pair in options["param_list"]])


def check_step(entry_point: str, arguments: list[str]) -> None:
    """The same for the parameters of a step."""
    assert entry_point in STEPS, f"there is no entry point {entry_point}"
    if arguments == ["--help"]:
        return
    parameters = parse(entry_point, arguments)
    for family in getattr(parameters, "families", ()) or [getattr(parameters, "family", "simple")]:
        get_family(family)
