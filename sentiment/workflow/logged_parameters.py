"""Logging and parsing of a run's parameters, whoever started the run."""

import shlex
from typing import Any

import mlflow
from mlflow.entities import Run

from sentiment.workflow.command_line import current_name, format_value, validate
from sentiment.workflow.parameter_types import Parameters


def log_parameters(parameters: Parameters, run: Run | None = None) -> None:
    """Log the parameters of a step in the active run, in the form of ``mlflow run``.

    Empty ones are left out; ``mlflow run`` logs a declared parameter that was not given as ``''``.

    Args:
        parameters: the parameters of the step.
        run: the active run as it was before, with already logged parameters: by ``mlflow run``, or by a user.
    """
    logged = {current_name(name, type(parameters)) for name in run.data.params} if run else set()
    texts = {name: format_value(value) for name, value in parameters.model_dump().items()}
    # MLflow quotes values for the command line, and logs them quoted.
    mlflow.log_params({name: shlex.quote(text) for name, text in texts.items() if text and name not in logged})


def given_parameters(run: Run, model: type[Parameters]) -> dict[str, str]:
    """The parameters of a run that a model knows, as text, as they would be typed after ``-P name=``."""
    logged = {current_name(name, model): value for name, value in run.data.params.items()}
    return {name: unquote(value) for name, value in logged.items() if name in model.model_fields}


def parameters_of(run: Run, model: type[Parameters]) -> Any:
    """The parameter model of a run; a parameter that it did not log has its default."""
    return validate(model, given_parameters(run, model))


def unquote(value: str) -> str:
    """A value without MLflow's quotes; the unchanged value if a quote is left open.

    MLflow cuts a long value, such as a query, with its last quote, and users may have logged values without any.
    """
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value
