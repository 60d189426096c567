"""The command line of a step: ``--name=value``, checked against the step's parameter model, and its ``--help``."""

import argparse
import difflib
import sys
import typing
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import annotated_types
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from sentiment.errors import CredentialsGiven, UserError, has_credentials
from sentiment.workflow.parameter_types import Parameters
from sentiment.workflow.step_table import STEPS

HELP = {"-h", "--help"}
# Former names of parameters, still accepted with a note.
RENAMED = {"trials": "engine", "seed": "split_seed"}


def parse(entry_point: str, arguments: list[str]) -> Any:
    """Parse the command line of a step (:func:`parse_parameters`)."""
    step = STEPS[entry_point]
    help_begins = f"python -m steps {entry_point}", step.description(entry_point)
    return parse_parameters(step.parameters, entry_point, arguments, *help_begins)


def parse_parameters(
    model: type[Parameters],
    entry_point: str,
    arguments: list[str],
    program: str | None = None,
    description: str | None = None,
) -> Any:
    """Parse the command line of an entry point; ``--help`` prints its parameters and exits.

    Args:
        model: its parameter model.
        entry_point: its name.
        arguments: ``--name=value`` or ``--name value``.
        program: the command that starts it, for the help.
        description: what it does, for the help.

    Returns:
        The parameter model.

    Raises:
        UserError: a value of the wrong type or outside its range, one with credentials in it, an unknown name, or
            both a former name and the present one.
    """
    if HELP & set(arguments):
        parser = argparse.ArgumentParser(program, description=description)
        for name, field in model.fields().items():
            parser.add_argument(f"--{name}", metavar="VALUE", help=_help_text(field).replace("%", "%%"))
        parser.print_help()
        parser.exit()
    given = _rename(_split_pairs(arguments), model)
    for name, value in given.items():
        if has_credentials(value):
            raise CredentialsGiven(
                f"{name} holds a password, a token or a signature, and parameters are logged: leave it out, "
                "and put it where the store's own tools look for it (docs/how-to/own-corpus.md#credentials)"
            )
    if model.model_config.get("extra") != "allow":
        _check_names(entry_point, given, model)
    return validate(model, given)


def validate(model: type[Parameters], given: Mapping[str, Any]) -> Any:
    """A parameter model with these values; UserError names the first wrong one and what was expected."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raised = first.get("ctx", {}).get("error")
        reason = str(raised) if raised else f"expected {describe_values(model.model_fields[name])}"
        raise UserError(f"{name}={given.get(name, '')}: {reason}") from None


def describe_values(field: FieldInfo) -> str:
    """The values that a parameter takes, in words: ``a whole number from 1``."""
    kind = field.annotation
    bounds = {key: value for metadata in field.metadata for key, value in _bounds(metadata)}
    if typing.get_origin(kind) is Literal:
        return f"one of {', '.join(typing.get_args(kind))}"
    if kind is bool:
        return "true or false"
    if kind is int:
        return "a whole number" + _describe_range(bounds)
    if kind is float:
        if set(bounds) == {"gt", "lt"}:
            return f"a number between {bounds['gt']:g} and {bounds['lt']:g}, both excluded"
        return "a number" + _describe_range(bounds)
    return "names, separated by commas" if typing.get_args(kind)[:1] == (str,) else "text"


def format_value(value: object) -> str:
    """A value as it is typed after ``-P name=``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    if isinstance(value, (list, tuple)):
        return ",".join(value)
    return str(value)


def list_entry_points() -> str:
    """The output of ``python -m steps --help``: each entry point and its purpose."""
    lines = [f"{name:<10} {step.description(name)}" for name, step in STEPS.items()]
    usage = "usage: python -m steps ENTRY_POINT [--name=value …]; ENTRY_POINT --help lists its parameters"
    return "\n".join([usage, "", *lines])


def suggest(name: str, known: Iterable[str]) -> str:
    """``did you mean …?`` for a misspelled name, or the known names, as the end of a message."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"expected some of {', '.join(known)}"


def _help_text(field: FieldInfo) -> str:
    default = format_value(field.default)
    return f"{field.description} ({describe_values(field)}; default: {default or 'none'})"


def _bounds(metadata: object) -> list[tuple[str, float]]:
    kinds = {"ge": annotated_types.Ge, "gt": annotated_types.Gt, "le": annotated_types.Le, "lt": annotated_types.Lt}
    return [(name, getattr(metadata, name)) for name, kind in kinds.items() if isinstance(metadata, kind)]


def _describe_range(bounds: Mapping[str, float]) -> str:
    words = {"ge": "from", "gt": "above", "le": "and up to" if "gt" in bounds else "to"}
    return "".join(f" {word} {bounds[key]:.10g}" for key, word in words.items() if key in bounds)


def _rename(given: dict[str, str], model: type[Parameters]) -> dict[str, str]:
    """Accept former names of parameters, with a note."""
    former = {name: new for name in given if (new := current_name(name, model)) != name}
    for name, new in former.items():
        default = format_value(model.model_fields[new].default)
        if given.get(new, default) != default:  # ``mlflow run`` also passes defaults
            raise UserError(f"{name}={given[name]} is the former name of {new}={given[new]}: give {new} alone")
        print(f"note: {name}= is called {new}= now", file=sys.stderr, flush=True)
    return {name: value for name, value in given.items() if name not in former} | {
        new: given[name] for name, new in former.items()
    }


def current_name(name: str, model: type[Parameters]) -> str:
    """The present name of a parameter, if a step does not know the given one."""
    new = RENAMED.get(name)
    return new if new in model.model_fields and name not in model.model_fields else name


def _check_names(entry_point: str, given: Iterable[str], model: type[Parameters]) -> None:
    for name in given:
        if name not in model.model_fields:
            raise UserError(f"{entry_point} has no parameter {name}: {suggest(name, model.fields())}")


def _split_pairs(arguments: list[str]) -> dict[str, str]:
    """Names and values of ``--name value``, as MLflow writes undeclared parameters, and of ``--name=value``."""
    pairs: dict[str, str] = {}
    waiting = None
    for argument in arguments:
        if waiting is not None:
            pairs[waiting], waiting = argument, None
        elif argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            if equals:
                pairs[name] = value
            else:
                waiting = name
        else:
            raise UserError(f"unexpected {argument!r}: expected --name=value")
    if waiting is not None:
        raise UserError(f"--{waiting} has no value: expected --{waiting}=value")
    return pairs
