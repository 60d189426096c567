"""Parameters of a step: their names and defaults come from MLproject, their types and ranges from here."""

import argparse
import functools
import math

import yaml

from sentiment.errors import UserError
from sentiment.model.text.truncation import TRUNCATIONS
from sentiment.paths import PROJECT_ROOT
from sentiment.registry import thresholds


def text(name, value):
    return value


def _float(value):
    """The number that a text is, or NaN, which no comparison lets through."""
    try:
        return float(value)
    except ValueError:
        return math.nan


def number(name, value, low=-math.inf, high=math.inf):
    """A finite number strictly between ``low`` and ``high``."""
    result = _float(value)
    if not low < result < high:
        raise UserError(f"{name}={value}: expected a number between {low:g} and {high:g}, both excluded")
    return result


def integer(name, value, low=0, high=2**31 - 1):
    """A whole number from ``low`` to ``high``, also when it is written as 5.0."""
    result = _float(value)
    if not (low <= result <= high and result == int(result)):
        raise UserError(f"{name}={value}: expected a whole number from {low} to {high}")
    return int(result)


def boolean(name, value):
    if value.lower() not in ("true", "false"):
        raise UserError(f"{name}={value}: expected true or false")
    return value.lower() == "true"


def one_of(*choices):
    def convert(name, value):
        if value not in choices:
            raise UserError(f"{name}={value}: expected one of {', '.join(choices)}")
        return value

    return convert


def name_list(name, value):
    """Comma-separated names, blanks around them dropped."""
    names = [item.strip() for item in value.split(",") if item.strip()]
    repeated = sorted({item for item in names if names.count(item) > 1})
    if repeated:
        raise UserError(f"{name}={value}: {', '.join(repeated)} stands there twice; name each once")
    return names


def model_name(name, value):
    if not value.strip() or set(value) & set("/:"):
        raise UserError(f"{name}={value}: expected a name without / and :")
    return value


def positive_integer(name, value):
    return integer(name, value, low=1)


def rate(name, value):
    """A number from 0 to 1, both included."""
    result = _float(value)
    if not 0 <= result <= 1:
        raise UserError(f"{name}={value}: expected a number from 0 to 1")
    return result


def share(name, value):
    return number(name, value, low=0, high=1)


# Parameters that are not listed are text.
CONVERTERS = {
    "seed": integer,
    "test_size": share,
    "validation_size": share,
    "stratify": boolean,
    "lowercase": boolean,
    "strip_punctuation": boolean,
    "stop_words": one_of("none", "english"),
    "stemming": one_of("none", "porter"),
    "vocabulary_size": lambda name, value: integer(name, value, low=3),
    "max_length": positive_integer,
    "truncation": one_of(*TRUNCATIONS),
    "class_weight": one_of("none", "balanced"),
    "embedding": one_of("random", "word2vec", "glove"),
    "families": name_list,
    "max_evals": positive_integer,
    "tuner": one_of("hyperopt", "keras_tuner"),
    "algo": one_of("tpe", "random", "anneal", "grid", "bayesian", "hyperband"),
    "prune": boolean,
    "trials": one_of("local", "spark"),
    "epochs": positive_integer,
    "members": positive_integer,
    "batch_size": positive_integer,
    "parallelism": integer,
    "choose": one_of("accuracy", "fastest_within", "smallest_within"),
    "gates": thresholds.checked,
    "tolerance": rate,
    "behaviour_tolerance": rate,
    "require_review": boolean,
    "force": boolean,
    "reuse": boolean,
    "hours": lambda name, value: number(name, value, low=0),
    "psi": lambda name, value: number(name, value, low=0),
    "p_value": share,
    "accuracy_drop": rate,
    "error_rate": rate,
    "fail_on_alert": boolean,
    "retrain": boolean,
    "overwrite": boolean,
    "port": lambda name, value: integer(name, value, low=1, high=65535),
    "reload_seconds": integer,
    "record": boolean,
    "record_text": boolean,
    "engine": one_of("local", "spark"),
    "tune_runs": name_list,
    "registered_model": model_name,
}


# Entry points that take more than MLproject declares: hyperparameters, which differ from family to family.
OPEN = ("train",)


@functools.cache
def entry_points():
    """The entry points of MLproject, a dict from their names to what stands there."""
    return yaml.safe_load((PROJECT_ROOT / "MLproject").read_text(encoding="utf-8"))["entry_points"]


def declared(entry_point):
    """Names and defaults of an entry point's parameters as MLproject declares them, a dict of str to str."""
    return {name: str(spec["default"]) for name, spec in entry_points()[entry_point]["parameters"].items()}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UserError(message)


def parse(entry_point, arguments):
    """Parse the command line of a step.

    Args:
        entry_point: name of the entry point in MLproject.
        arguments: list of str, ``--name=value`` or ``--name value``.

    Returns:
        An ``argparse.Namespace`` with an attribute for each declared parameter, and ``more``, a dict
        of str to str with the others of an ``OPEN`` entry point.

    Raises:
        UserError: a value of the wrong type or outside its range, or an unknown name.
    """
    defaults = declared(entry_point)
    parser = _Parser(prog=f"python -m steps {entry_point}", allow_abbrev=False)
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", default=default)
    parameters, rest = parser.parse_known_args(arguments)
    for name in defaults:
        convert = CONVERTERS.get(name, text)
        setattr(parameters, name, convert(name, getattr(parameters, name)))
    parameters.more = _pairs(rest)
    if parameters.more and entry_point not in OPEN:
        raise UserError(
            f"{entry_point} has no parameter {', '.join(parameters.more)}: expected some of {', '.join(defaults)}"
        )
    return parameters


def _pairs(arguments):
    """Names and values of ``--name value`` and ``--name=value``; MLflow writes what it does not know in the first form."""
    pairs, waiting = {}, None
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
            raise UserError(f"{argument!r} stands alone: expected --name=value")
    if waiting is not None:
        raise UserError(f"--{waiting} has no value: expected --{waiting}=value")
    return pairs
